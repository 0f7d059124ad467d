//! What every store must do, whatever it is made of; and sled against the model, at random.

use crate::store_sample::{CANARY, NOW, answer, case, event, of, room};
use proptest::prelude::*;
use sereno::case::{Case, CaseId, Place, PlaceKind, Priority, Status};
use sereno::clock::Time;
use sereno::command::Filter;
use sereno::desk::{Desk, Paused};
use sereno::digest::{Fact, FactKind};
use sereno::outbox::{Effect, Entry, EntryId, EntryState, Lane};
use sereno::policy::AgentId;
use sereno::post::PostRef;
use sereno::store::model::ModelStore;
use sereno::store::sled::SledStore;
use sereno::store::{Claim, Commit, Counters, OpenCount, Parked, PostClaim, SeenCommand, Store, StoreError, export};
use std::path::Path;

fn entry(id: u64, case: Option<u64>) -> Entry {
    Entry { case: case.map(CaseId), ..Entry::queued(EntryId(id), Lane::Chat(room()), Effect::Card { place: 0 }, NOW) }
}

fn fact(at: i64, case: u64, n: u32) -> Fact {
    Fact { at: Time(at), case: CaseId(case), n, network: "square".into(), by: Some("ana".into()), kind: FactKind::Opened }
}

fn world(id: &str) -> PostRef {
    PostRef::World(id.into())
}

fn claims(posts: &[(&str, Claim, i64)]) -> Commit {
    let claims = posts.iter().map(|(id, claim, t)| PostClaim { post: world(id), claim: claim.clone(), expires: Time(*t) });
    Commit { claims: claims.collect(), ..Commit::default() }
}

fn seen(id: &str, case: Option<u64>, text: &str, expires: i64) -> SeenCommand {
    SeenCommand { id: id.into(), answer: answer(case, text), expires: Time(expires) }
}

fn next(case: &Case) -> Case {
    Case { version: case.version + 1, ..case.clone() }
}

fn is_conflict<T: std::fmt::Debug>(r: &Result<T, StoreError>) -> bool {
    matches!(r, Err(StoreError::Conflict(_)))
}

fn ids(list: &[sereno::store::Listed]) -> Vec<u64> {
    list.iter().map(|l| l.case.0).collect()
}

/// Every operation and every precondition, on a store that `make` makes anew.
fn conformance(make: &dyn Fn() -> Box<dyn Store>) {
    an_empty_store(&*make());
    versions(&*make());
    all_or_nothing(&*make());
    finding_cases(&*make());
    lists(&*make());
    wakes(&*make());
    events(&*make());
    claims_and_commands(&*make());
    parked(&*make());
    the_rest(&*make());
    erasing(&*make());
    many_at_once(&*make());
}

fn an_empty_store(s: &dyn Store) {
    assert!(!s.instance().is_empty());
    assert_eq!(s.case(CaseId(1)), Ok(None));
    assert_eq!(s.counters(), Ok(Counters::default()));
    assert_eq!(s.open_count(), Ok(OpenCount::default()));
    assert_eq!(s.desk(), Ok(None));
    assert_eq!(s.next_wake(), Ok(None));
    assert_eq!(s.outbox(), Ok(vec![]));
    assert_eq!(s.seen("x"), Ok(None));
    assert_eq!(s.claim(&world("x")), Ok(None));
    assert_eq!(s.cursor(&"a".into(), "s"), Ok(None));
    assert_eq!(s.purge(Time::NEVER, 10), Ok(0));
    assert_eq!(s.erase(CaseId(9)), Ok(()));
    assert_eq!(s.commit(Commit::default()), Ok(1), "commits are numbered from 1");
    assert_eq!(s.commit(Commit::default()), Ok(2));
}

fn versions(s: &dyn Store) {
    let one = case(1, "cleo", "r1");
    assert!(is_conflict(&s.commit(of([next(&one)]))), "version 2 of a case that is not there");
    s.commit(of([one.clone()])).unwrap();
    assert_eq!(s.case(CaseId(1)).unwrap().as_ref(), Some(&one));
    assert!(is_conflict(&s.commit(of([one.clone()]))), "the same version twice");
    assert!(is_conflict(&s.commit(of([Case { version: 0, ..one.clone() }]))));
    assert!(is_conflict(&s.commit(of([Case { version: 3, ..one.clone() }]))), "a version left out");
    let two = Case { owner: Some("ana".into()), ..next(&one) };
    s.commit(of([two.clone(), Case { owner: None, ..next(&two) }])).unwrap();
    assert_eq!(s.case(CaseId(1)).unwrap().unwrap().version, 3, "two steps in one commit, in their order");
}

fn all_or_nothing(s: &dyn Store) {
    let (one, two) = (case(1, "cleo", "r1"), case(2, "cleo", "r2"));
    s.commit(of([one.clone()])).unwrap();
    let bad = Commit {
        cases: vec![two.clone(), one.clone()],
        events: vec![event(2, 0)],
        claims: vec![PostClaim { post: world("p"), claim: Claim::Case(CaseId(2)), expires: NOW }],
        commands: vec![seen("c", Some(2), "x", 1)],
        desk: Some(Desk::default()),
        outbox: vec![entry(1, None)],
        cursors: vec![("acme".into(), "s".into(), "1".into())],
        facts: vec![fact(1, 2, 0)],
        counters: Some(Counters { next_case: 3, next_entry: 2 }),
        ..Commit::default()
    };
    assert!(is_conflict(&s.commit(bad)));
    assert_eq!(s.case(CaseId(2)), Ok(None));
    assert_eq!(s.events(CaseId(2), 0, 9), Ok(vec![]));
    assert_eq!(s.claim(&world("p")), Ok(None));
    assert_eq!(s.seen("c"), Ok(None));
    assert_eq!(s.desk(), Ok(None));
    assert_eq!(s.outbox(), Ok(vec![]));
    assert_eq!(s.cursor(&"acme".into(), "s"), Ok(None));
    assert_eq!(s.facts(Time(0), Time::NEVER), Ok(vec![]));
    assert_eq!(s.counters(), Ok(Counters::default()));
    assert_eq!(s.open_count().unwrap().open, 1);
    assert_eq!(s.commit(of([two])), Ok(2), "a refused commit takes no number");
}

fn finding_cases(s: &dyn Store) {
    let (a, b, c) = (case(1, "cleo", "r1"), case(2, "cleo", "r1"), case(3, "dora", "r1"));
    let mut d = case(4, "cleo", "r2");
    d.places = vec![
        Place { room: room(), thread: Some("t1".into()), kind: PlaceKind::Former },
        Place { room: room(), thread: None, kind: PlaceKind::Home },
    ];
    s.commit(of([a.clone(), b.clone(), c.clone(), d.clone()])).unwrap();
    assert_eq!(s.case_by_key(&a.key), Ok(Some(CaseId(2))), "the newest");
    assert_eq!(s.case_by_key(&c.key), Ok(Some(CaseId(3))));
    assert_eq!(s.conversation(&"square".into(), &"r1".into()), Ok(vec![CaseId(1), CaseId(2), CaseId(3)]));
    assert_eq!(s.conversation(&"other".into(), &"r1".into()), Ok(vec![]));
    assert_eq!(s.cases_of(&"cleo".into(), 2), Ok(vec![CaseId(4), CaseId(2)]), "newest first");
    assert_eq!(s.cases_of(&"cleo".into(), 0), Ok(vec![]));
    assert_eq!(s.case_by_thread(&room(), "t1"), Ok(Some(CaseId(4))));
    assert_eq!(s.case_by_thread(&"elsewhere".into(), "t1"), Ok(None));
    // The thread becomes another case's home, then the first leaves it.
    let home = Case { places: vec![Place { room: room(), thread: Some("t1".into()), kind: PlaceKind::Home }], ..next(&a) };
    s.commit(of([home])).unwrap();
    assert_eq!(s.case_by_thread(&room(), "t1"), Ok(Some(CaseId(1))), "a home counts before a former place");
    s.commit(of([Case { places: vec![], ..next(&next(&a)) }])).unwrap();
    assert_eq!(s.case_by_thread(&room(), "t1"), Ok(Some(CaseId(4))));
    let mut moved = next(&b);
    moved.key.root = "r9".into();
    s.commit(of([moved])).unwrap();
    assert_eq!(s.conversation(&"square".into(), &"r1".into()), Ok(vec![CaseId(1), CaseId(3)]));
    assert_eq!(s.case_by_key(&a.key), Ok(Some(CaseId(1))), "no row of the old key is left");
}

fn lists(s: &dyn Store) {
    let make = |id, priority, due: Option<i64>, owner: Option<&str>| Case {
        priority,
        answer_due: due.map(Time),
        owner: owner.map(AgentId::from),
        status: if owner.is_some() { Status::Open } else { Status::New },
        ..case(id, "cleo", "r1")
    };
    let all = [
        make(1, Priority::Low, Some(5), None),
        make(2, Priority::Urgent, None, Some("ana")),
        make(3, Priority::Urgent, Some(9), Some("bea")),
        make(4, Priority::Urgent, Some(-7), None),
        make(5, Priority::High, Some(1), Some("ana")),
    ];
    let hidden = Case { status: Status::Quarantined, ..make(6, Priority::Normal, None, None) };
    s.commit(of(all.iter().cloned().chain([hidden.clone()]))).unwrap();
    let list = |f, o: Option<&str>| ids(&s.list(f, o.map(AgentId::from).as_ref(), 99).unwrap());
    assert_eq!(list(Filter::Open, None), [4, 3, 2, 5, 1]);
    assert_eq!(list(Filter::Mine, Some("ana")), [2, 5]);
    assert_eq!(list(Filter::Mine, None), [0_u64; 0]);
    assert_eq!(list(Filter::Unclaimed, Some("ana")), [4, 1]);
    assert_eq!(list(Filter::Spam, None), [6]);
    assert_eq!(ids(&s.list(Filter::Open, None, 2).unwrap()), [4, 3]);
    assert_eq!(s.list(Filter::Open, None, 1).unwrap()[0].opened_at, all[3].opened_at);
    assert_eq!(s.open_count(), Ok(OpenCount { open: 5, oldest: Some(all[0].opened_at) }));
    let resolved = Case { status: Status::Resolved, ..next(&all[0]) };
    let claimed = Case { owner: Some("ana".into()), status: Status::Open, priority: Priority::Low, ..next(&all[3]) };
    let restored = Case { status: Status::New, ..next(&hidden) };
    s.commit(of([resolved, claimed, restored])).unwrap();
    assert_eq!(list(Filter::Open, None), [3, 2, 5, 6, 4]);
    assert_eq!(list(Filter::Mine, Some("ana")), [2, 5, 4]);
    assert_eq!(list(Filter::Unclaimed, None), [6]);
    assert_eq!(list(Filter::Spam, None), [0_u64; 0]);
    assert_eq!(s.open_count(), Ok(OpenCount { open: 5, oldest: Some(all[1].opened_at) }));
}

fn wakes(s: &dyn Store) {
    let make = |id, due| Case { answer_due: Some(Time(due)), overdue_said: false, ..case(id, "cleo", "r1") };
    let all = [make(1, 30), make(2, 10), make(3, -20), make(4, 10)];
    s.commit(of(all.clone())).unwrap();
    assert_eq!(s.next_wake(), Ok(Some(Time(-20))));
    assert_eq!(s.wakes(Time(10), 99), Ok(vec![(Time(-20), CaseId(3)), (Time(10), CaseId(2)), (Time(10), CaseId(4))]));
    assert_eq!(s.wakes(Time(10), 1), Ok(vec![(Time(-20), CaseId(3))]));
    assert_eq!(s.wakes(Time(-21), 99), Ok(vec![]));
    assert_eq!(s.wakes(Time(99), 0), Ok(vec![]));
    s.commit(of([Case { overdue_said: true, ..next(&all[2]) }])).unwrap();
    assert_eq!(s.next_wake(), Ok(Some(Time(10))));
    let snoozed = Case { status: Status::Snoozed, snoozed_until: Some(Time(5)), ..next(&all[0]) };
    s.commit(of([snoozed])).unwrap();
    assert_eq!(s.next_wake(), Ok(Some(Time(5))));
}

fn events(s: &dyn Store) {
    let with = |events: Vec<_>| Commit { events, ..Commit::default() };
    assert!(is_conflict(&s.commit(with(vec![event(1, 0)]))), "an event of no case");
    let first =
        Commit { cases: vec![case(1, "cleo", "r1"), case(2, "cleo", "r1")], events: vec![event(1, 0), event(2, 0)], ..Commit::default() };
    s.commit(first).unwrap();
    s.commit(with(vec![event(1, 1), event(1, 2)])).unwrap();
    assert!(is_conflict(&s.commit(with(vec![event(1, 2)]))), "an event is never replaced");
    assert!(is_conflict(&s.commit(with(vec![event(1, 3), event(1, 3)]))));
    assert_eq!(s.events(CaseId(1), 0, 99), Ok(vec![event(1, 0), event(1, 1), event(1, 2)]));
    assert_eq!(s.events(CaseId(1), 1, 1), Ok(vec![event(1, 1)]));
    assert_eq!(s.events(CaseId(1), 3, 9), Ok(vec![]));
    assert_eq!(s.events(CaseId(1), 0, 0), Ok(vec![]));
    assert_eq!(s.events(CaseId(2), 0, 9), Ok(vec![event(2, 0)]));
}

fn claims_and_commands(s: &dyn Store) {
    s.commit(claims(&[("a", Claim::Case(CaseId(1)), 10), ("b", Claim::Gone, 20), ("c", Claim::Noted, 30)])).unwrap();
    let local = PostRef::Local { account: "acme".into(), local_id: "a".into() };
    assert_eq!(s.claim(&local), Ok(None), "a local id is not a world id");
    assert_eq!(s.claim(&world("a")), Ok(Some(Claim::Case(CaseId(1)))));
    s.commit(claims(&[("b", Claim::Case(CaseId(2)), 40)])).unwrap();
    assert_eq!(s.claim(&world("b")), Ok(Some(Claim::Case(CaseId(2)))), "a later claim replaces an earlier one");
    let commands = vec![seen("x", None, "first", 15), seen("y", Some(1), "y", 25)];
    s.commit(Commit { commands, ..Commit::default() }).unwrap();
    s.commit(Commit { commands: vec![seen("x", None, "second", 50)], ..Commit::default() }).unwrap();
    assert_eq!(s.seen("x"), Ok(Some(answer(None, "second"))));
    assert_eq!(s.seen("y"), Ok(Some(answer(Some(1), "y"))));
    assert_eq!(s.purge(Time(9), 99), Ok(0));
    assert_eq!(s.purge(Time(30), 0), Ok(0));
    assert_eq!(s.purge(Time(30), 2), Ok(2), "at most so many, the earliest first");
    assert_eq!((s.claim(&world("a")), s.seen("y")), (Ok(None), Ok(None)));
    assert_eq!(s.claim(&world("c")), Ok(Some(Claim::Noted)));
    assert_eq!(s.purge(Time(30), 99), Ok(1));
    assert_eq!(s.claim(&world("b")), Ok(Some(Claim::Case(CaseId(2)))), "the later claim counts");
    assert_eq!(s.seen("x"), Ok(Some(answer(None, "second"))));
    assert_eq!(s.purge(Time(50), 99), Ok(2));
    assert_eq!(s.seen("x"), Ok(None));
}

fn unread(id: &str, at: i64, expires: i64) -> Parked {
    let raw = format!("{{\"half {CANARY}");
    Parked { id: id.into(), why: "no JSON".into(), at: Time(at), expires: Time(expires), bytes: raw.len() as u64, raw }
}

fn parked(s: &dyn Store) {
    let bare = |p: &Parked| Parked { raw: String::new(), ..p.clone() };
    let (a, b, c) = (unread("a", 5, 40), unread("b", 3, 20), unread("c", 3, 30));
    assert_eq!((s.parked_list(), s.parked("a"), s.parked_count()), (Ok(vec![]), Ok(None), Ok(0)));
    s.commit(Commit { parked: vec![a.clone(), c.clone(), b.clone()], ..Commit::default() }).unwrap();
    assert_eq!(s.parked_list(), Ok(vec![bare(&b), bare(&c), bare(&a)]), "oldest first, without what came");
    assert_eq!((s.parked("a"), s.parked_count()), (Ok(Some(a.clone())), Ok(3)));
    s.commit(Commit { parked: vec![unread("a", 9, 99)], ..Commit::default() }).unwrap();
    assert_eq!(s.parked("a"), Ok(Some(a.clone())), "the same id again is the same thing");
    s.commit(Commit { unparked: vec!["c".into(), "never".into()], ..Commit::default() }).unwrap();
    assert_eq!((s.parked("c"), s.parked_count()), (Ok(None), Ok(2)));
    assert_eq!(s.purge(Time(39), 99), Ok(1), "one was given up already, one goes now");
    assert_eq!(s.parked_list(), Ok(vec![bare(&a)]));
    s.commit(Commit { unparked: vec!["a".into()], ..Commit::default() }).unwrap();
    assert_eq!((s.purge(Time::NEVER, 99), s.parked_count()), (Ok(0), Ok(0)), "nothing is left of it");
    s.commit(Commit { parked: vec![c.clone()], ..Commit::default() }).unwrap();
    assert_eq!(s.parked("c"), Ok(Some(c)), "what comes again after it was given up is kept again");
}

fn the_rest(s: &dyn Store) {
    let desk = Desk { paused: Some(Paused { by: "leo".into(), at: NOW }), ..Desk::default() };
    let commit = Commit {
        desk: Some(desk.clone()),
        outbox: vec![entry(300, None), entry(2, Some(1)), entry(7, None)],
        cursors: vec![("acme".into(), "a".into(), "1".into()), ("acme".into(), "b".into(), "2".into())],
        facts: vec![fact(5, 2, 0), fact(5, 1, 1), fact(5, 1, 0), fact(-3, 9, 0), fact(8, 1, 0)],
        counters: Some(Counters { next_case: 5, next_entry: 301 }),
        ..Commit::default()
    };
    s.commit(commit).unwrap();
    assert_eq!(s.desk(), Ok(Some(desk)));
    assert_eq!(s.counters(), Ok(Counters { next_case: 5, next_entry: 301 }));
    let back = Counters { next_case: 4, next_entry: 400 };
    assert!(is_conflict(&s.commit(Commit { counters: Some(back), ..Commit::default() })), "numbers are given out once");
    assert_eq!(s.outbox(), Ok(vec![entry(2, Some(1)), entry(7, None), entry(300, None)]));
    let in_flight = Entry { state: EntryState::InFlight, attempts: 1, ..entry(7, None) };
    s.commit(Commit { outbox: vec![in_flight.clone()], done: vec![EntryId(2), EntryId(99)], ..Commit::default() }).unwrap();
    assert_eq!(s.outbox(), Ok(vec![in_flight, entry(300, None)]));
    s.commit(Commit { cursors: vec![("acme".into(), "a".into(), "9".into())], ..Commit::default() }).unwrap();
    assert_eq!(s.cursor(&"acme".into(), "a").unwrap().as_deref(), Some("9"));
    assert_eq!(s.cursor(&"acme".into(), "b").unwrap().as_deref(), Some("2"));
    assert_eq!(s.facts(Time(-3), Time(8)), Ok(vec![fact(-3, 9, 0), fact(5, 1, 0), fact(5, 1, 1), fact(5, 2, 0)]));
    assert_eq!(s.facts(Time(8), Time(8)), Ok(vec![]));
    assert_eq!(s.facts(Time(9), Time(8)), Ok(vec![]));
}

fn erasing(s: &dyn Store) {
    let (one, other) = (case(1, "cleo", "r1"), case(65, "cleo", "r1"));
    let commit = Commit {
        cases: vec![one.clone(), other.clone()],
        events: vec![event(1, 0), event(65, 0)],
        claims: vec![PostClaim { post: world("p"), claim: Claim::Case(CaseId(1)), expires: Time(9) }],
        commands: vec![seen("c1", Some(1), "x", 5), seen("c65", Some(65), "y", 6)],
        outbox: vec![entry(1, Some(1)), entry(2, Some(65)), entry(3, None)],
        facts: vec![fact(1, 1, 0)],
        ..Commit::default()
    };
    s.commit(commit).unwrap();
    // An answer that named the number before the case began goes with it as well.
    let early = Commit { commands: vec![seen("early", Some(3), "x", 5)], ..Commit::default() };
    s.commit(early).unwrap();
    s.commit(of([case(3, "dora", "r3")])).unwrap();
    assert!(s.seen("early").unwrap().is_some());
    s.erase(CaseId(3)).unwrap();
    assert_eq!(s.seen("early"), Ok(None));
    s.erase(CaseId(1)).unwrap();
    assert_eq!(s.case(CaseId(1)), Ok(None));
    assert_eq!(s.events(CaseId(1), 0, 9), Ok(vec![]));
    assert_eq!(s.seen("c1"), Ok(None));
    assert_eq!(s.case_by_key(&one.key), Ok(Some(CaseId(65))));
    assert_eq!(s.cases_of(&"cleo".into(), 9), Ok(vec![CaseId(65)]));
    assert_eq!(s.open_count().unwrap().open, 1);
    assert_eq!(s.outbox().unwrap().iter().map(|e| e.id.0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(s.claim(&world("p")), Ok(Some(Claim::Case(CaseId(1)))), "no replay brings it back");
    assert_eq!(s.facts(Time(0), Time(9)).unwrap().len(), 1, "what the digest counts is nobody's");
    assert!(is_conflict(&s.commit(of([one]))), "its number stays used");
    assert!(is_conflict(&s.commit(Commit { events: vec![event(1, 1)], ..Commit::default() })));
    // Its neighbour under the same key lives on.
    assert_eq!(s.case(CaseId(65)), Ok(Some(other.clone())));
    assert_eq!(s.events(CaseId(65), 0, 9), Ok(vec![event(65, 0)]));
    assert_eq!(s.seen("c65"), Ok(Some(answer(Some(65), "y"))));
    s.erase(CaseId(1)).unwrap();
    s.commit(of([next(&other)])).unwrap();
}

/// Of those who want to write the same version at once, one does.
fn many_at_once(s: &dyn Store) {
    s.commit(of([case(1, "cleo", "r1")])).unwrap();
    let done: usize = std::thread::scope(|scope| {
        let write = |owner: usize| {
            let mine = Case { owner: Some(AgentId(format!("agent{owner}"))), ..next(&case(1, "cleo", "r1")) };
            move || usize::from(s.commit(of([mine])).is_ok())
        };
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(write(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(done, 1);
    assert_eq!(s.case(CaseId(1)).unwrap().unwrap().version, 2);
}

/// A store on disk that goes with its directory.
struct Kept {
    store: SledStore,
    _dir: tempfile::TempDir,
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(&dir.join("store"), &dir.join("keyring")).unwrap()
}

#[test]
fn the_model_conforms() {
    conformance(&|| Box::new(ModelStore::new("model")));
}

#[test]
fn sled_conforms() {
    conformance(&|| {
        let dir = tempfile::tempdir().unwrap();
        Box::new(Kept { store: open(dir.path()), _dir: dir })
    });
}

/// Passes everything on; only keeps the directory for as long.
macro_rules! pass_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl Store for Kept {
            fn instance(&self) -> &str {
                self.store.instance()
            }
            $(fn $name(&self, $($arg: $type),*) -> Result<$out, StoreError> {
                self.store.$name($($arg),*)
            })*
        }
    };
}
pass_on! {
    commit(c: Commit) -> u64;
    case(id: CaseId) -> Option<Case>;
    case_by_key(k: &sereno::case::CaseKey) -> Option<CaseId>;
    conversation(n: &sereno::post::Network, r: &sereno::post::PostId) -> Vec<CaseId>;
    case_by_thread(r: &sereno::policy::RoomId, t: &str) -> Option<CaseId>;
    cases_of(a: &sereno::post::AuthorId, l: usize) -> Vec<CaseId>;
    list(f: Filter, o: Option<&AgentId>, l: usize) -> Vec<sereno::store::Listed>;
    open_count() -> OpenCount;
    events(c: CaseId, f: u32, l: usize) -> Vec<sereno::case::EventRecord>;
    claim(p: &PostRef) -> Option<Claim>;
    seen(c: &str) -> Option<sereno::command::Answer>;
    wakes(n: Time, l: usize) -> Vec<(Time, CaseId)>;
    next_wake() -> Option<Time>;
    outbox() -> Vec<Entry>;
    cursor(a: &sereno::post::Account, s: &str) -> Option<String>;
    facts(f: Time, t: Time) -> Vec<Fact>;
    parked_list() -> Vec<Parked>;
    parked(i: &str) -> Option<Parked>;
    parked_count() -> u64;
    desk() -> Option<Desk>;
    counters() -> Counters;
    purge(n: Time, l: usize) -> usize;
    rekey(c: CaseId) -> ();
    erase(c: CaseId) -> ();
}

/// A change to try; numbers are taken small, so that they meet.
#[derive(Clone, Debug)]
enum Op {
    /// Case, version off by so much, what becomes of it.
    Case {
        id: u64,
        off: i64,
        status: usize,
        priority: usize,
        owner: usize,
        due: i64,
        thread: usize,
        author: usize,
        events: u32,
    },
    Claim {
        post: usize,
        case: u64,
        expires: i64,
    },
    Command {
        id: usize,
        case: u64,
        expires: i64,
    },
    Entry {
        id: u64,
        case: u64,
    },
    Done(u64),
    Park(usize, i64),
    Unpark(usize),
    Cursor(usize, u32),
    Fact {
        at: i64,
        case: u64,
        n: u32,
    },
    Counters(u64, u64),
    Purge(i64, usize),
    Erase(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let case = (
        1..5_u64,
        prop_oneof![9 => Just(0_i64), 1 => -1..2_i64],
        0..8_usize,
        0..4_usize,
        0..3_usize,
        -3..3_i64,
        0..4_usize,
        0..2_usize,
        0..3_u32,
    );
    prop_oneof![
        8 => case.prop_map(|(id, off, status, priority, owner, due, thread, author, events)| Op::Case { id, off, status, priority, owner, due, thread, author, events }),
        2 => (0..4_usize, 0..5_u64, 0..6_i64).prop_map(|(post, case, expires)| Op::Claim { post, case, expires }),
        2 => (0..4_usize, 0..5_u64, 0..6_i64).prop_map(|(id, case, expires)| Op::Command { id, case, expires }),
        2 => (0..5_u64, 0..5_u64).prop_map(|(id, case)| Op::Entry { id, case }),
        1 => (0..5_u64).prop_map(Op::Done),
        1 => (0..3_usize, 0..6_i64).prop_map(|(id, expires)| Op::Park(id, expires)),
        1 => (0..3_usize).prop_map(Op::Unpark),
        1 => (0..2_usize, 0..9_u32).prop_map(|(s, c)| Op::Cursor(s, c)),
        1 => (-2..3_i64, 1..3_u64, 0..2_u32).prop_map(|(at, case, n)| Op::Fact { at, case, n }),
        1 => (1..5_u64, 1..5_u64).prop_map(|(a, b)| Op::Counters(a, b)),
        // All that is due goes: among those due at one moment the order is each store's own.
        1 => (0..6_i64).prop_map(|t| Op::Purge(t, usize::MAX)),
        1 => (1..5_u64).prop_map(Op::Erase),
    ]
}

fn write_into(commit: &mut Commit, op: &Op, model: &ModelStore) {
    match *op {
        Op::Case { id, off, status, priority, owner, due, thread, author, events } => {
            let stored = model.case(CaseId(id)).unwrap().map_or(0, |c| c.version);
            let mut c = case(id, ["cleo", "dora"][author], "r1");
            c.version = stored.saturating_add(1).saturating_add_signed(off);
            c.status = Status::ALL[status];
            c.priority = Priority::ALL[priority];
            c.owner = [None, Some("ana".into()), Some("bea".into())][owner].clone();
            c.answer_due = (due < 2).then_some(Time(due));
            c.snoozed_until = Some(Time(due + 1));
            let kinds = [PlaceKind::Home, PlaceKind::Private, PlaceKind::Former];
            c.places = (0..thread).map(|i| Place { room: room(), thread: (i < 2).then(|| format!("t{i}")), kind: kinds[i] }).collect();
            let n = model.events(CaseId(id), 0, usize::MAX).unwrap().len();
            let n = u32::try_from(n).unwrap();
            commit.events.extend((n..n + events).map(|n| event(id, n)));
            commit.cases.push(c);
        }
        Op::Claim { post, case, expires } => {
            let claim = if case == 0 { Claim::Gone } else { Claim::Case(CaseId(case)) };
            commit.claims.push(PostClaim { post: world(["a", "b", "c", "d"][post]), claim, expires: Time(expires) });
        }
        Op::Command { id, case, expires } => commit.commands.push(seen(["w", "x", "y", "z"][id], (case > 0).then_some(case), "t", expires)),
        Op::Entry { id, case } => commit.outbox.push(entry(id, (case > 0).then_some(case))),
        Op::Done(id) => commit.done.push(EntryId(id)),
        Op::Park(id, expires) => commit.parked.push(unread(["u", "v", "w"][id], expires - 3, expires)),
        Op::Unpark(id) => commit.unparked.push(["u", "v", "w"][id].into()),
        Op::Cursor(s, c) => commit.cursors.push(("acme".into(), ["a", "b"][s].into(), c.to_string())),
        Op::Fact { at, case, n } => commit.facts.push(fact(at, case, n)),
        Op::Counters(a, b) => commit.counters = Some(Counters { next_case: a, next_entry: b }),
        Op::Purge(..) | Op::Erase(_) => {}
    }
}

/// Everything that can be asked of a small store, as text.
fn view(s: &dyn Store) -> String {
    let mut v = String::new();
    let mut add = |what: &dyn std::fmt::Debug| v.push_str(&format!("{what:?}\n"));
    for id in 0..6 {
        add(&s.case(CaseId(id)).map(|c| c.map(|c| serde_json::to_string(&c).unwrap())));
        add(&(s.events(CaseId(id), 0, 99), s.events(CaseId(id), 1, 2)));
    }
    for who in ["cleo", "dora"] {
        add(&(s.cases_of(&who.into(), 99), s.cases_of(&who.into(), 1), s.case_by_key(&case(1, who, "r1").key)));
    }
    add(&s.conversation(&"square".into(), &"r1".into()));
    add(&(s.case_by_thread(&room(), "t0"), s.case_by_thread(&room(), "t1"), s.case_by_thread(&room(), "t2")));
    for filter in [Filter::Open, Filter::Mine, Filter::Unclaimed, Filter::Spam] {
        for owner in [None, Some("ana".into()), Some("bea".into())] {
            add(&(s.list(filter, owner.as_ref(), 99), s.list(filter, owner.as_ref(), 1)));
        }
    }
    add(&(s.open_count(), s.wakes(Time(99), 99), s.wakes(Time(0), 2), s.next_wake(), s.outbox(), s.facts(Time(-9), Time(9))));
    add(&["a", "b", "c", "d"].map(|p| s.claim(&world(p))));
    add(&["w", "x", "y", "z"].map(|c| s.seen(c)));
    add(&(["u", "v", "w"].map(|id| s.parked(id)), s.parked_list(), s.parked_count()));
    add(&(s.cursor(&"acme".into(), "a"), s.cursor(&"acme".into(), "b"), s.facts(Time(-1), Time(1)), s.desk(), s.counters()));
    v
}

fn carry_out(s: &dyn Store, ops: &[Op], commit: &Commit) -> Vec<String> {
    let mut answers = vec![format!("{:?}", s.commit(commit.clone()).is_ok())];
    for op in ops {
        match op {
            Op::Purge(t, limit) => answers.push(format!("{:?}", s.purge(Time(*t), *limit))),
            Op::Erase(id) => answers.push(format!("{:?}", s.erase(CaseId(*id)))),
            _ => {}
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sled_answers_as_the_model_does(steps in proptest::collection::vec(proptest::collection::vec(op(), 1..5), 1..25)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut sled, mut model) = (open(dir.path()), ModelStore::new("m"));
        for (i, ops) in steps.iter().enumerate() {
            let mut commit = Commit::default();
            ops.iter().for_each(|op| write_into(&mut commit, op, &model));
            prop_assert_eq!(carry_out(&sled, ops, &commit), carry_out(&model, ops, &commit));
            if i % 8 == 7 {
                drop(sled);
                sled = open(dir.path());
                model = model.reopen();
            }
            prop_assert_eq!(view(&sled), view(&model));
        }
        let wrong: Vec<_> = sled.check().unwrap().into_iter().filter(|f| !f.ok).collect();
        prop_assert!(wrong.is_empty(), "{:?}", wrong);
        let (out, other) = (dir.path().join("export"), dir.path().join("other"));
        export::export(&sled, &out).unwrap();
        export::import(&out, &other, &dir.path().join("other-keys"), None).unwrap();
        let copy = SledStore::open(&other, &dir.path().join("other-keys")).unwrap();
        prop_assert_eq!(view(&copy), view(&model));
        prop_assert!(copy.check().unwrap().iter().all(|f| f.ok));
        let again = dir.path().join("again");
        export::export(&copy, &again).unwrap();
        prop_assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&out).unwrap());
        prop_assert!(!view(&model).contains(CANARY) || std::fs::read_to_string(&out).unwrap().contains(CANARY));
    }
}
