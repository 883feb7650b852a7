//! Integration tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test must end it, in its helpers too"
)]

mod architecture;
mod attacks;
mod cli;
mod cosign;
mod http;
mod notaryv1;
mod reviews;
mod support;
