//! Fetches what the judge asks for. Judges nothing.
//!
//! Files are found by the digest that was computed from their bytes. What the names of the newest
//! root and timestamp mean is remembered by whoever has proven it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::future::try_join_all;

use super::Shared;
use super::evidence::{Answer, Evidence, EvidenceName};
use super::file_limit;
use super::role::Role;
use super::walk::Case;
use crate::cache::{Name, Scope};
use crate::clock::Deadline;
use crate::image::{Digest, RepositoryName};
use crate::metrics::CacheKind;
use crate::oci::{Error, File};
use crate::validators::Refusal;
use crate::validators::drive::{Fetch, Freshness};

/// Fetches for one repository.
#[derive(Debug)]
pub(super) struct Fetcher<'a> {
    pub(super) shared: &'a Shared,
    /// Whose names are remembered.
    pub(super) scope: &'a Scope,
    pub(super) repository: &'a RepositoryName,
    pub(super) gun: &'a str,
    pub(super) freshness: Freshness,
    pub(super) deadline: Deadline,
}

/// An answer, and whether it comes from a name that was looked up before.
type Found = (Answer, bool);

impl Fetcher<'_> {
    async fn one(&self, name: &EvidenceName) -> Result<Found, Refusal> {
        match name {
            EvidenceName::Root => self.newest(&Role::Root).await,
            EvidenceName::Timestamp => self.newest(&Role::Timestamp).await,
            EvidenceName::RootVersion(version) => {
                let file = format!("{version}.root.json");
                Ok((self.ask(&file, file_limit(&Role::Root)).await?, false))
            }
            EvidenceName::File { role, sha256, length } => {
                self.by_digest(role, *sha256, *length).await
            }
        }
    }

    /// The newest root or timestamp.
    async fn newest(&self, role: &Role) -> Result<Found, Refusal> {
        let name = role.to_string();
        if self.freshness == Freshness::Remembered
            && let Some(file) = self.remembered(&name)
        {
            return Ok((Answer::File(file), true));
        }
        let answer = self.ask(&format!("{name}.json"), file_limit(role)).await?;
        if let Answer::File(file) = &answer {
            self.shared.runtime.caches.evidence.put(&file.bytes);
        }
        Ok((answer, false))
    }

    fn remembered(&self, name: &str) -> Option<File> {
        let runtime = &self.shared.runtime;
        let name = Name { scope: self.scope, repository: self.repository, tag: name };
        let digest = runtime.caches.names.get(&name, runtime.clock.now());
        runtime.metrics.cache_lookup(CacheKind::Names, digest.is_some());
        self.kept(digest?)
    }

    /// A file that verified metadata lists. That the notary has it not is no knowledge about the
    /// image: something is lost.
    async fn by_digest(
        &self,
        role: &Role,
        sha256: Digest,
        length: usize,
    ) -> Result<Found, Refusal> {
        if let Some(file) = self.kept(sha256) {
            return Ok((Answer::File(file), false));
        }
        let name = format!("{role}.{}.json", sha256.hex());
        let file = self.request(&name, length).await.map_err(|error| Refusal::from(&error))?;
        if file.digest != sha256 {
            let error = Error::DigestMismatch {
                host: self.shared.notary.host().to_owned(),
                expected: sha256,
                actual: file.digest,
            };
            return Err(Refusal::from(&error));
        }
        self.shared.runtime.caches.evidence.put(&file.bytes);
        Ok((Answer::File(file), false))
    }

    fn kept(&self, digest: Digest) -> Option<File> {
        let runtime = &self.shared.runtime;
        let bytes = runtime.caches.evidence.get(digest);
        runtime.metrics.cache_lookup(CacheKind::Evidence, bytes.is_some());
        bytes.map(|bytes| File { digest, bytes })
    }

    async fn ask(&self, file: &str, limit: usize) -> Result<Answer, Refusal> {
        match self.request(file, limit).await {
            Ok(file) => Ok(Answer::File(file)),
            Err(Error::NotFound { .. }) => Ok(Answer::Missing),
            Err(error) => Err(Refusal::from(&error)),
        }
    }

    async fn request(&self, file: &str, limit: usize) -> Result<File, Error> {
        let Shared { client, notary, .. } = self.shared;
        client.trust_data((notary, self.gun), file, limit, self.deadline).await
    }
}

#[async_trait]
impl Fetch<Case> for Fetcher<'_> {
    async fn fetch(
        &self,
        names: BTreeSet<EvidenceName>,
        evidence: &mut Evidence,
    ) -> Result<(), Refusal> {
        let found = try_join_all(names.iter().map(|name| self.one(name))).await?;
        for (name, (answer, remembered)) in names.iter().zip(found) {
            evidence.rests_on_name |= remembered;
            evidence.add_answer(name, answer);
        }
        Ok(())
    }
}
