//! A first look at a body: how deep it nests, and which uid an answer must carry.
//!
//! Reads any bytes, valid JSON or not, in one pass and without recursion. It does not judge: what
//! it finds is used only to refuse, never to admit.

/// What the first look found, up to where it stopped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan<'a> {
    /// `apiVersion`, as JSON with its quotes.
    pub(super) api_version: Option<&'a [u8]>,
    /// `kind`, as JSON with its quotes.
    pub(super) kind: Option<&'a [u8]>,
    /// `request.uid`, as JSON with its quotes. The first one, where there are several.
    pub(super) uid: Option<&'a [u8]>,
    /// Whether `request` holds an object.
    pub(super) has_request: bool,
    /// Whether it nests deeper than allowed; the look ended there.
    pub(super) too_deep: bool,
}

/// The keys on the way to the uid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    ApiVersion,
    Kind,
    Request,
    Uid,
    Other,
}

/// Looks at `body`.
pub(super) fn scan(body: &[u8], max_depth: usize) -> Scan<'_> {
    let mut found = Scan::default();
    let (mut depth, mut at) = (0_usize, 0_usize);
    // Whether depth 2 is the object under `request`, and whether the next string names a member.
    let (mut in_request, mut names_member) = (false, false);
    let mut key = Key::Other;
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(body, at + 1);
                if depth <= 2 {
                    let text = body.get(at..end).unwrap_or_default();
                    if names_member {
                        key = key_at(depth, in_request, text);
                    } else {
                        found.note(key, text);
                    }
                    names_member = false;
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    found.too_deep = true;
                    return found;
                }
                if depth == 2 {
                    in_request = byte == b'{' && key == Key::Request;
                    found.has_request |= in_request;
                }
                names_member = byte == b'{';
            }
            b'}' | b']' => {
                let Some(outer) = depth.checked_sub(1) else {
                    return found;
                };
                depth = outer;
                key = Key::Other;
            }
            b',' => {
                names_member = true;
                key = Key::Other;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

impl<'a> Scan<'a> {
    fn note(&mut self, key: Key, text: &'a [u8]) {
        let slot = match key {
            Key::ApiVersion => &mut self.api_version,
            Key::Kind => &mut self.kind,
            Key::Uid => &mut self.uid,
            Key::Request | Key::Other => return,
        };
        slot.get_or_insert(text);
    }
}

fn key_at(depth: usize, in_request: bool, text: &[u8]) -> Key {
    match (depth, text) {
        (1, br#""apiVersion""#) => Key::ApiVersion,
        (1, br#""kind""#) => Key::Kind,
        (1, br#""request""#) => Key::Request,
        (2, br#""uid""#) if in_request => Key::Uid,
        _ => Key::Other,
    }
}

/// The place after the closing quote, or the end of the body.
fn end_of_string(body: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uid(body: &str) -> Option<&str> {
        scan(body.as_bytes(), 8).uid.map(|text| std::str::from_utf8(text).expect("utf-8"))
    }

    #[test]
    fn only_the_uid_directly_in_the_request_is_taken() {
        for (body, expected) in [
            (r#"{"request":{"uid":"u"}}"#, Some(r#""u""#)),
            (
                r#" { "kind" : "K" , "request" : { "a" : [ "uid" , "x" ] , "uid" : "u" , "#,
                Some(r#""u""#),
            ),
            (r#"{"request":{"kind":{"uid":"no"},"uid":"u"}}"#, Some(r#""u""#)),
            (r#"{"request":{"uid":"a","uid":"b"}}"#, Some(r#""a""#)),
            (r#"{"request":{"object":{"metadata":{"uid":"no"}}}}"#, None),
            (r#"{"uid":"no","request":{}}"#, None),
            (r#"{"other":{"uid":"no"},"request":null}"#, None),
            (r#"{"request":[{"uid":"no"}]}"#, None),
            (r#"{"request":["uid","no"]}"#, None),
            (r#"[{"request":{"uid":"no"}}]"#, None),
            (r#"{"x":"\",\"request\":{\"uid\":\"no\"","request":{"uid":"u"}}"#, Some(r#""u""#)),
            (r#"{"request":{"uid":7,"x":"no"}}"#, None),
            (r#"{"request":{"uid":{},"x":"no"}}"#, None),
            (r#"}{"request":{"uid":"no"}}"#, None),
            ("", None),
        ] {
            assert_eq!(uid(body), expected, "{body}");
        }
    }

    #[test]
    fn the_look_ends_where_it_gets_too_deep() {
        let deep = format!(r#"{{"request":{{"uid":"u","object":{}"#, "[".repeat(1_000_000));
        let found = scan(deep.as_bytes(), 128);
        assert!(found.too_deep && found.uid.is_some());
        assert!(!scan(b"[[[[]]]]", 4).too_deep && scan(b"[[[[[", 4).too_deep);
        assert!(!scan(br#""[[[[[[[[""#, 4).too_deep);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(body: Vec<u8>) {
            scan(&body, 4);
        }

        #[test]
        fn any_text_like_json_can_be_looked_at(body in "[{}\\[\\],:\"\\\\]{0,60}") {
            let found = scan(body.as_bytes(), 4);
            prop_assert!(found.uid.is_none());
        }
    }
}
