//! A disk that is really full: a small file system of its own, filled to the last block.

use crate::store_crash::told;
use crate::store_sample::{case, event};
use sereno::case::{Case, CaseId};
use sereno::store::sled::{Options, SledStore};
use sereno::store::{Commit, Store, StoreError};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A file system in memory of 64 MiB; unmounted when dropped.
struct Small(tempfile::TempDir);

impl Small {
    /// `Err`: why this machine lets nobody mount one.
    fn mount() -> Result<Small, String> {
        let dir = tempfile::tempdir().unwrap();
        let out = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "sereno-test"]).arg(dir.path()).output();
        match out {
            Ok(out) if out.status.success() => Ok(Small(dir)),
            Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

/// Bytes of a case, about.
const LARGE: usize = 40_000;

/// A commit of one more case.
fn large(id: u64) -> Commit {
    let mut case = Case { version: 1, ..case(id, "cleo", "r1") };
    case.tags = vec![format!("{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(LARGE / 16)];
    Commit { cases: vec![case], events: vec![event(id, 0)], ..Commit::default() }
}

fn open(place: &Path, min_free: u64) -> Result<SledStore, StoreError> {
    SledStore::open_with(&place.join("store"), &place.join("keyring"), Options { min_free, cache: 1 << 20 })
}

fn holds_all(store: &SledStore, acked: &[u64]) {
    for id in acked {
        assert_eq!(store.case(CaseId(*id)).unwrap().map(|c| c.tags[0].len()), Some(LARGE), "case {id} was acknowledged");
    }
}

/// Commits until one is refused: that refusal. No number is used twice: what was refused last may
/// have reached the disk all the same.
fn fill(store: &SledStore, next: &mut u64, acked: &mut Vec<u64>) -> StoreError {
    loop {
        let id = *next;
        *next += 1;
        assert!(id < 5_000, "the disk never fills up");
        match store.commit(large(id)) {
            Ok(_) => acked.push(id),
            Err(e) => return e,
        }
    }
}

/// Fills what is left, outside of the store, but for so many bytes.
fn ballast(path: &Path, leave: u64) {
    let disk = rustix::fs::statvfs(path.parent().unwrap()).unwrap();
    let size = (disk.f_bavail * disk.f_frsize).saturating_sub(leave);
    fs::write(path, vec![7; usize::try_from(size).unwrap()]).unwrap();
}

/// Waits for a child to end by itself, within bounds; what it said.
fn ended(child: &mut Child) -> String {
    let mut out = child.stdout.take().unwrap();
    let read = std::thread::spawn(move || {
        let mut said = String::new();
        out.read_to_string(&mut said).map(|_| said)
    });
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().ok();
    child.wait().unwrap();
    read.join().unwrap().unwrap()
}

/// Not a test of its own: the process that meets the end of the disk.
#[test]
fn child() {
    let Ok(root) = std::env::var("SERENO_FULL_CHILD") else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let root = Path::new(&root);
    // Others fill the disk while the store is open.
    let store = open(root, 0).unwrap();
    ballast(&root.join("ballast"), number("SERENO_FULL_LEAVE"));
    let (mut next, mut acked) = (number("SERENO_FULL_NEXT"), Vec::new());
    let refusal = fill(&store, &mut next, &mut acked);
    println!();
    acked.iter().for_each(|id| println!("acked {id}"));
    println!("refused: {}", told(&refusal));
    assert!(matches!(refusal, StoreError::Full(_) | StoreError::Unavailable(_)), "a full disk is no damage: {refusal}");
    drop(store);
    println!("closed");
}

#[test]
fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let disk = match Small::mount() {
        Ok(disk) => disk,
        Err(why) => return crate::skipped::skipped(&format!("the test of a full disk; no file system can be mounted here ({why})")),
    };
    let root = disk.0.path();
    ballast(&disk.path("ballast"), 40 << 20);

    let (mut next, mut acked) = (1, Vec::new());

    // With its reserve: refused in time, alive, and well again once there is room.
    let store = open(root, 3 << 20).unwrap();
    let refusal = fill(&store, &mut next, &mut acked);
    assert!(acked.len() > 10, "{}", acked.len());
    assert!(matches!(&refusal, StoreError::Full(_)) && told(&refusal).contains("make room"), "{refusal}");
    holds_all(&store, &acked);
    // sled may give some room back meanwhile: once that is used up it is refused again.
    let again = fill(&store, &mut next, &mut acked);
    assert!(matches!(again, StoreError::Full(_)), "as long as it lasts: {again}");
    holds_all(&store, &acked);
    fs::remove_file(disk.path("ballast")).unwrap();
    next += 1;
    // The kernel may take a moment to count what was freed.
    let began = Instant::now();
    while let Err(e) = store.commit(large(next)) {
        assert!(matches!(e, StoreError::Full(_)) && began.elapsed() < Duration::from_secs(5), "there is room again: {e}");
        std::thread::sleep(Duration::from_millis(20));
    }
    acked.push(next);
    next += 1;
    holds_all(&store, &acked);
    drop(store);

    // Without a floor of its own, and others fill the disk to the last blocks while it is open: sled
    // must never meet the end itself. In a process of its own, as a store that stopped is in use until
    // its process ends.
    for leave in [700_000, 150_000] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["store_full::child", "--exact", "--nocapture", "--test-threads=1"])
            .env("SERENO_FULL_CHILD", root)
            .env("SERENO_FULL_LEAVE", leave.to_string())
            .env("SERENO_FULL_NEXT", next.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut refusal, mut closed, before) = (None, false, acked.len());
        let said = ended(&mut child);
        for line in said.lines() {
            if let Some(id) = line.strip_prefix("acked ") {
                acked.push(id.parse().unwrap());
            }
            refusal = line.strip_prefix("refused: ").map(str::to_owned).or(refusal);
            closed |= line == "closed";
        }
        next = next.max(acked.last().unwrap() + 1) + 1;
        let refusal = refusal.unwrap_or_else(|| panic!("{said}"));
        println!("{leave} bytes left: {} acknowledged, then: {refusal}", acked.len() - before);
        assert!(closed, "a store that stopped can be closed: {said}");
        assert!(!refusal.contains("sereno import"), "a full disk is no damage: {refusal}");
        assert!(refusal.contains("make"), "says what to do: {refusal}");
        // A restart while it is full: refused or whole, but never less, and never called damage.
        match open(root, 0) {
            Ok(store) => holds_all(&store, &acked),
            Err(e) => assert!(matches!(&e, StoreError::Full(_)) && told(&e).contains("make room"), "{e}"),
        }
        fs::remove_file(disk.path("ballast")).unwrap();
        let store = open(root, 0).unwrap_or_else(|e| panic!("there is room again ({leave}): {e}"));
        holds_all(&store, &acked);
        store.commit(large(next)).unwrap();
        acked.push(next);
        next += 1;
    }
    let store = open(root, 0).unwrap();
    holds_all(&store, &acked);
    let wrong: Vec<_> = store.check().unwrap().into_iter().filter(|f| !f.ok).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
