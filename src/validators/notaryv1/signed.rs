//! Content together with the proof of who signed it. Nobody else hands out content.
//!
//! That given keys signed given bytes stays true for ever, so it is remembered by the hash of both:
//! the rounds of one judgement, and the tags of one repository, check each signature once. Whether
//! content has expired or went back is asked anew every time, elsewhere.

use std::any::Any;
use std::sync::Arc;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::metadata::{Authority, Content, Envelope, Malformed, Root, Signers};
use super::refusals;
use super::role::Role;
use crate::image::Digest;
use crate::oci::File;
use crate::validators::Refusal;

/// What is remembered of one validator's repositories, by the size of their files: a repository
/// with some dozens of tags has 10 KiB.
const REMEMBERED_BYTES: u64 = 2 * 1024 * 1024;
/// What content takes up compared with its file: names, keys and numbers, each in a box of its own.
const CONTENT_FACTOR: usize = 2;
/// What the smallest content takes up: maps with room for more, and the cache's own records.
const CONTENT_BYTES: usize = 2048;

/// Content whose signatures were checked.
#[derive(Debug)]
pub(super) struct Signed<C> {
    /// What was signed.
    pub(super) content: C,
    /// Who signed it.
    pub(super) signers: Signers,
}

/// Opens files, and remembers what was in them.
pub(super) struct SignedFiles {
    opened: Cache<Key, Opened>,
}

/// The bytes, and whose signatures they were checked for.
type Key = (Digest, Digest);

#[derive(Clone)]
struct Opened {
    content: Arc<dyn Any + Send + Sync>,
    weight: u32,
}

impl Default for SignedFiles {
    fn default() -> Self {
        // The latest first: the next round of a judgement asks for what this one has opened.
        let opened = Cache::builder()
            .max_capacity(REMEMBERED_BYTES)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &Key, opened: &Opened| opened.weight)
            .build();
        Self { opened }
    }
}

impl std::fmt::Debug for SignedFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedFiles").field("opened", &self.opened.entry_count()).finish()
    }
}

impl SignedFiles {
    /// The content of `file`, signed by enough of `authority`'s keys.
    ///
    /// # Errors
    /// `insufficient-signatures` or `malformed-trust-data`.
    pub(super) fn open<C: Content>(
        &self,
        role: &Role,
        file: &File,
        authority: &Authority,
    ) -> Result<Arc<Signed<C>>, Refusal> {
        self.remembered(file, authority.fingerprint(), || {
            let envelope = read(role, file)?;
            let signers = authority
                .approve(&envelope)
                .map_err(|few| refusals::insufficient_signatures(role, few))?;
            let content = C::read(envelope.signed(), role)
                .map_err(|malformed| refusals::malformed(role, &malformed))?;
            Ok(Signed { content, signers })
        })
    }

    /// A root, signed by enough of the keys that it names itself. Whether any of them is to be
    /// trusted is another question.
    ///
    /// # Errors
    /// `insufficient-signatures` or `malformed-trust-data`.
    pub(super) fn open_root(&self, file: &File) -> Result<Arc<Signed<Root>>, Refusal> {
        let malformed = |malformed: Malformed| refusals::malformed(&Role::Root, &malformed);
        self.remembered(file, Digest::of(b"the keys that it names itself"), || {
            let envelope = read(&Role::Root, file)?;
            let content = Root::read(envelope.signed(), &Role::Root).map_err(malformed)?;
            let signers = content
                .authority(&Role::Root)
                .map_err(malformed)?
                .approve(&envelope)
                .map_err(|few| refusals::insufficient_signatures(&Role::Root, few))?;
            Ok(Signed { content, signers })
        })
    }

    fn remembered<C: Send + Sync + 'static>(
        &self,
        file: &File,
        authority: Digest,
        open: impl FnOnce() -> Result<Signed<C>, Refusal>,
    ) -> Result<Arc<Signed<C>>, Refusal> {
        let key = (file.digest, authority);
        // An authority is of one role, and a role has one kind of content.
        let known = self.opened.get(&key).and_then(|opened| opened.content.downcast().ok());
        if let Some(known) = known {
            return Ok(known);
        }
        let content = Arc::new(open()?);
        let bytes = file.bytes.len().saturating_mul(CONTENT_FACTOR).saturating_add(CONTENT_BYTES);
        let weight = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.opened.insert(key, Opened { content: content.clone(), weight });
        Ok(content)
    }
}

fn read<'f>(role: &Role, file: &'f File) -> Result<Envelope<'f>, Refusal> {
    Envelope::read(&file.bytes).map_err(|malformed| refusals::malformed(role, &malformed))
}
