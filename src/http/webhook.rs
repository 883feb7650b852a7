//! `/mutate` and `/validate`: from a request to the engine's answer, under limits and a deadline.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::{Method, Request};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;

use super::router::{Answer, Refused, Service, require, with_status};
use crate::admission::Webhook;
use crate::clock::Deadline;
use crate::engine::{Engine, Reply};

/// What is kept back of the time that a caller gives: an answer needs to travel.
const RESERVE: Duration = Duration::from_millis(500);

/// Bytes that are reserved for a body because it was announced; most reviews are smaller.
const RESERVED_BYTES: usize = 64 * 1024;

type Answering = dyn Fn(Webhook, Bytes, Deadline) -> BoxFuture<'static, Reply> + Send + Sync;

/// Who answers reviews, and what is answered if that breaks down.
pub struct Review {
    answer: Box<Answering>,
    fault: fn(&[u8]) -> Reply,
}

impl Review {
    /// `answer` is asked for each review; `fault` makes a denial out of the body of a review whose
    /// `answer` panicked.
    pub fn new<F, R>(answer: F, fault: fn(&[u8]) -> Reply) -> Self
    where
        F: Fn(Webhook, Bytes, Deadline) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        let answer = move |webhook, body, deadline| answer(webhook, body, deadline).boxed();
        Self { answer: Box::new(answer), fault }
    }

    /// Reviews by the engine.
    pub fn by_engine(engine: Arc<Engine>, fault: fn(&[u8]) -> Reply) -> Self {
        let answer = move |webhook, body: Bytes, deadline| {
            let engine = Arc::clone(&engine);
            async move { engine.review(webhook, &body, deadline).await }
        };
        Self::new(answer, fault)
    }

    /// Answers a review. A panic is an answer too, and never one that admits.
    async fn ask(&self, webhook: Webhook, body: Bytes, deadline: Deadline) -> Reply {
        let asked = async { (self.answer)(webhook, body.clone(), deadline).await };
        if let Ok(reply) = AssertUnwindSafe(asked).catch_unwind().await {
            return reply;
        }
        // The panic's own message went to the log through the panic hook.
        tracing::error!(?webhook, "a review broke down");
        let fault = self.fault;
        catch_unwind(|| fault(&body)).unwrap_or_else(|_| Reply {
            status: 500,
            body: Bytes::from_static(b"the review broke down inside Connaisseur\n"),
        })
    }
}

impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Review")
    }
}

/// Answers one request to a webhook. Every request is counted, also one that is refused.
pub(super) async fn answer<B>(
    service: &Service,
    webhook: Webhook,
    trusted: bool,
    request: Request<B>,
) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let begun = Instant::now();
    service.metrics.request_received(webhook);
    let deadline = deadline_from(request.uri().query(), service.limits.time);
    let (body, _held) = match accept(service, trusted, request, deadline).await {
        Ok(accepted) => accepted,
        Err(refused) => return service.refuse(&refused),
    };
    let reply = service.review.ask(webhook, body, deadline).await;
    if reply.status != 200 {
        service.metrics.http_refusal(reply.status);
    }
    service.metrics.admission_took(webhook, begun.elapsed());
    with_status(reply.status, reply.body)
}

/// The body of a request that may be a review, and the room that is held for it.
async fn accept<B>(
    service: &Service,
    trusted: bool,
    request: Request<B>,
    deadline: Deadline,
) -> Result<(Bytes, OwnedSemaphorePermit), Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    require(&request, &Method::POST)?;
    if !trusted {
        return Err(Refused::Client);
    }
    if !is_json(request.headers().get(CONTENT_TYPE)) {
        return Err(Refused::ContentType);
    }
    let waits = request.headers().contains_key(EXPECT);
    let (body, limit) = (request.into_body(), service.limits.body_bytes);
    // Without an announcement it may be as large as a body may be.
    let most =
        body.size_hint().upper().map_or(limit, |most| usize::try_from(most).unwrap_or(limit));
    let held = service.bodies.hold(most.min(limit), deadline).await?;
    let reading = read(body, limit, waits);
    let body = timeout_at(deadline.instant(), reading).await.unwrap_or(Err(Refused::Slow))?;
    Ok((body, held))
}

/// Whether a content type is JSON, whatever its parameters.
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(Ok(text)) = content_type.map(HeaderValue::to_str) else {
        return false;
    };
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body of at most `limit` bytes; copies nothing if it comes in one piece.
///
/// `waits`: the client waits for our consent before it sends.
async fn read<B>(mut body: B, limit: usize, waits: bool) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = Refused::TooLarge { limit };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        if !waits {
            discard(body, limit.saturating_mul(2)).await;
        }
        return Err(too_large);
    }
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limit {
        return Err(too_large);
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    // An announcement costs nothing, so that little is reserved for it.
    let mut whole = BytesMut::with_capacity(announced.min(RESERVED_BYTES).max(first.len()));
    whole.extend_from_slice(&first);
    while let Some(more) = next(&mut body).await? {
        if whole.len().saturating_add(more.len()) > limit {
            discard(body, limit).await;
            return Err(too_large);
        }
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

/// The next bytes of a body; trailers are none.
async fn next<B>(body: &mut B) -> Result<Option<Bytes>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    match body.frame().await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(_)) => Err(Refused::Unreadable),
    }
}

/// Takes in what a client is still sending, so much at most: a connection that is closed over unread
/// bytes is reset, and a client that writes before it reads would never learn why. Who sends more
/// than twice the limit is cut off.
async fn discard<B>(mut body: B, most: usize)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = most;
    while let Ok(Some(bytes)) = next(&mut body).await {
        match left.checked_sub(bytes.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// When the answer must be on its way: what the caller gives (`?timeout=`), `limit` at most, less
/// the greater of half a second and 5 %. Of less than a second, half.
fn deadline_from(query: Option<&str>, limit: Duration) -> Deadline {
    let offered = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout="))
        .and_then(go_duration);
    let whole = offered.map_or(limit, |offered| offered.min(limit));
    let reserve = RESERVE.max(whole / 20).min(whole / 2);
    Deadline::after(whole.saturating_sub(reserve))
}

/// Reads a duration as Go writes it: `10s`, `1m30s`, `1.5h`, `500ms`. `None` if it is not positive.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        whole = whole.checked_add(part)?;
        rest = next;
    }
    (whole > Duration::ZERO).then_some(whole)
}

#[cfg(test)]
mod tests;
