//! Which registries the configuration names, and which may be spoken to without TLS.
//!
//! Whoever may create a Pod chooses the hosts of its images. Only hosts that are named here may be
//! on loopback or on private addresses, so this list holds what is written out, never a wildcard.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use super::fields::Fields;
use super::sections::RegistryAccess;
use super::tree::Node;

/// Characters of a DNS name (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// Reads `registries` and the hosts that the patterns of `policy` write out.
pub(super) fn read(root: &mut Fields<'_>) -> RegistryAccess {
    let mut access = RegistryAccess::default();
    let mut with_tls = BTreeSet::new();
    for mut registry in root.mappings("registries").unwrap_or_default() {
        let insecure = registry.boolean("insecure");
        if let Some(written) = registry.required_string("host") {
            match host(written.value) {
                Some(host) => {
                    let place = written.place;
                    if !access.named.insert(host.clone()) {
                        let what = format!("the registry `{host}` stands twice");
                        registry.report(place, what, "keep one of the entries");
                    }
                    match insecure.map(|yes| yes.value) {
                        Some(true) => _ = access.insecure.insert(host),
                        Some(false) => _ = with_tls.insert(host),
                        None => {}
                    }
                }
                None => registry.report(
                    written.place,
                    format!("`{}` is no registry host", written.value),
                    "write host or host:port, without `https://` and without a path",
                ),
            }
        }
        registry.finish();
    }
    let rules = root.peek("policy").map(Node::items).unwrap_or_default();
    let patterns = rules.iter().filter_map(|rule| rule.get("pattern")?.text());
    access.named.extend(patterns.filter_map(host_of_pattern));
    let loopback =
        access.named.iter().filter(|host| is_loopback(host) && !with_tls.contains(*host));
    access.insecure.extend(loopback.cloned().collect::<Vec<_>>());
    access
}

/// A host as [`RegistryAccess`] spells it: lower case, no `:443`, Docker Hub by its one name.
/// `None` if the text is no host.
pub(super) fn host(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (name, port) = if let Some((name, rest)) = lower.split_once(']') {
        name.strip_prefix('[')?.parse::<Ipv6Addr>().ok()?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        (format!("{name}]"), port)
    } else {
        let (name, port) = lower.split_once(':').map_or((&*lower, None), |(n, p)| (n, Some(p)));
        is_name(name).then(|| (name.to_owned(), port))?
    };
    // Digits only: `parse` alone would take a sign, too.
    let port = match port {
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse::<u16>().ok()?,
        Some(_) => return None,
        None => 443,
    };
    let name = if name == "docker.io" { "index.docker.io".to_owned() } else { name };
    match port {
        0 => None,
        443 => Some(name),
        port => Some(format!("{name}:{port}")),
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

/// The registry that a pattern writes out before its first `/`.
fn host_of_pattern(pattern: &str) -> Option<String> {
    let (registry, _) = pattern.split_once('/')?;
    let names_registry =
        registry.contains(['.', ':']) || registry.eq_ignore_ascii_case("localhost");
    if names_registry { host(registry) } else { None }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Problems;
    use crate::config::tree;

    fn access(text: &str) -> (RegistryAccess, Vec<String>) {
        let problems = Problems::default();
        let node = tree::parse(text, &problems).unwrap();
        let access = read(&mut Fields::of(&node, "the file", &problems).unwrap());
        (access, problems.into_sorted().into_iter().map(|problem| problem.what).collect())
    }

    fn set(hosts: &[&str]) -> BTreeSet<String> {
        hosts.iter().map(|host| (*host).to_owned()).collect()
    }

    #[test]
    fn hosts_have_one_spelling() {
        for (text, expected) in [
            ("Reg.Example", Some("reg.example")),
            ("reg.example:443", Some("reg.example")),
            ("reg.example:5000", Some("reg.example:5000")),
            ("docker.io", Some("index.docker.io")),
            ("localhost", Some("localhost")),
            ("127.0.0.1:5000", Some("127.0.0.1:5000")),
            ("[::1]:5000", Some("[::1]:5000")),
            ("[::1]", Some("[::1]")),
            ("", None),
            ("reg.example:", None),
            ("reg.example:0", None),
            ("reg.example:+80", None),
            ("reg.example:65536", None),
            ("reg.example:5000:5000", None),
            ("https://reg.example", None),
            ("reg.example/path", None),
            ("*.example", None),
            ("reg..example", None),
            ("-reg.example", None),
            ("user@reg.example", None),
            ("[::1", None),
            ("::1]", None),
            ("[::1]5000", None),
            ("[reg.example]", None),
        ] {
            assert_eq!(host(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn only_hosts_that_a_pattern_writes_out_are_named() {
        let patterns = [
            "*:*",
            "redis:7",
            "org/app:*",
            "Reg.Example:443/app:*",
            "*.example/app:*",
            "re?.example/app:*",
            "localhost:5000/x:*",
            "docker.io/org/*:*",
        ];
        let policy = patterns
            .map(|p| {
                format!(
                    "  - pattern: \"{p}\"
"
                )
            })
            .concat();
        let (access, problems) = access(&format!("policy:\n{policy}"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(access.named, set(&["reg.example", "localhost:5000", "index.docker.io"]));
        assert_eq!(access.insecure, set(&["localhost:5000"]));
        assert!(!access.all_named);
    }

    #[test]
    fn a_registry_is_without_tls_only_where_that_is_written_or_on_loopback() {
        let (access, problems) = access(
            "registries:\n\
             - {host: plain.example, insecure: true}\n\
             - {host: tls.example}\n\
             - {host: 'LOCALHOST:5000'}\n\
             - {host: '127.0.0.2', insecure: false}\n\
             - {host: '[::1]:5000'}\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(access.insecure, set(&["plain.example", "localhost:5000", "[::1]:5000"]));
        assert_eq!(access.named.len(), 5);
    }

    #[test]
    fn what_is_no_registry_is_reported() {
        let (access, problems) = access(
            "registries:\n- {host: 'https://x.example'}\n- {insecure: true}\n- x.example\n\
             - {host: y.example, tls: false}\n- {host: Y.example, insecure: 'yes'}\n",
        );
        assert_eq!(
            problems,
            [
                "`https://x.example` is no registry host",
                "`host` is missing",
                "an element of `registries` must be a mapping, not text",
                "unknown key `tls`",
                "the registry `y.example` stands twice",
                "`insecure` must be true or false, not text",
            ]
        );
        assert_eq!(access.insecure, set(&[]));
    }

    #[test]
    fn a_name_that_only_begins_like_loopback_is_not_loopback() {
        for (host, expected) in [
            ("localhost", true),
            ("reg.localhost:5000", true),
            ("127.255.255.254", true),
            ("[::1]:80", true),
            ("localhost.example", false),
            ("notlocalhost", false),
            ("127.0.0.1.example", false),
            ("[::2]", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
