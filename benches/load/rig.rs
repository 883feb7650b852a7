//! What all scenarios share: a folder, a certificate, a registry with signed images, processes.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use connaisseur::cli::demo::registry::{Options, Registry};
use connaisseur::cli::demo::signer::{KeyChoice, Signer, artifact};
use connaisseur::cli::demo::trust_data::{Collection, TufSigner};
use connaisseur::clock::{Clock as _, SystemClock};
use connaisseur::image::Digest;

use super::client::{Plan, Report};
use super::process::Process;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A review as a real API server sent it.
const REVIEW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reviews/pod-create.json");
/// A registry that is never asked: a notary vouches for its tags.
pub(crate) const NOTARY_REGISTRY: &str = "notary.example";
/// Connections of the client, as an API server keeps them open.
pub(crate) const CONNECTIONS: usize = 32;

/// The folder, the certificate and the keys.
pub(crate) struct Rig {
    dir: tempfile::TempDir,
    signer: Signer,
    root: TufSigner,
    review: String,
    runtime: tokio::runtime::Runtime,
}

/// A running server: ours or the floor.
pub(crate) struct Server {
    /// Its process.
    pub(crate) process: Process,
    /// Where it answers.
    pub(crate) address: String,
    /// From start to ready.
    pub(crate) ready_after: Duration,
}

impl Rig {
    /// Makes the certificate and the key.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        std::fs::write(dir.path().join("tls.crt"), made.cert.pem())?;
        std::fs::write(dir.path().join("tls.key"), made.signing_key.serialize_pem())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let signer = Signer::generate(KeyChoice::EcdsaP256)?;
        let root = TufSigner::generate(KeyChoice::EcdsaP256)?;
        let review = std::fs::read_to_string(REVIEW).context("the recorded review")?;
        Ok(Self { dir, signer, root, review, runtime })
    }

    /// A registry in this process, with `latency` before each answer.
    pub(crate) fn registry(&self, latency: Duration) -> anyhow::Result<Registry> {
        let options = Options { latency, ..Options::default() };
        Ok(self.runtime.block_on(Registry::start_with(options))?)
    }

    /// Pushes an image and its signature.
    pub(crate) fn signed_image(
        &self,
        registry: &Registry,
        repository: &str,
    ) -> anyhow::Result<Digest> {
        let image = registry.push_image(repository, "1.0");
        let name = format!("{}/{repository}", registry.host());
        let artifact = artifact(image, &[self.signer.sign(&name, image)?]);
        for blob in artifact.blobs.into_values() {
            registry.push_blob(blob);
        }
        registry.push_manifest(repository, Some(&artifact.tag), MANIFEST, artifact.manifest);
        Ok(image)
    }

    /// Signs `tags` tags of a repository of [`NOTARY_REGISTRY`], with the registry as its notary: keys
    /// and files are as notary makes them.
    pub(crate) fn signed_at_notary(
        &self,
        registry: &Registry,
        path: &str,
        tags: usize,
    ) -> anyhow::Result<()> {
        let gun = format!("{NOTARY_REGISTRY}/{path}");
        let mut collection = Collection::new(&gun, SystemClock.now())?;
        collection.root.set_keys(vec![self.root.certified(&gun)?]);
        for tag in 0..tags {
            collection.sign(&format!("1.{tag}"), Digest::of(format!("{gun}:1.{tag}").as_bytes()));
        }
        for (file, bytes) in collection.publish()? {
            registry.push_trust_data(&gun, &file, bytes);
        }
        Ok(())
    }

    /// A file with the recorded review of a Pod that uses `images`.
    pub(crate) fn body(&self, name: &str, images: &[String]) -> anyhow::Result<String> {
        let mut review: serde_json::Value = serde_json::from_str(&self.review)?;
        let containers = review
            .pointer_mut("/request/object/spec/containers")
            .and_then(serde_json::Value::as_array_mut)
            .context("the recorded review has no containers")?;
        let first = containers.first().context("the recorded review has no container")?.clone();
        *containers = images
            .iter()
            .enumerate()
            .map(|(index, image)| {
                let mut container = first.clone();
                container["image"] = image.as_str().into();
                container["name"] = format!("c{index}").into();
                container
            })
            .collect();
        let path = self.dir.path().join(format!("{name}.json"));
        std::fs::write(&path, serde_json::to_vec(&review)?)?;
        Ok(path.display().to_string())
    }

    /// Starts our server, with one worker.
    pub(crate) fn server(&self, registry: &Registry, more: &str) -> anyhow::Result<Server> {
        let indented = |pem: &str| pem.trim_end().replace('\n', "\n          ");
        let key = indented(self.signer.public_key_pem());
        let root = indented(&self.root.public_key_pem()?);
        let host = registry.host();
        let text = format!(
            "validators:\n  - {{name: allow, type: static, approve: true}}\n  - name: ours\n    \
             type: cosign\n    trustRoots:\n      - name: default\n        key: |\n          {key}\n  \
             - name: trust\n    type: notaryv1\n    host: \"http://{host}\"\n    \
             trustRoots:\n      - name: default\n        key: |\n          {root}\n\
             policy:\n  - {{pattern: \"static.example/*:*\", validator: allow}}\n  \
             - {{pattern: \"{NOTARY_REGISTRY}/*:*\", validator: trust}}\n  \
             - {{pattern: \"{host}/*:*\", validator: ours, with: {{verifyInTransparencyLog: false}}}}\n\
             registries:\n  - {{host: \"{host}\", insecure: true}}\n{more}\n"
        );
        let file = self.dir.path().join("config.yaml");
        std::fs::write(&file, text)?;
        let (address, plain) = (free_address()?, free_address()?);
        let begun = Instant::now();
        let process = Process::start(
            Command::new(env!("CARGO_BIN_EXE_connaisseur"))
                .args(["serve", "--listen", &address, "--metrics-listen", &plain])
                .arg("--config")
                .arg(&file)
                .arg("--tls-cert")
                .arg(self.certificate())
                .arg("--tls-key")
                .arg(self.key())
                .env("TOKIO_WORKER_THREADS", "1")
                .env("LOG_LEVEL", "error"),
        )?;
        let ready_after = wait_for(&address, begun)?;
        Ok(Server { process, address, ready_after })
    }

    /// Starts the floor, with one worker.
    pub(crate) fn floor(&self) -> anyhow::Result<Server> {
        let begun = Instant::now();
        let (process, address) = Process::start_and_read_line(
            Command::new(std::env::current_exe()?)
                .arg("floor")
                .arg(self.certificate())
                .arg(self.key()),
        )?;
        Ok(Server { process, address, ready_after: begun.elapsed() })
    }

    /// Sends `plan` from a process of its own; gives its report and the server's CPU time per request.
    pub(crate) fn send(&self, server: &Server, plan: &Plan) -> anyhow::Result<(Report, Duration)> {
        let file = self.dir.path().join("plan.json");
        std::fs::write(&file, serde_json::to_vec(plan)?)?;
        let before = server.process.cpu()?;
        let output = Command::new(std::env::current_exe()?).arg("client").arg(&file).output()?;
        let after = server.process.cpu()?;
        if !output.status.success() {
            bail!("the client failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let report = serde_json::from_slice(&output.stdout)?;
        let requests = u32::try_from(plan.requests)?;
        Ok((report, after.saturating_sub(before) / requests))
    }

    /// A plan over keep-alive connections.
    pub(crate) fn plan(&self, server: &Server, bodies: Vec<String>, requests: usize) -> Plan {
        Plan {
            target: server.address.clone(),
            cert: self.certificate().display().to_string(),
            paths: vec!["/mutate".to_owned()],
            bodies,
            requests,
            connections: CONNECTIONS,
            requests_per_connection: 0,
        }
    }

    fn certificate(&self) -> PathBuf {
        self.dir.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("tls.key")
    }
}

fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.to_string())
}

/// Waits until connections are accepted; ten seconds at most.
fn wait_for(address: &str, begun: Instant) -> anyhow::Result<Duration> {
    while TcpStream::connect(address).is_err() {
        ensure!(begun.elapsed() < Duration::from_secs(10), "the server did not start");
        std::thread::yield_now();
    }
    Ok(begun.elapsed())
}
