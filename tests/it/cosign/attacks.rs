//! What somebody tries who may push to a repository, or who runs the registry.

use bytes::Bytes;
use connaisseur::cli::demo::registry::{Effect, Fault};
use connaisseur::cli::demo::signer;
use serde_json::json;

use super::rig::{MANIFEST, Rig, inconclusive, rejected, verified, verify};

#[tokio::test]
async fn signatures_copied_from_another_image_do_not_count() {
    let rig = Rig::start().await;
    let good = rig.push_signed("app", "good");
    let evil = rig.registry.push_image("app", "evil");
    // The whole signature manifest of `good` under the tag of `evil`.
    let artifact = signer::artifact(good, &[rig.signed_by(&rig.alice, "app", good)]);
    let tag = format!("sha256-{}.sig", evil.hex());
    rig.registry.push_manifest("app", Some(&tag), MANIFEST, artifact.manifest);

    let refusal = verify(&rig.by_alice(), &rig.image("app:evil")).await.unwrap_err();
    assert_eq!(refusal.reason().word, "no-matching-signature");
    assert!(refusal.to_string().contains("not for this image"), "{refusal}");
}

#[tokio::test]
async fn a_valid_claim_with_a_signature_of_another_claim_does_not_count() {
    let rig = Rig::start().await;
    let good = rig.push_signed("app", "good");
    let evil = rig.registry.push_image("app", "evil");
    let claim = rig.signed_by(&rig.bob, "app", evil).payload;
    let forged = rig.signed_by(&rig.alice, "app", good).with_payload(claim);
    rig.push_signatures("app", evil, &[forged]);

    assert_eq!(rejected(&rig.by_alice(), &rig.image("app:evil")).await, "no-matching-signature");
}

#[tokio::test]
async fn one_key_that_signs_twice_does_not_meet_a_threshold() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures(
        "app",
        image,
        &[
            rig.signed_by(&rig.alice, "app", image),
            Rig::annotated(&rig.alice, image, "again"),
            Rig::annotated(&rig.alice, image, "and again"),
        ],
    );
    let verifier =
        rig.verifier(&[("alice", &rig.alice), ("bob", &rig.bob)], "trustRoot: \"*\", threshold: 2");
    assert_eq!(rejected(&verifier, &rig.image("app:1")).await, "threshold-not-reached");
}

#[tokio::test]
async fn a_signature_for_another_repository_counts_only_where_the_rule_does_not_ask() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures("app", image, &[rig.signed_by(&rig.alice, "test/app", image)]);
    let strict =
        rig.verifier(&[("alice", &rig.alice)], "trustRoot: alice, dockerReference: repository");

    assert_eq!(rejected(&strict, &rig.image("app:1")).await, "no-matching-signature");
    assert_eq!(verified(&rig.by_alice(), &rig.image("app:1")).await, image);
}

#[tokio::test]
async fn of_a_hundred_thousand_layers_only_the_first_are_looked_at() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let layers = vec![json!({"digest": "x", "size": 1}); 100_000];
    let manifest = json!({"schemaVersion": 2, "layers": layers}).to_string();
    let tag = format!("sha256-{}.sig", image.hex());
    rig.registry.push_manifest("app", Some(&tag), MANIFEST, manifest);

    assert_eq!(inconclusive(&rig.by_alice(), &rig.image("app:1")).await, "too-many-candidates");
}

#[tokio::test]
async fn many_candidates_cost_a_bounded_number_of_requests() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let signed: Vec<_> =
        (0..200).map(|number| Rig::annotated(&rig.bob, image, &number.to_string())).collect();
    rig.push_signatures("app", image, &signed);

    assert_eq!(inconclusive(&rig.by_alice(), &rig.image("app:1")).await, "too-many-candidates");
    assert_eq!(rig.registry.count("/v2/app/blobs/"), 64);
}

#[tokio::test]
async fn a_huge_payload_is_not_fetched() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let huge = rig.alice.sign_payload(Bytes::from(vec![b' '; 1 << 20])).unwrap();
    rig.push_signatures("app", image, &[huge]);

    let refusal = verify(&rig.by_alice(), &rig.image("app:1")).await.unwrap_err();
    assert!(refusal.to_string().contains("longer than 65536"), "{refusal}");
    assert_eq!(rig.registry.count("/v2/app/blobs/"), 0);
}

#[tokio::test]
async fn a_payload_that_never_ends_is_cut_off() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures("app", image, &[Rig::annotated(&rig.alice, image, "x")]);
    rig.registry.inject(Fault::at("/v2/app/blobs/", Effect::Endless));

    assert_eq!(inconclusive(&rig.by_alice(), &rig.image("app:1")).await, "too-large");
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_digest_never_count() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let wanted = Rig::annotated(&rig.bob, image, "x");
    let served = Rig::annotated(&rig.alice, image, "y");
    // The layer names bob's payload with alice's signature over another, which the registry serves.
    let layer = served.clone().with_payload(wanted.payload);
    rig.push_signatures("app", image, &[layer]);
    rig.registry.inject(Fault::at("/v2/app/blobs/", Effect::Replace(served.payload)));

    assert_eq!(inconclusive(&rig.by_alice(), &rig.image("app:1")).await, "digest-mismatch");
}

#[tokio::test]
async fn a_lying_digest_header_does_not_change_what_is_verified() {
    let rig = Rig::start().await;
    let good = rig.push_signed("app", "good");
    rig.registry.push_image("app", "evil");
    let header = Effect::Header("docker-content-digest", good.to_string());
    rig.registry.inject(Fault::at("/v2/app/manifests/evil", header));

    assert_eq!(rejected(&rig.by_alice(), &rig.image("app:evil")).await, "no-signature");
}

#[tokio::test]
async fn a_registry_that_answers_differently_each_time_gets_only_what_was_verified_pinned() {
    let rig = Rig::start().await;
    let good = rig.push_signed("app", "1");
    let other = rig.registry.push_image("app", "other");
    let evil = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}).to_string();
    rig.registry.inject(Fault::at("/v2/app/manifests/1", Effect::Alternate(evil.into())));

    let (mut verified, mut refused) = (0, 0);
    for _ in 0..6 {
        // Names live 30 s: each time the registry is asked again.
        rig.clock.advance(std::time::Duration::from_secs(31));
        match verify(&rig.by_alice(), &rig.image("app:1")).await {
            Ok(verdict) => {
                assert_eq!(verdict.digest(), good);
                assert_ne!(verdict.digest(), other);
                verified += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(verified > 0 && refused > 0, "verified {verified}, refused {refused}");
}

#[tokio::test]
async fn an_index_under_the_tag_of_the_signatures_is_no_signature() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let tag = format!("sha256-{}.sig", image.hex());
    let index = "application/vnd.oci.image.index.v1+json";
    rig.registry.push_manifest(
        "app",
        Some(&tag),
        index,
        json!({"schemaVersion": 2, "manifests": []}).to_string(),
    );

    assert_eq!(rejected(&rig.by_alice(), &rig.image("app:1")).await, "no-signature");
}
