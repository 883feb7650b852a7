//! Pins: the replacements that make tags the digests that were verified.
//!
//! Typed, `replace` only, and made from nothing but a [`Verified`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::images::ImageUse;
use super::workload::Workload;
use crate::image::{Digest, ImageRef};
use crate::validators::Verified;

/// One image of an object, to be replaced by its pinned name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pointer: String,
    original: String,
    pinned: String,
    digest: Digest,
}

/// One operation of a JSON Patch (RFC 6902, 4.3).
#[derive(Serialize)]
struct Replace<'a> {
    op: &'static str,
    path: &'a str,
    value: &'a str,
}

impl Pin {
    /// Pins `image` at its place to what was verified; nothing where its qualified name says so already.
    pub(super) fn new(
        workload: &Workload<'_>,
        place: &ImageUse<'_>,
        image: &ImageRef,
        verified: &Verified,
    ) -> Option<Self> {
        let digest = verified.digest();
        (image.digest() != Some(digest)).then(|| Self {
            pointer: workload.pointer(place),
            original: image.text().to_owned(),
            pinned: image.pinned(digest),
            digest,
        })
    }

    /// The JSON pointer to the reference in the object.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The reference as it was written.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The qualified name with tag and digest.
    pub fn pinned(&self) -> &str {
        &self.pinned
    }

    /// The digest that was verified.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// The JSON Patch that makes all `pins`, in base64; nothing where there are none.
pub(super) fn patch(pins: &[Pin]) -> Option<String> {
    if pins.is_empty() {
        return None;
    }
    let operations: Vec<Replace<'_>> = pins
        .iter()
        .map(|pin| Replace { op: "replace", path: &pin.pointer, value: &pin.pinned })
        .collect();
    Some(STANDARD.encode(super::response::to_json(&operations)))
}
