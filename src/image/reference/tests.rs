//! Good and bad references.

use proptest::prelude::*;

use super::*;

const HEX: &str = "859b5aada817b3eb53410222e8fc232cf126c9e598390ae61895eb96f52ae46d";

fn name_of(text: &str) -> String {
    text.replace("$H", HEX).parse::<ImageRef>().map_or_else(|fault| fault.to_string(), |r| r.name())
}

#[test]
fn good_references_have_the_qualified_names_of_the_contract_and_of_go() {
    for (text, name) in [
        ("test-image", "index.docker.io/library/test-image:latest"),
        ("path/to/repo/image:tag", "index.docker.io/path/to/repo/image:tag"),
        ("registry.io:8080/p/i:tag", "registry.io:8080/p/i:tag"),
        ("test-image@sha256:$H", "index.docker.io/library/test-image@sha256:$H"),
        ("test-image:latest@sha256:$H", "index.docker.io/library/test-image:latest@sha256:$H"),
        ("localhost/test-image:latest", "localhost/test-image:latest"),
        ("docker.io/nginx:1@sha256:$H", "index.docker.io/library/nginx:1@sha256:$H"),
        // go-containerregistry, pkg/name
        (
            "gcr.io/project-id/image:with.period-and_dash",
            "gcr.io/project-id/image:with.period-and_dash",
        ),
        (
            "gcr.io/project-id/image:w1th-alpha_num3ric.PLUS",
            "gcr.io/project-id/image:w1th-alpha_num3ric.PLUS",
        ),
        ("gcr.io/project-id/implicit-latest", "gcr.io/project-id/implicit-latest:latest"),
        ("gcr.io/dotted.domain/image", "gcr.io/dotted.domain/image:latest"),
        ("us.gcr.io/project-id/sub-repo@sha256:$H", "us.gcr.io/project-id/sub-repo@sha256:$H"),
        ("gcr.io/project-id/image:v1@sha256:$H", "gcr.io/project-id/image:v1@sha256:$H"),
        ("www.example.test:12345/repo/path", "www.example.test:12345/repo/path:latest"),
        ("namespace/pathcomponent/image", "index.docker.io/namespace/pathcomponent/image:latest"),
        ("library/ubuntu", "index.docker.io/library/ubuntu:latest"),
        ("index.docker.io/library/ubuntu", "index.docker.io/library/ubuntu:latest"),
        ("index.docker.io/nginx", "index.docker.io/library/nginx:latest"),
        // distribution/reference
        ("test.com:8080/foo/bar:tag", "test.com:8080/foo/bar:tag"),
        (
            "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
            "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
        ),
        ("b.gcr.io/test.example.com/my-app:test", "b.gcr.io/test.example.com/my-app:test"),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"),
        ("192.168.1.1:8080/foo", "192.168.1.1:8080/foo:latest"),
        ("[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000/app:1"),
        ("a/b.c__d--e/f", "index.docker.io/a/b.c__d--e/f:latest"),
        // the spelling of a registry stays
        ("Reg.Example:443/app:1", "Reg.Example:443/app:1"),
        ("DOCKER.IO/nginx", "index.docker.io/library/nginx:latest"),
        ("docker.io:443/nginx", "index.docker.io/library/nginx:latest"),
    ] {
        assert_eq!(name_of(text), name.replace("$H", HEX), "{text}");
    }
}

#[test]
fn bad_references_are_refused_with_a_reason() {
    for (text, why) in [
        ("", "empty"),
        ("invalid,image", "lower-case"),
        ("asd\"fgh", "lower-case"),
        ("x/y@sha256:123", "invalid digest"),
        ("nginx@md5:d41d8cd98f00b204e9800998ecf8427e", "only sha256"),
        ("nginx@sha256:$H@sha256:$H", "invalid digest"),
        ("nginx@", "invalid digest"),
        ("nginx:", "tag is empty"),
        ("nginx:.", "begins with none"),
        ("nginx:..", "begins with none"),
        ("nginx:-x", "begins with none"),
        ("gcr.io/project-id/bad_chars:c@n'tuse", "invalid digest"),
        ("gcr.io/project-id/wrong-length:white space", "has a space"),
        ("white space", "has a space"),
        (" nginx", "has a space"),
        ("nginx\n", "has a space"),
        ("x", "shorter"),
        (":tag", "shorter"),
        ("/nginx", "empty"),
        ("reg.example/", "shorter"),
        ("reg.example//app", "empty"),
        ("reg.example/app/", "empty"),
        ("reg.example/team/../other/app", "begins and ends"),
        ("reg.example/team/./app", "begins and ends"),
        ("foo..bar", "no `..`"),
        ("-foo/bar", "begins and ends"),
        ("foo/bar-", "begins and ends"),
        ("_foo/bar", "begins and ends"),
        ("Foo/bar", "lower-case"),
        ("LOCALHOST/app", "lower-case"),
        ("reg.example/App", "lower-case"),
        ("reg.example/äpp", "has a space"),
        ("reg.example./app", "no host name"),
        ("-reg.example/app", "no host name"),
        ("https://reg.example/app", "port"),
        ("reg.example:99999/app", "port"),
        ("reg.example:/app", "port"),
        ("[::1/app", "port"),
        ("[fe80::1%1]:5000/app", "IPv6"),
        ("user:pw@reg.example/app", "digest"),
    ] {
        let text = text.replace("$H", HEX);
        let fault = text.parse::<ImageRef>().expect_err(&text).to_string();
        assert!(fault.starts_with("invalid image reference"), "{fault}");
        assert!(fault.contains(why), "{text}: {fault}");
    }
}

#[test]
fn lengths_are_bounded_at_their_exact_values() {
    let ok = |text: String| text.parse::<ImageRef>().is_ok();
    assert!(ok(format!("ab:{}", "x".repeat(128))) && !ok(format!("ab:{}", "x".repeat(129))));
    assert!(ok(format!("r.io/{}", "x".repeat(255))) && !ok(format!("r.io/{}", "x".repeat(256))));
    assert!(ok("x".repeat(247)) && !ok("x".repeat(248)), "`library/` counts");
    let label = "h".repeat(61);
    let host = format!("{label}.{label}.{label}.{label}.hhhhh");
    let longest = format!("{host}:65535/{}:{}@sha256:{HEX}", "p".repeat(255), "t".repeat(128));
    assert_eq!(longest.len(), MAX_REFERENCE_BYTES);
    assert!(ok(longest.clone()));
    assert!(matches!(
        format!("{longest}0").parse::<ImageRef>(),
        Err(ParseFault::TooLong { text }) if text.chars().count() == SHOWN_CHARS + 1
    ));
}

#[test]
fn a_message_never_carries_control_characters() {
    for text in ["ngi\u{1b}[2Jnx\n", "nginx@sha256:\n", "nginx@\u{7f}5:x", "nginx:1\r"] {
        let fault = text.parse::<ImageRef>().expect_err("bad").to_string();
        assert!(!fault.chars().any(char::is_control), "{fault:?}");
    }
}

#[test]
fn parts_and_pins_keep_tag_and_spelling() {
    let image: ImageRef = format!("Reg.Example:443/team/app:1@sha256:{HEX}").parse().expect("good");
    assert_eq!(image.repository().registry(), "reg.example");
    assert_eq!(image.repository().path(), "team/app");
    assert_eq!(image.tag(), Some("1"));
    assert_eq!(image.digest().map(|digest| digest.hex()).as_deref(), Some(HEX));
    assert_eq!(image.key_name(), format!("reg.example/team/app:1@sha256:{HEX}"));
    let other = Digest::of(b"other");
    assert_eq!(image.pinned(other), format!("Reg.Example:443/team/app:1@{other}"));
    let bare: ImageRef = format!("nginx@sha256:{HEX}").parse().expect("good");
    assert_eq!(bare.pinned(other), format!("index.docker.io/library/nginx@{other}"));
}

#[test]
fn a_repository_is_named_like_a_reference() {
    let hub = RepositoryName::new("docker.io", "nginx").expect("good");
    assert_eq!(hub.to_string(), "index.docker.io/library/nginx");
    assert_eq!("nginx:1".parse::<ImageRef>().expect("good").repository(), &hub);
    for (registry, path) in
        [("", "nginx"), ("r.io", ""), ("r.io", "../x"), ("r.io/x", "yy"), ("r.io", "x:1")]
    {
        assert!(RepositoryName::new(registry, path).is_err(), "{registry} {path}");
    }
}

fn reference() -> impl Strategy<Value = String> {
    (
        "((([a-zA-Z][a-z0-9]{0,8}\\.){1,3}[a-z]{2,5}|localhost|docker\\.io)(:[1-9][0-9]{0,3}|:443)?/)?",
        "[a-z0-9][a-z0-9]{1,12}([_-][a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,8}([.][a-z0-9]{1,5})?){0,3}",
        "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?",
        "(@sha256:[0-9a-f]{64})?",
    )
        .prop_map(|(host, path, tag, digest)| format!("{host}{path}{tag}{digest}"))
}

proptest! {
    #[test]
    fn parsing_a_printed_name_gives_the_same_image(text in reference()) {
        let image: ImageRef = text.parse().expect("the strategy makes good references");
        prop_assert_eq!(image.text(), text);
        let again: ImageRef = image.name().parse().expect("a name is a reference");
        prop_assert_eq!(again.name(), image.name());
        prop_assert_eq!(again.repository(), image.repository());
        prop_assert_eq!((again.tag(), again.digest()), (image.tag(), image.digest()));
        let by_key: ImageRef = image.key_name().parse().expect("a key is a reference");
        prop_assert_eq!(by_key.repository().registry(), image.repository().registry());
    }

    #[test]
    fn a_pin_changes_only_the_digest(text in reference()) {
        let image: ImageRef = text.parse().expect("good");
        let digest = Digest::of(text.as_bytes());
        let pinned: ImageRef = image.pinned(digest).parse().expect("a pin is a reference");
        prop_assert_eq!(pinned.digest(), Some(digest));
        prop_assert_eq!(pinned.repository(), image.repository());
        prop_assert_eq!(pinned.tag(), image.tag());
    }

    #[test]
    fn whatever_parses_prints_a_name_that_parses(text in "[ -~]{0,40}|\\PC{0,20}") {
        if let Ok(image) = text.parse::<ImageRef>() {
            prop_assert_eq!(image.name().parse::<ImageRef>().map(|again| again.name()), Ok(image.name()));
        }
    }
}
