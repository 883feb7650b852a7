//! What a validator says of one image.
//!
//! [`Verified`] is proof: it carries the digest that the signatures vouch for, only validators can
//! make one, and only from one can a pin be made.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::image::Digest;

/// The word for an image that nobody signed. The verdict cache keeps it for a short time only.
pub const NO_SIGNATURE: &str = "no-signature";

/// What a validator says of one image.
pub type Verdict = Result<Verified, Refusal>;

/// Proof that an image was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    digest: Digest,
    judged_at: Timestamp,
    valid_until: Timestamp,
}

impl Verified {
    /// Only validators can vouch. `valid_until` is the least of all expiries that were used.
    pub(in crate::validators) fn new(
        digest: Digest,
        judged_at: Timestamp,
        valid_until: Timestamp,
    ) -> Self {
        Self { digest, judged_at, valid_until }
    }

    /// As [`Verified::new`], for tests of those who only handle verdicts.
    #[cfg(test)]
    pub(crate) fn in_test(digest: Digest, judged_at: Timestamp, valid_until: Timestamp) -> Self {
        Self::new(digest, judged_at, valid_until)
    }

    /// Proof of nothing, for tests of what is done with proofs.
    #[cfg(test)]
    pub(crate) fn for_test(digest: Digest) -> Self {
        Self::new(digest, Timestamp::UNIX_EPOCH, Timestamp::MAX)
    }

    /// The digest that the signatures vouch for.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// When it was judged.
    pub fn judged_at(&self) -> Timestamp {
        self.judged_at
    }

    /// Until when it may be used.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }
}

/// Why an image is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The evidence was obtained and is bad.
    #[error("rejected: {0}")]
    Rejected(Reason),
    /// The evidence could not be obtained: nothing is known, so nothing is kept.
    #[error("inconclusive: {0}")]
    Inconclusive(Reason),
    /// Too much is under way; the same request may pass later.
    #[error("overloaded: {reason}")]
    Overloaded {
        /// What is full.
        reason: Reason,
        /// When to try again.
        retry_after: Duration,
    },
}

/// A reason: one stable word for machines and one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Reason {
    /// A stable word in kebab case, as `no-signature`.
    pub word: &'static str,
    /// The sentence, lower case, without a full stop.
    pub text: Cow<'static, str>,
}

impl Reason {
    /// A reason.
    pub fn new(word: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { word, text: text.into() }
    }
}

impl Refusal {
    /// The evidence is bad.
    pub fn rejected(word: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Rejected(Reason::new(word, text))
    }

    /// The evidence could not be obtained.
    pub fn inconclusive(word: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Inconclusive(Reason::new(word, text))
    }

    /// The reason, whatever the kind.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Rejected(reason)
            | Self::Inconclusive(reason)
            | Self::Overloaded { reason, .. } => reason,
        }
    }
}
