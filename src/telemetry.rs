//! Logs: level, format, and where they go.
//!
//! Which secrets may reach a log is not decided here: none may, and the types that hold them
//! print nothing.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How much is logged (`LOG_LEVEL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Everything of ours.
    Debug,
    /// Starts, stops, reloads and what follows.
    #[default]
    Info,
    /// Denials and what went wrong but was coped with.
    Warn,
    /// Faults. `fatal` means the same: what ends the process is an error too.
    Error,
}

/// How a line of the log looks (`LOG_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// Text for people.
    #[default]
    JsonPretty,
}

/// Why a setting of the log is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// No level.
    #[error("unknown log level `{0}`: choose debug, info, warn, error or fatal")]
    Level(Box<str>),
    /// No format.
    #[error("unknown log format `{0}`: choose json or json-pretty")]
    Format(Box<str>),
}

/// The process logs already: logging is set up once.
#[derive(Debug, thiserror::Error)]
#[error("logging was already set up")]
pub struct AlreadySet;

impl FromStr for LogLevel {
    type Err = ParseFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "debug" => Ok(Self::Debug),
            "info" => Ok(Self::Info),
            "warn" => Ok(Self::Warn),
            "error" | "fatal" => Ok(Self::Error),
            _ => Err(ParseFault::Level(text.into())),
        }
    }
}

impl FromStr for LogFormat {
    type Err = ParseFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "json-pretty" => Ok(Self::JsonPretty),
            _ => Err(ParseFault::Format(text.into())),
        }
    }
}

/// Sends the log to `writer` from now on: standard output for `serve`, standard error for commands
/// whose output is a result.
pub fn init<W>(level: LogLevel, format: LogFormat, writer: W) -> Result<(), AlreadySet>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = match format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
        LogFormat::JsonPretty => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter(level)))
        .try_init()
        .map_err(|_| AlreadySet)
}

/// Our own modules at `level`; dependencies from warnings on, because at debug some of them print
/// headers, and headers hold credentials.
fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new()
        .with_default(LevelFilter::WARN.min(ours))
        .with_target(env!("CARGO_PKG_NAME"), ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_the_words_of_connaisseur_3_in_any_case() {
        assert_eq!("DEBUG".parse(), Ok(LogLevel::Debug));
        assert_eq!("Info".parse(), Ok(LogLevel::Info));
        assert_eq!("warn".parse(), Ok(LogLevel::Warn));
        assert_eq!("error".parse(), Ok(LogLevel::Error));
        assert_eq!("fatal".parse(), Ok(LogLevel::Error));
        for unknown in ["warning", "panic", "trace", ""] {
            assert_eq!(unknown.parse::<LogLevel>(), Err(ParseFault::Level(unknown.into())));
        }
    }

    #[test]
    fn formats_are_two() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert_eq!("json-pretty".parse(), Ok(LogFormat::JsonPretty));
        assert_eq!("JSON".parse::<LogFormat>(), Err(ParseFault::Format("JSON".into())));
    }

    #[test]
    fn dependencies_are_never_louder_than_warnings() {
        let debug = filter(LogLevel::Debug);
        assert!(debug.would_enable("connaisseur::http", &tracing::Level::DEBUG));
        assert!(!debug.would_enable("hyper::proto", &tracing::Level::INFO));
        assert!(debug.would_enable("hyper::proto", &tracing::Level::WARN));
        assert!(!filter(LogLevel::Error).would_enable("hyper::proto", &tracing::Level::WARN));
    }
}
