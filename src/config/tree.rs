//! The file as a tree in which every value knows its place.
//!
//! YAML ends here: what reads the configuration sees nodes, never a parser. Anchors and merge keys
//! are expanded within bounds; text that looks like `yes` or `on` stays text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use super::problem::{Place, Problem, Problems};

/// Nesting of the file. The deepest place that the schema knows is below ten.
const MAX_DEPTH: usize = 32;
/// Keys, values and lists, anchors expanded. A policy of 5,000 rules has about 50,000.
const MAX_NODES: usize = 200_000;
/// Anchors of the file, and uses of them.
const MAX_ANCHORS: usize = 1_000;
/// Nodes that all uses of anchors together may copy: a small file must not become a large one.
const MAX_COPIED: usize = 50_000;

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A node of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; for a value behind an anchor, where it is defined.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`, and no other word.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file. A key may stand in it twice until `parse` has looked.
    Map(Vec<(Spanned<Box<str>>, Node)>),
}

impl Value {
    /// What it is, in a word for messages that must not repeat the value.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }

    /// Tells whether nothing stands there: no value, or a list or mapping without an element.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) => false,
        }
    }
}

impl Node {
    /// What it holds, in a word for messages that must not repeat the value.
    pub fn kind(&self) -> &'static str {
        self.value.kind()
    }

    /// The value of `key`, where the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        entries.iter().find(|(name, _)| &*name.value == key).map(|(_, node)| node)
    }

    /// The elements, where the node is a list.
    pub fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The text, where the node is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

/// Reads YAML into a tree. Broken YAML is one problem and `None`; a key that stands twice in one
/// mapping is a problem of its own, so that the rest is read too.
pub(super) fn parse(text: &str, problems: &Problems) -> Option<Node> {
    match serde_saphyr::from_str_with_options::<Node>(text, options()) {
        Ok(root) => {
            report_duplicates(&root, problems);
            Some(root)
        }
        Err(error) => {
            problems.push(syntax_problem(&error));
            None
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_anchors: MAX_ANCHORS,
            max_aliases: MAX_ANCHORS,
            max_merge_keys: MAX_ANCHORS,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_COPIED,
            max_replay_stack_depth: MAX_DEPTH,
        },
        // Reported by `report_duplicates`, together with everything else that is wrong.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn report_duplicates(node: &Node, problems: &Problems) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| report_duplicates(item, problems)),
        Value::Map(entries) => {
            let mut seen = std::collections::BTreeMap::new();
            for (key, value) in entries {
                if let Some(first) = seen.insert(&*key.value, key.place) {
                    problems.push(Problem {
                        place: key.place,
                        what: format!("the key `{}` stands twice in one mapping", key.value),
                        fix: Some(format!("keep one of them; the other is on line {}", first.line)),
                    });
                }
                report_duplicates(value, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

fn syntax_problem(error: &serde_saphyr::Error) -> Problem {
    let place = error.location().map(place_of).unwrap_or_default();
    // The parser writes the place into its sentence; the problem has it already.
    let sentence = error.without_snippet().to_string();
    let what = sentence.lines().next().unwrap_or_default();
    let what = what.split(" at line ").next().unwrap_or(what);
    Problem {
        place,
        what: format!("the file is not valid YAML: {what}"),
        fix: Some("mend the YAML at this place; the rest is read only after that".to_owned()),
    }
}

fn place_of(location: serde_saphyr::Location) -> Place {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Place { line: number(location.line()), column: number(location.column()) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { place: place_of(spanned.defined), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<serde_saphyr::Spanned<Value>>()? {
            let place = place_of(key.defined);
            let value = match key.value {
                Value::Text(text) => text,
                Value::Int(number) => number.to_string().into(),
                Value::Bool(yes) => yes.to_string().into(),
                Value::Null | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                    return Err(A::Error::custom("a key must be a plain word"));
                }
            };
            map.push((Spanned { value, place }, entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let problems = Problems::default();
        let root = parse(text, &problems);
        assert_eq!(problems.into_sorted(), []);
        root.unwrap()
    }

    fn problems(text: &str) -> Vec<Problem> {
        let problems = Problems::default();
        parse(text, &problems);
        problems.into_sorted()
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let root = tree("a: 1\nb:\n  - x\n  - {c: true}\n");
        let Value::Map(entries) = &root.value else { panic!("{root:?}") };
        assert_eq!(entries[0].0.place, Place { line: 1, column: 1 });
        assert_eq!(
            entries[0].1,
            Node { place: Place { line: 1, column: 4 }, value: Value::Int(1) }
        );
        assert_eq!(entries[1].0.place, Place { line: 2, column: 1 });
        let item = &root.get("b").unwrap().items()[1];
        assert_eq!(item.get("c").unwrap().place, Place { line: 4, column: 9 });
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        let root = tree("[true, false, yes, on, 'true', ~, 1.5, .inf, 0x10, -3]");
        let values: Vec<&Value> = root.items().iter().map(|node| &node.value).collect();
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(
            values,
            [
                &Value::Bool(true),
                &Value::Bool(false),
                &text("yes"),
                &text("on"),
                &text("true"),
                &Value::Null,
                &Value::Float(1.5),
                &text(".inf"),
                &Value::Int(16),
                &Value::Int(-3),
            ]
        );
    }

    #[test]
    fn anchors_and_merges_are_expanded_with_the_place_of_the_definition() {
        let root = tree("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\n");
        let used = root.get("use").unwrap();
        assert_eq!(used.get("y").unwrap().value, Value::Int(3));
        assert_eq!(used.get("x").unwrap().place, Place { line: 1, column: 14 });
        assert_eq!(root.get("again").unwrap().get("y").unwrap().value, Value::Int(2));
    }

    #[test]
    fn every_duplicate_key_is_reported_with_its_place() {
        let found = problems("a: 1\na: 2\nb: {c: 1, c: 2}\n");
        let places: Vec<_> = found.iter().map(|p| (p.place.line, p.place.column)).collect();
        assert_eq!(places, [(2, 1), (3, 11)]);
        assert!(found[0].what.contains("`a` stands twice"), "{found:?}");
    }

    #[test]
    fn broken_yaml_is_one_problem_with_a_place() {
        for (text, line) in [
            ("a: [1, 2\nb: 3\n", 2),
            ("a: 1\n b: 2\n", 2),
            ("a: \"open\n", 2),
            ("a: *nowhere\n", 1),
            ("a:\n\t- b\n", 2),
            ("[a]: 1\n", 1),
            ("a: 1\n---\nb: 2\n", 2),
        ] {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{text:?}: {found:?}");
            assert!(found[0].what.starts_with("the file is not valid YAML: "), "{found:?}");
            assert!(found[0].place.line.abs_diff(line) <= 1, "{text:?}: {found:?}");
        }
    }

    #[test]
    fn nesting_and_copies_are_bounded() {
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(problems(&deep).len(), 1);

        let mut laughs = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")] {
            let uses = vec![format!("*{from}"); 10].join(", ");
            laughs = format!("{laughs}{to}: &{to} [{uses}]\n");
        }
        assert_eq!(problems(&laughs).len(), 1);
    }
}
