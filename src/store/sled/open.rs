//! Opening: may what lies on disk be used, and is it all there?

use super::read::{data_key, general, head_of, prefixed};
use super::trial::{self, Copy, Mark};
use super::writer::{ERASED_VERSION, Writer, digest_of};
use super::{Core, Meta, Options, Reading, SledStore, corrupt, io_error, last, sled_error};
use crate::case::CaseId;
use crate::say::Say;
use crate::store::codec::{ERASED, SecretKey, Wrong, eight, envelope, from_json, hex, key, open_envelope, to_json};
use crate::store::index::Head;
use crate::store::keyring::{KeyRing, Stage, bucket_of};
use crate::store::sidecar::{self, Misplaced, Sidecar, Unfit, sync_dir_of};
use crate::store::{Counters, StoreError, shown};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock, RwLock};
use std::thread;

/// What the store is opened for.
pub(super) enum Purpose<'a> {
    /// To be used.
    Use,
    /// To be filled by an import: a new store with this name and key of hashed ids.
    Import(&'a str, SecretKey),
}

/// Jobs that may wait for the writer before those who commit are held up.
const QUEUE: usize = 1024;

pub(super) fn open(dir: &Path, keyring: &Path, options: Options, purpose: Purpose<'_>) -> Result<SledStore, StoreError> {
    let seq_file = sidecar::path_of(dir);
    let (ring, stage) = judge(dir, keyring, &seq_file, KeyRing::load, &purpose)?;
    // What is not there yet, deepest first: a store that cannot be begun leaves nothing behind.
    let fresh: Vec<&Path> = dir.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
    fs::create_dir_all(dir).map_err(|e| io_error(dir, &e))?;
    let lock = lock(dir)?;
    room_to_open(dir)?;
    let (ring, sidecar) = if stage == Stage::Made {
        let ring = ring.ok_or_else(|| corrupt(dir, keyring, Say::new("why-store-no-keyring")))?;
        let sidecar = open_sidecar(dir, keyring, &seq_file, &ring)?;
        (ring, Some(sidecar))
    } else {
        let begun = begin(dir, keyring, &seq_file, &purpose);
        if begun.is_err() {
            for made in fresh {
                fs::remove_dir(made).ok();
            }
        }
        (begun?, None)
    };
    let (core, meta, counters, sidecar) = match sidecar {
        None => {
            let core = make_core(None, dir, keyring, options, ring, lock)?;
            let (meta, counters, sidecar) = found_new(&core, &seq_file)?;
            (core, meta, counters, sidecar)
        }
        Some((sidecar, acked)) => {
            let copy = copy_to_try(dir)?;
            let tried = copy.is_some();
            let mut core = make_core(copy, dir, keyring, options, ring, lock)?;
            if tried {
                verify(&core, acked)?;
                core.be_real()?;
            }
            let (meta, counters) = verify(&core, acked)?;
            if core.behind(&meta, acked).is_some() {
                tracing::warn!(
                    acknowledged = acked,
                    found = meta.seq,
                    sidecar = %seq_file.display(),
                    "the sidecar is older than the store: most likely it comes from an older copy. What the log has lost since then goes unseen"
                );
            }
            (core, meta, counters, sidecar)
        }
    };
    if stage == Stage::New {
        core.ring_mut().set_stage(Stage::Made)?;
    }
    start(core, meta, counters, sidecar)
}

/// What all threads share, with sled opened on the store in `dir`, or on the copy of it.
fn make_core(copy: Option<Copy>, dir: &Path, keyring: &Path, options: Options, ring: KeyRing, lock: File) -> Result<Core, StoreError> {
    let tree = open_sled(copy.as_ref().map_or(dir, Copy::path), dir, keyring, &options)?;
    Ok(Core {
        tree,
        hasher: ring.hasher(),
        instance: ring.instance().to_owned(),
        ring: RwLock::new(ring),
        dir: dir.to_owned(),
        keyring: keyring.to_owned(),
        options,
        dead: OnceLock::new(),
        mark: Mark::new(dir),
        copy,
        _lock: lock,
    })
}

impl Core {
    /// Goes over from the copy, on which all was found well, to the store itself.
    fn be_real(&mut self) -> Result<(), StoreError> {
        self.tree = open_sled(&self.dir, &self.dir, &self.keyring, &self.options)?;
        drop(self.copy.take());
        Ok(())
    }
}

/// A copy to open first, so that a store that is refused stays as it was found; `None`: it need not be,
/// or cannot be tried. A disk without room for a copy must not keep a bot that was killed from starting.
fn copy_to_try(dir: &Path) -> Result<Option<Copy>, StoreError> {
    trial::forget(dir);
    if trial::as_closed(dir) {
        return Ok(None);
    }
    match Copy::of(dir) {
        Ok(copy) => Ok(Some(copy)),
        Err(error) if trial::no_place(&error) => {
            tracing::warn!(%error, store = %dir.display(), "the store was not closed in good order, and no copy of it could be made to try it: it is opened as it is");
            Ok(None)
        }
        Err(error) => Err(io_error(dir, &error)),
    }
}

/// The store in `dir`, read on a copy; no byte of it is changed. `None`: there is none yet.
pub(super) fn look_into(dir: &Path, keyring: &Path, options: Options) -> Result<Option<Reading>, StoreError> {
    let seq_file = sidecar::path_of(dir);
    let (ring, stage) = judge(dir, keyring, &seq_file, KeyRing::peek, &Purpose::Use)?;
    let Some(ring) = ring.filter(|_| stage == Stage::Made) else { return Ok(None) };
    let lock = lock(dir)?;
    let (_, acked) = open_sidecar(dir, keyring, &seq_file, &ring)?;
    let copy = Copy::of(dir).map_err(|e| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::full(Say::new("why-store-no-room-copy").text("path", shown(dir))),
        _ => io_error(dir, &e),
    })?;
    let core = make_core(Some(copy), dir, keyring, options, ring, lock)?;
    let (meta, _) = verify(&core, acked)?;
    Ok(Some(Reading { core, meta, acked }))
}

/// Whether a store could be opened here for use, as far as can be told from outside, without touching
/// anything and also while another process has it open; `false`: there is none yet, it would be made.
pub(super) fn look_over(dir: &Path, keyring: &Path) -> Result<bool, StoreError> {
    let seq_file = sidecar::path_of(dir);
    let (ring, stage) = judge(dir, keyring, &seq_file, KeyRing::peek, &Purpose::Use)?;
    match ring.filter(|_| stage == Stage::Made) {
        Some(ring) => open_sidecar(dir, keyring, &seq_file, &ring).map(|_| true),
        None => Ok(false),
    }
}

/// The keyring, and as what the store may be opened.
fn judge(
    dir: &Path,
    keyring: &Path,
    seq_file: &Path,
    load: impl FnOnce(&Path) -> Result<Option<KeyRing>, StoreError>,
    purpose: &Purpose<'_>,
) -> Result<(Option<KeyRing>, Stage), StoreError> {
    let say = |code: &str| Say::new(code).text("keyring", shown(keyring)).text("store", shown(dir));
    match sidecar::misplaced(dir, keyring) {
        Some(Misplaced::Inside) => {
            return Err(StoreError::unavailable(say("why-store-keyring-inside")));
        }
        Some(Misplaced::Taken) => {
            return Err(StoreError::unavailable(say("why-store-keyring-taken")));
        }
        None => {}
    }
    let ring = load(keyring)?;
    let stage = may_open(dir, keyring, seq_file, ring.as_ref(), look(dir)?, purpose)?;
    // Of the store's own directory whatever is missing is made; the keyring's is somebody's choice.
    let folder = keyring.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|f| ring.is_none() && !f.is_dir() && Some(*f) != dir.parent()) {
        return Err(StoreError::unavailable(say("why-store-keyring-folder").text("folder", shown(folder))));
    }
    Ok((ring, stage))
}

fn open_sidecar(dir: &Path, keyring: &Path, seq_file: &Path, ring: &KeyRing) -> Result<(Sidecar, u64), StoreError> {
    let opened = Sidecar::open(seq_file, ring.instance()).map_err(|e| io_error(seq_file, &e))?;
    opened.map_err(|unfit| match unfit {
        Unfit::Damaged(why) => corrupt(dir, keyring, Say::new("why-store-bad-sidecar").text("seq", shown(seq_file)).text("why", why)),
        Unfit::Foreign => foreign(dir, keyring, ring.instance(), Say::new("why-store-foreign-sidecar").text("seq", shown(seq_file))),
    })
}

/// The keyring is most likely the wrong one.
fn foreign(dir: &Path, keyring: &Path, instance: &str, what: Say) -> StoreError {
    let say = Say::new("why-store-foreign-keyring").with("what", what.into()).text("instance", instance);
    StoreError::Corrupt(say.text("store", shown(dir)).text("seq", shown(&sidecar::path_of(dir))).text("keyring", shown(keyring)).into())
}

fn start(core: Core, meta: Meta, counters: Counters, sidecar: Sidecar) -> Result<SledStore, StoreError> {
    let core = Arc::new(core);
    let (jobs, queue) = sync_channel(QUEUE);
    let mut writer = Writer::new(Arc::clone(&core), queue, sidecar, meta, counters).map_err(|e| io_error(&core.dir, &e))?;
    let unfinished = core.ring().unfinished();
    for bucket in unfinished {
        writer.complete(bucket)?;
    }
    writer.core.mark.arm(true);
    let thread = thread::Builder::new().name("store-writer".into()).spawn(move || writer.run());
    let writer = thread.map_err(|e| io_error(&core.dir, &e))?;
    Ok(SledStore { core, jobs, writer: Some(writer) })
}

/// Bytes that must be free for sled to open a log: it writes while it opens, and one that meets the
/// end of the disk in doing so leaves a log behind that it calls damaged itself.
const ROOM_TO_OPEN: u64 = 4 << 20;

/// Whether opening is safe; nothing was touched yet.
fn room_to_open(dir: &Path) -> Result<(), StoreError> {
    let disk = rustix::fs::statvfs(dir).map_err(|e| io_error(dir, &e.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= ROOM_TO_OPEN {
        return Ok(());
    }
    let say = Say::new("why-store-no-room-to-open").text("free", free.to_string()).text("least", ROOM_TO_OPEN.to_string());
    Err(StoreError::full(say.text("path", shown(dir))))
}

/// What lies in a store's directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    Nothing,
    /// Not sled's, or not all of sled's.
    Other,
    Data,
}

fn look(dir: &Path) -> Result<Lies, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Lies::Nothing),
        Err(e) => return Err(io_error(dir, &e)),
    };
    let names = entries.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|e| io_error(dir, &e))?;
    if names.is_empty() {
        return Ok(Lies::Nothing);
    }
    let whole = names.iter().any(|n| n == "db") && names.iter().any(|n| n == "conf");
    if !names.iter().all(|n| trial::is_ours(n)) {
        Ok(Lies::Other)
    } else if whole {
        Ok(Lies::Data)
    } else {
        Ok(Lies::Other)
    }
}

/// Whether the parts fit together, and as what the store may be opened.
fn may_open(
    dir: &Path,
    keyring: &Path,
    seq_file: &Path,
    ring: Option<&KeyRing>,
    lies: Lies,
    purpose: &Purpose<'_>,
) -> Result<Stage, StoreError> {
    let say = |code: &str| Say::new(code).text("store", shown(dir)).text("keyring", shown(keyring)).text("seq", shown(seq_file));
    let refused = |code: &str| Err(StoreError::unavailable(say(code)));
    let fits_import = matches!(purpose, Purpose::Import(..));
    let sidecar = seq_file.exists();
    match (ring.map(KeyRing::stage), fits_import) {
        (Some(Stage::Importing), false) => refused("why-store-import-unfinished"),
        (Some(Stage::Importing), true) => Ok(Stage::Importing),
        (Some(Stage::Made), true) => refused("why-store-import-taken"),
        (None, _) if lies == Lies::Data || sidecar => refused("why-store-keyring-missing"),
        (None, _) if lies == Lies::Other => refused("why-store-not-empty"),
        (None, true) => Ok(Stage::Importing),
        // Nothing was ever acknowledged by a store that is still being made.
        (None | Some(Stage::New), _) if lies != Lies::Other || ring.is_some() => Ok(Stage::New),
        (Some(_), false) if lies != Lies::Data => Err(corrupt(dir, keyring, say("why-store-no-data"))),
        (Some(_), false) if !sidecar => Err(corrupt(dir, keyring, say("why-store-no-sidecar"))),
        _ => Ok(Stage::Made),
    }
}

/// How long to wait for another process to let go: a command that looks into the store beside a
/// bot that is just starting takes no longer.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_secs(3);

fn lock(dir: &Path) -> Result<File, StoreError> {
    let lock = File::open(dir).map_err(|e| io_error(dir, &e))?;
    let began = std::time::Instant::now();
    loop {
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(lock),
            Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_WAIT / 60),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StoreError::unavailable(Say::new("why-store-in-use").text("store", shown(dir))));
            }
            Err(e) => return Err(io_error(dir, &e.into())),
        }
    }
}

/// Prepares the place for a new store: whatever a making that was cut short has left goes.
fn begin(dir: &Path, keyring: &Path, seq_file: &Path, purpose: &Purpose<'_>) -> Result<KeyRing, StoreError> {
    if look(dir)? != Lies::Nothing {
        for entry in fs::read_dir(dir).map_err(|e| io_error(dir, &e))? {
            let path = entry.map_err(|e| io_error(dir, &e))?.path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.map_err(|e| io_error(&path, &e))?;
        }
    }
    if seq_file.exists() {
        fs::remove_file(seq_file).map_err(|e| io_error(seq_file, &e))?;
    }
    match purpose {
        Purpose::Use => {
            let random = SecretKey::random()?;
            let name: Vec<u8> = random.expose().iter().copied().take(8).collect();
            KeyRing::create(keyring, &hex(&name), Stage::New, None)
        }
        Purpose::Import(instance, hash) => KeyRing::create(keyring, instance, Stage::Importing, Some(hash.clone())),
    }
}

fn open_sled(at: &Path, dir: &Path, keyring: &Path, options: &Options) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(at).cache_capacity(options.cache).flush_every_ms(None);
    let began = std::time::Instant::now();
    loop {
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Err(_) => return Err(corrupt(dir, keyring, Say::new("why-store-bad-log"))),
            // Our own lock is held: whoever still has sled's lets go of it in a moment. A process that
            // is just being started by one that had the store open holds it until it becomes its own.
            Ok(Err(e)) if is_locked(&e) && began.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_WAIT / 60),
            Ok(opened) => return opened.map_err(|e| sled_error(dir, keyring, &e)),
        }
    }
}

/// Whether sled found its file locked, which it tells by its words alone.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(e) if e.to_string().contains("could not acquire lock"))
}

/// The first records of a new store, and its sidecar.
fn found_new(core: &Core, seq_file: &Path) -> Result<(Meta, Counters, Sidecar), StoreError> {
    let meta = Meta { instance: core.instance.clone(), seq: 0, open: 0, heads: 0, digest: 0, rows: BTreeMap::new(), last: None };
    let counters = Counters::default();
    let mut batch = sled::Batch::default();
    batch.insert(key::META, envelope(key::META, 0, &to_json(&meta)?));
    batch.insert(key::COUNTERS, envelope(key::COUNTERS, 0, &to_json(&counters)?));
    core.sled(|t| t.apply_batch(batch))?;
    core.sled(|t| t.flush())?;
    super::files::Files::new(&core.dir).map_err(|e| io_error(&core.dir, &e))?;
    sync_dir_of(&core.dir).map_err(|e| io_error(&core.dir, &e))?;
    let sidecar = Sidecar::create(seq_file, &core.instance, 0).map_err(|e| io_error(seq_file, &e))?;
    Ok((meta, counters, sidecar))
}

/// Whether everything that was acknowledged is there, as far as can be told without reading it all.
fn verify(core: &Core, acked: u64) -> Result<(Meta, Counters), StoreError> {
    let none = |at: &[u8]| core.wrong(Wrong::damaged(at, "the record", "none: the end of the log is gone"));
    let value = core.sled(|t| t.get(key::META))?.ok_or_else(|| none(key::META))?;
    let (_, payload) = open_envelope(key::META, &value).map_err(|w| core.wrong(w))?;
    let meta: Meta = from_json(key::META, payload).map_err(|w| core.wrong(w))?;
    let refuse = |what: Say| Err(corrupt(&core.dir, &core.keyring, what));
    if meta.instance != core.instance {
        return Err(foreign(&core.dir, &core.keyring, &core.instance, Say::new("why-store-foreign-data").text("found", meta.instance)));
    }
    if meta.seq < acked {
        return refuse(Say::new("why-store-lost-end").text("expected", acked.to_string()).text("found", meta.seq.to_string()));
    }
    if !last::is_whole(core, meta.last)? {
        return refuse(Say::new("why-store-half-written"));
    }
    let (mut heads, mut digest, mut open) = (0_u64, 0_u64, 0_u64);
    let unfinished = core.ring().unfinished();
    core.scan(prefixed(vec![b'h']), |at, (flags, payload)| {
        let case = CaseId(eight(at, 9).map(u64::from_be_bytes).unwrap_or_default());
        // What an erasure that was cut short still has to wrap anew must be fit for it.
        if unfinished.contains(&bucket_of(case))
            && let Some(head) = head_of(at, &(flags, payload.clone())).map_err(|w| core.wrong(w))?
        {
            data_key(&core.ring(), case, &head).map_err(|w| core.wrong(w))?;
        }
        let gone = (flags & ERASED != 0).then_some((ERASED_VERSION, false));
        let front = gone.or_else(|| Head::front(&payload));
        let (version, is_open) = front.ok_or_else(|| core.wrong(Wrong::damaged(at, "a head", "too few bytes")))?;
        heads += 1;
        open += u64::from(is_open);
        digest = digest.wrapping_add(digest_of(case, version));
        Ok(true)
    })?;
    if (heads, digest, open) != (meta.heads, meta.digest, meta.open) {
        let count = |name, n: u64| (name, n.to_string());
        let counts = [count("expected", meta.heads), count("expected_open", meta.open), count("found", heads), count("found_open", open)];
        return refuse(counts.into_iter().fold(Say::new("why-store-lost-cases"), |say, (name, n)| say.text(name, n)));
    }
    let entries = core.read_outbox()?.len() as u64;
    let expected = meta.rows.get(&'o').copied().unwrap_or(0);
    if entries != expected {
        return refuse(Say::new("why-store-lost-entries").text("expected", expected.to_string()).text("found", entries.to_string()));
    }
    core.read_desk()?;
    general(&core.ring()).map_err(|w| core.wrong(w))?;
    let counters = core.read_counters()?;
    Ok((meta, counters))
}

/// The heads of one bucket.
pub(super) fn prefixed_heads(bucket: u64) -> impl std::ops::RangeBounds<Vec<u8>> {
    prefixed(key::join(b'h', &[&bucket.to_be_bytes()]))
}
