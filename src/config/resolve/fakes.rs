//! Two small types of validator, so that reading is tested without those that verify.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::json;

use crate::cache::Caches;
use crate::clock::SystemClock;
use crate::config::{Fields, LoadContext, Sections, ca, credentials};
use crate::metrics::Metrics;
use crate::policy::JudgedBy;
use crate::validators::{Approval, CryptoRunner, Runtime, TypeSchema, Validator, ValidatorType};

/// `fixed` has one field and no options; `keyed` has the shared fields and an option.
pub(in crate::config) const TYPES: &[ValidatorType] = &[
    ValidatorType { name: "fixed", doc: "answers", schema: fixed_schema, parse: fixed },
    ValidatorType { name: "keyed", doc: "verifies", schema: keyed_schema, parse: keyed },
    ValidatorType {
        name: "mute",
        doc: "refuses without a word",
        schema: fixed_schema,
        parse: mute,
    },
];

fn fixed_schema() -> TypeSchema {
    TypeSchema {
        validator: json!({"type": "object", "properties": {"approve": {"type": "boolean"}}}),
        with: json!({"type": "object", "properties": {}}),
    }
}

fn keyed_schema() -> TypeSchema {
    TypeSchema {
        validator: json!({"type": "object", "properties": {"key": {}, "auth": {}, "cert": {}, "extra": {}}}),
        with: json!({"type": "object", "properties": {"threshold": {"type": "integer"}}}),
    }
}

fn fixed(fields: &mut Fields<'_>, _: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let approve = match fields.boolean("approve") {
        None if fields.has("approve") => return None,
        approve => approve.is_some_and(|yes| yes.value),
    };
    Some(Arc::new(Fixed(if approve { Approval::Approve } else { Approval::Deny })))
}

fn keyed(fields: &mut Fields<'_>, context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let key = fields.required_string("key");
    credentials(fields, context);
    ca(fields);
    key?;
    fields.boolean("extra");
    Some(Arc::new(Keyed))
}

fn mute(_: &mut Fields<'_>, _: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    None
}

#[derive(Debug)]
struct Fixed(Approval);

impl Validator for Fixed {
    fn bind(&self, _: &mut Fields<'_>) -> Option<JudgedBy> {
        Some(JudgedBy::Static(self.0))
    }
}

#[derive(Debug)]
struct Keyed;

impl Validator for Keyed {
    fn bind(&self, with: &mut Fields<'_>) -> Option<JudgedBy> {
        let threshold = with.integer("threshold");
        if let Some(threshold) = threshold.filter(|threshold| threshold.value < 1) {
            with.report(threshold.place, "`threshold` must be at least 1", "write 1 or more");
            return None;
        }
        Some(JudgedBy::Static(Approval::Deny))
    }
}

/// A runtime without crypto workers.
pub(in crate::config) fn runtime(sections: &Sections) -> Runtime {
    Runtime {
        clock: Arc::new(SystemClock),
        caches: Arc::new(Caches::new(&sections.cache)),
        crypto: Arc::new(Inline),
        metrics: Arc::new(Metrics::default()),
    }
}

#[derive(Debug)]
struct Inline;

impl CryptoRunner for Inline {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        Box::pin(std::future::ready(()))
    }
}
