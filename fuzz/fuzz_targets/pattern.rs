//! Patterns: never a panic, and matching ends.
#![no_main]

use connaisseur::image::ImageRef;
use connaisseur::policy::{Matching, Pattern, Policy};

libfuzzer_sys::fuzz_target!(|input: (&str, &str)| {
    let (text, image) = input;
    let Ok(image) = image.parse::<ImageRef>() else { return };
    for matching in [Matching::Anchored, Matching::Legacy] {
        if let Ok(pattern) = Pattern::parse(text, matching) {
            Policy::new(matching, vec![(pattern, ())]).rule_for(&image);
        }
    }
});
