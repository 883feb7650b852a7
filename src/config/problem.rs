//! What is wrong with a configuration, where, and how to mend it.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in the file: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Line, from 1; 0 where the problem is not in the file (an environment variable).
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong with which value.
    pub what: String,
    /// How to mend it, where a person can.
    pub fix: Option<String>,
}

/// Problems as they are found. Shared by all who read parts of one file.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Adds one.
    pub fn push(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them in the order of the file; first those that are not in the file.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut all = self.0.into_inner();
        all.sort_by_key(|problem| problem.place);
        all
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadFault {
    /// The file cannot be read.
    #[error("cannot read the configuration {} (`--config` names it)", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and is wrong.
    #[error("{}", Listed { path, problems })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, in the order of the file.
        problems: Vec<Problem>,
    },
}

struct Listed<'a> {
    path: &'a Path,
    problems: &'a [Problem],
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", problem.in_file(self.path))?;
        }
        Ok(())
    }
}

impl Problem {
    /// As people read it: `FILE:LINE:COLUMN: what`, and the fix on a line of its own.
    pub fn in_file<'a>(&'a self, path: &'a Path) -> impl fmt::Display + 'a {
        InFile { path, problem: self }
    }
}

struct InFile<'a> {
    path: &'a Path,
    problem: &'a Problem,
}

impl fmt::Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.problem.place;
        // What an environment variable says is not a fault of the file.
        if line > 0 {
            write!(f, "{}:{line}:{column}: ", self.path.display())?;
        }
        f.write_str(&self.problem.what)?;
        self.problem.fix.iter().try_for_each(|fix| write!(f, "\n  fix: {fix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u32, what: &str, fix: Option<&str>) -> Problem {
        let place = Place { line, column: line };
        Problem { place, what: what.to_owned(), fix: fix.map(str::to_owned) }
    }

    #[test]
    fn problems_are_listed_in_the_order_of_the_file_with_their_fixes() {
        let problems = Problems::default();
        problems.push(problem(7, "b is wrong", None));
        problems.push(problem(3, "a is wrong", Some("mend a")));
        problems.push(problem(0, "environment variable `C` is wrong", Some("unset it")));
        let fault = LoadFault::Invalid { path: "c.yaml".into(), problems: problems.into_sorted() };
        assert_eq!(
            fault.to_string(),
            "environment variable `C` is wrong\n  fix: unset it\n\
             c.yaml:3:3: a is wrong\n  fix: mend a\n\
             c.yaml:7:7: b is wrong"
        );
    }
}
