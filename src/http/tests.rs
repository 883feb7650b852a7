//! Over real sockets, with a real client; the engine is a closure.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use reqwest::tls::Version;
use reqwest::{Client, ClientBuilder, Response};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::certificates::Look;
use super::*;
use crate::admission::Webhook;
use crate::clock::Deadline;
use crate::config;
use crate::engine::Reply;
use crate::metrics::Metrics;

/// More than the sockets between client and server hold.
const BODY_LIMIT: usize = 8 << 20;

/// Longer than anything here takes.
const FAR: Duration = Duration::from_secs(20);

/// A running server, and how to end it.
struct Rig {
    webhooks: SocketAddr,
    plain: SocketAddr,
    certificates: Arc<Certificates>,
    end: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    begun: Arc<Notify>,
    go: Arc<Notify>,
}

impl Rig {
    async fn start(change: impl FnOnce(&mut config::Server)) -> Self {
        Self::with(Certificates::self_signed().expect("a certificate"), change).await
    }

    async fn with(
        certificates: Arc<Certificates>,
        change: impl FnOnce(&mut config::Server),
    ) -> Self {
        let mut settings = config::Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            drain_delay: Duration::ZERO,
            drain_timeout: FAR,
            ..config::Server::default()
        };
        change(&mut settings);
        let server = Server::new(settings, Arc::clone(&certificates));
        let bound = server.bind().await.expect("bound");
        let (webhooks, plain) =
            (bound.webhooks().expect("an address"), bound.plain().expect("an address"));
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (answer_begun, answer_go) = (Arc::clone(&begun), Arc::clone(&go));
        let answer = move |_: Webhook, body: Bytes, _: Deadline| {
            let (begun, go) = (Arc::clone(&answer_begun), Arc::clone(&answer_go));
            async move {
                match &*body {
                    b"panic" => panic!("injected"),
                    b"wait" => {
                        begun.notify_one();
                        go.notified().await;
                    }
                    _ => {}
                }
                Reply { status: 200, body: "reviewed".into() }
            }
        };
        let service = Service {
            review: Review::new(answer, |_| Reply { status: 200, body: "denied".into() }),
            readiness: Readiness::new(vec!["default".into()]),
            metrics: Arc::new(Metrics::new()),
            limits: RequestLimits { body_bytes: BODY_LIMIT, time: FAR },
            bodies: Bodies::new(64 * 1024 * 1024),
        };
        let (end, ended) = oneshot::channel::<()>();
        let task = tokio::spawn(bound.serve(service, async {
            ended.await.ok();
        }));
        Self { webhooks, plain, certificates, end: Some(end), served: task, begun, go }
    }

    /// A client that trusts the self-signed certificate.
    fn client(&self) -> ClientBuilder {
        client(self.certificates.self_signed_pem().expect("self-signed"))
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.webhooks.port())
    }

    /// A connection without a client that helps.
    async fn raw(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        let config = rustls_client(self.certificates.self_signed_pem().expect("self-signed"));
        let tcp = TcpStream::connect(self.webhooks).await.expect("connected");
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
        tokio_rustls::TlsConnector::from(config).connect(name, tcp).await.expect("a handshake")
    }

    fn plain_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.plain)
    }

    fn end(&mut self) {
        self.end.take().expect("once").send(()).expect("serving");
    }
}

fn client(root: &str) -> ClientBuilder {
    let root = reqwest::Certificate::from_pem(root.as_bytes()).expect("a certificate");
    Client::builder().tls_certs_only([root]).no_proxy().timeout(FAR)
}

async fn review(client: &Client, url: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = client.post(url).header("content-type", "application/json").body(body);
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn both_listeners_answer_probes_and_metrics_and_only_one_reviews() {
    let rig = Rig::start(|_| {}).await;
    let tls = rig.client().build().expect("a client");
    for url in [rig.url("/health"), rig.plain_url("/health")] {
        let health = tls.get(url).send().await.expect("an answer");
        assert_eq!(health.status(), 200);
        assert_eq!(health.text().await.expect("a body"), "");
    }
    for url in [rig.url("/ready"), rig.plain_url("/ready")] {
        let ready = tls.get(url).send().await.expect("an answer");
        assert_eq!(ready.status(), 200);
        assert_eq!(ready.headers()["content-type"], "application/json");
        assert_eq!(
            ready.text().await.expect("a body"),
            r#"{"config":1,"ready":true,"validators":["default"]}"#
        );
    }
    for url in [rig.url("/metrics"), rig.plain_url("/metrics")] {
        let metrics = tls.get(url).send().await.expect("an answer");
        assert_eq!(metrics.headers()["content-type"], crate::metrics::CONTENT_TYPE);
        assert!(metrics.text().await.expect("a body").ends_with("# EOF\n"));
    }
    assert_eq!(review(&tls, &rig.url("/mutate"), "{}").await.status(), 200);
    assert_eq!(review(&tls, &rig.plain_url("/mutate"), "{}").await.status(), 404);
}

#[tokio::test]
async fn http_1_and_2_and_tls_1_2_and_1_3_are_spoken() {
    let rig = Rig::start(|_| {}).await;
    let (one, two) = (reqwest::Version::HTTP_11, reqwest::Version::HTTP_2);
    for tls in [Version::TLS_1_2, Version::TLS_1_3] {
        for (http, builder) in [(two, rig.client()), (one, rig.client().http1_only())] {
            let builder = builder.tls_version_min(tls).tls_version_max(tls);
            let client = builder.build().expect("a client");
            let answer = review(&client, &rig.url("/mutate"), "{}").await;
            assert_eq!((answer.version(), answer.status().as_u16()), (http, 200), "{tls:?}");
            assert_eq!(answer.headers()["content-type"], "application/json");
            assert_eq!(answer.text().await.expect("a body"), "reviewed");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_over_the_wire() {
    let rig = Rig::start(|_| {}).await;
    for builder in [rig.client(), rig.client().http1_only()] {
        let client = builder.build().expect("a client");
        for bytes in [BODY_LIMIT + 1, BODY_LIMIT * 2 - 1] {
            let answer = review(&client, &rig.url("/mutate"), vec![b' '; bytes]).await;
            assert_eq!(answer.status(), 413, "{bytes}");
        }
        assert_eq!(
            review(&client, &rig.url("/mutate"), vec![b' '; BODY_LIMIT]).await.status(),
            200
        );
    }
}

#[tokio::test]
async fn a_connection_outlives_a_panic() {
    let rig = Rig::start(|_| {}).await;
    let mut tls = rig.raw().await;
    for (body, expected) in [("panic", "denied"), ("other", "reviewed")] {
        let request = format!(
            "POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        tls.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        while !answer.ends_with(expected) {
            let mut bytes = [0; 1024];
            let read = tokio::time::timeout(FAR, tls.read(&mut bytes)).await.expect("in time");
            let read = read.expect("readable");
            assert_ne!(read, 0, "closed after {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).expect("text"));
        }
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

fn rustls_client(root: &str) -> Arc<rustls::ClientConfig> {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(root.as_bytes()).expect("PEM"))
        .expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[tokio::test]
async fn a_client_that_reads_only_after_it_wrote_learns_that_its_body_is_too_large() {
    let rig = Rig::start(|_| {}).await;
    let mut tls = rig.raw().await;
    let bytes = BODY_LIMIT * 2 - 1;
    let head = format!(
        "POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
    );
    tls.write_all(head.as_bytes()).await.expect("sent");
    tls.write_all(&vec![b' '; bytes]).await.expect("taken in");
    // What a full socket did not take would otherwise never be sent: reading does not write.
    tls.flush().await.expect("sent");
    let mut answer = [0; 12];
    tls.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_drain_keeps_answering_with_close_then_refuses_and_waits_for_what_is_under_way() {
    let mut rig = Rig::start(|s| s.drain_delay = Duration::from_secs(2)).await;
    let client = rig.client().http1_only().build().expect("a client");
    let ready = |rig: &Rig| client.get(rig.plain_url("/ready")).send();
    let under_way = {
        let (client, url) = (client.clone(), rig.url("/mutate"));
        tokio::spawn(async move { review(&client, &url, "wait").await })
    };
    rig.begun.notified().await;
    assert!(review(&client, &rig.url("/mutate"), "{}").await.headers().get("connection").is_none());

    rig.end();
    while ready(&rig).await.expect("probes are answered").status() != 503 {}
    let answer = review(&client, &rig.url("/mutate"), "{}").await;
    assert_eq!(answer.headers()["connection"], "close");

    let begun = std::time::Instant::now();
    while TcpStream::connect(rig.webhooks).await.is_ok() {
        assert!(begun.elapsed() < FAR, "the listener is not closed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!rig.served.is_finished(), "a request is under way");
    assert_eq!(ready(&rig).await.expect("probes are still answered").status(), 503);
    rig.go.notify_one();
    let answer = under_way.await.expect("not dropped");
    assert_eq!(answer.text().await.expect("a body"), "reviewed");
    tokio::time::timeout(FAR, &mut rig.served).await.expect("in time").expect("no panic");
    assert!(TcpStream::connect(rig.plain).await.is_err());
}

#[tokio::test]
async fn a_drain_does_not_wait_for_ever() {
    let mut rig = Rig::start(|s| s.drain_timeout = Duration::from_millis(100)).await;
    let client = rig.client().build().expect("a client");
    let request = client
        .post(rig.url("/mutate"))
        .header("content-type", "application/json")
        .body("wait")
        .send();
    let under_way = tokio::spawn(request);
    rig.begun.notified().await;
    rig.end();
    tokio::time::timeout(FAR, &mut rig.served).await.expect("in time").expect("no panic");
    assert!(under_way.await.expect("no panic").is_err(), "dropped");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_room() {
    let rig = Rig::start(|s| s.max_connections = 1).await;
    let first = TcpStream::connect(rig.webhooks).await.expect("connected");
    let client = rig.client().build().expect("a client");
    let url = rig.url("/health");
    let mut waiting = tokio::spawn(async move { client.get(url).send().await });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "served although there is no room");
    drop(first);
    assert_eq!(waiting.await.expect("no panic").expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_taken_address_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address");
    let settings = config::Server { listen: address, ..config::Server::default() };
    let server = Server::new(settings, Certificates::self_signed().expect("a certificate"));
    let fault = server.bind().await.expect_err("taken").to_string();
    assert!(
        fault.starts_with(&format!("cannot listen on {address}: Address already in use")),
        "{fault}"
    );
    assert!(
        fault.ends_with(
            "; end the process that listens there, or choose another address (`server.listen`, --listen)"
        ),
        "{fault}"
    );
}

/// A certificate authority and what it issued.
struct Issued {
    ca: String,
    certificate: String,
    key: String,
}

fn issue(usage: ExtendedKeyUsagePurpose) -> Issued {
    let mut ca = CertificateParams::new(vec![]).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().expect("a key");
    let ca_certificate = ca.self_signed(&ca_key).expect("a certificate");
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    leaf.extended_key_usages = vec![usage];
    let key = KeyPair::generate().expect("a key");
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).expect("a certificate");
    Issued { ca: ca_certificate.pem(), certificate: leaf.pem(), key: key.serialize_pem() }
}

/// A mounted Secret: files that are links into `..data`, itself a link that is swapped.
struct Mount(TempDir);

impl Mount {
    fn new(issued: &Issued) -> Self {
        let mount = Self(TempDir::new().expect("a folder"));
        mount.put("1", &issued.certificate, &issued.key);
        for file in ["tls.crt", "tls.key"] {
            std::os::unix::fs::symlink(format!("..data/{file}"), mount.path(file)).expect("a link");
        }
        mount
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Swaps the contents in one step, as the kubelet does.
    fn put(&self, version: &str, certificate: &str, key: &str) {
        let folder = self.path(version);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("tls.crt"), certificate).expect("written");
        std::fs::write(folder.join("tls.key"), key).expect("written");
        std::os::unix::fs::symlink(version, self.path("..new")).expect("a link");
        std::fs::rename(self.path("..new"), self.path("..data")).expect("swapped");
    }

    fn load(&self) -> Result<Arc<Certificates>, TlsFault> {
        Certificates::load(&self.path("tls.crt"), &self.path("tls.key"))
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart_and_a_bad_one_is_not() {
    let (old, new) =
        (issue(ExtendedKeyUsagePurpose::ServerAuth), issue(ExtendedKeyUsagePurpose::ServerAuth));
    let mount = Mount::new(&old);
    let rig = Rig::with(mount.load().expect("a good pair"), |_| {}).await;
    let served_by = async |issued: &Issued| {
        let client = client(&issued.ca).build().expect("a client");
        client.get(rig.url("/health")).send().await.is_ok()
    };
    assert!(matches!(rig.certificates.look().await, Look::Same));
    assert!(served_by(&old).await && !served_by(&new).await);

    mount.put("2", &new.certificate, &old.key);
    let look = rig.certificates.look().await;
    assert!(matches!(&look, Look::Refused(TlsFault::Mismatch { .. })), "{look:?}");
    assert!(matches!(rig.certificates.look().await, Look::Same), "told once");
    assert!(served_by(&old).await);

    mount.put("3", &new.certificate, &new.key);
    assert!(matches!(rig.certificates.look().await, Look::Replaced));
    assert!(served_by(&new).await && !served_by(&old).await);

    std::fs::remove_file(mount.path("..data")).expect("removed");
    let look = rig.certificates.look().await;
    assert!(matches!(&look, Look::Refused(TlsFault::Unreadable { .. })), "{look:?}");
    assert!(matches!(rig.certificates.look().await, Look::Same), "told once");
    assert!(served_by(&new).await);
}

#[test]
fn certificates_that_cannot_be_served_are_named_with_the_fix() {
    let issued = issue(ExtendedKeyUsagePurpose::ServerAuth);
    let other = issue(ExtendedKeyUsagePurpose::ServerAuth);
    let fault = |certificate: &str, key: &str| {
        let mount = Mount::new(&Issued {
            ca: String::new(),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        });
        let text = mount.load().expect_err("refused").to_string();
        text.replace(&format!("{}/", mount.0.path().display()), "")
    };
    assert_eq!(
        fault("nothing", &issued.key),
        "no certificate in `tls.crt`: want PEM, `-----BEGIN CERTIFICATE-----`"
    );
    assert_eq!(
        fault(&issued.certificate, "nothing"),
        "no private key in `tls.key`: want PEM, `-----BEGIN PRIVATE KEY-----`"
    );
    assert_eq!(
        fault(&issued.certificate, &other.key),
        "the key `tls.key` does not belong to the certificate `tls.crt`: write both from one issue, the server's own certificate first"
    );
    let missing = Certificates::load("missing.crt".as_ref(), "missing.key".as_ref());
    assert_eq!(
        missing.expect_err("refused").to_string(),
        "cannot read the certificate `missing.crt`: No such file or directory (os error 2); check `server` in the configuration, or try --self-signed"
    );
}

#[tokio::test]
async fn with_a_client_ca_only_its_clients_may_ask_for_reviews() {
    let (good, bad) =
        (issue(ExtendedKeyUsagePurpose::ClientAuth), issue(ExtendedKeyUsagePurpose::ClientAuth));
    let folder = TempDir::new().expect("a folder");
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, &good.ca).expect("written");
    let rig = Rig::start(|s| s.client_ca = Some(ca)).await;
    let as_client = |issued: &Issued| {
        let pem = format!("{}{}", issued.certificate, issued.key);
        let identity = reqwest::Identity::from_pem(pem.as_bytes()).expect("an identity");
        rig.client().identity(identity).build().expect("a client")
    };
    let nobody = rig.client().build().expect("a client");
    assert_eq!(nobody.get(rig.url("/ready")).send().await.expect("an answer").status(), 200);
    assert_eq!(review(&nobody, &rig.url("/mutate"), "{}").await.status(), 403);
    assert_eq!(review(&nobody, &rig.url("/validate"), "{}").await.status(), 403);
    assert_eq!(review(&as_client(&good), &rig.url("/mutate"), "{}").await.status(), 200);
    let refused = as_client(&bad).get(rig.url("/health")).send().await;
    assert!(refused.is_err(), "a certificate of another CA is refused in the handshake");
}
