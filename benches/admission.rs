//! One request in process, from bytes to bytes, without verification.
//!
//! `cargo bench --bench admission`: each step, the whole, and reading the same body as
//! `serde_json::Value` as a baseline. Pins need a real verification and are measured with it.

#![expect(clippy::expect_used, reason = "a benchmark ends at the first thing that is wrong")]

use std::hint::black_box;

use connaisseur::admission::Webhook;
use connaisseur::admission::{
    Before, Decision, Judged, Modes, Outcome, Situation, Skip, Which, Workload, decode, respond,
};
use connaisseur::config::Limits;
use connaisseur::image::ImageRef;
use connaisseur::policy::{Matching, Pattern, Policy};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// A review of a Deployment as API servers send it, managed fields included.
fn body() -> Vec<u8> {
    let containers: Vec<Value> = (0..3)
        .map(|at| {
            json!({
                "name": format!("app-{at}"), "image": format!("registry.example/team/app-{at}:1.2.3"),
                "env": [{"name": "A", "value": "some value"}, {"name": "B", "value": "another \"value\""}],
                "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}, "imagePullPolicy": "IfNotPresent",
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            })
        })
        .collect();
    let managed: Value =
        (0..40).map(|at| (format!("f:field-{at}"), json!({".": {}, "f:x": {}}))).collect();
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "managedFields": [{"manager": "kubectl", "fieldsV1": managed}]},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}},
    });
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "admin", "groups": ["a", "b"]},
            "object": object, "oldObject": null, "dryRun": false,
        },
    });
    review.to_string().into_bytes()
}

/// Everything but verification: each image is looked up in the policy and approved.
fn answer(body: &[u8], policy: &Policy<()>) -> Vec<u8> {
    let limits = Limits::default();
    let review = decode(body, &limits).expect("a good review");
    let request = &review.request;
    let workload =
        Workload::read(&request.kind, request.object, Which::New).expect("a good object");
    let before = Before::of(request.operation, None);
    let images = workload.images_to_judge(&limits).expect("good images");
    let judged: Vec<Judged<'_>> = images
        .iter()
        .map(|place| {
            let image: ImageRef = place.image.parse().expect("a good reference");
            policy.rule_for(&image).expect("a rule");
            Judged { place, unchanged: before.has(place), outcome: Outcome::Skipped(Skip::Static) }
        })
        .collect();
    let modes = Modes::default();
    let situation = Situation { webhook: Webhook::Mutate, workload: &workload, modes };
    respond(&review.envelope, &Decision::of(&judged, &situation).under(modes))
}

fn steps(c: &mut Criterion) {
    let body = body();
    let limits = Limits::default();
    let pattern = Pattern::parse("registry.example/*", Matching::Anchored).expect("a good pattern");
    let policy = Policy::new(Matching::Anchored, vec![(pattern, ())]);
    let review = decode(&body, &limits).expect("a good review");

    let mut group = c.benchmark_group("admission");
    group.throughput(Throughput::Bytes(body.len().try_into().expect("a small body")));
    group.bench_function("baseline: as serde_json::Value", |b| {
        b.iter(|| serde_json::from_slice::<Value>(black_box(&body)).expect("JSON"));
    });
    group.bench_function("decode", |b| {
        b.iter(|| decode(black_box(&body), &limits).is_ok());
    });
    group.bench_function("workload", |b| {
        let request = &review.request;
        b.iter(|| Workload::read(black_box(&request.kind), request.object, Which::New).is_ok());
    });
    group.bench_function("whole", |b| b.iter(|| answer(black_box(&body), &policy)));
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
