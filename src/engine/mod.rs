//! The line that a request takes: decode, skip, ask the caches, gather the misses, decide, answer.
//!
//! The same engine serves the webhooks, `connaisseur verify` and the demo. It holds no verification
//! logic: patterns, verdicts and answers are made by those whose names stand here.

mod record;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;

use crate::actors::{Actors, Work};
use crate::admission::{
    self, Before, Decision, DecodeFault, Envelope, ImageUse, Judged, Modes, Operation, Outcome,
    Request, Situation, Skip, Webhook, Which, Workload,
};
use crate::clock::{Clock, Deadline};
use crate::config::{Config, Limits};
use crate::image::{ImageRef, ParseFault};
use crate::metrics::{Metrics, RuleMetrics};
use crate::policy::{JudgedBy, Rule};
use crate::validators::{Approval, Refusal, Verdict, Verifier};
use record::{Subject, answered, count_settled, count_verdict, timed_out, unverified};

/// What goes back to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status: 200 with a decision whenever a uid could be read.
    pub status: u16,
    /// The body: an `AdmissionReview` at 200, one sentence otherwise.
    pub body: Bytes,
}

/// One image judged by itself, for the command line.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The rule that judged; none where no pattern matches.
    pub rule: Option<&'a Rule>,
    /// The judgement.
    pub outcome: Outcome<'a>,
}

/// Everything that a request needs, ready to act.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    modes: Modes,
    actors: Actors,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Counts images that no validator was found for.
    unknown: RuleMetrics,
}

/// What is known of an image without waiting.
enum Look<'a> {
    /// Its judgement, and the rule that gave it.
    Settled(Option<&'a Rule>, Outcome<'a>),
    /// It must be verified.
    Miss(&'a Rule, &'a Arc<dyn Verifier>),
}

/// Who asks, and until when.
struct Asker<'a> {
    webhook: Webhook,
    namespace: &'a str,
    deadline: Deadline,
}

/// The images of a request as they were read, in its order.
type Parsed = Vec<Result<Arc<ImageRef>, ParseFault>>;

/// Our judgement of one request, and what only its object tells.
struct Decided {
    decision: Decision,
    /// The object's name, for the log.
    name: String,
    /// Whether an image was not judged in time.
    timed_out: bool,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(
        config: Config,
        actors: Actors,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let modes = Modes::of(&config.sections.features);
        let unknown = metrics.rule_handles("unknown", "");
        Self { config, modes, actors, clock, metrics, unknown }
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Answers one request. `deadline` is when the answer must be on its way.
    pub async fn review(&self, webhook: Webhook, body: &[u8], deadline: Deadline) -> Reply {
        let begun = Instant::now();
        match admission::decode(body, &self.config.sections.limits) {
            Ok(review) => {
                let request = &review.request;
                let Decided { decision, name, timed_out } =
                    self.decide(webhook, request, deadline).await;
                let request = Some(request);
                let subject = Subject { webhook, request, name: &name, timed_out, begun };
                self.reply(&review.envelope, decision, &subject)
            }
            Err(DecodeFault::NoUid { sentence }) => Reply::refusal(&sentence),
            Err(DecodeFault::AfterUid { envelope, why }) => {
                let decision = Decision::unreadable(&why, "");
                let subject = Subject { webhook, request: None, name: "", timed_out: false, begun };
                self.reply(&envelope, decision, &subject)
            }
        }
    }

    /// Judges the object of one request.
    async fn decide(&self, webhook: Webhook, request: &Request<'_>, deadline: Deadline) -> Decided {
        let kind = &request.kind;
        if request.operation == Operation::Other && request.object.is_none() {
            let why = "the request has no object: only CREATE and UPDATE are to be routed here";
            return Decided::unreadable(&why, &kind.kind);
        }
        let update = request.operation == Operation::Update;
        let old = update.then(|| Workload::read(kind, request.old_object, Which::Old)).transpose();
        let new = Workload::read(kind, request.object, Which::New);
        let (old, workload) = match (old, new) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(fault), _) | (_, Err(fault)) => return Decided::unreadable(&fault, &kind.kind),
        };
        let before = Before::of(request.operation, old.as_ref());
        if let Some(skip) = before.skips(&workload) {
            return Decided::at_once(Decision::skipped(skip, &workload), &workload);
        }
        let images = match workload.images_to_judge(&self.config.sections.limits) {
            Ok(images) => images,
            Err(fault) => return Decided::unreadable(&fault, workload.kind()),
        };
        let parsed: Parsed = images.iter().map(|one| one.image.parse().map(Arc::new)).collect();
        let asker = Asker { webhook, namespace: &request.namespace, deadline };
        let judged = self.judge(&asker, (images, &parsed), &before).await;
        let situation = Situation { webhook, workload: &workload, modes: self.modes };
        let timed_out = judged.iter().any(|one| timed_out(&one.outcome));
        Decided { timed_out, ..Decided::at_once(Decision::of(&judged, &situation), &workload) }
    }

    /// Judges images: what caches know at once, the rest by the actors, all in the order given.
    async fn judge<'a>(
        &'a self,
        asker: &Asker<'_>,
        (images, parsed): (&'a [ImageUse<'a>], &'a Parsed),
        before: &Before<'_>,
    ) -> Vec<Judged<'a>> {
        let now = self.clock.now();
        let mut judged = Vec::with_capacity(images.len());
        let mut misses = Vec::new();
        let mut work = Vec::new();
        for (place, parsed) in images.iter().zip(parsed) {
            let unchanged = before.has(place);
            let look = match parsed {
                Err(fault) => Look::Settled(None, Outcome::Invalid(fault.clone())),
                Ok(image) => self.look(image, unchanged, now),
            };
            let outcome = match (look, parsed) {
                (Look::Miss(rule, verifier), Ok(image)) => {
                    misses.push((judged.len(), image, rule));
                    work.push(work_of(rule, verifier, image, asker.namespace));
                    // Stands only if the gathering below should lose it: then it denies.
                    Outcome::Refused { rule, refusal: lost() }
                }
                (Look::Miss(rule, _), Err(_)) => Outcome::Refused { rule, refusal: lost() },
                (Look::Settled(rule, outcome), _) => {
                    if asker.webhook == Webhook::Mutate {
                        count_settled(rule.map_or(&self.unknown, |rule| &rule.metrics), &outcome);
                    }
                    outcome
                }
            };
            judged.push(Judged { place, unchanged, outcome });
        }
        if work.is_empty() {
            return judged;
        }
        let verdicts = self.actors.gather(work, asker.deadline).await;
        for ((at, image, rule), verdict) in misses.into_iter().zip(verdicts) {
            if asker.webhook == Webhook::Mutate {
                count_verdict(rule, &verdict);
            }
            if let Some(judged) = judged.get_mut(at) {
                judged.outcome = outcome_of(image, rule, verdict);
            }
        }
        judged
    }

    /// What is known of `image` without waiting.
    fn look<'a>(&'a self, image: &'a ImageRef, unchanged: bool, now: Timestamp) -> Look<'a> {
        let Some(rule) = self.config.policy.rule_for(image) else {
            return Look::Settled(None, Outcome::NoRule(image));
        };
        let verifier = match &rule.judged_by {
            JudgedBy::Static(Approval::Approve) => {
                return Look::Settled(Some(rule), Outcome::Skipped(Skip::Static));
            }
            JudgedBy::Static(Approval::Deny) => {
                return Look::Settled(Some(rule), Outcome::StaticDeny(rule));
            }
            JudgedBy::Verifying(verifier) => verifier,
        };
        if unchanged && self.config.sections.features.automatic_unchanged_approval {
            return Look::Settled(Some(rule), Outcome::Skipped(Skip::Unchanged));
        }
        match verifier.recall(image, now) {
            Some(verdict) => Look::Settled(Some(rule), outcome_of(image, rule, verdict)),
            None => Look::Miss(rule, verifier),
        }
    }

    /// Judges one image as a request would.
    pub async fn check<'a>(&'a self, image: &'a Arc<ImageRef>, deadline: Deadline) -> Checked<'a> {
        let rule = self.config.policy.rule_for(image);
        let outcome = match self.look(image, false, self.clock.now()) {
            Look::Settled(_, outcome) => outcome,
            Look::Miss(rule, verifier) => {
                let work = vec![work_of(rule, verifier, image, "")];
                let verdict = self.actors.gather(work, deadline).await.pop();
                outcome_of(image, rule, verdict.unwrap_or_else(|| Err(lost())))
            }
        };
        Checked { rule, outcome }
    }

    /// Turns a decision into bytes, counts it and writes it down.
    fn reply(&self, envelope: &Envelope<'_>, decision: Decision, subject: &Subject<'_>) -> Reply {
        for (skip, images) in decision.skips() {
            self.metrics.unverified(subject.webhook, unverified(*skip), *images);
        }
        let answer = decision.under(self.modes);
        self.metrics.answered(subject.webhook, answered(&answer, subject.timed_out));
        subject.log(envelope, &answer);
        Reply { status: 200, body: admission::respond(envelope, &answer).into() }
    }
}

impl Decided {
    fn at_once(decision: Decision, workload: &Workload<'_>) -> Self {
        Self { decision, name: workload.name.to_string(), timed_out: false }
    }

    fn unreadable(why: &impl ToString, kind: &str) -> Self {
        let decision = Decision::unreadable(&why.to_string(), kind);
        Self { decision, name: String::new(), timed_out: false }
    }
}

impl Reply {
    /// One sentence for a body that no answer can be addressed to.
    fn refusal(sentence: &str) -> Self {
        Self { status: 400, body: format!("{sentence}\n").into() }
    }

    /// The denial of a review that broke down inside: 200 if its uid can still be read.
    pub fn breakdown(body: &[u8]) -> Self {
        let envelope = match admission::decode(body, &Limits::default()) {
            Ok(review) => review.envelope,
            Err(DecodeFault::AfterUid { envelope, .. }) => *envelope,
            Err(DecodeFault::NoUid { sentence }) => return Self::refusal(&sentence),
        };
        let why = "the review broke down inside Connaisseur; its log says more";
        let answer = Decision::unreadable(why, "").under(Modes::default());
        Self { status: 200, body: admission::respond(&envelope, &answer).into() }
    }
}

fn work_of(
    rule: &Rule,
    verifier: &Arc<dyn Verifier>,
    image: &Arc<ImageRef>,
    namespace: &str,
) -> Work {
    Work {
        namespace: namespace.into(),
        validator: Arc::clone(&rule.validator),
        verifier: Arc::clone(verifier),
        image: Arc::clone(image),
    }
}

fn outcome_of<'a>(image: &'a ImageRef, rule: &'a Rule, verdict: Verdict) -> Outcome<'a> {
    match verdict {
        Ok(verified) => Outcome::Verified { image, rule, verified },
        Err(refusal) => Outcome::Refused { rule, refusal },
    }
}

/// What an image is until its verdict arrives: denied.
fn lost() -> Refusal {
    Refusal::inconclusive("internal-fault", "no verdict arrived")
}
