//! One exchange with one host: a request, its answer, its bytes.
//!
//! Here stand all the bounds: which addresses, how many at a time, how long, how many bytes. Knows
//! nothing of logins beyond the header it is given, and follows nothing.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue,
};
use reqwest::{Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::address::{self, GuardedResolver, RefusedAddress};
use super::hosts::{Barred, Hosts};
use super::origin::Origin;
use super::{BuildFault, ClientSettings, Error, retry, tls};
use crate::clock::Deadline;
use crate::config::{RegistryAccess, Timeouts};
use crate::image::Digest;
use crate::metrics::{Metrics, RegistryOutcome};

/// What we call ourselves.
const USER_AGENT: &str = concat!("connaisseur/", env!("CARGO_PKG_VERSION"));

/// How much of an unwanted body is read so that its connection can be used again.
const DRAIN_BYTES: usize = 16 * 1024;

/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// Idle connections kept for each host, and for how long.
const IDLE_CONNECTIONS: usize = 16;
const IDLE_TIME: Duration = Duration::from_secs(60);

/// Exchanges of one client.
#[derive(Debug)]
pub(super) struct Transport {
    /// For hosts that a stranger chose.
    guarded: reqwest::Client,
    /// For hosts that the configuration names, and for the proxy. A client of its own, so that
    /// no connection that was allowed for one is used for the other.
    named: reqwest::Client,
    proxies: Matcher,
    hosts: Hosts,
    access: Arc<RegistryAccess>,
    timeouts: Timeouts,
    validator: Arc<str>,
    metrics: Arc<Metrics>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// Where.
    pub(super) url: &'a Url,
    /// Media types.
    pub(super) accept: &'a str,
    /// The login, made for exactly this origin.
    pub(super) authorization: Option<&'a HeaderValue>,
    /// Bytes of the answer.
    pub(super) limit: usize,
    /// In words, for errors.
    pub(super) what: &'a str,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its bytes, empty unless the status is 2xx.
    pub(super) bytes: Bytes,
    /// SHA-256 of the bytes.
    pub(super) digest: Digest,
}

impl Transport {
    /// Makes the two HTTP clients. Does no I/O but to read the system's root certificates, once.
    pub(super) fn new(settings: &ClientSettings) -> Result<Self, BuildFault> {
        let tls = tls::client_config(settings.ca_pem.as_deref())?;
        let timeouts = &settings.timeouts;
        let client = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(USER_AGENT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(timeouts.connect)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_idle_timeout(IDLE_TIME)
        };
        let fault = |fault: reqwest::Error| BuildFault::Client(innermost(&fault));
        Ok(Self {
            guarded: client()
                .dns_resolver(Arc::new(GuardedResolver))
                .build()
                .map_err(fault)?,
            named: client().build().map_err(fault)?,
            proxies: Matcher::from_env(),
            hosts: Hosts::new(&settings.limits, timeouts),
            access: Arc::clone(&settings.access),
            timeouts: timeouts.clone(),
            validator: Arc::clone(&settings.validator),
            metrics: Arc::clone(&settings.metrics),
        })
    }

    /// Tells whether an origin may be spoken to without TLS.
    pub(super) fn may_be_plain(&self, origin: &Origin) -> bool {
        origin.is_listed_in(&self.access.insecure)
    }

    /// Makes one exchange and hashes what came. Any status is an answer except 429, 503 with
    /// `Retry-After`, and 5xx.
    ///
    /// # Errors
    /// Everything of [`Error`] but `NotFound`, `Denied` and `DigestMismatch`, which need to know
    /// what the request was for.
    pub(super) async fn exchange(&self, ask: Ask<'_>, deadline: Deadline) -> Result<Answer, Error> {
        let (origin, client) = self.admit(ask.url)?;
        let name = origin.to_string();
        let host = self.hosts.of(&origin);
        let entry = host.enter(deadline).await.map_err(|barred| match barred {
            Barred::Busy => Error::Timeout { host: name.clone() },
            Barred::Breaker(opened) => Error::BreakerOpen {
                host: name.clone(),
                last: opened.last,
                probe_in: opened.probe_in,
            },
        })?;

        let begin = Instant::now();
        let own = Deadline::after(self.timeouts.registry);
        let until = own.min(deadline);
        let result = tokio::time::timeout_at(until.instant(), send(client, ask, &name)).await;
        let result = result.unwrap_or_else(|_passed| Err(Error::Timeout { host: name }));

        self.metrics
            .registry_request(&self.validator, outcome(&result), begin.elapsed());
        match &result {
            // The caller was short of time: that says nothing about the host.
            Err(Error::Timeout { .. }) if until < own => drop(entry),
            Err(Error::AddressRefused { .. }) => drop(entry),
            Err(error) if error.is_outage() && !is_429(error) => entry.pass.failed(&brief(error)),
            Ok(_) | Err(_) => entry.pass.succeeded(),
        }
        result
    }

    /// Passes a URL that we may talk to, with the client that is right for it.
    fn admit(&self, url: &Url) -> Result<(Origin, &reqwest::Client), Error> {
        let Some(origin) = Origin::of(url) else {
            return Err(Error::Malformed {
                host: url.host_str().unwrap_or_default().to_owned(),
                why: format!("it leads to a `{}` address", url.scheme()),
            });
        };
        let host = origin.to_string();
        let why = if !origin.is_tls() && !self.may_be_plain(&origin) {
            Some("it leads to an address without TLS")
        } else if !url.username().is_empty() || url.password().is_some() {
            // It would be sent as a login.
            Some("it leads to an address with a user or password in it")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(Error::Malformed {
                host,
                why: why.to_owned(),
            });
        }
        if self.access.all_named || origin.is_listed_in(&self.access.named) {
            return Ok((origin, &self.named));
        }
        address::check_literal(url).map_err(|refused| Error::AddressRefused {
            host,
            why: refused.to_string(),
        })?;
        // The proxy is the operator's choice and may be anywhere; it resolves the name.
        let proxied = url
            .as_str()
            .parse()
            .is_ok_and(|uri| self.proxies.intercept(&uri).is_some());
        Ok((origin, if proxied { &self.named } else { &self.guarded }))
    }
}

async fn send(client: &reqwest::Client, ask: Ask<'_>, host: &str) -> Result<Answer, Error> {
    let mut request = client
        .get(ask.url.clone())
        .header(ACCEPT, ask.accept)
        // Digests are of the bytes as they are stored: a proxy must not squeeze them on the way.
        .header(ACCEPT_ENCODING, "identity");
    if let Some(authorization) = ask.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let mut response = request
        .send()
        .await
        .map_err(|fault| no_answer(&fault, host))?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    if status.is_success() {
        let (bytes, digest) = collect(response, &headers, ask, host).await?;
        return Ok(Answer {
            status,
            headers,
            bytes,
            digest,
        });
    }
    drain(response).await;
    let host = host.to_owned();
    let retry_after = retry::retry_after(&headers);
    match status.as_u16() {
        429 => Err(Error::Throttled { host, retry_after }),
        503 if retry_after.is_some() => Err(Error::Throttled { host, retry_after }),
        status @ 500.. => Err(Error::Status { host, status }),
        _ => Ok(Answer {
            status,
            headers,
            bytes: Bytes::new(),
            digest: Digest::of(&[]),
        }),
    }
}

/// Reads a body to its end, at most `ask.limit` bytes, and hashes it on the way.
async fn collect(
    mut response: Response,
    headers: &HeaderMap,
    ask: Ask<'_>,
    host: &str,
) -> Result<(Bytes, Digest), Error> {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        let why = "the body is compressed, although we asked that it is not".to_owned();
        return Err(Error::Malformed {
            host: host.to_owned(),
            why,
        });
    }
    let too_large = || Error::TooLarge {
        what: ask.what.to_owned(),
        host: host.to_owned(),
        limit: ask.limit,
    };
    // What the header claims is only good for an early "no", never for a reservation of memory.
    let claimed = response.content_length().unwrap_or(0);
    if usize::try_from(claimed).map_or(true, |claimed| claimed > ask.limit) {
        return Err(too_large());
    }
    let mut hash = Context::new(&SHA256);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|fault| broke_off(&fault, host))?
    {
        if chunk.len() > ask.limit.saturating_sub(bytes.len()) {
            return Err(too_large());
        }
        hash.update(&chunk);
        bytes.extend_from_slice(&chunk);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok((bytes.freeze(), Digest::from_bytes(digest)))
}

/// Reads the rest of a short body, so that the connection is not lost with it.
async fn drain(mut response: Response) {
    let read = async {
        let mut left = DRAIN_BYTES;
        while let Ok(Some(chunk)) = response.chunk().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Out of time: the connection is closed instead.
    drop(tokio::time::timeout(DRAIN_TIME, read).await);
}

fn no_answer(fault: &reqwest::Error, host: &str) -> Error {
    let host = host.to_owned();
    if let Some(refused) = find_cause::<RefusedAddress>(fault) {
        Error::AddressRefused {
            host,
            why: refused.to_string(),
        }
    } else if fault.is_connect() {
        let why = if fault.is_timeout() {
            "timed out".to_owned()
        } else {
            innermost(fault)
        };
        Error::Connect { host, why }
    } else if fault.is_timeout() {
        Error::Timeout { host }
    } else {
        broke_off(fault, &host)
    }
}

fn broke_off(fault: &reqwest::Error, host: &str) -> Error {
    Error::Broken {
        host: host.to_owned(),
        why: innermost(fault),
    }
}

/// The innermost cause, which is the only one that tells people something (`connection refused`,
/// `invalid peer certificate: UnknownIssuer`); the outer ones repeat the URL.
fn innermost(fault: &dyn StdError) -> String {
    causes(fault).last().unwrap_or(fault).to_string()
}

fn find_cause<'e, E: StdError + 'static>(fault: &'e dyn StdError) -> Option<&'e E> {
    causes(fault).find_map(|cause| cause.downcast_ref())
}

fn causes<'e>(fault: &'e dyn StdError) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut cause = fault.source();
    std::iter::from_fn(move || {
        let this = cause?;
        cause = this.source();
        Some(this)
    })
}

/// A failure without the host, for the breaker, whose message names the host itself.
fn brief(error: &Error) -> String {
    match error {
        Error::Connect { why, .. } | Error::Broken { why, .. } => why.clone(),
        Error::Status { status, .. } => status.to_string(),
        Error::Timeout { .. } => "no answer in time".to_owned(),
        other => other.word().to_owned(),
    }
}

fn is_429(error: &Error) -> bool {
    matches!(error, Error::Throttled { .. })
}

fn outcome(result: &Result<Answer, Error>) -> RegistryOutcome {
    match result {
        Ok(answer) => match answer.status.as_u16() {
            // A redirect did its part; what it leads to is counted for itself.
            200..=399 => RegistryOutcome::Ok,
            404 => RegistryOutcome::NotFound,
            401 | 403 => RegistryOutcome::Denied,
            _ => RegistryOutcome::Failed,
        },
        Err(Error::Throttled { .. }) => RegistryOutcome::Throttled,
        Err(_) => RegistryOutcome::Failed,
    }
}
