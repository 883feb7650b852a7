//! References: never a panic, and what is printed is read again as the same.
#![no_main]

use connaisseur::image::ImageRef;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(image) = text.parse::<ImageRef>() {
        assert_eq!(image.name().parse::<ImageRef>().map(|again| again.name()), Ok(image.name()));
    }
});
