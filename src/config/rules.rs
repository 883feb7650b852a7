//! The rules of `policy`: pattern, validator and the options of its type.

use std::collections::BTreeMap;

use super::entries::{Entry, property_names};
use super::fields::Fields;
use super::later;
use super::problem::{Place, Problem, Problems};
use super::tree::Spanned;
use super::words::{listed, nearest};
use crate::metrics::Metrics;
use crate::policy::{JudgedBy, Matching, Mode, Pattern, Rule};
use crate::validators::ValidatorType;

/// The validator of a rule that names none.
const DEFAULT_VALIDATOR: &str = "default";

/// What rules may refer to.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) types: &'static [ValidatorType],
    pub(super) matching: Matching,
    pub(super) matching_chosen: bool,
    pub(super) problems: &'a Problems,
    pub(super) warnings: &'a Problems,
    pub(super) metrics: &'a Metrics,
}

impl Lookup<'_> {
    pub(super) fn read_all(&self, rules: Vec<Fields<'_>>) -> Vec<(Pattern, Rule)> {
        let mut lines: BTreeMap<String, Place> = BTreeMap::new();
        let mut read = Vec::new();
        for mut fields in rules {
            let pattern = self.read_pattern(&mut fields);
            if let Some((pattern, place)) = &pattern
                && let Some(first) = lines.insert(pattern.text().to_owned(), *place)
            {
                self.warnings.push(Problem {
                    place: *place,
                    what: format!("two rules have the pattern `{}`: this one wins", pattern.text()),
                    fix: Some(format!("remove one of them; the other is on line {}", first.line)),
                });
            }
            read.extend(self.read_one(fields, pattern.map(|(pattern, _)| pattern)));
        }
        read
    }

    fn read_one(
        &self,
        mut fields: Fields<'_>,
        pattern: Option<Pattern>,
    ) -> Option<(Pattern, Rule)> {
        let entry = self.read_validator(&mut fields);
        // Without `with:` the options are read all the same: a type may require one.
        let absent = !fields.has("with");
        let with = match fields.mapping("with") {
            None if absent => Some(Fields::absent(fields.place(), self.problems)),
            with => with,
        };
        fields.finish();
        let shown = pattern.as_ref().map_or("?", Pattern::text);
        let options = self.read_options(with?, entry, shown)?;
        let (pattern, entry) = (pattern?, entry?);
        let validator_type = entry.validator_type?.name;
        let rule = Rule {
            pattern: pattern.text().into(),
            validator: entry.name.clone(),
            validator_type,
            metrics: self.metrics.rule_handles(validator_type, &entry.name),
            mode: options.mode,
            detection: options.detection,
            judged_by: options.judged_by,
        };
        Some((pattern, rule))
    }

    fn read_pattern(&self, fields: &mut Fields<'_>) -> Option<(Pattern, Place)> {
        let Spanned { value: text, place } = fields.required_string("pattern")?;
        let pattern = match Pattern::parse(text, self.matching) {
            Ok(pattern) => pattern,
            Err(fault) => {
                let fix = "write an image reference with wildcards, as `reg.example/team/*:*`";
                fields.report(place, fault.to_string(), fix);
                return None;
            }
        };
        if !self.matching_chosen && Pattern::is_ambiguous(text) {
            fields.report(
                place,
                format!(
                    "the pattern `{text}` can match other images under `policyMatching: legacy`"
                ),
                "choose: set `policyMatching: anchored`, or `legacy` to match as Connaisseur 3 did",
            );
        }
        Some((pattern, place))
    }

    fn read_validator(&self, fields: &mut Fields<'_>) -> Option<&Entry> {
        let name = if fields.has("validator") {
            fields.string("validator")?
        } else {
            fields.node("validator");
            Spanned { value: DEFAULT_VALIDATOR, place: fields.place() }
        };
        let found = self.entries.iter().find(|entry| &*entry.name == name.value);
        if found.is_none() {
            let known: Vec<&str> = self.entries.iter().map(|entry| &*entry.name).collect();
            let fix = match nearest(name.value, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "write it under `validators`".to_owned(),
                None => format!("name one of {} with `validator:`", listed(&known)),
            };
            fields.report(name.place, format!("validator \"{}\" not found", name.value), fix);
        }
        found
    }

    /// Reads the options of all rules and those of the validator's type. What nobody read belongs to
    /// another type, or to nobody.
    fn read_options(
        &self,
        mut with: Fields<'_>,
        entry: Option<&Entry>,
        rule: &str,
    ) -> Option<Options> {
        let modes = [("mutate", Mode::Mutate), ("insecureValidateOnly", Mode::ValidateOnly)];
        let mode = with.one_of("mode", &modes).map_or(Mode::default(), |mode| mode.value);
        let detection = with.boolean("detectionMode").is_some_and(|yes| yes.value);
        let validator_type = entry.and_then(|entry| entry.validator_type);
        let before = self.problems.len();
        let validator = entry.and_then(|entry| entry.validator.as_ref());
        let judged_by = validator.and_then(|validator| validator.bind(&mut with));
        if validator.is_some() && judged_by.is_none() && self.problems.len() == before {
            let what = format!("the options of rule `{rule}` were refused and nobody said why");
            with.report(with.place(), what, "this is a fault of this program: please report it");
        }
        let half_read = match (&judged_by, validator_type) {
            (Some(_), _) => Vec::new(),
            (None, Some(own)) => property_names(&(own.schema)().with),
            // The validator itself is wrong: which options are its own shows once it is mended.
            (None, None) => self.options_of_all(),
        };
        with.finish_with(&half_read, |key| self.explain(key, entry, rule));
        Some(Options { mode, detection, judged_by: judged_by? })
    }

    fn options_of_all(&self) -> Vec<String> {
        let built = self.types.iter().flat_map(|row| property_names(&(row.schema)().with));
        built.chain(later::options().map(str::to_owned)).collect()
    }

    /// Names the type that an option belongs to, if it belongs to another than the rule's.
    fn explain(&self, key: &str, entry: Option<&Entry>, rule: &str) -> Option<(String, String)> {
        let own = entry?.validator_type?;
        let built = self
            .types
            .iter()
            .filter(|row| row.name != own.name)
            .find(|row| property_names(&(row.schema)().with).iter().any(|name| name == key))
            .map(|row| row.name);
        let owner = built.or_else(|| later::type_of_option(key))?;
        let what = format!(
            "`{key}` is an option of type `{owner}`, but rule `{rule}` names validator `{}` of type `{}`",
            entry?.name, own.name
        );
        Some((what, format!("remove it, or name a validator of type `{owner}`")))
    }
}

struct Options {
    mode: Mode,
    detection: bool,
    judged_by: JudgedBy,
}
