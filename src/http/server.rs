//! Listens, accepts, and ends without losing a request.
//!
//! A [`Server`] that is bound is a [`Bound`]: a process knows that its addresses are free before
//! it says that it starts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::certificates::Certificates;
use super::connection::Connections;
use super::router::Service;
use super::tls::{TlsFault, server_config};
use crate::config;

/// Connections of probes and scrapers at the same time.
const MAX_PLAIN_CONNECTIONS: usize = 256;

/// Before accepting is tried again when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why we cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindFault {
    /// An address is taken or not ours.
    #[error("cannot listen on {address}: {why}; {fix} (`server.{setting}`, --{flag})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        why: String,
        /// What to do.
        fix: &'static str,
        /// Its name in the configuration.
        setting: &'static str,
        /// Its flag.
        flag: &'static str,
    },
    /// TLS cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsFault),
}

/// A server that does not listen yet.
#[derive(Debug)]
pub struct Server {
    settings: config::Server,
    certificates: Arc<Certificates>,
}

/// A server whose addresses are its own. Connections wait until it serves.
pub struct Bound {
    settings: config::Server,
    certificates: Arc<Certificates>,
    tls: TlsAcceptor,
    webhooks: TcpListener,
    plain: TcpListener,
}

impl Server {
    /// A server of `settings` with a certificate that was read already.
    pub fn new(settings: config::Server, certificates: Arc<Certificates>) -> Self {
        Self { settings, certificates }
    }

    /// Takes both addresses.
    pub async fn bind(self) -> Result<Bound, BindFault> {
        let Self { settings, certificates } = self;
        let tls = server_config(&certificates, settings.client_ca.as_deref())?;
        let webhooks = listen(settings.listen, "listen", "listen").await?;
        let plain = listen(settings.metrics_listen, "metricsListen", "metrics-listen").await?;
        Ok(Bound { settings, certificates, tls: tls.into(), webhooks, plain })
    }
}

impl Bound {
    /// Where the webhooks are, with the port that the system chose if it was 0.
    pub fn webhooks(&self) -> io::Result<SocketAddr> {
        self.webhooks.local_addr()
    }

    /// Where metrics and probes are, without TLS.
    pub fn plain(&self) -> io::Result<SocketAddr> {
        self.plain.local_addr()
    }

    /// Serves until `shutdown`, then drains: not ready, but answering for `server.drainDelay`
    /// while the cluster learns of it; then no new connection; then, for `server.drainTimeout`,
    /// what is under way. Whatever is left is dropped.
    pub async fn serve(self, service: Service, shutdown: impl Future<Output = ()>) {
        let Self { settings, certificates, tls, webhooks, plain } = self;
        let metrics = Arc::clone(&service.metrics);
        let connections = Connections::new(service, settings.client_ca.is_some());
        let watch = tokio::spawn(certificates.watch(metrics));

        let (served, probed) = (Arc::clone(&connections), Arc::clone(&connections));
        let webhooks = Listener::new(webhooks, settings.max_connections);
        let plain = Listener::new(plain, MAX_PLAIN_CONNECTIONS);
        let webhooks = webhooks
            .accept(move |tcp, watcher| Arc::clone(&served).serve_tls(tcp, tls.clone(), watcher));
        let plain = plain.accept(move |tcp, watcher| Arc::clone(&probed).serve_plain(tcp, watcher));

        shutdown.await;
        tracing::info!(delay = ?settings.drain_delay, "draining");
        connections.service().readiness.drain();
        tokio::time::sleep(settings.drain_delay).await;
        if !webhooks.finish(settings.drain_timeout).await {
            tracing::warn!(after = ?settings.drain_timeout, "requests under way are dropped");
        }
        // Probes are answered until now; nobody waits for theirs.
        plain.finish(Duration::ZERO).await;
        watch.abort();
        tracing::info!("drained");
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Ends when the process is told to end: SIGTERM from the kubelet, SIGINT from a terminal.
///
/// # Errors
/// If the system lets us handle neither.
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn listen(
    address: SocketAddr,
    setting: &'static str,
    flag: &'static str,
) -> Result<TcpListener, BindFault> {
    TcpListener::bind(address).await.map_err(|why| {
        let fix = if why.kind() == io::ErrorKind::AddrInUse {
            "end the process that listens there, or choose another address"
        } else {
            "choose another address"
        };
        BindFault::Listen { address, why: why.to_string(), fix, setting, flag }
    })
}

/// A listener with room for so many connections.
struct Listener {
    tcp: TcpListener,
    room: Arc<Semaphore>,
}

/// A listener that accepts, and the connections that it accepted.
struct Accepting {
    graceful: Arc<GracefulShutdown>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    /// Ends listener and connections when it is dropped.
    _end: DropGuard,
}

type Watcher = hyper_util::server::graceful::Watcher;

impl Listener {
    fn new(tcp: TcpListener, connections: usize) -> Self {
        let room = Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS));
        Self { tcp, room: Arc::new(room) }
    }

    /// Accepts in the background. Who finds no room waits in the system's queue.
    fn accept<S, F>(self, serve: S) -> Accepting
    where
        S: Fn(TcpStream, Watcher) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let graceful = Arc::new(GracefulShutdown::new());
        let end = CancellationToken::new();
        let stop = end.child_token();
        let (watchers, stopped, ended) = (Arc::clone(&graceful), stop.clone(), end.clone());
        let task = tokio::spawn(async move {
            while let Some(Ok(place)) = stopped.run_until_cancelled(self.place()).await {
                let Some(tcp) = stopped.run_until_cancelled(self.next()).await else {
                    return;
                };
                let connection = serve(tcp, watchers.watcher());
                let ended = ended.clone();
                tokio::spawn(async move {
                    ended.run_until_cancelled(connection).await;
                    drop(place);
                });
            }
        });
        Accepting { graceful, stop, task, _end: end.drop_guard() }
    }

    async fn place(&self) -> Result<tokio::sync::OwnedSemaphorePermit, tokio::sync::AcquireError> {
        Arc::clone(&self.room).acquire_owned().await
    }

    async fn next(&self) -> TcpStream {
        loop {
            match self.tcp.accept().await {
                Ok((tcp, _)) => {
                    // Only slower if it fails.
                    tcp.set_nodelay(true).ok();
                    return tcp;
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Accepting {
    /// Accepts no more, lets requests under way end, and tells whether all did in time.
    async fn finish(self, within: Duration) -> bool {
        let Self { graceful, stop, task, _end } = self;
        stop.cancel();
        // It ends by itself; were it to panic, there is nothing left to accept either.
        task.await.ok();
        let Ok(graceful) = Arc::try_unwrap(graceful) else {
            return false;
        };
        timeout(within, graceful.shutdown()).await.is_ok()
    }
}
