//! The registry's HTTP: connections, routes, bodies.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Effect, Logged, Shared};

/// Requests kept in the log; later ones are not.
const LOG_ENTRIES: usize = 100_000;

/// One piece of an endless body.
const PIECE: Bytes = Bytes::from_static(&[b'x'; 16 * 1024]);

/// The kind of what a notary serves.
const TRUST_DATA: &str = "_trust/tuf";

type Body = BoxBody<Bytes, io::Error>;

/// Accepts connections until `stop`.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let tls = tls.map(TlsAcceptor::from);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _peer)) => stream,
            Err(fault) => {
                debug!(%fault, "cannot accept a connection");
                continue;
            }
        };
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let (tls, shared, stop) = (tls.clone(), Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            match tls {
                None => talk(stream, shared, stop).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => talk(stream, shared, stop).await,
                    Err(fault) => debug!(%fault, "no TLS on a connection"),
                },
            }
        });
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, &request).await }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(fault) = ended {
        debug!(%fault, "a connection ended early");
    }
}

/// An answer, or an error that makes hyper close the connection.
async fn answer(shared: &Shared, request: &Request<Incoming>) -> io::Result<Response<Body>> {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    {
        let mut log = shared.log.lock();
        if log.len() < LOG_ENTRIES {
            log.push(Logged {
                method: request.method().to_string(),
                version: request.version(),
                path: path.to_owned(),
                headers: request.headers().clone(),
            });
        }
    }
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let right = route(shared, request);
    match shared.faults.strike(path) {
        Some(effect) => distort(right, effect).await,
        None => Ok(right.map(whole)),
    }
}

fn route(shared: &Shared, request: &Request<Incoming>) -> Response<Bytes> {
    let uri = request.uri();
    if uri.path() == "/token" {
        return match shared.access.give_token(request.headers(), uri) {
            Some(token) => json_answer(&json!({"token": token, "expires_in": 300})),
            None => refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        };
    }
    if !matches!(request.method().as_str(), "GET" | "HEAD") {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED");
    }
    let Some(rest) = uri.path().strip_prefix("/v2/") else {
        return refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
    };
    let (repository, kind, reference) = parts(rest);
    if let Err(challenge) = shared.access.check(request.headers(), repository, &shared.base) {
        let refusal = refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        return with(refusal, &WWW_AUTHENTICATE, &challenge);
    }
    if rest.is_empty() {
        return json_answer(&json!({}));
    }
    match kind {
        "manifests" => manifest(shared, repository, reference),
        "blobs" => match shared.store.blob(reference) {
            Some(bytes) => good("application/octet-stream", bytes),
            None => refusal(StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
        },
        TRUST_DATA => match shared.store.trust_data(repository, reference) {
            Some(bytes) => good("application/json; charset=utf-8", bytes),
            None => refusal(StatusCode::NOT_FOUND, "METADATA_NOT_FOUND"),
        },
        "referrers" if shared.referrers => {
            let index = shared.store.referrers(repository, reference);
            good("application/vnd.oci.image.index.v1+json", index.to_string().into())
        }
        _ => refusal(StatusCode::NOT_FOUND, "UNSUPPORTED"),
    }
}

/// Repository, kind and name of what a path below `/v2/` leads to.
fn parts(rest: &str) -> (&str, &str, &str) {
    if let Some((gun, file)) = rest.split_once("/_trust/tuf/") {
        return (gun, TRUST_DATA, file);
    }
    let mut parts = rest.rsplitn(3, '/');
    let mut next = || parts.next().unwrap_or_default();
    let (reference, kind, repository) = (next(), next(), next());
    (repository, kind, reference)
}

fn manifest(shared: &Shared, repository: &str, reference: &str) -> Response<Bytes> {
    let Some((digest, stored)) = shared.store.manifest(repository, reference) else {
        return refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN");
    };
    let name = HeaderName::from_static("docker-content-digest");
    with(good(&stored.media_type, stored.bytes), &name, &digest.to_string())
}

/// The right answer, gone wrong.
async fn distort(right: Response<Bytes>, effect: Effect) -> io::Result<Response<Body>> {
    Ok(match effect {
        Effect::Status { status, retry_after } => {
            let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
            let refusal = refusal(status, "UNAVAILABLE");
            match retry_after {
                Some(after) => with(refusal, &RETRY_AFTER, &after),
                None => refusal,
            }
            .map(whole)
        }
        Effect::Hangup => return Err(io::Error::other("hanging up on purpose")),
        Effect::Endless => right.map(|_| streamed(stream::repeat(PIECE))),
        Effect::ClaimMore(more) => {
            let claimed = (right.body().len() + more).to_string();
            with(right, &CONTENT_LENGTH, &claimed).map(cut_off)
        }
        // An alternate answer is replaced before it gets here.
        Effect::Replace(bytes) | Effect::Alternate(bytes) => right.map(|_| whole(bytes)),
        Effect::Redirect(url) => {
            let mut redirect = with(right, &LOCATION, &url).map(|_| whole(Bytes::new()));
            *redirect.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            redirect
        }
        Effect::Drip(pause) => right.map(|bytes| dripping(bytes, pause)),
        Effect::Delay(delay) => {
            tokio::time::sleep(delay).await;
            right.map(whole)
        }
        Effect::Header(name, value) => {
            with(right, &HeaderName::from_static(name), &value).map(whole)
        }
    })
}

fn good(media_type: &str, bytes: Bytes) -> Response<Bytes> {
    with(Response::new(bytes), &CONTENT_TYPE, media_type)
}

fn json_answer(value: &serde_json::Value) -> Response<Bytes> {
    good("application/json", value.to_string().into())
}

fn refusal(status: StatusCode, code: &str) -> Response<Bytes> {
    let mut refusal = json_answer(&json!({"errors": [{"code": code, "message": code}]}));
    *refusal.status_mut() = status;
    refusal
}

/// Sets a header; a value that cannot be one is left out.
fn with(mut response: Response<Bytes>, name: &HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed()
}

fn streamed(pieces: impl stream::Stream<Item = Bytes> + Send + Sync + 'static) -> Body {
    BodyExt::boxed(StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))))
}

/// A body after which the connection is closed. The pause lets what is there go out before.
fn cut_off(bytes: Bytes) -> Body {
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Bytes::new()
    });
    streamed(stream::once(async { bytes }).chain(end))
}

fn dripping(bytes: Bytes, pause: Duration) -> Body {
    streamed(stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some((rest.split_to(1), rest))
    }))
}
