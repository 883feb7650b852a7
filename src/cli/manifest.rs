//! Manifests as the admission reviews that their creation would cause.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};

use crate::admission::{self, Review, Which, Workload};
use crate::config::Limits;

/// Bytes of one manifest file, all documents together.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// One object of a manifest.
#[derive(Debug)]
pub(super) struct Object {
    /// `Kind/name`, for people.
    pub(super) name: String,
    /// API group, empty for the core group.
    pub(super) group: String,
    /// Kind.
    pub(super) kind: String,
    /// The `AdmissionReview` of its creation.
    pub(super) review: Vec<u8>,
}

impl Object {
    /// The references of its images; none if they cannot be told, which its review will say.
    pub(super) fn images(&self) -> Vec<String> {
        let limits = Limits::default();
        let Ok(review) = admission::decode(&self.review, &limits) else {
            return Vec::new();
        };
        let Review { request, .. } = &review;
        let Ok(workload) = Workload::read(&request.kind, request.object, Which::New) else {
            return Vec::new();
        };
        let images = workload.images_to_judge(&limits).unwrap_or_default();
        images.iter().map(|one| one.image.to_string()).collect()
    }
}

/// Reads every object of every file, in order; `-` is standard input.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Object>> {
    let mut objects = Vec::new();
    for file in files {
        let text = read_text(file)?;
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
            .map_err(|error| anyhow!("{} is no YAML: {}", file.display(), first_line(&error)))?;
        for document in documents {
            collect(&document, &mut objects).with_context(|| format!("in {}", file.display()))?;
        }
    }
    if objects.is_empty() {
        // Most likely what should have made the manifest failed: nothing must not pass for good.
        bail!("there is no object in the manifests");
    }
    Ok(objects)
}

/// The parser's sentence without the text around the place.
fn first_line(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

fn read_text(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(MAX_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|open| open.take(MAX_BYTES + 1).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        bail!("{} is larger than {MAX_BYTES} bytes", file.display());
    }
    Ok(text)
}

/// Adds one document; the items of a list one by one. Empty documents are nothing.
fn collect(document: &Value, objects: &mut Vec<Object>) -> anyhow::Result<()> {
    if document.is_null() {
        return Ok(());
    }
    let kind = text_at(document, "/kind").context("a document has no `kind`")?;
    if kind.ends_with("List")
        && let Some(Value::Array(items)) = document.get("items")
    {
        return items.iter().try_for_each(|item| collect(item, objects));
    }
    let api_version = text_at(document, "/apiVersion").context("a document has no `apiVersion`")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let name = text_at(document, "/metadata/name")
        .or_else(|| text_at(document, "/metadata/generateName"))
        .unwrap_or_default();
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000000",
            "kind": {"group": group, "version": version, "kind": kind},
            "name": name,
            "namespace": text_at(document, "/metadata/namespace").unwrap_or_else(|| "default".into()),
            "operation": "CREATE",
            "dryRun": true,
            "object": document,
        },
    });
    objects.push(Object {
        name: format!("{kind}/{name}"),
        group: group.to_owned(),
        kind: kind.clone(),
        review: serde_json::to_vec(&review)?,
    });
    Ok(())
}

fn text_at(document: &Value, pointer: &str) -> Option<String> {
    document.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Vec<Object> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("manifest.yaml");
        std::fs::write(&file, text).unwrap();
        read(&[file]).unwrap()
    }

    #[test]
    fn documents_and_items_of_lists_become_reviews() {
        let found = objects(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n---\n\
             apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: b}\n",
        );
        let names: Vec<_> = found.iter().map(|object| (&*object.name, &*object.group)).collect();
        assert_eq!(names, [("Pod/a", ""), ("Deployment/b", "apps")]);
        let review: Value = serde_json::from_slice(&found[1].review).unwrap();
        assert_eq!(review["request"]["kind"]["group"], "apps");
        assert_eq!(review["request"]["object"]["metadata"]["name"], "b");
    }

    #[test]
    fn what_holds_no_object_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("manifest.yaml");
        for (text, words) in [
            ("metadata: {}", "no `kind`"),
            ("kind: Pod", "no `apiVersion`"),
            ("", "there is no object"),
            ("---\n# nothing\n---\n", "there is no object"),
            ("a: [", "manifest.yaml is no YAML: "),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = format!("{:#}", read(std::slice::from_ref(&file)).unwrap_err());
            assert!(error.contains(words), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
