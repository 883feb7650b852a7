//! Which rule judges an image: the most specific pattern that matches it.

mod anchored;
mod glob;
mod index;
mod legacy;
mod pattern;
mod rule;
mod specificity;

pub use pattern::{Matching, Pattern, PatternFault};
pub use rule::{JudgedBy, Mode, Rule};

use crate::image::ImageRef;
use index::PrefixIndex;
use pattern::Subject;

/// All rules, ready to be asked. Generic over what a rule carries, so that matching is tested alone.
#[derive(Debug)]
pub struct Policy<R> {
    matching: Matching,
    rules: Vec<(Pattern, R)>,
    index: PrefixIndex,
}

impl<R> Policy<R> {
    /// Takes the rules in the order of the file: of two equally specific ones the later wins.
    ///
    /// `matching` is the one with which the patterns were parsed.
    pub fn new(matching: Matching, rules: Vec<(Pattern, R)>) -> Self {
        let index = PrefixIndex::new(rules.iter().map(|(pattern, _)| pattern.literal_prefix()));
        Self { matching, rules, index }
    }

    /// The rule that judges `image`, or `None`: then the image is denied.
    pub fn rule_for(&self, image: &ImageRef) -> Option<&R> {
        let subject = Subject::new(image, self.matching);
        let candidates = self.index.candidates(&subject.name);
        candidates
            .filter_map(|at| self.rules.get(at).map(|(pattern, rule)| (at, pattern, rule)))
            .filter(|(_, pattern, _)| pattern.matches(&subject))
            .max_by_key(|(at, pattern, _)| (pattern.specificity(&subject), *at))
            .map(|(_, _, rule)| rule)
    }

    /// All rules in the order of the file.
    pub fn rules(&self) -> impl Iterator<Item = (&Pattern, &R)> {
        self.rules.iter().map(|(pattern, rule)| (pattern, rule))
    }
}

#[cfg(test)]
mod tests;
