//! The reviews that a real API server sent, replayed: every kind, by both webhooks.
//!
//! The recorded registry is replaced by one in this process. Images are the same at every run, so
//! that the digests in the snapshots are, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use connaisseur::admission::Webhook;
use connaisseur::engine::Engine;
use connaisseur::image::Digest;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::support::{Answer, World, ask, decide};

/// The registry of the recordings.
const RECORDED: &str = "registry.example.test/";

/// Digests that were made up for the recordings, and the images that they are to be.
const MADE_UP: [(&str, &str); 2] = [
    ("7f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0", "web:v2"),
    ("2d5c8f4b0d7f0c1e6a9b3a4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80", "app:v2"),
];

/// Images of `team/` that alice signed.
const SIGNED: [&str; 12] = [
    "app:v1",
    "app:v2",
    "debug:v1",
    "first:v1",
    "init:v0",
    "init:v1",
    "log:v1",
    "model:v1",
    "sidecar:v1",
    "sidecar:v2",
    "web:v1",
    "web:v2",
];

/// A world that has the recorded images, and the reviews that name them.
struct Recorded {
    world: World,
    /// By file name without its ending.
    reviews: BTreeMap<String, Vec<u8>>,
}

impl Recorded {
    fn start() -> Self {
        let world = World::start();
        let mut digests: BTreeMap<&str, Digest> = BTreeMap::new();
        for image in SIGNED {
            let (repository, tag) = image.split_once(':').unwrap();
            digests.insert(image, world.push_signed(&format!("team/{repository}"), tag));
        }
        for number in 0..20 {
            world.push_signed(&format!("team/app-{number}"), "v1");
        }
        // Nobody signed the second debugger, somebody else the migration; `app:v3` and `init:v2`
        // are not there at all.
        world.registry.push_image("team/debug", "v2");
        world.push_signed_by(&world.mallory, "team/migrate", "v1");
        let reviews = recordings()
            .map(|(name, text)| {
                let mut text = text.replace(RECORDED, &world.image(""));
                for (made_up, image) in MADE_UP {
                    text = text.replace(made_up, &digests[image].hex());
                }
                (name, text.into_bytes())
            })
            .collect();
        Self { world, reviews }
    }

    /// An engine with a rule of each sort.
    fn engine(&self) -> Arc<Engine> {
        let ours = self.world.image("team/*:*");
        let rules = [
            ("*:*", "deny"),
            (ours.as_str(), "ours"),
            ("registry.example.test:5000/*:*", "allow"),
            ("docker.io/library/nginx:*", "allow"),
        ];
        self.world.engine(&self.world.config_with(&rules, ""))
    }

    /// An answer with its patch in clear and the registry as it was recorded.
    fn shown(&self, answer: &Answer) -> Value {
        let mut shown = answer.0.clone();
        if let Some(patch) = answer.patch() {
            shown["response"]["patch"] = patch;
        }
        let text = shown.to_string().replace(&self.world.image(""), RECORDED);
        serde_json::from_str(&text).unwrap()
    }
}

/// Every recording, by its name.
fn recordings() -> impl Iterator<Item = (String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reviews");
    fs::read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let json = path.extension().is_some_and(|ending| ending == "json");
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        json.then(|| (name, fs::read_to_string(&path).unwrap()))
    })
}

#[test]
fn every_recorded_review_is_answered_as_in_its_snapshot() {
    let recorded = Recorded::start();
    let engine = recorded.engine();
    assert!(recorded.reviews.len() >= 40, "the recordings are missing");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/reviews");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (name, body) in &recorded.reviews {
        let answers = recorded.world.run(async {
            let mutate = decide(&engine, Webhook::Mutate, body).await;
            let validate = decide(&engine, Webhook::Validate, body).await;
            [mutate, validate]
        });
        let [mutate, validate] = answers.each_ref().map(|answer| recorded.shown(answer));
        let question: Value = serde_json::from_slice(body).unwrap();
        for answer in [&mutate, &validate] {
            assert_eq!(answer["response"]["uid"], question["request"]["uid"], "{name}");
            assert_eq!(answer["apiVersion"], question["apiVersion"], "{name}");
            assert_eq!(answer["kind"], "AdmissionReview", "{name}");
        }
        let responses = json!({
            "mutate": shown_response(mutate), "validate": shown_response(validate),
        });
        insta::assert_json_snapshot!(name.as_str(), responses);
    }
}

/// The response without the uid, which a snapshot need not repeat.
fn shown_response(mut answer: Value) -> Value {
    let response = answer["response"].as_object_mut().unwrap();
    response.remove("uid");
    Value::Object(std::mem::take(response))
}

#[test]
fn what_mutate_admits_validate_admits_once_it_is_patched_and_asks_no_registry() {
    let recorded = Recorded::start();
    let engine = recorded.engine();
    let mut admitted = 0;
    for (name, body) in &recorded.reviews {
        recorded.world.run(async {
            let answer = decide(&engine, Webhook::Mutate, body).await;
            if !answer.allowed() {
                return;
            }
            admitted += 1;
            let mut review: Value = serde_json::from_slice(body).unwrap();
            if let Some(patch) = answer.patch() {
                let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
                json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
            }
            recorded.world.registry.clear_log();
            let final_object = review.to_string();
            let answer = decide(&engine, Webhook::Validate, final_object.as_bytes()).await;
            assert!(answer.allowed(), "{name}: {}", answer.message());
            assert_eq!(recorded.world.requests(), [""; 0], "{name}");
            // Reinvocation: the mutating webhook leaves alone what it has pinned.
            let again = decide(&engine, Webhook::Mutate, final_object.as_bytes()).await;
            assert!(again.allowed(), "{name}: {}", again.message());
            assert_eq!(again.patch(), None, "{name}");
        });
    }
    assert!(admitted > 30, "only {admitted} were admitted");
}

/// The reviews, and engines that judge broken copies of them.
struct Broken {
    recorded: Recorded,
    names: Vec<String>,
    usual: Arc<Engine>,
    deny_all: Arc<Engine>,
}

static BROKEN: LazyLock<Broken> = LazyLock::new(|| {
    let recorded = Recorded::start();
    let usual = recorded.engine();
    let deny_all = recorded.world.config_with(&[("*:*", "deny")], "");
    Broken {
        names: recorded.reviews.keys().cloned().collect(),
        usual,
        deny_all: recorded.world.engine(&deny_all),
        recorded,
    }
});

impl Broken {
    fn ask(&self, engine: &Engine, body: &[u8]) -> Option<Answer> {
        let reply = self.recorded.world.run(ask(engine, Webhook::Mutate, body));
        if reply.status == 200 {
            return Some(Answer::read(&reply.body));
        }
        assert_eq!(reply.status, 400);
        let sentence = String::from_utf8(reply.body.to_vec()).unwrap();
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        None
    }
}

fn any_recording() -> impl Strategy<Value = String> {
    select(&BROKEN.names[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_review_that_is_cut_off_is_never_admitted(name in any_recording(), at in any::<Index>()) {
        let body = &BROKEN.recorded.reviews[&name];
        // The last byte is a newline: a review without it is whole.
        let cut = &body[..at.index(body.len() - 1)];
        let answer = BROKEN.ask(&BROKEN.usual, cut);
        prop_assert!(answer.is_none_or(|answer| !answer.allowed()), "{} bytes of {name}", cut.len());
    }

    #[test]
    fn no_single_byte_makes_a_denied_creation_pass(
        name in any_recording(), at in any::<Index>(), byte in any::<u8>(),
    ) {
        let mut body = BROKEN.recorded.reviews[&name].clone();
        let whole: Value = serde_json::from_slice(&body).unwrap();
        let at = at.index(body.len());
        body[at] = byte;
        let answer = BROKEN.ask(&BROKEN.deny_all, &body);
        // An update may become one that changes nothing: that admits rightly.
        if whole["request"]["operation"] == "CREATE" {
            prop_assert!(answer.is_none_or(|answer| !answer.allowed()), "byte {at} of {name}");
        }
    }
}
