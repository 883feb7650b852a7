//! `WWW-Authenticate`: what a registry wants to see before it answers.
//!
//! Reads what any registry sends, in any order, and never fails: what it cannot read is no
//! challenge, and without one the answer stays "refused".

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// A way to authenticate that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from a server of its own.
    Bearer {
        /// Where tokens are given out.
        realm: String,
        /// What the token server calls the registry.
        service: Option<String>,
    },
}

/// The challenges that we know, in their order.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let lines = headers.get_all(WWW_AUTHENTICATE).iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(read_line).collect()
}

/// One challenge as it is read.
#[derive(Debug, Default)]
struct Draft<'t> {
    scheme: &'t str,
    realm: Option<String>,
    service: Option<String>,
}

impl Draft<'_> {
    fn finish(self) -> Option<Challenge> {
        if self.scheme.eq_ignore_ascii_case("basic") {
            Some(Challenge::Basic)
        } else if self.scheme.eq_ignore_ascii_case("bearer") {
            Some(Challenge::Bearer { realm: self.realm?, service: self.service })
        } else {
            None
        }
    }
}

/// RFC 9110, 11.6.1: `scheme [ token68 | name=value {, name=value} ] {, scheme ...}`. A word is a
/// parameter if an equals sign follows, else the next scheme.
fn read_line(line: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut draft = Draft::default();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(|c: char| !is_token_char(c));
        let (word, after) = split_token(rest);
        if word.is_empty() {
            break;
        }
        if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = read_value(value.trim_start());
            rest = after;
            let slot = match word.to_ascii_lowercase().as_str() {
                "realm" => &mut draft.realm,
                "service" => &mut draft.service,
                _ => continue,
            };
            slot.get_or_insert(value);
        } else {
            rest = after;
            found.extend(
                std::mem::replace(&mut draft, Draft { scheme: word, ..Draft::default() }).finish(),
            );
        }
    }
    found.extend(draft.finish());
    found
}

/// A quoted string with its escapes undone, or a token.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = split_token(text);
        return (token.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            other => value.push(other),
        }
    }
    (value, chars.as_str())
}

fn split_token(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !is_token_char(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.into(), service: service.map(Into::into) }
    }

    #[test]
    fn reads_what_registries_send() {
        use Challenge::Basic;
        for (line, want) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#,
                vec![bearer("https://auth.docker.io/token", Some("registry.docker.io"))],
            ),
            (r#"bearer service="s", realm="https://r/t""#, vec![bearer("https://r/t", Some("s"))]),
            (r#"Bearer realm=token , service = "a b""#, vec![bearer("token", Some("a b"))]),
            (r#"Bearer realm="a,b=\"c\" Basic",error="x""#, vec![bearer(r#"a,b="c" Basic"#, None)]),
            (r#"Basic realm="x""#, vec![Basic]),
            ("BASIC", vec![Basic]),
            (r#"Basic realm="x", Bearer realm="y""#, vec![Basic, bearer("y", None)]),
            (r#"Bearer realm="y",service="z",Basic"#, vec![bearer("y", Some("z")), Basic]),
            (r#"Negotiate abc==, Bearer realm="y""#, vec![bearer("y", None)]),
            (r#"Negotiate, NTLM,Digest realm="d", nonce="n", Basic realm="x""#, vec![Basic]),
            (r#"Bearer realm="first",realm="second""#, vec![bearer("first", None)]),
            (r#"Bearer realm="never closed"#, vec![bearer("never closed", None)]),
            ("Bearer", vec![]),
            (r#"Bearer service="only""#, vec![]),
            (r#"realm="no scheme""#, vec![]),
            ("", vec![]),
            (",,, ,", vec![]),
        ] {
            assert_eq!(read_line(line), want, "{line}");
        }
    }

    #[test]
    fn several_lines_are_read_in_order_and_unreadable_ones_left_out() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=a".parse().unwrap());
        let odd = reqwest::header::HeaderValue::from_bytes(b"Bearer realm=\"\xff\"").unwrap();
        headers.append(WWW_AUTHENTICATE, odd);
        headers.append(WWW_AUTHENTICATE, "Bearer realm=b".parse().unwrap());
        assert_eq!(challenges(&headers), [Challenge::Basic, bearer("b", None)]);
    }

    proptest! {
        #[test]
        fn never_panics_and_always_ends(line in ".{0,300}") {
            let _ = read_line(&line);
        }

        #[test]
        fn never_panics_on_lines_that_look_right(
            line in r#"((Basic|Bearer|realm|service|=|,| |"|\\|a|é){0,40})"#
        ) {
            let _ = read_line(&line);
        }

        #[test]
        fn reads_back_any_quoted_realm(realm in "[ -~]{1,80}", service in "[ -~]{1,80}") {
            let quote = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
            let line = format!(r#"Bearer realm="{}",service="{}""#, quote(&realm), quote(&service));
            prop_assert_eq!(read_line(&line), vec![bearer(&realm, Some(&service))]);
        }
    }
}
