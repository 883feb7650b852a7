//! Why a registry did not give what was asked for.

use std::time::Duration;

use crate::image::{Digest, ParseDigestFault};

/// Why a registry did not give what was asked for. Bodies of answers are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 404: it is not there.
    #[error("{what} not found at {host}")]
    NotFound { what: String, host: String },
    /// 401 or 403 after the token flow.
    #[error("{host} refused access ({status})")]
    Denied { host: String, status: u16 },
    /// 429 until the deadline.
    #[error("{host} limits our requests (429)")]
    Throttled { host: String, retry_after: Option<Duration> },
    /// Any other status.
    #[error("{host} answered {status}")]
    Status { host: String, status: u16 },
    /// No connection: DNS, TCP or TLS.
    #[error("cannot connect to {host}: {why}")]
    Connect { host: String, why: String },
    /// The deadline passed.
    #[error("no answer from {host} in time")]
    Timeout { host: String },
    /// The breaker of the host is open after repeated failures.
    #[error("{host} failed repeatedly ({last}); it is asked again within {probe_in:?}")]
    BreakerOpen { host: String, last: String, probe_in: Duration },
    /// An address that only a named registry may have (loopback, link-local, metadata).
    #[error("{host} resolves to an address that is refused ({why}); name the registry in the configuration to allow it")]
    AddressRefused { host: String, why: String },
    /// Larger than its limit.
    #[error("{what} from {host} is larger than {limit} bytes")]
    TooLarge { what: String, host: String, limit: usize },
    /// The bytes are not those that were asked for.
    #[error("{host} served bytes with digest {actual} for {expected}")]
    DigestMismatch { host: String, expected: Digest, actual: Digest },
    /// The answer breaks the protocol.
    #[error("{host} gave an unreadable answer: {why}")]
    Malformed { host: String, why: String },
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildFault {
    /// The CA is no PEM certificate.
    #[error("invalid certificate: {0}")]
    Certificate(String),
    /// Anything else.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

/// (Owner: move where it belongs.)
#[allow(dead_code, reason = "skeleton")]
type _Unused = ParseDigestFault;

impl Error {
    /// STUB until the oci branch is merged.
    pub fn word(&self) -> &'static str {
        "stub"
    }
}
