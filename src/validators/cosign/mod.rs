//! `type: cosign`: Sigstore signatures made with keys, on the classic `.sig` layout. (owner: validators)

use std::sync::Arc;

use super::{TypeSchema, Validator, ValidatorType};
use crate::config::{Fields, LoadContext};

pub(super) const TYPE: ValidatorType = ValidatorType {
    name: "cosign",
    doc: "verifies Sigstore signatures made with keys",
    schema,
    parse,
};

fn schema() -> TypeSchema {
    todo!()
}

fn parse(_fields: &mut Fields<'_>, _context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    todo!()
}
