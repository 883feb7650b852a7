//! Good and bad patterns, and what each matches.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::image::{DOCKER_HUB, Digest};

fn anchored(pattern: &str) -> Pattern {
    Pattern::parse(pattern, Matching::Anchored).expect(pattern)
}

fn image(text: &str) -> ImageRef {
    let digest = Digest::of(b"").to_string();
    text.replace("@D", &format!("@{digest}")).parse().expect(text)
}

fn matches(pattern: &str, text: &str) -> bool {
    let image = image(text);
    anchored(pattern).matches(&Subject::new(&image, Matching::Anchored))
}

#[test]
fn anchored_patterns_match_what_they_name_and_no_more() {
    for (pattern, yes, no) in [
        ("*", &["nginx", "r.io/a/bb:1@D"][..], &[][..]),
        ("*:*", &["nginx", "r.io/a/bb@D"], &[]),
        ("*@*", &["nginx", "r.io/a/bb@D"], &[]),
        (
            "redis:7",
            &["redis:7", "docker.io/redis:7", "index.docker.io/library/redis:7@D"],
            &["redis:7.2", "evil/redis:7", "r.io/redis:7", "r.io/library/redis:7"],
        ),
        ("redis", &["redis", "redis:7", "redis@D"], &["redis-x", "evil/redis", "xredis"]),
        ("redis*", &["redis:7", "redis-backdoor"], &["evil/redis", "r.io/redis"]),
        (
            "org/app*",
            &["org/app:1", "org/app-x", "docker.io/org/app/y"],
            &["org.io/app:1", "r.io/org/app", "xorg/app"],
        ),
        (
            "docker.io/*:*",
            &["nginx", "org/app:1", "nginx@D", "index.docker.io/a/bb"],
            &["r.io/nginx", "docker.io.evil.example/x/y"],
        ),
        ("index.docker.io/*", &["nginx", "docker.io/nginx"], &["r.io/docker.io/nginx"]),
        ("docker.io/nginx:*", &["nginx:1", "library/nginx:2", "nginx@D"], &["org/nginx:1"]),
        (
            "my.reg/app",
            &["my.reg/app", "my.reg/app:1", "my.reg/app@D", "MY.REG:443/app"],
            &[
                "my.reg/app-x",
                "my.reg/app/y",
                "evil.example/my.reg/app",
                "my.reg:5000/app",
                "xmy.reg/app",
            ],
        ),
        (
            "My.Reg:443/app:1",
            &["my.reg/app:1", "my.reg:443/app:1@D"],
            &["my.reg/app:10", "my.reg/app@D"],
        ),
        (
            "my.reg/app:*",
            &["my.reg/app", "my.reg/app:1", "my.reg/app@D", "my.reg/app:1@D"],
            &["my.reg/app-x:1"],
        ),
        ("my.reg/app:v*", &["my.reg/app:v1", "my.reg/app:v1@D"], &["my.reg/app:1", "my.reg/app@D"]),
        (
            "my.reg/app@sha256:*",
            &["my.reg/app@D", "my.reg/app:1@D"],
            &["my.reg/app:1", "my.reg/app"],
        ),
        (
            "my.reg/app:1@sha256:*",
            &["my.reg/app:1@D"],
            &["my.reg/app:1", "my.reg/app@D", "my.reg/app:2@D"],
        ),
        ("my.reg/a*d", &["my.reg/and", "my.reg/a/b/d:1"], &["my.reg/aa:d"]),
        (
            "*.example/app",
            &["a.example/app:1", "a.b.example/app"],
            &["a.example:5000/app", "example/app", "r.io/x.example/app"],
        ),
        ("*/team/*", &["r.io/team/app:1", "team/app"], &["r.io/x/team/app", "r.io/team-x/app"]),
        ("docker.*/*", &["nginx", "docker.example/app"], &["index.docker.example/app"]),
        ("*/*", &["nginx", "r.io/a/b/cc@D"], &[]),
        ("localhost/app", &["localhost/app:1"], &["localhost:5000/app"]),
        ("localhost:5000/*", &["localhost:5000/app:1"], &["localhost/app:1"]),
        (
            "[::1]:5000/app",
            &["[::1]:5000/app:1", "[0::1]:5000/app"],
            &["[::2]:5000/app", "[::1]/app"],
        ),
        (
            "r.io/{a,b/c}/app:{1,2}",
            &["r.io/a/app:1", "r.io/b/c/app:2"],
            &["r.io/b/app:1", "r.io/a/app:3"],
        ),
        ("{a,b}.io/app", &["a.io/app", "b.io/app"], &["c.io/app", "r.io/a.io/app"]),
        ("{r.io,s.io}/app", &["r.io/app", "s.io/app"], &["x.io/app"]),
        ("r.io/app:[0-9].?", &["r.io/app:1.2"], &["r.io/app:1.22", "r.io/app:x.2"]),
        ("r.io/app:[!0-9]*", &["r.io/app", "r.io/app:v1"], &["r.io/app:1"]),
        ("team?/app", &["team1/app"], &["team/app", "r.io/team1/app"]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern} should match {text}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern} should not match {text}");
        }
    }
}

#[test]
fn bad_patterns_are_refused_with_words() {
    for (pattern, why) in [
        ("", "empty"),
        ("r.io/[a", "not closed"),
        ("r.io/app:{a", "not closed"),
        ("r.io/app}", "no `{`"),
        ("https://r.io/app", "scheme"),
        ("r_x.io/app", "host name"),
        ("r.io:99999/app", "port"),
        ("*.io:443/app", "443"),
        ("r.io/app name", "character"),
        ("r.io/app\n", "character"),
        ("r.io/äpp", "character"),
        ("r.io/[^a]pp", "character"),
        ("r.io/", "empty"),
        ("r.io/app:", "empty"),
        ("r.io/app@", "empty"),
        (":1", "empty"),
        ("r.io/app{:1,@sha256:*}", "several rules"),
        ("r.io/app:1/x", "several rules"),
        ("{r.io/a,s.io/b}:1", "inside"),
        ("{r.io/a,s.io}/b", "inside"),
        ("r.io/app@sha256:1@2", "several"),
    ] {
        let fault =
            Pattern::parse(pattern, Matching::Anchored).map(|_| ()).expect_err(pattern).to_string();
        assert!(fault.contains(why), "{pattern}: {fault}");
    }
    let long = "a".repeat(MAX_PATTERN_BYTES + 1);
    for matching in [Matching::Anchored, Matching::Legacy] {
        assert!(Pattern::parse(&long[1..], matching).is_ok());
        assert!(matches!(Pattern::parse(&long, matching), Err(PatternFault::TooLong { .. })));
        assert!(Pattern::parse("r.io/[z-a]", matching).is_err());
    }
}

#[test]
fn the_modes_can_differ_only_where_registry_or_end_is_left_open() {
    for ambiguous in [
        "redis",
        "redis:7",
        "org/app:*",
        "my.reg/app",
        "docker.io/org/app",
        "*foo",
        "*:latest",
        "r.io:5000/app",
        "[::1]:5000/app",
    ] {
        assert!(Pattern::is_ambiguous(ambiguous), "{ambiguous}");
    }
    for clear in [
        "*",
        "*:*",
        "*@*",
        "my.reg/*",
        "my.reg/app*",
        "my.reg/app:1",
        "my.reg/app@sha256:*",
        "docker.io/*:*",
        "*/app:1",
        "localhost/app:1",
    ] {
        assert!(!Pattern::is_ambiguous(clear), "{clear}");
    }
}

#[test]
fn a_pattern_tells_the_registry_that_it_names() {
    for (pattern, registry) in [
        ("My.Reg:443/app", Some("my.reg")),
        ("localhost:5000/*", Some("localhost:5000")),
        ("redis", Some(DOCKER_HUB)),
        ("*.io/app", None),
        ("*:*", None),
    ] {
        assert_eq!(anchored(pattern).registry(), registry, "{pattern}");
    }
}

#[test]
fn qualified_patterns_rank_by_what_they_mean() {
    for (text, greater, less) in [
        ("my.reg/app:1", "my.reg/app", "my.reg/app*"),
        ("my.reg/app:1", "my.reg/app:1", "my.reg/app"),
        ("my.reg/app:1", "my.reg/app:1", "my.reg/app:*"),
        ("my.reg/app:1", "my.reg/*", "*/*"),
        ("my.reg/app@D", "my.reg/app@sha256:*", "my.reg/app"),
        ("redis:7", "redis", "docker.io/*"),
        ("redis:7", "redis", "*:*"),
        ("org/app:1", "docker.io/org/*", "index.docker.io/*/*"),
        ("org/app:1", "org/app", "docker.io/org/*"),
        ("nginx", "*/*", "*@*"),
    ] {
        let image = image(text);
        let subject = Subject::new(&image, Matching::Anchored);
        let (greater, less) = (anchored(greater), anchored(less));
        assert!(greater.matches(&subject) && less.matches(&subject), "{greater:?} {less:?}");
        assert!(greater.specificity(&subject) > less.specificity(&subject), "{greater:?} {less:?}");
    }
}

#[test]
fn pathological_patterns_stay_fast() {
    let text = format!("r.io/{}:{}", "a".repeat(255), "a".repeat(128));
    let image = image(&text);
    let started = Instant::now();
    for pattern in [
        format!("r.io/{}b", "a*".repeat(500)),
        format!("r.io/{}b", "*?".repeat(500)),
        format!("r.io/{}b", "{a,a*}*".repeat(6)),
        format!("r.io/app:{}", "[!b]*".repeat(200)),
        format!("{}/b", "*a".repeat(500)),
    ] {
        for matching in [Matching::Anchored, Matching::Legacy] {
            let pattern = Pattern::parse(&pattern, matching).expect("it compiles");
            for _ in 0..100 {
                assert!(
                    !pattern.matches(&Subject::new(&image, matching))
                        || matching == Matching::Legacy
                );
            }
        }
    }
    // A matcher that tries all ways would need longer than the universe has.
    assert!(started.elapsed() < Duration::from_mins(1));
}

proptest! {
    #[test]
    fn a_reference_is_a_pattern_that_matches_itself(
        text in "([a-z]{1,5}\\.io(:[1-9][0-9]{1,3})?/)?[a-z]{2,6}(/[a-z]{1,4}){0,2}(:[a-z0-9.]{1,4})?",
    ) {
        if let Ok(image) = text.parse::<ImageRef>() {
            let subject = Subject::new(&image, Matching::Anchored);
            prop_assert!(anchored(&text).matches(&subject));
            prop_assert!(subject.name.starts_with(anchored(&text).literal_prefix()));
        }
    }

    #[test]
    fn parsing_never_panics(text in "[a.:/@*?{},\\[\\]!\\\\-]{0,40}|\\PC{0,30}") {
        for matching in [Matching::Anchored, Matching::Legacy] {
            if let Err(fault) = Pattern::parse(&text, matching) {
                prop_assert!(!fault.to_string().is_empty());
            }
        }
        Pattern::is_ambiguous(&text);
    }
}
