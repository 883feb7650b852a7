//! From bytes to a request: `AdmissionReview` of `admission.k8s.io` v1 and v1beta1.
//!
//! Borrows from the body, reads only the fields that are used and ignores the rest. A body that
//! cannot be read is still answered with a denial once its uid is known, because an API server
//! with `failurePolicy: Ignore` admits on anything but 200.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::scan::{Scan, scan};
use super::text::{Text, shown};
use crate::config::Limits;

/// Longest uid that is echoed; API servers send 36 bytes.
const MAX_UID_BYTES: usize = 256;
/// Longest `apiVersion` and `kind` that are echoed.
const MAX_ECHO_BYTES: usize = 64;
/// How much of a JSON error is repeated.
const MAX_WHY_CHARS: usize = 512;

/// A review that was read.
#[derive(Debug, Clone)]
pub struct Review<'a> {
    /// What the answer echoes.
    pub envelope: Envelope<'a>,
    /// What is asked.
    pub request: Request<'a>,
}

/// What an answer echoes, so that it finds its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `apiVersion` of the review.
    pub api_version: Text<'a>,
    /// `kind` of the review.
    pub kind: Text<'a>,
    /// `request.uid`.
    pub uid: Text<'a>,
}

/// The part of `request` that is used.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `request.kind`.
    pub kind: GroupVersionKind<'a>,
    /// `request.subResource`, empty for the object itself.
    pub sub_resource: Text<'a>,
    /// `request.namespace`, empty for objects without one.
    pub namespace: Text<'a>,
    /// `request.operation`.
    pub operation: Operation,
    /// `request.dryRun`: nothing outside the process may change.
    pub dry_run: bool,
    /// `request.object`, not yet read.
    pub object: Option<&'a RawValue>,
    /// `request.oldObject`, not yet read.
    pub old_object: Option<&'a RawValue>,
}

/// The kind of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionKind<'a> {
    /// Empty for the core group.
    #[serde(borrow)]
    pub group: Text<'a>,
    /// Such as `v1`.
    #[serde(borrow)]
    pub version: Text<'a>,
    /// Such as `Pod`.
    #[serde(borrow)]
    pub kind: Text<'a>,
}

/// What is done to the object. Whatever is no update is treated as a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`.
    Update,
    /// `DELETE`, `CONNECT` and whatever else may come.
    Other,
}

/// Why a body is no review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// No uid can be read, so no answer can be addressed: HTTP 400 with this sentence.
    #[error("{sentence}")]
    NoUid {
        /// What is wrong.
        sentence: Box<str>,
    },
    /// The rest is broken, too deep or contradicts itself: HTTP 200 with a denial.
    #[error("{why}")]
    AfterUid {
        /// What the denial echoes.
        envelope: Box<Envelope<'static>>,
        /// What is wrong.
        why: Box<str>,
    },
}

/// Reads a review.
///
/// # Errors
/// See [`DecodeFault`]. A key that occurs twice is a fault: which of the two counts would depend
/// on who reads it.
///
/// Spec: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request>.
pub fn decode<'a>(body: &'a [u8], limits: &Limits) -> Result<Review<'a>, DecodeFault> {
    let found = scan(body, limits.json_depth);
    if found.too_deep {
        let why = format!("the request nests deeper than {} levels", limits.json_depth);
        return Err(fault(&found, &why));
    }
    let raw: Option<RawReview<'_>> =
        serde_json::from_slice(body).map_err(|error| fault(&found, &invalid_json(&error)))?;
    let raw = raw.filter(|_| found.has_request).unwrap_or_default();
    match raw.request {
        None => Err(no_uid("received empty admission request")),
        Some(request) if request.uid.is_empty() || request.uid.len() > MAX_UID_BYTES => {
            Err(no_uid("the admission request has no usable uid"))
        }
        Some(_) if raw.api_version.len() > MAX_ECHO_BYTES || raw.kind.len() > MAX_ECHO_BYTES => {
            Err(fault(&found, "apiVersion or kind of the review is too long to be echoed"))
        }
        Some(request) => Ok(Review {
            envelope: Envelope { api_version: raw.api_version, kind: raw.kind, uid: request.uid },
            request: Request {
                kind: request.kind,
                sub_resource: request.sub_resource,
                namespace: request.namespace,
                operation: Operation::read(&request.operation),
                dry_run: request.dry_run.unwrap_or_default(),
                object: request.object,
                old_object: request.old_object,
            },
        }),
    }
}

impl Operation {
    fn read(text: &str) -> Self {
        match text {
            "CREATE" => Self::Create,
            "UPDATE" => Self::Update,
            _ => Self::Other,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawReview<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    request: Option<RawRequest<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawRequest<'a> {
    #[serde(borrow)]
    uid: Text<'a>,
    #[serde(borrow)]
    kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    sub_resource: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    operation: Text<'a>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

fn invalid_json(error: &serde_json::Error) -> String {
    format!("the admission review cannot be read: {}", shown(&error.to_string(), MAX_WHY_CHARS))
}

fn no_uid(sentence: &str) -> DecodeFault {
    DecodeFault::NoUid { sentence: sentence.into() }
}

/// A denial if the first look found a uid, else a refusal of the whole call.
fn fault(found: &Scan<'_>, why: &str) -> DecodeFault {
    let text = |json: Option<&[u8]>, max: usize| -> Option<Text<'static>> {
        let text: Text<'_> = serde_json::from_slice(json?).ok()?;
        (!text.is_empty() && text.len() <= max).then(|| text.into_owned())
    };
    let Some(uid) = text(found.uid, MAX_UID_BYTES) else {
        return no_uid(why);
    };
    let envelope = Envelope {
        api_version: text(found.api_version, MAX_ECHO_BYTES)
            .unwrap_or_else(|| Text::from("admission.k8s.io/v1")),
        kind: text(found.kind, MAX_ECHO_BYTES).unwrap_or_else(|| Text::from("AdmissionReview")),
        uid,
    };
    DecodeFault::AfterUid { envelope: Box::new(envelope), why: why.into() }
}

#[cfg(test)]
mod tests;
