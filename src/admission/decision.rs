//! From the judgements of single images to a decision, and from the decision to an answer.
//!
//! The decision is what we think; alerts and metrics read it. The answer is what is sent after the
//! modes had their say.

use std::collections::BTreeMap;

use super::Webhook;
use super::failure::{Denied, Failure, Judged, LINES, ONE_LINE, Outcome, message};
use super::patch::Pin;
use super::skip::Skip;
use super::workload::Workload;
use crate::config::{Features, ResourceValidation};
use crate::image::ImageRef;
use crate::policy::{Mode, Rule};
use crate::validators::Verified;

/// The modes that change answers, never decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// Kinds other than Pod are never denied and never patched.
    pub pods_only: bool,
    /// Nothing is denied.
    pub detection: bool,
}

/// The circumstances under which images are judged.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Which webhook asks.
    pub webhook: Webhook,
    /// The object.
    pub workload: &'a Workload<'a>,
    /// The modes in force.
    pub modes: Modes,
}

/// Our judgement of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    failures: Vec<Failure>,
    pins: Vec<Pin>,
    skips: BTreeMap<Skip, usize>,
    /// Kinds that are not known to be other than Pod count as one, so that no mode lets them pass.
    is_pod: bool,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The denial; admitted where there is none.
    pub denied: Option<Denied>,
    /// What is patched.
    pub pins: Vec<Pin>,
    /// What `kubectl` shows although the request is admitted.
    pub warnings: Vec<String>,
    /// Audit annotations: the name of each way past verification, and for how many images it was taken.
    pub audit: Vec<(&'static str, String)>,
}

impl Modes {
    /// Reads the features of the configuration.
    pub fn of(features: &Features) -> Self {
        Self {
            pods_only: features.resource_validation == ResourceValidation::PodsOnly,
            detection: features.detection_mode,
        }
    }
}

impl Situation<'_> {
    /// Tells whether images of this object can be replaced at all: other kinds than Pods stay as
    /// they are where only Pods are judged.
    fn can_pin(&self) -> bool {
        !self.modes.pods_only || self.workload.is_pod()
    }
}

impl Decision {
    /// Decides from the judgements of all images, given in the order of the object.
    pub fn of(judged: &[Judged<'_>], situation: &Situation<'_>) -> Self {
        let mut decision = Self::empty(situation.workload.is_pod());
        for one in judged {
            match &one.outcome {
                Outcome::Skipped(skip) => *decision.skips.entry(*skip).or_default() += 1,
                Outcome::Verified { image, rule, verified } => {
                    decision.add_verified(one, situation, (image, rule, verified));
                }
                Outcome::Invalid(_)
                | Outcome::NoRule(_)
                | Outcome::StaticDeny(_)
                | Outcome::Refused { .. } => decision.fail(Failure::of(one)),
            }
        }
        decision
    }

    /// Admits a whole request without verifying it.
    pub fn skipped(skip: Skip, workload: &Workload<'_>) -> Self {
        let mut decision = Self::empty(workload.is_pod());
        decision.skips.insert(skip, workload.images().len());
        decision
    }

    /// Denies a request whose images cannot be told. `kind` is empty where not even that is known.
    pub fn unreadable(why: &str, kind: &str) -> Self {
        let mut decision = Self::empty(kind.is_empty() || kind == "Pod");
        decision.fail(Some(Failure::of_request(why)));
        decision
    }

    /// Whether the request is admitted.
    pub fn admits(&self) -> bool {
        self.failures.is_empty()
    }

    /// Every failure, a line each; empty where the request is admitted.
    pub fn message(&self) -> String {
        message(&self.failures, LINES)
    }

    /// What was verified and is to be pinned.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// How many images were admitted without being verified, by the reason for it.
    pub fn skips(&self) -> &BTreeMap<Skip, usize> {
        &self.skips
    }

    /// The answer under `modes`.
    ///
    /// podsOnly comes before detection mode. Both drop the patch; rules that are in detection mode
    /// by themselves do not, because images of other rules would then be found unpinned.
    pub fn under(self, modes: Modes) -> Answer {
        let passed_over = modes.pods_only && !self.is_pod;
        let all_warn = self.failures.iter().all(|failure| failure.detection);
        let mut audit: Vec<(&'static str, String)> =
            self.skips.iter().map(|(skip, count)| (skip.word(), count.to_string())).collect();
        let pins = if passed_over { Vec::new() } else { self.pins };
        if self.failures.is_empty() {
            return Answer { denied: None, pins, warnings: Vec::new(), audit };
        }
        let (name, warning, pins) = if passed_over {
            ("podsOnly", "pod-only validation active", Vec::new())
        } else if modes.detection {
            ("detection", "detection mode active", Vec::new())
        } else if all_warn {
            ("detection", "detection mode active", pins)
        } else {
            let denied = Some(Denied::because(&self.failures));
            return Answer { denied, pins: Vec::new(), warnings: Vec::new(), audit };
        };
        audit.push((name, self.failures.len().to_string()));
        let warnings = vec![warning.to_owned(), message(&self.failures, ONE_LINE)];
        Answer { denied: None, pins, warnings, audit }
    }

    fn empty(is_pod: bool) -> Self {
        Self { failures: Vec::new(), pins: Vec::new(), skips: BTreeMap::new(), is_pod }
    }

    fn fail(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            failure.add_to(&mut self.failures);
        }
    }

    fn add_verified(
        &mut self,
        judged: &Judged<'_>,
        situation: &Situation<'_>,
        (image, rule, verified): (&ImageRef, &Rule, &Verified),
    ) {
        if image.digest().is_some_and(|written| written != verified.digest()) {
            return self.fail(Some(Failure::other_digest(judged, rule, verified)));
        }
        let stays = judged.unchanged || rule.mode == Mode::ValidateOnly || !situation.can_pin();
        if stays {
            return;
        }
        let Some(pin) = Pin::new(situation.workload, judged.place, image, verified) else {
            return;
        };
        match situation.webhook {
            Webhook::Mutate => self.pins.push(pin),
            Webhook::Validate => self.fail(Some(Failure::not_pinned(judged, rule, verified))),
        }
    }
}

#[cfg(test)]
mod tests;
