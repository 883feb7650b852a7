//! Our own sections, with every default in one place.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::policy::Matching;

/// Our own sections of the file.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    /// `server`.
    pub server: Server,
    /// `limits`.
    pub limits: Limits,
    /// `timeouts`.
    pub timeouts: Timeouts,
    /// `cache`.
    pub cache: Cache,
    /// `features`.
    pub features: Features,
    /// `policyMatching`.
    pub matching: Matching,
}

/// `server`: where we listen.
#[derive(Debug, Clone)]
pub struct Server {
    /// The TLS listener of the webhooks.
    pub listen: SocketAddr,
    /// The plain listener of metrics and probes.
    pub metrics_listen: SocketAddr,
    /// Serving certificate chain, PEM.
    pub tls_cert: PathBuf,
    /// Its key, PEM.
    pub tls_key: PathBuf,
    /// When given, /mutate and /validate answer only to clients whose certificate this CA signed.
    pub client_ca: Option<PathBuf>,
    /// How long we keep answering after SIGTERM before we stop to listen.
    pub drain_delay: Duration,
    /// How long requests under way may take after that.
    pub drain_timeout: Duration,
    /// Connections at the same time; more wait to be accepted.
    pub max_connections: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 5000)),
            metrics_listen: SocketAddr::from(([0, 0, 0, 0], 5001)),
            tls_cert: PathBuf::from("/app/certs/tls.crt"),
            tls_key: PathBuf::from("/app/certs/tls.key"),
            client_ca: None,
            drain_delay: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
            max_connections: 4096,
        }
    }
}

/// `limits`: everything that a stranger can grow.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of an `AdmissionReview`. An API server's request limit is 3 MiB and a review holds two objects.
    pub body_bytes: usize,
    /// Bytes of all bodies that are held at the same time. A quarter of the memory that the chart grants.
    pub bodies_bytes: usize,
    /// Nesting of JSON.
    pub json_depth: usize,
    /// Images of one request.
    pub images_per_request: usize,
    /// Signatures judged for one image.
    pub candidates: usize,
    /// Bytes of a manifest.
    pub manifest_bytes: usize,
    /// Bytes of a blob.
    pub blob_bytes: usize,
    /// Bytes of a token answer.
    pub token_bytes: usize,
    /// Redirects followed for one request.
    pub redirects: usize,
    /// Verifications under way at the same time, for each validator.
    pub jobs_per_validator: usize,
    /// Requests under way at the same time, for each registry host of a validator.
    pub requests_per_host: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * 1024 * 1024,
            bodies_bytes: 128 * 1024 * 1024,
            json_depth: 128,
            images_per_request: 200,
            candidates: 64,
            manifest_bytes: 4 * 1024 * 1024,
            blob_bytes: 32 * 1024 * 1024,
            token_bytes: 64 * 1024,
            redirects: 5,
            jobs_per_validator: 256,
            requests_per_host: 64,
        }
    }
}

/// `timeouts`.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// One admission request, also where `?timeout=` asks for more.
    pub request: Duration,
    /// One verification of one image.
    pub image: Duration,
    /// How long a verification waits for a permit before it is refused as overloaded.
    pub permit: Duration,
    /// Connecting to a registry, TLS included.
    pub connect: Duration,
    /// One answer of a registry, body included.
    pub registry: Duration,
    /// How long an open breaker keeps a host away before one request may probe it.
    pub breaker_probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            image: Duration::from_secs(25),
            permit: Duration::from_millis(250),
            connect: Duration::from_secs(5),
            registry: Duration::from_secs(10),
            breaker_probe: Duration::from_secs(1),
        }
    }
}

/// `cache`.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The longest life of a verdict.
    pub verdict_max_age: Duration,
    /// The longest life of a name (tag → digest) and of a rejected verdict. Zero turns names, rejected
    /// verdicts and the verdict cache off (`CACHE_EXPIRY_SECONDS`).
    pub name_max_age: Duration,
    /// Whether rejected verdicts are kept (`CACHE_ERRORS`).
    pub rejected: bool,
    /// Bytes of evidence kept.
    pub evidence_bytes: u64,
    /// Bytes of verdicts kept.
    pub verdict_bytes: u64,
    /// Bytes of names kept.
    pub name_bytes: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            verdict_max_age: Duration::from_mins(10),
            name_max_age: Duration::from_secs(30),
            rejected: true,
            evidence_bytes: 8 * 1024 * 1024,
            verdict_bytes: 4 * 1024 * 1024,
            name_bytes: 2 * 1024 * 1024,
        }
    }
}

/// `features`, named as in Connaisseur 3.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Read so that configurations of Connaisseur 3 load. Child approval is not built yet: `true` is
    /// a warning, and the images of child objects are verified like all others.
    pub automatic_child_approval: bool,
    /// Images of a template that an UPDATE leaves unchanged are not judged again.
    pub automatic_unchanged_approval: bool,
    /// Refusals only warn.
    pub detection_mode: bool,
    /// Which kinds are judged.
    pub resource_validation: ResourceValidation,
}

/// `features.resourceValidationMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResourceValidation {
    /// Every kind with a pod template.
    #[default]
    All,
    /// Pods; other kinds are admitted with a warning where they would be denied.
    PodsOnly,
}

/// Which registries the configuration names (design §10.6). Hosts in lower case, with their port unless it is 443.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryAccess {
    /// Named by a pattern, a validator or `registries`: these may live on loopback or private addresses that
    /// are otherwise refused.
    pub named: BTreeSet<String>,
    /// May be spoken to without TLS: `registries: [{host, insecure: true}]`, and loopback registries in `named`.
    pub insecure: BTreeSet<String>,
    /// Hosts outside the built-in table whose token realm may receive credentials (`auth.realms`).
    pub realms: BTreeSet<String>,
    /// Everything is named: for the command line, where the user chooses the image.
    pub all_named: bool,
}
