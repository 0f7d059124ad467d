//! An export for whoever may read it slowly, or not at all.
//!
//! The writer gives everything out as of one moment, and commits wait for it. So what a client reads
//! from a running bot is first written to a file as fast as the disk takes it, and read from there
//! while commits go on. What the store seals, this file seals too: with a key that is nowhere but in
//! memory, so that nothing an erasure destroys lives on in it. It has no name and ends with its process.

use super::codec::{SecretKey, hex};
use super::sidecar::beside;
use super::{StoreError, shown};
use crate::say::Say;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes that are sealed together.
const PIECE: usize = 256 << 10;

/// What is kept, being written.
pub(super) struct Spool {
    file: File,
    key: SecretKey,
    pieces: u64,
    waiting: Vec<u8>,
    dir: PathBuf,
    /// Bytes that must stay free on the disk.
    floor: u64,
}

impl Spool {
    /// A new one beside the store in `dir`, and what reads it once all is written.
    pub(super) fn new(dir: &Path, floor: u64) -> Result<(Spool, Spooled), StoreError> {
        let key = SecretKey::random()?;
        let name: Vec<u8> = SecretKey::random()?.expose().iter().copied().take(8).collect();
        let path = beside(dir, &format!(".spool-{}", hex(&name)));
        let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path).and_then(|file| {
            fs::remove_file(&path)?;
            Ok((file.try_clone()?, file))
        });
        let (file, again) = opened.map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display()).into()))?;
        let spooled = Spooled { file: again, key: key.clone() };
        Ok((Spool { file, key, pieces: 0, waiting: Vec::with_capacity(PIECE), dir: dir.to_owned(), floor }, spooled))
    }

    fn seal(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let disk = rustix::fs::statvfs(&self.dir)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.floor.saturating_add(PIECE as u64) {
            let say = Say::new("why-store-no-room-to-spool").text("path", shown(&self.dir));
            return Err(io::Error::new(io::ErrorKind::StorageFull, StoreError::full(say)));
        }
        let sealed = self.key.seal(&self.pieces.to_be_bytes(), &self.waiting).map_err(io::Error::other)?;
        self.file.write_all(&(sealed.len() as u64).to_be_bytes())?;
        self.file.write_all(&sealed)?;
        self.pieces += 1;
        self.waiting.clear();
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (taken, _) = bytes.split_at_checked(PIECE - self.waiting.len()).unwrap_or((bytes, &[]));
        self.waiting.extend_from_slice(taken);
        if self.waiting.len() == PIECE {
            self.seal()?;
        }
        Ok(taken.len())
    }
    /// Seals what is waiting: a piece may be shorter than the others.
    fn flush(&mut self) -> io::Result<()> {
        self.seal()
    }
}

/// A whole export, kept.
#[derive(Debug)]
pub struct Spooled {
    file: File,
    key: SecretKey,
}

impl Spooled {
    /// Hands it all on, however long that takes.
    ///
    /// # Errors
    /// Nobody reads any more; or the file is not what was written.
    pub fn pour(mut self, out: &mut impl Write) -> io::Result<()> {
        self.file.rewind()?;
        let left = self.file.metadata()?.len();
        let mut from = io::BufReader::new(self.file).take(left);
        let mut piece = 0_u64;
        while from.limit() > 0 {
            let mut len = [0; 8];
            from.read_exact(&mut len)?;
            let mut sealed = vec![0; usize::try_from(u64::from_be_bytes(len).min(from.limit())).map_err(io::Error::other)?];
            from.read_exact(&mut sealed)?;
            let plain = self.key.open(&piece.to_be_bytes(), &sealed).ok_or(io::ErrorKind::InvalidData)?;
            out.write_all(&plain)?;
            piece += 1;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_and_stands_nowhere_in_the_clear() {
        let dir = tempfile::tempdir().unwrap();
        let (mut spool, spooled) = Spool::new(&dir.path().join("store"), 0).unwrap_or_else(|e| panic!("{e}"));
        fs::create_dir(dir.path().join("store")).unwrap();
        let line = b"a CANARY and what belongs to it\n".repeat(1_000);
        for _ in 0..40 {
            spool.write_all(&line).unwrap();
            spool.flush().unwrap();
            spool.write_all(b"!").unwrap();
        }
        spool.flush().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "it has no name");
        let mut kept = Vec::new();
        spool.file.rewind().unwrap();
        spool.file.read_to_end(&mut kept).unwrap();
        assert!(kept.len() > 40 * line.len() && !kept.windows(6).any(|w| w == b"CANARY"));
        let mut out = Vec::new();
        spooled.pour(&mut out).unwrap();
        assert_eq!(out, [line.as_slice(), b"!"].concat().repeat(40));
    }

    #[test]
    fn it_does_not_fill_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let (mut spool, _spooled) = Spool::new(dir.path(), u64::MAX).unwrap_or_else(|e| panic!("{e}"));
        let full = spool.write_all(&vec![7; PIECE]).unwrap_err();
        assert!(full.kind() == io::ErrorKind::StorageFull && full.to_string().contains("why-store-no-room-to-spool"), "{full}");
    }
}
