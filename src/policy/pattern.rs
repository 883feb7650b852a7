//! Patterns: image references with wildcards.

use super::anchored::{self, Anchored};
use super::glob::Glob;
use super::legacy;
use super::specificity::Specificity;
use crate::image::ImageRef;

/// Longest pattern: the longest reference is 717 bytes, and groups need some room.
const MAX_PATTERN_BYTES: usize = 1024;
/// How much of a bad pattern an error shows.
const SHOWN_CHARS: usize = 128;

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
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Anchored(Anchored),
    Legacy(Glob),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternFault {
    /// Nothing was written.
    #[error("the pattern is empty: `*:*` means every image")]
    Empty,
    /// Longer than any pattern needs to be.
    #[error("the pattern `{text}` is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong {
        /// The beginning of the pattern.
        text: Box<str>,
    },
    /// It does not compile, or could never match.
    #[error("invalid pattern `{text}`: {why}")]
    Invalid {
        /// The pattern.
        text: Box<str>,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// The text is empty or too long, its wildcards are broken, or it could never match.
    pub fn parse(text: &str, matching: Matching) -> Result<Self, PatternFault> {
        if text.is_empty() {
            return Err(PatternFault::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternFault::TooLong { text: shown(text) });
        }
        let matcher = match matching {
            Matching::Anchored => Anchored::compile(text).map(Matcher::Anchored),
            Matching::Legacy => legacy::compile(text).map(Matcher::Legacy),
        }
        .map_err(|why| PatternFault::Invalid { text: shown(text), why })?;
        Ok(Self { text: text.into(), matcher })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key of the registry that the pattern names without wildcards, if it names one.
    ///
    /// A pattern of Connaisseur 3 matches anywhere in a name and so names no registry.
    pub fn registry(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Anchored(anchored) => anchored.registry(),
            Matcher::Legacy(_) => None,
        }
    }

    /// Tells whether the two ways of matching can differ for `text`: it names no registry, or has
    /// neither tag nor digest nor a `*` at its end. `policyMatching` must then be set.
    pub fn is_ambiguous(text: &str) -> bool {
        !anchored::is_everything(text)
            && (!anchored::names_registry(text) || !anchored::has_end(text))
    }

    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        match &self.matcher {
            Matcher::Anchored(anchored) => anchored.matches(subject.image, &subject.name),
            Matcher::Legacy(glob) => glob.matches(&subject.name),
        }
    }

    pub(super) fn specificity<'a>(&'a self, subject: &'a Subject<'_>) -> Specificity<'a> {
        let ranked = match &self.matcher {
            Matcher::Anchored(anchored) => anchored.qualified(),
            Matcher::Legacy(_) => &self.text,
        };
        Specificity::new(ranked, &subject.name)
    }

    /// The text with which the name of every image that matches begins.
    pub(super) fn literal_prefix(&self) -> &str {
        match &self.matcher {
            Matcher::Anchored(anchored) => anchored.literal_prefix(),
            Matcher::Legacy(_) => "",
        }
    }
}

/// An image with the name that patterns are compared with.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) image: &'a ImageRef,
    pub(super) name: String,
}

impl<'a> Subject<'a> {
    pub(super) fn new(image: &'a ImageRef, matching: Matching) -> Self {
        let name = match matching {
            Matching::Anchored => image.key_name(),
            Matching::Legacy => image.name(),
        };
        Self { image, name }
    }
}

fn shown(text: &str) -> Box<str> {
    let mut out: String = text.chars().take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out.into()
}

#[cfg(test)]
mod tests;
