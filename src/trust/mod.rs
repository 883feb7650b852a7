//! Trust material: what a configuration pins in advance.

mod key;
mod reference;

pub use key::{KeyFault, KeyKind, PublicKey, SignatureFault, SignatureValid};
pub use reference::ReferenceFault;
