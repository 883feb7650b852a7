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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validators::testing;

    fn approval(yaml: &str) -> (Approval, Vec<String>) {
        let (validator, problems) = testing::read(yaml, parse);
        let (judged_by, _) =
            testing::read("{}", |with, _| validator.and_then(|validator| validator.bind(with)));
        match judged_by.unwrap() {
            JudgedBy::Static(approval) => (approval, problems),
            JudgedBy::Verifying(verifier) => panic!("{verifier:?}"),
        }
    }

    #[test]
    fn only_a_written_approve_true_approves() {
        for (yaml, wanted) in [
            ("approve: true", Approval::Approve),
            ("approve: false", Approval::Deny),
            ("{}", Approval::Deny),
        ] {
            assert_eq!(approval(yaml), (wanted, Vec::new()), "{yaml}");
        }
    }

    #[test]
    fn an_approve_that_is_no_boolean_is_a_problem_and_denies() {
        for yaml in ["approve: \"true\"", "approve: 1", "approve: [true]"] {
            let (approval, problems) = approval(yaml);
            assert_eq!((approval, problems.len()), (Approval::Deny, 1), "{yaml}: {problems:?}");
        }
    }
}
