//! Damage of every kind, and kill -9: the store is whole, or it is refused. Never silently less.

use crate::store_place::{Place, copy_all};
use crate::store_sample::{NOW, answer, case, event};
use sereno::case::{Case, CaseId};
use sereno::digest::{Fact, FactKind};
use sereno::i18n::Words;
use sereno::policy::Lang;
use sereno::post::PostRef;
use sereno::say::Say;
use sereno::store::export::NotImported;
use sereno::store::sled::{Options, SledStore};
use sereno::store::{Claim, Commit, PostClaim, SeenCommand, Store, StoreError, export};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What people read of a refusal.
pub fn told(error: &StoreError) -> String {
    Words::new().tell(&Say::new("cli-store-error").with("detail", error.why().into()), Lang::En)
}

/// Why an export was not imported, as people read it.
fn not_imported(error: &NotImported) -> String {
    let (NotImported::File(error) | NotImported::Store(error)) = error;
    told(error)
}

trait Opens {
    fn sidecar(&self) -> PathBuf;
    fn open(&self) -> Result<SledStore, StoreError>;
    fn copy(&self) -> Place;
}

impl Opens for Place {
    fn sidecar(&self) -> PathBuf {
        self.0.path().join("store.seq")
    }
    fn open(&self) -> Result<SledStore, StoreError> {
        SledStore::open(&self.dir(), &self.keyring())
    }
    fn copy(&self) -> Place {
        let to = Place::new();
        copy_all(self.0.path(), to.0.path());
        to
    }
}

fn commit(id: u64, version: u64) -> Commit {
    let n = u32::try_from(version - 1).unwrap();
    let fact =
        Fact { at: NOW.plus(version.cast_signed()), case: CaseId(id), n, network: "square".into(), by: None, kind: FactKind::Replied };
    let claim =
        PostClaim { post: PostRef::World(format!("p{id}-{version}").as_str().into()), claim: Claim::Case(CaseId(id)), expires: NOW };
    Commit {
        cases: vec![Case { version, ..case(id, "cleo", "r1") }],
        events: vec![event(id, n)],
        claims: vec![claim],
        commands: vec![SeenCommand { id: format!("c{id}-{version}"), answer: answer(Some(id), "done"), expires: NOW }],
        facts: vec![fact],
        cursors: vec![("acme".into(), format!("s{id}"), version.to_string())],
        ..Commit::default()
    }
}

/// A store with some hundreds of commits, closed; and all that is in it.
fn filled() -> (Place, Vec<u8>) {
    let place = Place::new();
    let store = place.open().unwrap();
    for version in 1..=8 {
        std::thread::scope(|s| {
            for id in 1..=24 {
                let store = &store;
                s.spawn(move || store.commit(commit(id, version)).unwrap());
            }
        });
    }
    let whole = everything(&store, &place).unwrap();
    (place, whole)
}

fn everything(store: &SledStore, place: &Place) -> Result<Vec<u8>, StoreError> {
    let file = place.0.path().join("export");
    export::export(store, &file)?;
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(file).unwrap();
    Ok(bytes)
}

/// Every file of the store, its sidecar and its keyring, and what stands beside them.
fn bytes_of(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    Place::files_of(place.0.path()).into_iter().map(|f| (f.clone(), fs::read(&f).unwrap())).collect()
}

/// Nothing was changed, added or taken away.
fn same_bytes(place: &Place, before: &BTreeMap<PathBuf, Vec<u8>>, when: &str) {
    let after = bytes_of(place);
    assert!(after.keys().eq(before.keys()), "{when}: other files: {:?} were {:?}", after.keys(), before.keys());
    for (path, bytes) in before {
        assert!(after[path] == *bytes, "{when}: {} was changed", path.display());
    }
}

/// What reading without changing tells of the store.
fn looked_into(place: &Place) -> Result<bool, StoreError> {
    let reading = SledStore::look_into(&place.dir(), &place.keyring(), Options::default())?.expect("it was made");
    Ok(reading.check()?.iter().all(|f| f.ok))
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Whole,
    Refused(String),
    /// The one that must never be.
    SilentlyLess,
}

fn judge(place: &Place, whole: &[u8]) -> Verdict {
    let read = place.open().and_then(|store| everything(&store, place));
    match read {
        Ok(bytes) if bytes == whole => Verdict::Whole,
        Ok(_) => Verdict::SilentlyLess,
        Err(e) => Verdict::Refused(told(&e)),
    }
}

fn refused(place: &Place, whole: &[u8], words: &[&str]) {
    match judge(place, whole) {
        Verdict::Refused(why) => {
            for word in words {
                assert!(why.contains(word), "{word}: {why}");
            }
            assert!(why.contains("store"), "{why}");
        }
        other => panic!("{other:?}, expected a refusal that says {words:?}"),
    }
}

/// Numbers from a seed, for places to damage.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Damages the store at a random place; how.
fn damage(place: &Place, round: u64, dice: &mut Dice) -> String {
    // Now and then it is another of its files: its settings, a snapshot.
    let mut files = Place::files_of(&place.dir());
    files.sort();
    let any = files.swap_remove(usize::try_from(dice.roll(files.len() as u64)).unwrap());
    let file = if round % 8 > 5 { any } else { place.dir().join("db") };
    let name = file.file_name().unwrap().display().to_string();
    let db = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let len = db.metadata().unwrap().len();
    match round % 4 {
        0 | 2 if round % 8 != 2 => {
            // sled sets space aside ahead of what it writes: cut where bytes are.
            let cut = dice.roll(len);
            db.set_len(cut).unwrap();
            format!("{name} cut at {cut} of {len}")
        }
        1 => {
            let (from, many) = (dice.roll(len), 1 + dice.roll(9_000));
            db.write_all_at(&vec![0; usize::try_from(many.min(len - from)).unwrap()], from).unwrap();
            format!("{name}: {many} zeros at {from}")
        }
        _ => {
            let at = dice.roll(len);
            let mut byte = [0];
            db.read_exact_at(&mut byte, at).unwrap();
            db.write_all_at(&[byte[0] ^ (1 << dice.roll(8))], at).unwrap();
            format!("{name}: a bit at {at}")
        }
    }
}

/// Damages copies of the store in so many ways: none is silently less, and whatever is refused, or only
/// looked into, stays as it was.
fn damages(place: &Place, whole: &[u8], seed: u64) {
    let mut dice = Dice(seed);
    let (mut kept, mut seen) = (0, 0);
    let rounds = std::env::var("SERENO_DAMAGE_ROUNDS").map_or(40, |n| n.parse().unwrap());
    for round in 0..rounds {
        let copy = place.copy();
        let what = damage(&copy, round, &mut dice);
        let before = bytes_of(&copy);
        let looked = looked_into(&copy);
        same_bytes(&copy, &before, &format!("looked into, {what}"));
        match copy.open() {
            Err(why) => {
                assert!(
                    ["sereno import", "put the file back", "run the newer sereno"].iter().any(|way| told(&why).contains(way)),
                    "{what}: {}",
                    told(&why)
                );
                same_bytes(&copy, &before, &format!("refused, {what}: {why}"));
                assert!(looked.is_err(), "{what}: refused to be used, and found whole: {why}");
                seen += 1;
            }
            Ok(store) => match everything(&store, &copy) {
                Ok(bytes) if bytes == whole => kept += 1,
                Ok(_) => panic!("round {round}: {what}: opened with less than was acknowledged"),
                Err(why) => {
                    assert!(
                        ["sereno import", "put the file back", "run the newer sereno"].iter().any(|way| told(&why).contains(way)),
                        "{what}: {}",
                        told(&why)
                    );
                    assert!(!looked.is_ok_and(|well| well), "{what}: found whole, and then: {why}");
                    seen += 1;
                }
            },
        }
    }
    println!("{seen} refused, {kept} whole of {rounds}");
    assert!(seen >= rounds / 4, "the damage did reach the data: {seen}");
}

#[test]
fn a_torn_tail_or_a_flipped_byte_is_never_silently_less_and_stays_as_it_was() {
    let (place, whole) = filled();
    assert_eq!(judge(&place.copy(), &whole), Verdict::Whole);
    damages(&place, &whole, 7);
}

/// The same of a store whose process was killed: its files as they are while it is open.
#[test]
fn damage_to_a_store_that_was_not_closed_stays_as_it_was() {
    let (place, _) = filled();
    let store = place.open().unwrap();
    for id in 1..=24 {
        store.commit(commit(id, 9)).unwrap();
    }
    let whole = everything(&store, &place).unwrap();
    let killed = place.copy();
    drop(store);
    let before = bytes_of(&killed);
    assert_eq!(looked_into(&killed), Ok(true));
    same_bytes(&killed, &before, "looked into, as it was killed");
    damages(&killed, &whole, 5);
    assert_eq!(judge(&killed, &whole), Verdict::Whole);
}

/// A copy that a killed process has left is in nobody's way; what somebody else has put there stays.
#[test]
fn a_copy_left_behind_goes_and_what_is_not_ours_stays() {
    let (place, whole) = filled();
    let trial = place.0.path().join("store.trial");
    fs::remove_file(place.0.path().join("store.closed")).expect("a closed store says how it was left");
    fs::create_dir(&trial).unwrap();
    fs::write(trial.join("letter.txt"), b"dear diary").unwrap();
    refused(&place, &whole, &["store.trial", "move it aside"]);
    assert!(trial.join("letter.txt").exists());
    fs::rename(trial.join("letter.txt"), trial.join("db")).unwrap();
    assert_eq!(judge(&place, &whole), Verdict::Whole);
    assert!(!trial.exists());
}

#[test]
fn a_lost_or_foreign_part_is_refused_with_what_to_do() {
    let (place, whole) = filled();
    let import = "`sereno import FILE`";

    let p = place.copy();
    fs::remove_dir_all(p.dir()).unwrap();
    refused(&p, &whole, &["its data is not there", "Correct [store] path", import]);
    assert!(!p.dir().exists(), "nothing is begun in its place");

    let p = place.copy();
    fs::remove_file(p.dir().join("db")).unwrap();
    refused(&p, &whole, &["without its files", import]);

    let p = place.copy();
    fs::remove_file(p.dir().join("conf")).unwrap();
    refused(&p, &whole, &["without its files", import]);

    let p = place.copy();
    fs::write(p.dir().join("db"), b"").unwrap();
    refused(&p, &whole, &["expected", "found", import]);

    let p = place.copy();
    fs::remove_file(p.sidecar()).unwrap();
    refused(&p, &whole, &["sidecar", "store.seq", "put the file back", import]);

    let p = place.copy();
    OpenOptions::new().write(true).open(p.sidecar()).unwrap().set_len(77).unwrap();
    refused(&p, &whole, &["expected 8192 bytes, found 77", import]);

    let p = place.copy();
    fs::remove_file(p.keyring()).unwrap();
    refused(&p, &whole, &["keyring", "put the file back"]);

    // A keyring of another store, however whole.
    let (p, other) = (place.copy(), Place::new());
    drop(other.open().unwrap());
    fs::copy(other.keyring(), p.keyring()).unwrap();
    refused(&p, &whole, &["another store's"]);

    // An older copy of the data under the newer sidecar: a backup put back halfway.
    let p = place.copy();
    let old = p.copy();
    let store = p.open().unwrap();
    store.commit(commit(1, 9)).unwrap();
    drop(store);
    fs::remove_dir_all(p.dir()).unwrap();
    fs::create_dir(p.dir()).unwrap();
    copy_all(&old.dir(), &p.dir());
    refused(&p, &whole, &["expected 193 commits", "found 192", import]);

    let p = Place::new();
    fs::create_dir(p.dir()).unwrap();
    fs::write(p.dir().join("letter.txt"), b"dear diary").unwrap();
    refused(&p, &whole, &["other files"]);
    assert!(p.dir().join("letter.txt").exists());

    let inside = SledStore::open(&p.dir(), &p.dir().join("keyring")).unwrap_err();
    assert!(told(&inside).contains("outside"), "{inside}");
    assert_eq!(judge(&place, &whole), Verdict::Whole);
}

#[test]
fn one_process_at_a_time() {
    let place = Place::new();
    let first = place.open().unwrap();
    let second = place.open().unwrap_err();
    assert!(matches!(&second, StoreError::Unavailable(_)) && told(&second).contains("another process has it open"), "{second}");
    drop(first);
    place.open().unwrap();
}

#[test]
fn a_making_that_was_cut_short_is_begun_again() {
    let place = Place::new();
    let store = place.open().unwrap();
    let name = store.instance().to_owned();
    drop(store);
    // As it is before its keyring says that it is made.
    let ring = fs::read_to_string(place.keyring()).unwrap();
    let body: String = ring.lines().filter(|l| !l.starts_with("end ")).map(|l| l.replace("stage made", "stage new") + "\n").collect();
    let sum = format!("end {:08x}\n", crc32fast::hash(body.as_bytes()));
    fs::write(place.keyring(), body + sum.as_str()).unwrap();
    let store = place.open().unwrap();
    assert_ne!(store.instance(), name);
    store.commit(commit(1, 1)).unwrap();
}

#[test]
fn an_import_is_whole_or_nothing() {
    let (place, whole) = filled();
    let file = place.0.path().join("backup");
    let to = Place::new();
    let import = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        export::import(&file, &to.dir(), &to.keyring(), None)
    };
    let mut dice = Dice(3);
    for round in 0..30 {
        let at = usize::try_from(dice.roll(whole.len() as u64 - 1)).unwrap();
        let mut bad = whole.clone();
        if round % 2 == 0 {
            bad.truncate(at)
        } else {
            bad[at] ^= 1
        }
        let error = import(&bad).unwrap_err();
        assert!(["nothing was imported", "format"].iter().any(|words| not_imported(&error).contains(words)), "{error}");
        assert!(!to.dir().exists() && !to.keyring().exists() && !to.sidecar().exists(), "nothing is kept");
    }
    let more = [whole.as_slice(), b"{}\n"].concat();
    assert!(import(&more).is_err());
    let counts = import(&whole).unwrap().counts;
    assert_eq!((counts["cases"], counts["events"], counts["claims"]), (24, 192, 192));
    let again = import(&whole).unwrap_err();
    assert!(not_imported(&again).contains("empty place"), "{again}");
    assert_eq!(judge(&to, &whole), Verdict::Whole);
    let (old, new) = (place.open().unwrap(), to.open().unwrap());
    assert_eq!(old.instance(), new.instance(), "operation ids go on as they were");
    assert_eq!(old.claim(&PostRef::World("p3-2".into())), new.claim(&PostRef::World("p3-2".into())));
    assert_eq!(new.commit(commit(1, 9)), Ok(193), "commits are numbered on");
    assert!(new.check().unwrap().iter().all(|f| f.ok));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    export::export(&old, &place.0.path().join("second")).unwrap();
    let made = fs::metadata(place.0.path().join("second")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&made) & 0o777, 0o600, "unlike a plain file: {mode:o}");
}

/// Not a test of its own: what the killed process does. Commits from four threads, and says what was acknowledged.
#[test]
fn child() {
    let Ok(dir) = std::env::var("SERENO_STORE_CHILD") else { return };
    let dir = PathBuf::from(dir);
    let store = SledStore::open(&dir.join("store"), &dir.join("keyring")).unwrap();
    let base: u64 = std::env::var("SERENO_STORE_ROUND").unwrap().parse().unwrap();
    std::thread::scope(|s| {
        for id in 1..=4 {
            let store = &store;
            s.spawn(move || {
                let mut version = store.case(CaseId(id)).unwrap().map_or(0, |c| c.version);
                loop {
                    version += 1;
                    store.commit(commit(id, version)).unwrap();
                    say(&format!("acked {id} {version}"));
                    if id == 4 && version.is_multiple_of(5) {
                        let extra = 1_000 * (base + 1) + version;
                        store.commit(commit(extra, 1)).unwrap();
                        store.erase(CaseId(extra)).unwrap();
                        say(&format!("erased {extra}"));
                    }
                }
            });
        }
    });
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let (mut acked, mut dice) = (0_u64, Dice(11));
    let mut erasures = 0_u64;
    // As found at the end of the round before: a writer that got no turn in one has still what it had.
    let mut last = [0_u64; 5];
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["store_crash::child", "--exact", "--nocapture", "--test-threads=1"])
            .env("SERENO_STORE_CHILD", place.0.path())
            .env("SERENO_STORE_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut gone = Vec::new();
        let mut stop_after = 10 + dice.roll(60);
        // Killed in mid-write, after a number of answers; what still stands in the pipe counts as well.
        while let Some(Ok(line)) = lines.next() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["acked", id, version] => last[id.parse::<usize>().unwrap()] = version.parse().unwrap(),
                ["erased", id] => gone.push(id.parse::<u64>().unwrap()),
                _ => continue,
            }
            acked += 1;
            stop_after = stop_after.saturating_sub(1);
            if stop_after == 0 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert_eq!(stop_after, 0, "the child ended by itself");
        let store = place.open().unwrap();
        for id in 1..=4_u64 {
            let found = store.case(CaseId(id)).unwrap().map_or(0, |c| c.version);
            let least = std::mem::replace(&mut last[usize::try_from(id).unwrap()], found);
            assert!(found == least || found == least + 1, "case {id}: {least} acknowledged, {found} found");
            assert_eq!(store.events(CaseId(id), 0, usize::MAX).unwrap().len() as u64, found, "all of a commit, or nothing");
            assert_eq!(store.cursor(&"acme".into(), &format!("s{id}")).unwrap().unwrap_or("0".into()), found.to_string());
        }
        erasures += gone.len() as u64;
        for id in gone {
            assert_eq!(store.case(CaseId(id)), Ok(None));
        }
        let wrong: Vec<_> = store.check().unwrap().into_iter().filter(|f| !f.ok).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    println!("20 kills, {acked} acknowledged, {erasures} erasures, none lost");
    assert!(acked >= 200);
}
