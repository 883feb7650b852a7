//! The parts of Kubernetes objects that are read, borrowed from the request's body.
//!
//! Fields that are not named here are skipped without being built; a wrong JSON type in one that
//! is named is an error.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::text::Text;

/// Where an object keeps its pod spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `spec`.
    Pod,
    /// `template.spec`.
    PodTemplate,
    /// `spec.template.spec`.
    Templated,
    /// `spec.jobTemplate.spec.template.spec`.
    CronJob,
}

impl Shape {
    /// The JSON pointer to the pod spec.
    pub(super) fn pod_spec(self) -> &'static str {
        match self {
            Self::Pod => "/spec",
            Self::PodTemplate => "/template/spec",
            Self::Templated => "/spec/template/spec",
            Self::CronJob => "/spec/jobTemplate/spec/template/spec",
        }
    }
}

/// Reads metadata and pod spec of an object.
///
/// # Errors
/// A field that is used has a wrong JSON type or occurs twice.
pub(super) fn read(
    shape: Shape,
    json: &str,
) -> Result<(Metadata<'_>, Option<PodSpec<'_>>), serde_json::Error> {
    Ok(match shape {
        Shape::Pod => {
            let Map(object) = serde_json::from_str::<Map<Object<'_, PodSpec<'_>>>>(json)?;
            (object.metadata.0, object.spec.map(Map::inner))
        }
        Shape::PodTemplate => {
            let Map(object) = serde_json::from_str::<Map<PodTemplate<'_>>>(json)?;
            (object.metadata.0, object.template.and_then(pod_spec_of))
        }
        Shape::Templated => {
            let Map(object) = serde_json::from_str::<Map<Object<'_, Templated<'_>>>>(json)?;
            let template = object.spec.and_then(|spec| spec.0.template);
            (object.metadata.0, template.and_then(pod_spec_of))
        }
        Shape::CronJob => {
            let Map(object) = serde_json::from_str::<Map<Object<'_, CronJobSpec<'_>>>>(json)?;
            let job = object.spec.and_then(|spec| spec.0.job_template);
            let template = job.and_then(|job| job.0.spec).and_then(|spec| spec.0.template);
            (object.metadata.0, template.and_then(pod_spec_of))
        }
    })
}

fn pod_spec_of(template: Map<Template<'_>>) -> Option<PodSpec<'_>> {
    template.0.spec.map(Map::inner)
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) generate_name: Text<'a>,
    #[serde(borrow)]
    pub(super) deletion_timestamp: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec<'a> {
    #[serde(borrow, deserialize_with = "list")]
    pub(super) containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    pub(super) init_containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    pub(super) ephemeral_containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    pub(super) volumes: Vec<Volume<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Container<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) image: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Volume<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) image: Option<Map<ImageVolume<'a>>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ImageVolume<'a> {
    #[serde(borrow)]
    pub(super) reference: Text<'a>,
}

#[derive(serde::Deserialize)]
struct Object<'a, S> {
    #[serde(borrow, default)]
    metadata: Map<Metadata<'a>>,
    spec: Option<Map<S>>,
}

#[derive(serde::Deserialize)]
struct PodTemplate<'a> {
    #[serde(borrow, default)]
    metadata: Map<Metadata<'a>>,
    #[serde(borrow)]
    template: Option<Map<Template<'a>>>,
}

#[derive(serde::Deserialize)]
struct Templated<'a> {
    #[serde(borrow)]
    template: Option<Map<Template<'a>>>,
}

#[derive(serde::Deserialize)]
struct Template<'a> {
    #[serde(borrow)]
    spec: Option<Map<PodSpec<'a>>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CronJobSpec<'a> {
    #[serde(borrow)]
    job_template: Option<Map<JobTemplate<'a>>>,
}

#[derive(serde::Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: Option<Map<Templated<'a>>>,
}

/// A JSON object and nothing else: serde alone would also take an array, as the fields in the
/// order in which they happen to be declared here.
#[derive(Debug, Default)]
pub(super) struct Map<T>(pub(super) T);

impl<T> Map<T> {
    fn inner(self) -> T {
        self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData)).map(Self)
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A list of objects that may be `null`, as Go writes empty ones.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Option::<Vec<Map<T>>>::deserialize(from)?;
    Ok(list.unwrap_or_default().into_iter().map(Map::inner).collect())
}
