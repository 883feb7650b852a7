//! Counts which trust roots signed, and tells whether they suffice.
//!
//! Knows nothing of registries or payloads: it is handed the proof of each signature.

use std::collections::BTreeSet;
use std::fmt;

use super::reasons::Reasons;
use crate::trust::SignatureValid;
use crate::validators::Refusal;
use crate::validators::trust_roots::RootName;

/// The trust roots that are proven to have signed. One that signed twice counts once: otherwise one
/// stolen key could meet any threshold by signing again.
#[derive(Debug, Default)]
pub(super) struct Signers(BTreeSet<RootName>);

impl Signers {
    /// Counts a root, for the price of a proof that its key signed.
    pub(super) fn add(&mut self, root: &RootName, _proof: SignatureValid) {
        self.0.insert(root.clone());
    }
}

/// Which trust roots must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quorum {
    /// This one.
    Root(RootName),
    /// Several (`trustRoot: "*"`).
    Roots {
        /// Those that count, in the order of the configuration.
        counted: Vec<RootName>,
        /// How many of them.
        threshold: Option<usize>,
        /// Those of them that must be among the signers, whatever the count.
        required: Vec<RootName>,
    },
}

/// What `check` says of a rule.
impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (counted, threshold, required) = match self {
            Self::Root(name) => return write!(f, "signed by {name}"),
            Self::Roots { counted, threshold, required } => (counted, threshold, required),
        };
        match threshold.unwrap_or(counted.len()) {
            all if all == counted.len() => write!(f, "signed by all of {}", counted.join(", "))?,
            some => write!(f, "signed by {some} of {}", counted.join(", "))?,
        }
        if counted.len() > required.len() && !required.is_empty() {
            write!(f, ", among them {}", required.join(", "))?;
        }
        Ok(())
    }
}

impl Quorum {
    /// The meaning of `trustRoot: "*"`.
    ///
    /// Without `threshold` and `required`, every root must sign. With `required` and no threshold
    /// above its length, only the required ones are looked at. The caller has checked that
    /// `required` names roots of `all`, and `1 ≤ threshold ≤ all.len()`.
    pub(super) fn of_all(
        all: Vec<RootName>,
        threshold: Option<usize>,
        required: Vec<RootName>,
    ) -> Self {
        let threshold = threshold.or_else(|| required.is_empty().then_some(all.len()));
        let required_suffice =
            !required.is_empty() && threshold.is_none_or(|wanted| wanted <= required.len());
        let counted = if required_suffice { required.clone() } else { all };
        Self::Roots { counted, threshold, required }
    }

    /// Tells whether signatures of this root are looked at.
    pub(super) fn counts(&self, root: &RootName) -> bool {
        match self {
            Self::Root(name) => name == root,
            Self::Roots { counted, .. } => counted.contains(root),
        }
    }

    /// Tells whether enough distinct trust roots signed.
    pub(super) fn is_met_by(&self, signers: &Signers) -> bool {
        match self {
            Self::Root(name) => signers.0.contains(name),
            Self::Roots { threshold, required, .. } => {
                threshold.is_none_or(|wanted| signers.0.len() >= wanted)
                    && required.iter().all(|root| signers.0.contains(root))
            }
        }
    }

    /// Says what is missing. `reasons` is what was wrong with the signatures that did not count.
    ///
    /// Spec: `docs/validators/cosign.md`, "Messages".
    pub(super) fn shortfall(&self, signers: &Signers, reasons: &Reasons) -> Refusal {
        let Self::Roots { counted, threshold, required } = self else {
            return Refusal::rejected(
                "no-matching-signature",
                format!("error validating image: [no matching signatures: {reasons}]"),
            );
        };
        let missing = |of: &[RootName]| {
            let missing: Vec<&str> =
                of.iter().filter(|root| !signers.0.contains(*root)).map(|root| &**root).collect();
            missing.join(", ")
        };
        if let Some(wanted) = threshold.filter(|wanted| signers.0.len() < *wanted) {
            let (reached, missing) = (signers.0.len(), missing(counted));
            return Refusal::rejected(
                "threshold-not-reached",
                format!(
                    "validation threshold not reached ({reached}/{wanted}), no valid signature \
                     from [{missing}]{}",
                    reasons.explain()
                ),
            );
        }
        Refusal::rejected(
            "missing-required-signature",
            format!(
                "missing required signatures from [{}]{}",
                missing(required),
                reasons.explain()
            ),
        )
    }
}

#[cfg(test)]
mod tests;
