//! Asks the server as an API server does, and reads its answers.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::world::Expected;
use crate::cli::answer::Heard;

/// Asks over TLS, trusting the server's own certificate only.
#[derive(Debug)]
pub(super) struct Asker {
    client: reqwest::Client,
    url: String,
}

impl Asker {
    pub(super) fn new(server: &str, certificate: &str) -> anyhow::Result<Self> {
        let certificate = reqwest::Certificate::from_pem(certificate.as_bytes())?;
        let client = reqwest::Client::builder()
            .tls_certs_only([certificate])
            .no_proxy()
            .build()
            .context("cannot make a client")?;
        Ok(Self { client, url: format!("{server}/mutate?timeout=10s") })
    }

    /// Asks about a Pod with one container for each image.
    pub(super) async fn ask(&self, images: &[String]) -> anyhow::Result<(Heard, Duration)> {
        let begun = Instant::now();
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let bytes = request.body(review(images)).send().await?.error_for_status()?.bytes().await?;
        let took = begun.elapsed();
        Ok((Heard::read(&bytes)?, took))
    }
}

/// Whether `heard` is the answer that was expected.
pub(super) fn is_as_expected(heard: &Heard, expected: &Expected) -> bool {
    match (expected, &heard.denied) {
        (Expected::Pinned(pins), None) => heard.pins == *pins,
        (Expected::Unchanged, None) => heard.pins.is_empty(),
        (Expected::Denied(code, words), Some(denied)) => {
            denied.code == *code && words.iter().all(|word| denied.message.contains(word))
        }
        (Expected::Denied(..), None) | (_, Some(_)) => false,
    }
}

/// The review of the creation of a Pod with one container for each image.
pub(super) fn review(images: &[String]) -> Vec<u8> {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(index, image)| json!({"name": format!("c{index}"), "image": image}))
        .collect();
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "name": "demo",
            "namespace": "default",
            "operation": "CREATE",
            "dryRun": false,
            "object": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "demo", "namespace": "default"},
                "spec": {"containers": containers},
            },
        },
    });
    review.to_string().into_bytes()
}
