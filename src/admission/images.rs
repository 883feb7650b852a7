//! Where in a pod spec images are used: everything that runs code, or brings files to it.

use std::fmt;

use super::spec::PodSpec;
use super::text::{Text, shown};

/// How much of a container's name a message shows; a valid one has at most 63 letters.
const SHOWN_CHARS: usize = 64;

/// One place of an object where an image is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse<'a> {
    /// The list in which it stands.
    pub list: List,
    /// Its place in the list.
    pub index: usize,
    /// The name of the container or volume.
    pub container: Text<'a>,
    /// The reference as written.
    pub image: Text<'a>,
}

/// The lists of a pod spec that name images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum List {
    /// `containers`.
    Containers,
    /// `initContainers`.
    InitContainers,
    /// `ephemeralContainers`.
    EphemeralContainers,
    /// `volumes`, those with an `image`.
    Volumes,
}

impl List {
    /// The name of the list in the object.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::InitContainers => "initContainers",
            Self::EphemeralContainers => "ephemeralContainers",
            Self::Volumes => "volumes",
        }
    }

    /// Where an entry of the list has its reference, as the rest of a JSON pointer.
    pub(super) fn reference(self) -> &'static str {
        match self {
            Self::Volumes => "image/reference",
            Self::Containers | Self::InitContainers | Self::EphemeralContainers => "image",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Containers => "container",
            Self::InitContainers => "init container",
            Self::EphemeralContainers => "ephemeral container",
            Self::Volumes => "image volume",
        }
    }
}

impl fmt::Display for ImageUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.list.noun(), shown(&self.container, SHOWN_CHARS))
    }
}

/// Every use of an image in a pod spec, in the order of the lists and within them.
pub(super) fn images_of(pod: PodSpec<'_>) -> Vec<ImageUse<'_>> {
    let mut images = Vec::with_capacity(pod.containers.len() + pod.init_containers.len());
    for (list, containers) in [
        (List::Containers, pod.containers),
        (List::InitContainers, pod.init_containers),
        (List::EphemeralContainers, pod.ephemeral_containers),
    ] {
        images.extend(containers.into_iter().enumerate().map(|(index, container)| ImageUse {
            list,
            index,
            container: container.name,
            image: container.image,
        }));
    }
    images.extend(pod.volumes.into_iter().enumerate().filter_map(|(index, volume)| {
        let image = volume.image?.0.reference;
        Some(ImageUse { list: List::Volumes, index, container: volume.name, image })
    }));
    images
}
