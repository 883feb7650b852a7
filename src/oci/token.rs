//! Tokens: what they are good for, how long, and how a token server gives them.

use std::time::Duration;

use moka::sync::Cache;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use url::Url;

use super::manifest::position_of;
use super::origin::Origin;

/// Bytes of tokens kept. Real tokens have 1 to 4 KiB.
const TOKEN_CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// Shortest and longest life of a token, whatever the server says: the specification gives at
/// least a minute, and nobody should find out by an outage that one was revoked days ago.
const TOKEN_LIFE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// A token is not used in its last seconds, so that it does not expire on the way.
const TOKEN_MARGIN: Duration = Duration::from_secs(5);

/// What a token is good for. The scope is always "pull from this repository": what a registry
/// asks for beyond that, it does not get.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    /// For which registry.
    pub(super) registry: Origin,
    /// From where.
    pub(super) realm: Url,
    /// What the token server calls the registry.
    pub(super) service: Option<Box<str>>,
    /// The repository.
    pub(super) path: Box<str>,
    /// Whose token it is. Enough of an identity, because a client's logins never change.
    pub(super) user: Option<Box<str>>,
}

/// A token, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    life: Duration,
}

/// An empty cache of tokens, bounded by bytes.
pub(super) fn cache() -> Cache<TokenKey, Token> {
    Cache::builder()
        .max_capacity(TOKEN_CACHE_BYTES)
        .weigher(|key: &TokenKey, token: &Token| token_weight(key, token))
        .expire_after(TokenExpiry)
        .build()
}

/// The answer of a token server.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Reads what a token server answered.
///
/// # Errors
/// One sentence without a word of the answer.
pub(super) fn read(bytes: &[u8]) -> Result<Token, String> {
    let answer: TokenAnswer = serde_json::from_slice(bytes)
        .map_err(|fault| format!("the token: {}", position_of(&fault)))?;
    let text = [answer.token, answer.access_token].into_iter().flatten().find(|t| !t.is_empty());
    let text = text.ok_or("there is no token in it")?;
    let mut header = HeaderValue::from_str(&format!("Bearer {text}"))
        .map_err(|_fault| "the token has characters that no token has")?;
    header.set_sensitive(true);
    let (shortest, longest) = TOKEN_LIFE;
    let life = answer.expires_in.map_or(shortest, Duration::from_secs).clamp(shortest, longest);
    Ok(Token { header, life: life.saturating_sub(TOKEN_MARGIN) })
}

fn token_weight(key: &TokenKey, token: &Token) -> u32 {
    let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let bytes = token.header.len()
        + key.realm.as_str().len()
        + text(&key.service)
        + key.path.len()
        + text(&key.user);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Each token lives as long as its server says.
#[derive(Debug)]
struct TokenExpiry;

impl moka::Expiry<TokenKey, Token> for TokenExpiry {
    fn expire_after_create(
        &self,
        _key: &TokenKey,
        token: &Token,
        _created_at: std::time::Instant,
    ) -> Option<Duration> {
        Some(token.life)
    }

    fn expire_after_update(
        &self,
        _key: &TokenKey,
        token: &Token,
        _updated_at: std::time::Instant,
        _left: Option<Duration>,
    ) -> Option<Duration> {
        Some(token.life)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_answers_of_token_servers() {
        for (json, header, life) in [
            (r#"{"token":"a"}"#, "Bearer a", 55),
            (r#"{"access_token":"b","expires_in":300}"#, "Bearer b", 295),
            (r#"{"token":"a","access_token":"b","expires_in":1}"#, "Bearer a", 55),
            (r#"{"token":"","access_token":"b","expires_in":0,"x":[1]}"#, "Bearer b", 55),
            (r#"{"token":"a","expires_in":99999999}"#, "Bearer a", 3595),
        ] {
            let token = read(json.as_bytes()).unwrap();
            assert_eq!(token.header, header, "{json}");
            assert_eq!(token.life, Duration::from_secs(life), "{json}");
        }
        for json in ["", "{}", "[]", r#"{"token":""}"#, r#"{"token":"a\nb"}"#, r#"{"token":7}"#] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = read(br#"{"token":"top-secret"}"#).unwrap();
        assert!(!format!("{token:?}").contains("top-secret"));
        let fault = read(br#"{"token":"top-secret"#).unwrap_err();
        assert!(!fault.contains("top-secret"), "{fault}");
    }
}
