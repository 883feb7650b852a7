//! SHA-256 digests, the only ones that are accepted.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

/// The SHA-256 of some bytes, written `sha256:<64 lower-case hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestFault {
    /// An algorithm other than sha256.
    #[error("unsupported digest algorithm in `{0}`: only sha256 is supported")]
    Algorithm(Box<str>),
    /// Not 64 lower-case hexadecimal digits.
    #[error("invalid digest `{0}`: want `sha256:` and 64 lower-case hexadecimal digits")]
    Hex(Box<str>),
}

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(out)
    }

    /// Takes a hash that was computed elsewhere, as by a streaming hasher.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without the algorithm.
    pub fn hex(&self) -> String {
        let mut out = String::with_capacity(64);
        self.write_hex(&mut out);
        out
    }

    fn write_hex(&self, out: &mut String) {
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 0xf] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
    }
}

impl FromStr for Digest {
    type Err = ParseDigestFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = match text.split_once(':') {
            Some(("sha256", hex)) => hex,
            Some((_, _)) => return Err(ParseDigestFault::Algorithm(text.into())),
            None => return Err(ParseDigestFault::Hex(text.into())),
        };
        let bad = || ParseDigestFault::Hex(text.into());
        if hex.len() != 64 {
            return Err(bad());
        }
        let mut out = [0; 32];
        for (slot, pair) in out.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let &[high, low] = pair else {
                return Err(bad());
            };
            *slot = nibble(high).zip(nibble(low)).map(|(h, l)| h << 4 | l).ok_or_else(bad)?;
        }
        Ok(Self(out))
    }
}

/// The value of one lower-case hexadecimal digit.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
