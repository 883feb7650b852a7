//! The address guard: where a stranger may not send us.
//!
//! Whoever may create a Pod chooses the hosts that we talk to. Addresses that reach this machine
//! or the cloud's metadata service are refused unless the configuration names the registry.
//! Private ranges (RFC 1918, ULA) stay allowed: registries in clusters live there. Behind a proxy
//! (`HTTPS_PROXY`) names are resolved by the proxy, which must guard its own network; addresses
//! that are written out are refused there too.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Networks that are refused: network, bits of its prefix, what it is.
const REFUSED_V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "this network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, metadata"),
    (Ipv4Addr::new(100, 100, 100, 200), 32, "metadata"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "metadata"),
    (Ipv4Addr::new(192, 0, 0, 192), 32, "metadata"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved, broadcast"),
];

/// As [`REFUSED_V4`]. The forms that embed an IPv4 address are in [`EMBEDDED_V4`].
const REFUSED_V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254), 128, "metadata"),
    (Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254), 128, "metadata"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// IPv6 networks in which an IPv4 address stands: network, bits of its prefix, and how far the
/// address has to be shifted right. Mapped, compatible, translated (RFC 6052), 6to4.
const EMBEDDED_V4: &[(Ipv6Addr, u32, u32)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 0),
    (Ipv6Addr::UNSPECIFIED, 96, 0),
    (Ipv6Addr::new(0x0064, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 0),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 80),
];

/// An address that is refused, and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedAddress {
    address: IpAddr,
    kind: &'static str,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.address, self.kind)
    }
}

impl std::error::Error for RefusedAddress {}

/// Passes an address that a stranger may name.
pub(super) fn check(address: IpAddr) -> Result<(), RefusedAddress> {
    match kind_of(address) {
        Some(kind) => Err(RefusedAddress { address, kind }),
        None => Ok(()),
    }
}

/// Passes a URL whose host is a name, or an address that a stranger may name.
pub(super) fn check_literal(url: &Url) -> Result<(), RefusedAddress> {
    match url.host() {
        Some(Host::Ipv4(address)) => check(address.into()),
        Some(Host::Ipv6(address)) => check(address.into()),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn kind_of(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    REFUSED_V4
        .iter()
        .find(|(network, bits, _)| {
            let shift = 32 - bits;
            address.to_bits() >> shift == network.to_bits() >> shift
        })
        .map(|(_, _, kind)| *kind)
}

fn kind_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |network: &Ipv6Addr, bits: u32| {
        let shift = 128 - bits;
        address.to_bits() >> shift == network.to_bits() >> shift
    };
    if let Some((_, _, kind)) = REFUSED_V6.iter().find(|(network, bits, _)| within(network, *bits))
    {
        return Some(kind);
    }
    let (_, _, shift) = EMBEDDED_V4.iter().find(|(network, bits, _)| within(network, *bits))?;
    let [.., a, b, c, d] = (address.to_bits() >> shift).to_be_bytes();
    kind_of_v4(Ipv4Addr::new(a, b, c, d))
}

/// Resolves names, and leaves out the addresses that a stranger may not name.
///
/// The check is made here, on the very addresses that will be connected to, because a name that
/// was looked up before can answer differently the second time.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Addrs = Box::new(allowed(found)?.into_iter());
            Ok(allowed)
        })
    }
}

/// The allowed ones of `found`; an error if all of them are refused.
fn allowed(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, RefusedAddress> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in found {
        match check(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(why) => refused = Some(why),
        }
    }
    match refused {
        Some(why) if allowed.is_empty() => Err(why),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ];

    const ALLOWED: &[&str] = &[
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "1.1.1.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.1",
        "168.63.129.17",
        "223.255.255.255",
        "fd00:ec2::253",
        "fc00::1",
        "2606:4700::1111",
        "fec0::1",
        "::ffff:10.0.0.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ];

    #[test]
    fn addresses_of_this_machine_and_of_metadata_services_are_refused() {
        for text in REFUSED {
            assert!(check(text.parse().unwrap()).is_err(), "{text} is allowed");
        }
    }

    #[test]
    fn private_and_public_addresses_are_allowed() {
        for text in ALLOWED {
            assert_eq!(check(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_the_address() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[0:0:0:0:0:ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        ] {
            assert!(check_literal(&url.parse().unwrap()).is_err(), "{url} is allowed");
        }
        assert_eq!(check_literal(&"https://registry.test/".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_name_with_only_refused_addresses_is_refused_and_one_with_others_keeps_these() {
        let bad: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let good: SocketAddr = "10.0.0.1:0".parse().unwrap();
        assert!(allowed([bad, bad].into_iter()).is_err());
        assert_eq!(allowed([bad, good].into_iter()), Ok(vec![good]));
        assert_eq!(allowed(std::iter::empty()), Ok(vec![]));
    }

    #[tokio::test]
    async fn localhost_does_not_resolve() {
        let name: Name = "localhost".parse().unwrap();
        let Err(fault) = GuardedResolver.resolve(name).await else { panic!("resolved") };
        assert!(fault.is::<RefusedAddress>(), "{fault}");
    }
}
