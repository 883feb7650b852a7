//! (owner: config)
