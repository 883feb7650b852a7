//! Every way in which trust data can be bad: one stable word each, and the sentence.

use jiff::Timestamp as Time;

use super::metadata::{Malformed, Mismatch, TooFew};
use super::role::{DelegationName, Role};
use crate::image::Digest;
use crate::validators::Refusal;

pub(super) fn no_trust_data(file: &Role, repository: &str, notary: &str) -> Refusal {
    Refusal::rejected(
        "no-trust-data",
        format!("error acquiring trust data {file}: {notary} has none for {repository}"),
    )
}

pub(super) fn malformed(role: &Role, why: &Malformed) -> Refusal {
    Refusal::rejected("malformed-trust-data", format!("error parsing trust data {role}: {why}"))
}

pub(super) fn insufficient_signatures(role: &Role, few: TooFew) -> Refusal {
    Refusal::rejected("insufficient-signatures", format!("{role} trust data has {few}"))
}

/// The word for trust data that is older than what was seen.
pub(super) const ROLLBACK: &str = "rollback";

pub(super) fn wrong_root_key(trust_root: &str, oldest: u64) -> Refusal {
    Refusal::rejected(
        "wrong-root-key",
        format!(
            "error validating root: it is not signed with the key of trust root {trust_root}, nor is \
             one of the roots before it, of which version {oldest} is the oldest that was found"
        ),
    )
}

pub(super) fn wrong_repository(version: u64, repository: &str) -> Refusal {
    Refusal::rejected(
        "wrong-repository",
        format!(
            "error validating root: root version {version} is not for {repository}: no certificate of \
             the keys that signed it names this repository"
        ),
    )
}

pub(super) fn broken_root_chain(trust_root: &str, version: u64) -> Refusal {
    Refusal::rejected(
        "broken-root-chain",
        format!(
            "error validating root: no unbroken chain leads from trust root {trust_root} to the \
             present root, root version {version} ends it"
        ),
    )
}

pub(super) fn expired(role: &Role, at: Time) -> Refusal {
    let word = match role {
        Role::Root => "root-expired",
        Role::Timestamp => "timestamp-expired",
        Role::Snapshot => "snapshot-expired",
        Role::Targets => "targets-expired",
        Role::Delegation(_) => "delegation-expired",
    };
    Refusal::rejected(word, format!("{role} trust data expired at {at}"))
}

pub(super) fn rollback(role: &Role, from: u64, to: u64) -> Refusal {
    Refusal::rejected(
        ROLLBACK,
        format!("{role} trust data went back from version {from} to version {to}"),
    )
}

pub(super) fn not_listed_any_more(name: &DelegationName) -> Refusal {
    Refusal::rejected(
        ROLLBACK,
        format!("delegation {name} has signed before, and the snapshot does not list it any more"),
    )
}

pub(super) fn mismatch(role: &Role, mismatch: Mismatch) -> Refusal {
    match mismatch {
        Mismatch::Length(wanted) => Refusal::rejected(
            "wrong-length",
            format!("{role} trust data has not the {wanted} bytes that are vouched for"),
        ),
        Mismatch::Hash => Refusal::rejected(
            "hash-mismatch",
            format!("{role} trust data has not the hash that is vouched for"),
        ),
    }
}

pub(super) fn too_large(role: &Role, length: usize, limit: usize) -> Refusal {
    Refusal::inconclusive(
        "too-large",
        format!("{role} trust data has {length} bytes, more than {limit} are not read"),
    )
}

pub(super) fn no_delegations() -> Refusal {
    Refusal::rejected(
        "no-delegations",
        "no delegations found for validator: targets delegates to nobody",
    )
}

pub(super) fn delegation_not_found(name: &DelegationName) -> Refusal {
    Refusal::rejected(
        "delegation-not-found",
        format!("delegation {name} not found in {}", name.parent()),
    )
}

pub(super) fn delegation_unsigned(name: &DelegationName) -> Refusal {
    Refusal::rejected(
        "delegation-unsigned",
        format!("delegation {name} has signed nothing: the snapshot does not list it"),
    )
}

pub(super) fn delegation_path(name: &Role, tag: &str) -> Refusal {
    Refusal::rejected(
        "delegation-path",
        format!(
            "delegation {name} lists tag '{tag}', but may not sign it: it is outside its paths"
        ),
    )
}

pub(super) fn tag_not_in_targets(tag: &str, role: &Role) -> Refusal {
    Refusal::rejected(
        "not-in-targets",
        format!("validated targets don't contain reference: no tag '{tag}' found in {role}"),
    )
}

pub(super) fn digest_not_in_targets(digest: Digest, role: &Role) -> Refusal {
    Refusal::rejected(
        "not-in-targets",
        format!("validated targets don't contain reference: no digest {digest} found in {role}"),
    )
}

pub(super) fn digest_conflict(found: usize, image: &str) -> Refusal {
    Refusal::rejected(
        "digest-conflict",
        format!("found {found} digests for image {image}, expected 1"),
    )
}

pub(super) fn digest_differs(tag: &str, signed: Digest) -> Refusal {
    Refusal::rejected(
        "digest-differs",
        format!("tag '{tag}' is signed for {signed}, which doesn't match given digest"),
    )
}
