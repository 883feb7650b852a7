//! The configuration file, read once and turned into things that can act.
//!
//! Every problem is collected with line, column and fix before anything is refused.

mod access;
mod auth;
mod entries;
mod fields;
mod file;
mod later;
mod load;
mod logging;
mod problem;
mod resolve;
mod rules;
mod schema;
mod secrets;
mod sections;
mod settings;
mod tree;
mod words;

use std::sync::Arc;

pub use auth::{auth_schema, ca, ca_schema, credentials};
pub use fields::Fields;
pub use load::{Overrides, Source};
pub use logging::Logging;
pub use problem::{LoadFault, Place, Problem, Problems};
pub use schema::json_schema;
pub use secrets::{Credentials, Login, Secrets};
pub use sections::{
    Cache, Features, Limits, RegistryAccess, ResourceValidation, Sections, Server, Timeouts,
};
pub use tree::{Node, Spanned, Value};

use crate::policy::{Policy, Rule};
use crate::validators::{Runtime, TYPES};

/// A configuration that was read without a problem.
#[derive(Debug)]
pub struct Config {
    /// Our own sections: server, limits, timeouts, cache, registries, features.
    pub sections: Sections,
    /// The configured validators in the order of the file.
    pub validators: Vec<ConfiguredValidator>,
    /// The rules.
    pub policy: Policy<Rule>,
    /// What is allowed but probably not meant; `check` prints it, `serve` logs it.
    pub warnings: Vec<Problem>,
}

/// Name and type of a configured validator.
#[derive(Debug, Clone)]
pub struct ConfiguredValidator {
    /// Its `name:`.
    pub name: Arc<str>,
    /// Its `type:`.
    pub validator_type: &'static str,
}

/// What a validator type is given, besides its own fields, when the file is read.
#[derive(Debug, Clone, Copy)]
pub struct LoadContext<'a> {
    /// The `name:` of the validator that is being read.
    pub name: &'a str,
    /// Our own sections, already read.
    pub sections: &'a Sections,
    /// Which registries the configuration names, and which may be spoken to without TLS.
    pub access: &'a Arc<RegistryAccess>,
    /// Where `auth.secretName` points to.
    pub secrets: &'a Secrets,
    /// Clock, caches, metrics and crypto workers of this process.
    pub runtime: &'a Runtime,
}

impl Config {
    /// Reads the configuration: file, then environment, then flags (`overrides`).
    ///
    /// `runtime` is made from our own sections, which bound its caches.
    ///
    /// # Errors
    /// Every problem at once, each with its place and the fix.
    pub fn load(
        source: &Source,
        overrides: &Overrides,
        runtime: impl FnOnce(&Sections) -> Runtime,
    ) -> Result<Self, LoadFault> {
        let text = source.text.clone().map_or_else(|| file::read(&source.path), Ok)?;
        let input = resolve::Input { source, overrides, types: TYPES };
        resolve::resolve(&text, input, runtime)
            .map_err(|problems| LoadFault::Invalid { path: source.path.clone(), problems })
    }
}
