//! Every metric, its name and its labels, in one struct.
//!
//! The names of Connaisseur 3 stay and count `/mutate` only, so that dashboards go on working; the
//! rest is ours. Label values come from the configuration or from the enums of this file, never
//! from a request, so that no stranger can grow the number of series.

use std::borrow::Cow;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::engine::Webhook;

/// The `Content-Type` of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// The metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Counter,
    admitted: Counter,
    denied: Counters<1>,
    validations: Validations,
    mutate: WebhookMetrics,
    validate: WebhookMetrics,
    unverified: Counters<2>,
    refusals: Counters<1>,
    verifications: Histograms<1>,
    cache_lookups: Counters<2>,
    registry_requests: Counters<2>,
    registry_latency: Histograms<1>,
    jobs: Family<Labels<1>, Gauge>,
    sheds: Counters<1>,
    restarts: Counters<2>,
    certificate_reloads: Counters<1>,
}

/// The counters that Connaisseur 3 keeps for each validator.
#[derive(Debug, Default)]
struct Validations {
    total: Counters<3>,
    successful: Counters<2>,
    failed: Counters<2>,
    skipped: Counters<3>,
    timeouted: Counters<2>,
}

/// What is counted at every request, without a look-up.
#[derive(Debug)]
struct WebhookMetrics {
    latency: Histogram,
    admitted: Counter,
    rejected: Counter,
    inconclusive: Counter,
    overloaded: Counter,
    pods_only: Counter,
    detection: Counter,
}

/// What was answered to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// Admitted by our own decision.
    Admitted,
    /// Denied with 403.
    Rejected,
    /// Denied with 503. `timeout`: because the deadline of the request passed.
    Inconclusive {
        /// Whether an image was not judged in time.
        timeout: bool,
    },
    /// Denied with 429.
    Overloaded,
    /// Would have been denied, but only Pods are judged.
    PodsOnly,
    /// Would have been denied, but refusals only warn.
    Detection,
}

/// Why an image or a request was admitted although nothing was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unverified {
    /// A static validator approved it.
    Static,
    /// It was there before.
    Unchanged,
    /// Its owner has it.
    Child,
    /// The object is being deleted.
    Deleting,
}

/// Why a validation was skipped, in the words of Connaisseur 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// The verdict was in the cache.
    CacheHit,
    /// The image was there before.
    Unchanged,
    /// The owner has the image.
    Child,
}

/// What became of one request to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryOutcome {
    /// An answer of 2xx.
    Ok,
    /// 404.
    NotFound,
    /// 401 or 403.
    Denied,
    /// 429.
    Throttled,
    /// Any other status, a connect error, a time-out, a broken answer.
    Failed,
}

/// Which cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheKind {
    /// Bytes by digest.
    Evidence,
    /// Tag → digest.
    Names,
    /// Verdicts.
    Verdicts,
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

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("connaisseur");
        let answers = Counters::<2>::default();
        let latency = Histograms::<1>::new_with_constructor(admission_buckets);
        let metrics = Self {
            requests: Counter::default(),
            admitted: Counter::default(),
            denied: Family::default(),
            validations: Validations::default(),
            mutate: WebhookMetrics::new("mutate", &latency, &answers),
            validate: WebhookMetrics::new("validate", &latency, &answers),
            unverified: Family::default(),
            refusals: Family::default(),
            verifications: Family::new_with_constructor(network_buckets),
            cache_lookups: Family::default(),
            registry_requests: Family::default(),
            registry_latency: Family::new_with_constructor(network_buckets),
            jobs: Family::default(),
            sheds: Family::default(),
            restarts: Family::default(),
            certificate_reloads: Family::default(),
            registry: Registry::default(),
        };
        metrics.register_inherited(&mut registry);
        registry.register("admission_duration_seconds", "Time from the request to its answer", latency);
        registry.register("answers", "Answers by webhook and decision", answers);
        metrics.register_ours(&mut registry);
        Self { registry, ..metrics }
    }

    /// The names that dashboards of Connaisseur 3 read. `_total` is appended when they are encoded.
    fn register_inherited(&self, to: &mut Registry) {
        let v = &self.validations;
        to.register("requests", "Requests to /mutate", self.requests.clone());
        to.register("requests_admitted", "Requests to /mutate admitted", self.admitted.clone());
        to.register("requests_denied", "Requests to /mutate denied", self.denied.clone());
        to.register("validations", "Validations of images by result", v.total.clone());
        to.register("validations_successful", "Validations that admit", v.successful.clone());
        to.register("validations_failed", "Validations that deny", v.failed.clone());
        to.register("validations_skipped", "Validations skipped", v.skipped.clone());
        to.register("validations_timeouted", "Validations not done in time", v.timeouted.clone());
    }

    fn register_ours(&self, to: &mut Registry) {
        to.register("unverified", "Admissions without verification", self.unverified.clone());
        to.register("http_refusals", "Answers that are no decision", self.refusals.clone());
        to.register(
            "verification_duration_seconds",
            "Time of one verification, fetching included",
            self.verifications.clone(),
        );
        to.register("cache_lookups", "Look-ups by cache and result", self.cache_lookups.clone());
        to.register(
            "registry_requests",
            "Requests to registries by outcome",
            self.registry_requests.clone(),
        );
        to.register(
            "registry_request_duration_seconds",
            "Time of one request to a registry",
            self.registry_latency.clone(),
        );
        to.register("jobs", "Verifications under way", self.jobs.clone());
        to.register("sheds", "Verifications refused as overloaded", self.sheds.clone());
        to.register("worker_restarts", "Workers replaced by cause", self.restarts.clone());
        to.register(
            "certificate_reloads",
            "Changes of the serving certificate by result",
            self.certificate_reloads.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        to.register("build", "The version that runs", build);
    }

    /// Everything as `OpenMetrics` text ([`CONTENT_TYPE`]).
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        match encode(&mut out, &self.registry) {
            Ok(()) => out,
            // A String takes every write; half an exposition would read as counters that vanished.
            Err(_) => "# EOF\n".to_owned(),
        }
    }

    /// A request arrived, whatever becomes of it.
    pub fn request_received(&self, webhook: Webhook) {
        if webhook == Webhook::Mutate {
            self.requests.inc();
        }
    }

    /// A request was answered with a decision.
    pub fn answered(&self, webhook: Webhook, answer: Answered) {
        self.webhook(webhook).answer(answer).inc();
        if webhook != Webhook::Mutate {
            return;
        }
        match answer {
            Answered::Admitted | Answered::PodsOnly | Answered::Detection => {
                self.admitted.inc();
            }
            Answered::Rejected | Answered::Overloaded => self.deny(false),
            Answered::Inconclusive { timeout } => self.deny(timeout),
        }
    }

    fn deny(&self, timeout: bool) {
        let timeout = if timeout { "true" } else { "false" };
        self.denied.get_or_create(&[("timeout", timeout.into())]).inc();
    }

    /// How long a request took, from its headers to its answer.
    pub fn admission_took(&self, webhook: Webhook, took: Duration) {
        self.webhook(webhook).latency.observe(took.as_secs_f64());
    }

    /// Images were admitted although nothing was verified.
    pub fn unverified(&self, webhook: Webhook, why: Unverified, images: usize) {
        let labels = [("webhook", word_of(webhook).into()), ("reason", why.word().into())];
        let images = u64::try_from(images).unwrap_or(u64::MAX);
        self.unverified.get_or_create(&labels).inc_by(images);
    }

    /// A request was answered with a status that is no decision.
    pub fn http_refusal(&self, status: u16) {
        self.refusals.get_or_create(&[("status", status.to_string().into())]).inc();
    }

    /// The counters of a rule. Before a validator is known, its type is `unknown` and its name empty.
    pub fn rule_handles(&self, validator_type: &str, validator: &str) -> RuleMetrics {
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
        let v = &self.validations;
        let skip = |reason: SkipReason| {
            v.skipped.get_or_create_owned(&with("reason", reason.word()))
        };
        RuleMetrics {
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

    /// The handles of one validator's pool.
    pub fn pool_handles(&self, validator: &str) -> PoolMetrics {
        let labels: Labels<1> = [("validator", validator.to_owned().into())];
        // A series that is there from the start, so that its first increment is seen as one.
        drop(self.sheds.get_or_create_owned(&labels));
        PoolMetrics {
            verification: self.verifications.get_or_create_owned(&labels),
            jobs: self.jobs.get_or_create_owned(&labels),
        }
    }

    /// One request to a registry ended.
    pub fn registry_request(&self, validator: &str, outcome: RegistryOutcome, took: Duration) {
        let name = ("validator", Cow::Owned(validator.to_owned()));
        self.registry_latency.get_or_create(&[name.clone()]).observe(took.as_secs_f64());
        self.registry_requests.get_or_create(&[name, ("outcome", outcome.word().into())]).inc();
    }

    /// A cache was asked.
    pub fn cache_lookup(&self, cache: CacheKind, hit: bool) {
        let result = if hit { "hit" } else { "miss" };
        self.cache_lookups
            .get_or_create(&[("cache", cache.word().into()), ("result", result.into())])
            .inc();
    }

    /// A job was refused because all permits of the validator's pool were taken.
    pub fn shed(&self, validator: &str) {
        self.sheds.get_or_create(&[("validator", validator.to_owned().into())]).inc();
    }

    /// A worker was replaced, with the cause: `dead`, `frozen`.
    pub fn worker_replaced(&self, pool: &str, cause: &'static str) {
        self.restarts
            .get_or_create(&[("pool", pool.to_owned().into()), ("cause", cause.into())])
            .inc();
    }

    /// The files of the serving certificate changed.
    pub fn certificate_reloaded(&self, good: bool) {
        let result = if good { "success" } else { "error" };
        self.certificate_reloads.get_or_create(&[("result", result.into())]).inc();
    }

    fn webhook(&self, webhook: Webhook) -> &WebhookMetrics {
        match webhook {
            Webhook::Mutate => &self.mutate,
            Webhook::Validate => &self.validate,
        }
    }
}

impl WebhookMetrics {
    fn new(webhook: &'static str, latency: &Histograms<1>, answers: &Counters<2>) -> Self {
        let answer = |decision: &'static str| {
            answers.get_or_create_owned(&[
                ("webhook", webhook.into()),
                ("decision", decision.into()),
            ])
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

    fn answer(&self, answer: Answered) -> &Counter {
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

impl SkipReason {
    fn word(self) -> &'static str {
        match self {
            Self::CacheHit => "cache hit",
            Self::Unchanged => "unchanged image reference",
            Self::Child => "automatic approval of child image reference",
        }
    }
}

impl Unverified {
    fn word(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Unchanged => "unchanged",
            Self::Child => "child",
            Self::Deleting => "deleting",
        }
    }
}

impl RegistryOutcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

impl CacheKind {
    fn word(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Names => "names",
            Self::Verdicts => "verdicts",
        }
    }
}

fn word_of(webhook: Webhook) -> &'static str {
    match webhook {
        Webhook::Mutate => "mutate",
        Webhook::Validate => "validate",
    }
}

/// From a cached answer (50 µs) to the longest deadline (30 s).
fn admission_buckets() -> Histogram {
    Histogram::new([
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        30.0,
    ])
}

/// From a registry next door (1 ms) to the longest time-out (30 s).
fn network_buckets() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_line(metrics: &Metrics, line: &str) {
        let text = metrics.encode();
        assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
    }

    #[test]
    fn the_names_of_connaisseur_3_are_kept() {
        let metrics = Metrics::new();
        metrics.request_received(Webhook::Mutate);
        metrics.answered(Webhook::Mutate, Answered::Admitted);
        metrics.answered(Webhook::Mutate, Answered::Inconclusive { timeout: true });
        metrics.answered(Webhook::Mutate, Answered::Rejected);
        let rule = metrics.rule_handles("cosign", "default");
        rule.succeeded();
        rule.failed();
        rule.timed_out();
        rule.skipped(SkipReason::CacheHit);
        let of = r#"type="cosign",validator_name="default""#;
        for line in [
            "connaisseur_requests_total 1".to_owned(),
            "connaisseur_requests_admitted_total 1".to_owned(),
            r#"connaisseur_requests_denied_total{timeout="true"} 1"#.to_owned(),
            r#"connaisseur_requests_denied_total{timeout="false"} 1"#.to_owned(),
            format!(r#"connaisseur_validations_total{{{of},result="success"}} 1"#),
            format!(r#"connaisseur_validations_total{{{of},result="error"}} 2"#),
            format!("connaisseur_validations_successful_total{{{of}}} 1"),
            format!("connaisseur_validations_failed_total{{{of}}} 1"),
            format!("connaisseur_validations_timeouted_total{{{of}}} 1"),
            format!(r#"connaisseur_validations_skipped_total{{{of},reason="cache hit"}} 1"#),
        ] {
            assert_line(&metrics, &line);
        }
    }

    #[test]
    fn the_validating_webhook_does_not_touch_the_inherited_names() {
        let metrics = Metrics::new();
        metrics.request_received(Webhook::Validate);
        metrics.answered(Webhook::Validate, Answered::Admitted);
        metrics.answered(Webhook::Validate, Answered::Rejected);
        assert_line(&metrics, "connaisseur_requests_total 0");
        assert_line(&metrics, "connaisseur_requests_admitted_total 0");
        assert!(!metrics.encode().contains("connaisseur_requests_denied_total"));
        assert_line(&metrics, r#"connaisseur_answers_total{webhook="validate",decision="admitted"} 1"#);
        assert_line(&metrics, r#"connaisseur_answers_total{webhook="validate",decision="rejected"} 1"#);
    }

    #[test]
    fn what_only_we_count_has_its_labels() {
        let metrics = Metrics::new();
        metrics.registry_request("v", RegistryOutcome::Throttled, Duration::from_millis(3));
        metrics.cache_lookup(CacheKind::Verdicts, true);
        metrics.shed("v");
        metrics.worker_replaced("v", "dead");
        metrics.certificate_reloaded(false);
        metrics.http_refusal(413);
        metrics.unverified(Webhook::Mutate, Unverified::Static, 1);
        metrics.pool_handles("v").jobs.inc();
        metrics.admission_took(Webhook::Mutate, Duration::from_micros(70));
        for line in [
            r#"connaisseur_registry_requests_total{validator="v",outcome="throttled"} 1"#,
            r#"connaisseur_registry_request_duration_seconds_bucket{le="0.005",validator="v"} 1"#,
            r#"connaisseur_cache_lookups_total{cache="verdicts",result="hit"} 1"#,
            r#"connaisseur_sheds_total{validator="v"} 1"#,
            r#"connaisseur_worker_restarts_total{pool="v",cause="dead"} 1"#,
            r#"connaisseur_certificate_reloads_total{result="error"} 1"#,
            r#"connaisseur_http_refusals_total{status="413"} 1"#,
            r#"connaisseur_unverified_total{webhook="mutate",reason="static"} 1"#,
            r#"connaisseur_jobs{validator="v"} 1"#,
            r#"connaisseur_admission_duration_seconds_bucket{le="0.0001",webhook="mutate"} 1"#,
        ] {
            assert_line(&metrics, line);
        }
        let build = format!(r#"connaisseur_build_info{{version="{}"}} 1"#, env!("CARGO_PKG_VERSION"));
        assert_line(&metrics, &build);
    }
}
