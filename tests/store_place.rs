//! Where a store under test lies: its directory, its sidecar and its keyring. Shared by the store's own tests
//! (`src/store/sled/tests.rs`) and those from outside.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory of its own, gone when dropped.
pub struct Place(pub tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }
    pub fn dir(&self) -> PathBuf {
        self.0.path().join("store")
    }
    pub fn keyring(&self) -> PathBuf {
        self.0.path().join("keyring")
    }
    /// All files below `top`.
    pub fn files_of(top: &Path) -> Vec<PathBuf> {
        let (mut files, mut dirs) = (Vec::new(), vec![top.to_owned()]);
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { dirs.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

/// Copies what lies in `from` into `to`, which is there.
pub fn copy_all(from: &Path, to: &Path) {
    for file in Place::files_of(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}
