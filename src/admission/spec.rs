//! The parts of Kubernetes objects that are read, borrowed from the request's body.
//!
//! Fields that are not named here are skipped without being built; a wrong JSON type in one that
//! is named is an error.

use serde::de::{Deserialize, Deserializer};

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
            let object: Object<'_, PodSpec<'_>> = serde_json::from_str(json)?;
            (object.metadata, object.spec)
        }
        Shape::PodTemplate => {
            let object: PodTemplate<'_> = serde_json::from_str(json)?;
            (
                object.metadata,
                object.template.and_then(|template| template.spec),
            )
        }
        Shape::Templated => {
            let object: Object<'_, Templated<'_>> = serde_json::from_str(json)?;
            (object.metadata, object.spec.and_then(Templated::pod_spec))
        }
        Shape::CronJob => {
            let object: Object<'_, CronJobSpec<'_>> = serde_json::from_str(json)?;
            let job = object.spec.and_then(|spec| spec.job_template);
            (
                object.metadata,
                job.and_then(|job| job.spec).and_then(Templated::pod_spec),
            )
        }
    })
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
    pub(super) image: Option<ImageVolume<'a>>,
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
    metadata: Metadata<'a>,
    spec: Option<S>,
}

#[derive(serde::Deserialize)]
struct PodTemplate<'a> {
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    template: Option<Template<'a>>,
}

#[derive(serde::Deserialize)]
struct Templated<'a> {
    #[serde(borrow)]
    template: Option<Template<'a>>,
}

impl<'a> Templated<'a> {
    fn pod_spec(self) -> Option<PodSpec<'a>> {
        self.template?.spec
    }
}

#[derive(serde::Deserialize)]
struct Template<'a> {
    #[serde(borrow)]
    spec: Option<PodSpec<'a>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CronJobSpec<'a> {
    #[serde(borrow)]
    job_template: Option<JobTemplate<'a>>,
}

#[derive(serde::Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: Option<Templated<'a>>,
}

/// A list that may be `null`, as Go writes empty ones.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(from).map(Option::unwrap_or_default)
}
