//! What the actors cost: the same verification called directly, as a task, and through
//! coordinator, flight, permit and worker.
//!
//! The verifier answers at once, so that only the way there and back is measured.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connaisseur::actors::{ActorSystem, Actors, CryptoPool, Work};
use connaisseur::clock::Deadline;
use connaisseur::config::{ConfiguredValidator, Sections};
use connaisseur::image::ImageRef;
use connaisseur::metrics::Metrics;
use connaisseur::validators::{CryptoRunner, Fingerprint, Refusal, Verdict, Verifier};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tokio::runtime::Runtime;

#[derive(Debug, Default)]
struct Instant(AtomicUsize);

#[async_trait]
impl Verifier for Instant {
    fn recall(&self, _: &ImageRef, _: Timestamp) -> Option<Verdict> {
        None
    }

    async fn verify(&self, _: &ImageRef, _: Deadline) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(Refusal::rejected("unsigned", "for a bench"))
    }

    fn meaning(&self) -> String {
        String::new()
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([0; 32])
    }
}

fn actors(runtime: &'static Runtime) -> (Actors, CryptoPool) {
    let system = ActorSystem::start(runtime).unwrap();
    let metrics = Arc::new(Metrics::new());
    let crypto = CryptoPool::start(&system, &metrics).unwrap();
    let validators = [ConfiguredValidator { name: "default".into(), validator_type: "bench" }];
    let sections = Sections::default();
    let pool = Arc::new(crypto.clone());
    let actors = Actors::start(&system, pool, &validators, &sections, &metrics).unwrap();
    (actors, crypto)
}

fn ways(criterion: &mut Criterion) {
    let runtime: &'static Runtime = Box::leak(Box::new(Runtime::new().unwrap()));
    let (actors, crypto) = actors(runtime);
    let verifier: Arc<dyn Verifier> = Arc::new(Instant::default());
    let far = || Deadline::after(Duration::from_secs(30));
    let mut group = criterion.benchmark_group("one verification");
    for images in [1_usize, 10] {
        let images: Vec<Arc<ImageRef>> = (0..images)
            .map(|n| Arc::new(format!("registry.example/app:{n}").parse().unwrap()))
            .collect();
        let work: Vec<Work> = images
            .iter()
            .map(|image| Work {
                validator: "default".into(),
                verifier: Arc::clone(&verifier),
                image: Arc::clone(image),
                namespace: "ns".into(),
            })
            .collect();
        group.bench_function(BenchmarkId::new("called", images.len()), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    for image in &images {
                        black_box(verifier.verify(image, far()).await).ok();
                    }
                });
            });
        });
        group.bench_function(BenchmarkId::new("as a task", images.len()), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    for image in &images {
                        let (verifier, image) = (Arc::clone(&verifier), Arc::clone(image));
                        let task =
                            tokio::spawn(async move { verifier.verify(&image, far()).await });
                        black_box(task.await.unwrap()).ok();
                    }
                });
            });
        });
        group.bench_function(BenchmarkId::new("through actors", images.len()), |bencher| {
            bencher.iter(|| {
                black_box(runtime.block_on(actors.gather(work.clone(), far())));
            });
        });
    }
    group.finish();
    criterion.bench_function("one hop to a crypto worker", |bencher| {
        bencher.iter(|| runtime.block_on(crypto.run(Box::new(|| ()))));
    });
}

criterion_group!(benches, ways);
criterion_main!(benches);
