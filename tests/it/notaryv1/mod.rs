//! `type: notaryv1` against a notary in this process.

mod attacks;
mod delegations;
mod keys;
mod memory;
mod recorded;
mod refusals;
mod rig;
mod roots;

use connaisseur::cli::demo::registry::{Access, Options};
use connaisseur::cli::demo::trust_data::{Collection, Role};
use connaisseur::clock::Clock;
use connaisseur::config::Cache;
use futures_util::future::join_all;
use jiff::SignedDuration;

use rig::{GUN, Rig, digest, image, inconclusive, pinned, rejected, verified, verify};

#[tokio::test]
async fn a_signed_tag_is_verified_as_the_digest_that_is_listed() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    let verdict = verify(&verifier, &image("app:1")).await.unwrap();

    assert_eq!(verdict.digest(), digest("1"));
    assert_eq!(verdict.judged_at(), rig.clock.now());
    let files = ["root.json", "snapshot.*.json", "targets.*.json", "timestamp.json"];
    assert_eq!(rig.requests(), files);
}

#[tokio::test]
async fn a_verdict_ends_with_the_first_file_that_it_rests_on() {
    type Of = fn(&mut Collection) -> &mut Role;
    let roles: [Of; 4] = [
        |collection| &mut collection.root,
        |collection| &mut collection.timestamp,
        |collection| &mut collection.snapshot,
        |collection| &mut collection.targets,
    ];
    for of in roles {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        let expires = rig.clock.now() + SignedDuration::from_mins(2);
        of(&mut collection).expires = expires;
        rig.publish(&mut collection);
        let verdict = verify(&rig.trusting(&collection), &image("app:1")).await.unwrap();
        assert_eq!(verdict.valid_until(), expires);
    }
}

#[tokio::test]
async fn a_verdict_ends_after_ten_minutes_at_the_latest() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    let verdict = verify(&verifier, &image("app:1")).await.unwrap();
    assert_eq!(verdict.valid_until(), rig.clock.now() + SignedDuration::from_mins(10));
}

#[tokio::test]
async fn a_digest_is_verified_if_any_tag_lists_it() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.sign("same", digest("1"));
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);

    for name in ["1", "2"] {
        assert_eq!(verified(&verifier, &pinned(digest(name))).await, digest(name));
    }
    assert_eq!(rejected(&verifier, &pinned(digest("3"))).await, "not-in-targets");
}

#[tokio::test]
async fn a_tag_with_a_digest_must_be_listed_with_that_digest() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);

    let right = image(&format!("app:1@{}", digest("1")));
    assert_eq!(verified(&verifier, &right).await, digest("1"));
    let wrong = image(&format!("app:1@{}", digest("2")));
    assert_eq!(rejected(&verifier, &wrong).await, "digest-differs");
    let unlisted = image(&format!("app:3@{}", digest("1")));
    assert_eq!(rejected(&verifier, &unlisted).await, "not-in-targets");
}

#[tokio::test]
async fn an_image_without_registry_is_asked_for_as_notary_names_it() {
    let rig = Rig::start().await;
    let mut collection = rig.collection_of("docker.io/library/nginx");
    collection.sign("1", digest("nginx"));
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);

    for reference in ["nginx:1", "library/nginx:1", "docker.io/nginx:1", "index.docker.io/nginx:1"]
    {
        let image = reference.parse().unwrap();
        assert_eq!(verified(&verifier, &image).await, digest("nginx"), "{reference}");
    }
}

#[tokio::test]
async fn a_repository_of_a_registry_with_a_port_is_found() {
    let rig = Rig::start().await;
    let mut collection = rig.collection_of("127.0.0.1:5000/team/app");
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);

    let image = "127.0.0.1:5000/team/app:1".parse().unwrap();
    assert_eq!(verified(&rig.trusting(&collection), &image).await, digest("1"));
}

#[tokio::test]
async fn a_tag_that_nobody_wrote_is_latest() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    assert_eq!(rejected(&verifier, &image("app")).await, "not-in-targets");
    collection.sign("latest", digest("new"));
    rig.publish(&mut collection);
    assert_eq!(verified(&verifier, &image("app")).await, digest("new"));
}

#[tokio::test]
async fn several_tags_of_a_repository_cost_one_set_of_files() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);

    for tag in ["1", "2", "1"] {
        assert_eq!(verified(&verifier, &image(&format!("app:{tag}"))).await, digest(tag));
    }
    assert_eq!(rig.requests().len(), 4, "{:?}", rig.requests());
}

#[tokio::test]
async fn fifty_tags_at_once_cost_one_set_of_files() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let tags: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    for tag in &tags {
        collection.sign(tag, digest(tag));
    }
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);

    let verdicts = join_all(tags.iter().map(async |tag| {
        assert_eq!(verified(&verifier, &image(&format!("app:{tag}"))).await, digest(tag));
    }));
    verdicts.await;
    assert_eq!(rig.requests().len(), 4, "{:?}", rig.requests());
}

#[tokio::test]
async fn repositories_do_not_answer_for_each_other() {
    let rig = Rig::start().await;
    let (_app, verifier) = rig.signed();
    let mut other = rig.collection_of("reg.example/other");
    other.sign("1", digest("other"));
    rig.publish(&mut other);

    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    assert_eq!(rejected(&verifier, &image("other:1")).await, "wrong-root-key");
    assert_eq!(rejected(&verifier, &image("third:1")).await, "no-trust-data");
}

#[tokio::test]
async fn a_notary_that_gives_tokens_is_asked_with_one_for_the_repository() {
    for access in [Access::anonymous_tokens(), Access::tokens_for("ci", "secret")] {
        let options = Options { access, ..Options::default() };
        let rig = Rig::start_with(options, &Cache::default()).await;
        let (collection, _) = rig.signed();
        let verifier = rig.with_secret(&collection, "{username: ci, password: secret}");

        assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
        let requests = rig.requests();
        let token = requests.iter().find(|path| path.starts_with("/token")).unwrap();
        let scope = url::form_urlencoded::parse(token.split_once('?').unwrap().1.as_bytes())
            .find(|(name, _)| name == "scope")
            .unwrap();
        assert_eq!(scope.1, format!("repository:{GUN}:pull"));
    }
}

#[tokio::test]
async fn a_login_without_registry_is_meant_for_the_notary() {
    let options = Options { access: Access::basic("ci", "secret"), ..Options::default() };
    let rig = Rig::start_with(options, &Cache::default()).await;
    let (collection, without) = rig.signed();

    let verifier = rig.with_secret(&collection, "{username: ci, password: secret}");
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    let wrong = rig.with_secret(&collection, "{username: ci, password: wrong}");
    let elsewhere = "{username: ci, password: secret, registry: other.example}";
    let elsewhere = rig.with_secret(&collection, elsewhere);
    for refused in [without, wrong, elsewhere] {
        rig.forget_names();
        assert_eq!(inconclusive(&refused, &image("app:2")).await, "registry-denied");
    }
}

#[tokio::test]
async fn verifiers_are_told_apart_by_everything_that_decides_their_verdicts() {
    let rig = Rig::start().await;
    let (one, two) = (rig::key(), rig::key());
    let roots = [("default", &one), ("other", &two)];
    let fingerprints = [
        rig.verifier(&roots, "trustRoot: default"),
        rig.verifier(&roots, "trustRoot: other"),
        rig.verifier(&roots, "trustRoot: \"*\""),
        rig.verifier(&[("default", &two)], "trustRoot: default"),
        rig.verifier(&roots, "trustRoot: default, delegations: [alice]"),
        rig.verifier(&roots, "trustRoot: default, delegations: [bob]"),
        rig.verifier(&roots, "trustRoot: default, delegations: [alice, bob]"),
    ]
    .map(|verifier| verifier.fingerprint());
    for (index, one) in fingerprints.iter().enumerate() {
        for other in &fingerprints[index + 1..] {
            assert_ne!(one, other);
        }
    }
    assert_eq!(rig.verifier(&roots, "trustRoot: default").fingerprint(), fingerprints[0]);
}

#[tokio::test]
async fn the_meaning_of_a_rule_names_what_is_wanted() {
    let rig = Rig::start().await;
    let (one, two) = (rig::key(), rig::key());
    let roots = [("first", &one), ("second", &two)];
    let meaning = rig.verifier(&roots, "trustRoot: \"*\", delegations: [alice]").meaning();
    for word in ["first", "second", "alice"] {
        assert!(meaning.contains(word), "{meaning}");
    }
    let meaning = rig.verifier(&roots, "trustRoot: first").meaning();
    assert!(meaning.contains("first") && !meaning.contains("second"), "{meaning}");
}
