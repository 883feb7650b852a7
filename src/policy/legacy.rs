//! The matching of Connaisseur 3, bit by bit (`policyMatching: legacy`).
//!
//! Patterns float: each gets a `*` at both ends unless one is there, and matches anywhere in the
//! qualified name. So `reg.io/app` also matches `evil.example/reg.io/app-x`; that is why it is not
//! the default.

use super::glob::Glob;

/// Compiles `text` as Connaisseur 3 does.
///
/// # Errors
/// What is wrong with the text, in a few words.
pub(super) fn compile(text: &str) -> Result<Glob, &'static str> {
    let start = if text.starts_with('*') { "" } else { "*" };
    let end = if text.ends_with('*') { "" } else { "*" };
    Glob::compile(&format!("{start}{text}{end}"))
}
