//! Thresholds that are met by fewer people than they say, and signatures that are none.

use bytes::Bytes;
use connaisseur::cli::demo::signer::KeyChoice;
use connaisseur::cli::demo::trust_data::{Collection, TufSigner, assemble, canonical};
use serde_json::{Value, json};

use super::soon;
use crate::notaryv1::rig::{GUN, Rig, digest, image, key, rejected, verified};

/// A collection with tag `1`, spoiled, judged.
async fn word_for(spoil: impl FnOnce(&mut Collection)) -> &'static str {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    spoil(&mut collection);
    rig.publish(&mut collection);
    rejected(&rig.trusting(&collection), &image("app:1")).await
}

/// The same file with other signatures.
fn with_signatures(file: &Bytes, change: impl Fn(&mut Vec<Value>)) -> Bytes {
    let mut file: Value = serde_json::from_slice(file).unwrap();
    let mut signatures = file["signatures"].as_array().unwrap().clone();
    change(&mut signatures);
    assemble(&canonical(&file["signed"].take()), &signatures)
}

#[tokio::test]
async fn one_signature_written_twice_counts_once() {
    let word = word_for(|it| {
        it.targets.keys.push(key());
        it.targets.threshold = 2;
        it.rewrite("targets", |file| {
            with_signatures(&file, |signatures| {
                signatures.truncate(1);
                signatures.push(signatures[0].clone());
            })
        });
    });
    let word = word.await;
    assert!(["insufficient-signatures", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn one_key_that_signs_twice_counts_once() {
    let word = word_for(|it| {
        let signer = it.targets.keys[0].clone();
        it.targets.keys.push(key());
        it.targets.threshold = 2;
        it.targets.signers = vec![signer.clone(), signer];
    });
    let word = word.await;
    assert!(["insufficient-signatures", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn a_key_id_that_a_role_lists_twice_counts_once() {
    let word = word_for(|it| {
        let signer = it.targets.keys[0].clone();
        it.targets.keys.push(signer);
        it.targets.signers.truncate(1);
        it.targets.threshold = 2;
    });
    let word = word.await;
    assert!(["insufficient-signatures", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn one_key_under_several_ids_counts_once() {
    for choice in [KeyChoice::EcdsaP256, KeyChoice::EcdsaP384, KeyChoice::Rsa2048] {
        let bare = TufSigner::generate(choice).unwrap();
        let forms = [bare.certified(GUN).unwrap(), bare.certified(GUN).unwrap(), bare];
        for threshold in [2, 3] {
            for role in 0..4 {
                let forms = forms.to_vec();
                let word = word_for(move |it| {
                    let role = [&mut it.root, &mut it.timestamp, &mut it.snapshot, &mut it.targets]
                        .into_iter()
                        .nth(role)
                        .unwrap();
                    role.set_keys(forms);
                    role.threshold = threshold;
                });
                assert_eq!(word.await, "insufficient-signatures", "{choice:?} {role}");
            }
        }
    }
}

#[tokio::test]
async fn one_key_under_several_ids_counts_once_in_a_delegation() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let bare = key();
    let keys = vec![bare.certified(GUN).unwrap(), bare.clone()];
    collection.delegate("releases", keys, &[""]).role.threshold = 2;
    collection.sign_as("releases", "1", digest("1"));
    rig.publish(&mut collection);
    let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
    assert_eq!(word, "insufficient-signatures");
}

#[tokio::test]
async fn a_key_that_is_listed_under_the_id_of_another_does_not_count() {
    let word = word_for(|it| {
        let (right, wrong) = (it.targets.keys[0].clone(), key());
        let under = right.key_id();
        let listed = wrong.key_json();
        it.edit("root", move |signed| signed["keys"][&under] = listed.clone());
        it.targets.signers = vec![wrong.clone()];
        let claimed = right.key_id();
        it.rewrite("targets", move |file| {
            with_signatures(&file, |signatures| signatures[0]["keyid"] = json!(claimed))
        });
    });
    let word = word.await;
    assert!(["insufficient-signatures", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn one_key_under_two_made_up_ids_counts_once() {
    let word = word_for(|it| {
        let signer = it.targets.keys[0].clone();
        let (right, made_up) = (signer.key_id(), "0".repeat(64));
        let listed = signer.key_json();
        let also = made_up.clone();
        it.edit("root", move |signed| {
            signed["keys"][&also] = listed.clone();
            signed["roles"]["targets"] = json!({"keyids": [right, also], "threshold": 2});
        });
        it.rewrite("targets", move |file| {
            with_signatures(&file, |signatures| {
                let mut again = signatures[0].clone();
                again["keyid"] = json!(made_up);
                signatures.push(again);
            })
        });
    });
    let word = word.await;
    assert!(["insufficient-signatures", "malformed-trust-data"].contains(&word), "{word}");
}

#[tokio::test]
async fn a_key_that_the_role_does_not_list_does_not_count_though_the_root_knows_it() {
    let word = word_for(|it| {
        let snapshot = it.snapshot.keys.clone();
        it.targets.signers = snapshot;
    });
    assert_eq!(word.await, "insufficient-signatures");
}

#[tokio::test]
async fn the_signature_of_a_stranger_under_the_id_of_a_key_does_not_count() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let word = word_for(|it| {
            let stranger = key();
            let roles = [&it.root, &it.timestamp, &it.snapshot, &it.targets];
            let names = ["root", "timestamp", "snapshot", "targets"];
            let position = names.iter().position(|name| *name == role).unwrap();
            let claimed = roles[position].keys[0].key_id();
            it.rewrite(role, move |file| {
                let read: Value = serde_json::from_slice(&file).unwrap();
                let mut forged = stranger.signature(&canonical(&read["signed"])).unwrap();
                forged["keyid"] = json!(claimed);
                with_signatures(&file, |signatures| *signatures = vec![forged.clone()])
            });
        });
        let wanted = if role == "root" { "wrong-root-key" } else { "insufficient-signatures" };
        let word = word.await;
        assert!([wanted, "insufficient-signatures"].contains(&word), "{role}: {word}");
    }
}

#[tokio::test]
async fn methods_and_signatures_that_are_none_do_not_count() {
    for (member, spoiled) in [
        ("method", json!("none")),
        ("method", json!("")),
        ("method", json!("eddsa")),
        ("method", json!("rsapss")),
        ("method", json!("hmac")),
        ("sig", json!("")),
        ("sig", json!("AAAA")),
        ("sig", json!("A".repeat(86) + "==")),
        ("sig", json!("no base64!")),
        ("sig", json!(null)),
        ("keyid", json!("")),
        ("keyid", json!(null)),
    ] {
        let put = spoiled.clone();
        let word = word_for(|it| {
            it.rewrite("targets", move |file| {
                with_signatures(&file, |signatures| signatures[0][member] = put.clone())
            });
        });
        let word = word.await;
        let fine = ["insufficient-signatures", "malformed-trust-data"].contains(&word);
        assert!(fine, "{member} {spoiled}: {word}");
    }
}

#[tokio::test]
async fn the_method_may_be_written_in_capitals() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.rewrite("targets", |file| {
        with_signatures(&file, |signatures| signatures[0]["method"] = json!("ECDSA"))
    });
    rig.publish(&mut collection);
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn thresholds_that_are_none_are_malformed() {
    for threshold in [json!(0), json!(-1), json!(null), json!("1"), json!(0.5)] {
        for role in ["root", "timestamp", "snapshot", "targets"] {
            let put = threshold.clone();
            let word = word_for(|it| {
                it.edit("root", move |signed| signed["roles"][role]["threshold"] = put.clone());
            });
            assert_eq!(word.await, "malformed-trust-data", "{role} {threshold}");
        }
    }
}

#[tokio::test]
async fn a_role_without_keys_accepts_nothing() {
    for role in ["timestamp", "snapshot", "targets"] {
        let word = word_for(|it| {
            it.edit("root", move |signed| signed["roles"][role]["keyids"] = json!([]));
        });
        let word = word.await;
        let fine = ["insufficient-signatures", "malformed-trust-data"].contains(&word);
        assert!(fine, "{role}: {word}");
    }
}

#[tokio::test]
async fn ten_thousand_signatures_cost_little() {
    for good_at in [Some(0), Some(9_999), None] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.rewrite("targets", move |file| {
            with_signatures(&file, |signatures| {
                let good = signatures[0].clone();
                let mut bad = good.clone();
                // Under the id of the key, so that each has to be tried.
                bad["sig"] = json!("A".repeat(86) + "==");
                *signatures = vec![bad; 10_000];
                if let Some(position) = good_at {
                    signatures[position] = good;
                }
            })
        });
        rig.publish(&mut collection);
        let verdict = soon(&rig.trusting(&collection)).await;
        match verdict {
            Ok(verdict) => assert!(good_at.is_some(), "{verdict:?}"),
            Err(refusal) => {
                let word = refusal.reason().word;
                let fine = ["insufficient-signatures", "malformed-trust-data"].contains(&word);
                assert!(fine, "{good_at:?}: {refusal}");
            }
        }
    }
}

#[tokio::test]
async fn ten_thousand_keys_cost_little() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    let stranger = key().key_json();
    collection.edit("root", move |signed| {
        let keys = signed["keys"].as_object_mut().unwrap();
        for number in 0..10_000 {
            keys.insert(format!("{number:064x}"), stranger.clone());
        }
    });
    rig.publish(&mut collection);
    let refusal = soon(&rig.trusting(&collection)).await.map(|verdict| verdict.digest());
    match refusal {
        Ok(verified) => assert_eq!(verified, digest("1")),
        Err(refusal) => {
            let word = refusal.reason().word;
            assert!(["too-large", "malformed-trust-data"].contains(&word), "{refusal}");
        }
    }
}

#[tokio::test]
async fn keys_that_nobody_can_read_do_not_count_and_do_no_harm() {
    for public in ["", "AAAA", "no base64!", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="] {
        for key_type in ["ecdsa", "ecdsa-x509", "rsa", "rsa-x509", "ed25519", "none", ""] {
            let rig = Rig::start().await;
            let mut collection = rig.collection();
            collection.sign("1", digest("1"));
            let broken = json!({
                "keytype": key_type, "keyval": {"private": null, "public": public},
            });
            // The id is right, so that it is the key that has to be looked at.
            let id = connaisseur::image::Digest::of(&canonical(&broken)).hex();
            collection.edit("root", move |signed| {
                signed["keys"][&id] = broken.clone();
                let ids = signed["roles"]["targets"]["keyids"].as_array_mut().unwrap();
                ids.insert(0, json!(id));
            });
            rig.publish(&mut collection);
            let verdict = soon(&rig.trusting(&collection)).await;
            match verdict {
                Ok(verdict) => assert_eq!(verdict.digest(), digest("1")),
                Err(refusal) => assert_eq!(refusal.reason().word, "malformed-trust-data"),
            }
        }
    }
}
