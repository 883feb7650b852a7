//! One connection: handshake, protocol, and the limits that keep a stranger from holding it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::router::{Answer, Entrance, Service};

/// A handshake takes two round trips.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the headers of a request may take, the silence before them included: longer than the
/// 90 s for which Go's clients, and so API servers, keep an idle connection. Were it shorter, we
/// would close connections under requests that are on their way.
const SILENCE: Duration = Duration::from_mins(2);

/// Bytes of headers, and of a body read at once.
const HTTP1_BUFFER: usize = 64 * 1024;

const HTTP2_STREAMS: u32 = 256;
const HTTP2_HEADER_BYTES: u32 = 16 * 1024;
/// Streams that a client opened and reset before we took them up (rapid reset).
const HTTP2_PENDING_RESETS: usize = 20;
const HTTP2_PING_EVERY: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What all connections share.
pub(super) struct Connections {
    service: Service,
    http: Builder<TokioExecutor>,
    /// Whether reviews need a client certificate.
    restricted: bool,
}

impl Connections {
    pub(super) fn new(service: Service, restricted: bool) -> Arc<Self> {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(SILENCE)
            .max_buf_size(HTTP1_BUFFER);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .max_header_list_size(HTTP2_HEADER_BYTES)
            .max_pending_accept_reset_streams(HTTP2_PENDING_RESETS)
            .keep_alive_interval(HTTP2_PING_EVERY)
            .keep_alive_timeout(HTTP2_PING_TIMEOUT);
        Arc::new(Self { service, http, restricted })
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Serves a connection of the TLS listener to its end.
    pub(super) async fn serve_tls(
        self: Arc<Self>,
        tcp: TcpStream,
        tls: TlsAcceptor,
        watcher: Watcher,
    ) {
        let stream = match timeout(HANDSHAKE, tls.accept(tcp)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "handshake failed"),
            Err(_) => return tracing::debug!("handshake timed out"),
        };
        // The handshake fails if a certificate is shown that the CA did not sign.
        let (_, session) = stream.get_ref();
        let trusted = !self.restricted || session.peer_certificates().is_some();
        self.serve(stream, Entrance::Webhooks { trusted }, watcher).await;
    }

    /// Serves a connection of the plain listener to its end.
    pub(super) async fn serve_plain(self: Arc<Self>, tcp: TcpStream, watcher: Watcher) {
        self.serve(tcp, Entrance::Plain, watcher).await;
    }

    async fn serve<S>(self: Arc<Self>, stream: S, entrance: Entrance, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let service = service_fn(|request| {
            let this = Arc::clone(&self);
            async move { Ok::<_, Infallible>(this.answer(entrance, request).await) }
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error, "connection ended");
        }
    }

    async fn answer(&self, entrance: Entrance, request: Request<Incoming>) -> Answer {
        let version = request.version();
        let mut answer = self.service.answer(entrance, request).await;
        // The next request shall go to another replica. HTTP/2 has a frame for that.
        if self.service.readiness.draining() && version <= Version::HTTP_11 {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}
