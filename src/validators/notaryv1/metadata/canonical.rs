//! Canonical JSON: the one form of a value that signatures are made over.
//!
//! Spec: TUF 1.0.34, 4.2, "canonical JSON" of OLPC: keys in the order of their bytes, no space,
//! whole numbers only, and no escapes but those of `"` and `\`.

use std::borrow::Cow;

use olpc_cjson::CanonicalFormatter;
use serde_json::value::RawValue;

use super::Malformed;

/// Digits of a number that is surely read as a whole one.
const MAX_DIGITS: usize = 18;

/// The canonical form of a JSON text.
///
/// Signers write their files in this form, so that nearly every text is its own. Only ASCII is
/// read: signers disagree on how other letters are normalised, so that one text could be two messages.
pub(super) fn canonical(json: &RawValue) -> Result<Cow<'_, [u8]>, Malformed> {
    let raw = json.get();
    if is_canonical(raw.as_bytes()) {
        return Ok(raw.as_bytes().into());
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut from = serde_json::Deserializer::from_str(raw);
    let mut to = serde_json::Serializer::with_formatter(&mut out, CanonicalFormatter::new());
    serde_transcode::transcode(&mut from, &mut to)?;
    if raw.is_ascii() && out.is_ascii() {
        Ok(out.into())
    } else {
        Err(Malformed::new("it has other characters than ASCII"))
    }
}

/// Tells whether `json`, which is known to be JSON, is its own canonical form. "No" is no mistake,
/// only slower: in doubt, that is the answer.
fn is_canonical(json: &[u8]) -> bool {
    // The last key of each object that is open; none for an array, and for an object without keys.
    let mut open: Vec<Option<&[u8]>> = Vec::new();
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => open.push(None),
            b'}' | b']' => {
                open.pop();
            }
            b'"' => {
                let Some((text, after)) = plain_string(after) else {
                    return false;
                };
                rest = after;
                if after.first() == Some(&b':') {
                    let Some(last) = open.last_mut() else {
                        return false;
                    };
                    // An equal key is a key twice: which of them counts is for the reader to say.
                    if last.is_some_and(|last| last >= text) {
                        return false;
                    }
                    *last = Some(text);
                }
            }
            b'-' | b'0'..=b'9' => {
                let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let is_zero = (byte, digits, after.first()) == (b'-', 1, Some(&b'0'));
                rest = after.get(digits..).unwrap_or_default();
                if is_zero
                    || digits >= MAX_DIGITS
                    || matches!(rest.first(), Some(b'.' | b'e' | b'E'))
                {
                    return false;
                }
            }
            b':' | b',' | b'a'..=b'z' => {}
            // White space, which is no part of a value.
            _ => return false,
        }
    }
    true
}

/// The string that ends at the next quote, and what follows. `None` if it is not plain ASCII, or
/// has an escape that the canonical form writes in another way.
fn plain_string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = 0;
    loop {
        match json.get(end)? {
            b'"' => return Some((json.get(..end)?, json.get(end + 1..)?)),
            b'\\' => {
                // An escaped key is compared by what it means, which is not what stands there.
                return None;
            }
            byte if byte.is_ascii() => end += 1,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn form_of(raw: &str) -> Result<Vec<u8>, Malformed> {
        Ok(canonical(serde_json::from_str(raw)?)?.into_owned())
    }

    #[test]
    fn equal_values_have_one_form() {
        for raw in [
            r#"{"a":[1,"x"],"b":{"c":null,"d":true}}"#,
            "{ \"b\" : {\"d\":true, \"c\":null},\n \"a\" : [ 1 , \"x\" ] }",
            r#"{"b":{"d":true,"c":null},"a":[1,"\u0078"]}"#,
        ] {
            assert_eq!(form_of(raw).unwrap(), br#"{"a":[1,"x"],"b":{"c":null,"d":true}}"#, "{raw}");
        }
    }

    #[test]
    fn what_is_canonical_is_not_copied() {
        for (raw, own) in [
            (r#"{"a":{"b":[-1,0,{}],"c":""},"b":false}"#, true),
            (r#"{"a":1,"a":2}"#, false),
            (r#"{"b":1,"a":2}"#, false),
            (r#"{"a":{"b":1},"b":{"a":1}}"#, true),
            (r#"[{"b":1},{"a":1}]"#, true),
            (r#"{"a": 1}"#, false),
            (r#"{"a":"\n"}"#, false),
            (r#"{"a":-0}"#, false),
            (r#""{b:1,a:2}""#, true),
        ] {
            assert_eq!(is_canonical(raw.as_bytes()), own, "{raw}");
        }
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(form_of(r#""\"\\\/\u003c""#).unwrap(), br#""\"\\/<""#);
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        let deep = format!("{{ \"a\":{}1{}}}", "[".repeat(1000), "]".repeat(1000));
        for raw in ["1.5", "1e3", "{\"a\":1.0}", "\"ä\"", r#""\u00e4""#, "{", &deep] {
            assert!(form_of(raw).is_err(), "{raw}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[ -~]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~]{0,4}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The short way never says otherwise than the long one.
        #[test]
        fn what_is_taken_as_it_is_has_that_form(value in values(), pretty in any::<bool>()) {
            let raw = if pretty { format!("{value:#}") } else { value.to_string() };
            let mut long = Vec::new();
            let mut to =
                serde_json::Serializer::with_formatter(&mut long, CanonicalFormatter::new());
            serde::Serialize::serialize(&json!(value), &mut to).unwrap();
            prop_assert_eq!(form_of(&raw).unwrap(), long);
        }
    }
}
