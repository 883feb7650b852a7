//! Registries that fail: asked again a little, then left alone.

use super::*;
use crate::cli::demo::registry::{Effect, Fault};

fn status(status: u16, retry_after: &str) -> Effect {
    Effect::Status { status, retry_after: Some(retry_after.into()) }
}

#[tokio::test]
async fn what_can_pass_is_asked_for_again() {
    for effect in [
        Effect::Status { status: 500, retry_after: None },
        Effect::Status { status: 503, retry_after: None },
        Effect::Status { status: 429, retry_after: None },
        status(429, "0"),
        status(503, "0"),
        Effect::Hangup,
        Effect::ClaimMore(1),
    ] {
        let registry = registry().await;
        let digest = registry.push_image("app", "1");
        registry.inject(Fault::at("/v2/app/", effect.clone()).times(3));
        let manifest = pull(&client(&[&registry]), &registry, "app").await;
        assert_eq!(manifest.map(|manifest| manifest.digest), Ok(digest), "{effect:?}");
        assert_eq!(registry.requests().len(), 4, "{effect:?}");
    }
}

#[tokio::test]
async fn tries_come_to_an_end() {
    let registry = registry().await;
    registry.inject(Fault::status("/v2/", 502));
    let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
    assert_eq!(error, Error::Status { host: registry.host(), status: 502 });
    assert!(error.is_outage());
    assert_eq!(registry.requests().len(), 4);
}

#[tokio::test]
async fn other_statuses_are_final() {
    for (code, is_denied) in [(400, false), (403, true), (405, false), (418, false)] {
        let registry = registry().await;
        registry.inject(Fault::status("/v2/", code));
        let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
        assert_eq!(matches!(error, Error::Denied { .. }), is_denied, "{error}");
        assert!(!error.is_outage() && !error.is_not_found(), "{error}");
        assert_eq!(registry.requests().len(), 1);
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_if_it_fits_and_is_an_answer_if_not() {
    let registry = registry().await;
    registry.push_image("app", "1");
    let client = client(&[&registry]);
    registry.inject(Fault::at("/v2/app/", status(429, "1")).times(1));
    let begin = tokio::time::Instant::now();
    pull(&client, &registry, "app").await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));

    registry.clear_log();
    registry.inject(Fault::at("/v2/app/", status(429, "3600")));
    let begin = tokio::time::Instant::now();
    let error = pull(&client, &registry, "app").await.unwrap_err();
    let retry_after = Some(Duration::from_hours(1));
    assert_eq!(error, Error::Throttled { host: registry.host(), retry_after });
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn a_host_that_fails_again_and_again_is_left_alone_then_probed_once() {
    let registry = registry().await;
    registry.push_image("app", "1");
    let mut settings = settings(&[&registry]);
    settings.timeouts.breaker_probe = Duration::from_millis(300);
    let client = Client::new(settings).unwrap();
    registry.inject(Fault::status("/v2/", 500));

    pull(&client, &registry, "app").await.unwrap_err();
    let error = pull(&client, &registry, "app").await.unwrap_err();
    assert!(matches!(&error, Error::BreakerOpen { last, .. } if last == "500"), "{error}");
    assert_eq!(registry.requests().len(), 5, "the fifth failure opens it");
    pull(&client, &registry, "other").await.unwrap_err();
    assert_eq!(registry.requests().len(), 5, "nothing is sent while it is open");

    registry.heal();
    tokio::time::sleep(Duration::from_millis(350)).await;
    registry.inject(Fault::at("/v2/app/", Effect::Delay(Duration::from_millis(200))));
    let others = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        pull(&client, &registry, "other").await
    };
    let (probe, other) = tokio::join!(pull(&client, &registry, "app"), others);
    assert!(probe.is_ok());
    assert!(matches!(other, Err(Error::BreakerOpen { .. })));
    assert_eq!(registry.requests().len(), 6);
    assert!(pull(&client, &registry, "other").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_dead_registry_opens_its_breaker_and_nobody_elses() {
    let (dead, alive) = (registry().await, registry().await);
    alive.push_image("app", "1");
    let client = client(&[&dead, &alive]);
    let gone = repository(&dead.host(), "app");
    drop(dead);
    let mut errors = Vec::new();
    for _ in 0..3 {
        errors.push(client.manifest(&gone, Reference::Tag("1"), soon()).await.unwrap_err());
    }
    let refused = "Connection refused (os error 111)";
    assert!(matches!(&errors[0], Error::Connect { why, .. } if why == refused), "{errors:?}");
    assert!(matches!(&errors[2], Error::BreakerOpen { last, .. } if last == refused), "{errors:?}");
    assert!(errors.iter().all(Error::is_outage));
    pull(&client, &alive, "app").await.unwrap();
}

#[tokio::test]
async fn a_caller_short_of_time_is_no_failure_of_the_host() {
    let registry = registry().await;
    registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::Delay(Duration::from_millis(100))));
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    for _ in 0..8 {
        let deadline = Deadline::after(Duration::from_millis(20));
        let error = client.manifest(&name, Reference::Tag("1"), deadline).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
    }
    pull(&client, &registry, "app").await.unwrap();
}

#[tokio::test]
async fn at_most_so_many_requests_are_under_way_at_one_host() {
    let latency = Duration::from_millis(50);
    let options = Options { latency, ..Options::default() };
    let registry = Registry::start_with(options).await.unwrap();
    let mut settings = settings(&[&registry]);
    settings.limits.requests_per_host = 2;
    let client = Client::new(settings).unwrap();
    let paths: Vec<String> = (0..8).map(|number| format!("app-{number}")).collect();
    let begin = tokio::time::Instant::now();
    let pulls = paths.iter().map(|path| pull(&client, &registry, path));
    for result in futures_util::future::join_all(pulls).await {
        assert!(result.unwrap_err().is_not_found());
    }
    assert!(begin.elapsed() >= latency * 4, "eight requests, two at a time");
    assert!(registry.connections() <= 2);
}
