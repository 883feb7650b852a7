//! The rows.

use super::value::{Kind, Scalar};
use crate::config::sections::{ResourceValidation, Sections};
use crate::policy::Matching;

const KI: i64 = 1 << 10;
const MI: i64 = 1 << 20;
const GI: i64 = 1 << 30;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One setting of our own sections.
#[derive(Debug)]
pub(in crate::config) struct Setting {
    /// Where it stands in the file.
    pub(in crate::config) path: &'static str,
    /// The variable that Connaisseur 3 has for it.
    pub(in crate::config) legacy: Option<&'static str>,
    /// What it means, for the schema.
    pub(in crate::config) doc: &'static str,
    /// How it is read.
    pub(in crate::config) kind: Kind,
}

impl Setting {
    const fn new(path: &'static str, doc: &'static str, kind: Kind) -> Self {
        Self { path, legacy: None, doc, kind }
    }

    const fn known_as(mut self, legacy: &'static str) -> Self {
        self.legacy = Some(legacy);
        self
    }

    /// The section and the key: `server`, `listen`; no section for a key of the top level.
    pub(in crate::config) fn section_and_key(&self) -> (Option<&'static str>, &'static str) {
        match self.path.split_once('.') {
            Some((section, key)) => (Some(section), key),
            None => (None, self.path),
        }
    }

    /// The variable that overrides it: `cache.verdictMaxAge` is `CONNAISSEUR__CACHE__VERDICT_MAX_AGE`.
    pub(in crate::config) fn variable(&self) -> String {
        let mut name = String::from("CONNAISSEUR__");
        let mut after_lower = false;
        for letter in self.path.chars() {
            if letter == '.' {
                name.push_str("__");
            } else {
                if letter.is_ascii_uppercase() && after_lower {
                    name.push('_');
                }
                name.push(letter.to_ascii_uppercase());
            }
            after_lower = letter.is_ascii_lowercase();
        }
        name
    }

    /// The default, `None` where there is none.
    pub(in crate::config) fn default(&self) -> Option<Scalar> {
        self.kind.current(&mut Sections::default())
    }
}

/// Every setting of our own sections.
pub(in crate::config) const SETTINGS: &[Setting] = &[
    Setting::new(
        "server.listen",
        "address of the TLS listener of the webhooks",
        Kind::Address(|s| &mut s.server.listen),
    ),
    Setting::new(
        "server.metricsListen",
        "address of the plain listener of metrics and probes",
        Kind::Address(|s| &mut s.server.metrics_listen),
    ),
    Setting::new(
        "server.tlsCert",
        "serving certificate chain, PEM",
        Kind::File(|s| &mut s.server.tls_cert),
    ),
    Setting::new(
        "server.tlsKey",
        "key of the serving certificate, PEM",
        Kind::File(|s| &mut s.server.tls_key),
    ),
    Setting::new(
        "server.clientCA",
        "CA, PEM: when given, the webhooks answer only to clients whose certificate it signed",
        Kind::OptionalFile(|s| &mut s.server.client_ca),
    ),
    Setting::new(
        "server.drainDelay",
        "how long we keep answering after SIGTERM before we stop to listen",
        Kind::Time(0..=5 * MINUTE, |s| &mut s.server.drain_delay),
    ),
    Setting::new(
        "server.drainTimeout",
        "how long requests under way may take after the drain delay",
        Kind::Time(0..=10 * MINUTE, |s| &mut s.server.drain_timeout),
    ),
    Setting::new(
        "server.maxConnections",
        "connections at the same time; more wait to be accepted",
        Kind::Count(1..=1_000_000, |s| &mut s.server.max_connections),
    ),
    Setting::new(
        "limits.bodyBytes",
        "bytes of an AdmissionReview",
        Kind::Bytes(64 * KI..=64 * MI, |s| &mut s.limits.body_bytes),
    ),
    Setting::new(
        "limits.bodiesBytes",
        "bytes of all bodies that are held at the same time",
        Kind::Bytes(MI..=4 * GI, |s| &mut s.limits.bodies_bytes),
    ),
    Setting::new(
        "limits.jsonDepth",
        "nesting of the JSON of a request",
        Kind::Count(16..=512, |s| &mut s.limits.json_depth),
    ),
    Setting::new(
        "limits.imagesPerRequest",
        "images of one request",
        Kind::Count(1..=2_000, |s| &mut s.limits.images_per_request),
    ),
    Setting::new(
        "limits.candidates",
        "signatures judged for one image",
        Kind::Count(1..=1_024, |s| &mut s.limits.candidates),
    ),
    Setting::new(
        "limits.manifestBytes",
        "bytes of a manifest",
        Kind::Bytes(64 * KI..=64 * MI, |s| &mut s.limits.manifest_bytes),
    ),
    Setting::new(
        "limits.blobBytes",
        "bytes of a blob",
        Kind::Bytes(64 * KI..=GI, |s| &mut s.limits.blob_bytes),
    ),
    Setting::new(
        "limits.tokenBytes",
        "bytes of a registry's token answer",
        Kind::Bytes(KI..=MI, |s| &mut s.limits.token_bytes),
    ),
    Setting::new(
        "limits.redirects",
        "redirects followed for one request to a registry",
        Kind::Count(0..=20, |s| &mut s.limits.redirects),
    ),
    Setting::new(
        "limits.jobsPerValidator",
        "verifications under way at the same time, for each validator",
        Kind::Count(1..=65_536, |s| &mut s.limits.jobs_per_validator),
    ),
    Setting::new(
        "limits.requestsPerHost",
        "requests under way at the same time, for each registry host of a validator",
        Kind::Count(1..=4_096, |s| &mut s.limits.requests_per_host),
    ),
    Setting::new(
        "timeouts.request",
        "one admission request, also where `?timeout=` asks for more; API servers wait 30 s at most",
        Kind::Time(SECOND..=30 * SECOND, |s| &mut s.timeouts.request),
    ),
    Setting::new(
        "timeouts.image",
        "one verification of one image; it may outlive the request, and the retry finds its result",
        Kind::Time(SECOND..=5 * MINUTE, |s| &mut s.timeouts.image),
    ),
    Setting::new(
        "timeouts.permit",
        "how long a verification waits for a permit before it is refused as overloaded",
        Kind::Time(0..=30 * SECOND, |s| &mut s.timeouts.permit),
    ),
    Setting::new(
        "timeouts.connect",
        "connecting to a registry, TLS included",
        Kind::Time(100..=MINUTE, |s| &mut s.timeouts.connect),
    ),
    Setting::new(
        "timeouts.registry",
        "one answer of a registry, body included",
        Kind::Time(100..=2 * MINUTE, |s| &mut s.timeouts.registry),
    ),
    Setting::new(
        "timeouts.breakerProbe",
        "how long an open breaker keeps a host away before one request may probe it",
        Kind::Time(100..=5 * MINUTE, |s| &mut s.timeouts.breaker_probe),
    ),
    Setting::new(
        "cache.verdictMaxAge",
        "the longest life of a verdict",
        Kind::Time(0..=DAY, |s| &mut s.cache.verdict_max_age),
    ),
    Setting::new(
        "cache.nameMaxAge",
        "the longest life of a name (tag to digest) and of a rejection; 0 turns names and verdicts off",
        Kind::Time(0..=DAY, |s| &mut s.cache.name_max_age),
    )
    .known_as("CACHE_EXPIRY_SECONDS"),
    Setting::new(
        "cache.rejected",
        "whether rejections are kept",
        Kind::Flag(|s| &mut s.cache.rejected),
    )
    .known_as("CACHE_ERRORS"),
    Setting::new(
        "cache.evidenceBytes",
        "bytes of evidence kept",
        Kind::CacheBytes(0..=16 * GI, |s| &mut s.cache.evidence_bytes),
    ),
    Setting::new(
        "cache.verdictBytes",
        "bytes of verdicts kept",
        Kind::CacheBytes(0..=16 * GI, |s| &mut s.cache.verdict_bytes),
    ),
    Setting::new(
        "cache.nameBytes",
        "bytes of names kept",
        Kind::CacheBytes(0..=16 * GI, |s| &mut s.cache.name_bytes),
    ),
    Setting::new(
        "features.automaticChildApproval",
        "accepted, but not built yet: images of child objects are verified like all others",
        Kind::Flag(|s| &mut s.features.automatic_child_approval),
    )
    .known_as("AUTOMATIC_CHILD_APPROVAL"),
    Setting::new(
        "features.automaticUnchangedApproval",
        "images of a template that an UPDATE leaves unchanged are not judged again",
        Kind::Flag(|s| &mut s.features.automatic_unchanged_approval),
    )
    .known_as("AUTOMATIC_UNCHANGED_APPROVAL"),
    Setting::new(
        "features.detectionMode",
        "refusals only warn",
        Kind::Flag(|s| &mut s.features.detection_mode),
    )
    .known_as("DETECTION_MODE"),
    Setting::new(
        "features.resourceValidationMode",
        "which kinds are judged",
        Kind::Word(
            &["all", "podsOnly"],
            |s, word| {
                s.features.resource_validation = match word {
                    "podsOnly" => ResourceValidation::PodsOnly,
                    _ => ResourceValidation::All,
                }
            },
            |s| match s.features.resource_validation {
                ResourceValidation::All => "all",
                ResourceValidation::PodsOnly => "podsOnly",
            },
        ),
    )
    .known_as("RESOURCE_VALIDATION_MODE"),
    Setting::new(
        "policyMatching",
        "how patterns are read; must be chosen where the two ways can differ",
        Kind::Word(
            &["anchored", "legacy"],
            |s, word| {
                s.matching = match word {
                    "legacy" => Matching::Legacy,
                    _ => Matching::Anchored,
                }
            },
            |s| match s.matching {
                Matching::Anchored => "anchored",
                Matching::Legacy => "legacy",
            },
        ),
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_become_variables() {
        let variable =
            |path| Setting::new(path, "", Kind::Flag(|s| &mut s.cache.rejected)).variable();
        assert_eq!(variable("server.listen"), "CONNAISSEUR__SERVER__LISTEN");
        assert_eq!(variable("cache.verdictMaxAge"), "CONNAISSEUR__CACHE__VERDICT_MAX_AGE");
        assert_eq!(variable("server.clientCA"), "CONNAISSEUR__SERVER__CLIENT_CA");
        assert_eq!(variable("policyMatching"), "CONNAISSEUR__POLICY_MATCHING");
    }

    #[test]
    fn no_two_settings_share_a_path_or_a_variable() {
        let paths: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.path).collect();
        let variables: BTreeSet<String> = SETTINGS.iter().map(Setting::variable).collect();
        assert_eq!((paths.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
    }

    #[test]
    fn every_row_reads_and_writes_its_own_place() {
        for setting in SETTINGS {
            let mut sections = Sections::default();
            let before: Vec<_> = SETTINGS.iter().map(|s| s.kind.current(&mut sections)).collect();
            let other = match &setting.kind {
                Kind::Address(_) => Scalar::Text("127.0.0.1:1".to_owned()),
                Kind::File(_) | Kind::OptionalFile(_) => Scalar::Text("/other".to_owned()),
                Kind::Time(..) | Kind::Count(..) | Kind::Bytes(..) | Kind::CacheBytes(..) => {
                    Scalar::Number(17)
                }
                Kind::Flag(_) => Scalar::Flag(setting.default() != Some(Scalar::Flag(true))),
                Kind::Word(words, ..) => Scalar::Text(words[1].to_owned()),
            };
            setting.kind.apply(&mut sections, &other);
            for (row, before) in SETTINGS.iter().zip(before) {
                let now = row.kind.current(&mut sections);
                let expected = if row.path == setting.path { Some(other.clone()) } else { before };
                assert_eq!(now, expected, "{} after {}", row.path, setting.path);
            }
        }
    }

    #[test]
    fn every_default_is_within_its_own_bounds() {
        for setting in SETTINGS {
            if let (Some(Scalar::Number(value)), bounds) =
                (setting.default(), setting.kind.bounds())
            {
                assert!(bounds.is_some_and(|bounds| bounds.contains(&value)), "{}", setting.path);
            }
        }
    }
}
