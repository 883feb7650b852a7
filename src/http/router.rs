//! From path and method to who answers, and the answers that are refusals.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::bodies::Bodies;
use super::probes::{self, Readiness};
use super::webhook::{self, Review};
use crate::admission::Webhook;
use crate::metrics::{self, Metrics};

pub(super) type Answer = Response<Full<Bytes>>;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METRICS: HeaderValue = HeaderValue::from_static(metrics::CONTENT_TYPE);

/// Everything that answering a request needs.
#[derive(Debug)]
pub struct Service {
    /// Answers reviews.
    pub review: Review,
    /// What `/ready` says.
    pub readiness: Arc<Readiness>,
    /// What `/metrics` says.
    pub metrics: Arc<Metrics>,
    /// What a request may cost.
    pub limits: RequestLimits,
    /// What the bodies of all requests together may take.
    pub bodies: Bodies,
}

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// Bytes of a body (`limits.body_bytes`).
    pub body_bytes: usize,
    /// Time for one request (`timeouts.request`), also where the caller offers more.
    pub time: Duration,
}

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// The TLS listener: webhooks, probes, metrics.
    Webhooks {
        /// Whether the client may ask for reviews.
        trusted: bool,
    },
    /// The plain listener: probes and metrics only.
    Plain,
}

/// Why a request is refused before it is a review. One sentence each, for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("there is nothing here: try /mutate, /validate, /health, /ready or /metrics")]
    Path,
    #[error("method {method} is not allowed here: use {allowed}")]
    Method { method: Method, allowed: &'static str },
    #[error("the content type must be application/json")]
    ContentType,
    #[error("only clients with a certificate signed by `server.clientCA` may ask for reviews")]
    Client,
    #[error("the request is larger than {limit} bytes (`limits.bodyBytes`)")]
    TooLarge { limit: usize },
    #[error("the request ended before its body did")]
    Unreadable,
    #[error("the body of the request did not arrive in time")]
    Slow,
    #[error("too many requests are held in memory (`limits.bodiesBytes`): try again")]
    Full,
}

impl Service {
    /// Answers one request.
    pub(super) async fn answer<B>(&self, entrance: Entrance, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
    {
        match (request.uri().path(), entrance) {
            ("/mutate", Entrance::Webhooks { trusted }) => {
                webhook::answer(self, Webhook::Mutate, trusted, request).await
            }
            ("/validate", Entrance::Webhooks { trusted }) => {
                webhook::answer(self, Webhook::Validate, trusted, request).await
            }
            ("/health", _) => self.probe(&request, || Response::new(Full::default())),
            ("/ready", _) => self.probe(&request, || probes::ready(&self.readiness)),
            ("/metrics", _) => self.probe(&request, || {
                with_type(StatusCode::OK, METRICS, self.metrics.encode().into())
            }),
            _ => self.refuse(&Refused::Path),
        }
    }

    fn probe<B>(&self, request: &Request<B>, answer: impl FnOnce() -> Answer) -> Answer {
        match require(request, &Method::GET) {
            Ok(()) => answer(),
            Err(refused) => self.refuse(&refused),
        }
    }

    /// A refusal, counted.
    pub(super) fn refuse(&self, refused: &Refused) -> Answer {
        let status = refused.status();
        self.metrics.http_refusal(status.as_u16());
        let mut answer = with_type(status, TEXT, format!("{refused}\n").into());
        if let Refused::Method { allowed, .. } = refused {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        }
        answer
    }
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Client => StatusCode::FORBIDDEN,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Refuses every method but one.
pub(super) fn require<B>(request: &Request<B>, method: &Method) -> Result<(), Refused> {
    if request.method() == method {
        return Ok(());
    }
    let allowed = if method == Method::POST { "POST" } else { "GET" };
    Err(Refused::Method { method: request.method().clone(), allowed })
}

/// An answer with a body.
pub(super) fn with_type(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// An answer of the engine: a review where it is a decision, one sentence otherwise.
pub(super) fn with_status(status: u16, body: Bytes) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_type(status, if status == StatusCode::OK { JSON } else { TEXT }, body)
}
