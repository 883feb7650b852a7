//! The file as a tree in which every value knows its place.

use super::problem::{Place, Problem, Problems};

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A node of the file. (Shape to be completed by the owner of this file.)
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// STUB
#[derive(Debug, Clone)]
pub enum Value {
    /// STUB
    Map(Vec<(Spanned<Box<str>>, Node)>),
    /// STUB
    Text(Box<str>),
}

impl Node {
    /// STUB
    pub fn kind(&self) -> &'static str {
        todo!()
    }
    /// STUB
    pub fn text(&self) -> Option<&str> {
        todo!()
    }
}

/// Reads the keys of one mapping. Whoever reads a key has dealt with it; [`Fields::finish`] reports the rest.
#[derive(Debug)]
pub struct Fields<'n> {
    node: &'n Node,
    problems: &'n Problems,
}

impl<'n> Fields<'n> {
    /// Where the mapping stands.
    pub fn place(&self) -> Place {
        self.node.place
    }

    /// STUB
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        todo!()
    }

    /// An optional text. A value of another type is a problem, and `None`.
    pub fn string(&mut self, key: &'static str) -> Option<Spanned<&'n str>> {
        todo!()
    }

    /// A text that must be there and not be empty.
    pub fn required_string(&mut self, key: &'static str) -> Option<Spanned<&'n str>> {
        todo!()
    }

    /// An optional yes or no.
    pub fn boolean(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        todo!()
    }

    /// An optional whole number.
    pub fn integer(&mut self, key: &'static str) -> Option<Spanned<i64>> {
        todo!()
    }

    /// An optional list of at least one non-empty text.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Spanned<&'n str>>> {
        todo!()
    }

    /// An optional mapping.
    pub fn mapping(&mut self, key: &'static str) -> Option<Fields<'n>> {
        todo!()
    }

    /// An optional list of mappings; `None` if the key is absent or no list.
    pub fn mappings(&mut self, key: &'static str) -> Option<Vec<Fields<'n>>> {
        todo!()
    }

    /// Tells whether the key is written, without reading it.
    pub fn has(&self, key: &str) -> bool {
        todo!()
    }

    /// Reports a problem at `place`.
    pub fn report(&self, place: Place, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem { place, what: what.into(), fix: Some(fix.into()) });
    }

    /// Reports every key that nobody read as unknown, with the nearest known key as the fix.
    pub fn finish(self) {
        todo!()
    }
}
