//! What is resolved once, so that counting needs no look-up.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::labels::{Answered, SkipReason};
use super::{Counters, Histograms, Labels, Validations};

/// What is counted at every request, without a look-up.
#[derive(Debug)]
pub(super) struct WebhookMetrics {
    pub(super) latency: Histogram,
    admitted: Counter,
    rejected: Counter,
    inconclusive: Counter,
    overloaded: Counter,
    pods_only: Counter,
    detection: Counter,
}

/// The counters of one rule's validator, resolved when the configuration is loaded.
///
/// Only requests to `/mutate` are counted here.
#[derive(Debug, Clone)]
pub struct RuleMetrics {
    success: Counter,
    error: Counter,
    successful: Counter,
    failed: Counter,
    timeouted: Counter,
    cache_hit: Counter,
    unchanged: Counter,
    child: Counter,
}

/// What one pool of workers counts, resolved when the pool is started.
#[derive(Debug, Clone)]
pub struct PoolMetrics {
    /// How long verifications took.
    pub verification: Histogram,
    /// Verifications under way.
    pub jobs: Gauge,
}

impl WebhookMetrics {
    pub(super) fn new(
        webhook: &'static str,
        latency: &Histograms<1>,
        answers: &Counters<2>,
    ) -> Self {
        let answer = |decision: &'static str| {
            answers
                .get_or_create_owned(&[("webhook", webhook.into()), ("decision", decision.into())])
        };
        Self {
            latency: latency.get_or_create_owned(&[("webhook", webhook.into())]),
            admitted: answer("admitted"),
            rejected: answer("rejected"),
            inconclusive: answer("inconclusive"),
            overloaded: answer("overloaded"),
            pods_only: answer("pods_only"),
            detection: answer("detection"),
        }
    }

    pub(super) fn answer(&self, answer: Answered) -> &Counter {
        match answer {
            Answered::Admitted => &self.admitted,
            Answered::Rejected => &self.rejected,
            Answered::Inconclusive { .. } => &self.inconclusive,
            Answered::Overloaded => &self.overloaded,
            Answered::PodsOnly => &self.pods_only,
            Answered::Detection => &self.detection,
        }
    }
}

impl RuleMetrics {
    pub(super) fn new(v: &Validations, validator_type: &str, validator: &str) -> Self {
        let of = || -> Labels<2> {
            [
                ("type", validator_type.to_owned().into()),
                ("validator_name", validator.to_owned().into()),
            ]
        };
        let with = |key, value: &'static str| -> Labels<3> {
            let [first, second] = of();
            [first, second, (key, value.into())]
        };
        let skip =
            |reason: SkipReason| v.skipped.get_or_create_owned(&with("reason", reason.word()));
        Self {
            success: v.total.get_or_create_owned(&with("result", "success")),
            error: v.total.get_or_create_owned(&with("result", "error")),
            successful: v.successful.get_or_create_owned(&of()),
            failed: v.failed.get_or_create_owned(&of()),
            timeouted: v.timeouted.get_or_create_owned(&of()),
            cache_hit: skip(SkipReason::CacheHit),
            unchanged: skip(SkipReason::Unchanged),
            child: skip(SkipReason::Child),
        }
    }

    /// An image may be admitted.
    pub fn succeeded(&self) {
        self.success.inc();
        self.successful.inc();
    }

    /// An image is denied.
    pub fn failed(&self) {
        self.error.inc();
        self.failed.inc();
    }

    /// An image was not judged before the deadline of its request.
    pub fn timed_out(&self) {
        self.error.inc();
        self.timeouted.inc();
    }

    /// The validator was not asked. Success or failure is counted besides.
    pub fn skipped(&self, reason: SkipReason) {
        match reason {
            SkipReason::CacheHit => &self.cache_hit,
            SkipReason::Unchanged => &self.unchanged,
            SkipReason::Child => &self.child,
        }
        .inc();
    }
}
