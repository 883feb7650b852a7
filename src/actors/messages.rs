//! What actors say to each other.

use std::sync::{Arc, Weak};

use actix::Message;
use parking_lot::Mutex;

use super::Work;
use super::supervisor::Supervised;
use crate::clock::Deadline;
use crate::image::ImageRef;
use crate::validators::{Verdict, Verifier};

/// Asks whether an actor still handles messages.
#[derive(Debug)]
pub(super) struct Ping;

impl Message for Ping {
    type Result = ();
}

/// Asks a coordinator for the verdicts of one request.
#[derive(Debug)]
pub(super) struct Gather {
    pub(super) work: Arc<[Work]>,
    pub(super) deadline: Deadline,
}

impl Message for Gather {
    type Result = Vec<Verdict>;
}

/// Asks a worker for one verification.
#[derive(Debug)]
pub(super) struct Verify {
    pub(super) verifier: Arc<dyn Verifier>,
    pub(super) image: Arc<ImageRef>,
    pub(super) limits: JobLimits,
}

impl Message for Verify {
    type Result = Verdict;
}

/// The two ends of a job's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct JobLimits {
    /// What the verifier is told: it ends by itself and says what it was waiting for.
    pub(super) told: Deadline,
    /// When it is ended.
    pub(super) ended: Deadline,
}

/// A heavy check. Taken out when it begins, so that a second attempt cannot begin it again.
pub(super) type Once = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Asks a crypto worker for a heavy check.
pub(super) struct Check(pub(super) Once);

impl Message for Check {
    type Result = ();
}

/// Tells the supervisor whom to watch.
#[derive(Debug)]
pub(super) struct Watch(pub(super) Weak<dyn Supervised>);

impl Message for Watch {
    type Result = ();
}

/// Tells the supervisor that a worker was found dead, so that it need not wait for its next round.
#[derive(Debug)]
pub(super) struct Heal(pub(super) Weak<dyn Supervised>);

impl Message for Heal {
    type Result = ();
}

/// Injected faults, for tests only.
#[cfg(test)]
pub(super) mod inject {
    use super::Message;

    /// Makes a handler panic.
    #[derive(Debug)]
    pub(in crate::actors) struct Poison;

    impl Message for Poison {
        type Result = ();
    }

    /// Blocks the thread of an actor until the other end of the channel is dropped.
    #[derive(Debug)]
    pub(in crate::actors) struct Freeze(pub(in crate::actors) std::sync::mpsc::Receiver<()>);

    impl Message for Freeze {
        type Result = ();
    }
}
