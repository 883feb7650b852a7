//! `auth` and `cert`: the fields that validators share which talk to a registry.

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
            auth.report(
                realm.place,
                what,
                "write host or host:port, without `https://`",
            );
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
