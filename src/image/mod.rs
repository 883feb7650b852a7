//! Names of images: references as people write them, and the digests they stand for.

mod digest;
mod reference;

pub use digest::{Digest, ParseDigestFault};
pub use reference::{ImageRef, ParseFault, RepositoryName};
