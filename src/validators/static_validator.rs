//! `type: static`: approves or denies without looking. (owner: validators)

use std::sync::Arc;

use super::{TypeSchema, Validator, ValidatorType};
use crate::config::{Fields, LoadContext};

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

fn schema() -> TypeSchema {
    todo!()
}

fn parse(_fields: &mut Fields<'_>, _context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    todo!()
}
