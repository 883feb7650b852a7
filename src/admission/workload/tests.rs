//! Every kind and every place where an image can stand.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn kind(group: &'static str, kind: &'static str) -> GroupVersionKind<'static> {
    GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() }
}

fn raw(object: &Value) -> Box<RawValue> {
    RawValue::from_string(object.to_string()).expect("JSON")
}

/// Every list of a pod spec with an image.
fn pod_spec() -> Value {
    json!({
        "containers": [{"name": "app", "image": "app:1", "ports": [{"containerPort": 80}]}, {"name": "side", "image": "side:1"}],
        "initContainers": [{"name": "init", "image": "init:1"}],
        "ephemeralContainers": [{"name": "debug", "image": "debug:1", "targetContainerName": "app"}],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "model", "image": {"reference": "model:1", "pullPolicy": "Always"}}],
    })
}

/// The object of each kind with the pod spec at its place.
fn objects() -> Vec<(GroupVersionKind<'static>, Value)> {
    let meta = json!({"name": "web", "labels": {"a": "b"}});
    let templated = json!({"metadata": meta, "spec": {"replicas": 2, "template": {"metadata": {}, "spec": pod_spec()}}});
    vec![
        (kind("", "Pod"), json!({"metadata": meta, "spec": pod_spec()})),
        (kind("", "PodTemplate"), json!({"metadata": meta, "template": {"spec": pod_spec()}})),
        (kind("", "ReplicationController"), templated.clone()),
        (kind("apps", "DaemonSet"), templated.clone()),
        (kind("apps", "Deployment"), templated.clone()),
        (kind("apps", "ReplicaSet"), templated.clone()),
        (kind("apps", "StatefulSet"), templated.clone()),
        (kind("batch", "Job"), templated),
        (
            kind("batch", "CronJob"),
            json!({"metadata": meta, "spec": {"jobTemplate": {"spec": {"template": {"spec": pod_spec()}}}}}),
        ),
    ]
}

#[test]
fn every_image_of_every_kind_is_found_and_its_pointer_leads_to_it() {
    let all = objects();
    assert_eq!(all.len(), KINDS.len(), "a kind of the table has no case here");
    for (kind, object) in all {
        let text = raw(&object);
        let workload = Workload::read(&kind, Some(&text), Which::New).expect("good");
        assert_eq!(
            (&*workload.name, workload.kind(), workload.deleting),
            ("web", &*kind.kind, false)
        );
        let images = workload.images_to_judge(&Limits::default()).expect("good");
        let found: Vec<(String, &str)> =
            images.iter().map(|image| (image.to_string(), &*image.image)).collect();
        let expected = [
            ("container `app`", "app:1"),
            ("container `side`", "side:1"),
            ("init container `init`", "init:1"),
            ("ephemeral container `debug`", "debug:1"),
            ("image volume `model`", "model:1"),
        ];
        assert_eq!(found, expected.map(|(place, image)| (place.to_owned(), image)));
        for image in images {
            let pointer = workload.pointer(image);
            assert_eq!(
                object.pointer(&pointer).and_then(Value::as_str),
                Some(&*image.image),
                "{pointer}"
            );
        }
    }
}

#[test]
fn kinds_that_are_not_in_the_table_are_refused() {
    let object = raw(&json!({"spec": pod_spec()}));
    for (group, name, said) in [
        ("autoscaling", "Scale", "unknown workload kind \"Scale\""),
        ("", "pod", "unknown workload kind \"pod\""),
        ("", "", "unknown workload kind \"\""),
        (
            "apps.example",
            "Deployment",
            "unknown workload kind \"Deployment\" of API group \"apps.example\"",
        ),
        ("apps", "Pod", "unknown workload kind \"Pod\" of API group \"apps\""),
        ("extensions", "ReplicaSet", "only the built-in one of group \"apps\""),
    ] {
        let fault = Workload::read(&kind(group, name), Some(&object), Which::New)
            .expect_err(name)
            .to_string();
        assert!(fault.contains(said), "{fault}");
    }
}

#[test]
fn wrong_types_are_refused_and_the_object_is_named() {
    for (object, why) in [
        ("null", "invalid type"),
        ("[]", "expected an object"),
        (r#"{"spec":"x"}"#, "expected an object"),
        (r#"{"spec":{"containers":{}}}"#, "expected a sequence"),
        (r#"{"spec":{"containers":[null]}}"#, "invalid type: null"),
        (r#"{"spec":{"containers":["x"]}}"#, "expected an object"),
        (r#"{"spec":{"containers":[{"name":"a","image":5}]}}"#, "expected a string"),
        (r#"{"spec":{"containers":[{"name":["a"],"image":"x"}]}}"#, "expected a string"),
        (r#"{"spec":{"containers":[{"image":"good:1","image":"bad:1"}]}}"#, "duplicate field"),
        (r#"{"spec":{"containers":[],"containers":[{"image":"x"}]}}"#, "duplicate field"),
        (r#"{"spec":{"volumes":[{"image":"x"}]}}"#, "expected an object"),
        (r#"{"spec":{"containers":[["app","app:1"]]}}"#, "expected an object"),
        (r#"{"spec":[[{"name":"a","image":"x:1"}]]}"#, "expected an object"),
        (r#"{"spec":{"containers":[{"image":"good:1","ima\u0067e":"bad:1"}]}}"#, "duplicate field"),
        (r#"{"metadata":{"name":1}}"#, "expected a string"),
    ] {
        let text = RawValue::from_string(object.to_owned()).expect("JSON");
        let fault = Workload::read(&kind("", "Pod"), Some(&text), Which::Old);
        let fault = fault.expect_err(object).to_string();
        assert!(fault.starts_with("cannot convert the old object to a Pod: "), "{fault}");
        assert!(fault.contains(why), "{object}: {fault}");
    }
    let absent =
        Workload::read(&kind("", "Pod"), None, Which::New).expect_err("absent").to_string();
    assert_eq!(absent, "cannot convert the new object to a Pod: there is no object");
}

#[test]
fn objects_without_images_or_with_too_many_are_refused() {
    let limits = Limits { images_per_request: 3, ..Limits::default() };
    let fault = |spec: Value| {
        let text = raw(&json!({"spec": spec}));
        let workload = Workload::read(&kind("", "Pod"), Some(&text), Which::New).expect("good");
        workload.images_to_judge(&limits).map(<[_]>::len).map_err(|fault| fault.to_string())
    };
    let none = Err("no containers found in workload object".to_owned());
    assert_eq!(fault(json!(null)), none);
    assert_eq!(fault(json!({})), none);
    assert_eq!(fault(json!({"containers": null, "initContainers": []})), none);
    assert_eq!(fault(json!({"volumes": [{"name": "v", "image": {"reference": "x:1"}}]})), none);
    assert_eq!(fault(json!({"initContainers": [{"name": "a", "image": "x:1"}]})), Ok(1));
    for (spec, place) in [
        (json!({"containers": [{"name": "a"}]}), "container `a`"),
        (json!({"containers": [{"name": "a", "image": ""}]}), "container `a`"),
        (json!({"containers": [{"name": "a", "image": null}]}), "container `a`"),
        (
            json!({"containers": [{"name": "a", "image": "x:1"}], "volumes": [{"name": "v", "image": {}}]}),
            "image volume `v`",
        ),
    ] {
        let said = fault(spec).expect_err("no image");
        assert!(said.starts_with(&format!("no image is given for {place}")), "{said}");
    }
    let many = vec![json!({"name": "a", "image": "x:1"}); 4];
    assert_eq!(fault(json!({"containers": many[1..]})), Ok(3));
    assert!(
        fault(json!({"containers": many}))
            .is_err_and(|said| said.contains("4 images, more than the limit of 3"))
    );
}

#[test]
fn a_pod_without_a_name_has_that_which_is_generated() {
    let text = raw(
        &json!({"metadata": {"generateName": "web-", "deletionTimestamp": "2026-01-01T00:00:00Z"}}),
    );
    let pod = Workload::read(&kind("", "Pod"), Some(&text), Which::New).expect("good");
    assert_eq!((&*pod.name, pod.deleting), ("web-", true));
    let job = Workload::read(&kind("batch", "Job"), Some(&text), Which::New).expect("good");
    assert_eq!((&*job.name, job.is_pod()), ("", false));
}

proptest! {
    #[test]
    fn reading_any_json_never_panics(at in 0..600_usize, letter in "[ -~]") {
        for (kind, object) in objects() {
            let mut text = object.to_string();
            let at = at % text.len();
            text.replace_range(at..=at, &letter);
            if let Ok(raw) = RawValue::from_string(text)
                && let Ok(workload) = Workload::read(&kind, Some(&raw), Which::New)
            {
                prop_assert!(workload.images().len() <= 5);
            }
        }
    }
}
