//! Reading one mapping of the file, key by key.
//!
//! Whoever reads a key has dealt with it, and what nobody read is a mistake of the writer: an
//! option that is silently ignored would be trust that nobody gave.

use std::time::Duration;

use super::problem::{Place, Problem, Problems};
use super::settings;
use super::tree::{Node, Spanned, Value};
use super::words::{listed, unknown_key};

/// Reads the keys of one mapping. Whoever reads a key has dealt with it; [`Fields::finish`] reports the rest.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: &'n [(Spanned<Box<str>>, Node)],
    place: Place,
    read: Vec<&'static str>,
    problems: &'n Problems,
}

impl<'n> Fields<'n> {
    /// The keys of `node`; anything but a mapping is a problem, and `None`. `name` is what the
    /// mapping is called in that message.
    pub fn of(node: &'n Node, name: &str, problems: &'n Problems) -> Option<Self> {
        if let Value::Map(entries) = &node.value {
            return Some(Self { entries, place: node.place, read: Vec::new(), problems });
        }
        problems.push(Problem {
            place: node.place,
            what: format!("{name} must be a mapping, not {}", node.kind()),
            fix: Some("write `key: value` lines below it".to_owned()),
        });
        None
    }

    /// A mapping that is not written: every key is absent.
    pub fn absent(place: Place, problems: &'n Problems) -> Self {
        Self { entries: &[], place, read: Vec::new(), problems }
    }

    /// Where the mapping stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Tells whether the key is written, without reading it.
    pub fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The node of `key`, without reading it.
    pub fn peek(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| &*name.value == key).map(|(_, node)| node)
    }

    /// The node of `key`, whatever it is.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.read.push(key);
        self.peek(key)
    }

    /// An optional text. A value of another type is a problem, and `None`.
    pub fn string(&mut self, key: &'static str) -> Option<Spanned<&'n str>> {
        let node = self.node(key)?;
        if let Some(value) = node.text() {
            return Some(Spanned { value, place: node.place });
        }
        self.wrong_type(key, node, "text", "write it in quotes");
        None
    }

    /// A text that must be there and not be empty.
    pub fn required_string(&mut self, key: &'static str) -> Option<Spanned<&'n str>> {
        if !self.has(key) {
            self.read.push(key);
            self.report(self.place, format!("`{key}` is missing"), format!("add `{key}:` here"));
            return None;
        }
        let text = self.string(key)?;
        if text.value.trim().is_empty() {
            self.report(text.place, format!("`{key}` is empty"), "write its text, or remove it");
            return None;
        }
        Some(text)
    }

    /// An optional yes or no.
    pub fn boolean(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let node = self.node(key)?;
        if let Value::Bool(value) = node.value {
            return Some(Spanned { value, place: node.place });
        }
        self.wrong_type(key, node, "true or false", "write `true` or `false`, without quotes");
        None
    }

    /// An optional whole number.
    pub fn integer(&mut self, key: &'static str) -> Option<Spanned<i64>> {
        let node = self.node(key)?;
        match node.value {
            Value::Int(value) => {
                if let Ok(value) = i64::try_from(value) {
                    return Some(Spanned { value, place: node.place });
                }
                self.report(
                    node.place,
                    format!("`{key}` is too large: {value}"),
                    "write a smaller number",
                );
            }
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => {
                self.wrong_type(key, node, "a whole number", "write digits, without quotes");
            }
        }
        None
    }

    /// An optional length of time: `30s`, `250ms`, `10m`, `1h`, or a number of seconds.
    pub fn duration(&mut self, key: &'static str) -> Option<Spanned<Duration>> {
        let node = self.node(key)?;
        let Some(value) = settings::milliseconds(&node.value) else {
            self.wrong_type(key, node, "a length of time", "write it as `30s`, `250ms` or `10m`");
            return None;
        };
        Some(Spanned { value: Duration::from_millis(value), place: node.place })
    }

    /// An optional word out of a table of words and what each means.
    pub fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        table: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let text = self.string(key)?;
        if let Some((_, value)) = table.iter().find(|(word, _)| *word == text.value) {
            return Some(Spanned { value: *value, place: text.place });
        }
        let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        let fix = format!("write one of {}", listed(&words));
        self.report(text.place, format!("`{}` is no value of `{key}`", text.value), fix);
        None
    }

    /// An optional list of at least one non-empty text.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Spanned<&'n str>>> {
        let list = self.list(key, "texts")?;
        let mut texts = Vec::with_capacity(list.len());
        for node in list {
            match node.text().map(str::trim) {
                Some("") => self.report(
                    node.place,
                    format!("an element of `{key}` is empty"),
                    "write its text, or remove it",
                ),
                Some(_) => {
                    texts.extend(node.text().map(|value| Spanned { value, place: node.place }));
                }
                None => self.report(
                    node.place,
                    format!("an element of `{key}` must be text, not {}", node.kind()),
                    "write it in quotes",
                ),
            }
        }
        (texts.len() == list.len()).then_some(texts)
    }

    /// An optional mapping.
    pub fn mapping(&mut self, key: &'static str) -> Option<Self> {
        let node = self.node(key)?;
        Self::of(node, &format!("`{key}`"), self.problems)
    }

    /// An optional list of mappings; `None` if the key is absent or no list.
    pub fn mappings(&mut self, key: &'static str) -> Option<Vec<Self>> {
        let node = self.node(key)?;
        let Value::List(items) = &node.value else {
            self.wrong_type(key, node, "a list", "start each element with `- `");
            return None;
        };
        let name = format!("an element of `{key}`");
        Some(items.iter().filter_map(|item| Self::of(item, &name, self.problems)).collect())
    }

    /// Reports a problem at `place`.
    pub fn report(&self, place: Place, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem { place, what: what.into(), fix: Some(fix.into()) });
    }

    /// The keys that nobody read, with their places.
    pub fn unread(&self) -> impl Iterator<Item = Spanned<&'n str>> {
        self.entries
            .iter()
            .map(|(key, _)| Spanned { value: &*key.value, place: key.place })
            .filter(|key| !self.read.contains(&key.value))
    }

    /// Reports every key that nobody read as unknown, with the nearest known key as the fix.
    pub fn finish(self) {
        self.finish_with(&[], |_| None);
    }

    /// As [`Fields::finish`], where the keys `also_known` may stay unread, and `explain` may have a
    /// better sentence (what, fix) for a key than that it is unknown.
    ///
    /// `also_known` is for a mapping whose reading was given up half-way: its other keys are not
    /// unknown, only not reached.
    pub fn finish_with(
        self,
        also_known: &[String],
        explain: impl Fn(&str) -> Option<(String, String)>,
    ) {
        let known: Vec<&str> =
            self.read.iter().copied().chain(also_known.iter().map(String::as_str)).collect();
        for key in self.unread().filter(|key| !known.contains(&key.value)) {
            let (what, fix) = explain(key.value).unwrap_or_else(|| unknown_key(key.value, &known));
            self.report(key.place, what, fix);
        }
    }

    fn list(&mut self, key: &'static str, of: &str) -> Option<&'n [Node]> {
        let node = self.node(key)?;
        let Value::List(items) = &node.value else {
            self.wrong_type(key, node, &format!("a list of {of}"), "start each element with `- `");
            return None;
        };
        if items.is_empty() {
            self.report(
                node.place,
                format!("`{key}` is an empty list"),
                "add an element, or remove the key",
            );
            return None;
        }
        Some(items)
    }

    fn wrong_type(&self, key: &str, node: &Node, wanted: &str, fix: &str) {
        self.report(node.place, format!("`{key}` must be {wanted}, not {}", node.kind()), fix);
    }
}
