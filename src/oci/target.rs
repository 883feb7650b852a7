//! Which registry and repository a request is for, and where that is.

use url::Url;

use super::Error;
use super::origin::Origin;
use crate::config::RegistryAccess;
use crate::image::RepositoryName;

/// Registries whose API is not at the host of their name.
const API_HOSTS: &[(&str, &str)] = &[("index.docker.io", "registry-1.docker.io")];

/// A repository and the origin of its registry's API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    repository: RepositoryName,
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
        Ok(Self { repository: repository.clone(), origin, base })
    }

    /// The repository.
    pub(super) fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The registry as references name it: logins are kept under this name.
    pub(super) fn registry(&self) -> &str {
        self.repository.registry()
    }

    /// The path inside the registry.
    pub(super) fn path(&self) -> &str {
        self.repository.path()
    }

    /// The URL of something in the repository, as `manifests` and a tag.
    ///
    /// # Errors
    /// `Malformed` if the parts do not stand in the URL as they are (`..`, `?`, `#`): another
    /// place than the one that was named would be asked.
    pub(super) fn url(&self, kind: &str, reference: &str) -> Result<Url, Error> {
        let path = format!("/v2/{}/{kind}/{reference}", self.path());
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
