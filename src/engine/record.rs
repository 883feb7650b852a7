//! What is counted and written down of a request. Changes no answer.

use std::time::Instant;

use crate::admission::Webhook;
use crate::admission::{Answer, Envelope, Outcome, Request, Skip};
use crate::metrics::{Answered, RuleMetrics, SkipReason, Unverified};
use crate::policy::Rule;
use crate::validators::Verdict;

/// What counters and log say of a request, besides its answer.
pub(super) struct Subject<'a> {
    pub(super) webhook: Webhook,
    pub(super) request: Option<&'a Request<'a>>,
    pub(super) name: &'a str,
    pub(super) timed_out: bool,
    pub(super) begun: Instant,
}

impl Subject<'_> {
    /// One line for each request: admissions are many, denials are what people look for.
    pub(super) fn log(&self, envelope: &Envelope<'_>, answer: &Answer) {
        let (kind, namespace) =
            self.request.map_or(("", ""), |request| (&*request.kind.kind, &*request.namespace));
        let (webhook, uid, name) = (self.webhook, &*envelope.uid, self.name);
        let took = self.begun.elapsed();
        match &answer.denied {
            Some(denied) => {
                // One line for each request, however many images it names.
                let (code, message) = (denied.code, denied.message.replace('\n', "; "));
                tracing::warn!(
                    ?webhook,
                    uid,
                    kind,
                    namespace,
                    name,
                    ?took,
                    code,
                    message,
                    "denied"
                );
            }
            None if !answer.warnings.is_empty() => {
                let warnings = &answer.warnings;
                tracing::warn!(
                    ?webhook,
                    uid,
                    kind,
                    namespace,
                    name,
                    ?took,
                    ?warnings,
                    "admitted by mode"
                );
            }
            None => {
                let pins = answer.pins.len();
                tracing::debug!(?webhook, uid, kind, namespace, name, ?took, pins, "admitted");
            }
        }
    }
}

pub(super) fn count_verdict(rule: &Rule, verdict: &Verdict) {
    match verdict {
        Ok(_) => rule.metrics.succeeded(),
        Err(refusal) if refusal.reason().word == "timeout" => rule.metrics.timed_out(),
        Err(_) => rule.metrics.failed(),
    }
}

pub(super) fn unverified(skip: Skip) -> Unverified {
    match skip {
        Skip::Static => Unverified::Static,
        Skip::Unchanged => Unverified::Unchanged,
        Skip::Child => Unverified::Child,
        Skip::Deleting => Unverified::Deleting,
    }
}

/// How an answer is counted.
pub(super) fn answered(answer: &Answer, timed_out: bool) -> Answered {
    let by = |name| answer.audit.iter().any(|(key, _)| *key == name);
    match &answer.denied {
        Some(denied) if denied.code == 503 => Answered::Inconclusive { timeout: timed_out },
        Some(denied) if denied.code == 429 => Answered::Overloaded,
        Some(_) => Answered::Rejected,
        None if by("podsOnly") => Answered::PodsOnly,
        None if by("detection") => Answered::Detection,
        None => Answered::Admitted,
    }
}

/// Whether an image was not judged in time.
pub(super) fn timed_out(outcome: &Outcome<'_>) -> bool {
    matches!(outcome, Outcome::Refused { refusal, .. } if refusal.reason().word == "timeout")
}

/// Counts a judgement for which no validator was asked now.
pub(super) fn count_settled(metrics: &RuleMetrics, outcome: &Outcome<'_>) {
    match outcome {
        Outcome::Skipped(skip) => {
            match skip {
                Skip::Unchanged => metrics.skipped(SkipReason::Unchanged),
                Skip::Child => metrics.skipped(SkipReason::Child),
                Skip::Static | Skip::Deleting => {}
            }
            metrics.succeeded();
        }
        Outcome::Verified { .. } => {
            metrics.skipped(SkipReason::CacheHit);
            metrics.succeeded();
        }
        Outcome::Refused { .. } => {
            metrics.skipped(SkipReason::CacheHit);
            metrics.failed();
        }
        Outcome::StaticDeny(_) | Outcome::Invalid(_) | Outcome::NoRule(_) => metrics.failed(),
    }
}
