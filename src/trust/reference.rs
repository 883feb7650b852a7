//! Where a key comes from: inline PEM or a file. Key services are named, and refused until built.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{KeyFault, PublicKey};

/// A public key is below 2 KiB; whatever is longer is not one.
const FILE_BYTES: u64 = 64 * 1024;

/// Key services that the configuration may name one day.
const LATER: &[&str] = &["awskms", "gcpkms", "azurekms", "hashivault", "k8s"];

/// Why a key reference gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceFault {
    /// The PEM is wrong.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// A key service that is not built yet.
    #[error("`{0}://` keys are not supported yet")]
    NotYet(Box<str>),
    /// A scheme that is not supported at all.
    #[error("`{0}:` is not a supported key reference")]
    Scheme(Box<str>),
    /// Neither PEM, nor a scheme, nor an absolute path.
    #[error("wrong format, provide a PEM encoded public key or the absolute path of one")]
    Relative,
    /// The file cannot be read.
    #[error("cannot read the key file `{path}`: {why}")]
    File {
        /// The path.
        path: Box<str>,
        /// Why.
        why: Box<str>,
    },
}

impl ReferenceFault {
    /// What a person can do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::File { .. } => "mount the file, or write the key inline",
            Self::Key(_) | Self::NotYet(_) | Self::Scheme(_) | Self::Relative => {
                "write the key inline as `-----BEGIN PUBLIC KEY-----…`, or the absolute path of a file with it"
            }
        }
    }
}

impl PublicKey {
    /// Reads the key that a configuration names: PEM in place, or the absolute path of a file.
    ///
    /// Blocks on the file system: for the time when a configuration is read. At most 64 KiB are
    /// read. A relative path is refused, because it would depend on where the process was started.
    ///
    /// # Errors
    /// [`ReferenceFault`]; [`ReferenceFault::fix`] says what to do.
    pub fn from_reference(text: &str) -> Result<Self, ReferenceFault> {
        if text.contains("-----BEGIN") {
            return Ok(Self::from_pem(text)?);
        }
        if let Some((scheme, rest)) = text.split_once(':')
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
        {
            let later = LATER.contains(&scheme) && rest.starts_with("//");
            let fault = if later { ReferenceFault::NotYet } else { ReferenceFault::Scheme };
            return Err(fault(scheme.into()));
        }
        if !Path::new(text).is_absolute() {
            return Err(ReferenceFault::Relative);
        }
        Ok(Self::from_pem(&read(text)?)?)
    }
}

fn read(path: &str) -> Result<String, ReferenceFault> {
    let fault = |why: String| ReferenceFault::File { path: path.into(), why: why.into() };
    let file = File::open(path).map_err(|error| fault(error.to_string()))?;
    let mut text = String::new();
    file.take(FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| fault(error.to_string()))?;
    if u64::try_from(text.len()).is_ok_and(|length| length <= FILE_BYTES) {
        Ok(text)
    } else {
        Err(fault(format!("larger than {FILE_BYTES} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::signer::{KeyChoice, Signer};

    #[test]
    fn a_key_is_read_inline_and_from_an_absolute_path_alike() {
        let signer = Signer::generate(KeyChoice::EcdsaP256).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), signer.public_key_pem()).unwrap();

        let inline = PublicKey::from_reference(signer.public_key_pem()).unwrap();
        let from_file = PublicKey::from_reference(file.path().to_str().unwrap()).unwrap();

        assert_eq!(inline.content_hash(), from_file.content_hash());
    }

    #[test]
    fn key_services_are_not_supported_yet_and_say_so() {
        for text in [
            "awskms:///arn:aws:kms:eu-central-1:1:key/2",
            "gcpkms://projects/p",
            "azurekms://vault/key",
            "hashivault://key",
            "k8s://namespace/secret",
        ] {
            let fault = PublicKey::from_reference(text).unwrap_err();
            assert!(matches!(fault, ReferenceFault::NotYet(_)), "{text}: {fault}");
            assert!(fault.to_string().ends_with("keys are not supported yet"), "{fault}");
        }
    }

    #[test]
    fn other_schemes_are_no_key_references() {
        for text in [
            "http://keys.example/cosign.pub",
            "https://keys.example/cosign.pub",
            "env://COSIGN_PUBLIC_KEY",
            "gitlab://group/project",
            "pkcs11:token=cosign",
            "file:///etc/cosign.pub",
            "k8s:namespace/secret",
        ] {
            let fault = PublicKey::from_reference(text).unwrap_err();
            assert!(matches!(fault, ReferenceFault::Scheme(_)), "{text}: {fault}");
            assert!(fault.to_string().ends_with("is not a supported key reference"), "{fault}");
        }
    }

    #[test]
    fn a_relative_path_and_a_bare_word_are_refused() {
        for text in ["cosign.pub", "./cosign.pub", "MFkwEwYHKoZIzj0CAQ", ""] {
            assert_eq!(PublicKey::from_reference(text).unwrap_err(), ReferenceFault::Relative);
        }
    }

    #[test]
    fn a_file_that_is_missing_or_endless_is_an_error_that_names_it() {
        let missing = PublicKey::from_reference("/nowhere/cosign.pub").unwrap_err();
        assert!(missing.to_string().contains("/nowhere/cosign.pub"), "{missing}");

        let endless = PublicKey::from_reference("/dev/zero").unwrap_err();
        assert!(endless.to_string().contains("larger than 65536 bytes"), "{endless}");
    }
}
