//! `snapshot.json`: which files of all roles belong together.
//!
//! Spec: TUF 1.0.34, 4.4.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::file_meta::{FileMeta, WrittenMeta};
use super::{Content, Header, Malformed};
use crate::validators::notaryv1::role::Role;

/// Which files belong together.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Snapshot {
    header: Header,
    files: BTreeMap<Box<str>, FileMeta>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    meta: BTreeMap<Cow<'a, str>, WrittenMeta<'a>>,
}

impl Content for Snapshot {
    fn read(signed: &[u8], _role: &Role) -> Result<Self, Malformed> {
        let header = Header::read(signed, "Snapshot")?;
        let written: Written<'_> = serde_json::from_slice(signed)?;
        let files = written
            .meta
            .into_iter()
            .map(|(name, meta)| Ok((name.as_ref().into(), meta.read()?)))
            .collect::<Result<BTreeMap<_, _>, Malformed>>()?;
        for role in [Role::Root, Role::Targets] {
            if !files.contains_key(&*role.to_string()) {
                return Err(Malformed::new(format!("it does not list {role}")));
            }
        }
        Ok(Self { header, files })
    }

    fn header(&self) -> Header {
        self.header
    }
}

impl Snapshot {
    /// The file of a role; `None` if there is none.
    pub(in crate::validators::notaryv1) fn file(&self, role: &Role) -> Option<FileMeta> {
        self.files.get(&*role.to_string()).copied()
    }
}
