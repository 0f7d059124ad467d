//! What is kept in `fuzz/corpus` is fed to its target by every run of the tests: what was found once stays mended, also where
//! there is no nightly compiler to look for more.

use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_kept_is_read_by_its_target() {
    for (name, target) in TARGETS {
        let folder = fuzz().join("corpus").join(name);
        let kept = names_in(&folder);
        assert!(kept.len() >= 5, "{name} has hardly anything to begin with");
        for file in kept {
            let data = fs::read(folder.join(&file)).unwrap();
            let fed = std::panic::catch_unwind(|| target(&data));
            assert!(fed.is_ok(), "fuzz/corpus/{name}/{file}");
        }
    }
}

/// A target that nobody runs, or a corpus that no target reads, would be forgotten.
#[cfg(feature = "slack")]
#[test]
fn each_target_has_its_program_and_its_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    assert_eq!(names_in(&fuzz().join("corpus")), names);
    let programs: BTreeSet<String> = names.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names_in(&fuzz().join("fuzz_targets")), programs);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let program = fs::read_to_string(fuzz().join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("sereno::fuzzing::feed(\"{name}\", data)")), "{name}");
    }
}
