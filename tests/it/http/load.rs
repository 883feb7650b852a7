//! Many requests, slow registries, dead registries: every answer is a decision, in time.

use std::time::{Duration, Instant};

use connaisseur::cli::demo::registry::{Effect, Fault};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::serve;
use crate::support::{Served, World, pod_review, until};

/// Much longer than the callers here wait, much shorter than the tests do.
const SLOW: Duration = Duration::from_secs(3);

#[test]
fn who_waits_less_than_the_registry_takes_is_denied_in_time_and_the_retry_is_a_hit() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "").await;
        let slow = Fault::at("/v2/app/manifests/v1", Effect::Delay(SLOW)).times(1);
        world.registry.inject(slow);
        let review = pod_review(&[&world.image("app:v1")]);
        let asked = Instant::now();
        let answer = server.decide("/mutate?timeout=1s", review.clone()).await;
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        answer.assert_denied(503, &["inconclusive", "not verified within", "app:v1", "retry"]);
        assert_eq!(answer.0["response"]["status"]["reason"], "ServiceUnavailable");
        world.assert_metric(r#"connaisseur_requests_denied_total{timeout="true"} 1"#);
        let of = r#"type="cosign",validator_name="ours""#;
        world.assert_metric(&format!("connaisseur_validations_timeouted_total{{{of}}} 1"));
        world.assert_metric(&format!("connaisseur_validations_failed_total{{{of}}} 0"));

        let ended = || world.has_metric(r#"connaisseur_jobs{validator="ours"} 0"#);
        until("the job goes on to its end", ended).await;
        world.registry.clear_log();
        let retry = server.decide("/mutate?timeout=1s", review).await;
        retry.assert_pinned(&[world.pinned("app:v1", digest)]);
        assert_eq!(world.requests(), [""; 0]);
    });
}

#[test]
fn more_work_than_a_validator_may_have_is_refused_with_the_time_of_a_retry() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "limits: {jobsPerValidator: 1}\n").await;
        let slow = Fault::at("/v2/app/manifests/v1", Effect::Delay(SLOW)).times(1);
        world.registry.inject(slow);
        let review = pod_review(&[&world.image("app:v1")]);
        let first = server.decide("/mutate", review);
        let others = async {
            until("the first has the permit", || world.registry.count("/v2/app/") == 1).await;
            let others = (0..4).map(|n| pod_review(&[&world.image(&format!("other{n}:v1"))]));
            let refused = others.map(|review| server.decide("/mutate", review));
            for refused in join_all(refused).await {
                refused.assert_denied(429, &["overloaded", "`ours`", "try again"]);
                let status = &refused.0["response"]["status"];
                assert_eq!(status["reason"], "TooManyRequests");
                assert_eq!(status["details"]["retryAfterSeconds"], 1);
            }
        };
        let (first, ()) = tokio::join!(first, others);
        first.assert_pinned(&[world.pinned("app:v1", digest)]);
        world.assert_metric(r#"connaisseur_sheds_total{validator="ours"} 4"#);
        world.assert_metric(
            r#"connaisseur_answers_total{webhook="mutate",decision="overloaded"} 4"#,
        );
        assert_eq!(world.registry.count("/v2/other"), 0);

        let other = world.push_signed("other0", "v1");
        let retry = server.decide("/mutate", pod_review(&[&world.image("other0:v1")])).await;
        retry.assert_pinned(&[world.pinned("other0:v1", other)]);
    });
}

#[test]
fn two_hundred_first_requests_for_one_image_cost_the_registry_as_much_as_one() {
    let world = World::start();
    world.run(async {
        let (server, digest) = serve(&world, "").await;
        let pinned = [world.pinned("app:v1", digest)];
        let review = pod_review(&[&world.image("app:v1")]);
        let asked = (0..200).map(|_| server.decide("/mutate", review.clone()));
        for answer in join_all(asked).await {
            answer.assert_pinned(&pinned);
        }
        let requests = world.requests();
        assert!(requests.len() <= 5, "{requests:?}");
    });
}

#[test]
fn an_outage_denies_as_inconclusive_and_is_over_one_probe_interval_after_it_ended() {
    const IMAGES: usize = 300;
    let world = World::start();
    world.run(async {
        let (server, _) = serve(&world, "timeouts: {breakerProbe: 500ms}\n").await;
        let images: Vec<_> = (0..IMAGES)
            .map(|number| {
                let repository = format!("many/app{number}");
                let digest = world.push_signed(&repository, "v1");
                let name = format!("{repository}:v1");
                (world.image(&name), world.pinned(&name, digest))
            })
            .collect();
        let answers: Vec<_> = stream::iter(images.iter().enumerate())
            .map(|(number, (image, pinned))| {
                let (world, server) = (&world, &server);
                async move {
                    if number == IMAGES / 2 {
                        world.registry.inject(Fault::at("/v2/", Effect::Hangup));
                    }
                    let answer = server.decide("/mutate", pod_review(&[image])).await;
                    (image, pinned, answer)
                }
            })
            .buffered(32)
            .collect()
            .await;
        let (admitted, denied): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(_, _, answer)| answer.allowed());
        assert!(!admitted.is_empty() && denied.len() >= IMAGES / 2, "{}", denied.len());
        for (_, pinned, answer) in admitted {
            answer.assert_pinned(std::slice::from_ref(*pinned));
        }
        let host = world.registry.host();
        for (image, _, answer) in &denied {
            answer.assert_denied(503, &["inconclusive", image, &host]);
        }
        let (_, _, last) = denied.last().unwrap();
        last.assert_denied(503, &["failed repeatedly"]);

        world.registry.heal();
        // This is the promise itself: so long after the outage, no longer.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for (image, pinned, _) in &denied {
            let answer = server.decide("/mutate", pod_review(&[image])).await;
            answer.assert_pinned(std::slice::from_ref(*pinned));
        }
    });
}

#[test]
fn a_registry_that_is_dead_does_not_hold_up_the_images_of_another() {
    let world = World::start();
    let other = World::start();
    world.run(async {
        let digest = world.push_signed("app", "v1");
        other.registry.inject(Fault::at("/v2/", Effect::Delay(SLOW)));
        let (ours, dead) = (world.image("*:*"), other.image("*:*"));
        let rules = [(ours.as_str(), "ours"), (dead.as_str(), "ours")];
        let engine = world.engine(&world.config_with(&rules, ""));
        let server = Served::start(&world, &engine).await;
        let slow = (0..40).map(|n| {
            let image = other.image(&format!("slow{n}:v1"));
            server.decide("/mutate?timeout=2s", pod_review(&[&image]))
        });
        let quick = async {
            until("the dead one is asked", || other.registry.count("/v2/slow") == 40).await;
            let asked = Instant::now();
            let answer = server.decide("/mutate", pod_review(&[&world.image("app:v1")])).await;
            (answer, asked.elapsed())
        };
        let (denied, (answer, took)) = tokio::join!(join_all(slow), quick);
        answer.assert_pinned(&[world.pinned("app:v1", digest)]);
        assert!(took < Duration::from_secs(1), "{took:?}");
        for denied in denied {
            denied.assert_denied(503, &["inconclusive"]);
        }
    });
}
