//! Scheme, host and port: what credentials, permits and breakers belong to.

use std::collections::BTreeSet;
use std::fmt;

use url::Url;

/// Scheme, host and port of a URL, the port always filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    tls: bool,
    host: Box<str>,
    port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` URL; `None` for every other scheme.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        // The `url` crate has already lower-cased the host and turned every spelling of an IPv4
        // address (`0x7f.1`, `2130706433`) into the usual one.
        let host = url.host_str()?.trim_end_matches('.').into();
        Some(Self { tls, host, port: url.port_or_known_default()? })
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    /// The host without its port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Tells whether a set of the configuration (hosts, with their port unless it is the usual
    /// one of the scheme) contains this origin.
    pub(super) fn is_listed_in(&self, hosts: &BTreeSet<String>) -> bool {
        (self.has_usual_port() && hosts.contains(&*self.host))
            || hosts.contains(&format!("{}:{}", self.host, self.port))
    }

    fn has_usual_port(&self) -> bool {
        self.port == if self.tls { 443 } else { 80 }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.has_usual_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_usual_port_may_be_written_or_left_out() {
        let plain = BTreeSet::from(["a.test".to_owned()]);
        let with_port = BTreeSet::from(["a.test:443".to_owned()]);
        for (url, hosts, listed) in [
            ("https://a.test/", &plain, true),
            ("https://a.test:443/", &plain, true),
            ("https://a.test/", &with_port, true),
            ("http://a.test/", &plain, true),
            ("https://a.test:80/", &plain, false),
            ("http://a.test:443/", &plain, false),
            ("https://A.TEST./", &plain, true),
            ("https://b.a.test/", &plain, false),
        ] {
            assert_eq!(origin(url).is_listed_in(hosts), listed, "{url} in {hosts:?}");
        }
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        assert_eq!(origin("https://a.test/x"), origin("https://a.test:443/y?z"));
        assert_ne!(origin("https://a.test/"), origin("http://a.test/"));
        assert_ne!(origin("https://a.test/"), origin("https://a.test:8443/"));
        assert_ne!(origin("https://a.test/"), origin("https://b.test/"));
    }

    #[test]
    fn only_http_has_an_origin() {
        for url in ["file:///etc/passwd", "ftp://a.test/", "unix:/run/x", "data:,x"] {
            assert_eq!(Origin::of(&url.parse().unwrap()), None, "{url}");
        }
    }

    #[test]
    fn an_unusual_port_is_printed() {
        assert_eq!(origin("https://a.test:5000/").to_string(), "a.test:5000");
        assert_eq!(origin("https://a.test:443/").to_string(), "a.test");
        assert_eq!(origin("http://[::1]:5000/").to_string(), "[::1]:5000");
    }
}
