//! Secrets: named in the file, never written in it.

use crate::say::Say;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// No token is longer, in bytes; a longer file is not one.
const MOST_BYTES: u64 = 16 * 1024;

/// Where a secret stands.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum SecretRef {
    /// Nowhere yet: the key is missing.
    #[default]
    Missing,
    /// `env:NAME`: in a variable of the environment.
    Env(String),
    /// `file:PATH`: the first line of a file, relative to `bot.toml`.
    File(PathBuf),
    /// Something else, perhaps the secret itself: not kept.
    Inline,
}

impl SecretRef {
    /// Reads a reference; anything else is taken for a secret written inline and thrown away.
    #[must_use]
    pub fn parse(text: &str) -> SecretRef {
        match text.trim().split_once(':') {
            Some(("env", name)) if is_env_name(name) => SecretRef::Env(name.to_owned()),
            Some(("file", path)) if !path.trim().is_empty() => SecretRef::File(PathBuf::from(path.trim())),
            _ if text.trim().is_empty() => SecretRef::Missing,
            _ => SecretRef::Inline,
        }
    }

    /// Fetches the secret. Relative paths begin at `base`.
    ///
    /// # Errors
    /// Where it was looked for, never what was found.
    pub fn fetch(&self, base: &Path) -> Result<SecretString, SecretError> {
        let text = match self {
            SecretRef::Env(name) => std::env::var(name).map_err(|_| SecretError::NoVariable(name.clone()))?,
            SecretRef::File(path) => read(&base.join(path))?,
            SecretRef::Missing | SecretRef::Inline => return Err(SecretError::NotNamed),
        };
        match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
            Some(line) => Ok(SecretString::from(line.to_owned())),
            None => Err(SecretError::Empty(self.to_string())),
        }
    }
}

fn read(path: &Path) -> Result<String, SecretError> {
    let failed = |e: &dyn fmt::Display| SecretError::Unreadable(path.display().to_string(), e.to_string());
    let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    if size > MOST_BYTES {
        return Err(failed(&format!("{size} bytes is too much for a secret")));
    }
    std::fs::read_to_string(path).map_err(|e| failed(&e))
}

fn is_env_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment has no {0}")]
    NoVariable(String),
    /// The file cannot be read: its path, the machine's words.
    #[error("{0}: {1}")]
    Unreadable(String, String),
    /// There is nothing in it.
    #[error("{0} is empty")]
    Empty(String),
    /// The file names no place to find it.
    #[error("no secret is named")]
    NotNamed,
}

impl SecretError {
    /// For people.
    #[must_use]
    pub fn say(&self) -> Say {
        match self {
            SecretError::NoVariable(name) => Say::new("why-secret-no-variable").text("name", name),
            SecretError::Unreadable(path, why) => Say::new("why-secret-unreadable").text("path", path).text("why", why),
            SecretError::Empty(place) => Say::new("why-secret-empty").text("place", place),
            SecretError::NotNamed => Say::new("why-secret-not-named"),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "env:{name}"),
            SecretRef::File(path) => write!(f, "file:{}", path.display()),
            SecretRef::Missing => f.write_str("-"),
            SecretRef::Inline => f.write_str("<redacted>"),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({self})")
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| SecretRef::parse(&text))
    }
}
