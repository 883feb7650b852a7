//! `connaisseur verify` against a registry in this process.

use std::io::Write as _;
use std::process::Stdio;

use connaisseur::image::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Ran, connaisseur, folder, run};
use crate::support::World;

/// An address where nothing listens.
const DOWN: &str = "127.0.0.1:1";

/// A registry, and a folder with a configuration and keys.
struct Place {
    world: World,
    folder: TempDir,
    signed: Digest,
}

impl Place {
    fn new() -> Self {
        let world = World::start();
        let signed = world.push_signed("app", "v1");
        world.registry.push_image("app", "unsigned");
        world.push_signed_by(&world.mallory, "app", "forged");
        let (ours, down) = (world.image("*:*"), format!("{DOWN}/*:*"));
        let rules = [
            (ours.as_str(), "ours"),
            (down.as_str(), "ours"),
            ("registry.k8s.io/*:*", "allow"),
            ("*:*", "deny"),
        ];
        let config = world.config_with(&rules, "");
        let folder = folder(&[
            ("config.yaml", &config),
            ("alice.pub", world.alice.public_key_pem()),
            ("mallory.pub", world.mallory.public_key_pem()),
        ]);
        Self { world, folder, signed }
    }

    fn verify(&self, args: &[&str]) -> Ran {
        run(self.folder.path(), &[&["verify"], args].concat())
    }

    /// With the configuration.
    fn judge(&self, args: &[&str]) -> Ran {
        self.verify(&[&["--config", "config.yaml"], args].concat())
    }

    /// A manifest in the folder.
    fn manifest(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Text that is the same at every run.
    fn shown(&self, text: &str) -> String {
        text.replace(&self.world.registry.host(), "registry.test:5000")
    }
}

const DOCS: &str = include_str!("../../../docs/verify.md");

/// The lines of a JSON output; times are what no two runs have in common. Every field and word in it
/// must be documented.
fn lines(place: &Place, ran: &Ran) -> Value {
    let mut lines: Value = serde_json::from_str(&place.shown(&ran.out)).unwrap();
    for line in lines.as_array_mut().unwrap() {
        assert!(line["milliseconds"].is_u64(), "{line}");
        let fields = line.as_object().unwrap().keys().map(String::as_str);
        let words = ["verdict", "reason"].map(|field| line[field].as_str());
        for word in fields.chain(words.into_iter().flatten()) {
            assert!(DOCS.contains(&format!("`{word}`")), "`{word}` is not in docs/verify.md");
        }
        line["milliseconds"] = json!("[time]");
    }
    lines
}

#[test]
fn the_worst_image_decides_the_exit_code() {
    let place = Place::new();
    let image = |name| place.world.image(name);
    let down = format!("{DOWN}/app:v1");
    let pinned = place.world.pinned("app", place.signed);
    let (signed, unsigned, forged) = (image("app:v1"), image("app:unsigned"), image("app:forged"));
    let allowed = "registry.k8s.io/pause:3.10".to_owned();
    for (code, images) in [
        (0, vec![&signed]),
        (0, vec![&pinned]),
        (0, vec![&signed, &allowed]),
        (1, vec![&unsigned]),
        (1, vec![&forged]),
        (1, vec![&image("app:missing")]),
        (1, vec![&"nginx".to_owned()]),
        (1, vec![&"No Image".to_owned()]),
        (3, vec![&down]),
        (3, vec![&signed, &down]),
        (1, vec![&signed, &down, &unsigned]),
    ] {
        let images: Vec<&str> = images.into_iter().map(String::as_str).collect();
        for format in ["text", "json"] {
            let ran = place.judge(&[&["-o", format], &images[..]].concat());
            assert_eq!((ran.code, &*ran.err), (Some(code), ""), "{images:?}: {}", ran.out);
        }
    }
}

#[test]
fn each_verdict_has_its_fields_in_json_and_its_line_in_text() {
    let place = Place::new();
    let image = |name| place.world.image(name);
    let down = format!("{DOWN}/app:v1");
    let images = [
        image("app:v1"),
        place.world.pinned("app", place.signed),
        image("app:unsigned"),
        image("app:forged"),
        image("app:missing"),
        down,
        "registry.k8s.io/pause:3.10".to_owned(),
        "nginx".to_owned(),
        "No Image".to_owned(),
    ];
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let json = place.judge(&[&["-o", "json"], &images[..]].concat());
    insta::assert_json_snapshot!("verdicts", lines(&place, &json));

    let text = place.judge(&images);
    let words = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    };
    let time = regex::Regex::new(r" \d+ ms ").unwrap();
    let text: Vec<String> = place.shown(&text.out).lines().map(words).collect();
    insta::assert_snapshot!("verdicts_as_text", time.replace_all(&text.join("\n"), " [time] "));
}

#[test]
fn a_key_in_place_of_a_configuration_must_have_signed_every_image() {
    let place = Place::new();
    let image = |name| place.world.image(name);
    for (code, key, name) in [
        (0, "alice.pub", image("app:v1")),
        (1, "mallory.pub", image("app:v1")),
        (0, "mallory.pub", image("app:forged")),
        (1, "alice.pub", image("app:forged")),
        (1, "alice.pub", image("app:unsigned")),
        (3, "alice.pub", format!("{DOWN}/app:v1")),
    ] {
        let ran = place.verify(&["--key", key, &name]);
        assert_eq!((ran.code, &*ran.err), (Some(code), ""), "{key} {name}: {}", ran.out);
        let shows_pin = ran.out.contains(&format!("{name}@sha256:"));
        assert_eq!(shows_pin, code == 0, "{}", ran.out);
    }
    let pod = crate::support::pod(&[&image("app:v1")]).to_string();
    place.manifest("pod.yaml", &pod);
    for (code, key) in [(0, "alice.pub"), (1, "mallory.pub")] {
        let ran = place.verify(&["--key", key, "-f", "pod.yaml"]);
        assert_eq!((ran.code, &*ran.err), (Some(code), ""), "{key}: {}", ran.out);
    }
}

#[test]
fn manifests_are_answered_as_the_webhook_would_answer_them() {
    let place = Place::new();
    let image = |name| place.world.image(name);
    let pod = |name: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n\
             spec: {{containers: [{{name: app, image: \"{image}\"}}]}}\n"
        )
    };
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [{
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"generateName": "nightly-"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {
            "initContainers": [{"name": "init", "image": image("app:v1")}],
            "containers": [{"name": "job", "image": place.world.pinned("app", place.signed)}],
        }}}}},
    }, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}]});
    place.manifest("good.yaml", &format!("---\n{}---\n---\n{list}\n", pod("a", &image("app:v1"))));
    place.manifest("bad.yaml", &pod("b", &image("app:unsigned")));
    place.manifest("down.yaml", &pod("c", &format!("{DOWN}/app:v1")));

    let good = place.judge(&["-o", "json", "-f", "good.yaml"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert_eq!(good.err, "not judged, the webhooks are not asked about it: Service/web\n");
    let all = ["-o", "json", "-f", "good.yaml", "-f", "down.yaml", "-f", "bad.yaml"];
    let all = place.judge(&all);
    assert_eq!(all.code, Some(1));
    insta::assert_json_snapshot!("manifests", lines(&place, &all));
    assert_eq!(place.judge(&["-f", "good.yaml", "-f", "down.yaml"]).code, Some(3));
}

#[test]
fn a_manifest_may_come_on_standard_input() {
    let place = Place::new();
    for (name, code) in [("app:v1", 0), ("app:unsigned", 1)] {
        let args = ["verify", "--config", "config.yaml", "-f", "-"];
        let mut command = connaisseur(place.folder.path(), &args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let pod = crate::support::pod(&[&place.world.image(name)]).to_string();
        child.stdin.take().unwrap().write_all(pod.as_bytes()).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &*ran.err), (Some(code), ""), "{}", ran.out);
        assert!(ran.out.contains("Pod/web"), "{}", ran.out);
    }
}
