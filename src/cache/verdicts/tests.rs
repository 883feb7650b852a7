//! Verdicts: from when until when each kind is found, and under which key.

use super::*;
use crate::image::ImageRef;
use crate::validators::Verified;

const FINGERPRINT: Fingerprint = Fingerprint([1; 32]);

fn repository(text: &str) -> RepositoryName {
    text.parse::<ImageRef>().unwrap().repository().clone()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "a verdict is a result")]
fn verified(judged_at: i64, valid_until: i64) -> Verdict {
    Ok(Verified::in_test(Digest::of(b"image"), at(judged_at), at(valid_until)))
}

fn rejected() -> Verdict {
    Err(Refusal::rejected("no-matching-signature", "no matching signatures"))
}

fn subject(repository: &RepositoryName) -> Subject<'_> {
    Subject { fingerprint: &FINGERPRINT, digest: Digest::of(b"image"), tag: None, repository }
}

/// From which second until before which second a verdict, put at second 0, is found.
fn life(settings: &config::Cache, verdict: &Verdict) -> Option<(i64, i64)> {
    let verdicts = Verdicts::new(settings);
    let repository = repository("reg.example/app");
    verdicts.put(&subject(&repository), verdict, at(0));
    let hits: Vec<i64> = (-5..1000)
        .filter(|&second| {
            let hit = verdicts.get(&subject(&repository), at(second));
            assert!(hit.is_none() || hit.as_ref() == Some(verdict));
            hit.is_some()
        })
        .collect();
    let (first, last) = (*hits.first()?, *hits.last()?);
    assert_eq!(hits.len(), usize::try_from(last - first + 1).unwrap(), "hits have gaps");
    Some((first, last + 1))
}

fn seconds(verdict: u64, name: u64) -> config::Cache {
    config::Cache {
        verdict_max_age: Duration::from_secs(verdict),
        name_max_age: Duration::from_secs(name),
        ..config::Cache::default()
    }
}

#[test]
fn a_verified_verdict_lives_until_it_expires_and_at_most_ten_minutes() {
    assert_eq!(life(&config::Cache::default(), &verified(0, 100)), Some((0, 100)));
    assert_eq!(life(&config::Cache::default(), &verified(0, 5000)), Some((0, 600)));
    assert_eq!(life(&seconds(60, 30), &verified(0, 5000)), Some((0, 60)));
}

#[test]
fn the_life_of_a_verified_verdict_begins_when_it_was_judged_not_when_it_was_kept() {
    assert_eq!(life(&seconds(60, 30), &verified(-4, 5000)), Some((-4, 56)));
}

#[test]
fn a_verdict_of_the_future_is_a_miss() {
    assert_eq!(life(&config::Cache::default(), &verified(3, 100)), Some((3, 100)));
}

#[test]
fn an_expired_verdict_is_not_kept_at_all() {
    assert_eq!(life(&config::Cache::default(), &verified(0, 0)), None);
}

#[test]
fn a_rejected_verdict_lives_as_long_as_a_name() {
    assert_eq!(life(&seconds(600, 30), &rejected()), Some((0, 30)));
    assert_eq!(life(&seconds(600, 300), &rejected()), Some((0, 300)));
    assert_eq!(life(&seconds(20, 30), &rejected()), Some((0, 20)));
}

#[test]
fn no_signature_is_kept_thirty_seconds_however_long_names_live() {
    let unsigned: Verdict = Err(Refusal::rejected(NO_SIGNATURE, "no signatures found"));
    assert_eq!(life(&seconds(600, 300), &unsigned), Some((0, 30)));
    assert_eq!(life(&seconds(600, 10), &unsigned), Some((0, 10)));
}

#[test]
fn rejected_verdicts_can_be_turned_off_alone() {
    let settings = config::Cache { rejected: false, ..config::Cache::default() };
    assert_eq!(life(&settings, &rejected()), None);
    assert_eq!(life(&settings, &verified(0, 5000)), Some((0, 600)));
}

#[test]
fn a_name_life_of_zero_turns_the_verdict_cache_off() {
    assert_eq!(life(&seconds(600, 0), &rejected()), None);
    assert_eq!(life(&seconds(600, 0), &verified(0, 5000)), None);
}

#[test]
fn inconclusive_and_overloaded_are_never_kept() {
    let overloaded = Refusal::Overloaded {
        reason: crate::validators::Reason::new("overloaded", "full"),
        retry_after: Duration::from_secs(1),
    };
    for refusal in [Refusal::inconclusive("timeout", "no answer"), overloaded] {
        assert_eq!(life(&config::Cache::default(), &Err(refusal)), None);
    }
}

#[test]
fn everything_that_could_change_the_verdict_is_part_of_the_key() {
    let verdicts = Verdicts::new(&config::Cache::default());
    let [here, there, other] =
        ["reg.example/app", "other.example/app", "reg.example/app2"].map(repository);
    let subject = Subject { tag: Some("1"), ..subject(&here) };
    verdicts.put(&subject, &verified(0, 100), at(0));

    assert!(verdicts.get(&subject, at(1)).is_some());
    for other in [
        Subject { fingerprint: &Fingerprint([2; 32]), ..subject },
        Subject { digest: Digest::of(b"other"), ..subject },
        Subject { tag: Some("2"), ..subject },
        Subject { tag: Some(""), ..subject },
        Subject { tag: None, ..subject },
        Subject { repository: &there, ..subject },
        Subject { repository: &other, ..subject },
    ] {
        assert_eq!(verdicts.get(&other, at(1)), None, "{other:?}");
    }
}

#[test]
fn a_later_verdict_replaces_an_earlier_one() {
    let verdicts = Verdicts::new(&config::Cache::default());
    let repository = repository("reg.example/app");
    verdicts.put(&subject(&repository), &rejected(), at(0));
    verdicts.put(&subject(&repository), &verified(1, 100), at(1));

    assert_eq!(verdicts.get(&subject(&repository), at(2)), Some(verified(1, 100)));
}

#[test]
fn verdicts_are_bounded_by_bytes() {
    let verdicts =
        Verdicts::new(&config::Cache { verdict_bytes: 32 * 1024, ..config::Cache::default() });
    let repository = repository("reg.example/app");
    for number in 0_u32..5_000 {
        let digest = Digest::of(&number.to_be_bytes());
        verdicts.put(&Subject { digest, ..subject(&repository) }, &rejected(), at(0));
    }
    verdicts.entries.run_pending_tasks();

    assert!(verdicts.entries.weighted_size() <= 32 * 1024);
    assert!(verdicts.entries.entry_count() > 0);
}
