//! The `with:` options of `type: cosign`, parsed when the file is read.
//!
//! What is not built yet is an error at its place: an option that were read and ignored would be
//! trust that nobody gave.

use std::collections::BTreeMap;

use super::threshold::Quorum;
use crate::config::{Fields, Spanned, Value};
use crate::validators::trust_roots::{DEFAULT_ROOT, RootName, TrustRoot, listed};

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

/// Something is wrong with an option, and was reported at its place.
#[derive(Debug)]
struct Reported;

impl Wants {
    /// What is said of a signature that no key made.
    pub(super) fn no_key_verifies(&self) -> String {
        format!("it does not verify with the key of {}", listed(&self.roots))
    }
}

/// Reads the `with:` options of a rule.
pub(super) fn wants(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Wants> {
    // Each is read whatever became of the others: all problems are reported at once.
    let quorum = quorum(with, roots);
    let log = refuse_log(with);
    let same_repository = same_repository(with);
    let annotations = annotations(with);
    // Concerns certificates only; a key has none, so that both values mean the same.
    with.boolean("verifySCT");
    let (quorum, ()) = (quorum.ok()?, log.ok()?);
    Some(Wants {
        roots: roots.iter().filter(|root| quorum.counts(&root.name)).cloned().collect(),
        quorum,
        same_repository: same_repository.ok()?,
        annotations: annotations.ok()?,
    })
}

fn quorum(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Result<Quorum, Reported> {
    let named = with.string("trustRoot");
    let threshold = threshold(with, roots.len());
    let required = required(with, roots);
    let (threshold, required) = (threshold?, required?);
    let name = named.map_or(DEFAULT_ROOT, |name| name.value);
    if name == "*" {
        let all = roots.iter().map(|root| root.name.clone()).collect();
        let threshold = threshold.map(|threshold| threshold.value);
        let required = required.into_iter().map(|root| root.value).collect();
        return Ok(Quorum::of_all(all, threshold, required));
    }
    let Some(root) = roots.iter().find(|root| &*root.name == name) else {
        with.report(
            named.map_or_else(|| with.place(), |name| name.place),
            format!("unable to find trust root {name}"),
            format!("set `trustRoot` to one of {}, or to \"*\" for all", listed(roots)),
        );
        return Err(Reported);
    };
    fits_one_root(with, &root.name, threshold, &required)?;
    Ok(Quorum::Root(root.name.clone()))
}

/// With one named root, a higher threshold or another required root can never be met.
fn fits_one_root(
    with: &Fields<'_>,
    root: &RootName,
    threshold: Option<Spanned<usize>>,
    required: &[Spanned<RootName>],
) -> Result<(), Reported> {
    let mut fits = Ok(());
    if let Some(threshold) = threshold.filter(|threshold| threshold.value > 1) {
        fits = Err(Reported);
        with.report(
            threshold.place,
            format!("`threshold` {} with the one trust root `{root}`", threshold.value),
            "set `trustRoot: \"*\"`, or remove `threshold`",
        );
    }
    for other in required.iter().filter(|required| required.value != *root) {
        fits = Err(Reported);
        with.report(
            other.place,
            format!("`required` names `{}`, but the rule looks at `{root}` only", other.value),
            "set `trustRoot: \"*\"`, or remove it from `required`",
        );
    }
    fits
}

fn threshold(with: &mut Fields<'_>, roots: usize) -> Result<Option<Spanned<usize>>, Reported> {
    if !with.has("threshold") {
        return Ok(None);
    }
    let Spanned { value, place } = with.integer("threshold").ok_or(Reported)?;
    match usize::try_from(value) {
        Ok(value) if (1..=roots).contains(&value) => Ok(Some(Spanned { value, place })),
        Ok(_) | Err(_) => {
            with.report(
                place,
                format!("`threshold` {value} with {roots} trust root(s)"),
                format!("set `threshold` to a number from 1 to {roots}"),
            );
            Err(Reported)
        }
    }
}

fn required(
    with: &mut Fields<'_>,
    roots: &[TrustRoot],
) -> Result<Vec<Spanned<RootName>>, Reported> {
    if !with.has("required") {
        return Ok(Vec::new());
    }
    let names = with.strings("required").ok_or(Reported)?;
    let mut required: Vec<Spanned<RootName>> = Vec::with_capacity(names.len());
    for &Spanned { value: name, place } in &names {
        let Some(root) = roots.iter().find(|root| &*root.name == name) else {
            let what = format!("unable to find trust root {name}");
            with.report(place, what, format!("name only {}", listed(roots)));
            continue;
        };
        if required.iter().any(|earlier| earlier.value == root.name) {
            with.report(place, format!("`required` names `{name}` twice"), "name it once");
            continue;
        }
        required.push(Spanned { value: root.name.clone(), place });
    }
    if required.len() == names.len() { Ok(required) } else { Err(Reported) }
}

/// A rule that wants the transparency log must not be judged without it.
fn refuse_log(with: &mut Fields<'_>) -> Result<(), Reported> {
    let written = with.node("verifyInTransparencyLog").map(|node| node.place);
    let wanted = with.boolean("verifyInTransparencyLog");
    match (written, wanted) {
        (_, Some(Spanned { value: false, .. })) => return Ok(()),
        // Of another type: reported when it was read.
        (Some(_), None) => {}
        (place, _) => with.report(
            place.unwrap_or_else(|| with.place()),
            "the transparency log (`verifyInTransparencyLog`, on by default) is not supported yet",
            "set `verifyInTransparencyLog: false`",
        ),
    }
    Err(Reported)
}

fn same_repository(with: &mut Fields<'_>) -> Result<bool, Reported> {
    if !with.has("dockerReference") {
        return Ok(false);
    }
    let text = with.string("dockerReference").ok_or(Reported)?;
    match text.value {
        "ignore" => Ok(false),
        "repository" => Ok(true),
        other => {
            let what = format!("`dockerReference` is `{other}`");
            with.report(text.place, what, "set it to `ignore` or `repository`");
            Err(Reported)
        }
    }
}

fn annotations(with: &mut Fields<'_>) -> Result<BTreeMap<String, String>, Reported> {
    let Some(node) = with.node("annotations") else {
        return Ok(BTreeMap::new());
    };
    let Value::Map(entries) = &node.value else {
        let fix = "write `annotations:` as `name: \"text\"` lines";
        with.report(node.place, "`annotations` is no mapping", fix);
        return Err(Reported);
    };
    let mut annotations = BTreeMap::new();
    for (name, value) in entries {
        if let Some(text) = value.text() {
            annotations.insert(name.value.to_string(), text.to_owned());
        } else {
            let (name, kind) = (&name.value, value.value.kind());
            let what = format!("annotation `{name}` must be text, not {kind}");
            with.report(value.place, what, "write the value in quotes");
        }
    }
    if annotations.len() == entries.len() { Ok(annotations) } else { Err(Reported) }
}

#[cfg(test)]
mod tests;
