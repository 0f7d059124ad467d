//! Where the networks' and Slack's own specifications lie: `$SERENO_SPECS`, or `../shared/specs` beside the repository.

use std::path::PathBuf;

// Beside this file, which is part of the unit tests as well.
#[path = "skipped.rs"]
pub mod skipped;

/// The folder of `whose`, known by the file `holds` within it. Where there is none, that is said and the test passes,
/// unless `SERENO_SPECS_REQUIRED` is set, as in CI.
pub fn folder(whose: &str, holds: &str) -> Option<PathBuf> {
    let specs =
        std::env::var_os("SERENO_SPECS").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/specs"), PathBuf::from);
    let folder = specs.join(whose);
    if folder.join(holds).is_file() {
        return Some(folder);
    }
    let why = format!("no {}; set SERENO_SPECS to the folder with the specifications", folder.join(holds).display());
    assert!(std::env::var_os("SERENO_SPECS_REQUIRED").is_none(), "{why}");
    skipped::skipped(&why);
    None
}
