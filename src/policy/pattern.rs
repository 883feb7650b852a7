//! Patterns: image references with wildcards, and how specific they are.

/// How patterns are read: `policyMatching`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// A pattern is anchored and names its registry as a reference does.
    #[default]
    Anchored,
    /// As Connaisseur 3 matched.
    Legacy,
}

/// A pattern that compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Box<str>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternFault {
    /// To be completed by the owner of this file.
    #[error("the pattern is empty")]
    Empty,
}

impl Pattern {
    /// Compiles `text`.
    pub fn parse(text: &str, matching: Matching) -> Result<Self, PatternFault> {
        todo!()
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether the two ways of matching can differ for `text` (contract: then `policyMatching` must be set).
    pub fn is_ambiguous(text: &str) -> bool {
        todo!()
    }
}
