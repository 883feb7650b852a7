//! Registry hosts as they stand in references: which are well formed, and when two are one.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::reference::DOCKER_HUB;

/// Longest host name of the DNS (RFC 1035, 2.3.4), port not counted.
pub(super) const MAX_HOST_BYTES: usize = 253;
/// Longest label between two dots (RFC 1035, 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// The one spelling under which a registry is compared, looked up and allowed.
///
/// Lower case, without the port 443, IPv6 in its shortest form, and `index.docker.io` for all of
/// Docker Hub. Anything that two programs could read as different hosts (a trailing dot, an
/// underscore, a port with leading zeros) is refused instead of being normalised.
///
/// # Errors
/// What is wrong with `written`, in a few words.
///
/// Spec: RFC 3986, 3.2.2; the grammar of `distribution/reference`, `domain`.
pub fn host_key(written: &str) -> Result<Cow<'_, str>, &'static str> {
    let (name, port) = split_port(written)?;
    let port = port.map(check_port).transpose()?.filter(|port| *port != "443");
    let name = match name.strip_prefix('[') {
        Some(literal) => Cow::Owned(ipv6(literal)?),
        None => dns_name(name)?,
    };
    if name == "docker.io" || name == DOCKER_HUB {
        return Ok(port
            .map_or(Cow::Borrowed(DOCKER_HUB), |port| Cow::Owned(format!("{DOCKER_HUB}:{port}"))));
    }
    match (name, port) {
        (name, None) => Ok(name),
        (Cow::Borrowed(_), Some(port)) if written.ends_with(port) => Ok(Cow::Borrowed(written)),
        (name, Some(port)) => Ok(Cow::Owned(format!("{name}:{port}"))),
    }
}

/// Parts `host:port`; the colons inside `[…]` are no ports.
fn split_port(written: &str) -> Result<(&str, Option<&str>), &'static str> {
    let after_literal = written.rfind(']').map_or(0, |end| end + 1);
    let Some((head, tail)) = written.split_at_checked(after_literal) else {
        return Err("the registry is no host name");
    };
    match tail.split_once(':') {
        None if after_literal > 0 && !tail.is_empty() => Err("text after the `]` of the registry"),
        None => Ok((written, None)),
        Some((before, _)) if after_literal > 0 && !before.is_empty() => {
            Err("text after the `]` of the registry")
        }
        Some((before, port)) if after_literal == 0 => Ok((before, Some(port))),
        Some((_, port)) => Ok((head, Some(port))),
    }
}

fn check_port(port: &str) -> Result<&str, &'static str> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !port.starts_with('0') && port.parse::<u16>().is_ok() {
        Ok(port)
    } else {
        Err("the registry's port is no number from 1 to 65535")
    }
}

fn ipv6(literal: &str) -> Result<String, &'static str> {
    let inner = literal.strip_suffix(']').ok_or("the registry's `[` is not closed")?;
    let address: Ipv6Addr = inner.parse().map_err(|_| "the registry is no IPv6 address")?;
    Ok(format!("[{address}]"))
}

fn dns_name(name: &str) -> Result<Cow<'_, str>, &'static str> {
    if name.len() > MAX_HOST_BYTES {
        return Err("the registry's name is longer than 253 bytes");
    }
    for label in name.split('.') {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let edges = label.starts_with('-') || label.ends_with('-');
        if label.is_empty() || label.len() > MAX_LABEL_BYTES || !inner || edges {
            return Err("the registry is no host name");
        }
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Owned(name.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_one_have_one_key() {
        for (written, key) in [
            ("reg.example", "reg.example"),
            ("Reg.Example:443", "reg.example"),
            ("reg.example:5000", "reg.example:5000"),
            ("REG.example:5000", "reg.example:5000"),
            ("docker.io", "index.docker.io"),
            ("Index.Docker.io:443", "index.docker.io"),
            ("docker.io:5000", "index.docker.io:5000"),
            ("localhost", "localhost"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[::1]:5000", "[::1]:5000"),
            ("[0:0::0001]:443", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(host_key(written).as_deref(), Ok(key), "{written}");
        }
    }

    #[test]
    fn hosts_that_two_programs_may_read_differently_are_refused() {
        for written in [
            "",
            ".",
            "reg.example.",
            ".reg",
            "reg..example",
            "-reg.example",
            "reg-.example",
            "my_reg:5000",
            "reg:",
            "reg:0",
            "reg:0443",
            "reg:65536",
            "reg:+80",
            "reg:80:80",
            "reg:x",
            "https:",
            "user@reg",
            "[::1",
            "[::1]x",
            "[::1]x:5",
            "::1]",
            "[fe80::1%eth0]",
            "[]",
            "[::1]:",
            "bücher.example",
            "reg example",
            "reg/x",
        ] {
            assert!(host_key(written).is_err(), "{written}");
        }
        assert!(host_key(&"a".repeat(64)).is_err());
        assert!(host_key(&vec!["a"; 128].join(".")).is_err());
    }
}
