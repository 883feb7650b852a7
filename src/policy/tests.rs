//! Which rule wins, by tables and by a plain scan.

use proptest::prelude::*;

use super::*;
use crate::image::Digest;

/// The sample policy of Connaisseur 3.
const SAMPLE: &[&str] = &[
    "*:*",
    "securesystemsengineering/*:co*",
    "docker.io/*:*",
    "registry.k8s.io/*:*",
    "docker.io/securesystemsengineering/sample",
    "docker.io/securesystemsengineering/sample:v1",
    "docker.io/library/allow-me",
    "docker.io/library/deny-me",
    "my.registry/*",
    "my.registry/test",
    "docker.io/test:*",
];

fn policy(matching: Matching, patterns: &[&str]) -> Policy<String> {
    let rule = |(at, text): (usize, &&str)| {
        (Pattern::parse(text, matching).expect(text), format!("{text} #{at}"))
    };
    Policy::new(matching, patterns.iter().enumerate().map(rule).collect())
}

fn winner(matching: Matching, patterns: &[&str], image: &str) -> Option<String> {
    let image = image.replace("@D", &format!("@{}", Digest::of(b"")));
    let policy = policy(matching, patterns);
    let rule = policy.rule_for(&image.parse().expect("good")).cloned();
    rule.map(|rule| rule.split(' ').next().unwrap_or_default().to_owned())
}

#[test]
fn legacy_matching_has_the_winners_of_the_contract() {
    for (patterns, image, expected) in [
        (SAMPLE, "image:tag", Some("docker.io/*:*")),
        (SAMPLE, "registry.io/image:tag", Some("*:*")),
        (SAMPLE, "registry.k8s.io/image:latest", Some("registry.k8s.io/*:*")),
        (
            SAMPLE,
            "securesystemsengineering/sample:v1",
            Some("docker.io/securesystemsengineering/sample:v1"),
        ),
        (
            SAMPLE,
            "securesystemsengineering/sample:v2",
            Some("docker.io/securesystemsengineering/sample"),
        ),
        (SAMPLE, "my.registry/test:tag", Some("my.registry/test")),
        (SAMPLE, "my.registry/abc:tag", Some("my.registry/*")),
        (
            SAMPLE,
            "securesystemsengineering/testimage:co-signed",
            Some("securesystemsengineering/*:co*"),
        ),
        (SAMPLE, "test:tag", Some("docker.io/*:*")),
        (
            &["docker.io/myorg/app:*", "docker.io/myorg/app:v*"],
            "myorg/app:v1",
            Some("docker.io/myorg/app:v*"),
        ),
        (
            &["docker.io/myorg/app:*", "docker.io/myorg/app:v*"],
            "myorg/app:1",
            Some("docker.io/myorg/app:*"),
        ),
        (
            &["docker.io/myorg/app", "index.docker.io/*/*"],
            "myorg/app:1",
            Some("index.docker.io/*/*"),
        ),
        (&["myorg/app:*", "docker.io/*:*"], "myorg/app:1", Some("docker.io/*:*")),
        (&["myorg/app", "*/myorg/*"], "myorg/app:1", Some("*/myorg/*")),
        (&["reg.io/a/b", "reg.io/*/*/*"], "reg.io/a/b/cc:1", Some("reg.io/*/*/*")),
        (&["reg.io/team/*", "reg.io/te*/svc"], "reg.io/team/svc:1", Some("reg.io/team/*")),
        (&["reg.io/app@sha256:*"], "reg.io/app:1.0@D", None),
        (&["reg.io/app@sha256:*"], "reg.io/app@D", Some("reg.io/app@sha256:*")),
        (&["reg.io/app:1.0"], "reg.io/app:1.0@D", Some("reg.io/app:1.0")),
        (&["*:*", "redis"], "evil/redis-backdoor:7", Some("redis")),
        (
            &["*:*", "registry.k8s.io/*:*"],
            "evil.io/registry.k8s.io/x1:1",
            Some("registry.k8s.io/*:*"),
        ),
        (&["Reg.io/app"], "reg.io/app", None),
        (&["reg.io/app"], "reg.io:443/app", None),
    ] {
        assert_eq!(winner(Matching::Legacy, patterns, image).as_deref(), expected, "{image}");
    }
}

#[test]
fn anchored_matching_is_not_fooled_by_names_that_contain_a_pattern() {
    for (patterns, image, expected) in [
        (&["*:*", "redis"][..], "evil/redis-backdoor:7", Some("*:*")),
        (&["*:*", "registry.k8s.io/*:*"], "evil.io/registry.k8s.io/x1:1", Some("*:*")),
        (
            &["docker.io/myorg/app", "index.docker.io/*/*"],
            "myorg/app:1",
            Some("docker.io/myorg/app"),
        ),
        (&["myorg/app:*", "docker.io/*:*"], "myorg/app:1", Some("myorg/app:*")),
        (&["reg.io/app@sha256:*"], "reg.io/app:1.0@D", Some("reg.io/app@sha256:*")),
        (SAMPLE, "test:tag", Some("docker.io/test:*")),
        (
            SAMPLE,
            "securesystemsengineering/testimage:co-signed",
            Some("securesystemsengineering/*:co*"),
        ),
        (SAMPLE, "my.registry/test-x", Some("my.registry/*")),
        (&["my.reg/app"], "other.reg/app", None),
        (&[], "nginx", None),
    ] {
        assert_eq!(winner(Matching::Anchored, patterns, image).as_deref(), expected, "{image}");
    }
}

#[test]
fn of_two_equally_specific_rules_the_later_wins() {
    for matching in [Matching::Anchored, Matching::Legacy] {
        let policy = policy(matching, &["reg.io/*", "reg.io/*"]);
        assert_eq!(
            policy.rule_for(&"reg.io/xx:1".parse().expect("good")).map(String::as_str),
            Some("reg.io/* #1")
        );
    }
}

#[test]
fn ten_thousand_rules_need_a_handful_of_candidates() {
    let texts: Vec<String> = (0..10_000).map(|at| format!("reg.io/team-{at}/app:*")).collect();
    let patterns: Vec<&str> = texts.iter().map(String::as_str).chain(["*:*", "reg.io/*"]).collect();
    let policy = policy(Matching::Anchored, &patterns);
    assert_eq!(policy.index.candidates("reg.io/team-77/app:1").count(), 3);
    assert_eq!(policy.index.candidates("other.io/team-77/app:1").count(), 1);
}

/// The winner by asking every rule.
fn by_scan<'a>(policy: &'a Policy<String>, image: &ImageRef) -> Option<&'a String> {
    let subject = Subject::new(image, policy.matching);
    let mut best: Option<&(Pattern, String)> = None;
    for rule in policy.rules.iter().filter(|(pattern, _)| pattern.matches(&subject)) {
        if best.is_none_or(|best| rule.0.specificity(&subject) >= best.0.specificity(&subject)) {
            best = Some(rule);
        }
    }
    best.map(|(_, rule)| rule)
}

fn pattern() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec![
        "",
        "",
        "r.io/",
        "R.io:443/",
        "*.io/",
        "docker.io/",
        "d*/",
        "*/",
        "localhost:5000/",
    ]);
    let path = prop::sample::select(vec![
        "aa", "ab", "a*", "aa/b", "aa/*", "*", "a?", "a[ab]", "{aa,ab}", "a{a,b*}", "aa/bb/c*",
    ]);
    let end = prop::sample::select(vec!["", "", ":1", ":*", ":1*", "@sha256:*", ":1@sha256:*"]);
    (host, path, end).prop_map(|(host, path, end)| format!("{host}{path}{end}"))
}

fn image() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec![
        "",
        "",
        "r.io/",
        "r.io:443/",
        "x.io/",
        "docker.io/",
        "localhost:5000/",
    ]);
    let path = prop::sample::select(vec!["aa", "ab", "ac", "aa/b", "aa/bb/cc", "aab"]);
    let end = prop::sample::select(vec!["", ":1", ":12", "@D", ":1@D"]);
    (host, path, end).prop_map(|(host, path, end)| {
        format!("{host}{path}{end}").replace("@D", &format!("@{}", Digest::of(b"")))
    })
}

proptest! {
    #[test]
    fn the_index_finds_what_a_scan_finds(
        patterns in prop::collection::vec(pattern(), 0..12), images in prop::collection::vec(image(), 1..6), legacy: bool,
    ) {
        let matching = if legacy { Matching::Legacy } else { Matching::Anchored };
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let policy = policy(matching, &patterns);
        for image in images {
            let image: ImageRef = image.parse().expect("good");
            prop_assert_eq!(policy.rule_for(&image), by_scan(&policy, &image));
        }
    }

    #[test]
    fn a_chain_of_prefixes_is_found_whole(prefixes in prop::collection::vec("[ab]{0,5}", 0..20), name in "[ab]{0,7}") {
        let index = PrefixIndex::new(prefixes.iter().map(String::as_str));
        let mut found: Vec<usize> = index.candidates(&name).collect();
        found.sort_unstable();
        let plain: Vec<usize> = prefixes.iter().enumerate().filter(|(_, prefix)| name.starts_with(prefix.as_str())).map(|(at, _)| at).collect();
        prop_assert_eq!(found, plain);
    }
}
