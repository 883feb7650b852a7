//! Bad input: exit code 2 and one clear message, the same from every command that reads it.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;

use connaisseur::cli::demo::signer::{KeyChoice, Signer};
use rcgen::generate_simple_self_signed;

use super::{folder, run};

const GOOD: &str = "validators:
  - {name: allow, type: static, approve: true}
policy:
  - {pattern: \"*:*\", validator: allow}
";

const BROKEN_KEY: &str = "validators:
  - name: ours
    type: cosign
    trustRoots:
      - name: default
        key: |
          -----BEGIN PUBLIC KEY-----
          AAAA
          -----END PUBLIC KEY-----
policy:
  - {pattern: \"*:*\", validator: ours, with: {verifyInTransparencyLog: false}}
";

const BROKEN_PEM: &str = "-----BEGIN PUBLIC KEY-----
          AAAA
          -----END PUBLIC KEY-----";

const SEVERAL: &str = "validators:
  - {name: allow, type: statics, approve: true}
policy:
  - {pattern: \"*:*\", validator: nobody}
  - {pattern: \"a b\"}
sever: {listen: x}
timeouts: {request: forever}
";

/// Standard error of a run that ends with 2 and prints nothing else: one message.
fn refused(folder: &Path, args: &[&str]) -> String {
    let ran = run(folder, args);
    assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
    assert_eq!(ran.out, "", "{args:?}");
    assert!(ran.err.starts_with("error: "), "{args:?}: {}", ran.err);
    assert!(!ran.err.contains("panicked") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    ran.err
}

#[test]
fn a_bad_configuration_is_refused_in_the_same_words_by_all_who_read_it() {
    let unknown_key = GOOD.replace("approve: true", "approve: true, aprove: true");
    let dangling = GOOD.replace("validator: allow", "validator: alow");
    let key = Signer::generate(KeyChoice::EcdsaP256).unwrap();
    let key = key.public_key_pem().trim_end().replace('\n', "\n          ");
    let log = BROKEN_KEY.replace(", with: {verifyInTransparencyLog: false}", "");
    let log = log.replace(BROKEN_PEM, &key);
    let folder = folder(&[
        ("broken.yaml", "validators: [\n"),
        ("empty.yaml", ""),
        ("unknown-key.yaml", &unknown_key),
        ("dangling.yaml", &dangling),
        ("key.yaml", BROKEN_KEY),
        ("log.yaml", &log),
        ("several.yaml", SEVERAL),
    ]);
    let mut all = String::new();
    for file in [
        "missing.yaml",
        ".",
        "broken.yaml",
        "empty.yaml",
        "unknown-key.yaml",
        "dangling.yaml",
        "key.yaml",
        "log.yaml",
        "several.yaml",
    ] {
        let checked = refused(folder.path(), &["check", "--config", file]);
        let serve = ["serve", "--config", file, "--self-signed", "--listen", "127.0.0.1:0"];
        assert_eq!(refused(folder.path(), &serve), checked, "{file}");
        let verify = ["verify", "--config", file, "nginx"];
        assert_eq!(refused(folder.path(), &verify), checked, "{file}");
        write!(all, "{file}\n{checked}\n").unwrap();
    }
    insta::assert_snapshot!("configurations", all);
}

#[test]
fn a_good_configuration_is_said_to_be_good() {
    let folder = folder(&[("good.yaml", GOOD)]);
    let ran = run(folder.path(), &["check", "--config", "good.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[1].starts_with("*:*      allow      static"), "{}", ran.out);
    assert!(lines.last().unwrap().starts_with("good: validators: 1, rules: 1"), "{}", ran.out);
}

#[test]
fn what_keeps_a_server_from_serving_is_one_message_with_what_to_do() {
    let (one, other) = (["one.test".to_owned()], ["other.test".to_owned()]);
    let one = generate_simple_self_signed(one).unwrap();
    let other = generate_simple_self_signed(other).unwrap();
    let folder = folder(&[
        ("good.yaml", GOOD),
        ("one.crt", &one.cert.pem()),
        ("one.key", &one.signing_key.serialize_pem()),
        ("other.key", &other.signing_key.serialize_pem()),
        ("rubbish", "rubbish"),
    ]);
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    let mut all = String::new();
    for args in [
        vec![],
        vec!["--tls-cert", "missing.crt", "--tls-key", "one.key"],
        vec!["--tls-cert", "one.crt", "--tls-key", "missing.key"],
        vec!["--tls-cert", "rubbish", "--tls-key", "one.key"],
        vec!["--tls-cert", "one.crt", "--tls-key", "rubbish"],
        vec!["--tls-cert", "one.crt", "--tls-key", "other.key"],
        vec!["--tls-cert", "one.crt"],
        vec!["--self-signed", "--tls-cert", "one.crt", "--tls-key", "one.key"],
        vec!["--self-signed", "--listen", &address, "--metrics-listen", free],
        vec!["--self-signed", "--listen", free, "--metrics-listen", &address],
        vec!["--self-signed", "--listen", "nowhere"],
    ] {
        let args = [&["serve", "--config", "good.yaml"][..], &args].concat();
        let said = refused(folder.path(), &args);
        writeln!(all, "{}\n{said}", args.join(" ")).unwrap();
    }
    insta::assert_snapshot!("serving", all.replace(&address, "127.0.0.1:PORT"));
}

#[test]
fn verify_says_what_is_wrong_with_what_it_was_given() {
    let folder = folder(&[
        ("good.yaml", GOOD),
        ("rubbish.pub", "rubbish"),
        ("broken.yaml", "a: ["),
        ("empty.yaml", "---\n"),
        ("no-object.yaml", "a: b\n"),
    ]);
    let mut all = String::new();
    for args in [
        &[][..],
        &["--key", "missing.pub", "nginx"],
        &["--key", "rubbish.pub", "nginx"],
        &["--key", "rubbish.pub", "--config", "good.yaml", "nginx"],
        &["--config", "good.yaml", "-f", "missing.yaml"],
        &["--config", "good.yaml", "-f", "broken.yaml"],
        &["--config", "good.yaml", "-f", "empty.yaml"],
        &["--config", "good.yaml", "-f", "no-object.yaml"],
        &["--config", "good.yaml", "-f", "-"],
        &["--config", "good.yaml", "-f", "broken.yaml", "nginx"],
        &["--config", "good.yaml", "-o", "xml", "nginx"],
    ] {
        let args = [&["verify"][..], args].concat();
        let said = refused(folder.path(), &args);
        writeln!(all, "{}\n{said}", args.join(" ")).unwrap();
    }
    insta::assert_snapshot!("verifying", all);
}
