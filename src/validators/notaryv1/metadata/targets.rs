//! `targets.json` and the files of delegations: which tags are signed, and who else may sign.
//!
//! Spec: TUF 1.0.34, 4.5.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::authority::{Authority, RoleKeys, WrittenKeys};
use super::file_meta::WrittenMeta;
use super::{Content, Header, Malformed};
use crate::image::Digest;
use crate::validators::notaryv1::role::{DelegationName, Role};

/// Delegations of one role. Teams have dozens.
const MAX_DELEGATIONS: usize = 1024;
/// Path prefixes of one delegation.
const MAX_PATHS: usize = 1024;

/// Which tags are signed, and who else may sign.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Targets {
    header: Header,
    tags: BTreeMap<Box<str>, Digest>,
    keys: WrittenKeys,
    delegations: Vec<Delegation>,
}

/// To whom signing is delegated.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Delegation {
    name: DelegationName,
    keys: RoleKeys,
    /// Prefixes of the tags that it may sign.
    paths: Vec<Box<str>>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    targets: Option<BTreeMap<Cow<'a, str>, WrittenMeta<'a>>>,
    #[serde(borrow)]
    delegations: Option<WrittenDelegations<'a>>,
}

#[derive(Deserialize)]
struct WrittenDelegations<'a> {
    keys: Option<WrittenKeys>,
    #[serde(borrow)]
    roles: Option<Vec<WrittenDelegation<'a>>>,
}

#[derive(Deserialize)]
struct WrittenDelegation<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    keyids: Vec<Box<str>>,
    threshold: u64,
    paths: Option<Vec<Box<str>>>,
}

impl Content for Targets {
    fn read(signed: &[u8], role: &Role) -> Result<Self, Malformed> {
        let header = Header::read(signed, "Targets")?;
        let written: Written<'_> = serde_json::from_slice(signed)?;
        // An entry without a sha256 hash names no image that could be admitted.
        let tags = written
            .targets
            .into_iter()
            .flatten()
            .filter_map(|(tag, meta)| Some((tag.as_ref().into(), meta.sha256()?)))
            .collect();
        let (keys, roles) = written.delegations.map_or_else(Default::default, |all| {
            (all.keys.unwrap_or_default(), all.roles.unwrap_or_default())
        });
        if roles.len() > MAX_DELEGATIONS {
            return Err(Malformed::new(format!("it has more than {MAX_DELEGATIONS} delegations")));
        }
        let delegations =
            roles.into_iter().map(|written| written.read(role)).collect::<Result<_, _>>()?;
        Ok(Self { header, tags, keys, delegations })
    }

    fn header(&self) -> Header {
        self.header
    }
}

impl WrittenDelegation<'_> {
    fn read(self, parent: &Role) -> Result<Delegation, Malformed> {
        let name: DelegationName = self
            .name
            .parse()
            .map_err(|fault| Malformed::new(format!("a delegation has a bad name: {fault}")))?;
        if !parent.is_parent_of(&name) {
            return Err(Malformed::new("it delegates to a role that is not its direct child"));
        }
        let paths = self.paths.unwrap_or_default();
        if paths.len() > MAX_PATHS {
            return Err(Malformed::new(format!("a delegation has more than {MAX_PATHS} paths")));
        }
        let keys = RoleKeys { keyids: self.keyids, threshold: self.threshold };
        Ok(Delegation { name, keys, paths })
    }
}

impl Targets {
    /// The digest that `tag` is signed for.
    pub(in crate::validators::notaryv1) fn tag(&self, tag: &str) -> Option<Digest> {
        self.tags.get(tag).copied()
    }

    /// The tags that are signed for `digest`.
    pub(in crate::validators::notaryv1) fn tags_of(
        &self,
        digest: Digest,
    ) -> impl Iterator<Item = &str> {
        self.tags.iter().filter(move |(_, of)| **of == digest).map(|(tag, _)| &**tag)
    }

    /// How many tags are signed.
    pub(in crate::validators::notaryv1) fn tags(&self) -> usize {
        self.tags.len()
    }

    /// Tells whether signing is delegated to anybody.
    pub(in crate::validators::notaryv1) fn has_delegations(&self) -> bool {
        !self.delegations.is_empty()
    }

    /// The delegation of this name.
    pub(in crate::validators::notaryv1) fn delegation(
        &self,
        name: &DelegationName,
    ) -> Option<&Delegation> {
        self.delegations.iter().find(|delegation| delegation.name == *name)
    }

    /// Who may speak for one of its delegations.
    pub(in crate::validators::notaryv1) fn authority(
        &self,
        delegation: &Delegation,
    ) -> Result<Authority, Malformed> {
        delegation.keys.authority(&Role::Delegation(delegation.name.clone()), &self.keys)
    }
}

impl Delegation {
    /// Prefixes of the tags that it may sign.
    pub(in crate::validators::notaryv1) fn paths(&self) -> &[Box<str>] {
        &self.paths
    }
}
