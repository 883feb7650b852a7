//! `trustRoots` with keys, parsed when the file is read: what `cosign` and `notaryv1` share.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::{Fields, LoadContext, Place, Spanned};
use crate::trust::PublicKey;

/// The name of a trust root in the configuration.
pub(super) type RootName = Arc<str>;

/// The trust root of a rule that names none.
pub(super) const DEFAULT_ROOT: &str = "default";

/// A named key of the configuration.
#[derive(Debug, Clone)]
pub(super) struct TrustRoot {
    pub(super) name: RootName,
    pub(super) key: PublicKey,
}

/// Reads `trustRoots` of a validator, all of which must be keys; `why_not` ends the sentence about
/// a `cert` or `keyless` one.
pub(super) fn trust_roots(
    fields: &mut Fields<'_>,
    context: &LoadContext<'_>,
    why_not: &str,
) -> Option<Vec<TrustRoot>> {
    let entries =
        if fields.has("trustRoots") { fields.mappings("trustRoots")? } else { Vec::new() };
    if entries.is_empty() {
        fields.report(
            fields.place(),
            format!("no trust roots provided for validator {}", context.name),
            "add `trustRoots:` with at least one `{name, key}`",
        );
        return None;
    }
    let wanted = entries.len();
    let mut roots: Vec<TrustRoot> = Vec::with_capacity(wanted);
    for mut entry in entries {
        roots.extend(trust_root(&mut entry, &roots, why_not));
        entry.finish();
    }
    (roots.len() == wanted).then_some(roots)
}

fn trust_root(entry: &mut Fields<'_>, earlier: &[TrustRoot], why_not: &str) -> Option<TrustRoot> {
    let name = entry.required_string("name");
    let supported = refuse_other_kinds(entry, why_not);
    if supported && !entry.has("key") {
        entry.report(
            entry.place(),
            "Key must be set if [Cert Keyless] isn't",
            "add `key:` with a public key as PEM",
        );
    }
    let reference = entry.string("key")?;
    let key = PublicKey::from_reference(reference.value)
        .map_err(|fault| entry.report(reference.place, fault.to_string(), fault.fix()))
        .ok()?;
    let name = name?;
    let distinct = is_distinct(entry, name, (reference.place, &key), earlier);
    (supported && distinct).then(|| TrustRoot { name: name.value.into(), key })
}

fn refuse_other_kinds(entry: &mut Fields<'_>, why_not: &str) -> bool {
    let mut supported = true;
    for kind in ["cert", "keyless"] {
        if let Some(node) = entry.node(kind) {
            supported = false;
            entry.report(
                node.place,
                format!("`{kind}` as a trust root {why_not}"),
                "use `key:` with a public key",
            );
        }
    }
    supported
}

/// Two names for one key would let one signature count twice.
fn is_distinct(
    entry: &Fields<'_>,
    name: Spanned<&str>,
    (place, key): (Place, &PublicKey),
    earlier: &[TrustRoot],
) -> bool {
    let same_name = earlier.iter().find(|root| &*root.name == name.value);
    if same_name.is_some() {
        let what = format!("trust root `{}` is defined twice", name.value);
        entry.report(name.place, what, "give each trust root a name of its own");
    }
    let same_key = earlier.iter().find(|root| root.key.content_hash() == key.content_hash());
    if let Some(root) = same_key {
        let what = format!("trust roots `{}` and `{}` have the same key", root.name, name.value);
        entry.report(place, what, "remove one of them");
    }
    same_name.is_none() && same_key.is_none()
}

/// The JSON schema of `trustRoots`.
pub(super) fn schema() -> Value {
    json!({
        "type": "array",
        "minItems": 1,
        "description": "the keys that rules may trust",
        "items": {
            "type": "object",
            "required": ["name", "key"],
            "additionalProperties": false,
            "properties": {
                "name": {
                    "type": "string",
                    "minLength": 1,
                    "description": "by which rules mean it",
                },
                "key": {
                    "type": "string",
                    "description": "a public key as PEM (`BEGIN PUBLIC KEY`), or the absolute path of a file with one",
                },
            },
        },
    })
}

/// The names of trust roots, for messages.
pub(super) fn listed(roots: &[TrustRoot]) -> String {
    let names: Vec<String> = roots.iter().map(|root| format!("`{}`", root.name)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
