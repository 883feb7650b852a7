//! Bytes and time are bounded, whatever a registry claims.

use super::*;
use crate::cli::demo::registry::{Effect, Fault};

#[tokio::test]
async fn a_body_may_have_exactly_its_limit() {
    let registry = registry().await;
    let blob = registry.push_blob("12345");
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    assert_eq!(client.blob(&name, blob, 5, soon()).await.unwrap(), "12345");
    let error = client.blob(&name, blob, 4, soon()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4, .. }), "{error}");
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    let registry = registry().await;
    registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::Endless));
    let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4_194_304, .. }), "{error}");
}

#[tokio::test]
async fn a_body_shorter_than_it_claims_is_broken_and_asked_for_again() {
    let registry = registry().await;
    let digest = registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::ClaimMore(10)).times(1));
    let manifest = pull(&client(&[&registry]), &registry, "app").await.unwrap();
    assert_eq!(manifest.digest, digest);
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn a_claim_beyond_the_limit_is_refused_before_the_body() {
    let registry = registry().await;
    let blob = registry.push_blob("12345");
    registry.inject(Fault::at("/v2/app/", Effect::ClaimMore(1 << 40)));
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    let error = client.blob(&name, blob, 100, soon()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 100, .. }), "{error}");
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let registry = registry().await;
    registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::Header("content-encoding", "gzip".into())));
    let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("compressed"), "{error}");
}

#[tokio::test]
async fn a_slow_body_ends_at_the_time_limit_of_the_host_or_at_the_deadline() {
    let registry = registry().await;
    let blob = registry.push_blob("so slow that nobody waits for it");
    registry.inject(Fault::at("/v2/app/", Effect::Drip(Duration::from_millis(100))));
    let name = repository(&registry.host(), "app");
    let mut settings = settings(&[&registry]);
    settings.timeouts.registry = Duration::from_millis(300);
    let hurried = Client::new(settings).unwrap();
    let patient = client(&[&registry]);
    for (client, time) in
        [(hurried, Duration::from_secs(20)), (patient, Duration::from_millis(300))]
    {
        let begin = tokio::time::Instant::now();
        let error = client.blob(&name, blob, 99, Deadline::after(time)).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    assert_eq!(registry.requests().len(), 2, "a time-out is not tried again");
}

#[tokio::test]
async fn an_impatient_caller_does_not_end_the_flight_of_a_patient_one() {
    let registry = registry().await;
    let digest = registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::Delay(Duration::from_millis(300))).times(1));
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    let short = Deadline::after(Duration::from_millis(100));
    let (impatient, patient) = tokio::join!(
        client.manifest(&name, Reference::Tag("1"), short),
        client.manifest(&name, Reference::Tag("1"), soon()),
    );
    assert!(matches!(impatient, Err(Error::Timeout { .. })));
    assert_eq!(patient.unwrap().digest, digest);
}
