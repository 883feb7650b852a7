//! One thing from a registry, whatever it takes: logins, redirects, a few tries.

use std::sync::Arc;

use tracing::debug;
use url::Url;

use super::auth::{Auth, Grant, explain};
use super::redirect::{Landing, follow};
use super::target::Target;
use super::transport::{Answer, Ask, Transport};
use super::{BuildFault, ClientSettings, Error, retry};
use crate::clock::Deadline;

/// Fetches for one client.
#[derive(Debug)]
pub(super) struct Fetcher {
    transport: Arc<Transport>,
    auth: Arc<Auth>,
    redirects: usize,
}

/// What is wanted.
#[derive(Debug)]
pub(super) struct Want<'a> {
    /// From where.
    pub(super) target: &'a Target,
    /// Its address.
    pub(super) url: Url,
    /// Media types.
    pub(super) accept: &'static str,
    /// Bytes.
    pub(super) limit: usize,
    /// In words, for errors.
    pub(super) what: String,
}

impl Fetcher {
    /// A fetcher that has asked nobody yet.
    pub(super) fn new(settings: &ClientSettings) -> Result<Self, BuildFault> {
        let transport = Arc::new(Transport::new(settings)?);
        let auth = Arc::new(Auth::new(settings, Arc::clone(&transport)));
        Ok(Self { transport, auth, redirects: settings.limits.redirects })
    }

    /// Fetches, and tries again what may succeed a moment later.
    ///
    /// # Errors
    /// The last error; everything but 2xx is one.
    pub(super) async fn get(&self, want: &Want<'_>, deadline: Deadline) -> Result<Answer, Error> {
        let mut number = 0;
        loop {
            let error = match self.attempt(want, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            number += 1;
            let Some(pause) = retry::wait_before(number, &error, deadline) else {
                return Err(error);
            };
            debug!(%error, ?pause, what = want.what, "asking the registry again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, want: &Want<'_>, deadline: Deadline) -> Result<Answer, Error> {
        let mut grant = self.auth.recall(want.target, deadline).await?;
        let mut landing = self.ask(want, grant.as_ref(), deadline).await?;
        let better = self.auth.renew(want.target, grant.as_ref(), &landing, deadline).await?;
        if better.is_some() {
            grant = better;
            landing = self.ask(want, grant.as_ref(), deadline).await?;
        }
        let Landing { answer, host, .. } = landing;
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            404 => Err(Error::NotFound { what: want.what.clone(), host }),
            status @ (401 | 403) => {
                let withheld_from = grant.and_then(|grant| grant.withheld_from);
                Err(explain(Error::Denied { host, status }, want.target, withheld_from))
            }
            status => Err(Error::Status { host, status }),
        }
    }

    async fn ask(
        &self,
        want: &Want<'_>,
        grant: Option<&Grant>,
        deadline: Deadline,
    ) -> Result<Landing, Error> {
        let ask = Ask {
            url: &want.url,
            accept: want.accept,
            authorization: grant.map(|grant| &grant.header),
            limit: want.limit,
            what: &want.what,
        };
        follow(&self.transport, ask, self.redirects, deadline).await
    }
}
