//! Why an image is denied, in the words that users read and grep.
//!
//! Every line names the image, where it stands, the rule and the validator, the reason, and where
//! somebody can do something about it, what.

use std::time::Duration;

use super::images::ImageUse;
use super::skip::Skip;
use super::text::shown;
use crate::image::{ImageRef, ParseFault};
use crate::policy::Rule;
use crate::validators::{Refusal, Verified};

/// How much of an image's name a line shows: the longest that can be valid.
const SHOWN_IMAGE: usize = 717;
/// How much of a validator's reason a line shows.
const SHOWN_CAUSE: usize = 1024;
/// Places that a line names; more are counted.
const SHOWN_PLACES: usize = 8;
/// Bytes of a whole message, after which images are only counted: some 100 lines.
const MAX_MESSAGE_BYTES: usize = 32 * 1024;

/// Parts the failures of a denial, which people read.
pub(super) const LINES: &str = "\n";
/// Parts them in a warning: API servers drop warnings with control characters, line breaks too.
pub(super) const ONE_LINE: &str = "; ";

/// What became of one use of an image.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// Where it stands.
    pub place: &'a ImageUse<'a>,
    /// Whether the same reference stood there before ([`Before::has`](super::Before::has)): then it is never patched.
    pub unchanged: bool,
    /// The judgement.
    pub outcome: Outcome<'a>,
}

/// The judgement of one image.
#[derive(Debug, Clone)]
pub enum Outcome<'a> {
    /// It is no image reference.
    Invalid(ParseFault),
    /// No pattern matches it.
    NoRule(&'a ImageRef),
    /// A static validator denies it.
    StaticDeny(&'a Rule),
    /// It needs no verification.
    Skipped(Skip),
    /// It was verified.
    Verified {
        /// The image.
        image: &'a ImageRef,
        /// The rule that judged it.
        rule: &'a Rule,
        /// The proof.
        verified: Verified,
    },
    /// It was not verified.
    Refused {
        /// The rule that judged it.
        rule: &'a Rule,
        /// Why.
        refusal: Refusal,
    },
}

/// The form in which the API server is told of a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// HTTP-like code of the denial.
    pub code: u16,
    /// The reason that Kubernetes has for the code.
    pub reason: &'static str,
    /// What the user reads.
    pub message: String,
    /// When the same request may pass.
    pub retry_after: Option<Duration>,
}

/// How bad a failure is: the worst of a request decides its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Too much is under way.
    Overloaded(Duration),
    /// Nothing is known.
    Inconclusive,
    /// It is bad, or nobody may say that it is good.
    Rejected,
}

/// One line of a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) severity: Severity,
    /// Whether the rule only warns.
    pub(super) detection: bool,
    text: String,
    rule: String,
    fix: &'static str,
    places: Vec<String>,
}

impl Failure {
    /// The failure that an outcome is by itself, if it is one.
    pub(super) fn of(judged: &Judged<'_>) -> Option<Self> {
        let image = shown(&judged.place.image, SHOWN_IMAGE);
        let failure = match &judged.outcome {
            Outcome::Skipped(_) | Outcome::Verified { .. } => return None,
            Outcome::Invalid(fault) => Self::without_rule(fault.to_string(), ""),
            Outcome::NoRule(reference) => Self::without_rule(
                format!("no matching rule for image {image}, which is `{}`", reference.name()),
                "add a rule whose pattern covers it",
            ),
            Outcome::StaticDeny(rule) => {
                let text = format!("static deny for image {image} using rule {}", rule.pattern);
                Self::under(rule, Severity::Rejected, text, "")
            }
            Outcome::Refused { rule, refusal } => {
                let cause = shown(&refusal.to_string(), SHOWN_CAUSE);
                Self::refused(rule, refusal, &format!("image {image}: {cause}"))
            }
        };
        Some(failure.at(judged))
    }

    /// The reference carries another digest than the one that was verified.
    pub(super) fn other_digest(judged: &Judged<'_>, rule: &Rule, verified: &Verified) -> Self {
        let text = format!(
            "error during {} validation of image {}: rejected: the signatures vouch for another digest, {}",
            rule.validator_type,
            shown(&judged.place.image, SHOWN_IMAGE),
            verified.digest(),
        );
        Self::under(rule, Severity::Rejected, text, "").at(judged)
    }

    /// The final object does not carry the digest that was verified.
    pub(super) fn not_pinned(judged: &Judged<'_>, rule: &Rule, verified: &Verified) -> Self {
        let text = format!(
            "image {} is not pinned to the digest that was verified, {}: it was added or changed after images were pinned",
            shown(&judged.place.image, SHOWN_IMAGE),
            verified.digest(),
        );
        let fix = "let Connaisseur run again after other webhooks (reinvocationPolicy: IfNeeded), or write the digest";
        Self::under(rule, Severity::Rejected, text, fix).at(judged)
    }

    /// Something is wrong with the request, not with an image.
    pub(super) fn of_request(why: &str) -> Self {
        Self::without_rule(shown(why, SHOWN_CAUSE), "")
    }

    fn refused(rule: &Rule, refusal: &Refusal, what: &str) -> Self {
        let (severity, fix) = match refusal {
            Refusal::Rejected(_) => (Severity::Rejected, ""),
            Refusal::Inconclusive(_) => (Severity::Inconclusive, ""),
            Refusal::Overloaded { retry_after, .. } => {
                (Severity::Overloaded(*retry_after), "try again")
            }
        };
        let text = format!("error during {} validation of {what}", rule.validator_type);
        Self::under(rule, severity, text, fix)
    }

    fn under(rule: &Rule, severity: Severity, text: String, fix: &'static str) -> Self {
        let note = if rule.detection { ", detection mode" } else { "" };
        let rule_text = format!("rule `{}`, validator `{}`{note}", rule.pattern, rule.validator);
        let detection = rule.detection;
        Self { severity, detection, text, rule: rule_text, fix, places: Vec::new() }
    }

    fn without_rule(text: String, fix: &'static str) -> Self {
        let severity = Severity::Rejected;
        Self { severity, detection: false, text, rule: String::new(), fix, places: Vec::new() }
    }

    fn at(mut self, judged: &Judged<'_>) -> Self {
        self.places.push(judged.place.to_string());
        self
    }

    /// Adds a failure to the list, or only its place where an image fails twice in the same way.
    pub(super) fn add_to(mut self, failures: &mut Vec<Self>) {
        let same = |known: &&mut Self| known.text == self.text && known.rule == self.rule;
        match failures.iter_mut().find(same) {
            Some(known) => known.places.append(&mut self.places),
            None => failures.push(self),
        }
    }

    fn line(&self) -> String {
        let mut line = self.text.clone();
        let mut details: Vec<&str> =
            self.places.iter().take(SHOWN_PLACES).map(String::as_str).collect();
        let more = self.places.len().saturating_sub(SHOWN_PLACES);
        let more = (more > 0).then(|| format!("{more} more"));
        details.extend(more.as_deref());
        details.extend((!self.rule.is_empty()).then_some(self.rule.as_str()));
        if !details.is_empty() {
            line.push_str(" (");
            line.push_str(&details.join(", "));
            line.push(')');
        }
        if !self.fix.is_empty() {
            line.push_str(": ");
            line.push_str(self.fix);
        }
        line
    }
}

/// All failures of a request as one text, in the order of the object, each after a `separator`.
pub(super) fn message(failures: &[Failure], separator: &str) -> String {
    let mut out = String::new();
    for (at, failure) in failures.iter().enumerate() {
        let line = failure.line();
        if at > 0 && out.len() + line.len() > MAX_MESSAGE_BYTES {
            let left_out = (failures.len() - at).to_string();
            out.extend([separator, "… and ", &left_out, " more images"]);
            break;
        }
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(&line);
    }
    out
}

impl Denied {
    /// Denies because of `failures`, with the code of the worst that counts.
    pub(super) fn because(failures: &[Failure]) -> Self {
        let enforced = failures.iter().filter(|failure| !failure.detection);
        let (code, reason, retry_after) = match enforced.map(|failure| failure.severity).max() {
            Some(Severity::Overloaded(after)) => (429, "TooManyRequests", Some(after)),
            Some(Severity::Inconclusive) => (503, "ServiceUnavailable", None),
            Some(Severity::Rejected) | None => (403, "Forbidden", None),
        };
        Self { code, reason, message: message(failures, LINES), retry_after }
    }
}
