//! Power cuts, as images: after each acknowledged commit the files are as they were last synced;
//! what the next commit wrote may have reached the disk in part, in any order, torn or not at all.
//! What such an image holds is every acknowledged commit, or it is refused. Never silently less.

use crate::simulation::rng::Rng;
use crate::store_crash::told;
use crate::store_sample::{case, event};
use sereno::case::{Case, CaseId};
use sereno::store::sled::{Options, SledStore};
use sereno::store::{Commit, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A disk's least unit of writing, and that of the page cache.
const SECTOR: usize = 512;
const BLOCK: usize = 4096;
/// Commits that are recorded.
const COMMITS: u64 = 40;
/// Images that are tried, and for how long at most.
const IMAGES: u32 = 220;
const BOUND: Duration = Duration::from_secs(9);

/// All files of a store with their bytes, by their paths beneath the place.
type Disk = BTreeMap<PathBuf, Vec<u8>>;

fn read(root: &Path, at: &Path, into: &mut Disk) {
    for entry in fs::read_dir(root.join(at)).unwrap() {
        let entry = entry.unwrap();
        let name = at.join(entry.file_name());
        if entry.path().is_dir() {
            read(root, &name, into);
        } else {
            into.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

fn disk(root: &Path) -> Disk {
    let mut all = Disk::new();
    read(root, Path::new(""), &mut all);
    all
}

/// A place that forgets: images are what this is about, not the disk beneath them.
fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(root: &Path) -> Result<SledStore, StoreError> {
    SledStore::open_with(&root.join("store"), &root.join("keyring"), Options { min_free: 0, cache: 1 << 20 })
}

/// Versions of the cases, as acknowledged.
type Versions = BTreeMap<u64, u64>;

/// Commit number `n`: a new case, and a few that stood change; large enough to fill log segments.
fn commit(n: u64, stand: &mut Versions, rng: &mut Rng) -> Commit {
    let mut ids = BTreeSet::from([n]);
    if n > 1 {
        ids.extend((0..3).map(|_| 1 + rng.below(usize::try_from(n - 1).unwrap()) as u64));
    }
    let mut out = Commit::default();
    for id in ids {
        let version = stand.get(&id).copied().unwrap_or(0) + 1;
        stand.insert(id, version);
        // Some of them too large for the log: sled puts these into files of their own.
        let size = if rng.chance(12) { 150_000 } else { rng.below(4_000) };
        let noise: String = (0..size / 16).map(|_| format!("{:016x}", rng.between(0, i64::MAX - 1))).collect();
        out.cases.push(Case { version, tags: vec![noise], ..case(id, "cleo", "r1") });
        out.events.push(event(id, u32::try_from(version - 1).unwrap()));
    }
    out
}

/// What a file may look like when the power goes while it turns from `old` into `new`.
fn torn(old: &[u8], new: &[u8], rng: &mut Rng) -> Vec<u8> {
    let len = *rng.pick(&[old.len(), new.len(), old.len().midpoint(new.len())]);
    let mut out = old.to_vec();
    out.resize(len, 0);
    // How much of it got through differs from cut to cut.
    let through = *rng.pick(&[0, 100, 500, 900, 1000]);
    for at in (0..len).step_by(BLOCK) {
        let end = (at + BLOCK).min(len);
        let was = old.get(at..end.min(old.len()).max(at)).unwrap_or_default();
        let is = new.get(at..end.min(new.len()).max(at)).unwrap_or_default();
        if was == is {
            continue;
        }
        let fresh = was.is_empty();
        let mut put = |from: usize, to: usize, rng: &mut Rng| {
            if rng.chance(through) {
                let got = is.get(from - at..(to - at).min(is.len())).unwrap_or_default();
                out[from..from + got.len()].copy_from_slice(got);
            } else if fresh && rng.chance(300) {
                // Never written: whatever stood on the disk there.
                out[from..to].fill(rng.below(256) as u8);
            }
        };
        if rng.chance(500) {
            put(at, end, rng);
        } else {
            (at..end).step_by(SECTOR).for_each(|s| put(s, (s + SECTOR).min(end), rng));
        }
    }
    out
}

/// An image of a power cut between two acknowledged commits.
fn image(old: &Disk, new: &Disk, rng: &mut Rng) -> Disk {
    let is_sidecar = |p: &Path| p.extension().is_some_and(|e| e == "seq");
    // The sidecar is written once all else is durable: either the data is torn, or the sidecar.
    let data = rng.chance(850);
    let mut out = Disk::new();
    let names: BTreeSet<&PathBuf> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (was, is) = (old.get(name), new.get(name));
        let bytes = match (is_sidecar(name), data) {
            (true, true) => was.cloned(),
            (false, false) => is.cloned(),
            _ => match (was, is) {
                (Some(was), Some(is)) => Some(torn(was, is, rng)),
                // A new file: its name may have reached the disk, and some of what it holds.
                (None, Some(is)) => rng.chance(600).then(|| torn(&[], is, rng)),
                // One that was taken away: perhaps.
                (Some(was), None) => rng.chance(500).then(|| was.clone()),
                (None, None) => None,
            },
        };
        out.extend(bytes.map(|b| (name.clone(), b)));
    }
    out
}

fn write(disk: &Disk, root: &Path) {
    for (name, bytes) in disk {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::create_dir_all(root.join("store/blobs")).unwrap();
}

/// What an image's store holds: the versions of `all` cases.
fn held(store: &SledStore, all: &Versions) -> Result<Versions, StoreError> {
    let mut out = Versions::new();
    for id in all.keys() {
        if let Some(case) = store.case(CaseId(*id))? {
            let events = store.events(CaseId(*id), 0, usize::MAX)?.len() as u64;
            assert_eq!(events, case.version, "case {id}: an event for each version");
            out.insert(*id, case.version);
        }
    }
    Ok(out)
}

#[test]
fn after_a_power_cut_everything_acknowledged_is_there_or_the_store_is_refused() {
    let seed = std::env::var("SERENO_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(11);
    let mut rng = Rng::new(seed);
    let began = Instant::now();
    let place = place();
    let store = open(place.path()).unwrap();
    let mut stand = Versions::new();
    let mut synced = vec![(disk(place.path()), stand.clone())];
    for n in 1..=COMMITS {
        store.commit(commit(n, &mut stand, &mut rng)).unwrap();
        synced.push((disk(place.path()), stand.clone()));
    }
    let log = |d: &Disk| d.iter().filter(|(n, _)| n.ends_with("db")).map(|(_, b)| b.len()).sum::<usize>();
    let blobs = |d: &Disk| d.keys().filter(|n| n.to_string_lossy().contains("blobs/")).count();
    let last = &synced.last().unwrap().0;
    println!("{COMMITS} commits in {:.1?}: a log of {} KiB, {} blobs", began.elapsed(), log(last) / 1024, blobs(last));

    let (mut whole, mut after_all, mut refused, mut tried) = (0, 0, 0, 0);
    while tried < IMAGES && (began.elapsed() < BOUND || tried < 20) {
        tried += 1;
        let at = rng.below(synced.len() - 1);
        let ((old, before), (new, after)) = (&synced[at], &synced[at + 1]);
        let image = image(old, new, &mut rng);
        let there = self::place();
        write(&image, there.path());
        let context = format!("seed {seed}, image {tried}, a cut after {at} acknowledged commits");
        let found = open(there.path()).and_then(|store| {
            let found = held(&store, after)?;
            // It goes on from there.
            store.commit(Commit { cases: vec![case(9_999, "cleo", "r2")], ..Commit::default() })?;
            Ok(found)
        });
        match found {
            Ok(found) => {
                assert!(
                    &found == before || &found == after,
                    "{context}: silently less, or half a commit:\n{found:?}\n{before:?}\n{after:?}"
                );
                whole += 1;
                after_all += u32::from(&found == after);
            }
            Err(why @ StoreError::Corrupt(_)) => {
                assert!(told(&why).contains("sereno import"), "{context}: says how to mend it: {why}");
                refused += 1;
            }
            Err(other) => panic!("{context}: {other}"),
        }
    }
    println!(
        "{tried} images in {:.1?}: {whole} whole ({after_all} of them with the commit that was cut short), {refused} refused",
        began.elapsed()
    );
    assert!(tried < 100 || (after_all > 0 && after_all < whole), "the cuts fall before and after the commit's last byte");
    assert!(whole * 2 > tried, "most power cuts cost nothing at all: {whole} of {tried}");
}
