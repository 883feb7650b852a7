//! One exchange with one host: a request, its answer, its bytes.
//!
//! Here stand all the bounds: which addresses, how many at a time, how long, how many bytes. Knows
//! nothing of logins beyond the header it is given, and follows nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::address::{self, GuardedResolver, RefusedAddress};
use super::body::{collect, drain};
use super::cause::{broke_off, find_cause, innermost};
use super::hosts::{Barred, Hosts};
use super::origin::Origin;
use super::{BuildFault, ClientSettings, Error, retry, tls};
use crate::clock::Deadline;
use crate::config::{RegistryAccess, Timeouts};
use crate::image::Digest;
use crate::metrics::{Metrics, RegistryOutcome};

/// What we call ourselves.
const USER_AGENT: &str = concat!("connaisseur/", env!("CARGO_PKG_VERSION"));

/// How long an idle connection is kept. There are never more of them than exchanges are allowed at
/// a time; fewer would close connections under load only to open them again.
const IDLE_TIME: Duration = Duration::from_mins(1);

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
                .pool_max_idle_per_host(settings.limits.requests_per_host)
                .pool_idle_timeout(IDLE_TIME)
        };
        let fault = |fault: reqwest::Error| BuildFault::Client(innermost(&fault));
        Ok(Self {
            guarded: client().dns_resolver(Arc::new(GuardedResolver)).build().map_err(fault)?,
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

        self.metrics.registry_request(&self.validator, outcome(&result), begin.elapsed());
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
            return Err(Error::Malformed { host, why: why.to_owned() });
        }
        if self.access.all_named || origin.is_listed_in(&self.access.named) {
            return Ok((origin, &self.named));
        }
        address::check_literal(url)
            .map_err(|refused| Error::AddressRefused { host, why: refused.to_string() })?;
        // The proxy is the operator's choice and may be anywhere; it resolves the name.
        let proxied = url.as_str().parse().is_ok_and(|uri| self.proxies.intercept(&uri).is_some());
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
    let mut response = request.send().await.map_err(|fault| no_answer(&fault, host))?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    if status.is_success() {
        let (bytes, digest) = collect(response, &headers, ask, host).await?;
        return Ok(Answer { status, headers, bytes, digest });
    }
    drain(response).await;
    let host = host.to_owned();
    let retry_after = retry::retry_after(&headers);
    match status.as_u16() {
        429 => Err(Error::Throttled { host, retry_after }),
        503 if retry_after.is_some() => Err(Error::Throttled { host, retry_after }),
        status @ 500.. => Err(Error::Status { host, status }),
        _ => Ok(Answer { status, headers, bytes: Bytes::new(), digest: Digest::of(&[]) }),
    }
}

fn no_answer(fault: &reqwest::Error, host: &str) -> Error {
    let host = host.to_owned();
    if let Some(refused) = find_cause::<RefusedAddress>(fault) {
        Error::AddressRefused { host, why: refused.to_string() }
    } else if fault.is_connect() {
        let why = if fault.is_timeout() { "timed out".to_owned() } else { innermost(fault) };
        Error::Connect { host, why }
    } else if fault.is_timeout() {
        Error::Timeout { host }
    } else {
        broke_off(fault, &host)
    }
}

/// A failure without the host, for the breaker, whose message names the host itself.
fn brief(error: &Error) -> String {
    if let Error::Connect { why, .. } | Error::Broken { why, .. } = error {
        why.clone()
    } else if let Error::Status { status, .. } = error {
        status.to_string()
    } else {
        "no answer in time".to_owned()
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
