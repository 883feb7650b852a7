//! Bodies: counted and hashed on the way in.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::Error;
use super::cause::broke_off;
use super::transport::Ask;
use crate::image::Digest;

/// How much of an unwanted body is read so that its connection can be used again.
const DRAIN_BYTES: usize = 16 * 1024;

/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// Reads a body to its end, at most `ask.limit` bytes, and hashes it on the way.
pub(super) async fn collect(
    mut response: Response,
    headers: &HeaderMap,
    ask: Ask<'_>,
    host: &str,
) -> Result<(Bytes, Digest), Error> {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        let why = "the body is compressed, although we asked that it is not".to_owned();
        return Err(Error::Malformed { host: host.to_owned(), why });
    }
    let too_large =
        || Error::TooLarge { what: ask.what.to_owned(), host: host.to_owned(), limit: ask.limit };
    // What the header claims is only good for an early "no", never for a reservation of memory.
    let claimed = response.content_length().unwrap_or(0);
    if usize::try_from(claimed).map_or(true, |claimed| claimed > ask.limit) {
        return Err(too_large());
    }
    let mut hash = Context::new(&SHA256);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|fault| broke_off(&fault, host))? {
        if chunk.len() > ask.limit.saturating_sub(bytes.len()) {
            return Err(too_large());
        }
        hash.update(&chunk);
        bytes.extend_from_slice(&chunk);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok((bytes.freeze(), Digest::from_bytes(digest)))
}

/// Reads the rest of a short body, so that the connection is not lost with it.
pub(super) async fn drain(mut response: Response) {
    let read = async {
        let mut left = DRAIN_BYTES;
        while let Ok(Some(chunk)) = response.chunk().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Out of time: the connection is closed instead.
    drop(tokio::time::timeout(DRAIN_TIME, read).await);
}
