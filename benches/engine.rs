//! A whole request without the wire: bytes to bytes, static and from the cache, beside parsing alone.

use std::hint::black_box;
use std::time::Duration;

use connaisseur::admission::Webhook;
use connaisseur::app::Process;
use connaisseur::cli::demo::registry::Registry;
use connaisseur::cli::demo::signer::{KeyChoice, Signer, artifact};
use connaisseur::clock::Deadline;
use connaisseur::config::{Overrides, Source};
use criterion::{Criterion, criterion_group, criterion_main};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A recorded review of a Pod that uses `image`.
fn body(image: &str) -> Vec<u8> {
    let recorded = include_str!("../tests/data/reviews/pod-create.json");
    let mut review: serde_json::Value = serde_json::from_str(recorded).expect("JSON");
    let container = review
        .pointer_mut("/request/object/spec/containers/0/image")
        .expect("the recorded Pod has a container");
    *container = image.into();
    review.to_string().into_bytes()
}

fn requests(c: &mut Criterion) {
    rustls::crypto::aws_lc_rs::default_provider().install_default().expect("the first provider");
    let process = Process::start().expect("threads");
    let registry = process.tokio.block_on(Registry::start()).expect("a registry");
    let signer = Signer::generate(KeyChoice::EcdsaP256).expect("a key");
    let (host, image) = (registry.host(), registry.push_image("app/web", "1.0"));
    let payload = signer.sign(&format!("{host}/app/web"), image).expect("a signature");
    let signature = artifact(image, &[payload]);
    for blob in signature.blobs.into_values() {
        registry.push_blob(blob);
    }
    registry.push_manifest("app/web", Some(&signature.tag), MANIFEST, signature.manifest);
    let config = serde_json::json!({
        "validators": [
            {"name": "allow", "type": "static", "approve": true},
            {"name": "ours", "type": "cosign", "trustRoots": [{"name": "default", "key": signer.public_key_pem()}]},
        ],
        "policy": [
            {"pattern": "static.example/*:*", "validator": "allow"},
            {"pattern": format!("{host}/*:*"), "validator": "ours", "with": {"verifyInTransparencyLog": false}},
        ],
        "registries": [{"host": host, "insecure": true}],
        "cache": {"nameMaxAge": "1h"},
    });
    let source = Source {
        path: "bench".into(),
        text: Some(config.to_string()),
        secrets_dir: "/nonexistent".into(),
        environment: Vec::new(),
    };
    let engine = process.engine(&source, &Overrides::default()).expect("a good configuration");
    let ask = |body: &[u8]| {
        let deadline = Deadline::after(Duration::from_secs(10));
        process.tokio.block_on(engine.review(Webhook::Mutate, body, deadline))
    };
    let mut group = c.benchmark_group("request");
    for (name, image) in [
        ("static", "static.example/app:1".to_owned()),
        ("cached, tag", format!("{host}/app/web:1.0")),
        ("cached, digest", format!("{host}/app/web@{image}")),
    ] {
        let body = body(&image);
        let reply = ask(&body);
        assert!(String::from_utf8_lossy(&reply.body).contains(r#""allowed":true"#), "{reply:?}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(ask(&body))));
    }
    let body = body("static.example/app:1");
    group.bench_function("baseline: parsed as a serde_json::Value", |bencher| {
        bencher.iter(|| black_box(serde_json::from_slice::<serde_json::Value>(&body).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
