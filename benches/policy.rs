//! Reading references and patterns, and finding the rule for an image.
//!
//! `cargo bench --bench policy`: the index is shown beside a policy of few rules, and the default
//! matching beside that of Connaisseur 3, which has to ask every rule.

#![expect(clippy::expect_used, reason = "a benchmark ends at the first thing that is wrong")]

use std::hint::black_box;

use connaisseur::image::ImageRef;
use connaisseur::policy::{Matching, Pattern, Policy};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const IMAGE: &str = "registry.example:5000/team-7/app:1.2.3";

/// `count` rules of one registry, and the three that most policies have.
fn policy(matching: Matching, count: usize) -> Policy<usize> {
    let many = (0..count).map(|at| format!("registry.example:5000/team-{at}/app:*"));
    let usual = ["*:*", "docker.io/*:*", "registry.k8s.io/*:*"].map(str::to_owned);
    let rules = usual
        .into_iter()
        .chain(many)
        .enumerate()
        .map(|(at, text)| (Pattern::parse(&text, matching).expect("a good pattern"), at));
    Policy::new(matching, rules.collect())
}

fn references(c: &mut Criterion) {
    let mut group = c.benchmark_group("reference");
    for text in ["nginx", IMAGE] {
        group.bench_with_input(BenchmarkId::new("parse", text), text, |b, text| {
            b.iter(|| black_box(text).parse::<ImageRef>().expect("a good reference"));
        });
    }
    group.finish();
}

fn rules(c: &mut Criterion) {
    let image: ImageRef = IMAGE.parse().expect("a good reference");
    let mut group = c.benchmark_group("rule_for");
    for matching in [Matching::Anchored, Matching::Legacy] {
        for count in [10, 1_000, 10_000] {
            let policy = policy(matching, count);
            group.bench_function(BenchmarkId::new(format!("{matching:?}"), count), |b| {
                b.iter(|| policy.rule_for(black_box(&image)));
            });
        }
    }
    group.finish();
}

fn patterns(c: &mut Criterion) {
    let text = format!("registry.example/{}", "a".repeat(255));
    let image: ImageRef = text.parse().expect("a good reference");
    let hostile = format!("registry.example/{}b", "a*".repeat(500));
    let mut group = c.benchmark_group("pattern");
    group.bench_function("parse", |b| {
        b.iter(|| {
            Pattern::parse(black_box("registry.example/{a,b}/*:v[0-9]*"), Matching::Anchored)
        });
    });
    let pattern = Pattern::parse(&hostile, Matching::Anchored).expect("a good pattern");
    let policy = Policy::new(Matching::Anchored, vec![(pattern, ())]);
    group.bench_function("hostile", |b| b.iter(|| policy.rule_for(black_box(&image))));
    group.finish();
}

criterion_group!(benches, references, rules, patterns);
criterion_main!(benches);
