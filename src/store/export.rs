//! The whole store as JSON lines: for backups, for moving, for mending.
//!
//! A header, a line a record, a footer with counts and a SHA-256 over all before it. The file
//! holds everything **in the clear**, the key of the hashed ids too: it is made with mode 0600 and
//! belongs where only the keyring may lie as well. An import reads it twice: once to see that it
//! is whole, and only then to fill a new store, which keeps the old one's name and numbers.

use super::codec::{FORMAT, Hashed, SecretKey, hex, unhex};
use super::sidecar::sync_dir_of;
use super::sled::{Prepared, Reading, SledStore};
use super::{Claim, Commit, Counters, Parked, StoreError, shown};
use crate::case::{Case, CaseId, EventRecord};
use crate::clock::Time;
use crate::command::Answer;
use crate::desk::Desk;
use crate::digest::Fact;
use crate::outbox::{Effect, Entry, EntryState};
use crate::post::Account;
use crate::say::Say;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many records of each kind.
pub type Counts = BTreeMap<String, u64>;

/// Records that an import commits together.
const TOGETHER: usize = 512;

/// What is exported.
#[derive(Serialize, Deserialize)]
pub struct Header {
    /// The format of the lines that follow.
    pub format: u8,
    /// The store's name.
    pub instance: String,
    /// The number of its last commit.
    pub seq: u64,
    /// The key of the hashed ids, in hexadecimal; a secret.
    pub hash_key: String,
}

/// What was exported.
#[derive(Serialize, Deserialize)]
pub struct Footer {
    /// Records by kind.
    pub counts: Counts,
    /// SHA-256 of all bytes before this line, in hexadecimal.
    pub sha256: String,
}

/// A line of an export.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Header(Header),
    /// The counters.
    Counters(Counters),
    /// The desk.
    Desk(Desk),
    /// A case.
    Case(Box<Case>),
    /// The number of a case that was erased.
    Erased(CaseId),
    /// An event; stands behind its case.
    Event(EventRecord),
    /// A claim on a post, by the hash of its id.
    Claim {
        /// The hash.
        post: Hashed,
        /// What the post leads to.
        claim: Claim,
        /// When it may be forgotten.
        expires: Time,
    },
    /// A command carried out, by the hash of its id.
    Command {
        /// The hash.
        command: Hashed,
        /// What was answered.
        answer: Answer,
        /// When it may be forgotten.
        expires: Time,
    },
    /// An entry of the outbox.
    Entry(Entry),
    /// Where a stream goes on from.
    Cursor {
        /// The account.
        account: Account,
        /// The stream.
        stream: String,
        /// Where.
        cursor: String,
    },
    /// A fact.
    Fact(Fact),
    /// What could not be read.
    Parked(Parked),
    /// The last.
    Footer(Footer),
}

impl Line {
    fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Line::Header(_) | Line::Footer(_) => return None,
            Line::Counters(_) => "counters",
            Line::Desk(_) => "desk",
            Line::Case(_) => "cases",
            Line::Erased(_) => "erased",
            Line::Event(_) => "events",
            Line::Claim { .. } => "claims",
            Line::Command { .. } => "commands",
            Line::Entry(_) => "entries",
            Line::Cursor { .. } => "cursors",
            Line::Fact(_) => "facts",
            Line::Parked(_) => "parked",
        })
    }
}

/// An export being written.
pub(super) struct Export {
    out: BufWriter<Box<dyn Write + Send>>,
    sha: Sha256,
    counts: Counts,
}

impl Export {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Export {
        Export { out: BufWriter::new(out), sha: Sha256::new(), counts: Counts::new() }
    }

    pub(super) fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut json = super::codec::to_json(line)?;
        json.push(b'\n');
        self.sha.update(&json);
        if let Some(kind) = line.kind() {
            *self.counts.entry(kind.to_owned()).or_default() += 1;
        }
        self.out.write_all(&json).map_err(|e| unwritten(&e))
    }

    /// What has been written so far.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn finish(mut self) -> Result<Counts, StoreError> {
        let sha256 = hex(&self.sha.clone().finalize());
        let counts = self.counts.clone();
        self.line(&Line::Footer(Footer { counts: counts.clone(), sha256 }))?;
        self.out.flush().map_err(|e| unwritten(&e))?;
        Ok(counts)
    }
}

/// Why nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotImported {
    /// The file's fault.
    File(StoreError),
    /// The store's fault.
    Store(StoreError),
}

impl std::fmt::Display for NotImported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotImported::File(error) | NotImported::Store(error) => error.fmt(f),
        }
    }
}

impl From<StoreError> for NotImported {
    fn from(error: StoreError) -> NotImported {
        NotImported::Store(error)
    }
}

fn failed(file: &str, e: &io::Error) -> StoreError {
    match e.kind() {
        io::ErrorKind::StorageFull => unwritten(e),
        _ => StoreError::Unavailable(format!("{file}: {e}").into()),
    }
}

/// Why what the export is written to took no more: in the words of whoever took it, where it was one of ours.
fn unwritten(e: &io::Error) -> StoreError {
    match e.get_ref().and_then(|why| why.downcast_ref::<StoreError>()) {
        Some(why) => why.clone(),
        None if e.kind() == io::ErrorKind::StorageFull => StoreError::full(Say::new("why-store-export-no-room")),
        None => StoreError::unavailable(Say::new("why-store-export-unwritten").text("why", e.to_string())),
    }
}

/// Writes the store to `file`, whole or not at all, readable by its owner only; how many records of each kind.
pub fn export(store: &SledStore, file: &Path) -> Result<Counts, StoreError> {
    whole(file, |out| store.export_to(out))
}

/// [`export`] of a store that is only read.
pub fn export_reading(store: &Reading, file: &Path) -> Result<Counts, StoreError> {
    whole(file, |out| store.export_to(out))
}

fn whole(file: &Path, write: impl FnOnce(Box<dyn Write + Send>) -> Result<Counts, StoreError>) -> Result<Counts, StoreError> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = file.with_file_name(name);
    let io = |e: io::Error| failed(&file.display().to_string(), &e);
    if partial.exists() {
        fs::remove_file(&partial).map_err(io)?;
    }
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(io)?;
    let handle = out.try_clone().map_err(io)?;
    let written = write(Box::new(out)).and_then(|counts| {
        handle.sync_all().and_then(|()| fs::rename(&partial, file)).and_then(|()| sync_dir_of(file)).map_err(io)?;
        Ok(counts)
    });
    if written.is_err() {
        fs::remove_file(&partial).ok();
    }
    written
}

/// Reads an export line by line, and judges it at its end.
struct Reader {
    file: PathBuf,
    lines: BufReader<File>,
    at: u64,
    sha: Sha256,
    counts: Counts,
}

impl Reader {
    fn open(file: &Path) -> Result<(Reader, Header), StoreError> {
        let shown = shown(file);
        let opened = File::open(file).and_then(|f| f.metadata().map(|m| (f, m.is_dir())));
        let opened = match opened {
            Ok((_, true)) => {
                return Err(StoreError::unavailable(Say::new("why-store-export-directory").text("file", shown)));
            }
            Ok((opened, false)) => opened,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::unavailable(Say::new("why-store-export-missing").text("file", shown)));
            }
            Err(e) => return Err(failed(&shown, &e)),
        };
        Reader::of(file, opened)
    }

    fn of(file: &Path, opened: File) -> Result<(Reader, Header), StoreError> {
        let mut reader = Reader { file: file.to_owned(), lines: BufReader::new(opened), at: 0, sha: Sha256::new(), counts: Counts::new() };
        match reader.line()? {
            Some(Line::Header(header)) if header.format == FORMAT => Ok((reader, header)),
            Some(Line::Header(header)) => {
                let say =
                    Say::new("why-store-export-newer").text("file", shown(file)).number("format", header.format).number("upto", FORMAT);
                Err(StoreError::unavailable(say))
            }
            _ => Err(reader.refuse("a header", "something else")),
        }
    }

    fn refuse(&self, expected: &str, found: &str) -> StoreError {
        let say = Say::new("why-store-export-damaged").text("file", shown(&self.file)).text("line", self.at.to_string());
        StoreError::Corrupt(say.text("expected", expected).text("found", found).into())
    }

    /// The next line; `None` once the footer has confirmed all before it.
    fn line(&mut self) -> Result<Option<Line>, StoreError> {
        let mut bytes = Vec::new();
        self.lines.read_until(b'\n', &mut bytes).map_err(|e| failed(&self.file.display().to_string(), &e))?;
        self.at += 1;
        if bytes.pop() != Some(b'\n') {
            return Err(self.refuse("a footer at the end", "a file cut short"));
        }
        let line: Line = serde_json::from_slice(&bytes)
            .map_err(|e| self.refuse("a record", &format!("{:?} error at column {}", e.classify(), e.column())))?;
        let Line::Footer(footer) = line else {
            bytes.push(b'\n');
            self.sha.update(&bytes);
            if let Some(kind) = line.kind() {
                *self.counts.entry(kind.to_owned()).or_default() += 1;
            }
            return Ok(Some(line));
        };
        let found = hex(&self.sha.clone().finalize());
        if footer.sha256 != found {
            return Err(self.refuse(&format!("SHA-256 {}", footer.sha256), &found));
        }
        if footer.counts != self.counts {
            return Err(self.refuse(&format!("{:?}", footer.counts), &format!("{:?}", self.counts)));
        }
        let more = !self.lines.fill_buf().map_err(|e| failed(&self.file.display().to_string(), &e))?.is_empty();
        if more { Err(self.refuse("an end behind the footer", "more lines")) } else { Ok(None) }
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing {
    use super::*;
    use std::io::Seek as _;

    /// A file for import, read to its end as an import does first; once as it is, and once under a footer that is right, so
    /// that more than its first line is looked at. Nothing is kept of it.
    pub(crate) fn read(data: &[u8]) {
        drop(through(data));
        let body = match data.strip_suffix(b"\n") {
            Some(lines) => lines.rsplitn(2, |b| *b == b'\n').nth(1).map_or(data, |above| data.get(..=above.len()).unwrap_or_default()),
            None => data,
        };
        if !body.ends_with(b"\n") {
            return;
        }
        // With wrong counts: it must not be taken.
        let sha256 = hex(&Sha256::digest(body));
        let counts = Counts::from([("cases".to_owned(), u64::MAX)]);
        let footer = super::super::codec::to_json(&Line::Footer(Footer { counts, sha256 })).expect("a footer is JSON");
        let whole = [body, &footer, b"\n"].concat();
        assert!(through(&whole).is_err(), "counts that are wrong are taken");
    }

    fn through(data: &[u8]) -> Result<(), StoreError> {
        let io = |e: io::Error| failed("a file in memory", &e);
        let mut file = File::from(rustix::fs::memfd_create("export", rustix::fs::MemfdFlags::CLOEXEC).map_err(|e| io(e.into()))?);
        file.write_all(data).and_then(|()| file.rewind()).map_err(io)?;
        let (mut reader, header) = Reader::of(Path::new("export.jsonl"), file)?;
        drop(unhex(&header.hash_key).and_then(|bytes| SecretKey::from_bytes(&bytes)));
        while let Some(line) = reader.line()? {
            // What is taken over is written in the same form.
            super::super::codec::to_json(&line)?;
        }
        Ok(())
    }
}

/// What an import took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Records of each kind.
    pub counts: Counts,
    /// Answers that were still to go out when the export was made; they may have gone out since.
    pub unsent: u64,
}

/// Makes a new store in `dir`, with a new keyring, out of an export.
/// Nothing is kept unless the export is whole; one that is cut short by a crash can be begun again.
///
/// What was not sent yet when the export was made may be long out: with `hold`, the present, sending is paused
/// where there is such a thing, until a person has looked. Without, the store is what was exported, exactly.
///
/// # Errors
/// The export is damaged or of a newer sereno, or there is a store already.
pub fn import(file: &Path, dir: &Path, keyring: &Path, hold: Option<Time>) -> Result<Imported, NotImported> {
    let open = || Reader::open(file).map_err(NotImported::File);
    let (mut reader, _) = open()?;
    let mut unsent = 0;
    while let Some(line) = reader.line().map_err(NotImported::File)? {
        if let Line::Entry(Entry { effect: Effect::Send { .. }, state, .. }) = line {
            unsent += u64::from(!matches!(state, EntryState::Dead { .. }));
        }
    }
    let hold = hold.filter(|_| unsent > 0);
    let mut held = hold.is_none();
    let (mut reader, header) = open()?;
    let hash = unhex(&header.hash_key).and_then(|bytes| SecretKey::from_bytes(&bytes));
    let hash = hash.ok_or_else(|| NotImported::File(reader.refuse("a key of 32 bytes", "another")))?;
    let hasher = super::codec::Hasher::new(&hash);
    let store = SledStore::for_import(dir, keyring, &header.instance, hash)?;
    let (mut part, mut size) = (Prepared::import(), 0);
    while let Some(line) = reader.line().map_err(NotImported::File)? {
        let mut commit = Commit::default();
        match line {
            Line::Header(_) => return Err(NotImported::File(reader.refuse("one header", "another"))),
            Line::Footer(_) => {}
            Line::Counters(counters) => commit.counters = Some(counters),
            Line::Desk(mut desk) => {
                if let Some(now) = hold {
                    desk.pause_by_itself(now);
                    held = true;
                }
                commit.desk = Some(desk);
            }
            Line::Case(case) => part.case(&case, &hasher)?,
            Line::Erased(case) => part.erased(case),
            Line::Event(event) => commit.events.push(event),
            Line::Claim { post, claim, expires } => part.claim(post, claim, expires),
            Line::Command { command, answer, expires } => part.answer(command, &answer, expires)?,
            Line::Entry(entry) => commit.outbox.push(entry),
            Line::Cursor { account, stream, cursor } => commit.cursors.push((account, stream, cursor)),
            Line::Fact(fact) => commit.facts.push(fact),
            Line::Parked(parked) => commit.parked.push(parked),
        }
        part.and(&commit, &hasher)?;
        size += 1;
        if size >= TOGETHER {
            store.commit_prepared(std::mem::replace(&mut part, Prepared::import()))?;
            size = 0;
        }
    }
    if let Some(now) = hold.filter(|_| !held) {
        let mut desk = Desk::default();
        desk.pause_by_itself(now);
        part.and(&Commit { desk: Some(desk), ..Commit::default() }, &hasher)?;
    }
    part.set_seq(header.seq);
    store.commit_prepared(part)?;
    store.finish_import()?;
    Ok(Imported { counts: reader.counts, unsent })
}
