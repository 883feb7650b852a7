//! Verifies one image: prove the repository's signed tags, look the image up in them, remember.
//!
//! What is remembered of an image is remembered for one state of its repository, which the digest
//! of the timestamp stands for. A rejection that rests on a remembered timestamp is spoken only
//! after the notary was asked again: the tag may have been signed since.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp as Time;

use super::collection::{Collection, Newest};
use super::fetch::Fetcher;
use super::options::Wants;
use super::role::Role;
use super::walk::Case;
use super::{Shared, gun, refusals};
use crate::cache::{Name, Scope, Subject};
use crate::clock::Deadline;
use crate::image::{Digest, ImageRef, RepositoryName};
use crate::metrics::CacheKind;
use crate::validators::drive::{Freshness, drive};
use crate::validators::fingerprint::Parts;
use crate::validators::{Fingerprint, Refusal, Verdict, Verifier};

/// The name under which the timestamp of a repository is remembered.
const TIMESTAMP: &str = "timestamp";

/// A validator bound to the options of one rule.
#[derive(Debug)]
pub(super) struct NotaryVerifier(Arc<Rule>);

/// What the verifier and the work that it leaves behind share.
#[derive(Debug)]
struct Rule {
    shared: Arc<Shared>,
    wants: Arc<Wants>,
    fingerprint: Fingerprint,
    /// As `fingerprint`, but equal for all rules that trust the same root keys.
    trust: Fingerprint,
    /// Whose view of the notary is remembered: what one set of root keys has proven must not lead
    /// another back to a state that it has left behind.
    scope: Scope,
}

/// What became of one look at a repository.
#[derive(Debug, Clone)]
pub(super) struct Survey {
    collection: Result<Arc<Collection>, Refusal>,
    /// It rests on a name that may have moved since it was looked up.
    rests_on_name: bool,
}

/// Which surveys are one: of the same rule, repository and freshness.
pub(super) type SurveyKey = (Fingerprint, RepositoryName, Freshness);

impl NotaryVerifier {
    pub(super) fn new(shared: Arc<Shared>, wants: Wants) -> Self {
        let trust = trust(&shared, &wants);
        let mut parts = Parts::default();
        parts.add(trust.0).list(wants.delegations.iter().map(ToString::to_string));
        let fingerprint = parts.hash();
        let scope = Scope(trust.0);
        Self(Arc::new(Rule { shared, wants: Arc::new(wants), fingerprint, trust, scope }))
    }
}

impl Rule {
    /// What is remembered of a repository, else one look at it.
    async fn remembered_survey(
        self: &Arc<Self>,
        repository: &RepositoryName,
        deadline: Deadline,
    ) -> Survey {
        let now = self.shared.runtime.clock.now();
        let known = self.shared.runtime.caches.names.get(&self.timestamp(repository), now);
        match known.and_then(|state| self.proven(repository, state, now)) {
            Some(collection) => Survey { collection: Ok(collection), rests_on_name: true },
            None => self.survey(repository, Freshness::Remembered, deadline).await,
        }
    }

    /// What was proven of a repository in this state.
    fn proven(
        &self,
        repository: &RepositoryName,
        state: Digest,
        now: Time,
    ) -> Option<Arc<Collection>> {
        self.shared.collections.get((self.fingerprint, repository), state, now)
    }

    fn timestamp<'a>(&'a self, repository: &'a RepositoryName) -> Name<'a> {
        Name { scope: &self.scope, repository, tag: TIMESTAMP }
    }

    /// One look at a repository, whoever else is looking.
    async fn survey(
        self: &Arc<Self>,
        repository: &RepositoryName,
        freshness: Freshness,
        deadline: Deadline,
    ) -> Survey {
        let key = (self.fingerprint, repository.clone(), freshness);
        let flight = self.shared.surveys.board(key, || {
            let (rule, repository) = (Arc::clone(self), repository.clone());
            async move { rule.look(&repository, freshness, deadline).await }
        });
        let failed = || Survey {
            collection: Err(Refusal::inconclusive(
                "internal-fault",
                "judging the trust data failed; see the log",
            )),
            rests_on_name: false,
        };
        match flight {
            Some(flight) => flight.land().await.unwrap_or_else(failed),
            None => failed(),
        }
    }

    async fn look(
        &self,
        repository: &RepositoryName,
        freshness: Freshness,
        deadline: Deadline,
    ) -> Survey {
        let Shared { runtime, floors, .. } = &*self.shared;
        let gun = gun(repository);
        let case = Arc::new(Case {
            wants: Arc::clone(&self.wants),
            gun: gun.as_str().into(),
            notary: self.shared.notary.host().into(),
            floors: floors.of(self.trust, repository),
            files: Arc::clone(&self.shared.files),
            lifetime: self.shared.lifetime,
        });
        let Self { shared, scope, .. } = self;
        let fetcher = Fetcher { shared, scope, repository, gun: &gun, freshness, deadline };
        let (collection, evidence) = drive(&case, &fetcher, runtime).await;
        let collection = collection.map(Arc::new);
        if let Ok(collection) = &collection {
            self.shared.collections.put((self.fingerprint, repository), collection);
            // What was remembered is not learnt anew: its time would never end.
            let remember = || {
                if !evidence.rests_on_name {
                    self.remember(repository, collection.newest());
                }
            };
            floors.raise(self.trust, repository, collection.versions(), remember);
        }
        Survey { collection, rests_on_name: evidence.rests_on_name }
    }

    /// Remembers what the two names mean, which has been proven: an old state that a notary serves
    /// again must not be found by them, for verdicts on it may be remembered still.
    fn remember(&self, repository: &RepositoryName, newest: Newest) {
        let (scope, runtime) = (&self.scope, &self.shared.runtime);
        let now = runtime.clock.now();
        for (role, digest) in [(Role::Root, newest.root), (Role::Timestamp, newest.timestamp)] {
            let name = Name { scope, repository, tag: &role.to_string() };
            runtime.caches.names.put(&name, digest, now);
        }
    }

    /// Looks an image up, and remembers if it was found.
    fn verdict(&self, image: &ImageRef, survey: &Survey) -> Verdict {
        let collection = survey.collection.clone()?;
        let verdict = collection.look_up(image);
        if verdict.is_ok() {
            let (subject, runtime) =
                (self.subject(image, collection.newest().timestamp), &self.shared.runtime);
            runtime.caches.verdicts.put(&subject, &verdict, runtime.clock.now());
        }
        verdict
    }

    /// What a verdict is about: an image as it was written, in one state of its repository.
    fn subject<'a>(&'a self, image: &'a ImageRef, state: Digest) -> Subject<'a> {
        Subject {
            fingerprint: &self.fingerprint,
            digest: state,
            tag: Some(image.text()),
            repository: image.repository(),
        }
    }

    /// The verdict on an image in this state of its repository: one that was given before, or what
    /// stands under its tag. A digest alone is looked for among all tags, which takes its time.
    fn recall(&self, image: &ImageRef, state: Digest, now: Time) -> Option<Verdict> {
        let runtime = &self.shared.runtime;
        let verdict = runtime.caches.verdicts.get(&self.subject(image, state), now);
        runtime.metrics.cache_lookup(CacheKind::Verdicts, verdict.is_some());
        verdict.or_else(|| {
            image.tag()?;
            let collection = Ok(self.proven(image.repository(), state, now)?);
            // A rejection would rest on a name that may have moved: `verify` asks the notary first.
            let survey = Survey { collection, rests_on_name: true };
            Some(self.verdict(image, &survey)).filter(Result::is_ok)
        })
    }

    /// Looks at the repository again before its timestamp is forgotten, so that the next caller
    /// need not wait for the notary. At most one such look for each repository.
    fn refresh(self: &Arc<Self>, image: &ImageRef) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let key = (self.fingerprint, image.repository().clone(), Freshness::Fresh);
        if self.shared.surveys.is_under_way(&key) {
            return;
        }
        let (rule, image) = (Arc::clone(self), image.clone());
        runtime.spawn(async move {
            let deadline = Deadline::after(rule.shared.refresh_within);
            let survey = rule.survey(image.repository(), Freshness::Fresh, deadline).await;
            // What is wrong is said when somebody asks; until then nothing is lost.
            drop(rule.verdict(&image, &survey));
        });
    }
}

#[async_trait]
impl Verifier for NotaryVerifier {
    fn recall(&self, image: &ImageRef, now: Time) -> Option<Verdict> {
        let (name, runtime) = (self.0.timestamp(image.repository()), &self.0.shared.runtime);
        let state = runtime.caches.names.get(&name, now);
        runtime.metrics.cache_lookup(CacheKind::Names, state.is_some());
        let verdict = self.0.recall(image, state?, now)?;
        if runtime.caches.names.is_old(&name, now) {
            self.0.refresh(image);
        }
        Some(verdict)
    }

    async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Verdict {
        let survey = self.0.remembered_survey(image.repository(), deadline).await;
        let verdict = self.0.verdict(image, &survey);
        let Err(Refusal::Rejected(reason)) = &verdict else {
            return verdict;
        };
        // Root and timestamp are two answers: somebody may have published between them.
        if !survey.rests_on_name && reason.word != refusals::ROLLBACK {
            return verdict;
        }
        let survey = self.0.survey(image.repository(), Freshness::Fresh, deadline).await;
        self.0.verdict(image, &survey)
    }

    fn meaning(&self) -> String {
        self.0.wants.to_string()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }
}

/// The notary and how it is reached, and the root keys by name and content.
fn trust(shared: &Shared, wants: &Wants) -> Fingerprint {
    let mut parts = Parts::default();
    parts
        .add(shared.reach.0)
        .list(wants.roots.iter().map(|root| root.name.as_bytes()))
        .list(wants.roots.iter().map(|root| *root.key.content_hash().as_bytes()));
    parts.hash()
}
