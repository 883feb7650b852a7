//! Whole files, and single mistakes with the exact place and wording of their problem.

use std::time::Duration;

use super::fakes::{self, runtime};
use super::*;
use crate::config::entries::realms;
use crate::config::{Logging, ResourceValidation};
use crate::policy::{JudgedBy, Matching, Mode};
use crate::validators::Approval;

const GOOD: &str = "validators:
- {name: default, type: fixed}
- {name: yes, type: fixed, approve: true}
- {name: keyed, type: keyed, key: k}
policy:
- {pattern: '*:*'}
- {pattern: 'reg.example/app:*', validator: yes, with: {mode: insecureValidateOnly, detectionMode: true}}
- {pattern: 'localhost:5000/app:*', validator: keyed, with: {threshold: 2}}
";

fn source(environment: &[(&str, &str)]) -> Source {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Source {
        path: "config.yaml".into(),
        text: None,
        secrets_dir: "/nonexistent".into(),
        environment: environment.iter().map(own).collect(),
    }
}

fn load_all(
    text: &str,
    environment: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Config, Vec<Problem>> {
    let source = source(environment);
    resolve(text, Input { source: &source, overrides, types: fakes::TYPES }, runtime)
}

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    load_all(text, &[], &Overrides::default())
}

fn with_environment(environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    load_all(GOOD, environment, &Overrides::default())
}

/// `LINE:COLUMN what | fix` of each problem.
fn shown(problems: &[Problem]) -> Vec<String> {
    let show = |problem: &Problem| {
        let Place { line, column } = problem.place;
        format!("{line}:{column} {} | {}", problem.what, problem.fix.as_deref().unwrap_or("-"))
    };
    problems.iter().map(show).collect()
}

fn refused(text: &str) -> Vec<String> {
    shown(&load(text).err().unwrap_or_else(|| panic!("loads: {text}")))
}

/// A good file with more at its end.
fn and(more: &str) -> String {
    format!("{GOOD}{more}")
}

/// A file with these validators and one rule.
fn validators(entries: &str) -> String {
    format!(
        "validators:\n- {{name: default, type: fixed}}\n{entries}\npolicy: [{{pattern: '*:*'}}]\n"
    )
}

/// A file with good validators and these rules.
fn rules(entries: &str) -> String {
    let head = GOOD.split("policy:").next().unwrap();
    format!("{head}policy:\n{entries}\n")
}

#[test]
fn a_good_file_becomes_rules_that_can_act() {
    let config = load(GOOD).unwrap();
    let names: Vec<_> = config.validators.iter().map(|v| (&*v.name, v.validator_type)).collect();
    assert_eq!(names, [("default", "fixed"), ("yes", "fixed"), ("keyed", "keyed")]);
    let rules: Vec<_> = config.policy.rules().map(|(_, rule)| rule).collect();
    assert_eq!(rules.len(), 3);
    assert_eq!((&*rules[0].pattern, &*rules[0].validator), ("*:*", "default"));
    assert_eq!((rules[0].mode, rules[0].detection), (Mode::Mutate, false));
    assert!(matches!(rules[0].judged_by, JudgedBy::Static(Approval::Deny)));
    assert_eq!((rules[1].mode, rules[1].detection), (Mode::ValidateOnly, true));
    assert!(matches!(rules[1].judged_by, JudgedBy::Static(Approval::Approve)));
    assert_eq!(rules[2].validator_type, "keyed");
    assert_eq!(shown(&config.warnings), [""; 0]);
}

fn each_row_is_refused(table: &str, file: fn(&str) -> String) {
    let mut lines = table.trim().lines();
    assert!(table.trim().lines().count() >= 40, "a table lost its rows");
    while let (Some(entry), Some(expected)) = (lines.next(), lines.next()) {
        let problems = refused(&file(entry));
        assert_eq!(problems.len(), 1, "{entry}: {problems:#?}");
        assert!(problems[0].starts_with(expected.trim()), "{entry}: {}", problems[0]);
    }
}

/// What is added to a good file, and below it the start of the one problem that it has.
const SECTIONS: &str = r"
server: []
    9:9 `server` must be a mapping, not a list | write `key: value`
server: {listen: 5000}
    9:18 `server.listen` must be host:port, as `0.0.0.0:5000`, not a number
server: {listen: 'localhost:5000'}
    9:18 `server.listen` is no address with a port: `localhost:5000` | write an IP
server: {listen: ':5000'}
    9:18 `server.listen` is no address with a port
server: {tlsCert: ''}
    9:19 `server.tlsCert` is empty | write the path
server: {clientCA: }
    9:18 `server.clientCA` must be a path, not empty
server: {maxConnections: 0}
    9:26 `server.maxConnections` is out of range: 0 | write 1 to 1000000
server: {maxConnections: '9'}
    9:26 `server.maxConnections` must be a whole number, not text
server: {drainDelay: -1}
    9:22 `server.drainDelay` is no length of time: -1 | write it as `30s`
server: {drainDelay: 1h}
    9:22 `server.drainDelay` is out of range: 1h | write 0s to 5m
server: {listenn: 'x'}
    9:10 unknown key `listenn` | did you mean `listen`?
server: {maxConnectionAge: 1h}
    9:10 `maxConnectionAge` is not supported yet
limits: {bodyBytes: 1}
    9:21 `limits.bodyBytes` is out of range: 1 | write 64Ki to 64Mi
limits: {bodyBytes: 8MB}
    9:21 `limits.bodyBytes` is no size: `8MB` | write bytes
limits: {jsonDepth: 1.5}
    9:21 `limits.jsonDepth` must be a whole number, not a number
limits: {redirects: 99999999999999999999}
    9:21 `limits.redirects` 
timeouts: {request: 31s}
    9:21 `timeouts.request` is out of range: 31s | write 1s to 30s
timeouts: {image: soon}
    9:19 `timeouts.image` is no length of time: `soon`
timeouts: {image: [1]}
    9:19 `timeouts.image` is no length of time, but a list
cache: {rejected: 'true'}
    9:19 `cache.rejected` must be true or false, not text
cache: {verdictMaxAge: 2d}
    9:24 `cache.verdictMaxAge` is no length of time: `2d`
cache: {outageGrace: 1h}
    9:9 `outageGrace` is not supported yet
features: {detectionMode: yes}
    9:27 `features.detectionMode` must be true or false, not text
features: {resourceValidationMode: pods}
    9:36 `features.resourceValidationMode` is no word that is known here: `pods` | write one of `all`, `podsOnly`
features: {namespacedValidation: {mode: ignore}}
    9:12 `namespacedValidation` is not supported yet
features: {automaticChildApproval: maybe}
    9:36 `features.automaticChildApproval` must be true or false
policyMatching: exact
    9:17 `policyMatching` is no word that is known here: `exact` | write one of `anchored`, `legacy`
registries: {host: x}
    9:13 `registries` must be a list, not a mapping
registries: [{host: 'http://x'}]
    9:21 `http://x` is no registry host | write host or host:port
registries: [{host: x.example, insecure: 1}]
    9:42 `insecure` must be true or false, not a number
registries: [{insecure: true}]
    9:14 `host` is missing | add `host:` here
kubernetes: {}
    9:1 `kubernetes` is not supported yet | remove the section
trust: {maxStale: 1h}
    9:1 `trust` is not supported yet
alerting: {clusterIdentifier: x}
    9:1 `alerting` is not supported yet
polcy: []
    9:1 unknown key `polcy` | did you mean `policy`?
whatever: 1
    9:1 unknown key `whatever` | remove it; known here: 
policy: [{pattern: 'x.example/y:*'}]
    9:1 the key `policy` stands twice in one mapping | keep one of them; the other is on line 5
";

#[test]
fn every_mistake_in_our_own_sections_has_its_place_and_fix() {
    each_row_is_refused(SECTIONS, and);
}

/// A validator, and the start of the one problem that it has.
const VALIDATORS: &str = r#"
- {type: fixed}
    3:3 validator is missing a name | add `name:`
- {name: '', type: fixed}
    3:10 validator is missing a name
- {name: 7, type: fixed}
    3:10 `name` must be text, not a number
- {name: "a\tb", type: fixed}
    3:10 the name of a validator is too long or holds control
- {name: a}
    3:3 validator is missing a type: `a` | add `type:` with one of `fixed`, `keyed`
- {name: a, type: [x]}
    3:19 `type` must be text, not a list
- {name: a, type: fxied}
    3:19 unsupported type "fxied" for validator `a` | did you mean `fixed`?
- {name: a, type: gpg}
    3:19 unsupported type "gpg" for validator `a` | write one of
- {name: a, type: notation}
    3:19 validators of type `notation` are not supported yet: `a`
- {name: default, type: fixed}
    3:10 two validators are named `default` | rename one; the other is on line 2
- just a text
    3:3 an element of `validators` must be a mapping, not text
- {name: a, type: fixed, aprove: true}
    3:26 unknown key `aprove` | did you mean `approve`?
- {name: a, type: fixed, approve: 'yes'}
    3:35 `approve` must be true or false, not text
- {name: a, type: keyed}
    3:3 `key` is missing
- {name: a, type: keyed, key: '  '}
    3:31 `key` is empty
- {name: a, type: keyed, extra: true}
    3:3 `key` is missing
- {name: a, type: keyed, key: k, cert: hello}
    3:40 invalid certificate in `cert`: 
- {name: a, type: keyed, key: k, cert: ''}
    3:40 invalid certificate in `cert`: there is no certificate
- {name: a, type: keyed, key: k, cert: '-----BEGIN PRIVATE KEY-----'}
    3:40 invalid certificate in `cert`: it holds a private key
- {name: a, type: keyed, key: k, auth: {}}
    3:40 neither secretName nor useKeychain defined
- {name: a, type: keyed, key: k, auth: {useKeychain: true}}
    3:54 `useKeychain` is not supported yet
- {name: a, type: keyed, key: k, auth: {secretName: s}}
    3:53 no authentication file for secret `s`
- {name: a, type: keyed, key: k, auth: {secretName: ../s}}
    3:53 `../s` is no name of a secret
- {name: a, type: keyed, key: k, auth: {secret: s, useKeychain: false}}
    3:41 unknown key `secret`
- {name: a, type: keyed, key: k, auth: {useKeychain: false, realms: ['https://x']}}
    3:70 `https://x` is no host of a token realm
- {name: a, type: mute}
    3:3 type `mute` refused validator `a` and did not say why
"#;

#[test]
fn every_mistake_in_a_validator_has_its_place_and_fix() {
    each_row_is_refused(VALIDATORS, validators);
}

/// A rule, and the start of the one problem that it has.
const RULES: &str = r#"
- {validator: yes}
    6:3 `pattern` is missing | add `pattern:` here
- {pattern: ''}
    6:13 `pattern` is empty
- {pattern: 5}
    6:13 `pattern` must be text, not a number
- {pattern: 'reg.example/[a:*'}
    6:13 invalid pattern `reg.example/[a:*`
- {pattern: 'redis:7'}
    6:13 the pattern `redis:7` can match other images under `policyMatching: legacy` | choose
- {pattern: 'reg.example/app'}
    6:13 the pattern `reg.example/app` can match other images
- {pattern: '*:*', validator: yess}
    6:31 validator "yess" not found | did you mean `yes`?
- {pattern: '*:*', validator: somebody}
    6:31 validator "somebody" not found | name one of `default`, `yes`, `keyed`
- {pattern: '*:*', validator: [yes]}
    6:31 `validator` must be text, not a list
- {pattern: '*:*', valdator: yes}
    6:20 unknown key `valdator` | did you mean `validator`?
- {pattern: '*:*', with: []}
    6:26 `with` must be a mapping, not a list
- {pattern: '*:*', with: {mode: pin}}
    6:33 `pin` is no value of `mode` | write one of `mutate`, `insecureValidateOnly`
- {pattern: '*:*', with: {detectionMode: 1}}
    6:42 `detectionMode` must be true or false, not a number
- {pattern: '*:*', with: {threshold: 1}}
    6:27 `threshold` is an option of type `keyed`, but rule `*:*` names validator `default` of type `fixed` | remove it
- {pattern: '*:*', with: {verificationLevel: audit}}
    6:27 `verificationLevel` is an option of type `notation`
- {pattern: '*:*', with: {verifyTimestamp: always}}
    6:27 `verifyTimestamp` is an option of type `notation`, but rule `*:*`
- {pattern: '*:*', with: {mod: mutate}}
    6:27 unknown key `mod` | did you mean `mode`?
- {pattern: '*:*', validator: keyed, with: {threshold: 0}}
    6:56 `threshold` must be at least 1 | write 1 or more
- {pattern: '*:*', validator: keyed, with: {thresold: 1}}
    6:45 unknown key `thresold` | did you mean `threshold`?
- text
    6:3 an element of `policy` must be a mapping, not text
"#;

#[test]
fn every_mistake_in_a_rule_has_its_place_and_fix() {
    each_row_is_refused(RULES, rules);
}

#[test]
fn what_is_no_configuration_at_all_is_said_in_one_sentence() {
    for (text, expected) in [
        ("", "1:1 the configuration is empty"),
        ("# nothing\n", "1:1 the configuration is empty"),
        ("null", "1:1 the configuration is empty"),
        ("{}", "1:1 the configuration is empty"),
        ("[]", "1:1 the configuration is empty"),
        ("[a]", "1:1 the configuration must be a mapping, not a list"),
        ("hello", "1:1 the configuration must be a mapping, not text"),
        ("a: [\n", "1:4 the file is not valid YAML: unclosed bracket"),
        ("validators: []\npolicy: []\n", "1:13 `validators` has no validator | add `validators:`"),
        ("policy: [{pattern: '*:*'}]", "1:1 `validators` is missing"),
    ] {
        let problems = refused(text);
        assert!(problems[0].starts_with(expected), "{text:?}: {problems:#?}");
        assert!(problems[0].contains(" | "), "{problems:#?}");
    }
}

#[test]
fn ten_mistakes_are_ten_problems_in_the_order_of_the_file() {
    let problems = refused(
        "server: {listen: here}
limits: {candidates: 0}
validators:
- {name: a, type: fixed, aprove: true}
- {type: fixed}
- {name: n, type: notation}
policy:
- {pattern: '*:*', validator: b}
- {pattern: 'redis'}
- {pattern: 'x.example/y:*', validator: a, with: {threshold: 1, mode: pin}}
- {pattern: 'x.example/n:*', validator: n, with: {verificationLevel: d}}
trust: {}
",
    );
    let places: Vec<&str> = problems.iter().filter_map(|p| p.split(' ').next()).collect();
    assert_eq!(
        places,
        ["1:18", "2:22", "4:26", "5:3", "6:19", "8:31", "9:3", "9:13", "10:51", "10:71", "12:1"],
        "{problems:#?}"
    );
}

#[test]
fn a_rule_of_a_broken_validator_adds_no_problem_of_its_own() {
    let problems = refused(
        "validators: [{name: default, type: keyed}]\n\
         policy: [{pattern: '*:*', with: {threshold: 1}}]\n",
    );
    assert_eq!(problems.len(), 1, "{problems:#?}");
}

#[test]
fn an_ambiguous_pattern_is_allowed_once_a_way_of_matching_is_chosen() {
    let text = rules("- {pattern: 'redis:7'}");
    for (matching, expected) in [("anchored", Matching::Anchored), ("legacy", Matching::Legacy)] {
        let config = load(&format!("{text}policyMatching: {matching}\n")).unwrap();
        assert_eq!(config.sections.matching, expected);
        let chosen = [("CONNAISSEUR__POLICY_MATCHING", matching)];
        let config = load_all(&text, &chosen, &Overrides::default()).unwrap();
        assert_eq!(config.sections.matching, expected);
    }
}

#[test]
fn two_rules_with_one_pattern_are_a_warning_at_the_one_that_wins() {
    let config =
        load(&rules("- {pattern: 'a.example/b:*'}\n- {pattern: 'a.example/b:*', validator: yes}"))
            .unwrap();
    assert_eq!(
        shown(&config.warnings),
        [
            "7:13 two rules have the pattern `a.example/b:*`: this one wins | remove one of them; the other is on line 6"
        ]
    );
}

#[test]
fn child_approval_is_a_warning_only_where_it_is_asked_for() {
    let config = load(&and("features: {automaticChildApproval: true}\n")).unwrap();
    assert!(
        shown(&config.warnings)[0].starts_with(
            "9:36 `automaticChildApproval` is on, but child approval is not built yet"
        )
    );
    let config = with_environment(&[("AUTOMATIC_CHILD_APPROVAL", "true")]).unwrap();
    assert!(shown(&config.warnings)[0].starts_with("0:0 `automaticChildApproval` is on"));
    assert!(load(&and("features: {automaticChildApproval: false}\n")).unwrap().warnings.is_empty());
}

#[test]
fn alerting_may_be_there_and_empty() {
    for text in ["alerting: {}\n", "alerting:\n"] {
        assert!(load(&and(text)).is_ok(), "{text}");
    }
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_defaults() {
    let file =
        and("server: {listen: '127.0.0.1:1', metricsListen: '127.0.0.1:1', drainDelay: 7s}\n");
    let environment = [
        ("CONNAISSEUR__SERVER__LISTEN", "127.0.0.1:2"),
        ("CONNAISSEUR__SERVER__METRICS_LISTEN", "127.0.0.1:2"),
    ];
    let flags = Overrides { listen: Some("127.0.0.1:3".parse().unwrap()), ..Overrides::default() };
    let server = load_all(&file, &environment, &flags).unwrap().sections.server;
    assert_eq!(server.listen.port(), 3);
    assert_eq!(server.metrics_listen.port(), 2);
    assert_eq!(server.drain_delay, Duration::from_secs(7));
    assert_eq!(server.drain_timeout, Duration::from_secs(30));
}

#[test]
fn every_flag_reaches_its_setting() {
    let flags = Overrides {
        listen: Some("127.0.0.1:1".parse().unwrap()),
        metrics_listen: Some("[::1]:2".parse().unwrap()),
        tls_cert: Some("/c".into()),
        tls_key: Some("/k".into()),
    };
    let server = load_all(GOOD, &[], &flags).unwrap().sections.server;
    assert_eq!(
        (server.listen.to_string(), server.metrics_listen.to_string()),
        ("127.0.0.1:1".into(), "[::1]:2".into())
    );
    assert_eq!((server.tls_cert, server.tls_key), ("/c".into(), "/k".into()));
}

#[test]
fn the_variables_of_connaisseur_3_are_understood() {
    let sections = with_environment(&[
        ("AUTOMATIC_UNCHANGED_APPROVAL", "1"),
        ("AUTOMATIC_CHILD_APPROVAL", "f"),
        ("DETECTION_MODE", "T"),
        ("RESOURCE_VALIDATION_MODE", "PODSONLY"),
        ("CACHE_EXPIRY_SECONDS", "45"),
        ("CACHE_ERRORS", "False"),
        ("LOG_LEVEL", "info"),
    ])
    .unwrap()
    .sections;
    assert!(sections.features.automatic_unchanged_approval && sections.features.detection_mode);
    assert_eq!(sections.features.resource_validation, ResourceValidation::PodsOnly);
    assert_eq!(
        (sections.cache.name_max_age, sections.cache.rejected),
        (Duration::from_secs(45), false)
    );
}

#[test]
fn a_cache_time_that_is_not_positive_turns_the_cache_off() {
    for text in ["0", "-1"] {
        let config = with_environment(&[("CACHE_EXPIRY_SECONDS", text)]).unwrap();
        assert_eq!(config.sections.cache.name_max_age, Duration::ZERO, "{text}");
    }
    assert!(with_environment(&[("CONNAISSEUR__CACHE__NAME_MAX_AGE", "-1")]).is_err());
}

#[test]
fn our_variable_beats_that_of_connaisseur_3_and_an_empty_old_one_is_unset() {
    let config = with_environment(&[
        ("CONNAISSEUR__CACHE__NAME_MAX_AGE", "5s"),
        ("CACHE_EXPIRY_SECONDS", "45"),
        ("DETECTION_MODE", ""),
    ])
    .unwrap();
    assert_eq!(config.sections.cache.name_max_age, Duration::from_secs(5));
    assert!(!config.sections.features.detection_mode);
}

#[test]
fn a_bad_variable_is_a_problem_that_names_it() {
    for (name, value) in [
        ("AUTOMATIC_CHILD_APPROVAL", "yes"),
        ("AUTOMATIC_UNCHANGED_APPROVAL", "on"),
        ("DETECTION_MODE", "tRuE"),
        ("RESOURCE_VALIDATION_MODE", "some"),
        ("CACHE_EXPIRY_SECONDS", "soon"),
        ("CACHE_EXPIRY_SECONDS", "999999999"),
        ("CACHE_ERRORS", "garbage"),
        ("LOG_LEVEL", "warning"),
        ("LOG_FORMAT", "xml"),
        ("CONNAISSEUR__SERVER__LISTEN", ""),
        ("CONNAISSEUR__SERVER__LISTEN", "here"),
        ("CONNAISSEUR__CACHE__REJECTED", "maybe"),
        ("CONNAISSEUR__VALIDATORS__0__NAME", "x"),
        ("CONNAISSEUR__SERVER__LISTN", "127.0.0.1:1"),
    ] {
        let problems = shown(&with_environment(&[(name, value)]).unwrap_err());
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(
            problems[0].starts_with("0:0 ") && problems[0].contains(&format!("`{name}`")),
            "{problems:#?}"
        );
        assert!(!problems[0].ends_with(" | -"), "{problems:#?}");
    }
}

#[test]
fn a_bad_value_in_the_file_is_reported_although_a_variable_covers_it() {
    let text = and("server: {listen: here}\n");
    let covered =
        load_all(&text, &[("CONNAISSEUR__SERVER__LISTEN", "127.0.0.1:1")], &Overrides::default());
    assert_eq!(covered.unwrap_err().len(), 1);
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let config = with_environment(&[("REDIS_HOST", ""), ("REDIS_PASSWORD", "")]).unwrap();
    let warnings = shown(&config.warnings);
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("`REDIS_HOST` has no effect"), "{warnings:?}");
}

#[test]
fn a_process_keeps_the_name_of_a_secret_variable_and_not_its_value() {
    let source = Source::from_process("c".into(), "s".into());
    for (name, value) in &source.environment {
        assert!(!name.starts_with("REDIS_") || value.is_empty(), "{name}");
        assert_ne!(name, "PATH");
    }
    assert!(Logging::of(&source).is_ok());
}

#[test]
fn token_realms_belong_to_the_validator_that_lists_them() {
    let text = "{auth: {realms: [Token.Example, 'https://no.example', 'other.example:443']}}";
    let problems = Problems::default();
    let node = tree::parse(text, &problems).unwrap();
    let fields = Fields::of(&node, "a validator", &problems).unwrap();
    assert_eq!(Vec::from_iter(realms(&fields)), ["other.example", "token.example"]);
    assert!(realms(&Fields::absent(Place::default(), &problems)).is_empty());
}

#[test]
fn the_files_that_we_ship_load_without_a_warning() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut paths = vec![root.join("default.yaml")];
    for entry in std::fs::read_dir(root.join("examples")).unwrap() {
        paths.push(entry.unwrap().path());
    }
    assert!(paths.len() >= 3);
    for path in paths {
        let source = Source { path, ..source(&[]) };
        let config = Config::load(&source, &Overrides::default(), runtime).unwrap();
        assert_eq!(shown(&config.warnings), [""; 0], "{}", source.path.display());
    }
}
