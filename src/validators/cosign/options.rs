//! The options of `type: cosign`, parsed when the file is read.
//!
//! What is not built yet is an error at its place: an option that were read and ignored would be
//! trust that nobody gave.

use std::collections::BTreeMap;

use super::threshold::{Quorum, RootName};
use crate::config::{Fields, LoadContext, Place, Spanned, Value};
use crate::trust::PublicKey;

/// The trust root of a rule that names none.
const DEFAULT_ROOT: &str = "default";

/// A named key of the configuration.
#[derive(Debug, Clone)]
pub(super) struct TrustRoot {
    pub(super) name: RootName,
    pub(super) key: PublicKey,
}

/// What one rule wants to see.
#[derive(Debug, Clone)]
pub(super) struct Wants {
    /// Who must have signed.
    pub(super) quorum: Quorum,
    /// Those of the trust roots that the quorum looks at.
    pub(super) roots: Vec<TrustRoot>,
    /// The payload must name the repository of the image (`dockerReference: repository`).
    pub(super) same_repository: bool,
    /// What `optional` of the payload must hold.
    pub(super) annotations: BTreeMap<String, String>,
}

impl Wants {
    /// What is said of a signature that no key made.
    pub(super) fn no_key_verifies(&self) -> String {
        let names: Vec<&str> = self.roots.iter().map(|root| &*root.name).collect();
        format!("it does not verify with the key of [{}]", names.join(", "))
    }
}

/// Reads `trustRoots` of a validator.
pub(super) fn trust_roots(
    fields: &mut Fields<'_>,
    context: &LoadContext<'_>,
) -> Option<Vec<TrustRoot>> {
    let mut roots: Vec<TrustRoot> = Vec::new();
    let entries = if fields.has("trustRoots") {
        fields.mappings("trustRoots")?
    } else {
        Vec::new()
    };
    if entries.is_empty() {
        fields.report(
            fields.place(),
            format!("no trust roots provided for validator {}", context.name),
            "add `trustRoots:` with at least one `{name, key}`",
        );
        return None;
    }
    let mut complete = true;
    for mut entry in entries {
        match trust_root(&mut entry, &roots) {
            Some(root) => roots.push(root),
            None => complete = false,
        }
        entry.finish();
    }
    complete.then_some(roots)
}

fn trust_root(entry: &mut Fields<'_>, earlier: &[TrustRoot]) -> Option<TrustRoot> {
    let name = entry.required_string("name");
    let reference = entry.string("key");
    let mut usable = true;
    for kind in ["cert", "keyless"] {
        if let Some(node) = entry.node(kind) {
            usable = false;
            entry.report(
                node.place,
                format!("`{kind}` as a trust root of type cosign is not supported yet"),
                "use `key:` with a public key",
            );
        }
    }
    let Some(reference) = reference else {
        if usable && !entry.has("key") {
            let fix = "add `key:` with a public key as PEM";
            entry.report(
                entry.place(),
                "Key must be set if [Cert Keyless] isn't",
                fix,
            );
        }
        return None;
    };
    let key = PublicKey::from_reference(reference.value)
        .map_err(|fault| entry.report(reference.place, fault.to_string(), fault.fix()))
        .ok()?;
    let name = name?;
    let distinct = is_distinct(entry, name, (reference.place, &key), earlier);
    (usable && distinct).then(|| TrustRoot {
        name: name.value.into(),
        key,
    })
}

/// Two names for one key would let one signature count twice.
fn is_distinct(
    entry: &Fields<'_>,
    name: Spanned<&str>,
    (place, key): (Place, &PublicKey),
    earlier: &[TrustRoot],
) -> bool {
    let before = |problem: &dyn Fn(&TrustRoot) -> bool| earlier.iter().find(|root| problem(root));
    let same_name = before(&|root| &*root.name == name.value);
    if same_name.is_some() {
        let what = format!("trust root `{}` is defined twice", name.value);
        entry.report(name.place, what, "give each trust root a name of its own");
    }
    let same_key = before(&|root| root.key.content_hash() == key.content_hash());
    if let Some(root) = same_key {
        let what = format!(
            "trust roots `{}` and `{}` have the same key",
            root.name, name.value
        );
        entry.report(place, what, "remove one of them");
    }
    same_name.is_none() && same_key.is_none()
}

/// Reports `host`, which belongs to the transparency log and to certificates.
pub(super) fn refuse_host(fields: &mut Fields<'_>) -> Option<()> {
    let Some(host) = fields.node("host") else {
        return Some(());
    };
    fields.report(
        host.place,
        "`host` (Rekor, CT log and Fulcio) is not supported yet",
        "remove `host`; keys without a transparency log do not need it",
    );
    None
}

/// Reads the `with:` options of a rule.
pub(super) fn wants(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Wants> {
    let quorum = quorum(with, roots);
    let log = refuse_log(with);
    // Concerns certificates only; a key has none, so that both values mean the same.
    with.boolean("verifySCT");
    let same_repository = same_repository(with);
    let annotations = annotations(with);
    let quorum = quorum?;
    log?;
    let roots = roots
        .iter()
        .filter(|root| quorum.counts(&root.name))
        .cloned()
        .collect();
    Some(Wants {
        quorum,
        roots,
        same_repository: same_repository?,
        annotations: annotations?,
    })
}

fn quorum(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Quorum> {
    let named = with.string("trustRoot");
    let threshold = threshold(with, roots.len());
    let required = required(with, roots);
    let (threshold, required) = (threshold?, required?);
    let name = named.map_or(DEFAULT_ROOT, |name| name.value);
    if name == "*" {
        let all = roots.iter().map(|root| root.name.clone()).collect();
        let threshold = threshold.map(|threshold| threshold.value);
        let required = required.into_iter().map(|root| root.value).collect();
        return Some(Quorum::of_all(all, threshold, required));
    }
    let Some(root) = roots.iter().find(|root| &*root.name == name) else {
        let place = named.map_or_else(|| with.place(), |name| name.place);
        with.report(
            place,
            format!("unable to find trust root {name}"),
            format!(
                "set `trustRoot` to one of {}, or to \"*\" for all",
                listed(roots)
            ),
        );
        return None;
    };
    fits_one_root(with, &root.name, threshold, &required).then(|| Quorum::Root(root.name.clone()))
}

/// With one named root, a higher threshold or another required root can never be met.
fn fits_one_root(
    with: &Fields<'_>,
    root: &RootName,
    threshold: Option<Spanned<usize>>,
    required: &[Spanned<RootName>],
) -> bool {
    let mut fits = true;
    if let Some(threshold) = threshold.filter(|threshold| threshold.value > 1) {
        fits = false;
        let what = format!(
            "`threshold` {} with the one trust root `{root}`",
            threshold.value
        );
        with.report(
            threshold.place,
            what,
            "set `trustRoot: \"*\"`, or remove `threshold`",
        );
    }
    for other in required.iter().filter(|required| required.value != *root) {
        fits = false;
        let what = format!(
            "`required` names `{}`, but the rule looks at `{root}` only",
            other.value
        );
        with.report(
            other.place,
            what,
            "set `trustRoot: \"*\"`, or remove it from `required`",
        );
    }
    fits
}

fn threshold(with: &mut Fields<'_>, roots: usize) -> Option<Option<Spanned<usize>>> {
    if !with.has("threshold") {
        return Some(None);
    }
    let Spanned { value, place } = with.integer("threshold")?;
    match usize::try_from(value) {
        Ok(value) if (1..=roots).contains(&value) => Some(Some(Spanned { value, place })),
        Ok(_) | Err(_) => {
            let what = format!("`threshold` {value} with {roots} trust root(s)");
            with.report(
                place,
                what,
                format!("set `threshold` to a number from 1 to {roots}"),
            );
            None
        }
    }
}

fn required(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Vec<Spanned<RootName>>> {
    if !with.has("required") {
        return Some(Vec::new());
    }
    let mut required: Vec<Spanned<RootName>> = Vec::new();
    let mut complete = true;
    for Spanned { value: name, place } in with.strings("required")? {
        let root = roots.iter().find(|root| &*root.name == name);
        let problem = match root {
            None => Some((
                format!("unable to find trust root {name}"),
                format!("name only {}", listed(roots)),
            )),
            Some(_) if required.iter().any(|earlier| &*earlier.value == name) => Some((
                format!("`required` names `{name}` twice"),
                "name it once".to_owned(),
            )),
            Some(root) => {
                required.push(Spanned {
                    value: root.name.clone(),
                    place,
                });
                None
            }
        };
        if let Some((what, fix)) = problem {
            complete = false;
            with.report(place, what, fix);
        }
    }
    complete.then_some(required)
}

/// A rule that wants the transparency log must not be judged without it.
fn refuse_log(with: &mut Fields<'_>) -> Option<()> {
    let written = with.node("verifyInTransparencyLog").map(|node| node.place);
    let wanted = with.boolean("verifyInTransparencyLog");
    if wanted.is_some_and(|wanted| !wanted.value) {
        return Some(());
    }
    if wanted.is_some() || written.is_none() {
        with.report(
            written.unwrap_or_else(|| with.place()),
            "the transparency log (`verifyInTransparencyLog`, on by default) is not supported yet",
            "set `verifyInTransparencyLog: false`",
        );
    }
    None
}

fn same_repository(with: &mut Fields<'_>) -> Option<bool> {
    if !with.has("dockerReference") {
        return Some(false);
    }
    let text = with.string("dockerReference")?;
    match text.value {
        "ignore" => Some(false),
        "repository" => Some(true),
        other => {
            let what = format!("`dockerReference` is `{other}`");
            with.report(text.place, what, "set it to `ignore` or `repository`");
            None
        }
    }
}

fn annotations(with: &mut Fields<'_>) -> Option<BTreeMap<String, String>> {
    let Some(node) = with.node("annotations") else {
        return Some(BTreeMap::new());
    };
    let Value::Map(entries) = &node.value else {
        let fix = "write `annotations:` as `name: \"text\"` lines";
        with.report(node.place, "`annotations` is no mapping", fix);
        return None;
    };
    let mut annotations = BTreeMap::new();
    for (name, value) in entries {
        match value.text() {
            Some(text) => {
                annotations.insert(name.value.to_string(), text.to_owned());
            }
            None => {
                let what = format!(
                    "annotation `{}` must be text, not {}",
                    name.value,
                    value.kind()
                );
                with.report(value.place, what, "write the value in quotes");
            }
        }
    }
    (annotations.len() == entries.len()).then_some(annotations)
}

fn listed(roots: &[TrustRoot]) -> String {
    let names: Vec<String> = roots
        .iter()
        .map(|root| format!("`{}`", root.name))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
