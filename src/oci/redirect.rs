//! Redirects, followed by hand: each hop is an exchange of its own, with all its checks.

use std::borrow::Cow;

use reqwest::header::{HeaderValue, LOCATION};
use url::Url;

use super::Error;
use super::origin::Origin;
use super::transport::{Answer, Ask, Transport};
use crate::clock::Deadline;

/// Where the redirects ended.
#[derive(Debug)]
pub(super) struct Landing {
    /// The answer.
    pub(super) answer: Answer,
    /// Who gave it.
    pub(super) host: String,
    /// Whether every hop was on the origin that was asked first: only then does a challenge come
    /// from it.
    pub(super) at_home: bool,
}

/// Asks, and follows at most `redirects` redirects.
///
/// The login goes to the origin that it was made for, and no longer once a hop left it, even if a
/// later hop leads back: the way there was chosen by somebody else.
///
/// # Errors
/// Those of [`Transport::exchange`]; `Malformed` for a redirect that cannot or may not be followed.
pub(super) async fn follow(
    transport: &Transport,
    ask: Ask<'_>,
    redirects: usize,
    deadline: Deadline,
) -> Result<Landing, Error> {
    let home = Origin::of(ask.url);
    let mut url = Cow::Borrowed(ask.url);
    let mut at_home = true;
    for _hop in 0..=redirects {
        let here = Origin::of(&url);
        at_home = at_home && here == home;
        let authorization = ask.authorization.filter(|_| at_home);
        let hop = Ask { url: &url, authorization, ..ask };
        let answer = transport.exchange(hop, deadline).await?;
        let host = here.map(|here| here.to_string()).unwrap_or_default();
        if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(Landing { answer, host, at_home });
        }
        let next = next(&url, answer.headers.get(LOCATION))
            .map_err(|why| Error::Malformed { host, why: why.to_owned() })?;
        url = Cow::Owned(next);
    }
    let host = home.map(|home| home.to_string()).unwrap_or_default();
    Err(Error::Malformed { host, why: format!("it redirects more than {redirects} times") })
}

/// The URL that a redirect leads to.
fn next(here: &Url, location: Option<&HeaderValue>) -> Result<Url, &'static str> {
    let location = location.ok_or("it redirects without saying where to")?;
    let location =
        location.to_str().map_err(|_not_ascii| "it redirects to an unreadable address")?;
    let mut url = here.join(location).map_err(|_fault| "it redirects to an unreadable address")?;
    if here.scheme() == "https" && url.scheme() != "https" {
        return Err("it redirects from TLS to an address without TLS");
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved_and_never_lead_away_from_tls() {
        for (here, location, want) in [
            ("https://a.test/v2/x", "/y#z", Some("https://a.test/y")),
            ("https://a.test/v2/x", "//b.test/y", Some("https://b.test/y")),
            ("https://a.test/v2/x", "https://b.test:1/y?q", Some("https://b.test:1/y?q")),
            ("http://a.test/", "https://b.test/", Some("https://b.test/")),
            ("http://a.test/", "http://b.test/", Some("http://b.test/")),
            ("https://a.test/", "http://a.test/", None),
            ("https://a.test/", "file:///etc/passwd", None),
            ("https://a.test/", "https://", None),
            ("https://a.test/", "https://\u{e9}.test/", None),
        ] {
            let location = HeaderValue::from_bytes(location.as_bytes()).unwrap();
            let got = next(&here.parse().unwrap(), Some(&location)).ok();
            assert_eq!(got.as_ref().map(Url::as_str), want, "{here} {location:?}");
        }
        assert!(next(&"https://a.test/".parse().unwrap(), None).is_err());
    }
}
