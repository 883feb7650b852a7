//! Answers of the webhook, read back: what the demo and `verify` show.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

/// An answer.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) denied: Option<Status>,
    /// The references that the patch sets, in order.
    pub(super) pins: Vec<String>,
}

/// The status of a denial.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) message: String,
}

#[derive(Deserialize)]
struct Review {
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    allowed: bool,
    status: Option<Status>,
    patch: Option<String>,
}

#[derive(Deserialize)]
struct Operation {
    value: String,
}

impl Heard {
    /// Reads an `AdmissionReview` with a response.
    pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let review: Review = serde_json::from_slice(bytes).context("the answer is no review")?;
        let response = review.response;
        let pins = response.patch.map_or_else(|| Ok(Vec::new()), |patch| pins(&patch))?;
        let denied = if response.allowed {
            None
        } else {
            Some(response.status.context("a denial without a status")?)
        };
        Ok(Self { denied, pins })
    }
}

fn pins(patch: &str) -> anyhow::Result<Vec<String>> {
    let operations: Vec<Operation> = serde_json::from_slice(&BASE64.decode(patch)?)?;
    Ok(operations.into_iter().map(|operation| operation.value).collect())
}
