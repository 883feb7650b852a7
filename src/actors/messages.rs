//! (owner: actors)
