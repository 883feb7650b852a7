//! Which repository a request is for, and where that is: a registry, or a service that is spoken to
//! like one.

use std::fmt;

use url::Url;

use super::Error;
use super::origin::Origin;
use super::service::Service;
use crate::config::RegistryAccess;
use crate::image::RepositoryName;

/// Registries whose API is not at the host of their name.
const API_HOSTS: &[(&str, &str)] = &[("index.docker.io", "registry-1.docker.io")];

/// A repository and the origin of the API that serves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    /// By which name logins are kept.
    registry: Box<str>,
    /// The path inside the registry; of a service, the whole name of the repository.
    path: Box<str>,
    /// The origin of the API.
    pub(super) origin: Origin,
    base: Url,
}

impl Target {
    /// Finds the API of a repository. The scheme is settled here, once: what fails over TLS is
    /// never tried again without.
    pub(super) fn new(repository: &RepositoryName, access: &RegistryAccess) -> Result<Self, Error> {
        let registry = repository.registry();
        let host =
            API_HOSTS.iter().find(|(name, _)| *name == registry).map_or(registry, |(_, host)| host);
        let unreadable = || Error::Malformed {
            host: registry.to_owned(),
            why: "its name is no host that can be asked".to_owned(),
        };
        let url = |scheme: &str| Url::parse(&format!("{scheme}://{host}/")).ok();
        let mut base = url("https").ok_or_else(unreadable)?;
        let mut origin = Origin::of(&base).ok_or_else(unreadable)?;
        if origin.is_listed_in(&access.insecure) {
            base = url("http").ok_or_else(unreadable)?;
            origin = Origin::of(&base).ok_or_else(unreadable)?;
        }
        Ok(Self { registry: registry.into(), path: repository.path().into(), origin, base })
    }

    /// A repository at a service that keeps something for repositories of every registry, under
    /// their whole name.
    pub(super) fn at(service: &Service, name: &str) -> Self {
        Self {
            registry: service.host().into(),
            path: name.into(),
            origin: service.origin().clone(),
            base: service.base().clone(),
        }
    }

    /// The registry as references name it: logins are kept under this name.
    pub(super) fn registry(&self) -> &str {
        &self.registry
    }

    /// The path inside the registry.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The URL of something in the repository, as `manifests` and a tag.
    ///
    /// # Errors
    /// `Malformed` if the parts do not stand in the URL as they are (`..`, `?`, `#`): another
    /// place than the one that was named would be asked.
    pub(super) fn url(&self, kind: &str, reference: &str) -> Result<Url, Error> {
        let base = self.base.path().trim_end_matches('/');
        let path = format!("{base}/v2/{}/{kind}/{reference}", self.path());
        let mut url = self.base.clone();
        url.set_path(&path);
        if url.path() == path {
            Ok(url)
        } else {
            let why = "the name of the image does not fit into an address".to_owned();
            Err(Error::Malformed { host: self.registry().to_owned(), why })
        }
    }
}

/// What messages call it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}
