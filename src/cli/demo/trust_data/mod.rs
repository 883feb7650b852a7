//! Signs trust data as notary does, for the demo and for tests.
//!
//! Knows nothing of the verifier: the format is written down a second time here, so that a mistake
//! in one of the two shows. [`Collection`] is a repository's trust data with everything consistent;
//! the functions here put together what is not.

mod collection;
mod key;
mod role;
mod signed;

#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};

pub use collection::Collection;
pub use key::{RsaPadding, TufSigner};
pub use role::{Delegation, Role};

use super::signer::SignFault;
use crate::image::Digest;

/// A file of trust data: `signed` and a signature of each signer over its canonical form.
///
/// # Errors
/// [`SignFault`] where the crypto backend refuses.
pub fn seal<'s>(
    signed: &Value,
    signers: impl IntoIterator<Item = &'s TufSigner>,
) -> Result<Bytes, SignFault> {
    let message = canonical(signed);
    let signatures: Result<Vec<Value>, SignFault> =
        signers.into_iter().map(|signer| signer.signature(&message)).collect();
    Ok(assemble(&message, &signatures?))
}

/// A file of trust data from its parts, whether they fit or not.
pub fn assemble(signed: &[u8], signatures: &[Value]) -> Bytes {
    let mut file = br#"{"signed":"#.to_vec();
    file.extend_from_slice(signed);
    file.extend_from_slice(br#","signatures":"#);
    file.extend_from_slice(&canonical(&json!(signatures)));
    file.push(b'}');
    file.into()
}

/// What snapshot and timestamp say of a file.
pub fn meta(file: &[u8]) -> Value {
    json!({
        "hashes": {
            "sha256": BASE64.encode(Digest::of(file).as_bytes()),
            "sha512": BASE64.encode(digest(&SHA512, file)),
        },
        "length": file.len(),
    })
}

/// The bytes that signatures are made over: keys in the order of their bytes, no white space, and
/// nothing but `"` and `\` escaped.
///
/// Spec: OLPC, "Canonical JSON".
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            out.extend_from_slice(value.to_string().as_bytes());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_bytes());
            out.push(b'{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write_canonical(member, out);
            }
            out.push(b'}');
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}
