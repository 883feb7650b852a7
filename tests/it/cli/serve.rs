//! `connaisseur serve` as a process of its own: ready, asked, told to end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connaisseur::cli::demo::registry::{Effect, Fault};
use futures_util::future::join_all;
use rcgen::generate_simple_self_signed;
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::{connaisseur, folder};
use crate::support::{Answer, FAR, World, pod_review, until};

/// A server that runs. It is killed if a test ends before it did.
struct Running {
    child: Child,
    client: Client,
    webhooks: String,
    plain: String,
    _folder: TempDir,
}

impl Running {
    /// Starts a server and waits until it says where it serves.
    fn start(config: &str) -> Self {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = folder(&[
            ("config.yaml", config),
            ("tls.crt", &made.cert.pem()),
            ("tls.key", &made.signing_key.serialize_pem()),
        ]);
        let mut args = vec!["serve", "--config", "config.yaml"];
        args.extend(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
        args.extend(["--tls-cert", "tls.crt", "--tls-key", "tls.key"]);
        let mut command = connaisseur(folder.path(), &args);
        command.env("LOG_FORMAT", "json").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        log.read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(first["message"], "serving", "{first}");
        // A pipe that nobody reads would fill.
        std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
        let port = |field: &str| {
            let address = first[field].as_str().unwrap();
            address.rsplit_once(':').unwrap().1.to_owned()
        };
        let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([root]).no_proxy().http1_only();
        Self {
            child,
            client: client.timeout(FAR).build().unwrap(),
            webhooks: format!("https://localhost:{}", port("webhooks")),
            plain: format!("http://127.0.0.1:{}", port("metrics")),
            _folder: folder,
        }
    }

    /// A decision, and whether the server wants the connection to end.
    async fn decide(&self, image: &str) -> (Answer, bool) {
        let request = self.client.post(format!("{}/mutate", self.webhooks));
        let request = request.header("content-type", "application/json");
        let response = request.body(pod_review(&[image])).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let closes = response.headers().get("connection").is_some_and(|c| c == "close");
        (Answer::read(&response.bytes().await.unwrap()), closes)
    }

    async fn ready(&self) -> u16 {
        let response = self.client.get(format!("{}/ready", self.plain)).send();
        response.await.unwrap().status().as_u16()
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_server_is_ready_as_soon_as_it_says_so_and_ends_when_it_is_told_to() {
    let world = World::start();
    let begun = Instant::now();
    let mut server = Running::start(&world.config("server: {drainDelay: 0}\n"));
    let started = begun.elapsed();
    assert_eq!(world.run(server.ready()), 200);
    // The bar of a release build is measured by the bench; this only notices a start that waits.
    assert!(started < Duration::from_secs(5), "{started:?}");
    server.terminate();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn no_request_is_lost_when_a_server_is_told_to_end() {
    let world = World::start();
    let digest = world.push_signed("app", "v1");
    let slow = world.push_signed("slow", "v1");
    let mut server = Running::start(&world.config("server: {drainDelay: 1s}\n"));
    let answered = AtomicUsize::new(0);
    world.run(async {
        let delay = Fault::at("/v2/slow/manifests/v1", Effect::Delay(Duration::from_secs(2)));
        world.registry.inject(delay);
        let (image, pinned) = (world.image("app:v1"), world.pinned("app:v1", digest));
        // Each goes on until it is told to ask another server, as API servers do.
        let trickle = || async {
            loop {
                let (answer, closes) = server.decide(&image).await;
                answer.assert_pinned(std::slice::from_ref(&pinned));
                answered.fetch_add(1, Ordering::SeqCst);
                if closes {
                    return;
                }
            }
        };
        let under_way = async {
            let (answer, _) = server.decide(&world.image("slow:v1")).await;
            answer.assert_pinned(&[world.pinned("slow:v1", slow)]);
        };
        let told = async {
            until("a slow request is under way", || world.registry.count("/v2/slow/") > 0).await;
            until("others are answered", || answered.load(Ordering::SeqCst) > 20).await;
            server.terminate();
        };
        let all = async { tokio::join!(join_all((0..4).map(|_| trickle())), under_way, told) };
        tokio::time::timeout(FAR, all).await.expect("the server does not drain");
    });
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
