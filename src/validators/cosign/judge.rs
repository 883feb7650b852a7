//! Judges one image by the signatures that were found for it.
//!
//! Pure: what it lacks, it names, and is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::candidates::{Candidate, Candidates};
use super::options::Wants;
use super::payload::{self, Wanted};
use super::reasons::Reasons;
use super::threshold::Signers;
use crate::cache::later;
use crate::image::{Digest, RepositoryName};
use crate::trust::SignatureValid;
use crate::validators::drive::{Judge, Step};
use crate::validators::trust_roots::{RootName, TrustRoot};
use crate::validators::{NO_SIGNATURE, Reason, Refusal, Verdict, Verified};

/// Payloads asked for in one round. Most images have one; a stranger's image may have 64, of which
/// the first may suffice.
const PAYLOADS_PER_ROUND: usize = 8;
/// One P-256 check takes 37 µs; more of them than this are work for a crypto worker.
const CHECKS_INLINE: usize = 8;

/// How a piece of evidence is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvidenceName {
    /// The signature manifest of the image.
    Signatures,
    /// Whether the image itself is there.
    Image,
    /// The payload with this digest.
    Payload(Digest),
}

/// What was fetched so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// The signature manifest, once it was asked for.
    pub(super) signatures: Option<Signatures>,
    /// Whether the image is there, once that was asked.
    pub(super) image_exists: Option<bool>,
    /// Payloads by digest.
    pub(super) payloads: BTreeMap<Digest, Payload>,
    /// Some of it was found by a name that somebody may have moved since.
    pub(super) rests_on_name: bool,
}

/// What stands under the tag of the signatures.
#[derive(Debug, Clone)]
pub(super) enum Signatures {
    /// Nothing.
    Absent,
    /// Bytes that are no manifest; the sentence says so.
    Unreadable(String),
    /// Candidates.
    Present(Arc<Candidates>),
}

/// What became of the request for a payload.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// The bytes with that digest.
    Bytes(Bytes),
    /// The registry says that there is none.
    Missing,
    /// The registry did not say.
    Unobtained(Reason),
}

/// One image under one rule.
#[derive(Debug)]
pub(super) struct Case {
    /// What the rule wants.
    pub(super) wants: Arc<Wants>,
    /// The digest that the reference names or resolved to.
    pub(super) digest: Digest,
    /// Where the image is.
    pub(super) repository: RepositoryName,
    /// A registry said that the digest is there, when it resolved the tag.
    pub(super) known_to_exist: bool,
    /// The longest life of a verdict: a bare key has no expiry of its own.
    pub(super) lifetime: Duration,
    /// Candidates that are looked at (`limits.candidates`).
    pub(super) cap: usize,
}

/// What one candidate is worth.
enum Worth<'a> {
    /// A trust root signed this image.
    Signed(&'a RootName, SignatureValid),
    /// Nothing, and why.
    Nothing(String),
    /// Unknown without its payload.
    Unknown(Digest),
    /// Unknown, because the registry did not give the payload.
    Unobtained(&'a Reason),
}

impl Judge for Case {
    type Proven = Verified;
    type Name = EvidenceName;
    type Evidence = Evidence;

    fn judge(&self, evidence: &Evidence, now: Timestamp) -> Step<EvidenceName> {
        match &evidence.signatures {
            None => Step::Needs(BTreeSet::from([EvidenceName::Signatures])),
            Some(Signatures::Absent) => self.unsigned(evidence),
            Some(Signatures::Unreadable(text)) => {
                Step::Done(Err(Refusal::rejected("malformed-signature", text.clone())))
            }
            Some(Signatures::Present(candidates)) if candidates.list.is_empty() => {
                self.unsigned(evidence)
            }
            Some(Signatures::Present(candidates)) => self.weigh_all(candidates, evidence, now),
        }
    }

    fn is_heavy(&self, evidence: &Evidence) -> bool {
        let Some(Signatures::Present(candidates)) = &evidence.signatures else {
            return false;
        };
        let has_payload = |candidate: &&Candidate| {
            matches!(evidence.payloads.get(&candidate.payload), Some(Payload::Bytes(_)))
        };
        let judged = candidates.list.iter().flatten().filter(has_payload).count();
        judged > 0
            && (judged * self.wants.roots.len() > CHECKS_INLINE
                || self.wants.roots.iter().any(|root| root.key.is_heavy()))
    }

    /// Signatures, whether the image is there, and the payloads of all candidates.
    fn max_rounds(&self) -> usize {
        2 + self.cap.div_ceil(PAYLOADS_PER_ROUND)
    }
}

impl Case {
    /// Nothing signed it. A digest that was only written may not even be there.
    fn unsigned(&self, evidence: &Evidence) -> Step<EvidenceName> {
        match (self.known_to_exist, evidence.image_exists) {
            (false, None) => Step::Needs(BTreeSet::from([EvidenceName::Image])),
            (false, Some(false)) => Step::Done(Err(super::image_missing(&format!(
                "{}@{}",
                self.repository, self.digest
            )))),
            (true, _) | (_, Some(true)) => Step::Done(Err(Refusal::rejected(
                NO_SIGNATURE,
                format!(
                    "no signatures found at {}:{}",
                    self.repository,
                    super::signature_tag(self.digest)
                ),
            ))),
        }
    }

    /// Weighs the candidates in their order until the quorum is met.
    fn weigh_all(
        &self,
        candidates: &Candidates,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Step<EvidenceName> {
        let mut signers = Signers::default();
        let mut reasons = Reasons::default();
        let mut wanted = BTreeSet::new();
        let mut unobtained = None;
        for (index, candidate) in candidates.list.iter().enumerate() {
            let worth = match candidate {
                Ok(candidate) => self.weigh(candidate, evidence),
                Err(flaw) => Worth::Nothing(flaw.to_string()),
            };
            match worth {
                Worth::Signed(root, proof) => {
                    signers.add(root, proof);
                    if self.wants.quorum.is_met_by(&signers) {
                        let until = later(now, self.lifetime);
                        return Step::Done(Ok(Verified::new(self.digest, now, until)));
                    }
                }
                Worth::Nothing(flaw) => reasons.add(index + 1, &flaw),
                Worth::Unknown(digest) => {
                    wanted.insert(EvidenceName::Payload(digest));
                    if wanted.len() == PAYLOADS_PER_ROUND {
                        break;
                    }
                }
                Worth::Unobtained(reason) => {
                    unobtained.get_or_insert(reason);
                }
            }
        }
        if !wanted.is_empty() {
            return Step::Needs(wanted);
        }
        Step::Done(self.insufficient(candidates, unobtained, &signers, &reasons))
    }

    /// Everything was weighed, and it does not suffice. Where something could not be weighed, that
    /// might have sufficed: then nothing is known.
    fn insufficient(
        &self,
        candidates: &Candidates,
        unobtained: Option<&Reason>,
        signers: &Signers,
        reasons: &Reasons,
    ) -> Verdict {
        if let Some(reason) = unobtained {
            return Err(Refusal::Inconclusive(reason.clone()));
        }
        if candidates.more {
            return Err(Refusal::inconclusive(
                "too-many-candidates",
                format!(
                    "too many candidates: none of the first {} signatures suffices and there are \
                     more (limits.candidates)",
                    candidates.list.len()
                ),
            ));
        }
        Err(self.wants.quorum.shortfall(signers, reasons))
    }

    fn weigh<'a>(&'a self, candidate: &Candidate, evidence: &'a Evidence) -> Worth<'a> {
        let payload = match evidence.payloads.get(&candidate.payload) {
            None => return Worth::Unknown(candidate.payload),
            Some(Payload::Bytes(bytes)) => bytes,
            Some(Payload::Missing) => {
                let digest = candidate.payload;
                return Worth::Nothing(format!("its payload {digest} is not in the registry"));
            }
            Some(Payload::Unobtained(reason)) => return Worth::Unobtained(reason),
        };
        // The claim first: it costs no cryptography, and most bad candidates end here.
        if let Err(flaw) = payload::check(payload, &self.wanted()) {
            return Worth::Nothing(flaw.to_string());
        }
        for TrustRoot { name, key } in &self.wants.roots {
            // Keys differ, so no signature counts for two roots.
            if let Ok(proof) = key.verify(payload, &candidate.signature) {
                return Worth::Signed(name, proof);
            }
        }
        Worth::Nothing(self.wants.no_key_verifies())
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            digest: self.digest,
            repository: self.wants.same_repository.then_some(&self.repository),
            annotations: &self.wants.annotations,
        }
    }
}

#[cfg(test)]
mod tests;
