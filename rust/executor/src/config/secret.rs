//! Secrets, each in a file that nobody but its owner may read.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use subtle::ConstantTimeEq;

use super::ConfigError;

const MAX_BYTES: u64 = 1_024;

/// A secret; it never shows itself.
#[derive(Clone)]
pub struct Secret(String);

/// Opens a file that nobody but its owner may read.
///
/// # Errors
/// [`ConfigError`] about `key`, which names the file.
fn open(path: &Path, key: &str) -> Result<File, ConfigError> {
    let name = path.display();
    let unreadable = |error| ConfigError::new(key, format!("{name} cannot be read: {error}"));
    // Looked at before it is opened: opening a pipe waits for a writer, maybe for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ConfigError::new(key, format!("{name} is not a file")));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & 0o7177 != 0 {
        let why = format!("{name} has mode {mode:04o}; it must be 0600");
        return Err(ConfigError::new(key, why));
    }
    Ok(file)
}

/// Checks that nobody but its owner may read a file.
///
/// # Errors
/// [`ConfigError`] about `key`, which names the file.
pub fn check_secret(path: &Path, key: &str) -> Result<(), ConfigError> {
    open(path, key).map(drop)
}

impl Secret {
    /// Reads the secret in a file that nobody but its owner may read. White space around it is not part of it.
    ///
    /// # Errors
    /// [`ConfigError`] about `key`, which names the file; it never quotes the content.
    pub fn load(path: &Path, key: &str) -> Result<Self, ConfigError> {
        let name = path.display();
        let unreadable = |error| ConfigError::new(key, format!("{name} cannot be read: {error}"));
        let file = open(path, key)?;
        let mut text = String::new();
        file.take(MAX_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(ConfigError::new(
                key,
                format!("{name} is longer than {MAX_BYTES} bytes"),
            ));
        }
        match text.trim() {
            "" => Err(ConfigError::new(key, format!("{name} is empty"))),
            secret => Ok(Self(secret.to_owned())),
        }
    }

    /// The secret itself, for whoever it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if `given` is the secret. The time taken tells at most its length.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
