//! The secret the trader and the executor share.

use std::fmt;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use subtle::ConstantTimeEq;

use super::ConfigError;

const KEY: &str = "listen.token_file";
const MAX_BYTES: u64 = 1_024;

/// The token; it never shows itself.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Reads a token file that nobody but its owner may read. White space around the token is not part of it.
    ///
    /// # Errors
    /// [`ConfigError`] about `listen.token_file`; it never quotes the content.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display();
        let unreadable = |error| ConfigError::new(KEY, format!("{name} cannot be read: {error}"));
        // Looked at before it is opened: opening a pipe waits for a writer, maybe for ever.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(ConfigError::new(KEY, format!("{name} is not a file")));
        }
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let meta = file.metadata().map_err(unreadable)?;
        let mode = meta.mode() & 0o7777;
        if mode & 0o7177 != 0 {
            return Err(ConfigError::new(
                KEY,
                format!("{name} has mode {mode:04o}; it must be 0600"),
            ));
        }
        let mut text = String::new();
        file.take(MAX_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(ConfigError::new(
                KEY,
                format!("{name} is longer than {MAX_BYTES} bytes"),
            ));
        }
        match text.trim() {
            "" => Err(ConfigError::new(KEY, format!("{name} is empty"))),
            token => Ok(Self(token.to_owned())),
        }
    }

    /// True if `given` is the token. The time taken tells at most its length.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
