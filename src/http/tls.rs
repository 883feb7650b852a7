//! (owner: actors+http)
