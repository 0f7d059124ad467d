//! What the adapter keeps on disk, apart from the bot's own store: keys, session, recovery key.
//!
//! One process has it at a time: a second one on the same keys would break decryption for good. A
//! sign-in never goes into a store that was there before; whatever a broken-off one left is removed.

use crate::i18n::Words;
use crate::policy::Lang;
#[cfg(feature = "matrix")]
use crate::say::Why;
use crate::say::{Arg, Say};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The session's file.
const SESSION: &str = "session.json";
/// The key that the library's databases are sealed under.
const KEY: &str = "key";
/// Locked for as long as a process works here.
const LOCK: &str = "lock";
/// What the homeserver was seen to allow.
const LIMIT: &str = "limit.json";
/// How often a lock is tried, and the pause in between.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// Begins the names of the databases' directories.
const STORE: &str = "store-";

/// Why keys, session or device cannot be used: for people by the locales, for logs in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble(pub Say);

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Words::new().tell(&self.0, Lang::En))
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// What an error says to people: its own sentence, where it has one.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Arg {
        let ours = error.chain().find_map(|e| e.downcast_ref::<Trouble>());
        ours.map_or_else(|| Arg::Text(format!("{error:#}")), |trouble| Arg::Said(Box::new(trouble.0.clone())))
    }

    /// Something that has no arguments.
    pub(super) fn new(code: &str) -> Trouble {
        Trouble(Say::new(code))
    }

    /// With one more argument.
    pub(super) fn text(self, name: &str, text: impl ToString) -> Trouble {
        Trouble(self.0.text(name, text.to_string()))
    }

    /// And why.
    #[cfg(feature = "matrix")]
    pub(super) fn why(self, why: Why) -> Trouble {
        Trouble(self.0.with("why", why.into()))
    }

    /// What the machine says of a file.
    fn file(code: &str, file: &Path, why: impl ToString) -> Trouble {
        Trouble::new(code).text("file", file.display()).text("why", why)
    }
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory of keys and session.
    pub dir: PathBuf,
    /// The file that the recovery key is written to once.
    pub recovery_key: PathBuf,
}

/// A signed-in device.
#[derive(Clone, Serialize, Deserialize)]
pub struct Saved {
    /// The bot's full id.
    pub user: String,
    /// The name of the directory of its databases.
    pub store: String,
    /// When it signed in, milliseconds since 1970: transaction ids are the device's own.
    pub made_ms: i64,
    /// Whether the account's recovery is set up, with its key handed over.
    pub recoverable: bool,
    /// The session as the library has it. Secret.
    pub session: Value,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved")
            .field("user", &self.user)
            .field("store", &self.store)
            .field("made_ms", &self.made_ms)
            .finish_non_exhaustive()
    }
}

/// The slowest that the homeserver was seen to let messages through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Milliseconds from one message to the next.
    pub every_ms: i64,
    /// When that was last seen, milliseconds since 1970.
    pub seen_ms: i64,
}

/// The place, this process's own while it holds this.
#[derive(Debug)]
pub struct Held {
    place: Place,
    _lock: File,
}

impl Place {
    /// The session, if there is one. Reads only.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn session(&self) -> anyhow::Result<Option<Saved>> {
        Ok(read_json(&self.dir.join(SESSION))?)
    }

    /// The limit that was noted, if any was.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        read_json(&self.dir.join(LIMIT)).ok().flatten()
    }

    /// The recovery key, if it still stands where it was written.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn recovery_key(&self) -> anyhow::Result<Option<Zeroizing<String>>> {
        match std::fs::read_to_string(&self.recovery_key) {
            Ok(text) => Ok(Some(Zeroizing::new(text.trim().to_owned())).filter(|t| !t.is_empty())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Trouble::file("why-file-unread", &self.recovery_key, e).into()),
        }
    }

    /// Whether another process works here at this moment.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        let Ok(lock) = File::open(self.dir.join(LOCK)) else { return false };
        flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err()
    }

    /// Takes the place, making it where there is none.
    ///
    /// # Errors
    /// Another process has it, or the machine says no.
    pub fn hold(&self) -> anyhow::Result<Held> {
        let unwritten = |e: std::io::Error| Trouble::file("why-file-unwritten", &self.dir, e);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(unwritten)?;
        // It may have been made by hand, for others to read.
        std::fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700)).map_err(unwritten)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.dir.join(LOCK));
        let lock = lock.map_err(unwritten)?;
        // A check that looks whether somebody is here holds it for a moment.
        for tried in 1.. {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(_) if tried < TRIES => std::thread::sleep(TRY_AGAIN),
                Err(_) => return Err(Trouble::new("why-matrix-taken").text("file", self.dir.display()).into()),
            }
        }
        Ok(Held { place: self.clone(), _lock: lock })
    }
}

impl Held {
    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The key of the databases; made where `fresh`, else it must be there.
    ///
    /// # Errors
    /// It is missing, or the machine says no.
    pub fn key(&self, fresh: bool) -> anyhow::Result<Zeroizing<[u8; 32]>> {
        let path = self.place.dir.join(KEY);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Trouble::new("why-file-odd").text("file", path.display()))?;
                Ok(Zeroizing::new(key))
            }
            Err(e) if e.kind() == ErrorKind::NotFound && fresh => {
                let mut key = Zeroizing::new([0; 32]);
                getrandom::fill(key.as_mut_slice()).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
                write(&path, key.as_slice())?;
                Ok(key)
            }
            Err(e) => Err(Trouble::file("why-file-unread", &path, e).into()),
        }
    }

    /// A new, empty directory for databases, by its name. All others that no session names are removed.
    ///
    /// # Errors
    /// The machine says no.
    pub fn fresh_store(&self, name: &str) -> anyhow::Result<(String, PathBuf)> {
        let keep = self.place.session()?.map(|s| s.store);
        for entry in std::fs::read_dir(&self.place.dir)? {
            let entry = entry?;
            let found = entry.file_name().to_string_lossy().into_owned();
            if found.starts_with(STORE) && Some(&found) != keep.as_ref() {
                std::fs::remove_dir_all(entry.path()).map_err(|e| Trouble::file("why-file-unwritten", &entry.path(), e))?;
            }
        }
        let name = format!("{STORE}{name}");
        let path = self.store(&name);
        DirBuilder::new().mode(0o700).create(&path).map_err(|e| Trouble::file("why-file-unwritten", &path, e))?;
        Ok((name, path))
    }

    /// The directory of databases that a session names.
    #[must_use]
    pub fn store(&self, name: &str) -> PathBuf {
        self.place.dir.join(name)
    }

    /// Keeps the session.
    ///
    /// # Errors
    /// The machine says no.
    pub fn save(&self, saved: &Saved) -> anyhow::Result<()> {
        write(&self.place.dir.join(SESSION), &serde_json::to_vec(saved)?)
    }

    /// Keeps no session any more; its databases go at the next sign-in.
    ///
    /// # Errors
    /// The machine says no.
    pub fn forget_session(&self) -> anyhow::Result<()> {
        let path = self.place.dir.join(SESSION);
        Ok(std::fs::remove_file(&path).map_err(|e| Trouble::file("why-file-unwritten", &path, e))?)
    }

    /// Writes the recovery key where people find it.
    ///
    /// # Errors
    /// The machine says no.
    pub fn save_recovery_key(&self, key: &str) -> anyhow::Result<()> {
        write(&self.place.recovery_key, format!("{key}\n").as_bytes())
    }

    /// Notes what the homeserver allows, for `sereno check`.
    pub fn note_limit(&self, limit: Limit) {
        let noted = serde_json::to_vec(&limit).map_err(anyhow::Error::from).and_then(|bytes| write(&self.place.dir.join(LIMIT), &bytes));
        if let Err(error) = noted {
            tracing::debug!(error = format!("{error:#}"), "the homeserver's limit was not noted");
        }
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Trouble> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| Trouble::new("why-file-odd").text("file", path.display())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Trouble::file("why-file-unread", path, e)),
    }
}

/// Writes a file that only its owner reads, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let written = || -> std::io::Result<()> {
        match std::fs::remove_file(&aside) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)?;
        let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir)?.sync_all()
    };
    Ok(written().map_err(|e| Trouble::file("why-file-unwritten", path, e))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: &Path) -> Place {
        Place { dir: dir.join("m"), recovery_key: dir.join("recovery") }
    }

    fn saved(store: &str) -> Saved {
        let session = serde_json::json!({"access_token": "t"});
        Saved { user: "@s:h".into(), store: store.into(), made_ms: 5, recoverable: false, session }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn one_process_has_it_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        assert!(!place.is_taken());
        let held = place.hold().unwrap();
        assert!(place.is_taken() && place.hold().is_err());
        let key = held.key(true).unwrap();
        assert_eq!(*held.key(false).unwrap(), *key);
        held.save(&saved("store-1")).unwrap();
        held.save_recovery_key("EsT abc").unwrap();
        assert_eq!(mode(&place.dir), 0o700);
        for file in [place.dir.join(KEY), place.dir.join(SESSION), place.recovery_key.clone()] {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
        assert_eq!(place.recovery_key().unwrap().unwrap().as_str(), "EsT abc");
        drop(held);
        assert!(!place.is_taken() && place.hold().is_ok());
        assert!(!format!("{:?}", place.session().unwrap().unwrap()).contains("access_token"));
    }

    #[test]
    fn what_a_broken_off_sign_in_left_goes_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let held = place(dir.path()).hold().unwrap();
        let (first, _) = held.fresh_store("1").unwrap();
        held.save(&saved(&first)).unwrap();
        let (_, left) = held.fresh_store("2").unwrap();
        std::fs::write(left.join("db"), "x").unwrap();
        let (_, third) = held.fresh_store("3").unwrap();
        assert!(held.store(&first).exists() && !left.exists() && third.exists());
        assert!(held.fresh_store("1").is_err(), "never into one that was there");
    }

    #[test]
    fn a_lost_key_is_not_made_anew_for_a_store_that_needs_it() {
        let dir = tempfile::tempdir().unwrap();
        let held = place(dir.path()).hold().unwrap();
        assert!(held.key(false).is_err());
        assert!(held.key(true).is_ok() && held.key(false).is_ok());
    }
}
