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
        Self::inconclusive(error.word(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_fails_to_give_is_inconclusive_and_names_host_and_cause() {
        let host = || "reg.example".to_owned();
        for error in [
            Error::NotFound { what: "manifest".into(), host: host() },
            Error::Denied { host: host(), status: 403 },
            Error::Throttled { host: host(), retry_after: None },
            Error::Connect { host: host(), why: "refused".into() },
            Error::Timeout { host: host() },
            Error::TooLarge { what: "blob".into(), host: host(), limit: 1 },
        ] {
            let refusal = Refusal::from(&error);
            assert!(matches!(refusal, Refusal::Inconclusive(_)), "{refusal}");
            assert_eq!(refusal.reason().text, error.to_string());
            assert!(refusal.reason().text.contains("reg.example"), "{refusal}");
        }
    }
}
