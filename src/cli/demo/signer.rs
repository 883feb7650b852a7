//! Signs images in the classic cosign layout. (owner: validators)
