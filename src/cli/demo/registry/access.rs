//! Who may pull: nobody asked, user and password, or tokens.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Uri};
use parking_lot::Mutex;
use url::form_urlencoded;

/// Who may pull.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Whoever sends this login with each request.
    Basic(UserPassword),
    /// Whoever has a token for the repository.
    Bearer {
        /// Whom tokens are given to; to everybody if absent.
        login: Option<UserPassword>,
        /// The URL where tokens are said to be given out, if it is not ours.
        realm: Option<String>,
    },
}

/// A user and a password, for a registry that has nothing to hide.
#[derive(Clone)]
pub struct UserPassword {
    user: String,
    password: String,
}

impl fmt::Debug for UserPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserPassword({}, ..)", self.user)
    }
}

impl Access {
    /// User and password with each request.
    pub fn basic(user: &str, password: &str) -> Self {
        Self::Basic(UserPassword { user: user.to_owned(), password: password.to_owned() })
    }

    /// Tokens for everybody.
    pub fn anonymous_tokens() -> Self {
        Self::Bearer { login: None, realm: None }
    }

    /// Tokens for one user.
    pub fn tokens_for(user: &str, password: &str) -> Self {
        let login = UserPassword { user: user.to_owned(), password: password.to_owned() };
        Self::Bearer { login: Some(login), realm: None }
    }

    /// The same tokens, said to be given out elsewhere.
    #[must_use]
    pub fn with_realm(self, url: &str) -> Self {
        match self {
            Self::Bearer { login, .. } => Self::Bearer { login, realm: Some(url.to_owned()) },
            other @ (Self::Open | Self::Basic(_)) => other,
        }
    }
}

/// Checks requests, and gives out tokens.
#[derive(Debug)]
pub(super) struct Gate {
    access: Access,
    tokens: Mutex<Tokens>,
}

/// Scopes by token.
#[derive(Debug, Default)]
struct Tokens {
    valid: HashMap<String, String>,
    given: u64,
}

impl Gate {
    pub(super) fn new(access: Access) -> Self {
        Self { access, tokens: Mutex::default() }
    }

    /// Passes a request for `repository`, or gives the challenge to answer with.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        repository: &str,
        base: &str,
    ) -> Result<(), String> {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match &self.access {
            Access::Open => Ok(()),
            Access::Basic(login) if sent == Some(&login.header()) => Ok(()),
            Access::Basic(_) => Err(r#"Basic realm="demo""#.to_owned()),
            Access::Bearer { realm, .. } => {
                let scope = format!("repository:{repository}:pull");
                let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
                if token.is_some_and(|token| self.tokens.lock().valid.get(token) == Some(&scope)) {
                    return Ok(());
                }
                let own = format!("{base}/token");
                let realm = realm.as_ref().unwrap_or(&own);
                Err(format!(r#"Bearer realm="{realm}",service="demo",scope="{scope}""#))
            }
        }
    }

    /// The token for a request to the realm; `None` if the login is wrong or no scope is asked for.
    pub(super) fn give_token(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        let Access::Bearer { login, .. } = &self.access else {
            return None;
        };
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if login.as_ref().is_some_and(|login| sent != Some(&login.header())) {
            return None;
        }
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let (_, scope) = { query }.find(|(name, _)| name == "scope")?;
        let mut tokens = self.tokens.lock();
        tokens.given += 1;
        let token = format!("token-{}", tokens.given);
        tokens.valid.insert(token.clone(), scope.into_owned());
        Some(token)
    }

    pub(super) fn revoke(&self) {
        self.tokens.lock().valid.clear();
    }
}

impl UserPassword {
    fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}
