//! One admission request, from bytes to bytes, without I/O: decode, find the images, skip, decide, answer.
//!
//! ```text
//! decode → Workload::read (new, and old for an update) → Before::skips → images_to_judge
//!        → (policy and validators make one Judged for each) → Decision → Answer → bytes
//! ```

mod decision;
mod failure;
mod images;
mod patch;
mod response;
mod review;
mod scan;
mod skip;
mod spec;
mod text;
mod workload;

pub use decision::{Answer, Decision, Modes, Situation};
pub use failure::{Denied, Judged, Outcome};
pub use images::{ImageUse, List};
pub use patch::Pin;
pub use response::respond;
pub use review::{DecodeFault, Envelope, GroupVersionKind, Operation, Request, Review, decode};
pub use skip::{Before, Skip};
pub use text::Text;
pub use workload::{Which, Workload, WorkloadFault};

/// Which webhook asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// `/mutate`: pins.
    Mutate,
    /// `/validate`: judges the final object.
    Validate,
}
