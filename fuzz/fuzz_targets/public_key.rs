//! Public keys: never a panic, and what is no key is refused.
#![no_main]

use connaisseur::trust::PublicKey;

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8], &[u8])| {
    let (pem, message, signature) = input;
    if let Ok(key) = PublicKey::from_pem(pem) {
        assert!(key.verify(message, signature).is_err());
    }
});
