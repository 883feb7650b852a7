//! What it means for an image that a registry did not give the evidence.
//!
//! Nothing was learnt about the image, so it is *inconclusive*: never kept, and never called a bad
//! signature. Only "it is not there" is knowledge, and that is left to the caller.

use super::Refusal;
use crate::oci::Error;

impl From<&Error> for Refusal {
    /// The words name host and cause; a `NotFound` that a validator did not expect is one more
    /// cause.
    fn from(error: &Error) -> Self {
        let word = match error {
            Error::NotFound { .. } => "registry-not-found",
            Error::Denied { .. } => "registry-denied",
            Error::Throttled { .. } => "registry-throttled",
            Error::Status { .. } | Error::Connect { .. } | Error::BreakerOpen { .. } => {
                "registry-unavailable"
            }
            Error::Timeout { .. } => "registry-timeout",
            Error::AddressRefused { .. } => "address-refused",
            Error::TooLarge { .. } => "evidence-too-large",
            Error::DigestMismatch { .. } => "digest-mismatch",
            Error::Malformed { .. } => "registry-malformed",
        };
        Self::inconclusive(word, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::image::Digest;

    #[test]
    fn whatever_a_registry_fails_to_give_is_inconclusive_and_names_the_host() {
        let host = || "reg.example".to_owned();
        for error in [
            Error::NotFound { what: "manifest".into(), host: host() },
            Error::Denied { host: host(), status: 403 },
            Error::Throttled { host: host(), retry_after: Some(Duration::from_secs(1)) },
            Error::Status { host: host(), status: 500 },
            Error::Connect { host: host(), why: "refused".into() },
            Error::Timeout { host: host() },
            Error::BreakerOpen { host: host(), last: "500".into(), probe_in: Duration::ZERO },
            Error::AddressRefused { host: host(), why: "loopback".into() },
            Error::TooLarge { what: "blob".into(), host: host(), limit: 1 },
            Error::DigestMismatch {
                host: host(),
                expected: Digest::of(b"a"),
                actual: Digest::of(b"b"),
            },
            Error::Malformed { host: host(), why: "no JSON".into() },
        ] {
            let refusal = Refusal::from(&error);
            assert!(matches!(refusal, Refusal::Inconclusive(_)), "{refusal}");
            assert!(refusal.reason().text.contains("reg.example"), "{refusal}");
        }
    }
}
