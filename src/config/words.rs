//! Words in messages: lists of them, and the one that was probably meant.

/// The words in back-quotes.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// The word of `known` that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_lowercase();
    // A third of the letters may differ: `aprove` is near `approve`, `cert` is not near `key`.
    let far = lower.chars().count() / 3 + 1;
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), *candidate))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What to say of a key that nobody knows, and the fix.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> (String, String) {
    let fix = match nearest(key, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("remove it; known here: {}", listed(known)),
    };
    (format!("unknown key `{key}`"), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let known = ["approve", "auth", "cert", "trustRoots"];
        for (word, expected) in [
            ("aprove", Some("approve")),
            ("Approve", Some("approve")),
            ("truts_roots", Some("trustRoots")),
            ("ceret", Some("cert")),
            ("key", None),
            ("verifyInTransparencyLog", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
