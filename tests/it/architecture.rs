//! The layers: pure modules must not learn to do I/O, and a few things are done in one place only.

use std::fs;
use std::path::{Path, PathBuf};

/// What pure code must not name.
const IMPURE: &[&str] = &[
    "actix",
    "hyper",
    "reqwest",
    "tokio",
    "kube::Client",
    "kube::Api",
    "std::fs",
    "std::net::Tcp",
];

fn rust_files(below: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            (name, text)
        })
        .collect()
}

/// Lines of code that contain `word`; comments and tests at the bottom do not count.
fn code_lines<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//") && line.contains(word))
        .collect()
}

/// Files of a validator in which it thinks; the others talk to the world, or tie the two together.
const JUDGING: &[&str] =
    &["judge.rs", "walk.rs", "root.rs", "delegation.rs", "collection.rs", "signed.rs"];

fn is_pure(name: &str) -> bool {
    let in_tests = name.ends_with("tests.rs") || name.contains("/tests/");
    let pure_folder = ["image/", "policy/", "admission/"].iter().any(|dir| name.starts_with(dir));
    let judging = name.starts_with("validators/")
        && (name.contains("/metadata/")
            || JUDGING.iter().any(|file| name.ends_with(&format!("/{file}"))));
    !in_tests && (pure_folder || judging)
}

#[test]
fn pure_modules_do_no_io() {
    let pure: Vec<_> = sources().into_iter().filter(|(name, _)| is_pure(name)).collect();
    assert!(pure.len() > 30, "the pure modules were not found: {}", pure.len());
    for (name, text) in pure {
        for word in IMPURE {
            assert_eq!(code_lines(&text, word), Vec::<&str>::new(), "{name} names {word}");
        }
    }
}

#[test]
fn only_validators_make_proofs() {
    for (name, text) in sources() {
        if !name.starts_with("validators/") {
            assert_eq!(code_lines(&text, "Verified::new("), Vec::<&str>::new(), "{name}");
        }
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for (name, text) in sources() {
        if name != "config/load.rs" {
            assert_eq!(code_lines(&text, "env::var"), Vec::<&str>::new(), "{name}");
        }
    }
}

#[test]
fn only_the_actors_name_actix() {
    for (name, text) in sources() {
        if !name.starts_with("actors/") {
            assert_eq!(code_lines(&text, "actix"), Vec::<&str>::new(), "{name}");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (name, text) in sources() {
        assert!(text.starts_with("//!"), "{name} has no head");
    }
}
