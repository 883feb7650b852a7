//! Where a stranger may not send us.

use super::*;
use crate::cli::demo::registry::{Effect, Fault};

/// A client for which no registry is named.
fn unnamed() -> Client {
    client(&[])
}

#[tokio::test]
async fn a_registry_on_loopback_must_be_named() {
    let registry = registry().await;
    let port = registry.host().rsplit_once(':').unwrap().1.to_owned();
    for host in ["127.0.0.1", "localhost", "127.0.0.2", "169.254.169.254"] {
        let name = repository(&format!("{host}:{port}"), "app");
        let error = unnamed().manifest(&name, Reference::Tag("1"), soon()).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{host}: {error}");
        assert!(error.to_string().contains("name the registry"), "{error}");
    }
    assert_eq!(registry.connections(), 0);
}

#[tokio::test]
async fn a_refused_address_is_no_failure_of_the_host() {
    let registry = registry().await;
    let port = registry.host().rsplit_once(':').unwrap().1.to_owned();
    let (client, name) = (unnamed(), repository(&format!("localhost:{port}"), "app"));
    for _ in 0..8 {
        let error = client.manifest(&name, Reference::Tag("1"), soon()).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_named_host_may_be_anywhere_and_all_are_named_on_the_command_line() {
    let registry = registry().await;
    registry.push_image("app", "1");
    pull(&client(&[&registry]), &registry, "app").await.unwrap();
    let mut settings = settings(&[&registry]);
    let insecure = settings.access.insecure.clone();
    settings.access =
        Arc::new(RegistryAccess { insecure, all_named: true, ..RegistryAccess::default() });
    pull(&Client::new(settings).unwrap(), &registry, "app").await.unwrap();
}

#[tokio::test]
async fn without_tls_only_where_the_configuration_says_so() {
    let registry = registry().await;
    registry.push_image("app", "1");
    let mut settings = settings(&[&registry]);
    let access = RegistryAccess { insecure: BTreeSet::new(), ..(*settings.access).clone() };
    settings.access = Arc::new(access);
    let error = pull(&Client::new(settings).unwrap(), &registry, "app").await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert_eq!(registry.requests().len(), 0, "nothing was sent in the clear");
}

#[tokio::test]
async fn redirects_are_guarded_counted_and_readable() {
    let hidden = registry().await;
    for (there, word) in [
        (format!("https://{}/", hidden.host()), "refused"),
        (format!("{}/", hidden.url()), "without TLS"),
        ("https://[::ffff:169.254.169.254]/latest".to_owned(), "metadata"),
        ("https://localhost/".to_owned(), "refused"),
        ("https://u:p@storage.test/".to_owned(), "user or password"),
        ("ftp://storage.test/".to_owned(), "`ftp`"),
        ("/v2/app/manifests/1".to_owned(), "more than 5 times"),
        ("https://".to_owned(), "unreadable"),
    ] {
        let registry = registry().await;
        registry.push_image("app", "1");
        registry.inject(Fault::at("/v2/app/", Effect::Redirect(there.clone())));
        let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
        assert!(error.to_string().contains(word), "{there}: {error}");
        assert!(!error.is_not_found() && !error.is_outage(), "{error}");
    }
    assert_eq!(hidden.requests().len(), 0);
}

#[tokio::test]
async fn redirects_within_the_registry_are_followed() {
    let registry = registry().await;
    let digest = registry.push_image("app", "1");
    registry.push_image("app", "2");
    registry.inject(Fault::at(
        "/v2/app/manifests/2",
        Effect::Redirect("/v2/app/manifests/1".to_owned()),
    ));
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    let manifest = client.manifest(&name, Reference::Tag("2"), soon()).await.unwrap();
    assert_eq!(manifest.digest, digest);
}

#[tokio::test]
async fn a_tag_cannot_lead_out_of_its_repository() {
    let registry = registry().await;
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    for tag in ["..", "../../other/manifests/1", "1?x", "1#x", "1/../2", "%2e%2e", "a b", "1\\2"] {
        let error = client.manifest(&name, Reference::Tag(tag), soon()).await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{tag}: {error}");
    }
    assert_eq!(registry.requests().len(), 0);
}
