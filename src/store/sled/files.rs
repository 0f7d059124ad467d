//! Making durable what sled has written: its own `flush` stops short of the disk.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The files that sled writes, for our own syncing of them.
pub(super) struct Files {
    dir: PathBuf,
    db: File,
    names: BTreeSet<OsString>,
    blobs: BTreeSet<OsString>,
}

impl Files {
    /// The files of the store in `dir`; all of them are synced now.
    pub(super) fn new(dir: &Path) -> io::Result<Files> {
        let mut files = Files { dir: dir.to_owned(), db: File::open(dir.join("db"))?, names: BTreeSet::new(), blobs: BTreeSet::new() };
        files.db.sync_all()?;
        for name in names_in(dir)? {
            File::open(dir.join(name))?.sync_all()?;
        }
        files.sync()?;
        Ok(files)
    }

    /// Makes what sled has written durable: the log, new blobs, and new names.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.db.sync_data()?;
        let at = self.dir.join("blobs");
        let blobs = names_in(&at)?;
        if blobs != self.blobs {
            for new in blobs.difference(&self.blobs) {
                match File::open(at.join(new)) {
                    Ok(file) => file.sync_all()?,
                    // sled has dropped it again meanwhile.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(e),
                }
            }
            File::open(&at)?.sync_all()?;
            self.blobs = blobs;
        }
        let names = names_in(&self.dir)?;
        if names != self.names {
            File::open(&self.dir)?.sync_all()?;
            self.names = names;
        }
        Ok(())
    }
}

fn names_in(dir: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect()
}
