//! `type: notaryv1`: Docker Content Trust, which is TUF as a notary speaks it.
//!
//! *options* are parsed when the file is read, *fetch* talks to the notary, *judge* is pure:
//!
//! ```text
//! verifier      one look at a repository for all its tags, then a look-up
//!   judge         root → timestamp → snapshot → targets → delegation
//!     walk          what each step does with a file
//!     signed        content only together with who signed it
//!       metadata      bytes → what they say
//!   fetch         asks for what the judge needs next
//! collection    proven: tag → digest; collections remembers it
//! ```

mod collection;
mod collections;
mod delegation;
mod evidence;
mod fetch;
mod floors;
mod judge;
mod metadata;
mod options;
mod refusals;
mod role;
mod root;
mod schema;
mod signed;
mod verifier;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use self::collections::Collections;
use self::floors::FloorsOfAll;
use self::role::Role;
use self::signed::SignedFiles;
use self::verifier::{NotaryVerifier, Survey, SurveyKey};
use super::fingerprint::Parts;
use super::trust_roots::{self, TrustRoot};
use super::{Fingerprint, Runtime, Validator, ValidatorType};
use crate::config::{Fields, LoadContext, RegistryAccess, ca, credentials};
use crate::flights::Flights;
use crate::image::RepositoryName;
use crate::oci::{Client, ClientSettings, Service};
use crate::policy::JudgedBy;

/// The limits of notary's own client for what has no length that is vouched for, and for what has.
const SMALL_FILE_BYTES: usize = 1024 * 1024;
const TARGETS_BYTES: usize = 16 * 1024 * 1024;

pub(super) const TYPE: ValidatorType = ValidatorType {
    name: "notaryv1",
    doc: "verifies Docker Content Trust: tags that were signed at a notary",
    schema: schema::schema,
    parse,
};

/// A configured validator.
#[derive(Debug)]
struct NotaryV1 {
    shared: Arc<Shared>,
    roots: Vec<TrustRoot>,
}

/// What all rules of one validator share.
#[derive(Debug)]
struct Shared {
    client: Client,
    notary: Service,
    runtime: Runtime,
    /// The validator and its way of reaching the notary.
    reach: Fingerprint,
    files: Arc<SignedFiles>,
    collections: Collections,
    floors: FloorsOfAll,
    surveys: Flights<SurveyKey, Survey>,
    /// The longest life of a verdict.
    lifetime: Duration,
    /// How long a look that nobody waits for may take.
    refresh_within: Duration,
}

fn parse(fields: &mut Fields<'_>, context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let notary = notary(fields);
    let roots = trust_roots::trust_roots(fields, context, "belongs to validators of other types");
    let ca_pem = ca(fields);
    let credentials = credentials(fields, context);
    let notary = notary?;
    let settings = ClientSettings {
        validator: context.name.into(),
        ca_pem,
        credentials: credentials.meant_for(notary.host()),
        access: access(context.access, &notary).into(),
        limits: context.sections.limits.clone(),
        timeouts: context.sections.timeouts.clone(),
        metrics: context.runtime.metrics.clone(),
    };
    let shared = shared(fields, context, notary, settings)?;
    Some(Arc::new(NotaryV1 { roots: roots?, shared: Arc::new(shared) }))
}

/// Reads `host`. It has no default: a notary that everybody shared is gone.
fn notary(fields: &mut Fields<'_>) -> Option<Service> {
    let host = fields.required_string("host")?;
    Service::parse(host.value)
        .map_err(|fault| {
            let what = format!("invalid url for notary host: {fault}");
            fields.report(host.place, what, "write it as `https://notary.example:4443`");
        })
        .ok()
}

/// Whoever writes the notary's address names it: it may be on a private address, and be spoken to
/// without TLS where `http://` stands there.
fn access(access: &RegistryAccess, notary: &Service) -> RegistryAccess {
    let mut access = access.clone();
    access.named.insert(notary.host().to_owned());
    if !notary.is_tls() {
        access.insecure.insert(notary.host().to_owned());
    }
    access
}

fn shared(
    fields: &Fields<'_>,
    context: &LoadContext<'_>,
    notary: Service,
    settings: ClientSettings,
) -> Option<Shared> {
    let reach = reach(&settings, &notary);
    match Client::new(settings) {
        Ok(client) => Some(Shared {
            client,
            notary,
            runtime: context.runtime.clone(),
            reach,
            files: Arc::default(),
            collections: Collections::default(),
            floors: FloorsOfAll::default(),
            surveys: Flights::default(),
            lifetime: context.sections.cache.verdict_max_age,
            refresh_within: context.sections.timeouts.image,
        }),
        Err(fault) => {
            fields.report(fields.place(), fault.to_string(), "check `cert` of this validator");
            None
        }
    }
}

/// The validator and its way of reaching the notary, without its login: what is remembered of a
/// name lives for seconds, and secrets are never hashed into keys.
fn reach(settings: &ClientSettings, notary: &Service) -> Fingerprint {
    let mut parts = Parts::default();
    parts
        .add("notaryv1")
        .add(settings.validator.as_bytes())
        .add(notary.to_string())
        .add(settings.ca_pem.as_deref().unwrap_or_default());
    parts.hash()
}

impl Validator for NotaryV1 {
    fn bind(&self, with: &mut Fields<'_>) -> Option<JudgedBy> {
        let wants = options::wants(with, &self.roots)?;
        Some(JudgedBy::Verifying(Arc::new(NotaryVerifier::new(self.shared.clone(), wants))))
    }
}

/// The name of a repository at a notary, its globally unique name: Docker Hub is `docker.io` there.
fn gun(repository: &RepositoryName) -> String {
    let registry = match repository.registry() {
        crate::image::DOCKER_HUB => "docker.io",
        other => other,
    };
    format!("{registry}/{}", repository.path())
}

/// Bytes of a role's file.
fn file_limit(role: &Role) -> usize {
    match role {
        Role::Root | Role::Timestamp | Role::Snapshot => SMALL_FILE_BYTES,
        Role::Targets | Role::Delegation(_) => TARGETS_BYTES,
    }
}

/// Reads bytes as every kind of file that a notary serves, for the fuzzer: only a panic is wrong.
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(fuzzing), expect(unreachable_pub, reason = "the fuzzer is another crate"))]
pub fn read_as_everything(bytes: &[u8]) {
    use self::metadata::{Content, Envelope, Root, Snapshot, Targets, Timestamp};

    let Ok(envelope) = Envelope::read(bytes) else {
        return;
    };
    let signed = envelope.signed();
    let four = [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets];
    if let Ok(root) = Root::read(signed, &Role::Root) {
        for authority in four.iter().filter_map(|role| root.authority(role).ok()) {
            drop(authority.approve(&envelope));
        }
    }
    drop(Timestamp::read(signed, &Role::Timestamp));
    drop(Snapshot::read(signed, &Role::Snapshot));
    if let Ok(targets) = Targets::read(signed, &Role::Targets)
        && let Ok(name) = "targets/alice".parse()
        && let Some(delegation) = targets.delegation(&name)
        && let Ok(authority) = targets.authority(delegation)
    {
        drop(authority.approve(&envelope));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    /// Files that a real notary served, which a few changes leave nearly right.
    static RECORDED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/notary/several-signers");
        let entries = [folder.to_owned(), format!("{folder}/targets")]
            .into_iter()
            .flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let files = entries.map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| std::fs::read(path).unwrap())
            .collect()
    });

    proptest! {
        #[test]
        fn no_file_makes_the_readers_panic(
            file in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        ) {
            let mut bytes = file.get(&RECORDED).clone();
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            read_as_everything(&bytes);
        }
    }

    #[test]
    fn docker_hub_has_its_own_name_at_a_notary() {
        for (image, name) in [
            ("nginx", "docker.io/library/nginx"),
            ("docker.io/org/app:1", "docker.io/org/app"),
            ("index.docker.io/org/app", "docker.io/org/app"),
            ("Reg.Example:5000/a/b", "reg.example:5000/a/b"),
        ] {
            let image: crate::image::ImageRef = image.parse().unwrap();
            assert_eq!(gun(image.repository()), name);
        }
    }
}
