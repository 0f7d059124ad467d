//! Where the demo keeps its store: a directory of its own that goes when the demo does.

use anyhow::{Context, ensure};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory for one demo.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    /// A new directory: `keep`, which must not hold anything yet, else one in the system's place
    /// for temporary files, that is removed when this is dropped.
    ///
    /// # Errors
    /// If it cannot be made, or is not empty.
    pub fn new(keep: Option<&Path>) -> anyhow::Result<Folder> {
        let path = match keep {
            Some(path) => {
                let empty = std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none());
                ensure!(empty, "{} is not empty: give --keep a directory that does not exist yet", path.display());
                path.to_owned()
            }
            None => {
                let mut random = [0_u8; 8];
                getrandom::fill(&mut random).map_err(|e| anyhow::anyhow!("the machine gives no randomness: {e}"))?;
                std::env::temp_dir().join(format!("sereno-demo-{:016x}", u64::from_be_bytes(random)))
            }
        };
        let mut maker = std::fs::DirBuilder::new();
        maker.recursive(keep.is_some()).mode(0o700).create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Folder { path, keep: keep.is_some() })
    }

    /// Whether it outlives the demo.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.keep
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the demo's files could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_and_a_kept_one_stays() {
        let folder = Folder::new(None).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("x"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
        let place = tempfile::tempdir().unwrap();
        let kept = place.path().join("a/b");
        drop(Folder::new(Some(&kept)).unwrap());
        assert!(kept.exists());
        drop(Folder::new(Some(&kept)).unwrap());
        std::fs::write(kept.join("x"), "x").unwrap();
        assert!(Folder::new(Some(&kept)).unwrap_err().to_string().contains("not empty"));
    }
}
