//! How specific a pattern is for an image that it matches.

use std::cmp::Ordering;

/// The rank of a pattern for one image; the greatest wins.
///
/// Both texts are split at `/`. More components win; then, from the left, the pattern's component
/// that shares the longer beginning with the image's; then, from the left, the longer component
/// (a `*` counts as a character). Only ranks for the same image can be compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Specificity<'a> {
    pattern: &'a str,
    image: &'a str,
}

impl<'a> Specificity<'a> {
    pub(super) fn new(pattern: &'a str, image: &'a str) -> Self {
        Self { pattern, image }
    }

    /// The length of what each component of the pattern has in common with the image's.
    fn shared(self) -> impl Iterator<Item = usize> {
        let image = self.image.split('/').chain(std::iter::repeat(""));
        self.pattern.split('/').zip(image).map(|(pattern, image)| {
            pattern.bytes().zip(image.bytes()).take_while(|(a, b)| a == b).count()
        })
    }
}

impl Ord for Specificity<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let components = |text: &str| text.split('/').count();
        components(self.pattern)
            .cmp(&components(other.pattern))
            .then_with(|| self.shared().cmp(other.shared()))
            .then_with(|| {
                let lengths = self.pattern.split('/').map(str::len);
                lengths.cmp(other.pattern.split('/').map(str::len))
            })
    }
}

impl PartialOrd for Specificity<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Specificity<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Specificity<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IMAGE: &str = "reg.io/team/app:1";

    #[test]
    fn the_contract_s_three_steps_decide_in_order() {
        for (greater, less) in [
            ("*/*/*", "reg.io/team"),
            ("reg.io/*/app", "*/team/app:1"),
            ("reg.io/team/*", "reg.io/*/app:1"),
            ("*o/team/app", "*/team/app"),
            ("reg.io/team/app*:1", "reg.io/team/app*"),
            ("*:*", "*"),
        ] {
            assert!(
                Specificity::new(greater, IMAGE) > Specificity::new(less, IMAGE),
                "{greater} over {less}"
            );
        }
        assert_eq!(Specificity::new("*:*", IMAGE), Specificity::new("*@*", IMAGE));
    }

    proptest! {
        #[test]
        fn specificity_is_a_total_order(patterns in prop::array::uniform3("[ab*/:]{0,8}"), image in "[ab/:]{0,10}") {
            let [a, b, c] = patterns.each_ref().map(|pattern| Specificity::new(pattern, &image));
            prop_assert_eq!(a.cmp(&a), Ordering::Equal);
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            if a == b {
                prop_assert_eq!(a.cmp(&c), b.cmp(&c));
            }
        }
    }
}
