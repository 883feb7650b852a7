//! Files that are longer, shorter or other than what vouches for them says.

use connaisseur::cli::demo::registry::{Effect, Fault};
use connaisseur::image::Digest;
use serde_json::json;

use super::{assert_word, soon};
use crate::notaryv1::rig::{GUN, Rig, digest, image, inconclusive, rejected, verified};

fn path(file: &str) -> String {
    format!("/v2/{GUN}/_trust/tuf/{file}")
}

#[tokio::test]
async fn data_that_never_ends_is_cut_off() {
    for file in ["timestamp.json", "root.json", "snapshot.", "targets."] {
        let rig = Rig::start().await;
        let (_collection, verifier) = rig.signed();
        rig.notary.inject(Fault::at(path(file), Effect::Endless));
        assert_eq!(inconclusive(&verifier, &image("app:1")).await, "too-large", "{file}");
    }
}

#[tokio::test]
async fn a_file_longer_than_its_vouched_length_is_not_read_to_its_end() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.edit("snapshot", |signed| signed["meta"]["targets"]["length"] = json!(10));
    rig.publish(&mut collection);
    assert_eq!(inconclusive(&rig.trusting(&collection), &image("app:1")).await, "too-large");
}

#[tokio::test]
async fn a_root_of_another_length_than_the_snapshot_says_is_rejected() {
    for difference in [-1_i64, 1, 1_000_000] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.edit("snapshot", move |signed| {
            let length = &mut signed["meta"]["root"]["length"];
            *length = json!(length.as_i64().unwrap() + difference);
        });
        rig.publish(&mut collection);
        let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
        assert_eq!(word, "wrong-length", "{difference}");
    }
}

#[tokio::test]
async fn lengths_that_are_none_are_malformed() {
    for length in [json!(-1), json!("700"), json!(null), json!(1.5)] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        let spoiled = length.clone();
        collection.edit("timestamp", move |signed| {
            signed["meta"]["snapshot"]["length"] = spoiled.clone();
        });
        rig.publish(&mut collection);
        let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
        assert_eq!(word, "malformed-trust-data", "{length}");
    }
}

#[tokio::test]
async fn a_huge_vouched_length_does_not_lift_the_limit() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.edit("timestamp", |signed| {
        signed["meta"]["snapshot"]["length"] = json!(1_u64 << 40);
    });
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);
    rig.notary.inject(Fault::at(path("snapshot."), Effect::Endless));
    let verdict = soon(&verifier).await;
    let refusal = verdict.unwrap_err();
    let word = refusal.reason().word;
    assert!(["too-large", "malformed-trust-data", "wrong-length"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_file() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    for file in ["timestamp.json", "targets."] {
        rig.notary.inject(Fault::at(path(file), Effect::ClaimMore(1)));
        let refusal = soon(&verifier).await.unwrap_err();
        assert!(refusal.to_string().starts_with("inconclusive"), "{file}: {refusal}");
        rig.notary.heal();
    }
}

#[tokio::test]
async fn other_bytes_under_a_checksum_are_not_believed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    for role in ["snapshot", "targets"] {
        for (file, bytes) in collection.publish().unwrap() {
            if file.starts_with(&format!("{role}.")) && file != format!("{role}.json") {
                let mut other = bytes.to_vec();
                let last = other.len() - 1;
                other[last] = b' ';
                rig.notary.push_trust_data(GUN, &file, other);
            }
        }
        assert_word(&soon(&verifier).await, "digest-mismatch");
        rig.publish(&mut collection);
    }
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn hashes_that_are_swapped_between_roles_are_noticed() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.edit("snapshot", |signed| {
        let root = signed["meta"]["root"].clone();
        signed["meta"]["root"] = signed["meta"]["targets"].clone();
        signed["meta"]["targets"] = root;
    });
    let files = collection.publish().unwrap();
    let of = |name: &str| files.iter().find(|(file, _)| file == name).unwrap().1.clone();
    let (root, targets) = (of("root.json"), of("targets.json"));
    let under = |role: &str, bytes: &[u8]| format!("{role}.{}.json", Digest::of(bytes).hex());
    rig.publish(&mut collection);
    rig.notary.push_trust_data(GUN, &under("targets", &root), root.clone());
    rig.notary.push_trust_data(GUN, &under("root", &targets), targets.clone());
    let verdict = soon(&rig.trusting(&collection)).await;
    let word = verdict.unwrap_err().reason().word;
    assert!(["hash-mismatch", "wrong-length", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn a_file_without_sha256_is_not_vouched_for() {
    for (role, pointer) in [
        ("timestamp", "/meta/snapshot/hashes"),
        ("snapshot", "/meta/root/hashes"),
        ("snapshot", "/meta/targets/hashes"),
    ] {
        for spoiled in [
            json!({}),
            json!({"sha512": "A".repeat(86) + "=="}),
            json!({"md5": "AAAA"}),
            json!({"sha256": "AAAA"}),
            json!({"sha256": "no base64"}),
            json!({"sha256": 7}),
            json!(null),
        ] {
            let rig = Rig::start().await;
            let mut collection = rig.collection();
            collection.sign("1", digest("1"));
            let put = spoiled.clone();
            collection
                .edit(role, move |signed| *signed.pointer_mut(pointer).unwrap() = put.clone());
            rig.publish(&mut collection);
            let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
            assert_eq!(word, "malformed-trust-data", "{role}{pointer} {spoiled}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_that_does_not_list_root_or_targets_vouches_for_nothing() {
    for missing in ["root", "targets"] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.edit("snapshot", move |signed| {
            signed["meta"].as_object_mut().unwrap().remove(missing);
        });
        rig.publish(&mut collection);
        let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
        assert_eq!(word, "malformed-trust-data", "{missing}");
    }
}
