//! The kinds of setting: how each is read from YAML and from text, its bounds, and where it goes.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::sections::Sections;
use crate::config::tree::Value;
use crate::config::words::listed;

/// A value in the form in which layers carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum Scalar {
    Flag(bool),
    /// A count, bytes, or milliseconds.
    Number(i64),
    Text(String),
}

/// Why a value does not fit: what is wrong, and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Fault {
    pub(in crate::config) what: String,
    pub(in crate::config) fix: String,
}

/// The kind of a setting, with its bounds and the place of its value in [`Sections`].
#[derive(Debug)]
pub(in crate::config) enum Kind {
    Address(fn(&mut Sections) -> &mut SocketAddr),
    File(fn(&mut Sections) -> &mut PathBuf),
    OptionalFile(fn(&mut Sections) -> &mut Option<PathBuf>),
    /// Bounds in milliseconds.
    Time(RangeInclusive<i64>, fn(&mut Sections) -> &mut Duration),
    Count(RangeInclusive<i64>, fn(&mut Sections) -> &mut usize),
    Bytes(RangeInclusive<i64>, fn(&mut Sections) -> &mut usize),
    CacheBytes(RangeInclusive<i64>, fn(&mut Sections) -> &mut u64),
    Flag(fn(&mut Sections) -> &mut bool),
    Word(&'static [&'static str], fn(&mut Sections, &str), fn(&Sections) -> &'static str),
}

impl Kind {
    /// Reads a value of the file.
    pub(in crate::config) fn read(&self, value: &Value) -> Result<Scalar, Fault> {
        match self {
            Self::Address(_) => address(text_of(value, "host:port, as `0.0.0.0:5000`")?),
            Self::File(_) | Self::OptionalFile(_) => {
                let path = text_of(value, "a path")?;
                if path.trim().is_empty() {
                    return Err(fault("is empty", "write the path of a file, or remove it"));
                }
                Ok(Scalar::Text(path.to_owned()))
            }
            Self::Time(bounds, _) => {
                let fix = "write it as `30s`, `250ms` or `10m`";
                let time = milliseconds(value)
                    .ok_or_else(|| fault(&format!("is no length of time{}", shown(value)), fix))?;
                let time = i64::try_from(time).unwrap_or(i64::MAX);
                within(time, bounds, show_time)
            }
            Self::Count(bounds, _) => {
                let Value::Int(number) = value else {
                    return Err(not_a("a whole number", value, "write digits, without quotes"));
                };
                within(clamped(*number), bounds, |n| n.to_string())
            }
            Self::Bytes(bounds, _) | Self::CacheBytes(bounds, _) => {
                let fix = "write bytes, or a number with `Ki`, `Mi` or `Gi`";
                let bytes = bytes(value)
                    .ok_or_else(|| fault(&format!("is no size{}", shown(value)), fix))?;
                within(bytes, bounds, show_bytes)
            }
            Self::Flag(_) => {
                let Value::Bool(yes) = value else {
                    let fix = "write `true` or `false`, without quotes";
                    return Err(not_a("true or false", value, fix));
                };
                Ok(Scalar::Flag(*yes))
            }
            Self::Word(words, ..) => {
                let text = text_of(value, "a word")?;
                if words.contains(&text) {
                    return Ok(Scalar::Text(text.to_owned()));
                }
                let fix = format!("write one of {}", listed(words));
                Err(fault(&format!("is no word that is known here: `{text}`"), &fix))
            }
        }
    }

    /// Reads the text of an environment variable. Booleans are those of Go, as the chart writes
    /// them; words are found in any case.
    pub(in crate::config) fn read_text(&self, text: &str) -> Result<Scalar, Fault> {
        match self {
            Self::Flag(_) => go_bool(text).map(Scalar::Flag).ok_or_else(|| {
                fault(&format!("is neither true nor false: `{text}`"), "write `true` or `false`")
            }),
            Self::Word(words, ..) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                self.read(&Value::Text(word.copied().unwrap_or(text).into()))
            }
            Self::Time(..) | Self::Count(..) | Self::Bytes(..) | Self::CacheBytes(..) => {
                let number = text.trim().parse().map(Value::Int);
                self.read(&number.unwrap_or_else(|_| Value::Text(text.into())))
            }
            Self::Address(_) | Self::File(_) | Self::OptionalFile(_) => {
                self.read(&Value::Text(text.into()))
            }
        }
    }

    /// Puts a value that was read into its place.
    ///
    /// A value of another kind cannot come here: layers carry only what [`Kind::read`] gave for
    /// the same row. It would leave the default.
    pub(in crate::config) fn apply(&self, sections: &mut Sections, value: &Scalar) {
        match (self, value) {
            (Self::Address(slot), Scalar::Text(text)) => {
                if let Ok(address) = text.parse() {
                    *slot(sections) = address;
                }
            }
            (Self::File(slot), Scalar::Text(text)) => *slot(sections) = text.into(),
            (Self::OptionalFile(slot), Scalar::Text(text)) => *slot(sections) = Some(text.into()),
            (Self::Time(_, slot), Scalar::Number(ms)) => {
                *slot(sections) = Duration::from_millis(u64::try_from(*ms).unwrap_or_default());
            }
            (Self::Count(_, slot) | Self::Bytes(_, slot), Scalar::Number(number)) => {
                *slot(sections) = usize::try_from(*number).unwrap_or_default();
            }
            (Self::CacheBytes(_, slot), Scalar::Number(number)) => {
                *slot(sections) = u64::try_from(*number).unwrap_or_default();
            }
            (Self::Flag(slot), Scalar::Flag(yes)) => *slot(sections) = *yes,
            (Self::Word(_, set, _), Scalar::Text(word)) => set(sections, word),
            (_, Scalar::Flag(_) | Scalar::Number(_) | Scalar::Text(_)) => {}
        }
    }

    /// The bounds of a number.
    pub(in crate::config) fn bounds(&self) -> Option<&RangeInclusive<i64>> {
        match self {
            Self::Time(bounds, _)
            | Self::Count(bounds, _)
            | Self::Bytes(bounds, _)
            | Self::CacheBytes(bounds, _) => Some(bounds),
            Self::Address(_)
            | Self::File(_)
            | Self::OptionalFile(_)
            | Self::Flag(_)
            | Self::Word(..) => None,
        }
    }

    /// The value that stands in `sections`, `None` for a path that is not set.
    pub(in crate::config) fn current(&self, sections: &mut Sections) -> Option<Scalar> {
        let number = |value: u128| Scalar::Number(i64::try_from(value).unwrap_or(i64::MAX));
        let path = |path: &PathBuf| Scalar::Text(path.display().to_string());
        Some(match self {
            Self::Address(slot) => Scalar::Text(slot(sections).to_string()),
            Self::File(slot) => path(slot(sections)),
            Self::OptionalFile(slot) => path(slot(sections).as_ref()?),
            Self::Time(_, slot) => number(slot(sections).as_millis()),
            Self::Count(_, slot) | Self::Bytes(_, slot) => {
                number(u128::try_from(*slot(sections)).unwrap_or(u128::MAX))
            }
            Self::CacheBytes(_, slot) => number(u128::from(*slot(sections))),
            Self::Flag(slot) => Scalar::Flag(*slot(sections)),
            Self::Word(_, _, get) => Scalar::Text(get(sections).to_owned()),
        })
    }
}

/// The milliseconds that a value of the file means: `30s`, `250ms`, `10m`, `1h`, or seconds.
pub(in crate::config) fn milliseconds(value: &Value) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    match value {
        Value::Int(seconds) => u64::try_from(*seconds).ok()?.checked_mul(1_000),
        Value::Text(text) => UNITS.iter().find_map(|(unit, factor)| {
            // Digits only: `parse` alone would take a sign, too.
            let digits =
                text.strip_suffix(unit).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<u64>().ok()?.checked_mul(*factor)
        }),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// The booleans that Go's `strconv.ParseBool` knows.
pub(in crate::config) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A number of bytes for people: whole units only.
pub(in crate::config) fn show_bytes(bytes: i64) -> String {
    for (unit, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1_i64 << 10)] {
        if bytes != 0 && bytes % size == 0 {
            return format!("{}{unit}", bytes / size);
        }
    }
    bytes.to_string()
}

/// Milliseconds for people: whole units only.
pub(in crate::config) fn show_time(milliseconds: i64) -> String {
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if milliseconds != 0 && milliseconds % size == 0 {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    if milliseconds == 0 { "0s".to_owned() } else { format!("{milliseconds}ms") }
}

fn bytes(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(clamped(*number)),
        Value::Text(text) => [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1_i64 << 30)]
            .iter()
            .find_map(|(unit, size)| {
                let digits =
                    text.strip_suffix(unit).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
                digits.parse::<i64>().ok()?.checked_mul(*size)
            }),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn address(text: &str) -> Result<Scalar, Fault> {
    match text.parse::<SocketAddr>() {
        Ok(address) => Ok(Scalar::Text(address.to_string())),
        Err(_) => Err(fault(
            &format!("is no address with a port: `{text}`"),
            "write an IP address and a port, as `0.0.0.0:5000` or `[::]:5000`",
        )),
    }
}

fn within(
    value: i64,
    bounds: &RangeInclusive<i64>,
    show: impl Fn(i64) -> String,
) -> Result<Scalar, Fault> {
    if bounds.contains(&value) {
        return Ok(Scalar::Number(value));
    }
    let (least, most) = (show(*bounds.start()), show(*bounds.end()));
    Err(fault(&format!("is out of range: {}", show(value)), &format!("write {least} to {most}")))
}

fn clamped(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

fn text_of<'v>(value: &'v Value, wanted: &str) -> Result<&'v str, Fault> {
    if let Value::Text(text) = value {
        return Ok(text);
    }
    Err(not_a(wanted, value, "write it in quotes"))
}

fn not_a(wanted: &str, value: &Value, fix: &str) -> Fault {
    fault(&format!("must be {wanted}, not {}", value.kind()), fix)
}

/// The value, where showing it helps; our own settings hold no secrets.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!(": `{text}`"),
        Value::Int(number) => format!(": {number}"),
        Value::Float(number) => format!(": {number}"),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
            format!(", but {}", value.kind())
        }
    }
}

fn fault(what: &str, fix: &str) -> Fault {
    Fault { what: what.to_owned(), fix: fix.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit_or_are_seconds() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("250ms", Some(250)),
            ("10m", Some(600_000)),
            ("1h", Some(3_600_000)),
            ("0s", Some(0)),
            ("", None),
            ("s", None),
            ("5", None),
            ("-5s", None),
            ("+5s", None),
            ("1.5s", None),
            ("5 s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(milliseconds(&Value::Text(text.into())), expected, "{text:?}");
        }
        assert_eq!(milliseconds(&Value::Int(30)), Some(30_000));
        assert_eq!(milliseconds(&Value::Int(-1)), None);
        assert_eq!(milliseconds(&Value::Bool(true)), None);
    }

    #[test]
    fn sizes_have_a_binary_unit_or_are_bytes() {
        for (value, expected) in [
            (Value::Int(10), Some(10)),
            (Value::Text("64Ki".into()), Some(65_536)),
            (Value::Text("8Mi".into()), Some(8 << 20)),
            (Value::Text("1Gi".into()), Some(1 << 30)),
            (Value::Text("8MB".into()), None),
            (Value::Text("-8Mi".into()), None),
            (Value::Text("9999999999999Gi".into()), None),
            (Value::Null, None),
        ] {
            assert_eq!(bytes(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn booleans_of_the_environment_are_those_of_go() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(go_bool(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(go_bool(text), Some(false), "{text}");
        }
        for text in ["", "yes", "on", "tRUE", " true", "2"] {
            assert_eq!(go_bool(text), None, "{text}");
        }
    }

    #[test]
    fn times_and_sizes_are_shown_in_the_largest_whole_unit() {
        assert_eq!(show_time(0), "0s");
        assert_eq!(show_time(1_500), "1500ms");
        assert_eq!(show_time(120_000), "2m");
        assert_eq!(show_bytes(0), "0");
        assert_eq!(show_bytes(1_025), "1025");
        assert_eq!(show_bytes(8 << 20), "8Mi");
    }
}
