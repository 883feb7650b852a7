//! Secret files as Kubernetes mounts them, look-ups, and what must never be shown.

use std::os::unix::fs::symlink;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

const LOGIN: &str = "username: u\npassword: hunter2\nregistry: reg.example/team\n";

fn dir_with(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn read(dir: &TempDir, name: &str) -> Result<Credentials, String> {
    Secrets::new(dir.path().to_owned()).read(name)
}

fn user_at(credentials: &Credentials, host: &str, path: &str) -> Option<String> {
    let login = credentials.lookup(host, path)?;
    Some(format!("{}:{}", login.username, login.password.expose_secret()))
}

#[test]
fn secret_yaml_is_looked_for_before_dockerconfigjson() {
    let dir = dir_with(&[("s/secret.yaml", LOGIN), ("s/.dockerconfigjson", "broken")]);
    let credentials = read(&dir, "s").unwrap();
    assert_eq!(user_at(&credentials, "reg.example", "team/app").as_deref(), Some("u:hunter2"));
    assert_eq!(user_at(&credentials, "reg.example", "teams/app"), None);
    assert_eq!(user_at(&credentials, "reg.example", "other"), None);
}

#[test]
fn a_login_without_a_registry_is_for_no_registry() {
    let dir = dir_with(&[("s/secret.yaml", "username: u\npassword: p\n")]);
    let credentials = read(&dir, "s").unwrap();
    assert!(!credentials.is_empty());
    assert_eq!(user_at(&credentials, "", ""), None);
    assert_eq!(user_at(&credentials, "reg.example", "app"), None);
}

#[test]
fn the_longest_path_by_whole_components_wins_and_hosts_are_equal() {
    let auth = |user: &str| {
        use base64::Engine as _;
        let text = format!("{user}:p:w");
        format!(r#"{{"auth": "{}"}}"#, base64::engine::general_purpose::STANDARD.encode(text))
    };
    let config = format!(
        r#"{{"auths": {{"https://index.docker.io/v1/": {}, "registry.io": {}, "registry.io/a": {},
            "https://registry.io/a/b/": {}, "http://plain.example:5000": {{"username": "plain", "password": "pw"}}}},
            "credsStore": "x"}}"#,
        auth("hub"),
        auth("root"),
        auth("a"),
        auth("ab"),
    );
    let dir = dir_with(&[("s/.dockerconfigjson", &config)]);
    let credentials = read(&dir, "s").unwrap();
    for (host, path, user) in [
        ("index.docker.io", "library/nginx", Some("hub:p:w")),
        ("registry.io", "x", Some("root:p:w")),
        ("registry.io", "a", Some("a:p:w")),
        ("registry.io", "a/c", Some("a:p:w")),
        ("registry.io", "ab", Some("root:p:w")),
        ("registry.io", "a/b/c", Some("ab:p:w")),
        ("registry.io", "a/bc", Some("a:p:w")),
        ("plain.example:5000", "x", Some("plain:pw")),
        ("plain.example", "x", None),
        ("registry.io.evil.example", "a", None),
        ("docker.io", "library/nginx", None),
    ] {
        assert_eq!(user_at(&credentials, host, path).as_deref(), user, "{host}/{path}");
    }
}

/// File, what it holds, and a part of what is said of it.
const BAD_SECRETS: &[(&str, &str, &str)] = &[
    ("secret.yaml", "username: hunter2\n", "must hold `username`"),
    ("secret.yaml", "username: u\npassword: hunter2\nhunter2: x\n", "must hold `username`"),
    ("secret.yaml", "password: [hunter2\n", "must hold `username`"),
    ("secret.yaml", "hunter2", "must hold `username`"),
    (
        "secret.yaml",
        "username: u\npassword: hunter2\nregistry: 'a b'\n",
        "unable to parse registry",
    ),
    (".dockerconfigjson", "{\"hunter2\": 1}", "is no Docker configuration"),
    (
        ".dockerconfigjson",
        "{\"auths\": {\"r.example\": \"hunter2\"}}",
        "is no Docker configuration",
    ),
    (".dockerconfigjson", "{\"auths\": {\"r.example\": {\"auth\": \"hunter2!\"}}}", "no base64"),
    (
        ".dockerconfigjson",
        "{\"auths\": {\"r.example\": {\"auth\": \"aHVudGVyMg==\"}}}",
        "user:password",
    ),
    (
        ".dockerconfigjson",
        "{\"auths\": {\"r.example\": {\"password\": \"hunter2\"}}}",
        "neither `auth`",
    ),
    (
        ".dockerconfigjson",
        "{\"auths\": {\"hunter2@r.example\": {\"username\": \"u\", \"password\": \"p\"}}}",
        "unable to parse registry",
    ),
    (
        ".dockerconfigjson",
        "{\"auths\": {\"r.example\": {\"username\": \"u\", \"password\": \"hunter2\"},
              \"https://R.example/\": {\"username\": \"u\", \"password\": \"p\"}}}",
        "another entry",
    ),
];

#[test]
fn what_is_wrong_with_a_secret_is_said_without_any_of_it() {
    for (file, text, expected) in BAD_SECRETS {
        let dir = dir_with(&[(&format!("s/{file}"), text)]);
        let why = read(&dir, "s").unwrap_err();
        assert!(why.contains(expected), "{text}: {why}");
        assert!(!why.contains("hunter2"), "{why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

#[test]
fn a_missing_secret_says_which() {
    let dir = dir_with(&[("s/other", "x")]);
    for name in ["s", "absent"] {
        let why = read(&dir, name).unwrap_err();
        assert!(why.starts_with(&format!("no authentication file for secret `{name}`")), "{why}");
    }
}

#[test]
fn a_name_cannot_leave_the_directory() {
    let dir = dir_with(&[("secrets/s/secret.yaml", LOGIN), ("outside/secret.yaml", LOGIN)]);
    let secrets = Secrets::new(dir.path().join("secrets"));
    let absolute = dir.path().join("outside");
    for name in
        ["..", ".", "", "../outside", "s/../../outside", "s/", "/", absolute.to_str().unwrap()]
    {
        let read = secrets.read(name);
        // A slash at the end names the same folder.
        assert_eq!(read.is_ok(), name == "s/", "{name:?}: {read:?}");
    }
}

#[test]
fn links_may_not_leave_the_folder_of_the_secret() {
    let dir = dir_with(&[
        ("secrets/good/secret.yaml", LOGIN),
        ("secrets/file/other", "x"),
        ("secrets/loose/other", "x"),
        ("outside/secret.yaml", LOGIN),
    ]);
    let root = dir.path().join("secrets");
    symlink("../../outside/secret.yaml", root.join("file/secret.yaml")).unwrap();
    symlink("nowhere", root.join("loose/secret.yaml")).unwrap();
    symlink("../outside", root.join("folder")).unwrap();
    symlink(".", root.join("self")).unwrap();
    symlink("good", root.join("sibling")).unwrap();
    std::fs::create_dir(root.join("neighbour")).unwrap();
    symlink("../good/secret.yaml", root.join("neighbour/secret.yaml")).unwrap();
    let secrets = Secrets::new(root);
    for (name, expected) in [
        ("file", "leads out of its folder"),
        ("neighbour", "leads out of its folder"),
        ("loose", "is a link to nothing"),
        ("folder", "leads out of the secrets directory"),
        ("self", "leads out of the secrets directory"),
    ] {
        let why = secrets.read(name).unwrap_err();
        assert!(why.contains(expected), "{name}: {why}");
    }
    assert!(secrets.read("sibling").is_ok());
}

#[test]
fn secrets_are_read_as_kubernetes_mounts_them() {
    let dir = dir_with(&[("s/..2026_01_01/secret.yaml", LOGIN)]);
    symlink("..2026_01_01", dir.path().join("s/..data")).unwrap();
    symlink("..data/secret.yaml", dir.path().join("s/secret.yaml")).unwrap();
    assert!(read(&dir, "s").is_ok());
}

#[test]
fn a_secret_that_is_too_large_or_no_file_is_refused() {
    let dir =
        dir_with(&[("large/secret.yaml", &" ".repeat(MAX_BYTES + 1)), ("d/secret.yaml/x", "")]);
    assert!(read(&dir, "large").unwrap_err().contains("larger than 1 MiB"));
    assert!(read(&dir, "d").unwrap_err().contains("is no file"));
}

#[test]
fn debug_prints_no_secret() {
    let dir = dir_with(&[("s/secret.yaml", LOGIN)]);
    let credentials = read(&dir, "s").unwrap();
    let login = credentials.lookup("reg.example", "team").unwrap();
    assert_eq!(format!("{credentials:?} {login:?}"), "Credentials(1 entries) Login(..)");
}
