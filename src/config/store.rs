//! `[store]`: where cases are kept.

use super::problem::{At, Problems};
use crate::say::Say;
use crate::store::sidecar::{self, Misplaced};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The directory of the store; relative to `bot.toml`.
    pub path: PathBuf,
    /// The file of the keys that everything personal is sealed under; `None`: `<path>.keys`,
    /// beside the store. Best on another disk, and in another backup.
    pub keyring: Option<PathBuf>,
    /// Less free space than so many MiB is treated as a full disk; at least 24, so that sled itself never meets the end.
    pub min_free_mb: i64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig { path: "sereno-data".into(), keyring: None, min_free_mb: 200 }
    }
}

impl StoreConfig {
    /// The file of the keys.
    #[must_use]
    pub fn keyring_path(&self) -> PathBuf {
        self.keyring.clone().unwrap_or_else(|| beside(&self.path, "keys"))
    }

    /// The control socket.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        beside(&self.path, "sock")
    }

    /// `base`: what paths are relative to.
    pub(super) fn check(&self, base: &Path, problems: &mut Problems) {
        let at = At::key("store");
        problems.not_empty(&at.then("path"), &self.path.to_string_lossy());
        if let Some(keyring) = &self.keyring {
            problems.not_empty(&at.then("keyring"), &keyring.to_string_lossy());
            match sidecar::misplaced(&base.join(&self.path), &base.join(keyring)) {
                Some(Misplaced::Inside) => problems.add(&at.then("keyring"), Say::new("cli-config-keyring-inside")),
                Some(Misplaced::Taken) => problems.add(&at.then("keyring"), Say::new("cli-config-keyring-taken")),
                None => {}
            }
        }
        problems.within(&at.then("min_free_mb"), self.min_free_mb, 24, 1_000_000);
    }
}

/// `path` with `.ext` put behind its whole name.
fn beside(path: &Path, ext: &str) -> PathBuf {
    let mut name = path.components().as_path().as_os_str().to_owned();
    name.push(".");
    name.push(ext);
    PathBuf::from(name)
}
