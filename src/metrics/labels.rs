//! The words that labels may have.

use crate::admission::Webhook;

/// What was answered to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// Admitted by our own decision.
    Admitted,
    /// Denied with 403.
    Rejected,
    /// Denied with 503. `timeout`: because the deadline of the request passed.
    Inconclusive {
        /// Whether an image was not judged in time.
        timeout: bool,
    },
    /// Denied with 429.
    Overloaded,
    /// Would have been denied, but only Pods are judged.
    PodsOnly,
    /// Would have been denied, but refusals only warn.
    Detection,
}

/// Why an image or a request was admitted although nothing was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unverified {
    /// A static validator approved it.
    Static,
    /// It was there before.
    Unchanged,
    /// Its owner has it.
    Child,
    /// The object is being deleted.
    Deleting,
}

/// Why a validation was skipped, in the words of Connaisseur 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// The verdict was in the cache.
    CacheHit,
    /// The image was there before.
    Unchanged,
    /// The owner has the image.
    Child,
}

/// What became of one request to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryOutcome {
    /// An answer of 2xx.
    Ok,
    /// 404.
    NotFound,
    /// 401 or 403.
    Denied,
    /// 429.
    Throttled,
    /// Any other status, a connect error, a time-out, a broken answer.
    Failed,
}

/// Which cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheKind {
    /// Bytes by digest.
    Evidence,
    /// Tag → digest.
    Names,
    /// Verdicts.
    Verdicts,
}

impl SkipReason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::CacheHit => "cache hit",
            Self::Unchanged => "unchanged image reference",
            Self::Child => "automatic approval of child image reference",
        }
    }
}

impl Unverified {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Unchanged => "unchanged",
            Self::Child => "child",
            Self::Deleting => "deleting",
        }
    }
}

impl RegistryOutcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

impl CacheKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Names => "names",
            Self::Verdicts => "verdicts",
        }
    }
}

/// How a webhook is called in labels.
pub(super) fn word_of(webhook: Webhook) -> &'static str {
    match webhook {
        Webhook::Mutate => "mutate",
        Webhook::Validate => "validate",
    }
}
