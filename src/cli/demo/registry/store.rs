//! What the registry holds.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::image::Digest;

/// Manifests and trust data by repository, blobs for all.
#[derive(Debug, Default)]
pub(super) struct Store {
    repositories: RwLock<HashMap<String, Repository>>,
    blobs: RwLock<HashMap<Digest, Bytes>>,
    /// By repository, then by file.
    trust_data: RwLock<HashMap<String, HashMap<String, Bytes>>>,
}

#[derive(Debug, Default)]
struct Repository {
    tags: HashMap<String, Digest>,
    manifests: HashMap<Digest, Stored>,
}

/// A manifest as it was put in.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

impl Store {
    pub(super) fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: Bytes,
    ) -> Digest {
        let digest = Digest::of(&bytes);
        let stored = Stored { media_type: media_type.to_owned(), bytes };
        let mut repositories = self.repositories.write();
        let repository = repositories.entry(repository.to_owned()).or_default();
        repository.manifests.insert(digest, stored);
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest);
        }
        digest
    }

    pub(super) fn put_blob(&self, bytes: Bytes) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.write().insert(digest, bytes);
        digest
    }

    /// A manifest by tag or digest.
    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<(Digest, Stored)> {
        let repositories = self.repositories.read();
        let repository = repositories.get(repository)?;
        let digest = match repository.tags.get(reference) {
            Some(digest) => *digest,
            None => reference.parse().ok()?,
        };
        Some((digest, repository.manifests.get(&digest)?.clone()))
    }

    pub(super) fn blob(&self, digest: &str) -> Option<Bytes> {
        self.blobs.read().get(&digest.parse().ok()?).cloned()
    }

    /// Forgets a tag, or a manifest with all its tags.
    pub(super) fn remove(&self, repository: &str, reference: &str) {
        if let Some(repository) = self.repositories.write().get_mut(repository)
            && repository.tags.remove(reference).is_none()
            && let Ok(digest) = reference.parse()
        {
            repository.manifests.remove(&digest);
            repository.tags.retain(|_, tagged| *tagged != digest);
        }
    }

    pub(super) fn put_trust_data(&self, gun: &str, file: &str, bytes: Bytes) {
        let mut trust_data = self.trust_data.write();
        trust_data.entry(gun.to_owned()).or_default().insert(file.to_owned(), bytes);
    }

    pub(super) fn trust_data(&self, gun: &str, file: &str) -> Option<Bytes> {
        self.trust_data.read().get(gun)?.get(file).cloned()
    }

    pub(super) fn remove_trust_data(&self, gun: &str, file: &str) {
        if let Some(files) = self.trust_data.write().get_mut(gun) {
            files.remove(file);
        }
    }

    /// The index of the manifests whose `subject` is `digest`.
    pub(super) fn referrers(&self, repository: &str, digest: &str) -> Value {
        let repositories = self.repositories.read();
        let manifests = repositories.get(repository).into_iter().flat_map(|r| &r.manifests);
        let mut referring: Vec<Value> = manifests
            .filter_map(|(own, stored)| descriptor_if_refers(*own, stored, digest))
            .collect();
        referring.sort_by_key(|descriptor| descriptor.get("digest").map(Value::to_string));
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": referring,
        })
    }
}

fn descriptor_if_refers(own: Digest, stored: &Stored, subject: &str) -> Option<Value> {
    let manifest: Value = serde_json::from_slice(&stored.bytes).ok()?;
    let kinds = ["/artifactType", "/config/mediaType"];
    (manifest.pointer("/subject/digest")? == subject).then(|| {
        json!({
            "mediaType": stored.media_type,
            "digest": own.to_string(),
            "size": stored.bytes.len(),
            "artifactType": kinds.into_iter().find_map(|kind| manifest.pointer(kind)),
            "annotations": manifest.get("annotations"),
        })
    })
}
