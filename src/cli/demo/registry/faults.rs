//! Misbehaviour on demand.

use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

/// What goes wrong, where, and how often.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Requests whose path starts like this.
    prefix: String,
    /// How often it still happens; for ever if absent.
    left: Option<usize>,
    effect: Effect,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Answers with a status, and `Retry-After` if given.
    Status {
        /// The status.
        status: u16,
        /// The value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// Closes the connection instead of an answer.
    Hangup,
    /// Sends a body that never ends.
    Endless,
    /// Sends the right body, and claims so many bytes more; then closes the connection.
    ClaimMore(usize),
    /// Sends other bytes.
    Replace(Bytes),
    /// Sends other bytes every second time.
    Alternate(Bytes),
    /// Redirects to a URL.
    Redirect(String),
    /// Sends the body byte by byte, with a pause before each.
    Drip(Duration),
    /// Takes so long for the answer.
    Delay(Duration),
    /// Adds a header, or replaces it.
    Header(&'static str, String),
}

impl Fault {
    /// Something that goes wrong from now on for every path that starts with `prefix`.
    pub fn at(prefix: impl Into<String>, effect: Effect) -> Self {
        Self { prefix: prefix.into(), left: None, effect }
    }

    /// An error status from now on.
    pub fn status(prefix: impl Into<String>, status: u16) -> Self {
        Self::at(prefix, Effect::Status { status, retry_after: None })
    }

    /// The same, but only so many times.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { left: Some(times), ..self }
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Active>>);

#[derive(Debug)]
struct Active {
    fault: Fault,
    happened: usize,
}

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.0.lock().push(Active { fault, happened: 0 });
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }

    /// What goes wrong with a request for `path`: the first fault that applies.
    pub(super) fn strike(&self, path: &str) -> Option<Effect> {
        let mut faults = self.0.lock();
        let applies = |active: &&mut Active| {
            path.starts_with(&active.fault.prefix)
                && active.fault.left.is_none_or(|times| active.happened < times)
        };
        let active = faults.iter_mut().find(applies)?;
        active.happened += 1;
        let is_second = active.happened.is_multiple_of(2);
        let effect = active.fault.effect.clone();
        if let Effect::Alternate(bytes) = effect {
            is_second.then_some(Effect::Replace(bytes))
        } else {
            Some(effect)
        }
    }
}
