//! Keys of several parts as one run of bytes, built in a buffer that each thread keeps.
//!
//! A look-up borrows the buffer, so that a hit allocates nothing.

use std::cell::Cell;
use std::sync::Arc;

/// A key as the caches keep it.
pub(super) type Key = Arc<[u8]>;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer that grew beyond this is given back: one long name must not be kept by every thread.
const KEPT_CAPACITY: usize = 4096;

/// Joins `fixed` (of known length) and `texts` to a key and lends it to `look`.
///
/// Each text ends with a zero byte, which no name of an image contains, so that two different lists
/// never make the same key.
pub(super) fn with_key<R>(fixed: &[&[u8]], texts: &[&str], look: impl FnOnce(&[u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    buffer.clear();
    for part in fixed {
        buffer.extend_from_slice(part);
    }
    for text in texts {
        buffer.extend_from_slice(text.as_bytes());
        buffer.push(0);
    }
    let answer = look(&buffer);
    if buffer.capacity() <= KEPT_CAPACITY {
        BUFFER.set(buffer);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_run_together_make_different_keys() {
        let key = |texts: &[&str]| with_key(&[b"fixed"], texts, <[u8]>::to_vec);
        let keys = [key(&["ab", "c"]), key(&["a", "bc"]), key(&["abc"]), key(&["abc", ""])];
        for (index, one) in keys.iter().enumerate() {
            for other in keys.iter().skip(index + 1) {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn a_key_within_a_key_is_whole() {
        let outer = with_key(&[], &["outer"], |outer| {
            let inner = with_key(&[], &["inner"], <[u8]>::to_vec);
            assert_eq!(inner, b"inner\0");
            outer.to_vec()
        });
        assert_eq!(outer, b"outer\0");
    }
}
