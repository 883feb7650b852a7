//! The only file that knows every part: configuration → caches → validators → actors → server.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime as Tokio;

use crate::actors::{ActorSystem, Actors, CryptoPool};
use crate::cache::Caches;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, LoadFault, Logging, Overrides, Sections, Source};
use crate::engine::{Engine, Reply};
use crate::http::{
    Bodies, Certificates, Readiness, RequestLimits, Review, Server, Service, TlsFault,
    shutdown_signal,
};
use crate::metrics::Metrics;
use crate::telemetry;
use crate::validators::Runtime;

/// What one process has once, whatever configuration it reads.
#[derive(Debug)]
pub struct Process {
    /// Drives everything: connections, jobs and actors.
    pub tokio: &'static Tokio,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Counts everything.
    pub metrics: Arc<Metrics>,
    system: Arc<ActorSystem>,
    crypto: Arc<CryptoPool>,
}

impl Process {
    /// Starts threads and actors. Meant to be called once: the threads live as long as the process.
    pub fn start() -> anyhow::Result<Self> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start threads")?;
        let tokio: &'static Tokio = Box::leak(Box::new(tokio));
        let metrics = Arc::new(Metrics::new());
        let system = ActorSystem::start(tokio)?;
        let crypto = Arc::new(CryptoPool::start(&system, &metrics)?);
        Ok(Self { tokio, clock: Arc::new(SystemClock), metrics, system, crypto })
    }

    /// Reads a configuration; its validators share the caches and crypto workers of this process.
    ///
    /// # Errors
    /// Every problem of the configuration at once.
    pub fn load(&self, source: &Source, overrides: &Overrides) -> Result<Config, LoadFault> {
        Config::load(source, overrides, |sections| self.runtime(sections))
    }

    fn runtime(&self, sections: &Sections) -> Runtime {
        Runtime {
            clock: self.clock.clone(),
            caches: Arc::new(Caches::new(&sections.cache)),
            crypto: self.crypto.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// Reads a configuration and puts an engine around it.
    pub fn engine(&self, source: &Source, overrides: &Overrides) -> anyhow::Result<Arc<Engine>> {
        let config = self.load(source, overrides)?;
        let actors = Actors::start(
            &self.system,
            self.crypto.clone(),
            &config.validators,
            &config.sections,
            &self.metrics,
        )?;
        Ok(Arc::new(Engine::new(config, actors, self.clock.clone(), self.metrics.clone())))
    }
}

/// Where the serving certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// From the files of the configuration; they are read again when they change.
    Files,
    /// Made at start, for trying things out.
    SelfSigned,
}

impl Serving {
    /// The certificate to serve with.
    pub fn certificates(self, server: &config::Server) -> Result<Arc<Certificates>, TlsFault> {
        match self {
            Self::Files => Certificates::load(&server.tls_cert, &server.tls_key),
            Self::SelfSigned => Certificates::self_signed(),
        }
    }
}

/// What the listeners need to answer with `engine`.
pub fn service(engine: &Arc<Engine>, metrics: &Arc<Metrics>) -> Service {
    let config = engine.config();
    let validators = config.validators.iter().map(|one| Arc::clone(&one.name)).collect();
    Service {
        review: Review::by_engine(Arc::clone(engine), Reply::breakdown),
        readiness: Readiness::new(validators),
        metrics: Arc::clone(metrics),
        limits: RequestLimits {
            body_bytes: config.sections.limits.body_bytes,
            time: config.sections.timeouts.request,
        },
        bodies: Bodies::new(config.sections.limits.bodies_bytes),
    }
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// Anything that keeps us from serving: the configuration, the certificate, an address.
pub fn serve(source: &Source, overrides: &Overrides, serving: Serving) -> anyhow::Result<()> {
    // A bad level or format is a problem of the configuration, which is read below.
    let logging = Logging::of(source).unwrap_or_default();
    telemetry::init(logging.level, logging.format, std::io::stdout)?;
    let process = Process::start()?;
    let engine = process.engine(source, overrides)?;
    for warning in &engine.config().warnings {
        tracing::warn!(warning = %warning.in_file(&source.path), "configuration");
    }
    let settings = engine.config().sections.server.clone();
    let certificates = serving.certificates(&settings)?;
    process.tokio.block_on(async {
        let bound = Server::new(settings, certificates).bind().await?;
        let (webhooks, plain) = (bound.webhooks()?, bound.plain()?);
        let (validators, rules) =
            (engine.config().validators.len(), engine.config().policy.rules().count());
        tracing::info!(%webhooks, metrics = %plain, validators, rules, "serving");
        bound.serve(service(&engine, &process.metrics), shutdown_signal()?).await;
        tracing::info!("ended");
        Ok(())
    })
}

/// Reads a configuration exactly as `serve` does, and throws away what it made.
pub fn check(path: &Path, secrets_dir: &Path) -> anyhow::Result<Config> {
    let source = Source::from_process(path.to_owned(), secrets_dir.to_owned());
    Ok(Process::start()?.load(&source, &Overrides::default())?)
}
