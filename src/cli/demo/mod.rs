//! `connaisseur demo`: the main job with nothing but this binary.
//!
//! The in-process registry and the signer are real enough to be peers in tests, too.

pub mod registry;
pub mod signer;
