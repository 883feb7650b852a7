//! One rule: which validator judges, with which options, and what an approval changes.

use std::sync::Arc;

use crate::metrics::RuleMetrics;
use crate::validators::{Approval, Verifier};

/// A rule of the policy, turned into something that can act.
#[derive(Debug)]
pub struct Rule {
    /// The pattern as written, for messages.
    pub pattern: Box<str>,
    /// The name of the validator in the configuration.
    pub validator: Arc<str>,
    /// The validator's `type:`.
    pub validator_type: &'static str,
    /// What an approval changes.
    pub mode: Mode,
    /// Whether a refusal by this rule only warns (`with.detectionMode`).
    pub detection: bool,
    /// Who judges.
    pub judged_by: JudgedBy,
    /// Counters, found once.
    pub metrics: RuleMetrics,
}

/// What happens to a reference that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is pinned to the verified digest (`mutate`).
    #[default]
    Mutate,
    /// It stays as it is (`insecureValidateOnly`): the runtime may then pull other bytes than were verified.
    ValidateOnly,
}

/// Who judges an image under a rule.
#[derive(Debug, Clone)]
pub enum JudgedBy {
    /// A static validator: the answer is known without looking.
    Static(Approval),
    /// A validator that verifies evidence, bound to this rule's options.
    Verifying(Arc<dyn Verifier>),
}
