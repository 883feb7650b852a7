//! A service beside the registries that is spoken to like one: the same logins, tokens and bounds.
//!
//! A notary is one. It keeps its files for repositories of every registry, at an address that the
//! configuration writes out.

use std::fmt;

use url::Url;

use super::origin::Origin;

/// The address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    base: Url,
    origin: Origin,
    host: Box<str>,
}

/// Why a text is no address of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceFault {
    /// Not an address at all.
    #[error("it is no address")]
    Unreadable,
    /// Another scheme than `https` and `http`.
    #[error("its scheme is neither https nor http")]
    Scheme,
    /// A login, a query or a fragment in it.
    #[error("it has a user, a query or a fragment in it")]
    Extra,
}

impl Service {
    /// Reads an address. Where no scheme is written, `https` is meant.
    pub fn parse(text: &str) -> Result<Self, ServiceFault> {
        let text = text.trim();
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let base = Url::parse(&with_scheme).map_err(|_| ServiceFault::Unreadable)?;
        let origin = Origin::of(&base).ok_or(ServiceFault::Scheme)?;
        let has_login = !base.username().is_empty() || base.password().is_some();
        if has_login || base.query().is_some() || base.fragment().is_some() {
            return Err(ServiceFault::Extra);
        }
        let host = origin.to_string().into();
        Ok(Self { base, origin, host })
    }

    /// Host and port, the port only where it is not the usual one: logins are kept under this name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.origin.is_tls()
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_meant_where_no_scheme_is_written() {
        for (text, address, host, tls) in [
            ("notary.example", "https://notary.example", "notary.example", true),
            ("notary.example:4443", "https://notary.example:4443", "notary.example:4443", true),
            ("https://Notary.Example:443/", "https://notary.example", "notary.example", true),
            ("http://127.0.0.1:4443", "http://127.0.0.1:4443", "127.0.0.1:4443", false),
            ("https://h.example/notary/", "https://h.example/notary", "h.example", true),
            ("[::1]:4443", "https://[::1]:4443", "[::1]:4443", true),
        ] {
            let service = Service::parse(text).unwrap();
            let got = (service.to_string(), service.host().to_owned(), service.is_tls());
            assert_eq!(got, (address.to_owned(), host.to_owned(), tls), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_says_too_much_is_refused() {
        for (text, fault) in [
            ("", ServiceFault::Unreadable),
            ("https://", ServiceFault::Unreadable),
            ("not an address", ServiceFault::Unreadable),
            ("ftp://notary.example", ServiceFault::Scheme),
            ("https://u:p@notary.example", ServiceFault::Extra),
            ("https://notary.example/?a=b", ServiceFault::Extra),
            ("https://notary.example/#a", ServiceFault::Extra),
        ] {
            assert_eq!(Service::parse(text), Err(fault), "{text:?}");
        }
    }
}
