//! Which login goes with a request, and whom it may reach.
//!
//! A login belongs to one registry. It is sent to that registry, and to a token server only if
//! that is on the same host, in [`REALMS`], or listed in the configuration: a registry may name
//! any realm it likes, and a stranger may name any registry.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;
use url::Url;

use super::challenge::{Challenge, challenges};
use super::flights::share;
use super::origin::Origin;
use super::redirect::{Landing, follow};
use super::target::Target;
use super::token::{self, Token, TokenKey};
use super::transport::{Ask, Transport};
use super::{ClientSettings, Error};
use crate::clock::Deadline;
use crate::config::{Credentials, Limits, Login, RegistryAccess};
use crate::flights::Flights;

/// Token servers that stand for a registry on another host: registry, realm.
const REALMS: &[(&str, &str)] =
    &[("registry-1.docker.io", "auth.docker.io"), ("registry.gitlab.com", "gitlab.com")];

/// Registries whose challenge is remembered. A stranger chooses registries.
const MAX_SCHEMES: u64 = 1024;

/// Bytes of a realm. Real ones have some 60.
const MAX_REALM_BYTES: usize = 2048;

/// The logins of one client.
#[derive(Debug)]
pub(super) struct Auth {
    transport: Arc<Transport>,
    credentials: Credentials,
    access: Arc<RegistryAccess>,
    limits: Limits,
    /// What each registry asked for the last time, so that the next request need not ask.
    schemes: Cache<Origin, Scheme>,
    tokens: Cache<TokenKey, Token>,
    flights: Flights<TokenKey, Result<Token, Error>>,
}

/// What a registry wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<Box<str>> },
}

/// A header to send to one registry.
#[derive(Debug)]
pub(super) struct Grant {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    /// Made for an earlier request, so it may be out of date.
    reused: bool,
    /// The realm that was not given the login, where there is one to give.
    pub(super) withheld_from: Option<Origin>,
}

impl Auth {
    /// No tokens yet.
    pub(super) fn new(settings: &ClientSettings, transport: Arc<Transport>) -> Self {
        Self {
            transport,
            credentials: settings.credentials.clone(),
            access: Arc::clone(&settings.access),
            limits: settings.limits.clone(),
            schemes: Cache::new(MAX_SCHEMES),
            tokens: token::cache(),
            flights: Flights::default(),
        }
    }

    /// What the registry wanted the last time; `None` where it has not said yet.
    pub(super) async fn recall(
        self: &Arc<Self>,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<Grant>, Error> {
        match self.schemes.get(&target.origin) {
            Some(scheme) => self.grant(target, scheme, deadline).await,
            None => Ok(None),
        }
    }

    /// What to send after the registry refused a request that was sent with `was`; `None` if
    /// there is nothing better.
    pub(super) async fn renew(
        self: &Arc<Self>,
        target: &Target,
        was: Option<&Grant>,
        landing: &Landing,
        deadline: Deadline,
    ) -> Result<Option<Grant>, Error> {
        let reused = was.is_some_and(|grant| grant.reused);
        let open = match landing.answer.status.as_u16() {
            401 => true,
            // Some registries say so of a token that is too old.
            400 | 403 => reused,
            _ => false,
        };
        // A challenge from the end of a redirect is not the registry's.
        if !open || !landing.at_home {
            return Ok(None);
        }
        let asked = Self::scheme_in(&landing.answer.headers, &landing.host)?;
        let Some(scheme) = asked.or_else(|| self.schemes.get(&target.origin)) else {
            return Ok(None);
        };
        self.schemes.insert(target.origin.clone(), scheme.clone());
        if let Scheme::Bearer { realm, service } = &scheme {
            let (key, ..) = self.token_key(target, realm.clone(), service.clone());
            let stale = self.tokens.get(&key);
            // Only the token that was refused: another request may have put a new one there.
            if stale.is_some_and(|stale| was.is_some_and(|was| was.header == stale.header)) {
                self.tokens.invalidate(&key);
            }
        }
        let grant = self.grant(target, scheme, deadline).await?;
        Ok(grant.filter(|new| was.is_none_or(|old| old.header != new.header)))
    }

    /// The best challenge of an answer: a token says less than a password does.
    fn scheme_in(headers: &HeaderMap, host: &str) -> Result<Option<Scheme>, Error> {
        let mut best = None;
        for challenge in challenges(headers) {
            match challenge {
                Challenge::Basic => best = Some(Scheme::Basic),
                Challenge::Bearer { realm, service } => {
                    let realm = Some(realm)
                        .filter(|realm| realm.len() <= MAX_REALM_BYTES)
                        .and_then(|realm| Url::parse(&realm).ok())
                        .ok_or_else(|| Error::Malformed {
                            host: host.to_owned(),
                            why: "the realm of its challenge is no address".to_owned(),
                        })?;
                    let service = service.map(String::into_boxed_str);
                    return Ok(Some(Scheme::Bearer { realm, service }));
                }
            }
        }
        Ok(best)
    }

    async fn grant(
        self: &Arc<Self>,
        target: &Target,
        scheme: Scheme,
        deadline: Deadline,
    ) -> Result<Option<Grant>, Error> {
        match scheme {
            Scheme::Basic => {
                let login = self.credentials.lookup(target.registry(), target.path());
                let header = login.and_then(basic);
                Ok(header.map(|header| Grant { header, reused: true, withheld_from: None }))
            }
            Scheme::Bearer { realm, service } => {
                self.bearer(target, realm, service, deadline).await.map(Some)
            }
        }
    }

    async fn bearer(
        self: &Arc<Self>,
        target: &Target,
        realm: Url,
        service: Option<Box<str>>,
        deadline: Deadline,
    ) -> Result<Grant, Error> {
        let (key, login, withheld_from) = self.token_key(target, realm, service);
        if let Some(token) = self.tokens.get(&key) {
            return Ok(Grant { header: token.header, reused: true, withheld_from });
        }
        let fetch = || {
            let (auth, key, login) = (Arc::clone(self), key.clone(), login.cloned());
            async move { auth.fetch_token(key, login, deadline).await }
        };
        match share(&self.flights, key.clone(), (&target.origin, deadline), fetch).await {
            Ok(token) => Ok(Grant { header: token.header, reused: false, withheld_from }),
            Err(error) => Err(explain(error, target, withheld_from)),
        }
    }

    /// What the token is for, the login that its realm may see, and the realm that may not.
    fn token_key(
        &self,
        target: &Target,
        realm: Url,
        service: Option<Box<str>>,
    ) -> (TokenKey, Option<&Login>, Option<Origin>) {
        let login = self.credentials.lookup(target.registry(), target.path());
        let realm_origin = Origin::of(&realm);
        let trusted = realm_origin
            .as_ref()
            .is_some_and(|realm| may_receive(&target.origin, realm, &self.access.realms));
        let (login, withheld_from) = match (login, realm_origin) {
            (Some(login), _) if trusted => (Some(login), None),
            (Some(_), Some(realm)) => (None, Some(realm)),
            (_, _) => (None, None),
        };
        let key = TokenKey {
            registry: target.origin.clone(),
            realm,
            service,
            path: target.path().into(),
            user: login.map(|login| login.username.as_str().into()),
        };
        (key, login, withheld_from)
    }

    async fn fetch_token(
        &self,
        key: TokenKey,
        login: Option<Login>,
        deadline: Deadline,
    ) -> Result<Token, Error> {
        let mut url = key.realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &key.service {
                query.append_pair("service", service);
            }
            query.append_pair("scope", &format!("repository:{}:pull", key.path));
            if let Some(login) = &login {
                query.append_pair("account", &login.username);
            }
        }
        let authorization = login.as_ref().and_then(basic);
        let ask = Ask {
            url: &url,
            accept: "application/json",
            authorization: authorization.as_ref(),
            limit: self.limits.token_bytes,
            what: "the token",
        };
        let landing = follow(&self.transport, ask, self.limits.redirects, deadline).await?;
        let host = landing.host;
        match landing.answer.status.as_u16() {
            200..=299 => {}
            status @ (401 | 403) => return Err(Error::Denied { host, status }),
            status => return Err(Error::Status { host, status }),
        }
        let token =
            token::read(&landing.answer.bytes).map_err(|why| Error::Malformed { host, why })?;
        self.tokens.insert(key, token.clone());
        Ok(token)
    }
}

/// Tells whether a token server may see the logins of a registry.
fn may_receive(registry: &Origin, realm: &Origin, listed: &BTreeSet<String>) -> bool {
    if !realm.is_tls() {
        // The registry itself, which the configuration allows to be spoken to like this.
        return realm == registry;
    }
    // Over TLS a host is one party, whatever the port: its certificate names no port.
    let is_same_host = realm.host() == registry.host();
    let pair = (registry.to_string(), realm.to_string());
    let is_built_in = REALMS.iter().any(|(of, at)| pair.0 == *of && pair.1 == *at);
    is_same_host || is_built_in || realm.is_listed_in(listed)
}

/// `Basic` with user and password; `None` if they cannot stand in a header.
fn basic(login: &Login) -> Option<HeaderValue> {
    let pair = format!("{}:{}", login.username, login.password.expose_secret());
    let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Says that a login was withheld, where that may be why access was refused.
pub(super) fn explain(error: Error, target: &Target, withheld_from: Option<Origin>) -> Error {
    match (error, withheld_from) {
        (Error::Denied { status, .. }, Some(realm)) => Error::RealmUntrusted {
            host: target.registry().to_owned(),
            realm: realm.to_string(),
            over_tls: realm.is_tls(),
            status,
        },
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_reaches_the_registry_its_own_host_and_realms_that_are_vouched_for() {
        let listed = BTreeSet::from(["sso.test".to_owned(), "sso.test:8443".to_owned()]);
        let origin = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
        for (registry, realm, allowed) in [
            ("https://a.test", "https://a.test/token", true),
            ("https://a.test:5000", "https://a.test:5001/auth", true),
            ("https://registry-1.docker.io", "https://auth.docker.io/token", true),
            ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("https://a.test", "https://sso.test/token", true),
            ("https://a.test", "https://sso.test:8443/token", true),
            ("http://a.test:5000", "http://a.test:5000/token", true),
            ("http://a.test:5000", "https://a.test/token", true),
            ("https://a.test", "https://b.test/token", false),
            ("https://a.test", "https://a.test.b.test/token", false),
            ("https://a.test", "https://x.a.test/token", false),
            ("https://a.test", "https://auth.docker.io/token", false),
            ("https://registry.gitlab.com", "https://auth.docker.io/token", false),
            ("https://registry-1.docker.io", "https://auth.docker.io:444/token", false),
            ("https://registry-1.docker.io", "http://auth.docker.io/token", false),
            ("https://a.test", "http://a.test/token", false),
            ("https://a.test", "http://sso.test/token", false),
            ("https://a.test", "https://sso.test:9443/token", false),
            ("http://a.test:5000", "http://a.test:5001/token", false),
        ] {
            let got = may_receive(&origin(registry), &origin(realm), &listed);
            assert_eq!(got, allowed, "{registry} → {realm}");
        }
    }
}
