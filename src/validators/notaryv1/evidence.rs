//! What a notary is asked for, and what it answered.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::FileMeta;
use super::role::Role;
use crate::image::Digest;
use crate::oci::File;

/// How a piece of evidence is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvidenceName {
    /// The newest root, by name.
    Root,
    /// The timestamp, by name.
    Timestamp,
    /// An earlier root, by its version.
    RootVersion(u64),
    /// A role's file, by the hash that verified metadata vouches for, with its length as the limit.
    File {
        /// Whose file.
        role: Role,
        /// SHA-256.
        sha256: Digest,
        /// Bytes.
        length: usize,
    },
}

/// What was fetched so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    root: Option<Answer>,
    timestamp: Option<Answer>,
    roots: BTreeMap<u64, Answer>,
    files: BTreeMap<Digest, File>,
    /// Some of it was found by a name that may mean something else by now.
    pub(super) rests_on_name: bool,
}

/// What a notary says of a name.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// This is it.
    File(File),
    /// There is none.
    Missing,
}

impl Evidence {
    /// What the names of the newest root and timestamp mean; both are asked for at once.
    pub(super) fn newest(&self) -> Result<(&Answer, &Answer), BTreeSet<EvidenceName>> {
        match (&self.root, &self.timestamp) {
            (Some(root), Some(timestamp)) => Ok((root, timestamp)),
            (_, _) => Err(BTreeSet::from([EvidenceName::Root, EvidenceName::Timestamp])),
        }
    }

    /// The root of this version.
    pub(super) fn root_version(&self, version: u64) -> Option<&Answer> {
        self.roots.get(&version)
    }

    /// The file that `meta` vouches for.
    pub(super) fn file(
        &self,
        role: &Role,
        meta: &FileMeta,
    ) -> Result<&File, BTreeSet<EvidenceName>> {
        self.files.get(&meta.sha256).ok_or_else(|| {
            BTreeSet::from([EvidenceName::File {
                role: role.clone(),
                sha256: meta.sha256,
                length: meta.length,
            }])
        })
    }

    /// All bytes that were fetched.
    pub(super) fn bytes(&self) -> usize {
        let named = [&self.root, &self.timestamp].into_iter().flatten().chain(self.roots.values());
        let named = named.map(|answer| match answer {
            Answer::File(file) => file.bytes.len(),
            Answer::Missing => 0,
        });
        named.sum::<usize>() + self.files.values().map(|file| file.bytes.len()).sum::<usize>()
    }

    /// Adds an answer to a question by name.
    pub(super) fn add_answer(&mut self, name: &EvidenceName, answer: Answer) {
        match (name, answer) {
            (EvidenceName::Root, answer) => self.root = Some(answer),
            (EvidenceName::Timestamp, answer) => self.timestamp = Some(answer),
            (EvidenceName::RootVersion(version), answer) => {
                self.roots.insert(*version, answer);
            }
            // Found by the digest that was computed from its bytes, whatever was asked for.
            (EvidenceName::File { .. }, Answer::File(file)) => {
                self.files.insert(file.digest, file);
            }
            // Reported by whoever asked: verified metadata says that it is there.
            (EvidenceName::File { .. }, Answer::Missing) => {}
        }
    }
}
