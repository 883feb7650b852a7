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
use super::role::Role;
use crate::image::{Digest, RepositoryName};
use crate::validators::Fingerprint;
use crate::validators::fingerprint::Parts;

/// Repositories whose versions are remembered, about 600 bytes each. Only those that were verified.
const MAX_REPOSITORIES: u64 = 4096;

/// The versions that were seen, by the keys that were trusted and the repository.
#[derive(Debug)]
pub(super) struct FloorsOfAll(Cache<Fingerprint, Floors>);

/// The versions below which nothing is believed, of one repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Floors(Arc<[((Role, Digest), u64)]>);

impl Default for FloorsOfAll {
    fn default() -> Self {
        Self(Cache::new(MAX_REPOSITORIES))
    }
}

impl FloorsOfAll {
    /// The versions below which nothing is believed.
    pub(super) fn of(&self, trust: Fingerprint, repository: &RepositoryName) -> Floors {
        self.0.get(&key(trust, repository)).unwrap_or_default()
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
        self.0.entry(key(trust, repository)).and_compute_with(|entry| {
            let floors = entry.map(Entry::into_value).unwrap_or_default();
            if verified.iter().all(|(role, version)| floors.floor(role) <= *version) {
                if_newest();
            }
            if verified.iter().all(|(role, version)| floors.floor(role) >= *version) {
                return Op::Nop;
            }
            let mut raised: Versions = floors.0.iter().cloned().collect();
            for (role, version) in verified {
                let floor = raised.entry(role.clone()).or_default();
                *floor = (*floor).max(*version);
            }
            Op::Put(Floors(raised.into_iter().collect()))
        });
    }
}

impl Floors {
    /// The version below which nothing of this role with these keys is believed.
    pub(super) fn floor(&self, role: &(Role, Digest)) -> u64 {
        let of_role = self.0.iter().find(|(seen, _)| seen == role);
        of_role.map(|(_, version)| *version).unwrap_or_default()
    }

    /// Tells whether a file of this role was verified before.
    pub(super) fn has_seen(&self, role: &Role) -> bool {
        self.0.iter().any(|((seen, _), _)| seen == role)
    }
}

fn key(trust: Fingerprint, repository: &RepositoryName) -> Fingerprint {
    Parts::default().add(trust.0).add(repository.registry()).add(repository.path()).hash()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageRef;

    #[test]
    fn floors_only_rise_and_belong_to_one_repository_and_one_trust() {
        let floors = FloorsOfAll::default();
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
        let now = floors.of(trust, &app);
        assert_eq!(now.0.iter().cloned().collect::<Versions>(), wanted);
        assert_eq!(now.floor(&(Role::Targets, old)), 7);
        assert_eq!(now.floor(&(Role::Targets, new)), 0);
        assert!(now.has_seen(&Role::Targets) && !now.has_seen(&Role::Snapshot));
        assert!(!floors.of(another, &app).has_seen(&Role::Targets));
        assert!(!floors.of(trust, &other).has_seen(&Role::Targets));
    }
}
