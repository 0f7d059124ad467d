//! Trying a store on a copy of it: to open one is to change it.
//!
//! sled mends a log as it opens it: what it takes for a torn tail is overwritten with zeros and cut
//! off, snapshots and blobs are removed. Of a store that is refused afterwards, that may be the last
//! copy of what somebody could still have read. So whatever was not closed by us, to the byte, is
//! opened on a [`Copy`] first, and itself only once the copy was found whole. A store that is as it was
//! closed needs no copy: a file beside it, the [`Mark`], says so. The mark is worth nothing more than that time: where
//! it is missing or old, a copy is made.

use crate::store::sidecar::beside;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes that must stay free beside a copy: what sled may write as it opens it.
const SPARE: u64 = 4 << 20;
/// How long sled's own threads may take to let go of its file once it is closed.
const LET_GO: Duration = Duration::from_millis(500);

/// A copy of a store's files beside it; gone when dropped. As sealed as the store, and worth nothing without the keys.
pub(super) struct Copy {
    at: PathBuf,
}

impl Copy {
    /// Copies the files of the store in `dir`. `StorageFull`: there is no room for it.
    pub(super) fn of(dir: &Path) -> io::Result<Copy> {
        let at = beside(dir, ".trial");
        clear(&at)?;
        let files = files_of(dir)?;
        // What the files take, and not how long they are: sled leaves holes.
        let needed: u64 = files.iter().map(|f| Ok(f.metadata()?.blocks() * 512)).sum::<io::Result<u64>>()?;
        let disk = rustix::fs::statvfs(dir)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < needed + SPARE {
            let needed = (needed + SPARE).div_ceil(1 << 20);
            return Err(io::Error::new(io::ErrorKind::StorageFull, format!("{needed} MiB must be free for a copy of the store")));
        }
        DirBuilder::new().mode(0o700).create(&at)?;
        let copy = Copy { at };
        fs::create_dir(copy.at.join("blobs"))?;
        for file in files {
            let name = file.strip_prefix(dir).map_err(io::Error::other)?;
            fs::copy(&file, copy.at.join(name))?;
        }
        Ok(copy)
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.at
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.at) {
            tracing::warn!(%error, path = %self.at.display(), "a copy of the store, made to try it, could not be removed");
        }
    }
}

/// Whether the copy could not be made for want of room or of a right: not a fault of the store.
pub(super) fn no_place(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | PermissionDenied | ReadOnlyFilesystem)
}

/// Removes a copy that a killed process has left, if there is one.
pub(super) fn forget(dir: &Path) {
    if let Err(error) = clear(&beside(dir, ".trial")) {
        tracing::debug!(%error, "beside the store stands what is no copy of it");
    }
}

/// Removes a copy that a killed process has left, but nothing of anybody else's.
fn clear(at: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(at) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let name = entry?.file_name();
        if !is_ours(&name.to_string_lossy()) {
            let text = format!("{} is in the way: sereno makes a copy of the store there to try it; move it aside", at.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
    }
    fs::remove_dir_all(at)
}

/// Whether a file of this name is one that sled makes in its directory.
pub(super) fn is_ours(name: &str) -> bool {
    ["db", "conf", "blobs"].contains(&name) || name.starts_with("snap.")
}

/// The files of a store, in order of their names.
fn files_of(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for at in [dir.to_owned(), dir.join("blobs")] {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What the files of a store are: name, length and checksum of each.
fn survey(dir: &Path) -> io::Result<String> {
    let mut text = String::from("sereno-closed 1\n");
    let mut piece = vec![0; 1 << 20];
    for file in files_of(dir)? {
        let (mut from, mut sum, mut len) = (File::open(&file)?, crc32fast::Hasher::new(), 0_u64);
        loop {
            let read = from.read(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|b| !b.is_empty()) else { break };
            sum.update(bytes);
            len += read as u64;
        }
        let name = file.strip_prefix(dir).unwrap_or(&file).display();
        writeln!(text, "{len} {:08x} {name}", sum.finalize()).map_err(io::Error::other)?;
    }
    Ok(text)
}

/// Whether the store in `dir` is to the byte as it was when it was last closed.
pub(super) fn as_closed(dir: &Path) -> bool {
    let Ok(mark) = fs::read_to_string(beside(dir, ".closed")) else { return false };
    survey(dir).is_ok_and(|found| found == mark)
}

/// Notes, as it is dropped, what the files of the store are: then sled must have let go of them.
pub(super) struct Mark {
    dir: PathBuf,
    armed: AtomicBool,
}

impl Mark {
    /// One that notes nothing until told to.
    pub(super) fn new(dir: &Path) -> Mark {
        Mark { dir: dir.to_owned(), armed: AtomicBool::new(false) }
    }
    /// Whether the store is closed in good order.
    pub(super) fn arm(&self, armed: bool) {
        self.armed.store(armed, Ordering::Relaxed);
    }

    fn note(&self) -> io::Result<()> {
        // sled's threads may still be writing: they hold its lock for as long as that.
        let db = File::open(self.dir.join("db"))?;
        let began = Instant::now();
        while let Err(e) = rustix::fs::flock(&db, rustix::fs::FlockOperation::NonBlockingLockShared) {
            if began.elapsed() > LET_GO {
                return Err(e.into());
            }
            std::thread::sleep(LET_GO / 100);
        }
        let text = survey(&self.dir)?;
        let path = beside(&self.dir, ".closed");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if self.armed.load(Ordering::Relaxed)
            && let Err(error) = self.note()
        {
            tracing::debug!(%error, "the next start will try the store on a copy");
        }
    }
}
