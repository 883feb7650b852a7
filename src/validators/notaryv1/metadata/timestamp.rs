//! `timestamp.json`: which snapshot is the newest.
//!
//! Spec: TUF 1.0.34, 4.6.

use serde::Deserialize;

use super::file_meta::{FileMeta, WrittenMeta};
use super::{Content, Header, Malformed};
use crate::validators::notaryv1::role::Role;

/// Which snapshot is the newest.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Timestamp {
    header: Header,
    /// The newest snapshot.
    pub(in crate::validators::notaryv1) snapshot: FileMeta,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    meta: WrittenFiles<'a>,
}

#[derive(Deserialize)]
struct WrittenFiles<'a> {
    #[serde(borrow)]
    snapshot: WrittenMeta<'a>,
}

impl Content for Timestamp {
    fn read(signed: &[u8], _role: &Role) -> Result<Self, Malformed> {
        let header = Header::read(signed, "Timestamp")?;
        let written: Written<'_> = serde_json::from_slice(signed)?;
        Ok(Self { header, snapshot: written.meta.snapshot.read()? })
    }

    fn header(&self) -> Header {
        self.header
    }
}
