//! What is admitted without being verified, and why: never by index alone, never by what an
//! author can claim.

use std::collections::HashSet;

use super::images::{ImageUse, List};
use super::review::Operation;
use super::workload::Workload;

/// Why an image or a whole request is admitted without being verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// The rule's validator approves every image.
    Static,
    /// The same reference stood at the same place before.
    Unchanged,
    /// The reference stands in the template of the owner.
    Child,
    /// The object is being deleted and gains no image.
    Deleting,
}

impl Skip {
    /// The word for metrics and audit annotations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Unchanged => "unchanged",
            Self::Child => "child",
            Self::Deleting => "deleting",
        }
    }
}

/// What an object was before an update; nothing for all other operations.
#[derive(Debug, Default)]
pub struct Before<'a> {
    deleting: bool,
    /// Hashed, so that a huge object cannot make the comparison quadratic.
    images: HashSet<(List, &'a str, &'a str)>,
}

impl<'a> Before<'a> {
    /// Takes the old object. It counts only for an update, whatever else a request carries.
    pub fn of(operation: Operation, old: Option<&'a Workload<'_>>) -> Self {
        let Some(old) = old.filter(|_| operation == Operation::Update) else {
            return Self::default();
        };
        let places =
            old.images().iter().map(|image| (image.list, &*image.container, &*image.image));
        Self { deleting: old.deleting, images: places.collect() }
    }

    /// Tells whether the same reference stood in the container of the same name in the same list.
    pub fn has(&self, image: &ImageUse<'_>) -> bool {
        self.images.contains(&(image.list, &*image.container, &*image.image))
    }

    /// Tells whether the whole update needs no verification: no image of it is new or changed, and
    /// the object is being deleted or is a Pod.
    ///
    /// A template that did not change is judged all the same unless the feature is on: it makes
    /// new Pods, whereas a Pod has long pulled its images.
    pub fn skips(&self, new: &Workload<'_>) -> Option<Skip> {
        let same = !new.images().is_empty() && new.images().iter().all(|image| self.has(image));
        match (same, self.deleting) {
            (true, true) => Some(Skip::Deleting),
            (true, false) if new.is_pod() => Some(Skip::Unchanged),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
