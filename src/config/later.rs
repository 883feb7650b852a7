//! What the file may name one day and cannot yet: said as that, never as a mistake, never ignored.

/// Types of validator that are not built yet, with the rule options that are theirs alone.
const TYPES: &[(&str, &[&str])] = &[("notation", &["verificationLevel", "verifyTimestamp"])];

/// Keys that are not built yet, by section (none: the top level).
const KEYS: &[(Option<&str>, &str, &str)] = &[
    (None, "kubernetes", "remove the section"),
    (None, "trust", "remove the section"),
    (None, "alerting", "remove the section, or leave it empty: `alerting: {}`"),
    (Some("features"), "namespacedValidation", "remove it: every namespace is judged"),
    (Some("features"), "pinning", "remove it"),
    (Some("cache"), "outageGrace", "remove it: nothing is used past its time"),
    (Some("server"), "maxConnectionAge", "remove it"),
];

/// Tells whether `name` is a type of validator that is not built yet.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.iter().any(|(known, _)| *known == name)
}

/// The rule options of types that are not built yet.
pub(super) fn options() -> impl Iterator<Item = &'static str> {
    TYPES.iter().flat_map(|(_, options)| options.iter().copied())
}

/// The type, not built yet, that the rule option `option` belongs to.
pub(super) fn type_of_option(option: &str) -> Option<&'static str> {
    TYPES.iter().find(|(_, options)| options.contains(&option)).map(|(name, _)| *name)
}

/// What to say of a key that is not built yet, and the fix.
pub(super) fn key(section: Option<&str>, key: &str) -> Option<(String, String)> {
    let (_, _, fix) = KEYS.iter().find(|row| row.0 == section && row.1 == key)?;
    Some((format!("`{key}` is not supported yet"), (*fix).to_owned()))
}
