//! The images that an object would run: one table from kind to the place of its pod spec.
//!
//! Everything that runs code counts: containers, init containers, ephemeral containers and image
//! volumes. A kind that is not in the table is refused, not passed over.

use std::fmt;

use serde_json::value::RawValue;

use super::images::{ImageUse, List, images_of};
use super::review::GroupVersionKind;
use super::spec::{self, Shape};
use super::text::{Text, shown};
use crate::config::Limits;

/// How much of a kind or a JSON error a message shows.
const SHOWN_CHARS: usize = 256;

/// An object with a pod template, or a Pod.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    kind: &'static Kind,
    /// `metadata.name`, or for a Pod without one its `generateName`.
    pub name: Text<'a>,
    /// Whether it is being deleted.
    pub deleting: bool,
    images: Vec<ImageUse<'a>>,
}

/// Which of the two objects of an update is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `object`.
    New,
    /// `oldObject`.
    Old,
}

/// Why the images of an object cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadFault {
    /// A kind that is not in the table.
    #[error(
        "unknown workload kind \"{kind}\": Connaisseur judges Pods and the built-in kinds with a pod template; remove other kinds from the webhook's rules"
    )]
    UnknownKind {
        /// The kind.
        kind: Box<str>,
    },
    /// A kind of the table, but of another group: somebody's own resource.
    #[error(
        "unknown workload kind \"{kind}\" of API group \"{group}\": only the built-in one of group \"{known}\" is known"
    )]
    UnknownGroup {
        /// The kind.
        kind: Box<str>,
        /// The group that was sent.
        group: Box<str>,
        /// The group in which the kind is known.
        known: &'static str,
    },
    /// The object is absent or has JSON of the wrong type.
    #[error("cannot convert the {which} object to a {kind}: {why}")]
    Conversion {
        /// Which object.
        which: Which,
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        why: Box<str>,
    },
    /// Nothing that could be judged.
    #[error("no containers found in workload object")]
    NoContainers,
    /// A container or an image volume without an image.
    #[error(
        "no image is given for {place}: every container and image volume must name one, also where something else would fill it in later"
    )]
    NoImage {
        /// Where.
        place: Box<str>,
    },
    /// More images than one request may have.
    #[error(
        "the object uses {count} images, more than the limit of {limit} (limits.imagesPerRequest)"
    )]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    group: &'static str,
    name: &'static str,
    shape: Shape,
}

/// Every kind that is judged.
const KINDS: &[Kind] = &[
    Kind { group: "", name: "Pod", shape: Shape::Pod },
    Kind { group: "", name: "PodTemplate", shape: Shape::PodTemplate },
    Kind { group: "", name: "ReplicationController", shape: Shape::Templated },
    Kind { group: "apps", name: "DaemonSet", shape: Shape::Templated },
    Kind { group: "apps", name: "Deployment", shape: Shape::Templated },
    Kind { group: "apps", name: "ReplicaSet", shape: Shape::Templated },
    Kind { group: "apps", name: "StatefulSet", shape: Shape::Templated },
    Kind { group: "batch", name: "CronJob", shape: Shape::CronJob },
    Kind { group: "batch", name: "Job", shape: Shape::Templated },
];

impl<'a> Workload<'a> {
    /// Finds the images of an object.
    ///
    /// # Errors
    /// The kind is unknown, or the object is absent or not of its kind.
    pub fn read(
        kind: &GroupVersionKind<'_>,
        object: Option<&'a RawValue>,
        which: Which,
    ) -> Result<Self, WorkloadFault> {
        let kind = Kind::find(kind)?;
        let fault = |why: &str| WorkloadFault::Conversion {
            which,
            kind: kind.name,
            why: shown(why, SHOWN_CHARS).into(),
        };
        let object = object.ok_or_else(|| fault("there is no object"))?;
        let (metadata, pod_spec) =
            spec::read(kind.shape, object.get()).map_err(|error| fault(&error.to_string()))?;
        let unnamed_pod = kind.shape == Shape::Pod && metadata.name.is_empty();
        let name = if unnamed_pod { metadata.generate_name } else { metadata.name };
        let deleting = !metadata.deletion_timestamp.is_empty();
        let images = pod_spec.map(images_of).unwrap_or_default();
        Ok(Self { kind, name, deleting, images })
    }

    /// Tells whether objects of this kind run images, so that the webhooks are asked about them.
    pub fn is_known(group: &str, kind: &str) -> bool {
        KINDS.iter().any(|known| known.group == group && known.name == kind)
    }

    /// The name of the kind, as `Pod`.
    pub fn kind(&self) -> &'static str {
        self.kind.name
    }

    /// Whether it is a Pod itself, not a template for some.
    pub fn is_pod(&self) -> bool {
        self.kind.shape == Shape::Pod
    }

    /// Every use of an image, in the order of the lists and within them, to be judged.
    ///
    /// # Errors
    /// There is none, one is empty, or there are too many.
    pub fn images_to_judge(&self, limits: &Limits) -> Result<&[ImageUse<'a>], WorkloadFault> {
        if !self.images.iter().any(|image| image.list != List::Volumes) {
            return Err(WorkloadFault::NoContainers);
        }
        let (count, limit) = (self.images.len(), limits.images_per_request);
        if count > limit {
            return Err(WorkloadFault::TooMany { count, limit });
        }
        if let Some(empty) = self.images.iter().find(|image| image.image.is_empty()) {
            return Err(WorkloadFault::NoImage { place: empty.to_string().into() });
        }
        Ok(&self.images)
    }

    /// Every use of an image, as it stands: to be compared, not to be judged.
    pub(super) fn images(&self) -> &[ImageUse<'a>] {
        &self.images
    }

    /// The JSON pointer to the reference that `image` is.
    pub(super) fn pointer(&self, image: &ImageUse<'_>) -> String {
        let (pod_spec, list) = (self.kind.shape.pod_spec(), image.list.field());
        format!("{pod_spec}/{list}/{}/{}", image.index, image.list.reference())
    }
}

impl Kind {
    fn find(wanted: &GroupVersionKind<'_>) -> Result<&'static Self, WorkloadFault> {
        let kind = || shown(&wanted.kind, SHOWN_CHARS).into();
        let known = KINDS
            .iter()
            .find(|known| known.name == &*wanted.kind)
            .ok_or_else(|| WorkloadFault::UnknownKind { kind: kind() })?;
        if known.group == &*wanted.group {
            return Ok(known);
        }
        Err(WorkloadFault::UnknownGroup {
            kind: kind(),
            group: shown(&wanted.group, SHOWN_CHARS).into(),
            known: known.group,
        })
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Old => "old",
        })
    }
}

#[cfg(test)]
mod tests;
