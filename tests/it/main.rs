//! Integration tests.

mod cosign;
