//! Requests that are no review, and reviews that are broken: never admitted, always told why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connaisseur::app::service;
use connaisseur::engine::Reply;
use connaisseur::http::Review;
use serde_json::Value;

use super::serve;
use crate::support::{Answer, Served, World, pod_review};

/// A sentence for whoever reads the API server's log: one line, and not empty.
async fn sentence(response: reqwest::Response) -> String {
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let text = response.text().await.unwrap();
    assert!(text.len() > 10 && text.ends_with('\n') && text.lines().count() == 1, "{text:?}");
    text
}

#[test]
fn where_no_uid_can_be_read_there_is_one_sentence_and_no_decision() {
    let world = World::start();
    world.run(async {
        let (server, _) = serve(&world, "").await;
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for path in ["/mutate", "/validate"] {
            for (body, words) in [
                ("", "cannot be read"),
                ("null", "received empty admission request"),
                ("{}", "received empty admission request"),
                (r#"{"request":null}"#, "received empty admission request"),
                (r#"{"request":{}}"#, "no usable uid"),
                (r#"{"request":{"uid":""}}"#, "no usable uid"),
                (r#"{"request":{"uid":7}}"#, "cannot be read"),
                (r#"{"request":{"uid":"#, "cannot be read"),
                ("[]", "received empty admission request"),
                ("\u{feff}{}", "cannot be read"),
                (&deep, "nests deeper than 128 levels"),
            ] {
                let response = server.post(path, body.to_owned()).await;
                let shown: String = body.chars().take(40).collect();
                assert_eq!(response.status(), 400, "{shown}");
                let text = sentence(response).await;
                assert!(text.contains(words), "{shown}: {text}");
            }
        }
    });
}

#[test]
fn what_is_broken_after_the_uid_is_a_denial_with_that_uid() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "").await;
        // It would be admitted if it were whole.
        let pinned = world.pinned("app", digest);
        let whole = String::from_utf8(pod_review(&[&pinned])).unwrap();
        assert!(server.decide("/mutate", whole.clone()).await.allowed());
        let uid = serde_json::from_str::<Value>(&whole).unwrap()["request"]["uid"].clone();
        let head = whole.strip_suffix("}}").unwrap();
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (broken, words) in [
            (head.to_owned(), "cannot be read"),
            (format!("{head}}}"), "cannot be read"),
            (format!("{whole}{{"), "cannot be read"),
            (format!("{head},\"extra\":{deep}}}}}"), "nests deeper than 128 levels"),
            // Two readers could disagree on what was asked.
            (format!("{head},\"object\":null}}}}"), "duplicate"),
            (whole.replace("\"CREATE\"", "7"), "cannot be read"),
            (whole.replace("\"containers\":[", "\"containers\":[7,"), "cannot convert"),
        ] {
            for path in ["/mutate", "/validate"] {
                let answer = server.decide(path, broken.clone()).await;
                answer.assert_denied(403, &[words]);
                assert_eq!(answer.0["response"]["uid"], uid);
                assert_eq!(answer.0["apiVersion"], "admission.k8s.io/v1");
            }
        }
    });
}

#[test]
fn a_request_that_cannot_be_a_review_is_refused_with_what_would_do() {
    let world = World::start();
    world.run(async {
        let (server, _) = serve(&world, "limits: {bodyBytes: 65536}\n").await;
        let post = |path: &str, content_type: &str, body: Vec<u8>| {
            let request = server.client.post(server.url(path));
            let request = request.header("content-type", content_type).body(body);
            async { request.send().await.unwrap() }
        };
        let review = pod_review(&[&world.image("app:v1")]);
        for good in ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
            assert_eq!(post("/mutate", good, review.clone()).await.status(), 200, "{good}");
        }
        for bad in ["text/plain", "application/jsonp", "application/yaml"] {
            let refused = post("/mutate", bad, review.clone()).await;
            assert_eq!(refused.status(), 400, "{bad}");
            assert!(sentence(refused).await.contains("application/json"));
        }
        let none = server.client.post(server.url("/mutate")).body(review.clone());
        let none = none.send().await.unwrap();
        assert_eq!(none.status(), 400, "no content type at all");
        for path in ["/mutate", "/validate"] {
            let got = server.client.get(server.url(path)).send().await.unwrap();
            assert_eq!(got.status(), 405);
            assert_eq!(got.headers()["allow"], "POST");
            assert!(sentence(got).await.contains("use POST"));
        }
        let large = post("/mutate", "application/json", vec![b' '; 65537]).await;
        assert_eq!(large.status(), 413);
        assert!(sentence(large).await.contains("limits.bodyBytes"));
        let elsewhere = post("/admit", "application/json", review).await;
        assert_eq!(elsewhere.status(), 404);
        assert!(sentence(elsewhere).await.contains("/mutate"));
    });
}

#[test]
fn a_review_that_panics_is_a_denial_with_its_uid_and_the_connection_goes_on() {
    let world = World::start();
    world.run(async {
        world.push_signed("app", "v1");
        let engine = world.engine(&world.config(""));
        let mut service = service(&engine, &world.process.metrics);
        let (healthy, panics) = (Arc::clone(&engine), Arc::new(AtomicBool::new(true)));
        service.review = Review::new(
            move |webhook, body, deadline| {
                let (engine, panics) = (Arc::clone(&healthy), panics.swap(false, Ordering::SeqCst));
                async move {
                    assert!(!panics, "injected");
                    engine.review(webhook, &body, deadline).await
                }
            },
            Reply::breakdown,
        );
        let server = Served::with(&engine, service).await;
        let review = pod_review(&[&world.image("app:v1")]);
        let denied = server.decide("/mutate", review.clone()).await;
        denied.assert_denied(403, &["broke down inside Connaisseur"]);
        assert_eq!(denied.0["response"]["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
        assert!(server.decide("/mutate", review).await.allowed());
        assert_eq!(Answer::read(&Reply::breakdown(&pod_review(&[])).body), denied);
    });
}
