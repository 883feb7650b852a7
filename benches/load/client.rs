//! The client: keep-alive TLS connections that send bodies in turn, as an API server does (HTTP/1.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a client process shall send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// `host:port` of the server.
    pub(crate) target: String,
    /// The certificate to trust, PEM.
    pub(crate) cert: String,
    /// Paths, sent in turn with each body: `/mutate`, or `/mutate` then `/validate`.
    pub(crate) paths: Vec<String>,
    /// Files with the bodies; sent in turn, again from the first when all were sent.
    pub(crate) bodies: Vec<String>,
    /// Requests in all.
    pub(crate) requests: usize,
    /// Connections at the same time.
    pub(crate) connections: usize,
    /// A new handshake after that many requests of a connection; 0 means never.
    pub(crate) requests_per_connection: usize,
}

/// What a client process saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Answers that admitted.
    pub(crate) admitted: usize,
    /// Answers that denied with 429: refused at once as overloaded.
    pub(crate) overloaded: usize,
    /// Other denials.
    pub(crate) denied: usize,
    /// Latency of admitted answers: median.
    pub p50: Duration,
    /// Latency of admitted answers: 99th percentile.
    pub p99: Duration,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
}

/// Carries out a plan file and prints the report as JSON.
pub(crate) fn run(plan: &str) -> anyhow::Result<()> {
    let plan: Plan = serde_json::from_slice(&std::fs::read(plan)?)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let report = runtime.block_on(send_all(Arc::new(plan)))?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

async fn send_all(plan: Arc<Plan>) -> anyhow::Result<Report> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&plan.cert)?)?;
    let config =
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let bodies = plan.bodies.iter().map(|file| Ok(Bytes::from(std::fs::read(file)?)));
    let bodies: Arc<Vec<Bytes>> = Arc::new(bodies.collect::<anyhow::Result<_>>()?);
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..plan.connections)
        .map(|_| {
            let (plan, bodies) = (Arc::clone(&plan), Arc::clone(&bodies));
            tokio::spawn(one_connection(plan, bodies, connector.clone(), Arc::clone(&next)))
        })
        .collect();
    let mut report = Report::default();
    let mut latencies = Vec::with_capacity(plan.requests);
    for task in tasks {
        let (part, mut times) = task.await??;
        report.admitted += part.admitted;
        report.overloaded += part.overloaded;
        report.denied += part.denied;
        latencies.append(&mut times);
    }
    report.wall = begin.elapsed();
    latencies.sort_unstable();
    let at = |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
    report.p50 = at(50);
    report.p99 = at(99);
    Ok(report)
}

async fn one_connection(
    plan: Arc<Plan>,
    bodies: Arc<Vec<Bytes>>,
    connector: TlsConnector,
    next: Arc<AtomicUsize>,
) -> anyhow::Result<(Report, Vec<Duration>)> {
    let mut report = Report::default();
    let mut latencies = Vec::new();
    let mut sender = connect(&plan, &connector).await?;
    let mut sent = 0;
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= plan.requests {
            return Ok((report, latencies));
        }
        if plan.requests_per_connection > 0 && sent >= plan.requests_per_connection {
            sender = connect(&plan, &connector).await?;
            sent = 0;
        }
        let path = &plan.paths[turn % plan.paths.len()];
        let body = bodies[turn / plan.paths.len() % bodies.len()].clone();
        let begin = Instant::now();
        let answer = exchange(&mut sender, path, body).await?;
        sent += 1;
        if contains(&answer, br#""allowed":true"#) {
            report.admitted += 1;
            latencies.push(begin.elapsed());
        } else if contains(&answer, br#""code":429"#) {
            report.overloaded += 1;
        } else {
            report.denied += 1;
        }
    }
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    path: &str,
    body: Bytes,
) -> anyhow::Result<Bytes> {
    sender.ready().await?;
    let request = Request::post(format!("{path}?timeout=30s"))
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .body(Full::new(body))?;
    let response = sender.send_request(request).await?;
    if response.status() != 200 {
        bail!("the server answered {}", response.status());
    }
    Ok(response.into_body().collect().await?.to_bytes())
}

async fn connect(
    plan: &Plan,
    connector: &TlsConnector,
) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(&plan.target).await.context("connect")?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1")?;
    let tls = connector.connect(name, stream).await.context("handshake")?;
    let (sender, connection) = handshake(TokioIo::new(tls)).await?;
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
