//! Delegations that vanish, overreach or never end.

use connaisseur::cli::demo::trust_data::{Collection, Delegation};
use serde_json::{Value, json};

use super::{assert_word, soon};
use crate::notaryv1::rig::{
    GUN, Rig, digest, hashes, image, inconclusive, key, rejected, verified,
};

/// Tag `1` is listed by targets and by alice.
fn with_alice(rig: &Rig) -> Collection {
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.delegate("alice", vec![key()], &[""]);
    collection.sign_as("alice", "1", digest("1"));
    collection
}

#[tokio::test]
async fn a_required_delegation_that_the_server_hides_denies() {
    let rig = Rig::start().await;
    let mut collection = with_alice(&rig);
    rig.publish(&mut collection);
    for (file, _) in collection.publish().unwrap() {
        if file.starts_with("targets/alice") {
            rig.notary.remove_trust_data(GUN, &file);
        }
    }
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(inconclusive(&verifier, &image("app:1")).await, "not-found");
}

#[tokio::test]
async fn a_required_delegation_that_the_snapshot_hides_denies() {
    let rig = Rig::start().await;
    // A server that holds the keys of timestamp and snapshot can sign this.
    let mut collection = with_alice(&rig);
    collection.edit("snapshot", |signed| {
        signed["meta"].as_object_mut().unwrap().remove("targets/alice");
    });
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "delegation-unsigned");
}

#[tokio::test]
async fn old_targets_from_before_a_delegation_deny_where_it_is_required() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "no-delegations");
}

#[tokio::test]
async fn a_releases_role_that_signed_and_is_hidden_by_the_server_does_not_fall_back() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("old"));
    collection.delegate("releases", vec![key()], &[""]);
    collection.sign_as("releases", "1", digest("new"));
    rig.publish(&mut collection);
    for (file, _) in collection.publish().unwrap() {
        if file.starts_with("targets/releases") {
            rig.notary.remove_trust_data(GUN, &file);
        }
    }
    assert_eq!(inconclusive(&rig.trusting(&collection), &image("app:1")).await, "not-found");
}

#[tokio::test]
async fn a_delegation_outside_its_paths_does_not_count() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("releases", vec![key()], &["test-"]);
    collection.sign_as("releases", "prod", digest("evil"));
    collection.sign_as("releases", "test-1", digest("test"));
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);
    assert_eq!(verified(&verifier, &image("app:test-1")).await, digest("test"));
    assert_eq!(rejected(&verifier, &image("app:prod")).await, "delegation-path");
    let evil = image(&format!("app@{}", digest("evil")));
    let word = rejected(&verifier, &evil).await;
    assert!(["delegation-path", "not-in-targets"].contains(&word), "{word}");
}

#[tokio::test]
async fn a_delegation_without_paths_lists_nothing() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("alice", vec![key()], &[]);
    collection.sign_as("alice", "1", digest("1"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "delegation-path");
}

#[tokio::test]
async fn a_delegation_cannot_give_more_than_it_has() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("team", vec![key()], &["test-"]);
    collection.delegate("team/alice", vec![key()], &[""]);
    collection.sign_as("team/alice", "prod", digest("evil"));
    collection.sign_as("team/alice", "test-1", digest("test"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [team/alice]");
    assert_eq!(rejected(&verifier, &image("app:prod")).await, "delegation-path");
    assert_eq!(verified(&verifier, &image("app:test-1")).await, digest("test"));
}

#[tokio::test]
async fn an_unsigned_or_expired_delegation_in_the_middle_denies() {
    type Spoil = fn(&mut Delegation);
    let cases: [(&str, Spoil); 3] = [
        ("insufficient-signatures", |team| team.role.signers.clear()),
        ("delegation-expired", |team| {
            team.role.expires = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        }),
        ("delegation-unsigned", |team| team.published = false),
    ];
    for (word, spoil) in cases {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.delegate("team", vec![key()], &[""]);
        collection.delegate("team/alice", vec![key()], &[""]);
        collection.sign_as("team/alice", "1", digest("1"));
        spoil(collection.delegations.get_mut("targets/team").unwrap());
        rig.publish(&mut collection);
        let verifier = rig.with(&collection, "delegations: [team/alice]");
        assert_eq!(rejected(&verifier, &image("app:1")).await, word);
    }
}

#[tokio::test]
async fn a_delegation_that_lists_itself_or_others_elsewhere_gives_nothing() {
    for name in ["targets/alice", "targets/bob", "targets", "targets/alice/x/y", "root", "bob"] {
        let rig = Rig::start().await;
        let mut collection = with_alice(&rig);
        let mallory = key();
        let (id, listed) = (mallory.key_id(), mallory.key_json());
        collection.edit("targets/alice", move |signed| {
            signed["delegations"] = json!({
                "keys": {&*id: listed},
                "roles": [{"keyids": [id], "name": name, "paths": [""], "threshold": 1}],
            });
        });
        rig.publish(&mut collection);
        let verdict = soon(&rig.with(&collection, "delegations: [alice]")).await;
        match verdict {
            Ok(verdict) => assert_eq!(verdict.digest(), digest("1")),
            Err(refusal) => assert_eq!(refusal.reason().word, "malformed-trust-data", "{name}"),
        }
        let bob = rig.with(&collection, "delegations: [bob]");
        soon(&bob).await.unwrap_err();
    }
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_never_asked_for() {
    for name in [
        "targets/../root",
        "targets/./alice",
        "targets//alice",
        "targets/alice/",
        "targets/Alice",
        "targets/a%2f..",
        "targets/a?b",
        "targets/a#b",
        "targets/",
        "",
        "targets/ä",
    ] {
        let rig = Rig::start().await;
        let mut collection = with_alice(&rig);
        collection.edit("targets", move |signed| {
            let roles = signed["delegations"]["roles"].as_array_mut().unwrap();
            let mut odd = roles[0].clone();
            odd["name"] = json!(name);
            roles.push(odd);
        });
        rig.publish(&mut collection);
        let verdict = soon(&rig.with(&collection, "delegations: [alice]")).await;
        if let Err(refusal) = verdict {
            assert_eq!(refusal.reason().word, "malformed-trust-data", "{name}");
        }
        for path in rig.notary.requests() {
            assert!(path.path.starts_with(&format!("/v2/{GUN}/_trust/tuf/")), "{}", path.path);
        }
    }
}

#[tokio::test]
async fn a_name_that_is_listed_twice_does_not_get_a_second_set_of_keys() {
    let rig = Rig::start().await;
    let mut collection = with_alice(&rig);
    // The role is listed again, with the key of somebody else, who signs.
    let mallory = key();
    let (id, listed) = (mallory.key_id(), mallory.key_json());
    collection.edit("targets", move |signed| {
        signed["delegations"]["keys"][&id] = listed.clone();
        let roles = signed["delegations"]["roles"].as_array_mut().unwrap();
        let mut second = roles[0].clone();
        second["keyids"] = json!([id]);
        roles.push(second);
    });
    collection.delegations.get_mut("targets/alice").unwrap().role.signers = vec![mallory];
    rig.publish(&mut collection);
    let refusal = soon(&rig.with(&collection, "delegations: [alice]")).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["malformed-trust-data", "insufficient-signatures"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn delegations_without_threshold_or_with_unknown_keys_are_malformed() {
    for (member, spoiled) in [
        ("threshold", json!(0)),
        ("threshold", json!(-1)),
        ("threshold", json!("1")),
        ("keyids", json!(["0".repeat(64)])),
        ("keyids", json!(null)),
        ("name", json!(null)),
        ("paths", json!(7)),
    ] {
        let rig = Rig::start().await;
        let mut collection = with_alice(&rig);
        let put = spoiled.clone();
        collection.edit("targets", move |signed| {
            signed["delegations"]["roles"][0][member] = put.clone();
        });
        rig.publish(&mut collection);
        let verdict = soon(&rig.with(&collection, "delegations: [alice]")).await;
        assert_word(&verdict, "malformed-trust-data");
    }
}

#[tokio::test]
async fn a_chain_of_delegations_is_walked_eight_levels_deep_and_no_deeper() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let signer = key();
    let name_of = |depth: usize| vec!["a"; depth].join("/");
    for depth in 1..=9 {
        collection.delegate(&name_of(depth), vec![signer.clone()], &[""]);
    }
    for depth in [8, 9] {
        collection.sign_as(&name_of(depth), "1", digest("1"));
    }
    // Who lists a role that is too deep is not read any more.
    let mut eight = rig.collection();
    for depth in 1..=8 {
        eight.delegate(&name_of(depth), vec![signer.clone()], &[""]);
    }
    eight.sign_as(&name_of(8), "1", digest("1"));
    rig.publish(&mut eight);
    let with = format!("delegations: [{}]", name_of(8));
    assert_eq!(soon(&rig.with(&eight, &with)).await.unwrap().digest(), digest("1"));
    assert_eq!(rig.requests().len(), 12, "{:?}", rig.requests());

    rig.publish(&mut collection);
    assert_word(&soon(&rig.with(&collection, &with)).await, "malformed-trust-data");
    let roots = [("default", &collection.root.keys[0])];
    let fault = rig.load_rule(&roots, &format!("delegations: [{}]", name_of(9))).unwrap_err();
    assert!(format!("{fault:?}").contains("deeper than 8"), "{fault:?}");
}

#[tokio::test]
async fn ten_thousand_delegations_cost_little() {
    let rig = Rig::start().await;
    let mut collection = with_alice(&rig);
    collection.edit("targets", |signed| {
        let roles = signed["delegations"]["roles"].as_array_mut().unwrap();
        let one = roles[0].clone();
        roles.extend((0..10_000).map(|number| {
            let mut another = one.clone();
            another["name"] = Value::from(format!("targets/r{number}"));
            another
        }));
    });
    rig.publish(&mut collection);
    for with in ["delegations: [alice]", "delegations: [r9999]", "trustRoot: default"] {
        match soon(&rig.with(&collection, with)).await {
            Ok(verdict) => assert_eq!(verdict.digest(), digest("1"), "{with}"),
            Err(refusal) => {
                let word = refusal.reason().word;
                let fine = ["malformed-trust-data", "delegation-unsigned"].contains(&word);
                assert!(fine, "{with}: {refusal}");
            }
        }
    }
    assert!(rig.requests().len() <= 12, "{:?}", rig.requests());
}

#[tokio::test]
async fn two_entries_of_one_image_in_one_file_do_not_both_count() {
    let rig = Rig::start().await;
    let mut collection = with_alice(&rig);
    // Not valid JSON for us, whichever entry another reader would take.
    collection.edit("targets/alice", |signed| {
        signed["targets"]["2"] = hashes("other");
    });
    collection.rewrite("targets/alice", |file| {
        let text = String::from_utf8(file.to_vec()).unwrap();
        text.replacen("\"2\":", "\"1\":", 1).into()
    });
    rig.publish(&mut collection);
    let refusal = soon(&rig.with(&collection, "delegations: [alice]")).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["malformed-trust-data", "insufficient-signatures"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_releases_role_that_targets_lists_no_more_is_over() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("old"));
    collection.delegate("releases", vec![key()], &[""]);
    collection.sign_as("releases", "1", digest("new"));
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("new"));

    collection.delegations.clear();
    collection.sign("1", digest("newer"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("newer"));
}

#[tokio::test]
async fn a_releases_role_that_has_signed_is_not_dropped_from_the_snapshot() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("old"));
    collection.delegate("releases", vec![key()], &[""]);
    collection.sign_as("releases", "1", digest("new"));
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("new"));

    // A server that holds the keys of timestamp and snapshot hides it: targets would be asked.
    collection.edit("snapshot", |signed| {
        signed["meta"].as_object_mut().unwrap().remove("targets/releases");
    });
    collection.snapshot.version += 1;
    collection.timestamp.version += 1;
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
}

#[tokio::test]
async fn a_releases_role_that_was_removed_is_over_though_the_snapshot_still_lists_its_file() {
    let rig = Rig::start().await;
    let mut collection = with_alice(&rig);
    collection.delegate("releases", vec![key()], &[""]);
    collection.sign_as("releases", "1", digest("old"));
    // Notary leaves the file of a role that was removed in the snapshot.
    collection.edit("targets", |signed| {
        let roles = signed["delegations"]["roles"].as_array_mut().unwrap();
        roles.retain(|role| role["name"] != "targets/releases");
    });
    rig.publish(&mut collection);
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}
