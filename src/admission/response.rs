//! The bytes of an answer: `AdmissionReview` with its `response`, written once.

use serde::{Serialize, Serializer};

use super::decision::Answer;
use super::failure::Denied;
use super::patch::patch;
use super::review::Envelope;

/// Writes the answer to the question that `envelope` echoes.
///
/// Spec: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response>.
pub fn respond(envelope: &Envelope<'_>, answer: &Answer) -> Vec<u8> {
    let patch = patch(&answer.pins);
    to_json(&Review {
        api_version: &envelope.api_version,
        kind: &envelope.kind,
        response: Response {
            uid: &envelope.uid,
            allowed: answer.denied.is_none(),
            status: answer.denied.as_ref().map(Status::of),
            patch_type: patch.is_some().then_some("JSONPatch"),
            patch,
            warnings: &answer.warnings,
            audit_annotations: Annotations(&answer.audit),
        },
    })
}

/// Writes plain data as JSON.
#[expect(clippy::expect_used, reason = "strings, numbers and lists always have a form in JSON")]
pub(super) fn to_json(data: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(data).expect("plain data is JSON")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'a str,
    kind: &'a str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    audit_annotations: Annotations<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    message: &'a str,
    reason: &'static str,
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: u64,
}

impl<'a> Status<'a> {
    fn of(denied: &'a Denied) -> Self {
        let details = denied.retry_after.map(|after| {
            // Rounded up: zero would mean "no hint".
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            Details { retry_after_seconds: seconds.max(1) }
        });
        Self { message: &denied.message, reason: denied.reason, code: denied.code, details }
    }
}

struct Annotations<'a>(&'a [(&'static str, String)]);

impl Annotations<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Annotations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
