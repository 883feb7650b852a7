//! Canonical JSON: the one form of a value that signatures are made over.
//!
//! Spec: TUF 1.0.34, 4.2, "canonical JSON" of OLPC: keys in the order of their bytes, no space,
//! whole numbers only, and no escapes but those of `"` and `\`.

use olpc_cjson::CanonicalFormatter;
use serde::Serialize;

use super::Malformed;

/// The canonical form of a JSON text.
///
/// Only ASCII is read: signers disagree on how other letters are normalised, so that the same text
/// could be two messages.
pub(super) fn canonical(raw: &str) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(raw.len());
    let mut from = serde_json::Deserializer::from_str(raw);
    let mut to = serde_json::Serializer::with_formatter(&mut out, CanonicalFormatter::new());
    serde_transcode::transcode(&mut from, &mut to)?;
    if raw.is_ascii() && out.is_ascii() {
        Ok(out)
    } else {
        Err(Malformed::new("it has other characters than ASCII"))
    }
}

/// The canonical form of a value of ours.
pub(super) fn canonical_of(value: &impl Serialize) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut out, CanonicalFormatter::new());
    value.serialize(&mut to)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_form() {
        for raw in [
            r#"{"a":[1,"x"],"b":{"c":null,"d":true}}"#,
            "{ \"b\" : {\"d\":true, \"c\":null},\n \"a\" : [ 1 , \"x\" ] }",
            r#"{"b":{"d":true,"c":null},"a":[1,"\u0078"]}"#,
        ] {
            assert_eq!(
                canonical(raw).unwrap(),
                br#"{"a":[1,"x"],"b":{"c":null,"d":true}}"#,
                "{raw}"
            );
        }
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(canonical(r#""\"\\\/\u003c""#).unwrap(), br#""\"\\/<""#);
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
        for raw in ["1.5", "1e3", "{\"a\":1.0}", "\"ä\"", r#""\u00e4""#, "", "{", &deep] {
            assert!(canonical(raw).is_err(), "{raw}");
        }
    }
}
