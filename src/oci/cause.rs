//! What lies behind an error of the HTTP client.

use std::error::Error as StdError;

use super::Error;

/// A connection that broke in the middle of an answer.
pub(super) fn broke_off(fault: &reqwest::Error, host: &str) -> Error {
    Error::Broken { host: host.to_owned(), why: innermost(fault) }
}

/// The innermost cause, which is the only one that tells people something (`connection refused`,
/// `invalid peer certificate: UnknownIssuer`); the outer ones repeat the URL.
pub(super) fn innermost(fault: &dyn StdError) -> String {
    causes(fault).last().unwrap_or(fault).to_string()
}

/// The first cause of a type.
pub(super) fn find_cause<E: StdError + 'static>(fault: &dyn StdError) -> Option<&E> {
    causes(fault).find_map(|cause| cause.downcast_ref())
}

fn causes<'e>(fault: &'e dyn StdError) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut cause = fault.source();
    std::iter::from_fn(move || {
        let this = cause?;
        cause = this.source();
        Some(this)
    })
}
