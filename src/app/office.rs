//! What the binary's other commands ask of a store: answered by the running bot over its control
//! socket, or, where none runs, by the asking process itself. The same code serves both.

use super::Handle;
use crate::case::{CaseId, SendState};
use crate::clock::{Clock, Time};
use crate::control::{Errand, Reply};
use crate::digest::figures::{Figures, costs_since, figures, open_at};
use crate::digest::schedule;
use crate::engine::{Ack, Batch, Engine, Input, OutboxLine, Reply as Told, absent};
use crate::error::say;
use crate::i18n::{ShowCtx, Words};
use crate::outbox::{Effect, Entry, EntryId, EntryState};
use crate::policy::{Lang, Policy};
use crate::say::{Arg, Say};
use crate::store::sled::SledStore;
use crate::store::spool::Spooled;
use crate::store::{Parked, Store, StoreError, export};
use crate::view::text::{self, Style};
use crate::view::{build, hygiene};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An engine that is busy with a full disk answers no decisions; nobody waits for longer.
const DECIDE_BOUND: Duration = Duration::from_secs(20);

/// Days of a week's report.
const WEEK: usize = 7;

/// Who can answer.
pub struct Office {
    store: Arc<SledStore>,
    words: Arc<Words>,
    clock: Clock,
    seat: Seat,
}

/// Where it stands.
enum Seat {
    /// In the bot that runs.
    Bot(Arc<Handle>, tokio::runtime::Handle),
    /// In a process of its own that holds the store.
    Alone(Box<Policy>),
}

impl Office {
    /// Within a running bot; blocks its callers, so never on the runtime's own threads.
    #[must_use]
    pub fn of_bot(store: Arc<SledStore>, words: Arc<Words>, bot: Arc<Handle>, runtime: tokio::runtime::Handle) -> Office {
        Office { store, words, clock: bot.clock(), seat: Seat::Bot(bot, runtime) }
    }

    /// In a process that holds the store while no bot runs.
    #[must_use]
    pub fn alone(store: Arc<SledStore>, words: Arc<Words>, policy: Policy) -> Office {
        Office { store, words, clock: Clock::system(), seat: Seat::Alone(Box::new(policy)) }
    }

    fn policy(&self) -> Policy {
        match &self.seat {
            Seat::Bot(bot, _) => (*bot.policy()).clone(),
            Seat::Alone(policy) => (**policy).clone(),
        }
    }

    /// Does what is asked, all but an export without a file.
    #[must_use]
    pub fn perform(&self, errand: &Errand, lang: Lang) -> Reply {
        let done = match errand {
            Errand::OutboxList => self.outbox(lang),
            Errand::OutboxDecide { entry, retry } => self.decide(EntryId(*entry), *retry, lang),
            Errand::ParkedList => self.parked_list(lang),
            Errand::ParkedShow { id } => self.parked_show(id, lang),
            Errand::ParkedDrop { id } => self.hand_in(Input::Unpark { id: id.clone() }, lang),
            Errand::OutboxRetryAll => self.retry_all(lang),
            Errand::Digest { day, week } => self.digest(day.as_deref(), *week, lang),
            Errand::Export { file: Some(file) } => self.export_file(file, lang),
            // See `Office::spool`: a reply goes ahead of it.
            Errand::Export { file: None } => Ok(Reply { ok: true, text: String::new() }),
            Errand::Describe { case } => self.describe(CaseId(*case), lang),
            Errand::Erase { case } => self.erase(CaseId(*case), lang),
            Errand::CheckStore => self.check(lang),
        };
        done.unwrap_or_else(|error| self.refused(lang, &Say::new("cli-store-error").with("detail", error.why().into())))
    }

    /// Writes everything as JSON lines.
    ///
    /// # Errors
    /// What the store says; what was written so far has no footer.
    pub fn export(&self, out: Box<dyn Write + Send>) -> Result<(), StoreError> {
        self.store.export_to(out).map(drop)
    }

    /// The export as of now, to be read at leisure; else what is to be said. A reply goes ahead of it.
    ///
    /// # Errors
    /// The refusal to reply with.
    pub fn spool(&self, lang: Lang) -> Result<Spooled, Reply> {
        let refused = |error: StoreError| self.refused(lang, &Say::new("cli-store-error").with("detail", error.why().into()));
        self.store.spool().map_err(refused)
    }

    fn told(&self, told: &Told, lang: Lang) -> Reply {
        let view = build::reply(told, &self.policy(), &self.words, lang, self.clock.now());
        Reply { ok: true, text: text::render(&view, &Style::PLAIN) }
    }

    fn done(&self, lang: Lang, sentence: &Say) -> Reply {
        Reply { ok: true, text: format!("{}\n", say(&self.words, lang, sentence)) }
    }

    fn refused(&self, lang: Lang, sentence: &Say) -> Reply {
        Reply { ok: false, ..self.done(lang, sentence) }
    }

    fn outbox(&self, lang: Lang) -> Result<Reply, StoreError> {
        let instance = self.store.instance();
        let entries = self.store.outbox()?;
        let lines = entries.into_iter().map(|entry| OutboxLine { op: entry.op(instance), entry }).collect();
        Ok(self.told(&Told::Outbox(lines), lang))
    }

    fn decide(&self, entry: EntryId, retry: bool, lang: Lang) -> Result<Reply, StoreError> {
        self.hand_in(Input::Outbox { entry, retry }, lang)
    }

    /// Hands in what an operator decided, and says how it was answered.
    fn hand_in(&self, input: Input, lang: Lang) -> Result<Reply, StoreError> {
        let ack = match &self.seat {
            Seat::Bot(bot, runtime) => {
                let asked = async { tokio::time::timeout(DECIDE_BOUND, bot.hand_in(input)).await };
                match runtime.block_on(asked) {
                    Ok(Ok(ack)) => ack,
                    Ok(Err(_)) | Err(_) => return Ok(self.refused(lang, &Say::new("cli-busy"))),
                }
            }
            Seat::Alone(policy) => {
                let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
                let now = self.clock.now();
                let mut engine =
                    Engine::open(store, (**policy).clone(), now, super::entropy().map_err(|e| StoreError::Unavailable(e.into()))?)?;
                let batch = Batch { inputs: vec![input], cursor: None };
                engine.take(now, &[batch])?.pop().and_then(|mut acks| acks.pop())
            }
        };
        let Some(Ack::Answered(answer)) = ack else {
            return Ok(self.refused(lang, &Say::new("cli-busy")));
        };
        let view = build::answer(&answer, None, &self.policy(), &self.words, lang, self.clock.now());
        Ok(Reply { ok: answer.ok, text: text::render(&view, &Style::PLAIN) })
    }

    fn parked_list(&self, lang: Lang) -> Result<Reply, StoreError> {
        let list = self.store.parked_list()?;
        if list.is_empty() {
            return Ok(self.done(lang, &Say::new("cli-parked-none")));
        }
        let policy = self.policy();
        let ctx = ShowCtx { policy: &policy, now: self.clock.now() };
        let line = |p: &Parked| {
            let say = Say::new("cli-parked-line").text("id", hygiene::one_line(&p.id, hygiene::TEXT_MAX)).number("bytes", p.bytes);
            let say = say.with("at", Arg::Moment(p.at)).text("why", hygiene::one_line(&p.why, hygiene::TEXT_MAX));
            format!("{}\n", self.words.say(&say, lang, &ctx))
        };
        Ok(Reply { ok: true, text: list.iter().map(line).collect() })
    }

    /// As it came, but for signs that would act on a terminal.
    fn parked_show(&self, id: &str, lang: Lang) -> Result<Reply, StoreError> {
        let Some(parked) = self.store.parked(id)? else {
            return Ok(self.refused(lang, &Say::new("refused-not-parked").text("id", id)));
        };
        // What a terminal would act on, or would hide.
        let hidden = |c: char| hygiene::strip(c.encode_utf8(&mut [0; 4])).is_empty();
        let acts = |c: char| c != '\n' && c != '\t' && (c.is_control() || hidden(c));
        let mut text = String::with_capacity(parked.raw.len());
        for c in parked.raw.chars() {
            if acts(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if (parked.raw.len() as u64) < parked.bytes {
            let cut = Say::new("cli-parked-cut").number("kept", parked.raw.len()).number("bytes", parked.bytes);
            text.push_str(&self.done(lang, &cut).text);
        }
        Ok(Reply { ok: true, text })
    }

    /// Tries every dead letter again. A send that may stand already is only named: to say a thing twice
    /// to a customer takes a person who has looked.
    fn retry_all(&self, lang: Lang) -> Result<Reply, StoreError> {
        let (mut count, mut doubtful, mut all_done, mut told) = (0_u64, Vec::new(), true, String::new());
        for entry in self.store.outbox()? {
            if !matches!(entry.state, EntryState::Dead { .. }) {
                continue;
            }
            if self.in_doubt(&entry)? {
                doubtful.push(entry.id);
                continue;
            }
            let reply = self.decide(entry.id, true, lang)?;
            if reply.ok {
                count += 1;
            } else {
                all_done = false;
                told.push_str(&reply.text);
            }
        }
        told.push_str(&self.done(lang, &Say::new("cli-outbox-all").number("count", count)).text);
        for entry in doubtful {
            told.push_str(&self.done(lang, &Say::new("cli-outbox-doubtful").text("entry", entry.0.to_string())).text);
        }
        Ok(Reply { ok: all_done, text: told })
    }

    /// Whether the entry is a send that may stand on the network.
    fn in_doubt(&self, entry: &Entry) -> Result<bool, StoreError> {
        let Effect::Send { send } = entry.effect else { return Ok(false) };
        let unknown = entry.state.is_in_doubt();
        let case = entry.case.map(|id| self.store.case(id)).transpose()?.flatten();
        let state = case.as_ref().and_then(|c| c.sends.iter().find(|s| s.id == send)).map(|s| &s.state);
        Ok(unknown || matches!(state, Some(SendState::Unknown { .. } | SendState::InFlight { .. })))
    }

    fn digest(&self, day: Option<&str>, week: bool, lang: Lang) -> Result<Reply, StoreError> {
        let policy = self.policy();
        let now = self.clock.now();
        let (from, to) = match bounds(day, week, now, &policy.time_zone) {
            Ok(bounds) => bounds,
            Err(code) => return Ok(self.refused(lang, &Say::new(code).text("value", day.unwrap_or_default()))),
        };
        let facts = self.store.facts(from, to)?;
        let desk = self.store.desk()?.unwrap_or_default();
        let open = open_at(&desk, self.store.open_count()?, to, now);
        let costs = costs_since(&desk, from);
        let figures = Figures { costs, ..figures(&facts, open, from, to, policy.digest.by_agent) };
        Ok(self.told(&Told::Digest(Box::new(figures)), lang))
    }

    fn export_file(&self, file: &Path, lang: Lang) -> Result<Reply, StoreError> {
        let counts = export::export(&self.store, file)?;
        let records: u64 = counts.values().sum();
        Ok(self.done(lang, &Say::new("cli-exported").number("records", records).text("file", file.display().to_string())))
    }

    fn describe(&self, case: CaseId, lang: Lang) -> Result<Reply, StoreError> {
        let Some(found) = self.store.case(case)? else {
            let gone = absent(&self.store.desk()?.unwrap_or_default(), self.store.counters()?, case);
            return Ok(Reply { ok: false, text: self.dated(&gone.say(), lang) });
        };
        let status = format!("status-{}", crate::case::refusal::code(&found.status));
        let sentence = Say::new("cli-erase-confirm").case(case).number("posts", found.posts.len() + found.folded_posts());
        let sentence = sentence.with("opened", crate::say::Arg::Moment(found.opened_at)).with("status", crate::say::Arg::Code(status));
        Ok(Reply { ok: true, text: self.dated(&sentence, lang) })
    }

    fn erase(&self, case: CaseId, lang: Lang) -> Result<Reply, StoreError> {
        let answer = match &self.seat {
            Seat::Bot(bot, runtime) => {
                let asked = async { tokio::time::timeout(DECIDE_BOUND, bot.ask(move |engine, now| engine.erase(now, case))).await };
                match runtime.block_on(asked) {
                    Ok(Ok(answer)) => answer?,
                    Ok(Err(_)) | Err(_) => return Ok(self.refused(lang, &Say::new("cli-busy"))),
                }
            }
            Seat::Alone(policy) => {
                let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
                let now = self.clock.now();
                let entropy = super::entropy().map_err(|e| StoreError::Unavailable(e.into()))?;
                Engine::open(store, (**policy).clone(), now, entropy)?.erase(now, case)?
            }
        };
        Ok(Reply { ok: answer.ok, text: self.dated(&answer.say, lang) })
    }

    /// A sentence in which moments may stand.
    fn dated(&self, sentence: &Say, lang: Lang) -> String {
        let policy = self.policy();
        format!("{}\n", self.words.say(sentence, lang, &ShowCtx { policy: &policy, now: self.clock.now() }))
    }

    fn check(&self, lang: Lang) -> Result<Reply, StoreError> {
        let findings = self.store.check()?;
        let ok = findings.iter().all(|f| f.ok);
        let lines = findings.iter().map(|f| format!("{}\n", super::finding(f, &self.words, lang)));
        Ok(Reply { ok, text: lines.collect() })
    }
}

/// The moments between which a local day, or the week that ends with it, lies; else the code of why not.
fn bounds(day: Option<&str>, week: bool, now: Time, zone: &str) -> Result<(Time, Time), &'static str> {
    let tz = schedule::zone(zone);
    let today = schedule::day_of(now, &tz);
    let day = match day {
        Some(day) => day.parse::<jiff::civil::Date>().map_err(|_| "cli-bad-day")?,
        None => today,
    };
    if day > today {
        return Err("cli-day-ahead");
    }
    let (start, end) = schedule::bounds(day, &tz);
    if !week {
        return Ok((start, end));
    }
    let first = (1..WEEK).fold(day, |day, _| day.yesterday().unwrap_or(day));
    Ok((schedule::bounds(first, &tz).0, end))
}
