//! Files of a notary: never a panic, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    connaisseur::validators::notaryv1::read_as_everything(bytes);
});
