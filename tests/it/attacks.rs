//! What somebody tries who may create objects, or who runs a registry: each class of mistake that
//! admission controllers have made before, tried on the whole engine.
//!
//! What signatures alone can be made to say is tried in `cosign/attacks.rs`.

use std::sync::Arc;

use connaisseur::admission::Webhook;
use connaisseur::cli::demo::registry::{Access, Effect, Fault, Options};
use connaisseur::engine::Engine;
use serde_json::{Value, json};

use crate::support::{World, creation, decide, pod, pod_review, update};

const BOTH: [Webhook; 2] = [Webhook::Mutate, Webhook::Validate];

/// A world with `app:signed`, `app:unsigned` and an engine that wants signatures.
fn world() -> (World, Arc<Engine>, Images) {
    let world = World::start();
    let digest = world.push_signed("app", "signed");
    world.registry.push_image("app", "unsigned");
    let engine = world.engine(&world.config(""));
    let images = Images {
        signed: world.image("app:signed"),
        pinned: world.pinned("app:signed", digest),
        unsigned: world.image("app:unsigned"),
    };
    (world, engine, images)
}

struct Images {
    signed: String,
    pinned: String,
    unsigned: String,
}

/// Asserts that both webhooks deny a review, and name the image.
async fn assert_both_deny(engine: &Engine, review: &Value, words: &[&str]) {
    for webhook in BOTH {
        let answer = decide(engine, webhook, review.to_string().as_bytes()).await;
        answer.assert_denied(403, words);
        assert_eq!(answer.patch(), None);
    }
}

/// A pod spec with good images, in every place that can hold one.
fn full_spec(image: &str) -> Value {
    json!({
        "initContainers": [
            {"name": "first", "image": image},
            {"name": "sidecar", "image": image, "restartPolicy": "Always"},
        ],
        "containers": [{"name": "one", "image": image}, {"name": "two", "image": image}],
        "volumes": [{"name": "empty", "emptyDir": {}}, {"name": "model", "image": {"reference": image}}],
    })
}

/// Every kind with a pod spec: group, kind, and an object around `spec`.
fn kinds(spec: &Value) -> Vec<(&'static str, Value)> {
    let of = |group, kind: &str, rest: Value| {
        let mut object = rest;
        object["kind"] = json!(kind);
        object["metadata"] = json!({"name": "x"});
        (group, object)
    };
    let template = json!({"spec": {"template": {"spec": spec}}});
    let mut kinds = vec![
        of("", "Pod", json!({"spec": spec})),
        of("", "PodTemplate", json!({"template": {"spec": spec}})),
        of("", "ReplicationController", template.clone()),
        of("batch", "Job", template.clone()),
        of("batch", "CronJob", json!({"spec": {"jobTemplate": template}})),
    ];
    for kind in ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"] {
        kinds.push(of("apps", kind, template.clone()));
    }
    kinds
}

#[test]
fn a_bad_image_is_found_in_every_place_of_every_kind_when_created_and_when_updated() {
    let (world, engine, images) = world();
    let good = full_spec(&images.pinned);
    let places = [
        "/initContainers/0/image",
        "/initContainers/1/image",
        "/containers/0/image",
        "/containers/1/image",
        "/volumes/1/image/reference",
    ];
    let mut tried = 0;
    for place in places {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = json!(images.unsigned);
        for ((group, old), (_, new)) in kinds(&good).into_iter().zip(kinds(&bad)) {
            for mut review in [creation(&new), update(&old, &new)] {
                review["request"]["kind"]["group"] = json!(group);
                let words = [&*images.unsigned, "no signatures"];
                world.run(assert_both_deny(&engine, &review, &words));
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 5 * 9 * 2);
    // And with good images in all places each of them passes: it was the bad one that was denied.
    for (group, object) in kinds(&good) {
        let mut review = creation(&object);
        review["request"]["kind"]["group"] = json!(group);
        for webhook in BOTH {
            let answer = world.run(decide(&engine, webhook, review.to_string().as_bytes()));
            assert!(answer.allowed(), "{}", answer.message());
        }
    }
}

#[test]
fn a_debug_container_is_judged_although_the_rest_of_its_pod_is_not_new() {
    let (world, engine, images) = world();
    let old = pod(&[&images.pinned]);
    let with_debugger = |image: &str| {
        let mut new = old.clone();
        new["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": image}]);
        let mut review = update(&old, &new);
        review["request"]["subResource"] = json!("ephemeralcontainers");
        review
    };
    let words = ["no signatures", "ephemeral container `debug`"];
    world.run(assert_both_deny(&engine, &with_debugger(&images.unsigned), &words));

    let good = with_debugger(&images.signed).to_string();
    let answer = world.run(decide(&engine, Webhook::Mutate, good.as_bytes()));
    answer.assert_pinned(std::slice::from_ref(&images.pinned));
    let path = answer.patch().unwrap()[0]["path"].clone();
    assert_eq!(path, "/spec/ephemeralContainers/0/image");
}

#[test]
fn good_images_before_or_after_a_bad_one_do_not_carry_it_along() {
    let (world, _, images) = world();
    let rules = [
        (&*world.image("*:*"), "ours"),
        ("registry.k8s.io/*:*", "allow"),
        // An exception for one image is none for another that only looks like it.
        (&*world.image("app:unsigned-too"), "allow"),
    ]
    .map(|(pattern, validator)| (pattern.to_owned(), validator));
    let rules: Vec<_> = rules.iter().map(|(p, v)| (p.as_str(), *v)).collect();
    let engine = world.engine(&world.config_with(&rules, ""));
    let exempt = world.image("app:unsigned-too");
    let (good, bad) = (images.pinned.as_str(), images.unsigned.as_str());
    for pod in [
        [bad, good, "registry.k8s.io/pause:3.10", &exempt],
        [good, bad, "registry.k8s.io/pause:3.10", &exempt],
        [good, "registry.k8s.io/pause:3.10", &exempt, bad],
    ] {
        let review = creation(&self::pod(&pod));
        world.run(assert_both_deny(&engine, &review, &[bad]));
    }
}

#[test]
fn what_an_object_says_of_itself_proves_nothing() {
    let (world, engine, images) = world();
    let claims = json!({
        "securesystemsengineering.connaisseur/webhook": "ignore",
        "connaisseur/verified": "true",
        "verified": images.pinned,
    });
    let mut object = pod(&[&images.unsigned]);
    object["metadata"]["annotations"] = claims.clone();
    object["metadata"]["labels"] = claims.clone();
    // Marked for deletion by whoever creates it, owned by something trustworthy, in a system's name.
    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "good", "controller": true,
        "uid": "00000000-0000-0000-0000-000000000000",
    }]);
    let mut review = creation(&object);
    review["request"]["userInfo"] =
        json!({"username": "system:admin", "groups": ["system:masters"]});
    review["request"]["namespace"] = json!("kube-system");
    review["response"] = json!({"allowed": true});
    review["request"]["allowed"] = json!(true);
    world.run(assert_both_deny(&engine, &review, &["no signatures"]));
}

#[test]
fn only_an_update_can_leave_an_image_unchanged() {
    let (world, engine, images) = world();
    let bad = pod(&[&images.unsigned]);
    let answer =
        world.run(decide(&engine, Webhook::Mutate, update(&bad, &bad).to_string().as_bytes()));
    assert!(answer.allowed(), "{}", answer.message());
    for operation in ["CREATE", "DELETE", "CONNECT", "update", ""] {
        let mut review = update(&bad, &bad);
        review["request"]["operation"] = json!(operation);
        world.run(assert_both_deny(&engine, &review, &["no signatures"]));
    }
    // The same image elsewhere is new there.
    let mut moved = bad.clone();
    let container = moved["spec"]["containers"].take();
    moved["spec"]["containers"] = pod(&[&images.pinned])["spec"]["containers"].clone();
    moved["spec"]["initContainers"] = container;
    world.run(assert_both_deny(
        &engine,
        &update(&bad, &moved),
        &["no signatures", "init container"],
    ));
}

#[test]
fn an_object_that_two_readers_could_read_differently_is_denied() {
    let (world, engine, images) = world();
    let text = creation(&pod(&[&images.pinned])).to_string();
    let container = |image: &str| format!(r#"{{"image":"{image}","name":"c0"}}"#);
    let good = container(&images.pinned);
    assert!(text.contains(&good), "{text}");
    let list = format!(r#""containers":[{good}]"#);
    for (from, to) in [
        (&list, format!(r#"{list},"containers":[{}]"#, container(&images.unsigned))),
        (&good, format!(r#"{{"image":"{}",{}"#, images.unsigned, &good[1..])),
        (&list, format!(r#""initContainers":null,"initContainers":[],{list}"#)),
        (&"\"spec\":".to_owned(), r#""spec":{"containers":[]},"spec":"#.to_owned()),
        (&list, r#""containers":{}"#.to_owned()),
        (&list, r#""containers":[]"#.to_owned()),
        (&list, r#""containers":null"#.to_owned()),
        (&list, format!(r#""Containers":[{good}]"#)),
        (&good, r#"{"image":"","name":"c0"}"#.to_owned()),
        (&good, r#"{"name":"c0"}"#.to_owned()),
        (&good, "null".to_owned()),
    ] {
        let changed = text.replacen(from.as_str(), &to, 1);
        assert_ne!(changed, text);
        for webhook in BOTH {
            let answer = world.run(decide(&engine, webhook, changed.as_bytes()));
            assert!(!answer.allowed(), "admitted: {to}");
            assert_eq!(answer.code(), Some(403));
        }
    }
    // The kind of the request decides, and an object of another shape has nothing to judge.
    let mut review = creation(&pod(&[&images.pinned]));
    review["request"]["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    world.run(assert_both_deny(&engine, &review, &["no containers found"]));
}

#[test]
fn more_images_than_a_request_may_have_are_denied_before_anybody_is_asked() {
    let (world, engine, _) = world();
    let images: Vec<String> = (0..201).map(|n| world.image(&format!("many/app{n}:v1"))).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let review = creation(&pod(&images));
    world.run(assert_both_deny(&engine, &review, &["201", "limits.imagesPerRequest"]));
    assert_eq!(world.requests(), [""; 0]);
}

#[test]
fn a_rule_does_what_its_switches_say_and_no_more() {
    let (world, _, images) = world();
    let rules = |with: &str| {
        let config = world.config("");
        let plain = r#""with":{"verifyInTransparencyLog":false}"#;
        assert!(config.contains(plain), "{config}");
        config.replace(plain, &format!(r#""with":{{"verifyInTransparencyLog":false,{with}}}"#))
    };
    let ask = |engine: &Arc<Engine>, webhook, image: &str| {
        world.run(decide(engine, webhook, &pod_review(&[image])))
    };
    // Without pinning a signature is wanted all the same.
    let engine = world.engine(&rules(r#""mode":"insecureValidateOnly""#));
    for webhook in BOTH {
        ask(&engine, webhook, &images.signed).assert_pinned(&[]);
        ask(&engine, webhook, &images.unsigned).assert_denied(403, &["no signatures"]);
    }
    // A rule in detection mode warns; it still pins, and does not soften what other rules deny.
    let engine = world.engine(&rules(r#""detectionMode":true"#));
    ask(&engine, Webhook::Mutate, &images.signed)
        .assert_pinned(std::slice::from_ref(&images.pinned));
    let warned = ask(&engine, Webhook::Mutate, &images.unsigned);
    assert!(warned.allowed());
    let warnings = warned.0["response"]["warnings"].as_array().unwrap();
    assert!(warnings[1].as_str().unwrap().contains("no signatures"), "{warnings:?}");
    let review = pod_review(&[&images.unsigned, "nobody.test/app:v1"]);
    world
        .run(decide(&engine, Webhook::Mutate, &review))
        .assert_denied(403, &["no matching rule", "nobody.test/app:v1"]);
}

#[test]
fn a_dry_run_is_answered_like_any_other() {
    let (world, engine, images) = world();
    for image in [&images.signed, &images.pinned, &images.unsigned] {
        let mut review = creation(&pod(&[image]));
        let real = world.run(decide(&engine, Webhook::Mutate, review.to_string().as_bytes()));
        review["request"]["dryRun"] = json!(true);
        let dry = world.run(decide(&engine, Webhook::Mutate, review.to_string().as_bytes()));
        assert_eq!(real, dry);
    }
}

#[test]
fn whoever_names_an_image_cannot_send_us_to_addresses_of_our_own() {
    let inside = World::start();
    let digest = inside.push_signed("app", "v1");
    let world = World::start();
    let rules = [("*:*", "ours"), (&*world.image("*:*"), "ours")]
        .map(|(pattern, validator)| (pattern.to_owned(), validator));
    let rules: Vec<_> = rules.iter().map(|(p, v)| (p.as_str(), *v)).collect();
    let engine = world.engine(&world.config_with(&rules, ""));
    let port = inside.registry.host().rsplit_once(':').unwrap().1.to_owned();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        "169.254.169.254".to_owned(),
        format!("127.0.0.2:{port}"),
        format!("0.0.0.0:{port}"),
    ] {
        for image in [format!("{host}/app:v1"), format!("{host}/app@{digest}")] {
            let answer = world.run(decide(&engine, Webhook::Mutate, &pod_review(&[&image])));
            answer.assert_denied(503, &["inconclusive", "address that is refused"]);
        }
    }
    // A registry that we may ask leads there: by a redirect, or by where it sends us for a token.
    let redirect = Effect::Redirect(format!("{}/v2/app/manifests/v1", inside.registry.url()));
    world.registry.inject(Fault::at("/v2/app/", redirect));
    let led = pod_review(&[&world.image("app:v1")]);
    let answer = world.run(decide(&engine, Webhook::Mutate, &led));
    answer.assert_denied(503, &["inconclusive", "an address without TLS"]);

    let realm = format!("{}/token", inside.registry.url());
    let tokens = World::start_with(Options {
        access: Access::anonymous_tokens().with_realm(&realm),
        ..Options::default()
    });
    let engine = tokens.engine(&tokens.config(""));
    let asks = pod_review(&[&tokens.image("app:v1")]);
    let answer = tokens.run(decide(&engine, Webhook::Mutate, &asks));
    answer.assert_denied(503, &["inconclusive"]);
    assert_eq!(inside.registry.connections(), 0);
}

#[test]
fn the_login_of_one_validator_is_not_used_by_another() {
    let world = World::start_with(Options {
        access: Access::basic("robot", "secret of the first"),
        ..Options::default()
    });
    let digest = world.push_signed("mine/app", "v1");
    world.push_signed("theirs/app", "v1");
    let secrets = tempfile::tempdir().unwrap();
    std::fs::create_dir(secrets.path().join("login")).unwrap();
    let login = format!(
        "username: robot\npassword: secret of the first\nregistry: {}\n",
        world.registry.host()
    );
    std::fs::write(secrets.path().join("login/secret.yaml"), login).unwrap();
    let key = json!([{"name": "default", "key": world.alice.public_key_pem()}]);
    let with = json!({"verifyInTransparencyLog": false});
    let config = json!({
        "validators": [
            {"name": "first", "type": "cosign", "trustRoots": key, "auth": {"secretName": "login"}},
            {"name": "second", "type": "cosign", "trustRoots": key},
        ],
        "policy": [
            {"pattern": world.image("mine/*:*"), "validator": "first", "with": with},
            {"pattern": world.image("theirs/*:*"), "validator": "second", "with": with},
        ],
    });
    let engine = world.engine_with_secrets(&config.to_string(), secrets.path());
    let mine =
        world.run(decide(&engine, Webhook::Mutate, &pod_review(&[&world.image("mine/app:v1")])));
    mine.assert_pinned(&[world.pinned("mine/app:v1", digest)]);
    let theirs = pod_review(&[&world.image("theirs/app:v1")]);
    let theirs = world.run(decide(&engine, Webhook::Mutate, &theirs));
    theirs.assert_denied(503, &["inconclusive", "refused access (401)"]);
    assert!(!theirs.message().contains("secret of the first"));
    for request in world.registry.requests() {
        let authorised = request.headers.contains_key("authorization");
        assert!(!authorised || request.path.starts_with("/v2/mine/"), "{}", request.path);
    }
}

#[test]
fn the_ca_of_one_validator_is_not_believed_by_another() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let world = World::start_with(Options { tls: Some(Arc::new(tls)), ..Options::default() });
    let digest = world.push_signed("mine/app", "v1");
    world.push_signed("theirs/app", "v1");
    let key = json!([{"name": "default", "key": world.alice.public_key_pem()}]);
    let with = json!({"verifyInTransparencyLog": false});
    let config = json!({
        "validators": [
            {"name": "first", "type": "cosign", "trustRoots": key, "cert": made.cert.pem()},
            {"name": "second", "type": "cosign", "trustRoots": key},
        ],
        "policy": [
            {"pattern": world.image("mine/*:*"), "validator": "first", "with": with},
            {"pattern": world.image("theirs/*:*"), "validator": "second", "with": with},
        ],
        "registries": [{"host": world.registry.host(), "insecure": false}],
    });
    let engine = world.engine(&config.to_string());
    let mine =
        world.run(decide(&engine, Webhook::Mutate, &pod_review(&[&world.image("mine/app:v1")])));
    mine.assert_pinned(&[world.pinned("mine/app:v1", digest)]);
    let theirs = pod_review(&[&world.image("theirs/app:v1")]);
    let theirs = world.run(decide(&engine, Webhook::Mutate, &theirs));
    theirs.assert_denied(503, &["inconclusive", "certificate"]);
}

#[test]
fn a_tag_that_moves_after_it_was_verified_does_not_move_the_pin() {
    let (world, engine, images) = world();
    let asked = pod_review(&[&images.signed]);
    let first = world.run(decide(&engine, Webhook::Mutate, &asked));
    first.assert_pinned(std::slice::from_ref(&images.pinned));
    // Somebody who may push moves the tag to other bytes.
    let evil = world.registry.push_image("app", "evil");
    let bytes = json!({"schemaVersion": 2, "moved": true}).to_string();
    let moved =
        world.registry.push_manifest("app", Some("signed"), crate::support::MANIFEST, bytes);
    assert_ne!(moved, evil);
    let again = world.run(decide(&engine, Webhook::Mutate, &asked));
    again.assert_pinned(std::slice::from_ref(&images.pinned));
    // And by its digest what the tag names now is what it is: unsigned.
    for digest in [moved, evil] {
        let named = pod_review(&[&world.pinned("app:signed", digest)]);
        let named = world.run(decide(&engine, Webhook::Mutate, &named));
        named.assert_denied(403, &["no signatures"]);
    }
}

#[test]
fn registries_that_answer_without_end_or_with_other_bytes_make_nothing_pass() {
    let (world, engine, images) = world();
    let review = pod_review(&[&images.signed]);
    let other = world.registry.push_image("other", "v1").to_string();
    for (effect, denied) in [
        (Effect::Endless, Some((503, "larger than"))),
        (Effect::ClaimMore(1 << 40), Some((503, "larger than"))),
        (Effect::Hangup, Some((503, "broke off"))),
        (Effect::Replace("[]".into()), Some((403, "no signatures"))),
        // The header is no evidence: the bytes are hashed, and they are what was signed.
        (Effect::Header("docker-content-digest", other), None),
    ] {
        let fault = Fault::at("/v2/app/manifests/", effect.clone());
        world.registry.inject(fault);
        let answer = world.run(decide(&engine, Webhook::Mutate, &review));
        world.registry.heal();
        match denied {
            Some((code, words)) => answer.assert_denied(code, &[words]),
            None => answer.assert_pinned(std::slice::from_ref(&images.pinned)),
        }
    }
}
