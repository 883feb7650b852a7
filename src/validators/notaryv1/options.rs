//! The `with:` options of `type: notaryv1`, parsed when the file is read.

use std::fmt;

use super::role::DelegationName;
use crate::config::{Fields, Spanned};
use crate::validators::trust_roots::{DEFAULT_ROOT, TrustRoot, listed};

/// What one rule wants to see.
#[derive(Debug, Clone)]
pub(super) struct Wants {
    /// The root keys, all of which must vouch for the root.
    pub(super) roots: Vec<TrustRoot>,
    /// The delegations, all of which must have signed; empty where the rule leaves that open.
    pub(super) delegations: Vec<DelegationName>,
}

/// Reads the `with:` options of a rule.
pub(super) fn wants(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Wants> {
    let roots = selected(with, roots);
    let delegations = delegations(with);
    Some(Wants { roots: roots?, delegations: delegations? })
}

fn selected(with: &mut Fields<'_>, roots: &[TrustRoot]) -> Option<Vec<TrustRoot>> {
    let named = if with.has("trustRoot") { Some(with.string("trustRoot")?) } else { None };
    let name = named.map_or(DEFAULT_ROOT, |name| name.value);
    if name == "*" {
        return Some(roots.to_vec());
    }
    let root = roots.iter().find(|root| &*root.name == name);
    if root.is_none() {
        with.report(
            named.map_or_else(|| with.place(), |name| name.place),
            format!("unable to find trust root {name}"),
            format!("set `trustRoot` to one of {}, or to \"*\" for all", listed(roots)),
        );
    }
    root.map(|root| vec![root.clone()])
}

fn delegations(with: &mut Fields<'_>) -> Option<Vec<DelegationName>> {
    if !with.has("delegations") {
        return Some(Vec::new());
    }
    let written = with.strings("delegations")?;
    let mut names = Vec::with_capacity(written.len());
    for &Spanned { value, place } in &written {
        match DelegationName::of_configuration(value) {
            Ok(name) if names.contains(&name) => {
                with.report(place, format!("`delegations` names `{value}` twice"), "name it once");
            }
            Ok(name) => names.push(name),
            Err(fault) => with.report(
                place,
                format!("`{value}` is no name of a delegation: {fault}"),
                "write it as `alice` or `targets/alice`",
            ),
        }
    }
    (names.len() == written.len()).then_some(names)
}

/// What `check` says of a rule.
impl fmt::Display for Wants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots: Vec<&str> = self.roots.iter().map(|root| &*root.name).collect();
        match &*roots {
            [one] => write!(f, "signed under root key {one}")?,
            all => write!(f, "signed under all root keys of {}", all.join(", "))?,
        }
        let names: Vec<String> = self.delegations.iter().map(ToString::to_string).collect();
        match &*names {
            [] => Ok(()),
            [one] => write!(f, ", by {one}"),
            all => write!(f, ", by all of {}", all.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
