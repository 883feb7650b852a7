//! Trust material: what a configuration pins in advance.

mod key;
mod reference;

pub use key::{KeyFault, KeyKind, PublicKey, SignatureFault, SignatureScheme, SignatureValid};
pub use reference::ReferenceFault;
