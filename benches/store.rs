//! The store beside SQLite, and what it costs to use a large one.
//!
//! *The peer*: SQLite in WAL mode with `synchronous=FULL`, one connection behind a mutex, each
//! writer a transaction of its own: what a program gets that simply uses it. It writes the same
//! keys and as many bytes a commit, without sealing or JSON, so the comparison leans its way. The
//! second line puts SQLite behind a writer thread that groups as ours does: what grouping alone gives.
//!
//! `SERENO_BENCH_CASES=1000000` sets the size of the large store (100,000 if not set).

use rusqlite::Connection;
use sereno::case::work::Ctx;
use sereno::case::{Case, CaseId, Event, EventRecord, step};
use sereno::clock::Time;
use sereno::command::Answer;
use sereno::desk::Desk;
use sereno::policy::Policy;
use sereno::post::{Author, Post, Untrusted};
use sereno::say::Say;
use sereno::store::index::{Facets, Head};
use sereno::store::sled::SledStore;
use sereno::store::{Commit, SeenCommand, Store, codec};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

const NOW: Time = Time(1_800_000_000_000);
/// Rounds of each measurement, interleaved with the peer's.
const ROUNDS: usize = 5;

fn case_of(id: u64) -> Case {
    let text = "Mi maleta no ha llegado, llevo dos horas en el aeropuerto y nadie me dice nada. ¿Alguien puede ayudarme?";
    let post = Post {
        id: format!("https://square.example/@cleo/{id}").as_str().into(),
        local_id: id.to_string(),
        network: "mastodon".into(),
        account: "acme".into(),
        author: Author {
            id: format!("https://square.example/@cleo{id}").as_str().into(),
            handle: Untrusted::new("@cleo@square.example"),
            ..Author::default()
        },
        text: Untrusted::new(text),
        created_at: NOW,
        ..Post::default()
    };
    let (policy, desk) = (Policy::default(), Desk::default());
    let opening = step::Opening { id: CaseId(id), code: "K7RM-42".into(), earlier: 0, linked: None };
    Case { version: 1, ..step::open(&post, opening, Ctx { now: NOW, policy: &policy, desk: &desk, other: None }).case }
}

fn case(id: u64) -> String {
    serde_json::to_string(&case_of(id)).expect("a case is JSON")
}

/// The next version of a case, with an event and an answer.
fn update(case: &mut Case) -> Commit {
    case.version += 1;
    let n = u32::try_from(case.version).unwrap_or(u32::MAX);
    case.touched_at = NOW.plus(i64::from(n));
    let event =
        EventRecord { case: case.id, n, at: NOW, by: Some("ana".into()), event: Event::Noted { text: Untrusted::new("called them") } };
    let answer = Answer { ok: true, say: Say::new("done-note").case(case.id), case: Some(case.id), send: None, of: None };
    let commands = vec![SeenCommand { id: format!("{}-{n}", case.id), answer, expires: NOW.plus(i64::from(n)) }];
    Commit { cases: vec![case.clone()], events: vec![event], commands, ..Commit::default() }
}

/// The rows that our store writes for such a commit, with other bytes in them: keys and sizes are the same.
fn rows(commit: &Commit, hasher: &codec::Hasher, noise: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (case, event, command) = (&commit.cases[0], &commit.events[0], &commit.commands[0]);
    let sealed = |json: usize| {
        noise.iter().copied().cycle().skip(usize::try_from(case.version % 64).unwrap_or(0)).take(json + 40 + 6).collect::<Vec<u8>>()
    };
    let len = |json: Result<Vec<u8>, _>| json.map_or(0, |j: Vec<u8>| j.len());
    let id = hasher.hash("command", &[&command.id]);
    let facets = Facets::of(case, hasher);
    let head = Head { version: case.version, wrapped_by: 1, wrapped: "0".repeat(144), events: 1, facets };
    let meta = (b"mmeta".to_vec(), sealed(180));
    vec![
        (codec::key::case(case.id), sealed(len(codec::to_json(case)))),
        (codec::key::head(case.id), sealed(len(codec::to_json(&head)) - 40)),
        (codec::key::event(case.id, event.n), sealed(len(codec::to_json(event)))),
        (codec::key::command(id), sealed(len(codec::to_json(&command.answer)) + 16)),
        (codec::key::expiry(command.expires, b'r', id), vec![0; 6]),
        (codec::key::answered(case.id, id), vec![0; 6]),
        meta,
    ]
}

/// A way to commit from many threads.
trait Engine: Sync {
    fn put(&self, commit: Commit);
}

struct Ours(SledStore);
impl Engine for Ours {
    fn put(&self, commit: Commit) {
        self.0.commit(commit).expect("committed");
    }
}

struct Peer {
    db: Mutex<Connection>,
    hasher: codec::Hasher,
    noise: Vec<u8>,
}

impl Peer {
    fn open(dir: &Path) -> Peer {
        let db = Connection::open(dir.join("peer.db")).expect("opened");
        db.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        db.pragma_update(None, "synchronous", "FULL").expect("FULL");
        db.execute("CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID", []).expect("made");
        let key = codec::SecretKey::random().expect("random");
        let noise = key.seal(b"", &[0; 4_096]).expect("sealed");
        Peer { db: Mutex::new(db), hasher: codec::Hasher::new(&key), noise }
    }
    fn write(&self, commits: &[Vec<(Vec<u8>, Vec<u8>)>]) {
        let mut db = self.db.lock().expect("no writer panicked");
        let tx = db.transaction().expect("begun");
        {
            let mut put = tx.prepare_cached("INSERT OR REPLACE INTO kv VALUES (?1, ?2)").expect("prepared");
            for (k, v) in commits.iter().flatten() {
                put.execute((k, v)).expect("written");
            }
        }
        tx.commit().expect("committed");
    }
}

impl Engine for Peer {
    fn put(&self, commit: Commit) {
        self.write(&[rows(&commit, &self.hasher, &self.noise)]);
    }
}

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// SQLite behind a thread that groups commits.
struct Grouped {
    hasher: codec::Hasher,
    noise: Vec<u8>,
    jobs: SyncSender<(Rows, SyncSender<()>)>,
}

impl Grouped {
    fn open(dir: &Path) -> Grouped {
        let peer = Peer::open(dir);
        let (hasher, noise) = (peer.hasher.clone(), peer.noise.clone());
        let (jobs, queue): (_, Receiver<(Rows, SyncSender<()>)>) = sync_channel(1024);
        std::thread::spawn(move || {
            while let Ok(first) = queue.recv() {
                let (rows, replies): (Vec<_>, Vec<_>) = std::iter::once(first).chain(queue.try_iter().take(255)).unzip();
                peer.write(&rows);
                for reply in replies {
                    reply.send(()).ok();
                }
            }
        });
        Grouped { hasher, noise, jobs }
    }
}

impl Engine for Grouped {
    fn put(&self, commit: Commit) {
        let (reply, done) = sync_channel(1);
        self.jobs.send((rows(&commit, &self.hasher, &self.noise), reply)).expect("the thread lives");
        done.recv().expect("answered");
    }
}

/// Commits a second of `writers` threads, each with cases of its own.
fn rate(engine: &dyn Engine, cases: &[Mutex<Case>], writers: usize, commits: u64) -> f64 {
    let left = AtomicU64::new(commits);
    let began = Instant::now();
    std::thread::scope(|s| {
        for case in cases.iter().take(writers) {
            let left = &left;
            s.spawn(move || {
                let mut case = case.lock().expect("no writer panicked");
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    engine.put(update(&mut case));
                }
            });
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
    let commits = commits as f64;
    commits / began.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Durable commits a second, of 1, 8 and 64 writers.
pub fn commits() {
    println!("store: a commit is a changed case of {} bytes, an event and an answer", case(1).len());
    let dir = tempfile::tempdir().expect("a directory");
    println!("store: one fdatasync of 4 KiB takes {:.0} µs here", sync_cost(dir.path()).as_secs_f64() * 1e6);
    let ours = Ours(SledStore::open(&dir.path().join("store"), &dir.path().join("keyring")).expect("opened"));
    let (one, two) = (dir.path().join("peer"), dir.path().join("grouped"));
    std::fs::create_dir(&one).expect("made");
    std::fs::create_dir(&two).expect("made");
    let (peer, grouped) = (Peer::open(&one), Grouped::open(&two));
    let engines: [(&dyn Engine, Vec<Mutex<Case>>); 3] = [&ours as &dyn Engine, &peer, &grouped].map(|engine| {
        let cases: Vec<_> = (1..=64).map(|id| Mutex::new(Case { version: 0, ..case_of(id) })).collect();
        for case in &cases {
            engine.put(update(&mut case.lock().expect("no writer panicked")));
        }
        (engine, cases)
    });
    for (writers, count) in [(1, 100), (8, 400), (64, 1_500)] {
        let mut rates = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((engine, cases), rates) in engines.iter().zip(&mut rates) {
                rates.push(rate(*engine, cases, writers, count));
            }
        }
        let [ours, peer, grouped] = rates.each_mut().map(|r| median(r));
        let goal = if writers == 64 { if ours / peer >= 2.5 { "  goal 2.5: met" } else { "  goal 2.5: MISSED" } } else { "" };
        println!("store: {writers:>2} writers: {ours:>6.0} commits/s, SQLite {peer:>6.0}, ratio {:.2}{goal}", ours / peer);
        println!("store:             SQLite behind a grouping thread {grouped:>6.0}, ratio {:.2}", ours / grouped);
    }
}

fn sync_cost(dir: &Path) -> Duration {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join("sync")).expect("opened");
    let mut took: Vec<Duration> = (0..50)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4_096]).and_then(|()| file.sync_data()).expect("written");
            began.elapsed()
        })
        .collect();
    took.sort();
    took[25]
}

/// A store of so many open cases.
pub fn fill(dir: &Path, many: u64) -> SledStore {
    let store = SledStore::open(&dir.join("store"), &dir.join("keyring")).expect("opened");
    let ids: Vec<u64> = (1..=many).collect();
    for ids in ids.chunks(250) {
        let cases = ids.iter().map(|id| case_of(*id)).collect();
        store.commit(Commit { cases, ..Commit::default() }).expect("committed");
    }
    store
}

/// What a command costs in a small and in a large store.
pub fn cases() {
    let many: u64 = std::env::var("SERENO_BENCH_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let (small, big) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
    let (few, large) = (fill(small.path(), 100), fill(big.path(), many));
    let [mut small, mut big] = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for i in 0..200_u64 {
        lives(&few, 1 + i * 37 % 100, &mut small);
        lives(&large, 1 + i * 7_919 % many, &mut big);
    }
    for (what, n) in [("first command about a case at rest", 0), ("command after that", 1)] {
        let (small, big) = (median(&mut small[n]), median(&mut big[n]));
        let ratio = big / small;
        let goal = if ratio <= 1.2 { "met" } else { "MISSED" };
        println!("store: the {what} takes {small:.0} µs among 100 cases, {big:.0} µs among {many}: ratio {ratio:.2}  goal 1.2: {goal}");
    }
}

/// What is done about a case that lay for long: its first command, which finds it on disk, and four more.
fn lives(store: &SledStore, id: u64, took: &mut [Vec<f64>; 2]) {
    took[0].push(command(store, id));
    took[1].extend((0..4).map(|_| command(store, id)));
}

/// A case read, then committed, in µs.
fn command(store: &SledStore, id: u64) -> f64 {
    let began = Instant::now();
    let mut case = store.case(CaseId(id)).expect("read").expect("there");
    store.commit(update(&mut case)).expect("committed");
    began.elapsed().as_secs_f64() * 1e6
}
