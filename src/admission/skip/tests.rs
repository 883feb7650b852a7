//! What may pass without being verified, and what may not.

use serde_json::value::RawValue;

use super::*;
use crate::admission::{GroupVersionKind, Which};

const POD: (&str, &str) = ("", "Pod");
const DEPLOYMENT: (&str, &str) = ("apps", "Deployment");

/// An object's JSON, from `list/container=image` and perhaps a mark of deletion.
fn object(kind: (&str, &str), images: &[&str], deleting: bool) -> Box<RawValue> {
    let mut spec = serde_json::json!({});
    for image in images {
        let (list, rest) = image.split_once('/').expect("a list");
        let (name, image) = rest.split_once('=').expect("a name");
        let container = serde_json::json!({"name": name, "image": image});
        match spec[list].as_array_mut() {
            Some(containers) => containers.push(container),
            None => spec[list] = serde_json::json!([container]),
        }
    }
    if kind == DEPLOYMENT {
        spec = serde_json::json!({"template": {"spec": spec}});
    }
    let stamp = deleting.then_some("2026-01-01T00:00:00Z");
    let object = serde_json::json!({"metadata": {"deletionTimestamp": stamp}, "spec": spec});
    RawValue::from_string(object.to_string()).expect("JSON")
}

fn read<'a>((group, kind): (&'static str, &'static str), object: &'a RawValue) -> Workload<'a> {
    let kind = GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() };
    Workload::read(&kind, Some(object), Which::New).expect("good")
}

#[test]
fn only_updates_that_gain_no_image_are_skipped() {
    let app: &[&str] = &["containers/app=a:1"];
    let both: &[&str] = &["containers/app=a:1", "containers/side=b:1"];
    for (kind, old, deleting, new, expected) in [
        (POD, app, false, app, Some(Skip::Unchanged)),
        (POD, both, false, app, Some(Skip::Unchanged)),
        (POD, app, true, app, Some(Skip::Deleting)),
        (DEPLOYMENT, app, false, app, None),
        (DEPLOYMENT, app, true, app, Some(Skip::Deleting)),
        (POD, app, false, both, None),
        (POD, app, true, both, None),
        (POD, app, false, &["containers/app=a:2"], None),
        (POD, app, true, &["containers/app=a:2"], None),
        // the same image in another list or under another name is new
        (POD, app, false, &["initContainers/app=a:1"], None),
        (POD, app, false, &["containers/other=a:1"], None),
        (POD, app, false, &["containers/app=a:1", "ephemeralContainers/app=a:1"], None),
        // images that changed places: an index alone would see no difference in their order
        (POD, both, false, &["containers/app=b:1", "containers/side=a:1"], None),
        (POD, both, false, &["containers/side=b:1", "containers/app=a:1"], Some(Skip::Unchanged)),
        (POD, app, false, &[], None),
        (POD, &[], true, &[], None),
    ] {
        let (old, new) = (object(kind, old, deleting), object(kind, new, false));
        let (old, new) = (read(kind, &old), read(kind, &new));
        let skip = |operation| Before::of(operation, Some(&old)).skips(&new);
        assert_eq!(skip(Operation::Update), expected, "{:?} to {:?}", old.images(), new.images());
        assert_eq!(skip(Operation::Create), None, "a CREATE has nothing before it");
        assert_eq!(skip(Operation::Other), None);
    }
}

#[test]
fn a_mark_of_deletion_counts_only_on_the_old_object() {
    let (old, new) = (
        object(DEPLOYMENT, &["containers/a=a:1"], false),
        object(DEPLOYMENT, &["containers/a=a:1"], true),
    );
    let (old, new) = (read(DEPLOYMENT, &old), read(DEPLOYMENT, &new));
    assert_eq!(Before::of(Operation::Update, Some(&old)).skips(&new), None);
    assert_eq!(Before::of(Operation::Update, None).skips(&new), None);
}

#[test]
fn comparing_huge_objects_is_not_quadratic() {
    let images: Vec<String> = (0..100_000).map(|at| format!("containers/c{at}=a:1")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let object = object(POD, &images, true);
    let pod = read(POD, &object);
    assert_eq!(Before::of(Operation::Update, Some(&pod)).skips(&pod), Some(Skip::Deleting));
}
