//! Logs: levels, formats, no secrets.
