//! The only file that knows every part: configuration → caches → validators → actors → server.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime as Tokio;

use crate::actors::{ActorSystem, Actors, CryptoPool};
use crate::cache::Caches;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LoadFault, Overrides, Sections, Source};
use crate::engine::Engine;
use crate::metrics::Metrics;
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

/// Reads a configuration exactly as `serve` does, and throws away what it made.
pub fn check(path: &Path, secrets_dir: &Path) -> anyhow::Result<Config> {
    let source = Source::from_process(path.to_owned(), secrets_dir.to_owned());
    Ok(Process::start()?.load(&source, &Overrides::default())?)
}
