//! Names: their life, their keys, their bound.

use super::*;
use crate::image::ImageRef;

const SCOPE: Scope = Scope([1; 32]);

fn repository(text: &str) -> RepositoryName {
    text.parse::<ImageRef>().unwrap().repository().clone()
}

fn names(max_age: u64) -> Names {
    let name_max_age = Duration::from_secs(max_age);
    Names::new(&config::Cache { name_max_age, ..config::Cache::default() })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

#[test]
fn a_name_lives_thirty_seconds_by_default() {
    let names = Names::new(&config::Cache::default());
    let repository = repository("reg.example/app");
    let name = Name { scope: &SCOPE, repository: &repository, tag: "1" };
    let digest = Digest::of(b"image");
    names.put(&name, digest, at(0));

    assert_eq!(names.get(&name, at(0)), Some(digest));
    assert_eq!(names.get(&name, at(29)), Some(digest));
    assert_eq!(names.get(&name, at(30)), None);
}

#[test]
fn a_clock_that_was_set_back_makes_a_name_a_miss() {
    let names = names(30);
    let repository = repository("reg.example/app");
    let name = Name { scope: &SCOPE, repository: &repository, tag: "1" };
    names.put(&name, Digest::of(b"image"), at(0));

    assert_eq!(names.get(&name, at(-1)), None);
}

#[test]
fn validator_registry_repository_and_tag_are_all_part_of_the_key() {
    let names = names(30);
    let [here, there, other] =
        ["reg.example/app", "other.example/app", "reg.example/app2"].map(repository);
    let name = Name { scope: &SCOPE, repository: &here, tag: "1" };
    names.put(&name, Digest::of(b"image"), at(0));

    for other in [
        Name { scope: &Scope([2; 32]), ..name },
        Name { repository: &there, ..name },
        Name { repository: &other, ..name },
        Name { tag: "2", ..name },
    ] {
        assert_eq!(names.get(&other, at(0)), None, "{other:?}");
    }
}

#[test]
fn a_maximum_age_of_zero_turns_names_off() {
    let names = names(0);
    let repository = repository("reg.example/app");
    let name = Name { scope: &SCOPE, repository: &repository, tag: "1" };
    names.put(&name, Digest::of(b"image"), at(0));

    assert_eq!(names.get(&name, at(0)), None);
    assert_eq!(names.entries.iter().count(), 0);
}

#[test]
fn a_forgotten_name_is_gone() {
    let names = names(30);
    let repository = repository("reg.example/app");
    let name = Name { scope: &SCOPE, repository: &repository, tag: "1" };
    names.put(&name, Digest::of(b"image"), at(0));
    names.forget(&name);

    assert_eq!(names.get(&name, at(0)), None);
}

#[test]
fn names_are_bounded_by_bytes() {
    let settings = config::Cache { name_bytes: 16 * 1024, ..config::Cache::default() };
    let names = Names::new(&settings);
    let repository = repository("reg.example/app");
    for number in 0..5_000 {
        let tag = number.to_string();
        let name = Name { scope: &SCOPE, repository: &repository, tag: &tag };
        names.put(&name, Digest::of(b"image"), at(0));
    }
    names.entries.run_pending_tasks();

    assert!(names.entries.weighted_size() <= 16 * 1024);
    assert!(names.entries.entry_count() > 0);
}
