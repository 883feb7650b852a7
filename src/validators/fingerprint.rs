//! Identifies a way of judging by a hash over everything that goes into it.

use super::Fingerprint;
use crate::image::Digest;

/// Collects the parts of a [`Fingerprint`].
///
/// Each part is written with its length, so that no two different lists of parts look the same.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<u8>);

impl Parts {
    /// Adds a part.
    pub(super) fn add(&mut self, part: impl AsRef<[u8]>) -> &mut Self {
        let part = part.as_ref();
        self.0.extend_from_slice(&part.len().to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// Adds parts of a list whose length counts, too.
    pub(super) fn list<T: AsRef<[u8]>>(
        &mut self,
        parts: impl ExactSizeIterator<Item = T>,
    ) -> &mut Self {
        self.add(parts.len().to_be_bytes());
        for part in parts {
            self.add(part);
        }
        self
    }

    /// The hash over all parts.
    pub(super) fn hash(&self) -> Fingerprint {
        Fingerprint(*Digest::of(&self.0).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_lists_of_the_same_letters_differ() {
        let hash = |parts: &[&str]| {
            let mut all = Parts::default();
            for part in parts {
                all.add(part);
            }
            all.hash()
        };
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["abc"]), hash(&["abc", ""]));
    }

    #[test]
    fn a_list_ends_where_its_length_says() {
        let mut one = Parts::default();
        one.list(["a", "b"].iter()).list(std::iter::empty::<&str>().collect::<Vec<_>>().iter());
        let mut other = Parts::default();
        other.list(["a"].iter()).list(["b"].iter());
        assert_ne!(one.hash(), other.hash());
    }
}
