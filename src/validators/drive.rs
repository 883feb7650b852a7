//! The one loop that drives every validator: judge, fetch what is needed, judge again.
//!
//! Only what was judged can ask for more, so a stranger's bytes never choose the next request
//! before they were looked at. Rounds are bounded: evidence that asks for ever is a fault.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{Refusal, Runtime, Verified};

/// What a judge says of the evidence so far.
#[derive(Debug)]
pub(super) enum Step<Name, Proven = Verified> {
    /// It suffices.
    Done(Result<Proven, Refusal>),
    /// It does not: these are needed. Never empty.
    Needs(BTreeSet<Name>),
}

/// Judges one image, or what many images rest on. Pure: neither I/O nor a clock of its own.
pub(super) trait Judge: Send + Sync + 'static {
    /// What good evidence proves.
    type Proven: Send + 'static;
    /// How a piece of evidence is named.
    type Name: Ord + Debug + Send + Sync;
    /// What was fetched so far.
    type Evidence: Clone + Default + Send + Sync + 'static;

    /// Judges what there is.
    fn judge(&self, evidence: &Self::Evidence, now: Timestamp) -> Step<Self::Name, Self::Proven>;

    /// Tells whether judging this takes long enough to hold up the threads that move bytes.
    fn is_heavy(&self, evidence: &Self::Evidence) -> bool;

    /// How often evidence may be asked for.
    fn max_rounds(&self) -> usize;
}

/// Talks to the world for a judge.
#[async_trait]
pub(super) trait Fetch<J: Judge>: Send + Sync {
    /// Adds what `names` stand for to `evidence`. That something is not there is evidence, too.
    ///
    /// # Errors
    /// What could not be obtained and is needed whatever the rest says.
    async fn fetch(
        &self,
        names: BTreeSet<J::Name>,
        evidence: &mut J::Evidence,
    ) -> Result<(), Refusal>;
}

/// Whether a name that was looked up some seconds ago will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Freshness {
    /// It will.
    Remembered,
    /// It must be looked up: a rejection is about to be spoken.
    Fresh,
}

/// Drives `judge` to a verdict, and hands back the evidence that it rests on.
pub(super) async fn drive<J: Judge>(
    judge: &Arc<J>,
    fetcher: &impl Fetch<J>,
    runtime: &Runtime,
) -> (Result<J::Proven, Refusal>, Arc<J::Evidence>) {
    let mut evidence = Arc::new(J::Evidence::default());
    let mut rounds = 0;
    loop {
        let names = match judge_once(judge, &evidence, runtime).await {
            Step::Done(verdict) => return (verdict, evidence),
            Step::Needs(_) if rounds == judge.max_rounds() => {
                return (Err(fault("the evidence asks for more evidence without end")), evidence);
            }
            Step::Needs(names) => names,
        };
        if let Err(refusal) = fetcher.fetch(names, Arc::make_mut(&mut evidence)).await {
            return (Err(refusal), evidence);
        }
        rounds += 1;
    }
}

/// Judges here, or on a crypto worker where it takes long.
async fn judge_once<J: Judge>(
    judge: &Arc<J>,
    evidence: &Arc<J::Evidence>,
    runtime: &Runtime,
) -> Step<J::Name, J::Proven> {
    let now = runtime.clock.now();
    if !judge.is_heavy(evidence) {
        return judge.judge(evidence, now);
    }
    let answer = Arc::new(Mutex::new(None));
    let work = {
        let (judge, evidence, answer) = (judge.clone(), evidence.clone(), answer.clone());
        move || *answer.lock() = Some(judge.judge(&evidence, now))
    };
    runtime.crypto.run(Box::new(work)).await;
    let answer = answer.lock().take();
    answer.unwrap_or_else(|| Step::Done(Err(fault("a crypto worker failed; see the log"))))
}

fn fault(text: &'static str) -> Refusal {
    Refusal::inconclusive("internal-fault", text)
}

#[cfg(test)]
mod tests;
