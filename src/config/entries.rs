//! The validators of the file, each read by its type.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fields::Fields;
use super::problem::{Place, Problem, Problems};
use super::secrets::Secrets;
use super::tree::{Node, Value};
use super::words::{listed, nearest};
use super::{LoadContext, RegistryAccess, Sections, access, later};
use crate::validators::{Runtime, Validator, ValidatorType};

/// Bytes of a validator's name, which becomes a metric label.
const MAX_NAME: usize = 128;

/// A validator of the file, also where it could not be read: a rule that names it is not dangling.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    place: Place,
    pub(super) validator_type: Option<&'static ValidatorType>,
    pub(super) validator: Option<Arc<dyn Validator>>,
}

/// What reading a validator needs.
pub(super) struct ValidatorReader<'a> {
    pub(super) sections: &'a Sections,
    pub(super) access: &'a RegistryAccess,
    pub(super) secrets: &'a Secrets,
    pub(super) runtime: &'a Runtime,
    pub(super) types: &'static [ValidatorType],
    pub(super) problems: &'a Problems,
}

impl ValidatorReader<'_> {
    pub(super) fn read_all(&self, root: &mut Fields<'_>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for fields in list_of(root, "validators", "validator") {
            let Some(entry) = self.read_one(fields) else {
                continue;
            };
            match entries.iter().find(|other| other.name == entry.name) {
                Some(first) => self.problems.push(Problem {
                    place: entry.place,
                    what: format!("two validators are named `{}`", entry.name),
                    fix: Some(format!("rename one; the other is on line {}", first.place.line)),
                }),
                None => entries.push(entry),
            }
        }
        entries
    }

    /// `None` where there is no name by which a rule could mean it.
    fn read_one(&self, mut fields: Fields<'_>) -> Option<Entry> {
        let name = read_name(&mut fields);
        let shown = name.as_ref().map_or("without a name", |(name, _)| name).to_owned();
        let validator_type = self.read_type(&mut fields, &shown);
        let mut validator = None;
        if let Some(validator_type) = validator_type {
            validator = self.read_fields(fields, &shown, validator_type);
        }
        let (name, place) = name?;
        Some(Entry { name: name.into(), place, validator_type, validator })
    }

    fn read_fields(
        &self,
        mut fields: Fields<'_>,
        name: &str,
        validator_type: &'static ValidatorType,
    ) -> Option<Arc<dyn Validator>> {
        // The realms of one validator are nobody else's: its logins go there, no others.
        let access = RegistryAccess { realms: realms(&fields), ..self.access.clone() };
        let context = LoadContext {
            name,
            sections: self.sections,
            access: &Arc::new(access),
            secrets: self.secrets,
            runtime: self.runtime,
        };
        let before = self.problems.len();
        let validator = (validator_type.parse)(&mut fields, &context);
        if validator.is_none() && self.problems.len() == before {
            let what = format!(
                "type `{}` refused validator `{name}` and did not say why",
                validator_type.name
            );
            fields.report(
                fields.place(),
                what,
                "this is a fault of this program: please report it",
            );
        }
        let half_read = if validator.is_none() {
            property_names(&(validator_type.schema)().validator)
        } else {
            Vec::new()
        };
        fields.finish_with(&half_read, |_| None);
        validator
    }

    fn read_type(&self, fields: &mut Fields<'_>, name: &str) -> Option<&'static ValidatorType> {
        let known: Vec<&str> = self.types.iter().map(|row| row.name).collect();
        if !fields.has("type") {
            let what = format!("validator is missing a type: `{name}`");
            fields.report(
                fields.place(),
                what,
                format!("add `type:` with one of {}", listed(&known)),
            );
            return None;
        }
        let written = fields.string("type")?;
        if let Some(row) = self.types.iter().find(|row| row.name == written.value) {
            return Some(row);
        }
        let (what, fix) = if later::is_type(written.value) {
            (
                format!("validators of type `{}` are not supported yet: `{name}`", written.value),
                format!("remove it and the rules that name it; built are {}", listed(&known)),
            )
        } else {
            let fix = match nearest(written.value, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", listed(&known)),
            };
            (format!("unsupported type \"{}\" for validator `{name}`", written.value), fix)
        };
        fields.report(written.place, what, fix);
        None
    }
}

fn read_name(fields: &mut Fields<'_>) -> Option<(String, Place)> {
    let missing = |fields: &Fields<'_>, place| {
        fields.report(place, "validator is missing a name", "add `name:`, by which rules mean it");
    };
    if !fields.has("name") {
        missing(fields, fields.place());
        return None;
    }
    let name = fields.string("name")?;
    if name.value.trim().is_empty() {
        missing(fields, name.place);
        return None;
    }
    if name.value.len() > MAX_NAME || name.value.chars().any(char::is_control) {
        let what = "the name of a validator is too long or holds control characters";
        fields.report(name.place, what, format!("write at most {MAX_NAME} plain characters"));
        return None;
    }
    Some((name.value.to_owned(), name.place))
}

/// The token realms that `auth` lists; what is wrong with them is said where `auth` is read.
pub(super) fn realms(fields: &Fields<'_>) -> BTreeSet<String> {
    let realms = fields.peek("auth").and_then(|auth| auth.get("realms"));
    let hosts = realms.map(Node::items).unwrap_or_default().iter().filter_map(Node::text);
    hosts.filter_map(access::host).collect()
}

/// The keys that an object schema knows.
pub(super) fn property_names(schema: &serde_json::Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    properties.map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
}

/// A list of the top level that must have an element.
pub(super) fn list_of<'n>(
    root: &mut Fields<'n>,
    key: &'static str,
    element: &str,
) -> Vec<Fields<'n>> {
    let fix = format!("add `{key}:` with at least one {element}, as in config/default.yaml");
    if !root.has(key) {
        root.report(root.place(), format!("`{key}` is missing"), fix);
        return Vec::new();
    }
    let empty =
        root.peek(key).filter(|n| matches!(&n.value, Value::List(items) if items.is_empty()));
    if let Some(node) = empty {
        root.report(node.place, format!("`{key}` has no {element}"), fix);
    }
    root.mappings(key).unwrap_or_default()
}
