//! From judgements to answers, under every mode and webhook.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::admission::{Before, Envelope, GroupVersionKind, ImageUse, Operation, Which, respond};
use crate::config::Limits;
use crate::image::{Digest, ParseFault};
use crate::metrics::Metrics;
use crate::policy::JudgedBy;
use crate::validators::{Approval, Refusal};

const NO_MODES: Modes = Modes { pods_only: false, detection: false };
const PODS_ONLY: Modes = Modes { pods_only: true, detection: false };
const DETECTION: Modes = Modes { pods_only: false, detection: true };

/// What a fake validator says of an image, by a word in its name.
struct Bench {
    images: Vec<Result<ImageRef, ParseFault>>,
    rule: Rule,
    warns: Rule,
}

fn rule(mode: Mode, detection: bool) -> Rule {
    Rule {
        pattern: if detection { "*:*".into() } else { "docker.io/*:*".into() },
        validator: Arc::from("sigs"),
        validator_type: "cosign",
        mode,
        detection,
        judged_by: JudgedBy::Static(Approval::Deny),
        metrics: Metrics::new().rule_handles("cosign", "sigs"),
    }
}

fn digest() -> Digest {
    Digest::of(b"good")
}

impl Bench {
    fn new(uses: &[ImageUse<'_>], mode: Mode) -> Self {
        let images = uses.iter().map(|place| place.image.parse()).collect();
        Self { images, rule: rule(mode, false), warns: rule(mode, true) }
    }

    fn judged<'a>(&'a self, uses: &'a [ImageUse<'a>], before: &Before<'_>) -> Vec<Judged<'a>> {
        let judge = |(place, image): (&'a ImageUse<'a>, &'a Result<ImageRef, ParseFault>)| Judged {
            place,
            unchanged: before.has(place),
            outcome: match image {
                Err(fault) => Outcome::Invalid(fault.clone()),
                Ok(image) => self.outcome(image),
            },
        };
        uses.iter().zip(&self.images).map(judge).collect()
    }

    fn outcome<'a>(&'a self, image: &'a ImageRef) -> Outcome<'a> {
        let path = image.repository().path();
        let rule = if path.contains("warn") { &self.warns } else { &self.rule };
        let refused = |refusal| Outcome::Refused { rule, refusal };
        match path {
            _ if path.contains("unruled") => Outcome::NoRule(image),
            _ if path.contains("denied") => Outcome::StaticDeny(rule),
            _ if path.contains("static") => Outcome::Skipped(Skip::Static),
            _ if path.contains("bad") => refused(Refusal::rejected(
                "no-signature",
                "no signature of trust root `ci` was found",
            )),
            _ if path.contains("unknown") => refused(Refusal::inconclusive(
                "registry-unreachable",
                "the registry did not answer",
            )),
            _ if path.contains("busy") => refused(Refusal::Overloaded {
                reason: crate::validators::Reason::new("pool-full", "all verifications are taken"),
                retry_after: Duration::from_millis(1200),
            }),
            _ => Outcome::Verified { image, rule, verified: Verified::for_test(digest()) },
        }
    }
}

/// One request to be decided.
struct Case<'a> {
    kind: (&'static str, &'static str),
    webhook: Webhook,
    operation: Operation,
    mode: Mode,
    modes: Modes,
    images: &'a [&'a str],
    old: &'a [&'a str],
}

impl<'a> Case<'a> {
    fn pod(images: &'a [&'a str]) -> Self {
        Self {
            kind: ("", "Pod"),
            webhook: Webhook::Mutate,
            operation: Operation::Create,
            mode: Mode::Mutate,
            modes: NO_MODES,
            images,
            old: &[],
        }
    }

    fn object(&self, images: &[&str]) -> Value {
        let containers: Vec<Value> = images
            .iter()
            .enumerate()
            .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
            .collect();
        let spec = json!({"containers": containers});
        if self.kind.1 == "Pod" {
            json!({"spec": spec})
        } else {
            json!({"spec": {"template": {"spec": spec}}})
        }
    }

    fn decide(&self) -> Decision {
        let text = |images| RawValue::from_string(self.object(images).to_string()).expect("JSON");
        let (new, old) = (text(self.images), text(self.old));
        let kind = GroupVersionKind {
            group: self.kind.0.into(),
            version: "v1".into(),
            kind: self.kind.1.into(),
        };
        let workload = Workload::read(&kind, Some(&new), Which::New).expect("good");
        let old = Workload::read(&kind, Some(&old), Which::Old).expect("good");
        let uses = workload.images_to_judge(&Limits::default()).expect("good");
        let bench = Bench::new(uses, self.mode);
        let before = Before::of(self.operation, Some(&old));
        let situation = Situation { webhook: self.webhook, workload: &workload, modes: self.modes };
        Decision::of(&bench.judged(uses, &before), &situation)
    }

    fn answer(&self) -> Answer {
        self.decide().under(self.modes)
    }

    fn response(&self) -> Value {
        let envelope = Envelope {
            api_version: "admission.k8s.io/v1".into(),
            kind: "AdmissionReview".into(),
            uid: "705ab4f5".into(),
        };
        serde_json::from_slice(&respond(&envelope, &self.answer())).expect("JSON")
    }
}

fn pins(answer: &Answer) -> Vec<(&str, &str)> {
    answer.pins.iter().map(|pin| (pin.pointer(), pin.original())).collect()
}

fn code(images: &[&str]) -> Option<u16> {
    Case::pod(images).answer().denied.map(|denied| denied.code)
}

#[test]
fn verified_images_are_pinned_at_their_places() {
    let answer = Case::pod(&["good:1", "static:1", "r.io/good"]).answer();
    assert_eq!(answer.denied, None);
    assert_eq!(
        pins(&answer),
        [("/spec/containers/0/image", "good:1"), ("/spec/containers/2/image", "r.io/good")]
    );
    assert_eq!(answer.pins[0].pinned(), format!("index.docker.io/library/good:1@{}", digest()));
    assert_eq!(answer.pins[1].pinned(), format!("r.io/good:latest@{}", digest()));
    assert_eq!(answer.audit, [("static", "1".to_owned())]);
}

#[test]
fn what_is_pinned_already_or_must_not_be_is_not_patched() {
    let pinned = format!("good@{}", digest());
    assert!(Case::pod(&[&pinned]).answer().pins.is_empty());
    let both = format!("docker.io/good:1@{}", digest());
    assert!(Case::pod(&[&both]).answer().pins.is_empty());
    let only = Case { mode: Mode::ValidateOnly, ..Case::pod(&["good:1"]) };
    assert_eq!((only.answer().denied, only.answer().pins), (None, vec![]));
    let update = Case {
        operation: Operation::Update,
        old: &["good:1", "other:1"],
        ..Case::pod(&["good:1", "good:2"])
    };
    assert_eq!(pins(&update.answer()), [("/spec/containers/1/image", "good:2")]);
}

/// A Job's template is immutable: applying the manifest of an existing Job again asks to write the
/// tag back, and only the pin makes the object equal to the one that is stored.
#[test]
fn a_job_that_is_applied_again_is_pinned_as_it_was() {
    let pinned = [("/spec/template/spec/containers/0/image", "good:1")];
    let created = Case { kind: ("batch", "Job"), ..Case::pod(&["good:1"]) };
    assert_eq!(pins(&created.answer()), pinned);
    let applied = Case { operation: Operation::Update, old: &["other:1"], ..created };
    assert_eq!(pins(&applied.answer()), pinned);
    let unchanged = Case { old: &["good:1"], ..applied };
    assert_eq!((unchanged.answer().denied, unchanged.answer().pins), (None, vec![]));
}

#[test]
fn the_validating_webhook_denies_what_is_not_pinned_and_patches_nothing() {
    let validate = |case: Case<'_>| Case { webhook: Webhook::Validate, ..case }.answer();
    let denied = validate(Case::pod(&["good:1"])).denied.expect("denied");
    assert_eq!(denied.code, 403);
    assert!(
        denied.message.contains("image good:1 is not pinned to the digest that was verified"),
        "{}",
        denied.message
    );
    let pinned = format!("good:1@{}", digest());
    for (case, why) in [
        (Case::pod(&[&pinned]), "it is pinned"),
        (Case::pod(&["static:1"]), "it was approved, not verified"),
        (Case { mode: Mode::ValidateOnly, ..Case::pod(&["good:1"]) }, "the rule does not pin"),
        (
            Case { operation: Operation::Update, old: &["good:1"], ..Case::pod(&["good:1"]) },
            "it is unchanged",
        ),
        (
            Case { kind: ("apps", "Deployment"), modes: PODS_ONLY, ..Case::pod(&["good:1"]) },
            "only Pods are pinned",
        ),
    ] {
        let answer = validate(case);
        assert_eq!((answer.denied, answer.pins, answer.warnings), (None, vec![], vec![]), "{why}");
    }
    let changed = Case { operation: Operation::Update, old: &["good:1"], ..Case::pod(&["good:2"]) };
    assert!(validate(changed).denied.is_some());
}

#[test]
fn a_reference_with_another_digest_than_the_verified_one_is_denied() {
    let other = format!("good:1@{}", Digest::of(b"other"));
    for webhook in [Webhook::Mutate, Webhook::Validate] {
        let denied = Case { webhook, ..Case::pod(&[&other]) }.answer().denied.expect("denied");
        assert!(denied.message.contains("vouch for another digest"), "{}", denied.message);
    }
}

#[test]
fn the_worst_failure_decides_the_code() {
    assert_eq!(code(&["good:1"]), None);
    assert_eq!(code(&["busy:1", "good:1"]), Some(429));
    assert_eq!(code(&["busy:1", "unknown:1"]), Some(503));
    for rejected in ["bad:1", "denied:1", "unruled:1", "IN VALID"] {
        assert_eq!(code(&["busy:1", "unknown:1", rejected]), Some(403), "{rejected}");
    }
    assert_eq!(
        Decision::unreadable("no containers", "Pod")
            .under(NO_MODES)
            .denied
            .map(|denied| denied.code),
        Some(403)
    );
}

#[test]
fn every_failing_image_is_reported_in_the_order_of_the_object() {
    let message = Case::pod(&["bad:1", "good:1", "unruled:1", "IN\nVALID", "denied:1", "bad:1"])
        .decide()
        .message();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(
        lines,
        [
            "error during cosign validation of image bad:1: rejected: no signature of trust root `ci` was found (container `c0`, container `c5`, rule `docker.io/*:*`, validator `sigs`)",
            "no matching rule for image unruled:1, which is `index.docker.io/library/unruled:1` (container `c2`): add a rule whose pattern covers it",
            "invalid image reference `IN\u{fffd}VALID`: it has a space or another character that no reference has (container `c3`)",
            "static deny for image denied:1 using rule docker.io/*:* (container `c4`, rule `docker.io/*:*`, validator `sigs`)",
        ]
    );
}

#[test]
fn a_message_is_bounded_and_counts_what_it_leaves_out() {
    let images: Vec<String> = (0..200).map(|at| format!("bad{at}/{}", "x".repeat(200))).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let message = Case::pod(&images).decide().message();
    assert!(message.len() < 33 * 1024, "{}", message.len());
    let shown = message.lines().count() - 1;
    assert!(message.ends_with(&format!("… and {} more images", 200 - shown)));
    let same = vec!["bad:1"; 100];
    let message = Case::pod(&same).decide().message();
    assert!(message.contains("container `c7`, 92 more, rule"), "{message}");
}

#[test]
fn pods_only_admits_other_kinds_with_a_warning_and_comes_before_detection() {
    let both = Modes { pods_only: true, detection: true };
    for modes in [PODS_ONLY, both] {
        let answer =
            Case { kind: ("apps", "Deployment"), modes, ..Case::pod(&["good:1", "bad:1"]) }
                .answer();
        assert_eq!((answer.denied, answer.pins), (None, vec![]));
        assert_eq!(answer.warnings[0], "pod-only validation active");
        assert!(answer.warnings[1].starts_with("error during cosign validation of image bad:1"));
        assert_eq!(answer.audit, [("podsOnly", "1".to_owned())]);
    }
    let good =
        Case { kind: ("apps", "Deployment"), modes: PODS_ONLY, ..Case::pod(&["good:1"]) }.answer();
    assert_eq!((good.denied, good.pins, good.warnings), (None, vec![], vec![]));
    let pod = Case { modes: PODS_ONLY, ..Case::pod(&["bad:1"]) }.answer();
    assert!(pod.denied.is_some());
}

#[test]
fn pods_only_lets_nothing_pass_whose_kind_is_not_known() {
    assert!(Decision::unreadable("broken", "").under(PODS_ONLY).denied.is_some());
    assert!(Decision::unreadable("broken", "Pod").under(PODS_ONLY).denied.is_some());
    assert!(Decision::unreadable("broken", "Widget").under(PODS_ONLY).denied.is_none());
}

#[test]
fn detection_mode_admits_with_a_warning_and_without_a_patch() {
    let case = Case { modes: DETECTION, ..Case::pod(&["good:1", "bad:1"]) };
    assert!(!case.decide().admits(), "the decision stays");
    let answer = case.answer();
    assert_eq!((answer.denied, answer.pins), (None, vec![]));
    assert_eq!(answer.warnings[0], "detection mode active");
    assert_eq!(answer.audit, [("detection", "1".to_owned())]);
    let good = Case { modes: DETECTION, ..Case::pod(&["good:1"]) }.answer();
    assert_eq!((good.pins.len(), good.warnings.len()), (1, 0));
}

#[test]
fn a_rule_in_detection_mode_only_warns_unless_another_rule_denies() {
    let answer = Case::pod(&["good:1", "warn-bad:1"]).answer();
    assert_eq!(answer.denied, None);
    assert_eq!(pins(&answer), [("/spec/containers/0/image", "good:1")]);
    assert_eq!(answer.warnings[0], "detection mode active");
    assert!(
        answer.warnings[1].contains("rule `*:*`, validator `sigs`, detection mode"),
        "{}",
        answer.warnings[1]
    );
    let denied = Case::pod(&["warn-bad:1", "busy:1"]).answer().denied.expect("denied");
    assert_eq!(denied.code, 429, "what only warns does not choose the code");
    assert_eq!(denied.message.lines().count(), 2, "but it is reported");
}

#[test]
fn a_warning_is_one_line_because_api_servers_drop_others() {
    let answer =
        Case { modes: DETECTION, ..Case::pod(&["bad:1", "IN\nVALID", "unruled:1"]) }.answer();
    assert_eq!(answer.warnings.len(), 2);
    assert!(!answer.warnings[1].chars().any(char::is_control), "{}", answer.warnings[1]);
    assert_eq!(answer.warnings[1].matches("; ").count(), 2);
}

#[test]
fn a_whole_request_can_be_skipped() {
    let object =
        RawValue::from_string(r#"{"spec":{"containers":[{},{}]}}"#.to_owned()).expect("JSON");
    let kind = GroupVersionKind { kind: "Pod".into(), ..GroupVersionKind::default() };
    let pod = Workload::read(&kind, Some(&object), Which::New).expect("good");
    let answer = Decision::skipped(Skip::Deleting, &pod).under(NO_MODES);
    assert_eq!((answer.denied, answer.audit), (None, vec![("deleting", "2".to_owned())]));
}

#[test]
fn responses_have_their_form() {
    for (name, case) in [
        ("admitted_as_it_is", Case::pod(&["static:1"])),
        ("admitted_and_pinned", Case::pod(&["good:1", "r.io/good"])),
        ("denied_forbidden", Case::pod(&["bad:1", "unruled:1"])),
        ("denied_inconclusive", Case::pod(&["unknown:1"])),
        ("denied_overloaded", Case::pod(&["busy:1"])),
        ("detection_mode", Case { modes: DETECTION, ..Case::pod(&["bad:1"]) }),
        ("validate_unpinned", Case { webhook: Webhook::Validate, ..Case::pod(&["good:1"]) }),
    ] {
        let mut response = case.response();
        if let Some(patch) = response.pointer_mut("/response/patch") {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(patch.as_str().expect("base64"))
                .expect("base64");
            *patch = serde_json::from_slice(&bytes).expect("JSON");
        }
        insta::assert_json_snapshot!(name, response);
    }
}

fn image() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec!["", "r.io/", "Docker.io/", "localhost:5000/"]);
    let name = prop::sample::select(vec!["good", "static", "team/good", "warn-bad"]);
    let tag = prop::sample::select(vec![
        String::new(),
        ":1".to_owned(),
        format!("@{}", digest()),
        format!(":1@{}", digest()),
    ]);
    (host, name, tag).prop_map(|(host, name, tag)| format!("{host}{name}{tag}"))
}

proptest! {
    #[test]
    fn applying_the_patch_gives_exactly_the_pins(
        images in prop::collection::vec(image(), 1..8), is_pod: bool,
    ) {
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        let kind = if is_pod { ("", "Pod") } else { ("apps", "StatefulSet") };
        let case = Case { kind, ..Case::pod(&images) };
        let mut expected = images.iter().map(|image| (*image).to_owned()).collect::<Vec<_>>();
        for image in &mut expected {
            let parsed: ImageRef = image.parse().expect("good");
            if parsed.repository().path().contains("good") && parsed.digest().is_none() {
                *image = parsed.pinned(digest());
            }
        }
        let mut object = case.object(&images);
        let response = case.response();
        if let Some(patch) = response.pointer("/response/patch") {
            let bytes = base64::engine::general_purpose::STANDARD.decode(patch.as_str().expect("base64")).expect("base64");
            let patch: json_patch::Patch = serde_json::from_slice(&bytes).expect("a JSON Patch");
            json_patch::patch(&mut object, &patch).expect("the patch applies");
            prop_assert_eq!(response.pointer("/response/patchType"), Some(&json!("JSONPatch")));
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        prop_assert_eq!(object, case.object(&expected));
    }
}
