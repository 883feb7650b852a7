//! The bytes of the file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::problem::{LoadFault, Place, Problem};

/// Bytes of the file. A `ConfigMap` holds 1 MiB at most.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads the file.
///
/// # Errors
/// The file cannot be read, is too large or is no text.
pub(super) fn read(path: &Path) -> Result<String, LoadFault> {
    let unreadable = |source| LoadFault::Unreadable { path: path.to_owned(), source };
    let invalid = |what: String, fix: &str| LoadFault::Invalid {
        path: path.to_owned(),
        problems: vec![Problem {
            place: Place { line: 1, column: 1 },
            what,
            fix: Some(fix.to_owned()),
        }],
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(unreadable)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(invalid(
            format!("the file is larger than {MAX_BYTES} bytes"),
            "split the policy",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(format!("the file is not UTF-8 text (byte {at})"), "save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, LoadFault> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn text_is_read_as_it_is() {
        assert_eq!(read_bytes("a: ü\n".as_bytes()).unwrap(), "a: ü\n");
    }

    #[test]
    fn what_is_missing_or_no_file_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("absent"), dir.path().to_owned()] {
            assert!(matches!(read(&path), Err(LoadFault::Unreadable { .. })), "{path:?}");
        }
    }

    #[test]
    fn what_is_too_large_or_no_text_is_invalid() {
        for bytes in [vec![b' '; MAX_BYTES + 1], vec![b'a', 0xff]] {
            assert!(matches!(read_bytes(&bytes), Err(LoadFault::Invalid { .. })));
        }
        assert!(read_bytes(&vec![b' '; MAX_BYTES]).is_ok());
    }
}
