//! What was wrong with signatures, in few words whoever wrote them.
//!
//! Payloads and annotations are a stranger's text, and a reason ends up in logs, alerts and the
//! answer to the API server: it is short and has no control characters.

use std::fmt;

/// This many are said in full; the rest is counted.
const SAID: usize = 3;
/// Characters of a stranger's text that are repeated.
const QUOTED_CHARS: usize = 80;

/// What was wrong with each signature that did not count.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    said: Vec<String>,
    more: usize,
}

impl Reasons {
    /// Adds what is wrong with the signature at `position` (from 1).
    pub(super) fn add(&mut self, position: usize, flaw: &dyn fmt::Display) {
        if self.said.len() < SAID {
            self.said.push(format!("signature {position}: {flaw}"));
        } else {
            self.more += 1;
        }
    }

    /// The end of a sentence that they explain; nothing where there is no reason.
    pub(super) fn explain(&self) -> String {
        if self.said.is_empty() {
            return String::new();
        }
        format!(": {self}")
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said.join("; "))?;
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

/// A stranger's text, cut and without control characters.
pub(super) fn quoted(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(QUOTED_CHARS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(QUOTED_CHARS).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_reasons_are_said_in_full() {
        let mut reasons = Reasons::default();
        for position in 1..=64 {
            reasons.add(position, &"bad");
        }
        assert_eq!(
            reasons.to_string(),
            "signature 1: bad; signature 2: bad; signature 3: bad; and 61 more"
        );
    }

    #[test]
    fn a_strangers_text_is_cut_and_cannot_write_lines_of_its_own() {
        assert_eq!(quoted("short"), "short");
        assert_eq!(quoted("a\nb\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
        let long = quoted(&"ä".repeat(1000));
        assert_eq!(long.chars().count(), QUOTED_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
