//! `root.json`: whose keys the other roles have.
//!
//! Spec: TUF 1.0.34, 4.3.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::authority::{Authority, RoleKeys, WrittenKeys};
use super::{Content, Header, Malformed};
use crate::validators::notaryv1::role::Role;

/// Whose keys the other roles have.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Root {
    header: Header,
    keys: WrittenKeys,
    roles: BTreeMap<Box<str>, RoleKeys>,
}

#[derive(Deserialize)]
struct Written {
    keys: WrittenKeys,
    roles: BTreeMap<Box<str>, RoleKeys>,
}

impl Content for Root {
    fn read(signed: &[u8], _role: &Role) -> Result<Self, Malformed> {
        let header = Header::read(signed, "Root")?;
        let Written { keys, roles } = serde_json::from_slice(signed)?;
        Ok(Self { header, keys, roles })
    }

    fn header(&self) -> Header {
        self.header
    }
}

impl Root {
    /// Who may speak for one of the four roles.
    pub(in crate::validators::notaryv1) fn authority(
        &self,
        role: &Role,
    ) -> Result<Authority, Malformed> {
        let name = role.to_string();
        let Some(keys) = self.roles.get(&*name) else {
            return Err(Malformed::new(format!("it does not name the {role} role")));
        };
        keys.authority(role, &self.keys)
    }
}
