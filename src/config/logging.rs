//! `LOG_LEVEL` and `LOG_FORMAT`, which are needed before the file is read.

use super::load::Source;
use super::problem::{Place, Problem};
use crate::telemetry::{LogFormat, LogLevel, ParseFault};

/// The variables.
pub(super) const VARIABLES: [&str; 2] = ["LOG_LEVEL", "LOG_FORMAT"];

/// How much is logged, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Logging {
    /// `LOG_LEVEL`.
    pub level: LogLevel,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
}

impl Logging {
    /// Reads both variables; unset or empty ones have their defaults.
    ///
    /// # Errors
    /// Names the first variable whose value is not known. Whoever starts to log before the
    /// configuration is read logs with the defaults then: the same problem refuses the configuration.
    pub fn of(source: &Source) -> Result<Self, Problem> {
        let mut logging = Self::default();
        for (name, text) in source.environment.iter().filter(|(_, text)| !text.is_empty()) {
            let problem = |fault: ParseFault| Problem {
                place: Place::default(),
                what: format!("environment variable `{name}`: {fault}"),
                fix: Some(format!("write a known value, or leave `{name}` unset")),
            };
            match name.as_str() {
                "LOG_LEVEL" => logging.level = text.parse().map_err(problem)?,
                "LOG_FORMAT" => logging.format = text.parse().map_err(problem)?,
                _ => {}
            }
        }
        Ok(logging)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(environment: &[(&str, &str)]) -> Result<Logging, Problem> {
        let environment =
            environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Logging::of(&Source { path: "".into(), text: None, secrets_dir: "".into(), environment })
    }

    #[test]
    fn unset_and_empty_variables_have_their_defaults() {
        assert_eq!(of(&[]), Ok(Logging { level: LogLevel::Info, format: LogFormat::JsonPretty }));
        assert_eq!(of(&[("LOG_LEVEL", ""), ("LOG_FORMAT", "")]), Ok(Logging::default()));
    }

    #[test]
    fn levels_are_read_in_any_case() {
        let level = |text| of(&[("LOG_LEVEL", text)]).map(|logging| logging.level);
        assert_eq!(level("DEBUG"), Ok(LogLevel::Debug));
        assert_eq!(level("Fatal"), Ok(LogLevel::Error));
        assert_eq!(of(&[("LOG_FORMAT", "json")]).unwrap().format, LogFormat::Json);
    }

    #[test]
    fn an_unknown_word_names_its_variable() {
        for (name, value) in
            [("LOG_LEVEL", "warning"), ("LOG_LEVEL", "trace"), ("LOG_FORMAT", "xml")]
        {
            let problem = of(&[(name, value)]).unwrap_err();
            assert!(problem.what.contains(name) && problem.what.contains(value), "{problem:?}");
        }
    }
}
