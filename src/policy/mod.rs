//! Which rule judges an image: the most specific pattern that matches it.

mod legacy;
mod pattern;
mod rule;

pub use pattern::{Matching, Pattern, PatternFault};
pub use rule::{JudgedBy, Mode, Rule};

use crate::image::ImageRef;

/// All rules, ready to be asked. Generic over what a rule carries, so that matching is tested alone.
#[derive(Debug)]
pub struct Policy<R> {
    rules: Vec<(Pattern, R)>,
}

impl<R> Policy<R> {
    /// Takes the rules in the order of the file: of two equally specific ones the later wins.
    pub fn new(matching: Matching, rules: Vec<(Pattern, R)>) -> Self {
        todo!()
    }

    /// The rule that judges `image`, or `None`: then the image is denied.
    pub fn rule_for(&self, image: &ImageRef) -> Option<&R> {
        todo!()
    }

    /// All rules in the order of the file.
    pub fn rules(&self) -> impl Iterator<Item = (&Pattern, &R)> {
        self.rules.iter().map(|(pattern, rule)| (pattern, rule))
    }
}
