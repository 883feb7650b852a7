//! Options of rules: what they mean, and what is wrong with them.

use super::*;
use crate::cli::demo::signer::{KeyChoice, Signer};
use crate::config::{Node, Problems};
use crate::trust::PublicKey;

fn roots(names: &[&str]) -> Vec<TrustRoot> {
    let root = |name: &&str| TrustRoot {
        name: (*name).into(),
        key: PublicKey::from_pem(Signer::generate(KeyChoice::Ed25519).unwrap().public_key_pem())
            .unwrap(),
    };
    names.iter().map(root).collect()
}

/// The options of a rule over roots `default`, `ci` and `qa`, and every problem with its line.
fn read(with: &str) -> (Option<Wants>, Vec<(u32, String)>) {
    read_over(with, &["default", "ci", "qa"])
}

fn read_over(with: &str, names: &[&str]) -> (Option<Wants>, Vec<(u32, String)>) {
    let node: Node = serde_saphyr::from_str(with).unwrap();
    let problems = Problems::default();
    let mut fields = Fields::of(&node, "`with`", &problems).unwrap();
    let wants = wants(&mut fields, &roots(names));
    fields.finish();
    let problems = problems.into_sorted().into_iter();
    let problems: Vec<_> = problems
        .map(|problem| {
            assert!(problem.fix.is_some(), "no fix: {problem:?}");
            (problem.place.line, problem.what)
        })
        .collect();
    assert_eq!(wants.is_none(), !problems.is_empty(), "{with}: {problems:?}");
    (wants, problems)
}

fn good(with: &str) -> Wants {
    let (wants, problems) = read(&format!("verifyInTransparencyLog: false\n{with}"));
    wants.unwrap_or_else(|| panic!("{with}: {problems:?}"))
}

/// The one problem of a rule that otherwise is fine, on its second line.
fn bad(with: &str) -> String {
    let (_, problems) = read(&format!("verifyInTransparencyLog: false\n{with}"));
    assert_eq!(problems.len(), 1, "{with}: {problems:?}");
    assert_eq!(problems[0].0, 2, "{with}");
    problems[0].1.clone()
}

fn names(roots: &[TrustRoot]) -> Vec<&str> {
    roots.iter().map(|root| &*root.name).collect()
}

#[test]
fn without_options_the_root_called_default_must_have_signed() {
    let wants = good("");
    assert_eq!(wants.quorum, Quorum::Root("default".into()));
    assert_eq!(names(&wants.roots), ["default"]);
    assert!(!wants.same_repository);
    assert!(wants.annotations.is_empty());
}

#[test]
fn a_rule_without_a_root_where_none_is_called_default_is_an_error() {
    let (_, problems) = read_over("verifyInTransparencyLog: false", &["ci"]);
    assert_eq!(problems[0].1, "unable to find trust root default");
}

#[test]
fn only_the_roots_that_count_are_looked_at() {
    for (with, looked_at) in [
        ("trustRoot: ci", &["ci"][..]),
        ("trustRoot: ci\nthreshold: 1\nrequired: [ci]", &["ci"]),
        ("trustRoot: \"*\"", &["default", "ci", "qa"]),
        ("trustRoot: \"*\"\nthreshold: 2", &["default", "ci", "qa"]),
        ("trustRoot: \"*\"\nrequired: [qa, ci]", &["ci", "qa"]),
        ("trustRoot: \"*\"\nrequired: [qa]\nthreshold: 2", &["default", "ci", "qa"]),
    ] {
        assert_eq!(names(&good(with).roots), looked_at, "{with}");
    }
}

#[test]
fn all_options_are_read() {
    let wants = good(
        "verifySCT: false\ndockerReference: repository\nannotations: {env: prod, team: \"7\"}",
    );
    assert!(wants.same_repository);
    assert_eq!(wants.annotations["env"], "prod");
    assert_eq!(wants.annotations["team"], "7");
    assert!(!good("dockerReference: ignore").same_repository);
    assert!(!good("verifySCT: true").same_repository);
}

#[test]
fn the_transparency_log_is_wanted_by_default_and_refused_until_it_is_built() {
    for (with, line) in [("trustRoot: ci", 1), ("trustRoot: ci\nverifyInTransparencyLog: true", 2)]
    {
        let (_, problems) = read(with);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].0, line);
        assert!(problems[0].1.contains("not supported yet"), "{problems:?}");
    }
    let (_, problems) = read("verifyInTransparencyLog: maybe");
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn options_that_can_never_be_met_or_mean_nothing_are_errors_at_their_place() {
    for (with, words) in [
        ("trustRoot: nobody", "unable to find trust root nobody"),
        ("threshold: 0", "`threshold` 0 with 3 trust root(s)"),
        ("threshold: -1", "`threshold` -1 with 3"),
        ("threshold: 4", "`threshold` 4 with 3"),
        ("threshold: 2", "`threshold` 2 with the one trust root `default`"),
        ("threshold: two", "threshold"),
        ("required: [nobody]", "unable to find trust root nobody"),
        ("required: [default, default]", "names `default` twice"),
        ("required: [ci]", "looks at `default` only"),
        ("required: []", "required"),
        ("dockerReference: strict", "`dockerReference` is `strict`"),
        ("dockerReference: 1", "dockerReference"),
        ("annotations: [env]", "`annotations` is no mapping"),
        ("annotations: {env: 1}", "annotation `env` must be text"),
    ] {
        let what = bad(with);
        assert!(what.contains(words), "{with}: {what}");
    }
}

#[test]
fn all_problems_of_a_rule_are_reported_at_once() {
    let (_, problems) = read("threshold: 9\nrequired: [nobody]\ndockerReference: x");
    assert_eq!(problems.len(), 4, "{problems:?}");
}
