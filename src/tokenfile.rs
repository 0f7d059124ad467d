//! A file of tokens that each serve once: one process at a time may exchange them, and the newest are on the disk, whole,
//! before they are used. Nobody else on the machine can read it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// More than any such file takes, in bytes: so much room there must be before a token is spent.
const ROOM_BYTES: usize = 8_192;
/// How often it is tried whether the lock is free.
const LOCK_TRY: Duration = Duration::from_millis(50);

/// Holds the right to exchange, against every other process, until it is dropped; and shows that something can be kept there.
///
/// # Errors
/// Nothing can be written there; `TimedOut`: another process does not let go of it within `patience`.
pub async fn hold(file: &Path, patience: Duration) -> io::Result<File> {
    let (path, beside) = (file.with_extension("lock"), file.with_extension("new"));
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    let until = Instant::now() + patience;
    // The system itself waits for ever, in a thread that nothing ends.
    while let Err(error) = lock.try_lock() {
        match error {
            TryLockError::Error(error) => return Err(error),
            TryLockError::WouldBlock if Instant::now() >= until => {
                let path = path.display();
                let why = format!("another process holds {path} and does not let go: end it (`fuser {path}` names it), then try again");
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            TryLockError::WouldBlock => tokio::time::sleep(LOCK_TRY).await,
        }
    }
    let work = move || {
        begin(&beside)?.write_all(&[b' '; ROOM_BYTES])?;
        Ok(lock)
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Whole or not at all, and on the disk before it returns. Blocks.
///
/// # Errors
/// It is as it was.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut out = begin(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    match file.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// A file that is nobody else's to read, empty.
fn begin(file: &Path) -> io::Result<File> {
    std::fs::remove_file(file).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}
