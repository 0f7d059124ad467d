//! The small file beside the store that says how far it was acknowledged.
//!
//! sled drops a torn tail without a word. This file holds the number of the last commit that
//! somebody was told of, written and synced after the commit itself; a store that comes up with
//! less has lost something. Two slots are written in turn, so that a torn write leaves the other.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

const MAGIC: &[u8; 8] = b"SERENOq1";
/// The slots lie in different sectors, also of disks with 4 KiB ones.
const SLOT: u64 = 4096;
const SIZE: usize = 2 * SLOT as usize;

/// The open file.
#[derive(Debug)]
pub struct Sidecar {
    file: File,
    instance: u32,
    second: bool,
}

/// Why a sidecar cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is another store's.
    Foreign,
    /// It is damaged: what was expected and found instead.
    Damaged(String),
}

/// Where the sidecar of the store in `dir` lies.
#[must_use]
pub fn path_of(dir: &Path) -> PathBuf {
    beside(dir, ".seq")
}

/// What lies beside the store in `dir` under the same name with `ending` behind it.
#[must_use]
pub fn beside(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    dir.with_file_name(name)
}

/// The endings of whatever is kept beside a store: its own files, and what Slack's renewed tokens stand in.
const BESIDE: [&str; 7] = [".seq", ".sock", ".closed", ".trial", ".partial", ".slack-token.json", ".slack-token.new"];

/// Why a keyring must not lie where it is to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// Within the store's directory.
    Inside,
    /// In the place of another file of the store's: one would overwrite the other.
    Taken,
}

/// Whether the keyring of the store in `dir` would lie where it must not, whatever way its path goes.
#[must_use]
pub fn misplaced(dir: &Path, keyring: &Path) -> Option<Misplaced> {
    let keyring = plain(keyring);
    if keyring.starts_with(plain(dir)) {
        return Some(Misplaced::Inside);
    }
    BESIDE.iter().any(|ending| keyring.starts_with(plain(&beside(dir, ending)))).then_some(Misplaced::Taken)
}

/// A path from the root, without `.`, `..` and links, as far as it is there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain = std::fs::canonicalize(&plain).unwrap_or(plain);
    }
    plain
}

impl Sidecar {
    /// Makes the file anew.
    pub fn create(path: &Path, instance: &str, seq: u64) -> io::Result<Sidecar> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all_at(&[0; SIZE], 0)?;
        let mut sidecar = Sidecar { file, instance: crc32fast::hash(instance.as_bytes()), second: false };
        sidecar.write(seq)?;
        sidecar.write(seq)?;
        sidecar.file.sync_all()?;
        sync_dir_of(path)?;
        Ok(sidecar)
    }

    /// Opens the file: it, and the number it holds.
    pub fn open(path: &Path, instance: &str) -> io::Result<Result<(Sidecar, u64), Unfit>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        (&file).take(SIZE as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() != SIZE {
            return Ok(Err(Unfit::Damaged(format!("expected {SIZE} bytes, found {}", bytes.len()))));
        }
        let sidecar = |second| Sidecar { file, instance: crc32fast::hash(instance.as_bytes()), second };
        let slots = bytes.as_chunks::<{ SLOT as usize }>().0.iter().map(|slot| read_slot(slot));
        let slots: Vec<_> = slots.collect();
        let newest = slots.iter().flatten().max().copied();
        let Some((seq, of)) = newest else {
            return Ok(Err(Unfit::Damaged("expected a number with its checksum, found neither slot whole".into())));
        };
        let second = slots.first() == Some(&newest);
        let sidecar = sidecar(second);
        if of != sidecar.instance {
            return Ok(Err(Unfit::Foreign));
        }
        Ok(Ok((sidecar, seq)))
    }

    /// Notes `seq`, durably.
    pub fn write(&mut self, seq: u64) -> io::Result<()> {
        let mut slot = [0_u8; 24];
        let mut at = slot.iter_mut();
        let bytes = MAGIC.iter().copied().chain(seq.to_be_bytes()).chain(self.instance.to_be_bytes());
        let body: Vec<u8> = bytes.collect();
        let crc = crc32fast::hash(&body).to_be_bytes();
        body.iter().chain(&crc).for_each(|b| {
            if let Some(to) = at.next() {
                *to = *b;
            }
        });
        self.file.write_all_at(&slot, if self.second { SLOT } else { 0 })?;
        self.file.sync_data()?;
        self.second = !self.second;
        Ok(())
    }
}

fn read_slot(slot: &[u8]) -> Option<(u64, u32)> {
    let (body, rest) = slot.split_at_checked(20)?;
    let crc = u32::from_be_bytes(*rest.first_chunk()?);
    let (magic, rest) = body.split_first_chunk::<8>()?;
    let (seq, of) = rest.split_first_chunk::<8>()?;
    let whole = magic == MAGIC && crc == crc32fast::hash(body);
    whole.then_some((u64::from_be_bytes(*seq), u32::from_be_bytes(*of.first_chunk()?)))
}

/// Makes the name of `path` durable.
pub fn sync_dir_of(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<u64, Unfit> {
        Sidecar::open(path, "me").unwrap().map(|(_, seq)| seq)
    }

    #[test]
    fn it_gives_back_the_last_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("store"));
        assert!(path.ends_with("store.seq"));
        let mut s = Sidecar::create(&path, "me", 3).unwrap();
        assert_eq!(read(&path), Ok(3));
        for n in 4..9 {
            s.write(n).unwrap();
            assert_eq!(read(&path), Ok(n));
            (s, _) = Sidecar::open(&path, "me").unwrap().unwrap();
        }
    }

    #[test]
    fn a_keyring_never_takes_the_place_of_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("data");
        std::fs::create_dir(&store).unwrap();
        std::fs::write(dir.path().join("data.seq"), "x").unwrap();
        std::os::unix::fs::symlink("data.seq", dir.path().join("link")).unwrap();
        let of = |keyring: &str| misplaced(&store, &dir.path().join(keyring));
        for name in [
            "data.seq",
            "data.sock",
            "data.closed",
            "data.trial",
            "data.trial/keys",
            "data/../data.partial",
            "./data.slack-token.json",
            "link",
        ] {
            assert_eq!(of(name), Some(Misplaced::Taken), "{name}");
        }
        for name in ["data", "data/keys", "other/../data/x"] {
            assert_eq!(of(name), Some(Misplaced::Inside), "{name}");
        }
        for name in ["data.keys", "keys", "data.keyring", "other/data.seq"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_torn_write_leaves_the_number_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut s = Sidecar::create(&path, "me", 3).unwrap();
        s.write(4).unwrap();
        s.write(5).unwrap();
        s.file.write_all_at(b"torn", 4096 + 9).unwrap();
        assert_eq!(read(&path), Ok(4));
        s.file.write_all_at(b"torn", 9).unwrap();
        assert!(matches!(read(&path), Err(Unfit::Damaged(why)) if why.contains("neither slot")));
    }

    #[test]
    fn a_cut_or_foreign_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let s = Sidecar::create(&path, "you", 3).unwrap();
        assert_eq!(read(&path), Err(Unfit::Foreign));
        s.file.set_len(100).unwrap();
        assert_eq!(read(&path), Err(Unfit::Damaged("expected 8192 bytes, found 100".into())));
    }
}
