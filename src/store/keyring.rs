//! The keys outside the store: what is destroyed here can never be read again.
//!
//! Every case has a data key, which stands in the store wrapped by one of [`BUCKETS`] keys of this
//! file. To erase a case, the other cases of its bucket are wrapped anew and the bucket's old key
//! is destroyed; between the two, a bucket has two keys, and opening the store finishes the work.
//! The file is a secret (mode 0600) and stays out of backups of the data, else erasing is undone.

use super::codec::{Hasher, SecretKey, hex, unhex};
use super::sidecar::sync_dir_of;
use super::{StoreError, shown};
use crate::case::CaseId;
use crate::say::Say;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Over how many keys the cases are spread: an erasure wraps anew one in so many.
pub const BUCKETS: u64 = 64;
/// The bucket of what belongs to no case.
pub const GENERAL: u64 = BUCKETS;

/// The bucket of a case.
#[must_use]
pub fn bucket_of(case: CaseId) -> u64 {
    case.0 % BUCKETS
}

/// How far the store that the ring belongs to has come into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Being made; nothing was ever acknowledged.
    New,
    /// An import is filling it.
    Importing,
    /// In use.
    Made,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Stage::New => "new",
            Stage::Importing => "importing",
            Stage::Made => "made",
        }
    }
}

/// The keys.
#[derive(Debug)]
pub struct KeyRing {
    path: PathBuf,
    instance: String,
    stage: Stage,
    hash: SecretKey,
    /// Keys by bucket and number, oldest first; the last is the one to wrap with.
    keys: BTreeMap<(u64, u32), SecretKey>,
}

impl KeyRing {
    /// A new ring in a new file, for the store of this name. `hash`: the key of the hashed ids,
    /// where one is to be kept.
    pub fn create(path: &Path, instance: &str, stage: Stage, hash: Option<SecretKey>) -> Result<KeyRing, StoreError> {
        let hash = hash.map_or_else(SecretKey::random, Ok)?;
        let keys = (0..=GENERAL).map(|b| Ok(((b, 1), SecretKey::random()?))).collect::<Result<_, StoreError>>()?;
        let ring = KeyRing { path: path.to_owned(), instance: instance.to_owned(), stage, hash, keys };
        ring.save()?;
        Ok(ring)
    }

    /// Reads the ring, to be used; `None` where there is no such file.
    pub fn load(path: &Path) -> Result<Option<KeyRing>, StoreError> {
        // A save that a crash cut short leaves keys lying about.
        shred(&draft_of(path)).map_err(|e| unavailable(path, &e))?;
        KeyRing::peek(path)
    }

    /// Reads the ring without touching anything, also where another process uses it.
    pub fn peek(path: &Path) -> Result<Option<KeyRing>, StoreError> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unavailable(path, &e)),
        };
        let mode = file.metadata().map_err(|e| unavailable(path, &e))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let say = Say::new("why-store-keyring-mode").text("keyring", shown(path)).text("mode", format!("{mode:o}"));
            return Err(StoreError::unavailable(say));
        }
        // What to do about these is said in the words of whoever asks.
        let unfit = |expected: &str, found: &str| {
            let say = Say::new("why-store-keyring-unfit").text("keyring", shown(path)).text("expected", expected).text("found", found);
            StoreError::Keyring(say.into())
        };
        let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
        file.read_to_string(&mut text).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData => unfit("lines of text", "something else"),
            io::ErrorKind::IsADirectory => unfit("a file", "a directory"),
            _ => unavailable(path, &e),
        })?;
        parse(path, &text).map(Some).map_err(|(expected, found)| {
            if expected == LATER {
                StoreError::unavailable(Say::new("why-store-keyring-newer").text("keyring", shown(path)))
            } else {
                unfit(&expected, &found)
            }
        })
    }

    /// The name of the store it belongs to.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }
    /// How far the store has come into being.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }
    /// The key of the hashed ids.
    #[must_use]
    pub fn hash_key(&self) -> &SecretKey {
        &self.hash
    }
    /// Makes hashed ids.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        Hasher::new(&self.hash)
    }
    /// The key to wrap with in `bucket`, and its number.
    #[must_use]
    pub fn current(&self, bucket: u64) -> Option<(u32, &SecretKey)> {
        self.keys.range((bucket, 0)..=(bucket, u32::MAX)).next_back().map(|((_, n), key)| (*n, key))
    }
    /// A key by its number.
    #[must_use]
    pub fn key(&self, bucket: u64, n: u32) -> Option<&SecretKey> {
        self.keys.get(&(bucket, n))
    }
    /// Buckets with more than one key: an erasure was cut short.
    #[must_use]
    pub fn unfinished(&self) -> Vec<u64> {
        (0..=GENERAL).filter(|b| self.keys.range((*b, 0)..=(*b, u32::MAX)).count() > 1).collect()
    }

    /// Notes, durably, how far the store has come.
    pub fn set_stage(&mut self, stage: Stage) -> Result<(), StoreError> {
        self.stage = stage;
        self.save()
    }
    /// Gives `bucket` a new key to wrap with, durably; the old one stays until [`KeyRing::retire`].
    pub fn renew(&mut self, bucket: u64) -> Result<(), StoreError> {
        let next = self.current(bucket).map_or(1, |(n, _)| n + 1);
        self.keys.insert((bucket, next), SecretKey::random()?);
        let saved = self.save();
        if saved.is_err() {
            self.keys.remove(&(bucket, next));
        }
        saved
    }
    /// Destroys, durably, all keys of `bucket` but the current one.
    pub fn retire(&mut self, bucket: u64) -> Result<(), StoreError> {
        let Some((newest, _)) = self.current(bucket) else { return Ok(()) };
        self.keys.retain(|(b, n), _| *b != bucket || *n == newest);
        self.save()
    }

    fn save(&self) -> Result<(), StoreError> {
        let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
        let mut line = |args: std::fmt::Arguments<'_>| text.write_fmt(args).expect("a String takes all that is written");
        line(format_args!("sereno-keyring 1\n"));
        line(format_args!("# The keys of the store. Whoever has this file and the store can read everything.\n"));
        line(format_args!("# Keep it out of backups of the store: what is erased is erased by destroying keys here.\n"));
        line(format_args!("instance {}\nstage {}\n", self.instance, self.stage.word()));
        line(format_args!("hash {}\n", *Zeroizing::new(hex(self.hash.expose()))));
        for ((bucket, n), key) in &self.keys {
            line(format_args!("key {bucket} {n} {}\n", *Zeroizing::new(hex(key.expose()))));
        }
        let sum = crc32fast::hash(text.as_bytes());
        text.write_fmt(format_args!("end {sum:08x}\n")).expect("a String takes all that is written");
        replace(&self.path, text.as_bytes()).map_err(|e| unavailable(&self.path, &e))
    }
}

/// What is expected where a newer sereno wrote the file: no damage.
const LATER: &str = "format 1";

fn parse(path: &Path, text: &str) -> Result<KeyRing, (String, String)> {
    let bad = |expected: &str, found: &str| (expected.to_owned(), found.to_owned());
    let body = text.lines().map(|l| l.len() + 1).rev().skip(1).sum::<usize>();
    let (body, end) = text.split_at_checked(body).ok_or_else(|| bad("lines of text", "something else"))?;
    let sum = format!("end {:08x}\n", crc32fast::hash(body.as_bytes()));
    if end != sum {
        return Err(bad("a last line with the checksum of the others", "another, or a file cut short"));
    }
    let mut lines = body.lines().filter(|l| !l.starts_with('#'));
    match lines.next().and_then(|l| l.strip_prefix("sereno-keyring ")) {
        Some("1") => {}
        Some(_) => return Err(bad(LATER, "a later format: run the newer sereno that wrote it")),
        None => return Err(bad("a keyring of sereno", "something else")),
    }
    let (mut instance, mut stage, mut hash, mut keys) = (None, None, None, BTreeMap::new());
    let secret = |word: Option<&str>| {
        let bytes = Zeroizing::new(word.and_then(unhex).unwrap_or_default());
        SecretKey::from_bytes(&bytes).ok_or_else(|| bad("32 bytes for each key", "a key of another length"))
    };
    for line in lines {
        let mut words = line.split(' ');
        match words.next() {
            Some("instance") => instance = words.next().map(str::to_owned),
            Some("stage") => {
                let word = words.next();
                stage = [Stage::New, Stage::Importing, Stage::Made].into_iter().find(|s| Some(s.word()) == word);
            }
            Some("hash") => hash = Some(secret(words.next())?),
            Some("key") => {
                let bucket = words.next().and_then(|w| w.parse().ok());
                let n = words.next().and_then(|w| w.parse().ok());
                let at = bucket.zip(n).ok_or_else(|| bad("a bucket and a number for each key", "something else"))?;
                keys.insert(at, secret(words.next())?);
            }
            _ => return Err(bad("lines that this sereno knows", "an unknown line")),
        }
    }
    let all = instance.zip(stage).zip(hash).filter(|_| (0..=GENERAL).all(|b| keys.range((b, 0)..=(b, u32::MAX)).next().is_some()));
    let ((instance, stage), hash) = all.ok_or_else(|| bad("a name, a stage, and a key for every bucket", "less"))?;
    Ok(KeyRing { path: path.to_owned(), instance, stage, hash, keys })
}

fn unavailable(path: &Path, e: &io::Error) -> StoreError {
    match e.kind() {
        io::ErrorKind::PermissionDenied => StoreError::unavailable(Say::new("why-store-keyring-permission").text("keyring", shown(path))),
        io::ErrorKind::StorageFull => StoreError::full(Say::new("why-store-no-room-left").text("path", shown(path))),
        _ => StoreError::Unavailable(format!("{}: {e}", path.display()).into()),
    }
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".draft");
    path.with_file_name(name)
}

/// Puts `bytes` in the place of the file, whole or not at all, and wipes what stood there before.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft_of(path);
    shred(&draft)?;
    let before = OpenOptions::new().write(true).open(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&draft, path));
    if let Err(e) = written {
        shred(&draft).ok();
        return Err(e);
    }
    sync_dir_of(path)?;
    if let Ok(before) = before {
        wipe(&before)?;
    }
    Ok(())
}

/// Overwrites a file that no name leads to any more: as good as the file system lets us.
fn wipe(file: &File) -> io::Result<()> {
    let len = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(1 << 20);
    file.write_all_at(&vec![0; len], 0)?;
    file.sync_all()
}

/// Wipes and removes a file, if it is there.
fn shred(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => {
            wipe(&file)?;
            fs::remove_file(path)?;
            sync_dir_of(path)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> (tempfile::TempDir, PathBuf, KeyRing) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        let ring = KeyRing::create(&path, "abc", Stage::New, None).unwrap();
        (dir, path, ring)
    }

    fn bytes_of(dir: &Path) -> Vec<u8> {
        fs::read_dir(dir).unwrap().flat_map(|f| fs::read(f.unwrap().path()).unwrap()).collect()
    }

    fn holds(bytes: &[u8], key: &SecretKey) -> bool {
        let text = hex(key.expose());
        bytes.windows(32).any(|w| w == key.expose()) || bytes.windows(64).any(|w| w == text.as_bytes())
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let (_dir, path, mut ring) = ring();
        ring.set_stage(Stage::Made).unwrap();
        let again = KeyRing::load(&path).unwrap().unwrap();
        assert_eq!((again.instance(), again.stage()), ("abc", Stage::Made));
        assert_eq!((again.hash_key(), &again.keys), (ring.hash_key(), &ring.keys));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_retired_key_is_nowhere() {
        let (dir, path, mut ring) = ring();
        let old = ring.current(5).unwrap().1.clone();
        ring.renew(5).unwrap();
        assert_eq!(KeyRing::load(&path).unwrap().unwrap().unfinished(), [5]);
        assert!(holds(&bytes_of(dir.path()), &old), "two keys between the steps");
        ring.retire(5).unwrap();
        assert!(!holds(&bytes_of(dir.path()), &old));
        assert!(holds(&bytes_of(dir.path()), ring.current(5).unwrap().1), "the search finds what is there");
        assert_eq!(ring.current(5).unwrap().0, 2);
        assert!(KeyRing::load(&path).unwrap().unwrap().unfinished().is_empty());
    }

    #[test]
    fn a_draft_left_by_a_crash_is_wiped() {
        let (_dir, path, _ring) = ring();
        fs::copy(&path, draft_of(&path)).unwrap();
        KeyRing::load(&path).unwrap().unwrap();
        assert!(!draft_of(&path).exists());
    }

    #[test]
    fn every_damage_is_refused_without_showing_a_key() {
        let (_dir, path, ring) = ring();
        let whole = fs::read(&path).unwrap();
        for i in (0..whole.len()).step_by(7) {
            let mut bad = whole.clone();
            bad[i] ^= 1;
            fs::write(&path, &bad).unwrap();
            let error = KeyRing::load(&path).unwrap_err().to_string();
            assert!(!error.contains(&hex(ring.hash.expose())), "{error}");
            fs::write(&path, &whole[..i]).unwrap();
            assert!(KeyRing::load(&path).is_err(), "cut at {i}");
        }
        assert!(!format!("{ring:?}").contains(&hex(ring.hash.expose())));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let (_dir, path, _ring) = ring();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(KeyRing::load(&path).unwrap_err().to_string().contains("why-store-keyring-mode"));
        assert!(KeyRing::load(&path.with_file_name("none")).unwrap().is_none());
    }
}
