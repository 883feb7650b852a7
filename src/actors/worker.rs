//! Runs one verification as a task of its own, so that a panic or a time-out fails that one only.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use actix_rt::ArbiterHandle;

use super::internal_fault;
use super::messages::{Ping, Verify};
use crate::metrics::PoolMetrics;
use crate::validators::{Refusal, Verdict};

/// The actor of one validator. Has no state that a panic could break.
#[derive(Debug)]
pub(super) struct Worker {
    validator: Arc<str>,
    metrics: PoolMetrics,
}

impl Worker {
    /// Starts a worker on an arbiter.
    pub(super) fn launch(
        arbiter: &ArbiterHandle,
        validator: &Arc<str>,
        metrics: &PoolMetrics,
    ) -> Addr<Self> {
        let worker = Self { validator: Arc::clone(validator), metrics: metrics.clone() };
        Self::start_in_arbiter(arbiter, move |_| worker)
    }
}

impl Actor for Worker {
    type Context = Context<Self>;
}

impl Handler<Verify> for Worker {
    type Result = ResponseFuture<Verdict>;

    fn handle(&mut self, job: Verify, _: &mut Self::Context) -> Self::Result {
        let validator = Arc::clone(&self.validator);
        let latency = self.metrics.verification.clone();
        let image = Arc::clone(&job.image);
        let task = tokio::spawn(async move {
            let begun = Instant::now();
            let verdict = run(job).await;
            latency.observe(begun.elapsed().as_secs_f64());
            verdict
        });
        Box::pin(async move {
            task.await.unwrap_or_else(|fault| {
                // The panic's own message went to the log through the panic hook.
                tracing::error!(
                    %validator,
                    image = image.text(),
                    panicked = fault.is_panic(),
                    "a verification broke down"
                );
                Err(internal_fault())
            })
        })
    }
}

/// The job. A verifier ends by itself at the deadline it is told; one that does not is ended.
async fn run(Verify { verifier, image, limits }: Verify) -> Verdict {
    let begun = tokio::time::Instant::now();
    let verdict = verifier.verify(&image, limits.told);
    tokio::time::timeout_at(limits.ended.instant(), verdict).await.unwrap_or_else(|_| {
        Err(Refusal::inconclusive(
            "timeout",
            format!("not verified within {:.1} s", begun.elapsed().as_secs_f64()),
        ))
    })
}

impl Handler<Ping> for Worker {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Self::Context) {}
}
