//! What somebody tries who runs the notary, sits before it, or holds one key too many.

mod delegations;
mod format;
mod keys;
mod lengths;
mod roles;
mod roots;
mod versions;

use std::time::{Duration, Instant};

use connaisseur::validators::{Refusal, Verdict};

use super::rig::{Verifies, image, verify};

/// What a hostile file may cost at most, on a busy machine and without optimization.
const BOUND: Duration = Duration::from_secs(20);

/// The verdict on `app:1`, which must come soon whatever was served.
async fn soon(verifier: &Verifies) -> Verdict {
    let begun = Instant::now();
    let verdict = verify(verifier, &image("app:1")).await;
    assert!(begun.elapsed() < BOUND, "took {:?}: {verdict:?}", begun.elapsed());
    verdict
}

/// Asserts that a refusal is one of bad or missing evidence with this word.
#[track_caller]
fn assert_word(verdict: &Verdict, word: &str) {
    match verdict {
        Err(Refusal::Rejected(reason) | Refusal::Inconclusive(reason)) => {
            assert_eq!(reason.word, word, "{reason}");
        }
        other => panic!("{other:?} instead of {word}"),
    }
}
