//! The real server over TLS, asked as an API server asks.

mod load;
mod requests;

use connaisseur::image::Digest;
use serde_json::{Value, json};

use crate::support::{Served, World, creation, pod, pod_review, update};

/// A world with a signed image `app:v1` and a server that wants it signed.
async fn serve(world: &World, more: &str) -> (Served, Digest) {
    let digest = world.push_signed("app", "v1");
    let engine = world.engine(&world.config(more));
    (Served::start(world, &engine).await, digest)
}

#[test]
fn a_review_is_answered_by_both_webhooks_in_the_version_in_which_it_was_asked() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "").await;
        let (tagged, pinned) = (world.image("app:v1"), world.pinned("app:v1", digest));
        for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
            let mut review = creation(&pod(&[&tagged]));
            review["apiVersion"] = json!(version);
            review["request"]["uid"] = json!(format!("uid of {version}"));
            let mutated = server.decide("/mutate?timeout=10s", review.to_string()).await;
            mutated.assert_pinned(std::slice::from_ref(&pinned));
            assert_eq!(mutated.0["apiVersion"], version);
            assert_eq!(mutated.0["kind"], "AdmissionReview");
            assert_eq!(mutated.0["response"]["uid"], format!("uid of {version}"));
            assert_eq!(mutated.0["response"]["patchType"], "JSONPatch");

            review["request"]["object"] = pod(&[&pinned]);
            let validated = server.decide("/validate?timeout=10s", review.to_string()).await;
            let expected = json!({
                "apiVersion": version, "kind": "AdmissionReview",
                "response": {"uid": format!("uid of {version}"), "allowed": true},
            });
            assert_eq!(validated.0, expected);
        }
        server.end().await;
    });
}

#[test]
fn the_final_object_is_judged_without_the_registry_and_what_was_swapped_in_later_is_denied() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "").await;
        let other = world.push_signed("app", "v2");
        world.registry.push_image("app", "unsigned");
        let (tagged, pinned) = (world.image("app:v1"), world.pinned("app:v1", digest));
        let mutated = server.decide("/mutate", pod_review(&[&tagged])).await;
        mutated.assert_pinned(std::slice::from_ref(&pinned));

        world.registry.clear_log();
        let validated = server.decide("/validate", pod_review(&[&pinned])).await;
        assert!(validated.allowed(), "{}", validated.message());
        assert_eq!(world.requests(), [""; 0], "the verdict was known");

        for (swapped_in, word) in [
            // Signed, but the tag was put back, or another tag put in: it could move before the pull.
            (tagged.clone(), "not pinned"),
            (world.image("app:v2"), "not pinned"),
            (world.image("app:unsigned"), "no signatures"),
            (format!("{pinned}0"), "invalid image reference"),
            (world.pinned("app:v1", Digest::of(b"nothing")), "does not exist"),
        ] {
            let review = pod_review(&[&pinned, &swapped_in]);
            let validated = server.decide("/validate", review).await;
            validated.assert_denied(403, &[word, "`c1`"]);
            assert!(!validated.message().contains("`c0`"), "{}", validated.message());
        }
        // Another image that is signed and pinned is as good as the first.
        let validated =
            server.decide("/validate", pod_review(&[&world.pinned("app:v2", other)])).await;
        assert!(validated.allowed(), "{}", validated.message());
        // Reinvocation pins what the other webhook put in, and only that.
        let again = pod_review(&[&pinned, &world.image("app:v2")]);
        let again = server.decide("/mutate", again).await;
        again.assert_pinned(&[world.pinned("app:v2", other)]);
    });
}

#[test]
fn counters_have_the_names_of_connaisseur_3_and_say_exactly_what_was_asked() {
    let world = World::start();
    world.run(async {
        let digest = world.push_signed("app", "v1");
        world.registry.push_image("app", "unsigned");
        let ours = world.image("*:*");
        let rules = [
            (ours.as_str(), "ours"),
            ("127.0.0.1:1/*:*", "ours"),
            ("allowed.test/*:*", "allow"),
            ("denied.test/*:*", "deny"),
        ];
        let engine = world.engine(&world.config_with(&rules, ""));
        let server = Served::start(&world, &engine).await;
        let (tagged, unsigned) = (world.image("app:v1"), world.image("app:unsigned"));
        let same = pod(&[&tagged]);
        for (images, code) in [
            (&[&*tagged][..], None),
            (&[&*tagged, "allowed.test/app:1"], None),
            (&[&*unsigned], Some(403)),
            (&["denied.test/app:1"], Some(403)),
            (&["unknown.test/app:1", "Not An Image"], Some(403)),
            (&["127.0.0.1:1/app:1"], Some(503)),
        ] {
            let answer = server.decide("/mutate", pod_review(images)).await;
            assert_eq!(answer.code(), code, "{images:?}: {}", answer.message());
        }
        let unchanged = server.decide("/mutate", update(&same, &same).to_string()).await;
        assert_eq!(unchanged.0["response"]["auditAnnotations"], json!({"unchanged": "1"}));
        assert_eq!(server.post("/mutate", "").await.status(), 400);
        let get = server.client.get(server.url("/mutate")).send().await.unwrap();
        assert_eq!(get.status(), 405);
        for image in [&world.pinned("app:v1", digest), "denied.test/app:1"] {
            server.decide("/validate", pod_review(&[image])).await;
        }

        let text = server.metrics().await;
        let of_cosign = r#"type="cosign",validator_name="ours""#;
        let unknown = r#"type="unknown",validator_name="""#;
        let mut lines: Vec<String> = [
            "requests_total 9",
            "requests_admitted_total 3",
            r#"requests_denied_total{timeout="false"} 4"#,
            r#"validations_total{type="static",validator_name="allow",result="success"} 1"#,
            r#"validations_total{type="static",validator_name="deny",result="error"} 1"#,
            r#"unverified_total{webhook="mutate",reason="static"} 1"#,
            r#"unverified_total{webhook="mutate",reason="unchanged"} 1"#,
            r#"answers_total{webhook="mutate",decision="admitted"} 3"#,
            r#"answers_total{webhook="mutate",decision="rejected"} 3"#,
            r#"answers_total{webhook="mutate",decision="inconclusive"} 1"#,
            r#"answers_total{webhook="mutate",decision="overloaded"} 0"#,
            r#"answers_total{webhook="validate",decision="admitted"} 1"#,
            r#"answers_total{webhook="validate",decision="rejected"} 1"#,
            r#"http_refusals_total{status="400"} 1"#,
            r#"http_refusals_total{status="405"} 1"#,
            // The manifest and the signatures of two images.
            r#"registry_requests_total{validator="ours",outcome="not_found"} 1"#,
            r#"registry_requests_total{validator="ours",outcome="ok"} 3"#,
            r#"jobs{validator="ours"} 0"#,
            r#"sheds_total{validator="ours"} 0"#,
            r#"verification_duration_seconds_count{validator="ours"} 3"#,
            r#"admission_duration_seconds_count{webhook="mutate"} 8"#,
            r#"admission_duration_seconds_count{webhook="validate"} 2"#,
        ]
        .map(str::to_owned)
        .into();
        // Two of the signed tag, of which one was known; the unsigned one and the one that is down.
        lines.extend([
            format!(r#"validations_total{{{of_cosign},result="success"}} 2"#),
            format!(r#"validations_total{{{of_cosign},result="error"}} 2"#),
            format!("validations_successful_total{{{of_cosign}}} 2"),
            format!("validations_failed_total{{{of_cosign}}} 2"),
            format!(r#"validations_skipped_total{{{of_cosign},reason="cache hit"}} 1"#),
            format!("validations_timeouted_total{{{of_cosign}}} 0"),
            format!(r#"validations_total{{{unknown},result="error"}} 2"#),
        ]);
        let missing: Vec<_> = { lines.iter() }
            .filter(|line| !text.lines().any(|l| l.strip_prefix("connaisseur_") == Some(line)))
            .collect();
        assert!(missing.is_empty(), "{missing:#?} are not in\n{text}");
    });
}

#[test]
fn no_metric_has_a_label_that_whoever_creates_pods_could_choose() {
    let world = World::start();
    world.run(async {
        let (server, _) = serve(&world, "").await;
        server.decide("/mutate", pod_review(&["evil.test/chosen-by-a-stranger:1"])).await;
        let mut review: Value = creation(&pod(&["x.test/chosen-by-a-stranger:1"]));
        review["request"]["kind"]["kind"] = json!("chosen-by-a-stranger");
        review["request"]["namespace"] = json!("chosen-by-a-stranger");
        server.decide("/mutate?chosen-by-a-stranger=1", review.to_string()).await;
        server.post("/chosen-by-a-stranger", "").await;
        let text = server.metrics().await;
        assert!(!text.contains("chosen-by-a-stranger"), "{text}");
    });
}
