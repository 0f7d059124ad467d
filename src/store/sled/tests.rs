//! What only the inside can show: steps of an erasure, and which keys open what.

use super::erase::Until;
use super::read::data_key;
use super::*;
use crate::case::fixtures;
use crate::store::codec::{self, SecretKey, key};
use crate::store::keyring::KeyRing;
use crate::store::{PostClaim, SeenCommand};
use std::fs;

const CANARY: &str = "CANARYx7Qz";

#[path = "../../../tests/store_place.rs"]
#[expect(dead_code, reason = "the tests from outside copy stores")]
mod store_place;
use store_place::Place;

impl Place {
    fn open(&self) -> SledStore {
        SledStore::open(&self.dir(), &self.keyring()).unwrap()
    }
    /// The bytes of every file: the store's, the sidecar, the keyring.
    fn bytes(&self) -> Vec<Vec<u8>> {
        Place::files_of(self.0.path()).iter().map(|f| fs::read(f).unwrap()).collect()
    }
    fn holds(&self, what: &[u8]) -> bool {
        let text = codec::hex(what);
        self.bytes().iter().any(|f| finds(f, what) || finds(f, text.as_bytes()))
    }
}

fn finds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

fn case(id: u64) -> Case {
    let mut post = fixtures::post(&format!("p{id}-{CANARY}"), &format!("{CANARY} secret of {id}"));
    post.author.handle = crate::post::Untrusted::new(format!("@{CANARY}-{id}"));
    post.author.name = crate::post::Untrusted::new(format!("Name {CANARY}"));
    Case { version: 1, ..fixtures::case_of(id, &post, &fixtures::policy()) }
}

fn unread(id: u64) -> Parked {
    let raw = format!("{{{CANARY}");
    Parked { id: format!("{CANARY}{id}"), why: format!("{CANARY} no"), at: Time(1), expires: Time(9), bytes: raw.len() as u64, raw }
}

fn commit(ids: &[u64]) -> Commit {
    let answer = |id| Answer {
        ok: true,
        say: crate::say::Say::new("x").text("t", format!("{CANARY} told {id}")),
        case: Some(CaseId(id)),
        send: None,
        of: None,
    };
    let note = |id| crate::case::Event::Noted { text: crate::post::Untrusted::new(format!("{CANARY} note {id}")) };
    let post = |id| crate::post::PostRef::World(format!("p{id}-{CANARY}").as_str().into());
    Commit {
        cases: ids.iter().map(|id| case(*id)).collect(),
        events: ids
            .iter()
            .map(|id| EventRecord { case: CaseId(*id), n: 0, at: fixtures::NOW, by: Some("ana-CANARYx7Qz".into()), event: note(*id) })
            .collect(),
        claims: ids.iter().map(|id| PostClaim { post: post(*id), claim: Claim::Case(CaseId(*id)), expires: Time(9) }).collect(),
        commands: ids.iter().map(|id| SeenCommand { id: format!("{CANARY}{id}"), answer: answer(*id), expires: Time(9) }).collect(),
        cursors: vec![("acme-CANARYx7Qz".into(), "s".into(), CANARY.into())],
        parked: ids.iter().map(|id| unread(*id)).collect(),
        ..Commit::default()
    }
}

/// A store with cases 1 and 65, which share a bucket, and 2, which does not; and the data key and
/// bucket key of case 1.
fn filled(place: &Place) -> (SledStore, SecretKey, SecretKey) {
    let store = place.open();
    store.commit(commit(&[1, 65, 2])).unwrap();
    let head = store.core.read_head(CaseId(1)).unwrap().unwrap();
    let data = data_key(&store.core.ring(), CaseId(1), &head).unwrap();
    let bucket = store.core.ring().current(1).unwrap().1.clone();
    (store, data, bucket)
}

fn erase_until(store: &SledStore, until: Until) {
    store.ask(|reply| Job::Erase(CaseId(1), until, reply)).unwrap();
}

/// Whether some key of the keyring still gives case 1's data key, from any place in any file.
fn can_be_unwrapped(place: &Place, data: &SecretKey) -> bool {
    let ring = KeyRing::load(&place.keyring()).unwrap().unwrap();
    let keys: Vec<_> = (1..9).filter_map(|n| ring.key(1, n)).collect();
    let bound = key::head(CaseId(1));
    let field = b"\"wrapped\":\"";
    place.bytes().iter().any(|file| {
        let starts = file.windows(field.len()).enumerate().filter(|(_, w)| w == field).map(|(i, _)| i + field.len());
        starts
            .filter_map(|at| std::str::from_utf8(file.get(at..at + 144)?).ok().and_then(codec::unhex))
            .any(|wrapped| keys.iter().any(|k| k.open(&bound, &wrapped).is_some_and(|found| found.as_slice() == data.expose())))
    })
}

#[test]
fn what_one_group_makes_and_changes_again_is_counted_once() {
    let place = Place::new();
    let store = place.open();
    let again = |id, version| Case { version, ..case(id) };
    let answered = || commit(&[1]).commands;
    store
        .commit(Commit { cases: vec![again(1, 1), again(1, 2)], commands: [answered(), answered()].concat(), ..Commit::default() })
        .unwrap();
    store.commit(Commit { cases: vec![again(1, 3), again(2, 1), again(1, 4)], commands: answered(), ..Commit::default() }).unwrap();
    store.commit(Commit { cases: vec![again(1, 5)], ..Commit::default() }).unwrap();
    // The sum of each kind of row is among what is looked at.
    assert_eq!(store.check().unwrap().into_iter().filter(|f| !f.ok).collect::<Vec<_>>(), []);
    assert_eq!(store.case(CaseId(1)).unwrap().map(|c| c.version), Some(5));
}

#[test]
fn only_a_store_that_is_as_it_was_closed_needs_no_trial() {
    let place = Place::new();
    let (store, ..) = filled(&place);
    assert!(!trial::as_closed(&place.dir()), "it is open");
    drop(store);
    assert!(trial::as_closed(&place.dir()));
    drop(place.open());
    assert!(trial::as_closed(&place.dir()), "opened and closed again");
    let db = place.dir().join("db");
    let mut bytes = fs::read(&db).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&db, &bytes).unwrap();
    assert!(!trial::as_closed(&place.dir()), "another byte");
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&db, &bytes).unwrap();
    assert!(trial::as_closed(&place.dir()));
    fs::write(place.dir().join("snap.0"), b"").unwrap();
    assert!(!trial::as_closed(&place.dir()), "one more file");
    fs::remove_file(place.dir().join("snap.0")).unwrap();
    // A look that was killed: what it left does not stay for ever.
    fs::create_dir(place.0.path().join("store.trial")).unwrap();
    drop(place.open());
    assert!(!place.0.path().join("store.trial").exists());
}

#[test]
fn nothing_personal_stands_in_the_clear() {
    let place = Place::new();
    let (store, data, _) = filled(&place);
    assert!(store.export_to(Box::new(std::io::sink())).is_ok());
    drop(store);
    assert!(!place.holds(CANARY.as_bytes()));
    assert!(!place.holds(data.expose()), "a data key never stands unwrapped");
    // The search does find what is there: the same bytes in a file that is not sealed.
    fs::write(place.0.path().join("plain"), format!("x{CANARY}x")).unwrap();
    assert!(place.holds(CANARY.as_bytes()));
}

#[test]
fn an_erased_case_cannot_be_read_by_anyone_ever() {
    let place = Place::new();
    let (store, data, bucket) = filled(&place);
    assert!(can_be_unwrapped(&place, &data), "the search works while the case stands");
    assert!(place.holds(bucket.expose()));
    store.erase(CaseId(1)).unwrap();
    assert!(!can_be_unwrapped(&place, &data));
    assert!(!place.holds(bucket.expose()) && !place.holds(data.expose()) && !place.holds(CANARY.as_bytes()));
    assert_eq!(store.case(CaseId(65)).unwrap(), Some(case(65)));
    drop(store);
    assert!(!can_be_unwrapped(&place, &data));
    let store = place.open();
    assert_eq!((store.case(CaseId(1)), store.case(CaseId(65))), (Ok(None), Ok(Some(case(65)))));
    assert!(store.check().unwrap().iter().all(|f| f.ok));
}

#[test]
fn an_erasure_cut_short_is_finished_or_never_was() {
    for (until, stands) in [(Until::Renewed, true), (Until::Written, false)] {
        let place = Place::new();
        let (store, data, bucket) = filled(&place);
        erase_until(&store, until);
        drop(store);
        assert_eq!(KeyRing::load(&place.keyring()).unwrap().unwrap().unfinished(), [1], "{until:?}");
        let store = place.open();
        assert!(KeyRing::load(&place.keyring()).unwrap().unwrap().unfinished().is_empty());
        assert!(!place.holds(bucket.expose()), "{until:?}: the old key is destroyed either way");
        assert_eq!(store.case(CaseId(1)).unwrap().is_some(), stands, "{until:?}");
        assert_eq!(can_be_unwrapped(&place, &data), stands, "{until:?}");
        assert_eq!(store.case(CaseId(65)).unwrap(), Some(case(65)));
        assert!(store.check().unwrap().iter().all(|f| f.ok), "{until:?}");
        store.erase(CaseId(1)).unwrap();
        assert_eq!(store.case(CaseId(1)), Ok(None));
        assert!(!can_be_unwrapped(&place, &data));
    }
}

#[test]
fn cases_that_begin_while_an_erasure_is_cut_short_survive_it() {
    let place = Place::new();
    let (store, _, _) = filled(&place);
    erase_until(&store, Until::Renewed);
    store.commit(commit(&[129])).unwrap();
    store.erase(CaseId(1)).unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.case(CaseId(129)).unwrap(), Some(case(129)));
    assert_eq!(store.case(CaseId(65)).unwrap(), Some(case(65)));
}

#[test]
fn a_full_disk_writes_nothing_and_lives_on() {
    let place = Place::new();
    drop(filled(&place));
    let options = Options { min_free: u64::MAX, ..Options::default() };
    let store = SledStore::open_with(&place.dir(), &place.keyring(), options).unwrap();
    assert!(matches!(store.commit(commit(&[3])), Err(StoreError::Full(_))));
    assert!(matches!(store.erase(CaseId(1)), Err(StoreError::Full(_))));
    assert!(matches!(store.purge(Time(99), 9), Err(StoreError::Full(_))));
    assert_eq!(store.case(CaseId(3)), Ok(None));
    assert!(store.case(CaseId(1)).unwrap().is_some(), "reading goes on");
    drop(store);
    let store = place.open();
    store.commit(commit(&[3])).unwrap();
    let no_room = std::io::Error::from_raw_os_error(28);
    assert!(matches!(sled_error(&place.dir(), &place.keyring(), &sled::Error::Io(no_room)), StoreError::Full(_)));
    // Full in the midst of a write: room made since does not help, only another start.
    store.core.dead.set(StoreError::Full("no room".into())).unwrap();
    assert!(matches!(store.commit(commit(&[4])), Err(e @ StoreError::Unavailable(_)) if e.to_string().contains("why-store-stopped")));
    assert!(matches!(store.case(CaseId(1)), Err(StoreError::Unavailable(_))));
}

#[test]
fn the_check_names_what_is_wrong() {
    let place = Place::new();
    let (store, _, _) = filled(&place);
    let tree = &store.core.tree;
    let damaged = |expected: &str| {
        let found = store.check().unwrap();
        let text = format!("{found:?}");
        assert!(found.iter().any(|f| !f.ok) && text.contains(expected), "{expected}: {text}");
    };
    assert!(store.check().unwrap().iter().all(|f| f.ok));
    // A lost index row.
    let head = store.core.read_head(CaseId(2)).unwrap().unwrap();
    let row = head.facets.rows(CaseId(2)).into_keys().next().unwrap();
    let kept = tree.remove(&row).unwrap().unwrap();
    damaged("a row that leads to its record");
    tree.insert(&row, &kept).unwrap();
    // A row too many.
    tree.insert([index_row(&row), b"x".to_vec()].concat(), codec::envelope(&[index_row(&row), b"x".to_vec()].concat(), 0, b"")).unwrap();
    damaged("records of this kind");
    tree.remove([index_row(&row), b"x".to_vec()].concat()).unwrap();
    // A lost event.
    let at = key::event(CaseId(2), 0);
    let kept = tree.remove(&at).unwrap().unwrap();
    damaged("as many events as were written");
    // A case in another's place: its own sum is right, the seal is not.
    tree.insert(&at, &kept).unwrap();
    assert!(store.check().unwrap().iter().all(|f| f.ok));
    let other = tree.get(key::case(CaseId(65))).unwrap().unwrap();
    let (flags, payload) = codec::open_envelope(&key::case(CaseId(65)), &other).unwrap();
    let at = key::case(CaseId(2));
    tree.insert(&at, codec::envelope(&at, flags, payload)).unwrap();
    damaged("a seal that opens");
    let error = store.case(CaseId(2)).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(_)) && error.to_string().contains("why-store-damaged"), "{error}");
    // A flipped bit.
    let mut bad = other.to_vec();
    bad[9] ^= 1;
    tree.insert(key::case(CaseId(65)), bad).unwrap();
    assert!(
        matches!(store.case(CaseId(65)), Err(e @ StoreError::Corrupt(_)) if e.to_string().contains("expected=checksum") && e.to_string().contains("c:"))
    );
    // A record of a later program.
    let at = key::case(CaseId(1));
    let mut newer = vec![9, 0];
    let mut crc = crc32fast::Hasher::new();
    crc.update(&at);
    crc.update(&newer);
    newer.extend(crc.finalize().to_be_bytes());
    tree.insert(&at, newer).unwrap();
    assert!(matches!(store.case(CaseId(1)), Err(e @ StoreError::Unavailable(_)) if e.to_string().contains("why-store-newer")));
}

fn index_row(row: &[u8]) -> Vec<u8> {
    row[..17].to_vec()
}

#[test]
fn no_secret_is_ever_shown() {
    let place = Place::new();
    let (store, data, bucket) = filled(&place);
    let shown = format!("{store:?} {:?} {data:?} {:?}", store.core.ring(), store.core.hasher);
    for secret in [&data, &bucket, store.core.ring().hash_key()] {
        assert!(!shown.contains(&codec::hex(secret.expose())) && !shown.contains(&format!("{:?}", secret.expose())));
    }
}

#[test]
fn a_case_with_a_new_key_keeps_what_it_holds_and_not_what_it_held() {
    let place = Place::new();
    let (store, data, bucket) = filled(&place);
    let before = (store.case(CaseId(1)).unwrap(), store.events(CaseId(1), 0, 9).unwrap(), store.seen(&format!("{CANARY}1")).unwrap());
    assert!(before.0.is_some() && before.1.len() == 1 && before.2.is_some());
    store.rekey(CaseId(1)).unwrap();
    assert!(!can_be_unwrapped(&place, &data), "what was written before cannot be read any more");
    assert!(!place.holds(bucket.expose()) && !place.holds(data.expose()));
    let read = |store: &SledStore| {
        let answer = store.seen(&format!("{CANARY}1")).unwrap();
        (store.case(CaseId(1)).unwrap(), store.events(CaseId(1), 0, 9).unwrap(), answer)
    };
    assert_eq!(read(&store), before);
    assert!(store.case(CaseId(65)).unwrap().is_some(), "its neighbour in the bucket stands");
    assert!(store.check().unwrap().iter().all(|f| f.ok));
    drop(store);
    assert_eq!(read(&place.open()), before);
    place.open().rekey(CaseId(99)).unwrap();
}

#[test]
fn who_lets_go_of_the_log_in_a_moment_is_waited_for() {
    let place = Place::new();
    drop(place.open());
    let log = fs::File::open(place.dir().join("db")).unwrap();
    rustix::fs::flock(&log, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| SledStore::open(&place.dir(), &place.keyring()));
        // Held until the opening has its own lock, which is the step before it meets sled's.
        let dir = fs::File::open(place.dir()).unwrap();
        while rustix::fs::flock(&dir, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok() {
            rustix::fs::flock(&dir, rustix::fs::FlockOperation::Unlock).unwrap();
            std::thread::yield_now();
        }
        drop(log);
        assert!(opening.join().unwrap().is_ok());
    });
}
