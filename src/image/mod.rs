//! Names of images: references as people write them, and the digests they stand for.

mod digest;
mod host;
mod reference;

pub use digest::{Digest, ParseDigestFault};
pub use host::host_key;
pub use reference::{DOCKER_HUB, ImageRef, ParseFault, RepositoryName};
