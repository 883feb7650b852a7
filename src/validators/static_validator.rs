//! `type: static`: approves or denies without looking.

use std::sync::Arc;

use serde_json::json;

use super::{TypeSchema, Validator, ValidatorType};
use crate::config::{Fields, LoadContext};
use crate::policy::JudgedBy;

/// What a static validator answers. Carries no digest, so no pin can be made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Admit as it is.
    Approve,
    /// Deny.
    Deny,
}

pub(super) const TYPE: ValidatorType = ValidatorType {
    name: "static",
    doc: "approves or denies every image without looking at it",
    schema,
    parse,
};

#[derive(Debug)]
struct Static(Approval);

impl Validator for Static {
    fn bind(&self, _with: &mut Fields<'_>) -> Option<JudgedBy> {
        Some(JudgedBy::Static(self.0))
    }
}

fn schema() -> TypeSchema {
    TypeSchema {
        validator: json!({
            "type": "object",
            "properties": {
                "approve": {
                    "type": "boolean",
                    "default": false,
                    "description": "admit every image (true) or deny every image (false)",
                },
            },
        }),
        with: json!({"type": "object", "properties": {}}),
    }
}

/// A missing `approve` denies.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every type")]
fn parse(fields: &mut Fields<'_>, _context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let approve = fields.boolean("approve");
    let approval = match approve.map(|approve| approve.value) {
        Some(true) => Approval::Approve,
        Some(false) | None => Approval::Deny,
    };
    Some(Arc::new(Static(approval)))
}
