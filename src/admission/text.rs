//! Strings of a request: borrowed from its body where JSON allows, bounded where people read them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string that borrows from the body unless it was written with escapes.
///
/// A newtype, because serde gives `Option<Cow<str>>` and fields that may be `null` an owned copy.
/// `null` reads as empty, as Go reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// A copy that outlives the body.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
}

/// The beginning of a text that a stranger wrote, without control characters, for messages.
pub(super) fn shown(text: &str, max_chars: usize) -> String {
    let clean = |letter: char| {
        if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }
    };
    let mut out: String = text.chars().take(max_chars).map(clean).collect();
    if text.chars().nth(max_chars).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_are_borrowed_and_escaped_ones_are_read() {
        let read = |json| serde_json::from_str::<Text<'_>>(json).map(|text| text.0);
        assert!(matches!(read(r#""nginx:1""#), Ok(Cow::Borrowed("nginx:1"))));
        assert!(matches!(read(r#""a\u003cb""#), Ok(Cow::Owned(text)) if text == "a<b"));
        assert!(matches!(read("null"), Ok(Cow::Borrowed(""))));
        assert!(read("1").is_err() && read("[]").is_err() && read("true").is_err());
    }

    #[test]
    fn shown_text_is_short_and_keeps_to_its_line() {
        assert_eq!(shown("abc\n\u{1b}[2J", 4), "abc\u{fffd}…");
        assert_eq!(shown("abc", 3), "abc");
    }
}
