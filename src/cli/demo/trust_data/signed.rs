//! What the roles sign, member for member.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::{Delegation, Role, TufSigner};
use crate::image::Digest;

/// The size of a manifest, which notary writes down and nobody checks.
const TARGET_BYTES: usize = 528;

/// The `signed` of a root that gives the four roles their keys.
pub(super) fn root(role: &Role, roles: [(&str, &Role); 4]) -> Value {
    let listed: Map<String, Value> = roles
        .iter()
        .map(|(name, role)| {
            let listed = json!({"keyids": role.key_ids(), "threshold": role.threshold});
            ((*name).to_owned(), listed)
        })
        .collect();
    json!({
        "_type": "Root",
        "consistent_snapshot": false,
        "expires": role.expires.to_string(),
        "keys": keys(roles.iter().flat_map(|(_, role)| &role.keys)),
        "roles": listed,
        "version": role.version,
    })
}

/// The `signed` of a role that lists tags, and roles below it.
pub(super) fn targets<'d>(
    role: &Role,
    tags: Option<&BTreeMap<String, Digest>>,
    below: impl Iterator<Item = (&'d String, &'d Delegation)> + Clone,
) -> Value {
    let tags: Map<String, Value> = tags
        .into_iter()
        .flatten()
        .map(|(tag, digest)| {
            let hashes = json!({"sha256": BASE64.encode(digest.as_bytes())});
            (tag.clone(), json!({"hashes": hashes, "length": TARGET_BYTES}))
        })
        .collect();
    let roles: Vec<Value> = below
        .clone()
        .map(|(name, delegation)| {
            json!({
                "keyids": delegation.role.key_ids(),
                "name": name,
                "paths": delegation.paths,
                "threshold": delegation.role.threshold,
            })
        })
        .collect();
    json!({
        "_type": "Targets",
        "delegations": {
            "keys": keys(below.flat_map(|(_, delegation)| &delegation.role.keys)),
            "roles": roles,
        },
        "expires": role.expires.to_string(),
        "targets": tags,
        "version": role.version,
    })
}

/// The `signed` of a snapshot or timestamp.
pub(super) fn vouching(kind: &str, role: &Role, meta: &Map<String, Value>) -> Value {
    json!({
        "_type": kind,
        "expires": role.expires.to_string(),
        "meta": meta,
        "version": role.version,
    })
}

fn keys<'k>(keys: impl Iterator<Item = &'k TufSigner>) -> Map<String, Value> {
    keys.map(|key| (key.key_id(), key.key_json())).collect()
}
