//! Trust material: what a configuration pins in advance.

mod key;

pub use key::{KeyFault, PublicKey};
