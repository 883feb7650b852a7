//! What is remembered of trust data, for how long, and what it may be used for.

use std::time::Duration;

use connaisseur::cli::demo::registry::{Fault, Options};
use connaisseur::clock::Clock;
use connaisseur::config::Cache;
use connaisseur::validators::Refusal;

use super::rig::{GUN, Rig, digest, image, inconclusive, key, pinned, rejected, verified};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn what_was_verified_is_recalled_without_the_notary() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    verified(&verifier, &image("app:1")).await;
    rig.notary.clear_log();

    let recalled = verifier.recall(&image("app:1"), rig.clock.now()).unwrap().unwrap();
    assert_eq!(recalled.digest(), digest("1"));
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    assert_eq!(verified(&verifier, &pinned(digest("1"))).await, digest("1"));
    assert_eq!(rig.requests(), [""; 0]);
}

#[tokio::test]
async fn names_are_asked_for_again_after_thirty_seconds_and_nothing_else() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    rig.notary.clear_log();
    rig.clock.advance(seconds(29));
    assert!(verifier.recall(&image("app:1"), rig.clock.now()).is_some());
    rig.clock.advance(seconds(1));

    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    assert_eq!(rig.requests(), ["root.json", "timestamp.json"]);
}

#[tokio::test]
async fn a_change_costs_the_files_that_changed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    collection.sign("1", digest("new"));
    rig.publish(&mut collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    rig.notary.clear_log();
    rig.forget_names();

    assert_eq!(verified(&verifier, &image("app:1")).await, digest("new"));
    let files = ["root.json", "snapshot.*.json", "targets.*.json", "timestamp.json"];
    assert_eq!(rig.requests(), files);
}

#[tokio::test]
async fn a_rejection_that_rests_on_remembered_names_is_spoken_only_after_a_fresh_look() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    assert_eq!(rejected(&verifier, &image("app:2")).await, "not-in-targets");

    collection.sign("2", digest("2"));
    rig.publish(&mut collection);
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
}

#[tokio::test]
async fn a_rejection_is_spoken_only_after_a_fresh_look_at_the_root() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    collection.rotate_root().unwrap();
    rig.publish(&mut collection);
    // The new key is not in the root that is remembered.
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_revoked_tag_is_rejected_once_names_are_asked_for_again() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    collection.revoke("1");
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "not-in-targets");
}

#[tokio::test]
async fn trust_data_that_is_gone_is_forgotten_once_names_are_asked_for_again() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    for file in ["root.json", "timestamp.json"] {
        rig.notary.remove_trust_data(GUN, file);
    }
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "no-trust-data");
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()).and_then(Result::ok), None);
}

#[tokio::test]
async fn trust_data_that_was_missing_is_looked_for_again() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let verifier = rig.trusting(&collection);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "no-trust-data");
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_rejection_is_remembered_at_most_thirty_seconds() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    assert_eq!(rejected(&verifier, &image("app:2")).await, "not-in-targets");
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);
    rig.clock.advance(seconds(30));

    let recalled = verifier.recall(&image("app:2"), rig.clock.now());
    assert!(!matches!(recalled, Some(Err(Refusal::Rejected(_)))), "{recalled:?}");
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
}

#[tokio::test]
async fn a_changed_rule_is_judged_again_from_what_is_remembered() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    for name in ["alice", "bob"] {
        collection.delegate(name, vec![key()], &[""]);
        collection.sign_as(name, "1", digest("1"));
    }
    rig.publish(&mut collection);
    let both = rig.with(&collection, "delegations: [alice, bob]");
    verified(&both, &image("app:1")).await;
    rig.notary.clear_log();

    let alice = rig.with(&collection, "delegations: [alice]");
    assert_eq!(alice.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&alice, &image("app:1")).await, digest("1"));
    assert_eq!(rig.requests(), [""; 0]);
}

#[tokio::test]
async fn a_changed_key_makes_old_verdicts_unreachable_at_once() {
    let rig = Rig::start().await;
    let (_collection, before) = rig.signed();
    verified(&before, &image("app:1")).await;
    let after = rig.verifier(&[("default", &key())], "trustRoot: default");
    assert_eq!(after.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(rejected(&after, &image("app:1")).await, "wrong-root-key");
}

#[tokio::test]
async fn inconclusive_is_never_remembered() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    rig.notary.inject(Fault::status("/v2/", 403));
    assert_eq!(inconclusive(&verifier, &image("app:1")).await, "registry-denied");
    rig.notary.heal();
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn an_outage_does_not_let_old_names_live_on() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    rig.notary.inject(Fault::status("/v2/", 403));
    rig.forget_names();
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(inconclusive(&verifier, &image("app:1")).await, "registry-denied");
}

#[tokio::test]
async fn a_name_life_of_zero_asks_the_notary_every_time() {
    let cache = Cache { name_max_age: Duration::ZERO, ..Cache::default() };
    let rig = Rig::start_with(Options::default(), &cache).await;
    let (_collection, verifier) = rig.signed();
    for _ in 0..2 {
        rig.notary.clear_log();
        assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
        let requests = rig.requests();
        assert!(requests.contains(&"timestamp.json".to_owned()), "{requests:?}");
        assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    }
}

#[tokio::test]
async fn rejections_are_not_remembered_where_the_configuration_says_so() {
    let cache = Cache { rejected: false, ..Cache::default() };
    let rig = Rig::start_with(Options::default(), &cache).await;
    let (_collection, verifier) = rig.signed();
    assert_eq!(rejected(&verifier, &image("app:2")).await, "not-in-targets");
    assert_eq!(verifier.recall(&image("app:2"), rig.clock.now()), None);
}

#[tokio::test]
async fn a_verdict_is_not_recalled_before_it_was_given_or_after_its_end() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    let judged_at = rig.clock.now();
    assert!(verifier.recall(&image("app:1"), judged_at + seconds(29)).is_some());
    assert_eq!(verifier.recall(&image("app:1"), judged_at - seconds(1)), None);
    assert_eq!(verifier.recall(&image("app:1"), judged_at + seconds(600)), None);
}

#[tokio::test]
async fn a_name_does_not_live_longer_by_being_used() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);
    verified(&verifier, &image("app:1")).await;
    rig.clock.advance(seconds(20));
    rig.notary.clear_log();
    verified(&verifier, &image("app:2")).await;
    assert_eq!(rig.requests(), [""; 0]);

    rig.clock.advance(seconds(11));
    verified(&verifier, &image("app:2")).await;
    assert_eq!(rig.requests(), ["root.json", "timestamp.json"]);
}

#[tokio::test]
async fn a_repository_in_use_is_looked_at_again_before_its_names_are_forgotten() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    verified(&verifier, &image("app:1")).await;
    rig.notary.clear_log();
    rig.clock.advance(seconds(14));
    assert!(verifier.recall(&image("app:1"), rig.clock.now()).is_some());
    rig.clock.advance(seconds(2));
    // Old by now: answered at once, and asked for behind the caller's back.
    assert!(verifier.recall(&image("app:1"), rig.clock.now()).is_some());
    rig.clock.advance(seconds(20));

    // Thirty-six seconds after the first look only the second one can answer.
    let recalled = async {
        while verifier.recall(&image("app:1"), rig.clock.now()).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(seconds(20), recalled).await.expect("nobody looked again");
    assert_eq!(rig.requests(), ["root.json", "timestamp.json"]);
}
