//! The layers of our own settings: defaults, file, environment, flags, in this order of weight.
//!
//! The only user of the `config` crate and the only reader of the environment. Every layer is
//! checked where it is read, also where a heavier one covers it: a bad value is never hidden.

use std::path::PathBuf;

use super::fields::Fields;
use super::problem::{Place, Problem, Problems};
use super::sections::Sections;
use super::settings::{SETTINGS, Scalar, Setting};
use super::words::{listed, nearest};
use super::{later, logging};

mod layers;

use layers::{Layer, Values, merge};

/// The beginning of every variable that names a setting by its path.
const PREFIX: &str = "CONNAISSEUR__";
/// Variables of Connaisseur 3 that configure what we do not have: said in a warning.
const WITHOUT_EFFECT: [&str; 2] = ["REDIS_HOST", "REDIS_PASSWORD"];

const FROM_DEFAULT: &str = "default";
const FROM_FILE: &str = "file";
const FROM_ENVIRONMENT: &str = "environment";
const FROM_FLAG: &str = "flag";

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, or the name that messages give to `text`.
    pub path: PathBuf,
    /// The text itself, where there is no file to read.
    pub text: Option<String>,
    /// The secrets directory.
    pub secrets_dir: PathBuf,
    /// The environment variables that may override scalars of our sections, read once at the start.
    pub environment: Vec<(String, String)>,
}

/// Values given by flags, which beat file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<std::net::SocketAddr>,
    /// `--metrics-listen`.
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
}

impl Source {
    /// Takes from the environment of this process the variables that mean something to us.
    ///
    /// Of variables that have no effect only the name is kept: one of them is a password.
    pub fn from_process(path: PathBuf, secrets_dir: PathBuf) -> Self {
        let all = std::env::vars_os();
        let environment = all
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| is_ours(name))
            .map(|(name, value)| {
                let secret = WITHOUT_EFFECT.contains(&name.as_str());
                let value = if secret { String::new() } else { value.to_string_lossy().into() };
                (name, value)
            })
            .collect();
        Self { path, text: None, secrets_dir, environment }
    }
}

/// Our own sections after all layers, and what the layers alone can tell.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) sections: Sections,
    /// Whether somebody chose `policyMatching`.
    pub(super) matching_chosen: bool,
}

/// Reads our own sections from `root`, the environment and the flags.
pub(super) fn layered(
    root: &mut Fields<'_>,
    source: &Source,
    overrides: &Overrides,
    problems: &Problems,
    warnings: &Problems,
) -> Layered {
    let layers = [
        Layer { origin: FROM_DEFAULT, values: defaults() },
        Layer { origin: FROM_FILE, values: of_file(root) },
        Layer { origin: FROM_ENVIRONMENT, values: of_environment(source, problems, warnings) },
        Layer { origin: FROM_FLAG, values: of_flags(overrides) },
    ];
    let merged = merge(layers).unwrap_or_else(|error| {
        problems.push(outside_the_file(format!("the settings do not fit together: {error}"), ""));
        Vec::new()
    });
    let mut sections = Sections::default();
    let mut matching_chosen = false;
    for (setting, value, origin) in merged {
        setting.kind.apply(&mut sections, &value);
        if setting.path == "policyMatching" {
            matching_chosen = origin != FROM_DEFAULT;
        }
        if setting.path == "features.automaticChildApproval" && value == Scalar::Flag(true) {
            let written = root.peek("features").and_then(|f| f.get("automaticChildApproval"));
            let place = written.filter(|_| origin == FROM_FILE).map(|node| node.place);
            warnings.push(child_approval(place.unwrap_or_default()));
        }
    }
    Layered { sections, matching_chosen }
}

fn defaults() -> Values {
    SETTINGS.iter().filter_map(|setting| Some((setting, setting.default()?))).collect()
}

fn of_file(root: &mut Fields<'_>) -> Values {
    let mut values = Vec::new();
    let mut rest = SETTINGS;
    while let Some((section, _)) = rest.first().map(Setting::section_and_key) {
        let end = rest.iter().position(|s| s.section_and_key().0 != section).unwrap_or(rest.len());
        let (rows, others) = rest.split_at(end);
        rest = others;
        match section {
            None => read_rows(root, rows, &mut values),
            Some(name) => {
                if let Some(mut fields) = root.mapping(name) {
                    read_rows(&mut fields, rows, &mut values);
                    fields.finish_with(&[], |key| later::key(Some(name), key));
                }
            }
        }
    }
    values
}

fn read_rows(fields: &mut Fields<'_>, rows: &'static [Setting], values: &mut Values) {
    for setting in rows {
        let (_, key) = setting.section_and_key();
        let Some(node) = fields.node(key) else {
            continue;
        };
        match setting.kind.read(&node.value) {
            Ok(scalar) => values.push((setting, scalar)),
            Err(fault) => {
                fields.report(node.place, format!("`{}` {}", setting.path, fault.what), fault.fix);
            }
        }
    }
}

/// The settings that variables name: first those of Connaisseur 3, then ours, which are heavier.
fn of_environment(source: &Source, problems: &Problems, warnings: &Problems) -> Values {
    let mut values = Vec::new();
    for (name, text) in source.environment.iter().filter(|(_, text)| !text.is_empty()) {
        if let Some(setting) = SETTINGS.iter().find(|s| s.legacy == Some(name)) {
            values.extend(of_variable(setting, name, text, problems));
        }
    }
    for (name, text) in source.environment.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        match SETTINGS.iter().find(|setting| setting.variable() == *name) {
            Some(setting) => values.extend(of_variable(setting, name, text, problems)),
            None => problems.push(unknown_variable(name)),
        }
    }
    if let Err(problem) = logging::Logging::of(source) {
        problems.push(problem);
    }
    for (name, _) in source.environment.iter().filter(|(n, _)| WITHOUT_EFFECT.contains(&&**n)) {
        warnings.push(outside_the_file(
            format!("environment variable `{name}` has no effect: what is cached stays in memory"),
            "unset it",
        ));
    }
    values
}

fn of_variable(
    setting: &'static Setting,
    name: &str,
    text: &str,
    problems: &Problems,
) -> Option<(&'static Setting, Scalar)> {
    // Connaisseur 3 turns its cache off with any number that is not positive.
    let off = setting.legacy == Some(name)
        && setting.kind.bounds().is_some()
        && text.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
    match setting.kind.read_text(if off { "0" } else { text }) {
        Ok(scalar) => Some((setting, scalar)),
        Err(fault) => {
            let what = format!("environment variable `{name}` {}", fault.what);
            problems.push(outside_the_file(what, &fault.fix));
            None
        }
    }
}

fn of_flags(overrides: &Overrides) -> Values {
    let text = |value: Option<String>| value.map(Scalar::Text);
    let path = |path: &Option<PathBuf>| text(path.as_ref().map(|path| path.display().to_string()));
    let flags = [
        ("server.listen", text(overrides.listen.map(|address| address.to_string()))),
        ("server.metricsListen", text(overrides.metrics_listen.map(|address| address.to_string()))),
        ("server.tlsCert", path(&overrides.tls_cert)),
        ("server.tlsKey", path(&overrides.tls_key)),
    ];
    flags
        .into_iter()
        .filter_map(|(path, value)| Some((SETTINGS.iter().find(|s| s.path == path)?, value?)))
        .collect()
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
        || logging::VARIABLES.contains(&name)
        || WITHOUT_EFFECT.contains(&name)
        || SETTINGS.iter().any(|setting| setting.legacy == Some(name))
}

fn unknown_variable(name: &str) -> Problem {
    let variables: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let known: Vec<&str> = variables.iter().map(String::as_str).collect();
    let fix = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "unset it; validators and policy are never set by variables".to_owned(),
    };
    outside_the_file(format!("unknown environment variable {}", listed(&[name])), &fix)
}

fn child_approval(place: Place) -> Problem {
    Problem {
        place,
        what:
            "`automaticChildApproval` is on, but child approval is not built yet: images of child \
               objects are verified like all others"
                .to_owned(),
        fix: Some("set it to `false` to silence this".to_owned()),
    }
}

fn outside_the_file(what: String, fix: &str) -> Problem {
    let fix = (!fix.is_empty()).then(|| fix.to_owned());
    Problem { place: Place::default(), what, fix }
}
