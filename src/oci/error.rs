//! Why a registry did not give what was asked for.

use std::time::Duration;

use crate::image::Digest;

/// Why a registry did not give what was asked for. Bodies of answers are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 404: it is not there.
    #[error("{what} not found at {host}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// The registry.
        host: String,
    },
    /// 401 or 403 after the token flow.
    #[error("{host} refused access ({status})")]
    Denied {
        /// The registry, or its token server.
        host: String,
        /// 401 or 403.
        status: u16,
    },
    /// 401 or 403, and the login stayed here because the token realm is on a host that nobody vouched for.
    #[error(
        "{host} refused access ({status}); the login was not sent to its token realm {realm}: {}",
        if *.over_tls { "list it under `auth.realms` if it belongs to the registry" }
        else { "it is not spoken to over TLS" }
    )]
    RealmUntrusted {
        /// The registry.
        host: String,
        /// The host of the realm.
        realm: String,
        /// Whether the realm is spoken to over TLS: no other may see a login of another host.
        over_tls: bool,
        /// 401 or 403.
        status: u16,
    },
    /// 429, or 503 with `Retry-After`, and no try within the deadline is left.
    #[error("{host} limits our requests for now")]
    Throttled {
        /// The registry, or its token server.
        host: String,
        /// What its `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// Any other status.
    #[error("{host} answered {status}")]
    Status {
        /// Who answered.
        host: String,
        /// The status.
        status: u16,
    },
    /// No connection: DNS, TCP or TLS.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// Who should have answered.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The connection broke before the whole answer was here.
    #[error("the answer of {host} broke off: {why}")]
    Broken {
        /// Who answered.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The deadline passed.
    #[error("no answer from {host} in time")]
    Timeout {
        /// Who should have answered.
        host: String,
    },
    /// The breaker of the host is open after repeated failures.
    #[error("{host} failed repeatedly ({last}); it is asked again within {:.1} s", probe_in.as_secs_f64())]
    BreakerOpen {
        /// The host that failed.
        host: String,
        /// The last failure.
        last: String,
        /// When the next request may try it.
        probe_in: Duration,
    },
    /// An address that only a named registry may have (loopback, link-local, metadata).
    #[error(
        "{host} has an address that is refused ({why}); name the registry in the configuration to allow it"
    )]
    AddressRefused {
        /// The host.
        host: String,
        /// The address and its kind.
        why: String,
    },
    /// Larger than its limit.
    #[error("{what} from {host} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// Who served it.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// The bytes are not those that were asked for.
    #[error("{host} served bytes with digest {actual} for {expected}")]
    DigestMismatch {
        /// Who served it.
        host: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// The answer breaks the protocol.
    #[error("{host} gave an unreadable answer: {why}")]
    Malformed {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The request ended without a result: a fault of ours, or the process is ending.
    #[error("the request to {host} was interrupted")]
    Interrupted {
        /// Who was asked.
        host: String,
    },
}

impl Error {
    /// It is not there. Everything else leaves open whether it is.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// The registry could not answer at present: connect errors, time-outs, 5xx, 429. The only
    /// errors for which `outageGrace` may ever let a stale name serve.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Connect { .. }
            | Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::BreakerOpen { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::NotFound { .. }
            | Self::Denied { .. }
            | Self::RealmUntrusted { .. }
            | Self::AddressRefused { .. }
            | Self::TooLarge { .. }
            | Self::DigestMismatch { .. }
            | Self::Malformed { .. }
            | Self::Interrupted { .. } => false,
        }
    }

    /// A stable word in kebab case, for reasons and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Denied { .. } | Self::RealmUntrusted { .. } => "registry-denied",
            Self::Throttled { .. } => "registry-throttled",
            Self::Status { .. } => "registry-status",
            Self::Connect { .. } | Self::Broken { .. } => "registry-unreachable",
            Self::Timeout { .. } => "registry-timeout",
            Self::BreakerOpen { .. } => "registry-breaker-open",
            Self::AddressRefused { .. } => "address-refused",
            Self::TooLarge { .. } => "too-large",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::Malformed { .. } => "registry-malformed",
            Self::Interrupted { .. } => "interrupted",
        }
    }
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
