//! File → [`Config`]: every part is read in one pass, and all that is wrong is found at once.
//!
//! Order: our own sections and the named registries, then the validators, which need both, then the
//! rules, which need the validators.

use super::entries::{self, ValidatorReader};
use super::fields::Fields;
use super::problem::{Place, Problem, Problems};
use super::rules::Lookup;
use super::secrets::Secrets;
use super::tree::{self, Node};
use super::{Config, ConfiguredValidator, Overrides, Sections, Source, access, later, load};
use crate::policy::Policy;
use crate::validators::{Runtime, ValidatorType};

/// What a configuration is made of, besides the text of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) source: &'a Source,
    pub(super) overrides: &'a Overrides,
    pub(super) types: &'static [ValidatorType],
}

/// Reads the text of the file. `runtime` is asked for once our own sections are known, because they
/// bound the caches that it holds.
///
/// # Errors
/// Every problem, in the order of the file.
pub(super) fn resolve(
    text: &str,
    input: Input<'_>,
    runtime: impl FnOnce(&Sections) -> Runtime,
) -> Result<Config, Vec<Problem>> {
    let (problems, warnings) = (Problems::default(), Problems::default());
    let config = read(text, input, &problems, &warnings, runtime);
    match config {
        Some(config) if problems.is_empty() => {
            Ok(Config { warnings: warnings.into_sorted(), ..config })
        }
        Some(_) | None => Err(problems.into_sorted()),
    }
}

fn read(
    text: &str,
    input: Input<'_>,
    problems: &Problems,
    warnings: &Problems,
    runtime: impl FnOnce(&Sections) -> Runtime,
) -> Option<Config> {
    let node = tree::parse(text, problems)?;
    let mut root = root(&node, problems)?;
    let layered = load::layered(&mut root, input.source, input.overrides, problems, warnings);
    let access = access::read(&mut root);
    let runtime = runtime(&layered.sections);
    let secrets = Secrets::new(input.source.secrets_dir.clone());
    let reader = ValidatorReader {
        sections: &layered.sections,
        access: &access,
        secrets: &secrets,
        runtime: &runtime,
        types: input.types,
        problems,
    };
    let entries = reader.read_all(&mut root);
    let lookup = Lookup {
        entries: &entries,
        types: input.types,
        matching: layered.sections.matching,
        matching_chosen: layered.matching_chosen,
        problems,
        warnings,
        metrics: &runtime.metrics,
    };
    let rules = lookup.read_all(entries::list_of(&mut root, "policy", "rule"));
    read_later(&mut root);
    root.finish_with(&[], |key| later::key(None, key));
    if !problems.is_empty() {
        return None;
    }
    let validators = entries.into_iter().filter_map(|entry| {
        let validator_type = entry.validator_type?.name;
        Some(ConfiguredValidator { name: entry.name, validator_type })
    });
    Some(Config {
        validators: validators.collect(),
        policy: Policy::new(layered.sections.matching, rules),
        sections: layered.sections,
        warnings: Vec::new(),
    })
}

fn root<'n>(node: &'n Node, problems: &'n Problems) -> Option<Fields<'n>> {
    if node.value.is_empty() {
        problems.push(Problem {
            place: Place { line: 1, column: 1 },
            what: "the configuration is empty".to_owned(),
            fix: Some(
                "write at least one validator and one rule, as in config/default.yaml".to_owned(),
            ),
        });
        return None;
    }
    Fields::of(node, "the configuration", problems)
}

/// `alerting` may stand there, empty, as the chart writes it.
fn read_later(root: &mut Fields<'_>) {
    if root.peek("alerting").is_some_and(|node| node.value.is_empty()) {
        root.node("alerting");
    }
}

#[cfg(test)]
pub(super) mod fakes;
#[cfg(test)]
mod tests;
