//! The versions that were seen: metadata never goes back in one process.
//!
//! A floor is raised only by metadata that was wholly verified, so that nobody without the pinned
//! keys can write here, and no bad answer of a notary can lock a repository.
//!
//! Spec: TUF 1.0.34, 5.3.5, 5.4.3, 5.5.5: a version lower than the trusted one is a rollback.

use std::sync::Arc;

use moka::Entry;
use moka::ops::compute::Op;
use moka::sync::Cache;

use super::collection::Versions;
use crate::image::RepositoryName;
use crate::validators::Fingerprint;

/// Repositories whose versions are remembered, about 500 bytes each. Only those that were verified.
const MAX_REPOSITORIES: u64 = 10_000;

/// The versions that were seen, by the keys that were trusted and the repository.
#[derive(Debug)]
pub(super) struct Floors(Cache<(Fingerprint, RepositoryName), Arc<Versions>>);

impl Default for Floors {
    fn default() -> Self {
        Self(Cache::new(MAX_REPOSITORIES))
    }
}

impl Floors {
    /// The versions below which nothing is believed.
    pub(super) fn of(&self, trust: Fingerprint, repository: &RepositoryName) -> Arc<Versions> {
        self.0.get(&(trust, repository.clone())).unwrap_or_default()
    }

    /// Raises the floors to what was verified now, and does `if_newest` unless somebody has raised
    /// them further meanwhile.
    pub(super) fn raise(
        &self,
        trust: Fingerprint,
        repository: &RepositoryName,
        verified: &Versions,
        if_newest: impl FnOnce(),
    ) {
        self.0.entry((trust, repository.clone())).and_compute_with(|entry| {
            let floors = entry.map(Entry::into_value).unwrap_or_default();
            let is_lower = |(role, version): (_, &u64)| floors.get(role) > Some(version);
            if !verified.iter().any(is_lower) {
                if_newest();
            }
            let is_new = |(role, version): (_, &u64)| floors.get(role) < Some(version);
            if !verified.iter().any(is_new) {
                return Op::Nop;
            }
            let mut raised = Versions::clone(&floors);
            for (role, version) in verified {
                let floor = raised.entry(role.clone()).or_default();
                *floor = (*floor).max(*version);
            }
            Op::Put(Arc::new(raised))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Digest, ImageRef};
    use crate::validators::notaryv1::role::Role;

    #[test]
    fn floors_only_rise_and_belong_to_one_repository_and_one_trust() {
        let floors = Floors::default();
        let of = |name: &str| name.parse::<ImageRef>().unwrap().repository().clone();
        let (app, other) = (of("reg.example/app"), of("reg.example/other"));
        let (trust, another) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
        let (old, new) = (Digest::of(b"old keys"), Digest::of(b"new keys"));
        let versions = |timestamp, targets| {
            Versions::from([((Role::Timestamp, old), timestamp), ((Role::Targets, old), targets)])
        };
        let raise = |verified: &Versions| {
            let mut newest = false;
            floors.raise(trust, &app, verified, || newest = true);
            newest
        };

        assert!(raise(&versions(5, 3)));
        assert!(!raise(&versions(4, 7)), "one of them went back");
        assert!(raise(&versions(5, 7)));
        assert!(raise(&Versions::from([((Role::Timestamp, new), 1)])), "other keys begin anew");

        let mut wanted = versions(5, 7);
        wanted.insert((Role::Timestamp, new), 1);
        assert_eq!(*floors.of(trust, &app), wanted);
        assert!(floors.of(another, &app).is_empty());
        assert!(floors.of(trust, &other).is_empty());
    }
}
