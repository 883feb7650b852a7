//! Anchored patterns: read part by part as a reference is, so that `my.reg/app` is never
//! `evil.example/my.reg/app` nor `my.reg/app-x`.

use std::borrow::Cow;

use super::glob::Glob;
use crate::image::{DOCKER_HUB, ImageRef, host_key};

/// The shorter name of Docker Hub, that wildcards in a registry may also mean.
const HUB_ALIAS: &str = "docker.io";
const WILDCARDS: [char; 5] = ['*', '?', '[', '{', '\\'];

/// A pattern, part by part.
#[derive(Debug, Clone)]
pub(super) struct Anchored {
    /// The pattern with everything that goes without saying: what specificity compares.
    qualified: Box<str>,
    literal_prefix: Box<str>,
    parts: Option<Parts>,
}

/// The parts, absent where the pattern means everything.
#[derive(Debug, Clone)]
struct Parts {
    registry: Registry,
    path: Glob,
    tag: Option<Glob>,
    digest: Option<Glob>,
}

#[derive(Debug, Clone)]
enum Registry {
    Key(Box<str>),
    Wildcard(Glob),
}

/// The texts of the parts, `library/` included.
struct Texts<'a> {
    registry: Cow<'a, str>,
    path: Cow<'a, str>,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

/// Tells whether `text` is one of the three ways to write "every image".
pub(super) fn is_everything(text: &str) -> bool {
    matches!(text, "*" | "*:*" | "*@*")
}

/// Tells whether a registry stands before the first slash.
pub(super) fn names_registry(text: &str) -> bool {
    split_registry(text).is_some()
}

/// Tells whether the pattern says where it ends: a tag, a digest or a `*`.
pub(super) fn has_end(text: &str) -> bool {
    let rest = split_registry(text).map_or(text, |(_, rest)| rest);
    text.ends_with('*') || find(rest, ':').is_some() || find(rest, '@').is_some()
}

impl Anchored {
    pub(super) fn compile(text: &str) -> Result<Self, &'static str> {
        if is_everything(text) {
            return Ok(Self { qualified: text.into(), literal_prefix: "".into(), parts: None });
        }
        check_letters(text)?;
        let texts = Texts::split(text)?;
        let registry = Registry::compile(&texts.registry)?;
        let path = Glob::compile(&texts.path)?;
        let literal_prefix = match &registry {
            Registry::Key(key) => format!("{key}/{}", path.literal_prefix()),
            Registry::Wildcard(_) => String::new(),
        };
        let qualified = texts.qualified(&registry);
        let tag = texts.tag.map(Glob::compile).transpose()?;
        let digest = texts.digest.map(Glob::compile).transpose()?;
        Ok(Self {
            qualified: qualified.into(),
            literal_prefix: literal_prefix.into(),
            parts: Some(Parts { registry, path, tag, digest }),
        })
    }

    pub(super) fn qualified(&self) -> &str {
        &self.qualified
    }

    pub(super) fn literal_prefix(&self) -> &str {
        &self.literal_prefix
    }

    pub(super) fn registry(&self) -> Option<&str> {
        match &self.parts.as_ref()?.registry {
            Registry::Key(key) => Some(key),
            Registry::Wildcard(_) => None,
        }
    }

    /// Tells whether `image`, whose name by key is `name`, matches.
    pub(super) fn matches(&self, image: &ImageRef, name: &str) -> bool {
        let Some(parts) = &self.parts else {
            return true;
        };
        parts.registry.matches(image.repository().registry())
            && parts.path.matches(image.repository().path())
            && parts.tag.as_ref().is_none_or(|tag| {
                image.tag().map_or_else(|| tag.is_everything(), |written| tag.matches(written))
            })
            && parts.digest.as_ref().is_none_or(|digest| {
                name.split_once('@').is_some_and(|(_, written)| digest.matches(written))
            })
    }
}

impl Registry {
    fn compile(written: &str) -> Result<Self, &'static str> {
        if !written.contains(WILDCARDS) || host_key(written).is_ok() {
            if written.ends_with(':') && matches!(written, "http:" | "https:") {
                return Err("a reference has no scheme: leave `https://` out");
            }
            return host_key(written).map(|key| Self::Key(key.into()));
        }
        if written.ends_with(":443") {
            return Err(
                "a registry with wildcards cannot end with the port 443, because 443 and no port are one: leave it out",
            );
        }
        Glob::compile(&written.to_ascii_lowercase()).map(Self::Wildcard)
    }

    fn matches(&self, key: &str) -> bool {
        match self {
            Self::Key(wanted) => wanted.as_ref() == key,
            Self::Wildcard(glob) => {
                glob.matches(key) || (key == DOCKER_HUB && glob.matches(HUB_ALIAS))
            }
        }
    }
}

impl<'a> Texts<'a> {
    fn split(text: &'a str) -> Result<Self, &'static str> {
        let (registry, rest) = match split_registry(text) {
            Some((registry, rest)) => (Cow::Borrowed(registry), rest),
            None => (Cow::Borrowed(DOCKER_HUB), text),
        };
        if registry.contains('/') || (text.contains('/') && find(text, '/').is_none()) {
            return Err("the `/` after the registry cannot stand inside `{}` or `[]`");
        }
        let (rest, digest) = split_at(rest, '@');
        let (path, tag) = split_at(rest, ':');
        if path.contains([':', '@'])
            || tag.is_some_and(|tag| tag.contains(['/', ':', '@']))
            || digest.is_some_and(|digest| digest.contains(['/', '@']))
        {
            return Err("`:`, `@` and a `/` after a tag cannot stand there: write several rules");
        }
        if path.is_empty() || tag == Some("") || digest == Some("") {
            return Err("its repository, tag or digest is empty");
        }
        let hub = host_key(&registry).is_ok_and(|key| key == DOCKER_HUB);
        let official = !path.contains('/') && (!text.contains('/') || !path.contains(WILDCARDS));
        let path = if hub && official {
            Cow::Owned(format!("library/{path}"))
        } else {
            Cow::Borrowed(path)
        };
        Ok(Self { registry, path, tag, digest })
    }

    /// Writes `registry/path:tag@digest`; a pattern that ends with its repository means any tag, so
    /// `:*` is added and `my.reg/app` ranks above `my.reg/app*`.
    fn qualified(&self, registry: &Registry) -> String {
        let mut out = match registry {
            Registry::Key(key) => key.to_string(),
            Registry::Wildcard(_) => self.registry.to_ascii_lowercase(),
        };
        out.push('/');
        out.push_str(&self.path);
        match (self.tag, self.digest) {
            (None, None) if self.path.ends_with('*') => {}
            (None, None) => out.push_str(":*"),
            (tag, digest) => {
                for (mark, part) in [(':', tag), ('@', digest)] {
                    if let Some(part) = part {
                        out.push(mark);
                        out.push_str(part);
                    }
                }
            }
        }
        out
    }
}

/// Refuses what can stand neither in a reference nor in a wildcard: such a rule would never match
/// and nobody would notice.
fn check_letters(text: &str) -> Result<(), &'static str> {
    let known =
        |letter: char| letter.is_ascii_alphanumeric() || "._-/:@*?[]{},!\\".contains(letter);
    if text.chars().all(known) {
        Ok(())
    } else {
        Err("it has a character that neither an image reference nor a wildcard has")
    }
}

/// The registry of a pattern and what follows, where a registry is named.
fn split_registry(text: &str) -> Option<(&str, &str)> {
    let looks_like_host = |first: &str| first.contains(['.', ':', '*']) || first == "localhost";
    // An IPv6 address is no class of characters, so the plain reading comes first.
    if let Some((first, rest)) = text.split_once('/')
        && looks_like_host(first)
        && host_key(first).is_ok()
    {
        return Some((first, rest));
    }
    let slash = find(text, '/')?;
    let (first, rest) = (text.get(..slash)?, text.get(slash + 1..)?);
    looks_like_host(first).then_some((first, rest))
}

fn split_at(text: &str, mark: char) -> (&str, Option<&str>) {
    match find(text, mark) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + mark.len_utf8()..)),
        None => (text, None),
    }
}

/// Finds the first `mark` outside `{}`, `[]` and escapes.
fn find(text: &str, mark: char) -> Option<usize> {
    let (mut groups, mut in_class, mut escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match letter {
            '\\' => escaped = true,
            ']' => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '{' => groups += 1,
            '}' => groups = groups.saturating_sub(1),
            _ if letter == mark && groups == 0 => return Some(at),
            _ => {}
        }
    }
    None
}
