//! The roles of a collection, and the names that delegations may have.

use std::fmt;
use std::str::FromStr;

/// Longest name of a delegation (notary, `tuf/data/roles.go`).
const MAX_NAME_BYTES: usize = 255;
/// How deep delegations may be nested below `targets`. Each level is a file to fetch.
pub(super) const MAX_DEPTH: usize = 8;
/// What every delegation's name begins with.
const PREFIX: &str = "targets/";

/// A role of a collection: one of the four, or a delegation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// Says whose keys the other three have.
    Root,
    /// Says which snapshot is the newest.
    Timestamp,
    /// Says which files of all other roles belong together.
    Snapshot,
    /// Says which tags are signed, and to whom signing is delegated.
    Targets,
    /// As targets, for those to whom signing is delegated.
    Delegation(DelegationName),
}

/// The name of a delegation, as `targets/alice` or `targets/alice/laptop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DelegationName(Box<str>);

/// Why a text is no name of a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DelegationFault {
    #[error("it is longer than {MAX_NAME_BYTES} bytes")]
    TooLong,
    #[error("it has other characters than lower-case letters, digits, `-`, `_` and `/`")]
    Characters,
    #[error("it has an empty part")]
    Empty,
    #[error("it is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("it does not begin with `{PREFIX}`")]
    NoPrefix,
}

impl Role {
    /// The delegations that this role may make: its direct children.
    pub(super) fn is_parent_of(&self, child: &DelegationName) -> bool {
        child.parent() == *self
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
            Self::Delegation(name) => &name.0,
        })
    }
}

impl DelegationName {
    /// As a configuration writes it: `targets/` may be left out.
    pub(super) fn of_configuration(text: &str) -> Result<Self, DelegationFault> {
        if text.starts_with(PREFIX) { text.parse() } else { format!("{PREFIX}{text}").parse() }
    }

    /// Who delegates to it.
    pub(super) fn parent(&self) -> Role {
        match self.0.rsplit_once('/') {
            Some((parent, _)) if parent.contains('/') => {
                Role::Delegation(Self(parent.to_owned().into()))
            }
            _ => Role::Targets,
        }
    }

    /// The delegations that lead to it from `targets`, itself last.
    pub(super) fn path(&self) -> Vec<Self> {
        let mut path = vec![self.clone()];
        let mut parent = self.parent();
        while let Role::Delegation(name) = parent {
            parent = name.parent();
            path.push(name);
        }
        path.reverse();
        path
    }
}

/// The whole name. A part that is `.` or `..` cannot be written with these characters.
impl FromStr for DelegationName {
    type Err = DelegationFault;

    fn from_str(text: &str) -> Result<Self, DelegationFault> {
        if text.len() > MAX_NAME_BYTES {
            return Err(DelegationFault::TooLong);
        }
        let rest = text.strip_prefix(PREFIX).ok_or(DelegationFault::NoPrefix)?;
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'/')
        };
        if !rest.bytes().all(allowed) {
            return Err(DelegationFault::Characters);
        }
        if rest.split('/').any(str::is_empty) {
            return Err(DelegationFault::Empty);
        }
        if rest.split('/').count() > MAX_DEPTH {
            return Err(DelegationFault::TooDeep);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for DelegationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_may_leave_the_prefix_out() {
        for text in ["alice", "targets/alice"] {
            assert_eq!(
                DelegationName::of_configuration(text).unwrap().to_string(),
                "targets/alice"
            );
        }
        let nested = DelegationName::of_configuration("alice/laptop").unwrap();
        assert_eq!(nested.to_string(), "targets/alice/laptop");
    }

    #[test]
    fn names_that_could_lead_elsewhere_are_none() {
        let deep = format!("targets/{}", ["a"; MAX_DEPTH + 1].join("/"));
        let long = format!("targets/{}", "a".repeat(MAX_NAME_BYTES));
        for (text, fault) in [
            ("targets", DelegationFault::NoPrefix),
            ("root", DelegationFault::NoPrefix),
            ("targets/", DelegationFault::Empty),
            ("targets//a", DelegationFault::Empty),
            ("targets/a/", DelegationFault::Empty),
            ("targets/../root", DelegationFault::Characters),
            ("targets/Alice", DelegationFault::Characters),
            ("targets/a b", DelegationFault::Characters),
            ("targets/a?x", DelegationFault::Characters),
            ("targets/ä", DelegationFault::Characters),
            (&deep, DelegationFault::TooDeep),
            (&long, DelegationFault::TooLong),
        ] {
            assert_eq!(text.parse::<DelegationName>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_nested_delegation_is_reached_through_its_parents() {
        let name: DelegationName = "targets/a/b/c".parse().unwrap();
        let path: Vec<String> = name.path().iter().map(ToString::to_string).collect();
        assert_eq!(path, ["targets/a", "targets/a/b", "targets/a/b/c"]);
        let parents: Vec<Role> = name.path().iter().map(DelegationName::parent).collect();
        assert_eq!(parents[0], Role::Targets);
        assert_eq!(parents[1].to_string(), "targets/a");
        assert!(Role::Targets.is_parent_of(&name.path()[0]));
        assert!(!Role::Targets.is_parent_of(&name));
    }
}
