//! The console: the team's chat in a terminal, for people (text) and for programs (JSON lines).
//!
//! Text for people: cards and thread entries are printed as they come, a line typed is a command.
//! JSON for programs, one object a line:
//!
//! - out: `{"type":"card"|"entry"|"notice"|"digest","op":…,"room":…,"thread":…,"message":…,"edit":…,
//!   "private":…, …the view's fields…,"text":…}`, `{"type":"answer","id":…,"op":…,"ok":…,"code":…,"case":…,
//!   "text":…}`, `{"type":"error","id":…,"op":…,"code":…,"text":…}`, `{"type":"alarm","op":…,"room":…,"text":…}`;
//! - in: `{"id":"7","by":"ana","line":"claim 42"}` or `{"id":"8","by":"ana","verb":"reply","case":42,"text":"…"}`;
//!   each is answered with its `id`; the same `id` again gets the same answer.
//!
//! The same `op` twice is a repeat of the same thing. A message's id is the `op` that posted it, so
//! posting again after a doubt does no harm, and [`Chat::look`] may always say that it is absent.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod input;
mod output;
#[cfg(test)]
mod tests;

pub use crate::config::ConsoleFormat as Format;

use super::{Answered, Chat, Memory, Message, Said, Typed};
use crate::clock::Time;
use crate::command::Door;
use crate::i18n::Words;
use crate::network::Finding;
use crate::outbox::{Look, Outcome, Receipt};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::view::text::{self, Style};
use crate::view::{Piece, TextView, View, hygiene};
use anyhow::Context as _;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use input::{Asked, Line, What};
use output::Output;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Commands of a program that may wait for their answers at once; more are read only when some are answered.
const WAITING_MAX: usize = 64;
/// How long answers are waited for after the last line of input.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// How often a command whose answer was lost is asked again.
const ASK_AGAIN: u32 = 5;
/// How long it waits before that.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Messages of which the console remembers what it last printed.
const REMEMBERED: usize = 4_096;
/// The widest that text is set, in columns: longer lines are hard to read.
const WIDEST: usize = 100;

/// How the console is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For people or for programs.
    pub format: Format,
    /// Who sits at it.
    pub agent: AgentId,
    /// The room that lines are typed in.
    pub room: RoomId,
    /// The language of its own few words.
    pub lang: Lang,
    /// How text looks.
    pub style: Style,
    /// Whether what is typed is repeated on the screen, where nobody sees it typed (text only).
    pub echo: bool,
    /// When it was started: makes the ids of typed lines unique.
    pub started: Time,
}

impl Settings {
    /// The style that suits this process' standard output: colours only on a terminal and only
    /// if `NO_COLOR` (no-color.org) is unset; as wide as the terminal, within limits.
    #[must_use]
    pub fn style_of_stdout() -> Style {
        let stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        let columns = terminal.then(|| rustix::termios::tcgetwinsize(&stdout).ok()).flatten().map(|size| usize::from(size.ws_col));
        let width = columns.filter(|c| *c > 0).map_or(WIDEST, |c| c.clamp(Style::NARROWEST, WIDEST));
        Style { width, colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) }
    }
}

/// What the console remembers of what it printed. Only for the eye: nothing depends on it.
#[derive(Default)]
struct Printed {
    /// Operations printed; a repeat is not printed again for people.
    ops: BTreeSet<String>,
    /// The same, oldest first.
    order: VecDeque<String>,
    /// What each message last showed: a card its one line, an entry all of it.
    shown: BTreeMap<String, String>,
}

/// The console chat.
pub struct Console {
    settings: Settings,
    words: Arc<Words>,
    reader: Mutex<Option<Box<dyn BufRead + Send>>>,
    output: Output,
    printed: Mutex<Printed>,
    counter: AtomicU64,
}

impl Console {
    /// A console on any reader and writer: a thread of its own each, so that a reader that never
    /// ends and a writer that is stuck block nobody else.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(
        settings: Settings,
        words: Arc<Words>,
        reader: Box<dyn BufRead + Send>,
        writer: Box<dyn Write + Send>,
    ) -> anyhow::Result<Console> {
        let output = Output::start(writer).context("starting the thread that writes to the console")?;
        Ok(Console {
            settings,
            words,
            reader: Mutex::new(Some(reader)),
            output,
            printed: Mutex::new(Printed::default()),
            counter: AtomicU64::new(1),
        })
    }

    /// The console on this process' standard input and output.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn stdio(settings: Settings, words: Arc<Words>) -> anyhow::Result<Console> {
        let reader = Box::new(std::io::BufReader::new(std::io::stdin()));
        Console::new(settings, words, reader, Box::new(std::io::stdout()))
    }

    /// Prints words of our own that belong to no operation of the outbox; waits until they are out.
    ///
    /// # Errors
    /// If the output is closed or stuck.
    pub async fn print(&self, view: &View) -> std::io::Result<()> {
        let bytes = match self.settings.format {
            Format::Text => text::render(view, &self.settings.style),
            Format::Json => {
                let mut object = object(&json!({ "type": "notice", "op": self.own_id() }));
                extend(&mut object, view);
                line(object)
            }
        };
        self.output.write(bytes).await
    }

    fn own_id(&self) -> String {
        format!("console-{}-{}", self.settings.started.0, self.counter.fetch_add(1, Ordering::Relaxed))
    }

    fn printed(&self) -> std::sync::MutexGuard<'_, Printed> {
        // Nothing depends on what is remembered, so a panic elsewhere spoils nothing.
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message as it is printed; `None`: nothing to print.
    fn message(&self, message: &Message) -> Option<String> {
        match self.settings.format {
            Format::Json => Some(json_message(message)),
            Format::Text => self.text_message(message),
        }
    }

    fn text_message(&self, message: &Message) -> Option<String> {
        let style = &self.settings.style;
        let printed = self.printed();
        if printed.ops.contains(&message.op) {
            return None;
        }
        let room =
            if message.room == self.settings.room { String::new() } else { format!("[{}] ", hygiene::handle(message.room.as_str())) };
        match (&message.view, &message.edit) {
            (View::Card(card), Some(id)) => {
                let summary = text::summary(card, style);
                (printed.shown.get(id) != Some(&summary)).then(|| format!("{room}↻ {summary}\n"))
            }
            // What changed has an entry of its own; here it is enough that, and where.
            (View::Entry(entry), Some(id)) => {
                let same = printed.shown.get(id).is_some_and(|shown| *shown == text::render(&message.view, style));
                (!same).then(|| format!("{room}↻ {}\n", text::headline(entry, style)))
            }
            // What is printed stays; that a case was erased is said once, in its thread.
            (View::Text(_), Some(_)) => None,
            (view, _) if room.is_empty() => Some(text::render(view, style)),
            (view, _) => Some(format!("{room}\n{}", text::render(view, style))),
        }
    }

    fn remember(&self, message: &Message) {
        let mut printed = self.printed();
        if printed.ops.insert(message.op.clone()) {
            printed.order.push_back(message.op.clone());
        }
        let shown = match &message.view {
            View::Card(card) => Some(text::summary(card, &self.settings.style)),
            View::Entry(_) => Some(text::render(&message.view, &self.settings.style)),
            View::Text(_) | View::Form(_) => None,
        };
        if let Some(shown) = shown {
            printed.shown.insert(message.edit.clone().unwrap_or_else(|| message.op.clone()), shown);
        }
        while printed.order.len() > REMEMBERED {
            if let Some(op) = printed.order.pop_front() {
                printed.ops.remove(&op);
                printed.shown.remove(&op);
            }
        }
        while printed.shown.len() > REMEMBERED {
            printed.shown.pop_first();
        }
    }

    /// An answer as it is printed.
    fn answer(&self, id: &str, answered: &Answered) -> String {
        match self.settings.format {
            Format::Json => line(object(&json!({
                "type": "answer",
                "id": id,
                "op": answered.op,
                "ok": answered.answer.ok,
                "code": code(answered),
                "case": answered.answer.case.map(|c| c.0),
                "send": answered.answer.send,
                "text": text::render(&answered.view, &Style::PLAIN).trim_end(),
            }))),
            Format::Text => {
                // Lists, helps and histories speak for themselves.
                let mark = match (answered.answer.ok, code(answered).starts_with("done-")) {
                    (false, _) => "✗ ",
                    (true, true) => "✓ ",
                    (true, false) => "",
                };
                let mut view = answered.view.clone();
                if let (View::Text(text), false) = (&mut view, mark.is_empty())
                    && let Some(first) = text.lines.first_mut()
                {
                    first.insert(0, Piece::Words(mark.to_owned()));
                }
                text::render(&view, &self.settings.style)
            }
        }
    }

    /// An error that no command stands behind.
    fn error(&self, id: Option<&str>, say: &Say) -> String {
        let text = self.words.tell(say, self.settings.lang);
        match self.settings.format {
            Format::Json => line(object(&json!({ "type": "error", "id": id, "op": self.own_id(), "code": say.code, "text": text }))),
            Format::Text => text::render(&plain(vec![Piece::Words(format!("✗ {text}"))]), &self.settings.style),
        }
    }

    /// Writes what nobody asks again for; a lost line is worth a warning, no more.
    async fn say(&self, bytes: String) {
        if let Err(error) = self.output.write(bytes).await {
            tracing::warn!(%error, "the console takes no output");
        }
    }

    /// What is typed as it goes to the bot.
    fn typed(&self, asked: &Asked) -> Typed {
        let Asked { id, by, room, thread, lang, what } = asked.clone();
        let door = Door::Console;
        match what {
            What::Line(text) => Typed::Line { id, by, door, room, thread, lang, text, files: Vec::new() },
            What::Fields { verb, case, text } => Typed::Fields { id, by, door, room, thread, lang, verb, case, text },
        }
    }

    /// Waits for the answer to a command already handed in and prints it; asks again where it was lost.
    async fn await_answer(&self, asked: Asked, first: oneshot::Receiver<Answered>, inbox: mpsc::Sender<Said>) {
        let mut answer = first;
        for _ in 0..ASK_AGAIN {
            if let Ok(answered) = answer.await {
                return self.say(self.answer(&asked.id, &answered)).await;
            }
            // It was let go of before it was taken in; a moment, so as not to fill the queue with it.
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
            let (said, next) = self.said(&asked);
            if inbox.send(said).await.is_err() {
                break;
            }
            answer = next;
        }
        self.say(self.error(Some(&asked.id), &Say::new("console-stopping"))).await;
    }

    fn said(&self, asked: &Asked) -> (Said, oneshot::Receiver<Answered>) {
        let (answer, wait) = oneshot::channel();
        (Said { what: self.typed(asked), answer }, wait)
    }

    /// A line as a command; `None`: nothing to do, or an error that was printed.
    async fn hear(&self, heard: Line) -> Option<Asked> {
        match input::parse(heard, &self.settings, || self.own_id()) {
            Ok(asked) => asked,
            Err(wrong) => {
                self.say(self.error(wrong.id.as_deref(), &wrong.say)).await;
                None
            }
        }
    }
}

#[async_trait]
impl Chat for Console {
    async fn run(&self, inbox: mpsc::Sender<Said>, _: Arc<dyn Memory>) -> anyhow::Result<()> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut lines =
            input::start(reader.context("the console is read already")?).context("starting the thread that reads the console")?;
        if self.settings.format == Format::Text {
            let welcome = vec![Piece::Words(self.words.get("console-welcome", self.settings.lang))];
            self.say(text::render(&plain(welcome), &self.settings.style)).await;
        }
        // A person is answered in the order of what they typed; a program tells answers apart by their ids.
        let most = if self.settings.format == Format::Text { 1 } else { WAITING_MAX };
        let mut waiting = FuturesUnordered::new();
        loop {
            let heard = tokio::select! {
                heard = lines.recv(), if waiting.len() < most => heard,
                Some(()) = waiting.next() => continue,
                () = inbox.closed() => break,
                () = self.output.closed() => {
                    tracing::warn!("nobody reads the console's output any more");
                    return Ok(());
                }
            };
            let Some(heard) = heard else { break };
            if self.settings.format == Format::Text && input::is_farewell(&heard) {
                break;
            }
            let Some(asked) = self.hear(heard).await else { continue };
            if self.settings.echo
                && let What::Line(text) = &asked.what
                && self.settings.format == Format::Text
            {
                let typed = vec![Piece::Strong("› ".into()), Piece::Strong(text.clone())];
                self.say(text::render(&plain(typed), &self.settings.style)).await;
            }
            let (said, answer) = self.said(&asked);
            if inbox.send(said).await.is_err() {
                self.say(self.error(Some(&asked.id), &Say::new("console-stopping"))).await;
                break;
            }
            waiting.push(self.await_answer(asked, answer, inbox.clone()));
        }
        let rest = async { while waiting.next().await.is_some() {} };
        if tokio::time::timeout(LAST_ANSWERS, rest).await.is_err() {
            tracing::warn!("some commands were not answered before the console ended");
        }
        Ok(())
    }

    async fn post(&self, message: &Message) -> Outcome {
        if let Some(bytes) = self.message(message)
            && let Err(error) = self.output.write(bytes).await
        {
            // Whether it was read is not known, but the same op again does no harm.
            return Outcome::Retry { after_ms: None, why: format!("the console takes no output: {error}").into(), lane: true };
        }
        self.remember(message);
        let native_id = message.edit.clone().unwrap_or_else(|| message.op.clone());
        Outcome::Done(Receipt { native_id, ..Receipt::default() })
    }

    async fn look(&self, _: &Message) -> Look {
        Look::Absent
    }

    async fn alarm(&self, room: &RoomId, text: &str) {
        let text = hygiene::one_line(text, hygiene::TEXT_MAX);
        let bytes = match self.settings.format {
            Format::Json => line(object(&json!({ "type": "alarm", "op": self.own_id(), "room": room.as_str(), "text": text }))),
            Format::Text => format!("‼ {text}\n"),
        };
        self.say(bytes).await;
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }

    fn home(&self) -> Option<&RoomId> {
        Some(&self.settings.room)
    }

    fn is_lost(&self) -> bool {
        self.output.is_closed()
    }

    fn posts_per_minute(&self) -> u32 {
        // A terminal or a program reading lines has no limit of its own; the writer slows us by itself.
        60_000
    }
}

/// A sentence of our own as a view, so that it is set like any other.
fn plain(line: crate::view::Line) -> View {
    View::Text(TextView { code: String::new(), lines: vec![line] })
}

/// What an answer is, for programs: the code of its sentence, or of the view that a query gave.
fn code(answered: &Answered) -> &str {
    match &answered.view {
        View::Text(text) if answered.answer.say.code.is_empty() => &text.code,
        _ => &answered.answer.say.code,
    }
}

fn json_message(message: &Message) -> String {
    let kind = match &message.view {
        View::Card(_) => "card",
        View::Entry(_) => "entry",
        View::Text(text) if text.code == "digest" => "digest",
        View::Text(_) => "notice",
        View::Form(_) => "form",
    };
    let mut object = object(&json!({
        "type": kind,
        "op": message.op,
        "room": message.room.as_str(),
        "thread": message.thread,
        "message": message.edit.as_ref().unwrap_or(&message.op),
        "edit": message.edit.is_some(),
        "private": message.private,
    }));
    extend(&mut object, &message.view);
    line(object)
}

/// Adds a view's own fields and its plain text; none of them replaces one that stands.
fn extend(object: &mut Map<String, Value>, view: &View) {
    if let Ok(Value::Object(fields)) = serde_json::to_value(view) {
        for (name, value) in fields {
            if name != "view" {
                object.entry(name).or_insert(value);
            }
        }
    }
    object.insert("text".into(), Value::String(text::render(view, &Style::PLAIN).trim_end().to_owned()));
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn line(object: Map<String, Value>) -> String {
    format!("{}\n", Value::Object(object))
}
