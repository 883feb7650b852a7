//! Logins and tokens: who gets them, who never does.

use super::*;
use crate::cli::demo::registry::{Access, Effect, Fault, Logged};

/// Whether a request carried a login, as `Basic ...` or `Bearer ...`.
fn authorization(logged: &Logged) -> Option<&str> {
    logged.headers.get("authorization").map(|value| value.to_str().unwrap())
}

fn with_login(registries: &[&Registry], hosts: &[&str]) -> ClientSettings {
    ClientSettings { credentials: logins(hosts, "user", "secret"), ..settings(registries) }
}

fn with_realm_listed(mut settings: ClientSettings, realm: &str) -> ClientSettings {
    let realms = BTreeSet::from([realm.to_owned()]);
    settings.access = Arc::new(RegistryAccess { realms, ..(*settings.access).clone() });
    settings
}

#[tokio::test]
async fn an_anonymous_token_is_fetched_once_for_each_repository() {
    let registry = registry_with(Access::anonymous_tokens()).await;
    registry.push_image("app", "1");
    registry.push_image("other", "1");
    let client = client(&[&registry]);
    for _ in 0..3 {
        pull(&client, &registry, "app").await.unwrap();
    }
    assert_eq!(registry.count("/token"), 1);
    assert_eq!(registry.count("/v2/app/"), 4, "one without a token, then three with it");
    let token = registry.requests().into_iter().find(|r| r.path.starts_with("/token")).unwrap();
    assert_eq!(token.path, "/token?service=demo&scope=repository%3Aapp%3Apull");
    assert_eq!(authorization(&token), None);

    // Another repository needs a token of its own, but no refusal to find that out.
    pull(&client, &registry, "other").await.unwrap();
    assert_eq!((registry.count("/token"), registry.count("/v2/other/")), (2, 1));
}

#[tokio::test]
async fn a_login_buys_a_token_and_stays_away_from_the_rest() {
    let registry = registry_with(Access::tokens_for("user", "secret")).await;
    registry.push_image("app", "1");
    let client = Client::new(with_login(&[&registry], &[&registry.host()])).unwrap();
    pull(&client, &registry, "app").await.unwrap();
    for request in registry.requests() {
        let basic = authorization(&request).is_some_and(|value| value.starts_with("Basic "));
        assert_eq!(basic, request.path.starts_with("/token"), "{request:?}");
        if basic {
            assert!(request.path.ends_with("&account=user"), "{}", request.path);
        }
    }
}

#[tokio::test]
async fn concurrent_requests_for_one_repository_share_the_token_request() {
    let latency = Duration::from_millis(30);
    let access = Access::anonymous_tokens();
    let options = Options { access, latency, ..Options::default() };
    let registry = Registry::start_with(options).await.unwrap();
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    let tags: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let pulls = tags.iter().map(|tag| client.manifest(&name, Reference::Tag(tag), soon()));
    for result in futures_util::future::join_all(pulls).await {
        assert!(result.unwrap_err().is_not_found());
    }
    assert_eq!(registry.count("/token"), 1);
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_replaced_once() {
    let registry = registry_with(Access::anonymous_tokens()).await;
    registry.push_image("app", "1");
    let client = client(&[&registry]);
    pull(&client, &registry, "app").await.unwrap();
    registry.revoke_tokens();
    registry.clear_log();
    pull(&client, &registry, "app").await.unwrap();
    assert_eq!((registry.count("/token"), registry.count("/v2/app/")), (1, 2));
    // Some registries answer 400 or 403 to a token that is too old.
    for status in [400, 403] {
        registry.clear_log();
        registry.inject(Fault::status("/v2/app/", status).times(1));
        pull(&client, &registry, "app").await.unwrap();
        assert_eq!((registry.count("/token"), registry.count("/v2/app/")), (1, 2));
    }
}

#[tokio::test]
async fn a_registry_that_refuses_every_token_is_asked_twice() {
    let registry = registry_with(Access::anonymous_tokens()).await;
    registry.inject(Fault::at("/token", Effect::Replace(r#"{"token":"bad"}"#.into())));
    let client = client(&[&registry]);
    for _ in 0..2 {
        registry.clear_log();
        let error = pull(&client, &registry, "app").await.unwrap_err();
        assert_eq!(error, Error::Denied { host: registry.host(), status: 401 });
        assert!(registry.count("/v2/app/") <= 2);
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal_that_does_not_show_it() {
    for access in [Access::tokens_for("user", "other"), Access::basic("user", "other")] {
        let registry = registry_with(access).await;
        let client = Client::new(with_login(&[&registry], &[&registry.host()])).unwrap();
        let error = pull(&client, &registry, "app").await.unwrap_err();
        assert_eq!(error, Error::Denied { host: registry.host(), status: 401 });
        assert!(!format!("{client:?} {error}").contains("secret"));
    }
}

#[tokio::test]
async fn basic_is_sent_only_to_a_registry_that_asks_for_it_then_each_time() {
    let registry = registry_with(Access::basic("user", "secret")).await;
    registry.push_image("app", "1");
    let client = Client::new(with_login(&[&registry], &[&registry.host()])).unwrap();
    pull(&client, &registry, "app").await.unwrap();
    pull(&client, &registry, "app").await.unwrap();
    let requests = registry.requests();
    let sent: Vec<bool> = requests.iter().map(|request| authorization(request).is_some()).collect();
    assert_eq!(sent, [false, true, true]);
}

#[tokio::test]
async fn a_registry_without_a_login_gets_none() {
    let (own, foreign) = (registry().await, registry_with(Access::basic("user", "secret")).await);
    let client = Client::new(with_login(&[&own, &foreign], &[&own.host()])).unwrap();
    let error = pull(&client, &foreign, "app").await.unwrap_err();
    assert_eq!(error, Error::Denied { host: foreign.host(), status: 401 });
    assert!(foreign.requests().iter().all(|request| authorization(request).is_none()));
}

#[tokio::test]
async fn a_realm_elsewhere_gets_no_login_even_if_it_is_listed_but_without_tls() {
    let realm = registry_with(Access::anonymous_tokens()).await;
    let access = Access::tokens_for("user", "secret").with_realm(&format!("{}/token", realm.url()));
    let registry = registry_with(access).await;
    let settings = with_login(&[&registry, &realm], &[&registry.host(), &realm.host()]);
    for settings in [settings.clone(), with_realm_listed(settings, &realm.host())] {
        realm.clear_log();
        let client = Client::new(settings).unwrap();
        let error = pull(&client, &registry, "app").await.unwrap_err();
        let (host, realm_host) = (registry.host(), realm.host());
        let untrusted =
            Error::RealmUntrusted { host, realm: realm_host, over_tls: false, status: 401 };
        assert_eq!(error, untrusted);
        assert!(error.to_string().ends_with("it is not spoken to over TLS"), "{error}");
        let asked = realm.requests();
        assert!(!asked.is_empty());
        for request in asked {
            assert_eq!(authorization(&request), None);
            assert!(!request.path.contains("user"), "{}", request.path);
        }
    }
}

#[tokio::test]
async fn a_realm_that_may_not_be_spoken_to_is_not() {
    let hidden = registry_with(Access::anonymous_tokens()).await;
    for (realm, word) in [
        (format!("{}/token", hidden.url()), "without TLS"),
        (format!("https://{}/token", hidden.host()), "refused"),
        ("https://169.254.169.254/token".to_owned(), "metadata"),
        ("file:///etc/passwd".to_owned(), "`file`"),
        ("https://user:pass@realm.test/".to_owned(), "user or password"),
        ("no address".to_owned(), "realm"),
        (format!("https://realm.test/{}", "x".repeat(3000)), "realm"),
    ] {
        let registry = registry_with(Access::anonymous_tokens().with_realm(&realm)).await;
        let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
        assert!(error.to_string().contains(word), "{realm}: {error}");
        assert!(!error.is_outage() && !error.is_not_found(), "{error}");
    }
    assert_eq!(hidden.requests().len(), 0);
}

#[tokio::test]
async fn token_answers_are_bounded_and_read_with_care() {
    for (effect, word) in [
        (Effect::Endless, "larger than"),
        (Effect::Replace("{}".into()), "no token"),
        (Effect::Replace("<html>secret".into()), "invalid JSON"),
        (Effect::Status { status: 404, retry_after: None }, "404"),
        (Effect::Status { status: 429, retry_after: Some("99".into()) }, "limits"),
    ] {
        let registry = registry_with(Access::anonymous_tokens()).await;
        registry.inject(Fault::at("/token", effect.clone()));
        let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
        assert!(error.to_string().contains(word), "{effect:?}: {error}");
        assert!(!error.is_not_found(), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_carries_no_login() {
    let storage = registry().await;
    let blob = storage.push_blob("bytes");
    for access in [Access::basic("user", "secret"), Access::tokens_for("user", "secret")] {
        storage.clear_log();
        let registry = registry_with(access).await;
        registry.push_blob("bytes");
        let there = format!("{}/v2/x/blobs/{blob}", storage.url());
        let mut settings = with_login(&[&registry, &storage], &[&registry.host(), &storage.host()]);
        settings.limits.redirects = 1;
        let client = Client::new(settings).unwrap();
        let name = repository(&registry.host(), "app");
        client.blob(&name, blob, 99, soon()).await.unwrap();
        registry.inject(Fault::at("/v2/app/blobs/", Effect::Redirect(there)));
        assert_eq!(client.blob(&name, blob, 99, soon()).await.unwrap(), "bytes");
        assert!(authorization(registry.requests().last().unwrap()).is_some());
        let asked = storage.requests();
        assert_eq!(asked.len(), 1);
        assert_eq!(authorization(&asked[0]), None);
    }
}

#[tokio::test]
async fn a_login_dropped_on_the_way_does_not_come_back_with_the_way_home() {
    let registry = registry_with(Access::basic("user", "secret")).await;
    let elsewhere = registry_with(Access::Open).await;
    let (wanted, private) = (registry.push_blob("public"), registry.push_blob("private"));
    let client = Client::new(with_login(&[&registry, &elsewhere], &[&registry.host()])).unwrap();
    let name = repository(&registry.host(), "app");
    client.blob(&name, private, 99, soon()).await.unwrap();

    let away = format!("{}/away", elsewhere.url());
    registry.inject(Fault::at(format!("/v2/app/blobs/{wanted}"), Effect::Redirect(away)));
    let back = format!("{}/v2/app/blobs/{private}", registry.url());
    elsewhere.inject(Fault::at("/away", Effect::Redirect(back)));
    let error = client.blob(&name, wanted, 99, soon()).await.unwrap_err();
    assert_eq!(error, Error::Denied { host: registry.host(), status: 401 });
    assert_eq!(authorization(registry.requests().last().unwrap()), None);
}

#[tokio::test]
async fn the_challenge_of_a_redirects_target_is_not_answered() {
    let thief = registry_with(Access::basic("user", "secret")).await;
    let registry = registry().await;
    registry.push_image("app", "1");
    registry.inject(Fault::at("/v2/app/", Effect::Redirect(format!("{}/v2/x/y/z", thief.url()))));
    let settings = with_login(&[&registry, &thief], &[&registry.host(), &thief.host()]);
    let error = pull(&Client::new(settings).unwrap(), &registry, "app").await.unwrap_err();
    assert_eq!(error, Error::Denied { host: thief.host(), status: 401 });
    assert!(thief.requests().iter().all(|request| authorization(request).is_none()));
}

#[tokio::test]
async fn clients_do_not_share_tokens() {
    let registry = registry_with(Access::tokens_for("user", "secret")).await;
    registry.push_image("app", "1");
    let insider = Client::new(with_login(&[&registry], &[&registry.host()])).unwrap();
    pull(&insider, &registry, "app").await.unwrap();
    let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err();
    assert_eq!(error, Error::Denied { host: registry.host(), status: 401 });
}
