//! What is remembered, for how long, and what it may be used for: one test for each sentence of the
//! design's "four kinds of knowledge".

use std::time::Duration;

use connaisseur::cli::demo::registry::Fault;
use connaisseur::clock::Clock;
use connaisseur::config::Cache;
use connaisseur::validators::Refusal;

use super::rig::{MANIFEST, Rig, inconclusive, rejected, verified};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn what_was_verified_is_recalled_without_the_registry() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let verifier = rig.by_alice();
    let (by_tag, by_digest) = (rig.image("app:1"), rig.pinned("app", image));

    assert_eq!(verifier.recall(&by_tag, rig.clock.now()), None);
    verified(&verifier, &by_tag).await;
    rig.registry.clear_log();

    for reference in [&by_tag, &by_digest] {
        let recalled = verifier.recall(reference, rig.clock.now()).unwrap().unwrap();
        assert_eq!(recalled.digest(), image);
        assert_eq!(verified(&verifier, reference).await, image);
    }
    assert_eq!(rig.requests(), [""; 0]);
}

#[tokio::test]
async fn a_name_is_asked_for_again_after_thirty_seconds_but_the_verdict_stays() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let verifier = rig.by_alice();
    verified(&verifier, &rig.image("app:1")).await;
    rig.registry.clear_log();
    rig.clock.advance(seconds(30));

    assert_eq!(verifier.recall(&rig.image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&verifier, &rig.image("app:1")).await, image);
    assert_eq!(rig.requests(), ["/v2/app/manifests/1"]);
    assert!(verifier.recall(&rig.pinned("app", image), rig.clock.now()).is_some());
}

#[tokio::test]
async fn a_verdict_ends_after_ten_minutes_and_when_the_clock_is_set_back() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let verifier = rig.by_alice();
    let pinned = rig.pinned("app", image);
    verified(&verifier, &pinned).await;
    let judged_at = rig.clock.now();

    assert!(verifier.recall(&pinned, judged_at + seconds(599)).is_some());
    assert_eq!(verifier.recall(&pinned, judged_at + seconds(600)), None);
    assert_eq!(verifier.recall(&pinned, judged_at - seconds(1)), None);
}

#[tokio::test]
async fn a_changed_rule_is_judged_again_from_evidence_without_the_registry() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures(
        "app",
        image,
        &[Rig::annotated(&rig.alice, image, "a"), Rig::annotated(&rig.bob, image, "b")],
    );
    let roots = [("alice", &rig.alice), ("bob", &rig.bob)];
    verified(&rig.verifier(&roots, "trustRoot: \"*\""), &rig.image("app:1")).await;
    rig.registry.clear_log();

    let changed = rig.verifier(&roots, "trustRoot: bob");
    assert_eq!(changed.recall(&rig.image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&changed, &rig.image("app:1")).await, image);
    assert_eq!(rig.requests(), [""; 0]);
}

#[tokio::test]
async fn a_changed_key_makes_old_verdicts_unreachable_at_once() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let before = rig.verifier(&[("key", &rig.alice)], "trustRoot: key");
    verified(&before, &rig.pinned("app", image)).await;

    let after = rig.verifier(&[("key", &rig.bob)], "trustRoot: key");
    assert_eq!(after.recall(&rig.pinned("app", image), rig.clock.now()), None);
    assert_eq!(rejected(&after, &rig.pinned("app", image)).await, "no-matching-signature");
}

#[tokio::test]
async fn a_rejection_that_rests_on_a_remembered_tag_is_spoken_only_after_a_fresh_look() {
    let rig = Rig::start().await;
    rig.registry.push_image("app", "1");
    let verifier = rig.by_alice();
    assert_eq!(rejected(&verifier, &rig.image("app:1")).await, "no-signature");

    // The tag moves to a signed image, while the old meaning and the old verdict are remembered.
    let manifest = r#"{"schemaVersion":2,"layers":[]}"#;
    let signed = rig.registry.push_manifest("app", Some("1"), MANIFEST, manifest);
    rig.push_signatures("app", signed, &[rig.signed_by(&rig.alice, "app", signed)]);
    assert_eq!(verifier.recall(&rig.image("app:1"), rig.clock.now()), None);
    assert_eq!(verified(&verifier, &rig.image("app:1")).await, signed);
}

#[tokio::test]
async fn a_rejection_that_rests_on_remembered_signatures_is_spoken_only_after_a_fresh_look() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    verified(&rig.by_alice(), &rig.pinned("app", image)).await;

    // Bob signs, too: a rule that wants him must not be told what was there before.
    rig.push_signatures(
        "app",
        image,
        &[rig.signed_by(&rig.alice, "app", image), rig.signed_by(&rig.bob, "app", image)],
    );
    let by_bob = rig.verifier(&[("bob", &rig.bob)], "trustRoot: bob");
    assert_eq!(verified(&by_bob, &rig.pinned("app", image)).await, image);
}

#[tokio::test]
async fn a_rejection_of_a_digest_is_remembered_thirty_seconds() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let verifier = rig.by_alice();
    let pinned = rig.pinned("app", image);
    assert_eq!(rejected(&verifier, &pinned).await, "no-signature");
    rig.push_signatures("app", image, &[rig.signed_by(&rig.alice, "app", image)]);
    rig.registry.clear_log();

    rig.clock.advance(seconds(29));
    assert!(matches!(verifier.recall(&pinned, rig.clock.now()), Some(Err(Refusal::Rejected(_)))));
    assert_eq!(rejected(&verifier, &pinned).await, "no-signature");
    assert_eq!(rig.requests(), [""; 0]);
    rig.clock.advance(seconds(1));
    assert_eq!(verified(&verifier, &pinned).await, image);
}

#[tokio::test]
async fn a_recalled_rejection_does_not_begin_its_life_anew() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let verifier = rig.by_alice();
    let pinned = rig.pinned("app", image);
    rejected(&verifier, &pinned).await;
    rig.clock.advance(seconds(20));
    rejected(&verifier, &pinned).await;
    rejected(&verifier, &rig.image("app:1")).await;
    rig.clock.advance(seconds(10));

    assert_eq!(verifier.recall(&pinned, rig.clock.now()), None);
}

#[tokio::test]
async fn inconclusive_is_never_remembered() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let verifier = rig.by_alice();
    let pinned = rig.pinned("app", image);
    rig.registry.inject(Fault::status("/v2/", 403));
    assert_eq!(inconclusive(&verifier, &pinned).await, "registry-denied");
    rig.registry.heal();

    assert_eq!(verifier.recall(&pinned, rig.clock.now()), None);
    assert_eq!(verified(&verifier, &pinned).await, image);
}

#[tokio::test]
async fn a_name_life_of_zero_asks_the_registry_every_time() {
    let cache = Cache { name_max_age: Duration::ZERO, ..Cache::default() };
    let rig = Rig::start_with(&cache).await;
    let image = rig.push_signed("app", "1");
    let verifier = rig.by_alice();
    for _ in 0..2 {
        rig.registry.clear_log();
        assert_eq!(verified(&verifier, &rig.image("app:1")).await, image);
        assert_eq!(rig.requests().len(), 2);
        assert_eq!(verifier.recall(&rig.pinned("app", image), rig.clock.now()), None);
    }
}

#[tokio::test]
async fn rejections_are_not_remembered_where_the_configuration_says_so() {
    let rig = Rig::start_with(&Cache { rejected: false, ..Cache::default() }).await;
    let image = rig.registry.push_image("app", "1");
    let verifier = rig.by_alice();
    let pinned = rig.pinned("app", image);
    assert_eq!(rejected(&verifier, &pinned).await, "no-signature");
    rig.push_signatures("app", image, &[rig.signed_by(&rig.alice, "app", image)]);

    assert_eq!(verified(&verifier, &pinned).await, image);
}

#[tokio::test]
async fn a_tag_that_the_registry_says_is_gone_is_forgotten_at_once() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let (by_alice, tag) = (rig.by_alice(), rig.image("app:1"));
    verified(&by_alice, &tag).await;
    rig.registry.remove("app", "1");

    // Bob's rule has to look again before it rejects, and learns that the tag is gone.
    let by_bob = rig.verifier(&[("bob", &rig.bob)], "trustRoot: bob");
    assert_eq!(rejected(&by_bob, &tag).await, "image-missing");
    assert_eq!(by_alice.recall(&tag, rig.clock.now()), None);
    let pinned = rig.pinned("app", image);
    assert!(by_alice.recall(&pinned, rig.clock.now()).is_some());
}
