//! What is asked for comes back, hashed.

use super::*;
use crate::cli::demo::registry::{Effect, Fault};
use crate::image::Digest;

#[tokio::test]
async fn manifests_by_tag_and_by_digest_and_blobs() {
    let registry = registry().await;
    let digest = registry.push_image("team/app", "1");
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "team/app"));

    let tagged = client.manifest(&name, Reference::Tag("1"), soon()).await.unwrap();
    assert_eq!(tagged.digest, digest);
    assert_eq!(Digest::of(&tagged.bytes), digest);
    assert_eq!(&*tagged.media_type.unwrap().0, "application/vnd.oci.image.manifest.v1+json");
    let same = client.manifest(&name, Reference::Digest(digest), soon()).await.unwrap();
    assert_eq!(same.bytes, tagged.bytes);

    let manifest = super::super::ImageManifest::parse(&tagged.bytes).unwrap();
    let layer = manifest.layers[0].digest.parse().unwrap();
    let blob = client.blob(&name, layer, 1000, soon()).await.unwrap();
    assert_eq!(blob, "the files of team/app:1\n");
}

#[tokio::test]
async fn says_what_it_wants_and_who_it_is() {
    let registry = registry().await;
    registry.push_image("app", "1");
    pull(&client(&[&registry]), &registry, "app").await.unwrap();
    let requests = registry.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/v2/app/manifests/1");
    let header = |name: &str| requests[0].headers[name].to_str().unwrap();
    for kind in ["oci.image.index.v1", "oci.image.manifest.v1", "manifest.list.v2", "manifest.v2"] {
        assert!(header("accept").contains(kind), "{kind}");
    }
    assert_eq!(header("accept-encoding"), "identity");
    assert_eq!(header("user-agent"), concat!("connaisseur/", env!("CARGO_PKG_VERSION")));
    assert!(!requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn not_found_is_told_apart() {
    let registry = registry().await;
    registry.push_image("app", "1");
    let client = client(&[&registry]);
    let error = pull(&client, &registry, "other").await.unwrap_err();
    assert!(error.is_not_found() && !error.is_outage(), "{error}");
    let name = repository(&registry.host(), "app");
    let error = client.blob(&name, Digest::of(b"x"), 9, soon()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn a_registry_that_lies_about_the_digest_is_not_believed() {
    let registry = registry().await;
    let digest = registry.push_image("app", "1");
    let lie = Digest::of(b"lie").to_string();
    registry.inject(Fault::at("/v2/app/", Effect::Header("docker-content-digest", lie)));
    let manifest = pull(&client(&[&registry]), &registry, "app").await.unwrap();
    assert_eq!(manifest.digest, digest);
}

#[tokio::test]
async fn other_bytes_than_those_asked_for_are_an_error() {
    let registry = registry().await;
    let expected = registry.push_image("app", "1");
    let blob = registry.push_blob("right");
    registry.inject(Fault::at("/v2/app/", Effect::Replace("wrong".into())));
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));
    let error = client.manifest(&name, Reference::Digest(expected), soon()).await.unwrap_err();
    let (host, actual) = (registry.host(), Digest::of(b"wrong"));
    assert_eq!(error, Error::DigestMismatch { host: host.clone(), expected, actual });
    let error = client.blob(&name, blob, 99, soon()).await.unwrap_err();
    assert_eq!(error, Error::DigestMismatch { host, expected: blob, actual });
    // It is not asked again: who lies once may tell the truth only when it suits.
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn each_tag_look_up_gives_one_digest_for_its_own_bytes() {
    let registry = registry().await;
    let first = registry.push_image("app", "1");
    let other = bytes::Bytes::from_static(br#"{"schemaVersion":2,"layers":[]}"#);
    registry.inject(Fault::at("/v2/app/", Effect::Alternate(other.clone())));
    let client = client(&[&registry]);
    assert_eq!(pull(&client, &registry, "app").await.unwrap().digest, first);
    let second = pull(&client, &registry, "app").await.unwrap();
    assert_eq!((second.digest, second.bytes), (Digest::of(&other), other));
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_by_name() {
    let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    for (media_type, bytes, want) in [
        (schema_1, r#"{"schemaVersion":1}"#, "schema 1"),
        ("application/json", r#"{"schemaVersion":1}"#, "schema 1"),
        ("application/json; charset=utf-8", "<x>secret</x>", "no JSON"),
        ("text/html; charset=utf-8", "<html>secret</html>", "web page"),
    ] {
        let registry = registry().await;
        registry.push_manifest("app", Some("1"), media_type, bytes);
        let error = pull(&client(&[&registry]), &registry, "app").await.unwrap_err().to_string();
        assert!(error.contains(want), "{media_type}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn the_media_type_is_the_headers_or_else_the_manifests_own() {
    let inside = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[]}}"#);
    for media_type in [INDEX, "application/json", "application/octet-stream"] {
        let registry = registry().await;
        registry.push_manifest("app", Some("1"), media_type, inside.clone());
        let manifest = pull(&client(&[&registry]), &registry, "app").await.unwrap();
        assert_eq!(&*manifest.media_type.unwrap().0, INDEX);
    }
}

#[tokio::test]
async fn fifty_equal_requests_at_the_same_time_are_one() {
    let latency = Duration::from_millis(50);
    let options = Options { latency, ..Options::default() };
    let registry = Registry::start_with(options).await.unwrap();
    let digest = registry.push_image("app", "1");
    let blob = registry.push_blob("bytes");
    let (client, name) = (client(&[&registry]), repository(&registry.host(), "app"));

    let pulls = (0..50).map(|_| client.manifest(&name, Reference::Tag("1"), soon()));
    for manifest in futures_util::future::join_all(pulls).await {
        assert_eq!(manifest.unwrap().digest, digest);
    }
    assert_eq!(registry.count("/v2/app/manifests/"), 1);

    let pulls = (0..50).map(|_| client.blob(&name, blob, 99, soon()));
    for bytes in futures_util::future::join_all(pulls).await {
        assert_eq!(bytes.unwrap(), "bytes");
    }
    assert_eq!(registry.count("/v2/app/blobs/"), 1);
}

#[tokio::test]
async fn connections_are_used_again_also_after_errors() {
    let registry = registry().await;
    registry.push_image("app", "1");
    let client = client(&[&registry]);
    let before = registry.connections();
    for _ in 0..5 {
        pull(&client, &registry, "app").await.unwrap();
        pull(&client, &registry, "missing").await.unwrap_err();
    }
    assert_eq!(registry.connections() - before, 1);
}

#[tokio::test]
async fn over_tls_only_the_given_ca_is_believed_and_http_2_is_spoken() {
    let cert = rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(cert.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.cert.der().clone()], key)
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let options = Options { tls: Some(Arc::new(tls)), ..Options::default() };
    let registry = Registry::start_with(options).await.unwrap();
    registry.push_image("app", "1");

    let mut settings = settings(&[&registry]);
    let access = RegistryAccess { insecure: BTreeSet::new(), ..(*settings.access).clone() };
    settings.access = Arc::new(access);
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
    for ca in [None, Some(other.cert.pem())] {
        let stranger = Client::new(ClientSettings { ca_pem: ca, ..settings.clone() }).unwrap();
        let error = pull(&stranger, &registry, "app").await.unwrap_err();
        assert!(
            matches!(&error, Error::Connect { why, .. } if why.contains("certificate")),
            "{error}"
        );
    }
    assert_eq!(registry.requests().len(), 0);

    settings.ca_pem = Some(cert.cert.pem());
    pull(&Client::new(settings).unwrap(), &registry, "app").await.unwrap();
    assert_eq!(registry.requests()[0].version, hyper::Version::HTTP_2);
}
