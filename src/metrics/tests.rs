//! Names and labels that dashboards rely on.

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
