//! The real server on ports of its own, and a client that asks it over TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connaisseur::app::{Serving, service};
use connaisseur::engine::Engine;
use connaisseur::http::{Server, Service};
use reqwest::{Client, Response};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, FAR, World};

/// A running server.
pub(crate) struct Served {
    pub(crate) client: Client,
    url: String,
    plain: String,
    end: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves an engine.
    pub(crate) async fn start(world: &World, engine: &Arc<Engine>) -> Self {
        Self::with(engine, service(engine, &world.process.metrics)).await
    }

    /// Serves with a service that was changed.
    pub(crate) async fn with(engine: &Engine, service: Service) -> Self {
        let mut settings = engine.config().sections.server.clone();
        settings.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.metrics_listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.drain_delay = Duration::ZERO;
        let certificates = Serving::SelfSigned.certificates(&settings).unwrap();
        let root = certificates.self_signed_pem().unwrap().to_owned();
        let bound = Server::new(settings, certificates).bind().await.unwrap();
        let (webhooks, plain) = (bound.webhooks().unwrap(), bound.plain().unwrap());
        let (end, ended) = oneshot::channel::<()>();
        let task = tokio::spawn(bound.serve(service, async {
            ended.await.ok();
        }));
        let client = Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(root.as_bytes()).unwrap()])
            .no_proxy()
            // As API servers speak.
            .http1_only()
            .timeout(FAR)
            .build()
            .unwrap();
        Self {
            client,
            url: format!("https://{webhooks}"),
            plain: format!("http://{plain}"),
            end: Some(end),
            task,
        }
    }

    /// The whole URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Sends a body to a path as an API server does.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.post(self.url(path));
        let request = request.header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    }

    /// Asks for a decision.
    pub(crate) async fn decide(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let response = self.post(path, body).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        Answer::read(&response.bytes().await.unwrap())
    }

    /// The metrics as a scraper gets them.
    pub(crate) async fn metrics(&self) -> String {
        let response = self.client.get(format!("{}/metrics", self.plain)).send();
        response.await.unwrap().text().await.unwrap()
    }

    /// Drains and waits for the end.
    pub(crate) async fn end(mut self) {
        self.end.take().unwrap().send(()).unwrap();
        tokio::time::timeout(FAR, self.task).await.unwrap().unwrap();
    }
}
