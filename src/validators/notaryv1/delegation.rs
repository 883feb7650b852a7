//! Which roles must list an image, and the way to them.
//!
//! Where a rule names delegations, each of them must, and nothing stands in for one that is missing.
//! Where it names none, `targets/releases` is asked if it has ever signed, as Docker does, else
//! `targets`.
//!
//! Spec: TUF 1.0.34, 5.6.7: a delegation is reached through those who delegate to it, whose keys and
//! paths bind it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::collection::Searched;
use super::metadata::{Snapshot, Targets};
use super::refusals;
use super::role::{DelegationName, Role};
use super::signed::Signed;
use super::walk::{Halt, Walk, malformed};
use crate::validators::Refusal;

/// The delegation that Docker signs as where there are delegations.
const RELEASES: &str = "releases";

/// The roles whose word is asked for.
pub(super) fn searched(
    walk: &mut Walk<'_>,
    snapshot: &Snapshot,
    targets: Arc<Signed<Targets>>,
) -> Result<Vec<Searched>, Halt> {
    let wanted = walk.case.wants.delegations.clone();
    if !wanted.is_empty() {
        if !targets.content.has_delegations() {
            return Err(refusals::no_delegations().into());
        }
        return reach_all(walk, snapshot, &targets, &wanted);
    }
    match releases(walk, snapshot, &targets.content)? {
        Some(name) => Ok(vec![reach(walk, snapshot, &targets, &name)?]),
        None => Ok(vec![Searched { role: Role::Targets, targets, paths: Vec::new() }]),
    }
}

/// The delegation that is asked where a rule names none. A snapshot keeps what it has listed (TUF
/// 1.0.34, 5.5.5), while the role that delegates may take it back: so it counts as long as both say so.
fn releases(
    walk: &Walk<'_>,
    snapshot: &Snapshot,
    targets: &Targets,
) -> Result<Option<DelegationName>, Refusal> {
    let name = DelegationName::of_configuration(RELEASES).ok();
    let Some(name) = name.filter(|name| targets.delegation(name).is_some()) else {
        return Ok(None);
    };
    let role = Role::Delegation(name.clone());
    if snapshot.file(&role).is_some() {
        Ok(Some(name))
    } else if walk.case.floors.has_seen(&role) {
        Err(refusals::not_listed_any_more(&name))
    } else {
        Ok(None)
    }
}

/// Walks to each of `names`; what they need is asked for at once.
fn reach_all(
    walk: &mut Walk<'_>,
    snapshot: &Snapshot,
    targets: &Arc<Signed<Targets>>,
    names: &[DelegationName],
) -> Result<Vec<Searched>, Halt> {
    let (mut reached, mut needs) = (Vec::with_capacity(names.len()), BTreeSet::new());
    for name in names {
        match reach(walk, snapshot, targets, name) {
            Ok(searched) => reached.push(searched),
            Err(Halt::Needs(names)) => needs.extend(names),
            Err(refused @ Halt::Refused(_)) => return Err(refused),
        }
    }
    if needs.is_empty() { Ok(reached) } else { Err(needs.into()) }
}

/// Walks from `targets` to a delegation.
fn reach(
    walk: &mut Walk<'_>,
    snapshot: &Snapshot,
    targets: &Arc<Signed<Targets>>,
    name: &DelegationName,
) -> Result<Searched, Halt> {
    let (mut parent, mut paths) = (targets.clone(), Vec::new());
    for name in name.path() {
        let Some(delegation) = parent.content.delegation(&name) else {
            return Err(refusals::delegation_not_found(&name).into());
        };
        let role = Role::Delegation(name.clone());
        let authority = parent.content.authority(delegation).map_err(malformed(&role))?;
        let Some(vouched) = snapshot.file(&role) else {
            return Err(refusals::delegation_unsigned(&name).into());
        };
        paths.push(delegation.paths().into());
        let file = walk.file(&role, &vouched)?;
        parent = walk.open::<Targets>(&role, file, &authority)?;
    }
    Ok(Searched { role: Role::Delegation(name.clone()), targets: parent, paths })
}
