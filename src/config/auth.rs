//! `auth` and `cert`: the fields that validators share which talk to a registry.

use serde_json::{Value, json};
use x509_cert::Certificate;

use super::fields::Fields;
use super::problem::Place;
use super::secrets::Credentials;
use super::{LoadContext, access};

/// Reads the logins of `auth`, none where it is absent.
///
/// A login that cannot be read is a problem, never an anonymous request: that might reach another
/// image than the login would.
pub fn credentials(fields: &mut Fields<'_>, context: &LoadContext<'_>) -> Credentials {
    let Some(mut auth) = fields.mapping("auth") else {
        return Credentials::default();
    };
    let name = auth.string("secretName");
    let keychain = auth.boolean("useKeychain");
    // Their values are in the context already; here only what is wrong with them is said.
    for realm in auth.strings("realms").unwrap_or_default() {
        if access::host(realm.value).is_none() {
            let what = format!("`{}` is no host of a token realm", realm.value);
            auth.report(realm.place, what, "write host or host:port, without `https://`");
        }
    }
    let mut credentials = Credentials::default();
    if let Some(name) = name {
        match context.secrets.read(name.value) {
            Ok(read) => credentials = read,
            Err(what) => auth.report(name.place, what, secret_fix(name.value)),
        }
    } else if let Some(keychain) = keychain {
        if keychain.value {
            auth.report(
                keychain.place,
                "`useKeychain` is not supported yet",
                "put the login into a secret and name it with `secretName`",
            );
        }
    } else if !auth.has("secretName") && !auth.has("useKeychain") {
        auth.report(
            auth.place(),
            "neither secretName nor useKeychain defined",
            "add `secretName:` with the name of a secret, or remove `auth`",
        );
    }
    auth.finish();
    credentials
}

fn secret_fix(name: &str) -> String {
    format!(
        "put `secret.yaml` or `.dockerconfigjson` into the folder `{name}` of the secrets directory"
    )
}

/// Reads `cert`: the PEM certificates that replace the system's roots towards the registry.
pub fn ca(fields: &mut Fields<'_>) -> Option<String> {
    let cert = fields.string("cert")?;
    match certificates(cert.value) {
        Ok(()) => Some(cert.value.to_owned()),
        Err(why) => {
            report_certificate(fields, cert.place, why);
            None
        }
    }
}

/// The JSON schema of `auth`.
pub fn auth_schema(description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "properties": {
            "secretName": {"type": "string", "description": "a folder of the secrets directory"},
            "realms": {
                "type": "array",
                "items": {"type": "string"},
                "description": "hosts of token services that may receive the login",
            },
        },
    })
}

/// The JSON schema of `cert`.
pub fn ca_schema(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn certificates(pem: &str) -> Result<(), &'static str> {
    if pem.contains("PRIVATE KEY-----") {
        return Err("it holds a private key");
    }
    match Certificate::load_pem_chain(pem.as_bytes()) {
        Ok(chain) if chain.is_empty() => Err("there is no certificate in it"),
        Ok(_) => Ok(()),
        Err(_) => Err("it is not PEM of X.509 certificates"),
    }
}

fn report_certificate(fields: &Fields<'_>, place: Place, why: &str) {
    fields.report(
        place,
        format!("invalid certificate in `cert`: {why}"),
        "write the CA as PEM, from `-----BEGIN CERTIFICATE-----` to the end line",
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::problem::Problems;
    use crate::config::resolve::fakes;
    use crate::config::{RegistryAccess, Secrets, Sections, tree};

    fn in_secrets_dir(text: &str, dir: &std::path::Path) -> (Credentials, Vec<String>) {
        let sections = Sections::default();
        let problems = Problems::default();
        let node = tree::parse(text, &problems).unwrap();
        let credentials = credentials(
            &mut Fields::of(&node, "a validator", &problems).unwrap(),
            &LoadContext {
                name: "v",
                sections: &sections,
                access: &Arc::new(RegistryAccess::default()),
                secrets: &Secrets::new(dir.to_owned()),
                runtime: &fakes::runtime(&sections),
            },
        );
        (credentials, problems.into_sorted().into_iter().map(|problem| problem.what).collect())
    }

    #[test]
    fn a_secret_is_read_also_where_the_keychain_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("s")).unwrap();
        let login = "username: u\npassword: p\nregistry: reg.example\n";
        std::fs::write(dir.path().join("s/secret.yaml"), login).unwrap();
        for text in ["{auth: {secretName: s}}", "{auth: {secretName: s, useKeychain: true}}"] {
            let (credentials, problems) = in_secrets_dir(text, dir.path());
            assert_eq!(problems, [""; 0], "{text}");
            assert!(credentials.lookup("reg.example", "app").is_some(), "{text}");
        }
    }

    #[test]
    fn without_auth_or_with_the_keychain_off_there_is_no_login() {
        for text in ["{name: v}", "{auth: {useKeychain: false, realms: [token.example]}}"] {
            let (credentials, problems) = in_secrets_dir(text, "/nonexistent".as_ref());
            assert!(problems.is_empty() && credentials.is_empty(), "{text}: {problems:?}");
        }
    }

    fn ca_of(pem: &str) -> (Option<String>, Vec<String>) {
        let problems = Problems::default();
        let indented = pem.replace('\n', "\n  ");
        let node = tree::parse(&format!("cert: |\n  {indented}\n"), &problems).unwrap();
        let ca = ca(&mut Fields::of(&node, "a validator", &problems).unwrap());
        (ca, problems.into_sorted().into_iter().map(|problem| problem.what).collect())
    }

    #[test]
    fn a_ca_is_one_certificate_or_several() {
        let pem = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap().cert.pem();
        for pem in [pem.clone(), format!("{pem}{pem}")] {
            let (ca, problems) = ca_of(&pem);
            assert_eq!(problems, [""; 0]);
            assert_eq!(
                ca.unwrap().matches("BEGIN CERTIFICATE").count(),
                pem.matches("BEGIN").count()
            );
        }
    }

    #[test]
    fn a_ca_that_is_cut_off_or_has_a_key_beside_it_is_refused() {
        let pair = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        let pem = pair.cert.pem();
        let cut: String = pem.chars().take(200).collect();
        let with_key = format!("{pem}{}", pair.signing_key.serialize_pem());
        let then_junk =
            format!("{pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        for pem in [cut, with_key, then_junk] {
            let (ca, problems) = ca_of(&pem);
            assert!(ca.is_none(), "{pem}");
            assert!(problems[0].starts_with("invalid certificate in `cert`"), "{problems:?}");
        }
    }
}
