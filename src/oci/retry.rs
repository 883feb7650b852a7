//! When a request is tried again, and how long we wait for that.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::Error;
use crate::clock::Deadline;

/// Tries after the first. With the first they are fewer than the failures that open a breaker.
pub(super) const MORE_TRIES: u32 = 3;

/// The longest wait before the first retry; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long to wait before try `number` (from 1) after `error`, or `None` if it should be final:
/// it cannot go away by itself, the tries are used up, or the deadline comes first.
pub(super) fn wait_before(number: u32, error: &Error, deadline: Deadline) -> Option<Duration> {
    if number > MORE_TRIES {
        return None;
    }
    let wait = if let Error::Throttled { retry_after: Some(wait), .. } = error {
        *wait
    } else if can_pass(error) {
        jitter(number)
    } else {
        return None;
    };
    (wait < deadline.remaining()).then_some(wait)
}

/// Tells whether the same request may succeed a moment later. A time-out may, too, but has already
/// taken the time that was there for it; an open breaker means to be left alone.
fn can_pass(error: &Error) -> bool {
    error.is_outage() && !matches!(error, Error::Timeout { .. } | Error::BreakerOpen { .. })
}

/// Full jitter: anything from nothing to the whole wait, so that the requests that failed
/// together do not come back together.
fn jitter(number: u32) -> Duration {
    let longest = FIRST_WAIT * 2_u32.saturating_pow(number.saturating_sub(1));
    let mut random = [0; 4];
    match aws_lc_rs::rand::fill(&mut random) {
        Ok(()) => longest.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)),
        Err(_no_entropy) => longest,
    }
}

/// What `Retry-After` asks for: seconds, or a date, which is compared with the server's own
/// `Date` so that a wrong clock on either side does not matter.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = headers.get(DATE).map(HeaderValue::to_str)?.ok()?;
    let now = jiff::fmt::rfc2822::parse(now).ok()?.timestamp();
    // A date that has passed means "now".
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &str, date: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, date, want) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", date, Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", date, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("never"), None),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            let got = retry_after(&headers(text, date));
            assert_eq!(got, want.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_can_go_away_is_tried_again() {
        let host = || "a.test".to_owned();
        let deadline = Deadline::after(Duration::from_secs(10));
        for again in [
            Error::Connect { host: host(), why: String::new() },
            Error::Broken { host: host(), why: String::new() },
            Error::Status { host: host(), status: 500 },
            Error::Status { host: host(), status: 503 },
            Error::Throttled { host: host(), retry_after: None },
        ] {
            for number in 1..=MORE_TRIES {
                let wait = wait_before(number, &again, deadline).unwrap();
                assert!(wait <= FIRST_WAIT * 4, "{again} {wait:?}");
            }
            assert_eq!(wait_before(MORE_TRIES + 1, &again, deadline), None, "{again}");
        }
        for never in [
            Error::NotFound { what: String::new(), host: host() },
            Error::Denied { host: host(), status: 401 },
            Error::Status { host: host(), status: 400 },
            Error::Timeout { host: host() },
            Error::Malformed { host: host(), why: String::new() },
            Error::BreakerOpen { host: host(), last: String::new(), probe_in: Duration::ZERO },
        ] {
            assert_eq!(wait_before(1, &never, deadline), None, "{never}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_past_the_deadline_is_not_begun() {
        let throttled = |seconds| Error::Throttled {
            host: "a.test".into(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let deadline = Deadline::after(Duration::from_secs(10));
        assert_eq!(wait_before(1, &throttled(9), deadline), Some(Duration::from_secs(9)));
        assert_eq!(wait_before(1, &throttled(10), deadline), None);
        assert_eq!(wait_before(1, &throttled(u64::MAX), deadline), None);
    }
}
