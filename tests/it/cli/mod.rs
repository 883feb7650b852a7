//! The program as people and pipelines run it: exit codes, and what stands on which stream.

mod bad_input;
mod serve;
mod verify;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program, with nothing of this process's environment.
fn connaisseur(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connaisseur"));
    command.args(args).current_dir(folder).env_clear();
    command.stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    connaisseur(folder, args).output().unwrap().into()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn the_demo_decides_as_expected_and_shows_how() {
    let folder = folder(&[]);
    let ran = run(folder.path(), &["demo", "--once"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{}", ran.out);
    let lines: Vec<&str> = ran.out.lines().collect();
    let rows: Vec<&str> = lines.iter().copied().filter(|line| line.ends_with("  yes")).collect();
    for (decision, at_least) in
        [("admitted, pinned", 2), ("admitted unchanged", 2), ("denied 403", 5), ("denied 503", 1)]
    {
        let found = rows.iter().filter(|row| row.contains(decision)).count();
        assert!(found >= at_least, "{found} times {decision} in\n{}", ran.out);
    }
    // A row for each case; below a denial, and nowhere else, its reason.
    for pair in lines.windows(2).filter(|pair| rows.contains(&pair[0])) {
        assert_eq!(pair[0].contains("denied"), pair[1].starts_with("    "), "{pair:?}");
    }
    assert!(!ran.out.contains('\u{1b}'), "colour without a terminal");
}

#[test]
fn the_schema_is_json_that_describes_what_can_be_set() {
    let folder = folder(&[]);
    let ran = run(folder.path(), &["schema"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    let schema: Value = serde_json::from_str(&ran.out).unwrap();
    let mut described = 0;
    describe(&schema, "", &mut described);
    assert!(described > 40, "only {described} settings");
}

/// Every property that is not a mapping of further ones says what it means. `type` needs no words:
/// it chooses the others.
fn describe(schema: &Value, path: &str, described: &mut usize) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "properties" {
                    for (name, property) in value.as_object().unwrap() {
                        let path = format!("{path}.{name}");
                        if property.get("properties").is_none() && name != "type" {
                            assert!(property["description"].is_string(), "{path}: {property}");
                            *described += 1;
                        }
                        describe(property, &path, described);
                    }
                } else {
                    describe(value, path, described);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| describe(item, path, described)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn completions_know_the_commands() {
    let folder = folder(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(folder.path(), &["completions", shell]);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{shell}");
        for command in ["serve", "verify", "check", "demo", "schema"] {
            assert!(ran.out.contains(command), "{shell} does not know {command}");
        }
    }
    assert_eq!(run(folder.path(), &["completions", "tcl"]).code, Some(2));
}
