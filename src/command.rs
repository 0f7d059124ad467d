//! What staff can say: one row and one file a command.
//!
//! A row names the verb, its aliases in English and Spanish, what it takes, who may, where it can
//! be said and what it does; the help, the rights table and (for Slack) the manifest derive from
//! it. [`parse`] turns a line of text into a [`Command`]; [`crate::case::step`] and
//! [`crate::desk`] carry it out.

pub mod fill;
pub mod parse;
pub mod table;

mod approve;
mod assign;
mod claim;
mod correct;
mod digest;
mod discard;
mod dm;
mod draft;
mod escalate;
mod handoff;
pub mod help;
mod history;
mod link;
mod list;
mod merge;
mod note;
mod pause;
pub(crate) mod posted;
mod priority;
mod reject;
mod release;
mod reload;
mod reopen;
mod reply;
mod resolve;
mod restore;
mod resume;
mod retract;
mod snooze;
mod spam;
mod tag;
mod undo;

use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Attached, Case, CaseId, Outgoing, Priority, SendKind, SendState, Status, StopReason};
use crate::desk::DeskWork;
use crate::policy::{AgentId, Capabilities, Lang, Role, RoomId};
use crate::post::Account;
use crate::say::{Arg, Say};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a command is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each verb is described by its row and its file")]
pub enum Verb {
    Claim,
    Release,
    Assign,
    Note,
    Tag,
    Priority,
    Snooze,
    Escalate,
    Draft,
    Reply,
    Posted,
    Approve,
    Reject,
    Discard,
    Retract,
    Correct,
    Handoff,
    Dm,
    Resolve,
    Reopen,
    Merge,
    Link,
    Spam,
    Restore,
    History,
    List,
    Digest,
    Pause,
    Resume,
    Reload,
    Undo,
    Help,
}

/// What stands behind the verb and the case's number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Args {
    /// Nothing.
    #[default]
    None,
    /// Free text, as typed.
    Text(String),
    /// Free text of a form that said that everybody will read it.
    InPublic(String),
    /// Free text with pictures.
    Illustrated(String, Vec<Attached>),
    /// A colleague, as typed (an id, or a name of `[people]`).
    Person(String),
    /// Another case.
    Case(CaseId),
    /// A label; `true`: take it off.
    Tag(String, bool),
    /// A priority.
    Priority(Priority),
    /// A length of time, milliseconds.
    For(i64),
    /// What the report covers.
    Period(Period),
    /// Which cases to list, and which page of them, from 1.
    Filter(Filter, u32),
    /// A verb to be explained.
    Topic(String),
    /// Which text: the number of its send within the case.
    Version(u32),
    /// Which draft: its number within the case. Only a button says it.
    Draft(u32),
}

/// What a report covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Today so far.
    #[default]
    Today,
    /// Yesterday.
    Yesterday,
    /// The last seven days.
    Week,
    /// One local day.
    Day(jiff::civil::Date),
}

/// Which cases to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Open ones, most urgent first.
    #[default]
    Open,
    /// One's own.
    Mine,
    /// Nobody's.
    Unclaimed,
    /// Hidden as noise.
    Spam,
}

/// Where something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// A slash command.
    Slash,
    /// `!verb` in a thread or room.
    Text,
    /// A button.
    Button,
    /// A reaction.
    Reaction,
    /// A modal's form.
    Modal,
    /// The console.
    Console,
}

/// A command as it reaches the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The chat's id of it: the same id twice is the same command.
    pub id: String,
    /// Who.
    pub by: AgentId,
    /// Through what.
    pub door: Door,
    /// In which room.
    pub room: RoomId,
    /// In which thread; names the case where `case` is `None`.
    pub thread: Option<String>,
    /// The language of the answer.
    pub lang: Lang,
    /// What.
    pub verb: Verb,
    /// Of which case.
    pub case: Option<CaseId>,
    /// With what.
    pub args: Args,
}

/// What a command takes behind the case's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Free text that must be there.
    Text,
    /// Free text that may be there.
    MaybeText,
    /// A colleague.
    Person,
    /// Another case.
    Case,
    /// A label.
    Tag,
    /// A priority.
    Priority,
    /// A length of time.
    For,
    /// A period, today if left out.
    Period,
    /// A filter and a page, open and the first if left out.
    Filter,
    /// A verb, if any.
    Topic,
    /// The number of the text that is meant, if it needs saying.
    Version,
}

/// What carries a command out. After a refusal nothing of the work may be kept: it can be half done.
#[derive(Clone, Copy)]
pub enum Run {
    /// Acts on a case.
    Case(fn(&mut Work<'_>, &Command) -> Result<Say, Refusal>),
    /// Acts on the desk.
    Desk(fn(&mut DeskWork<'_>, &Command) -> Result<Say, Refusal>),
    /// Only reads; commits nothing. The engine answers it.
    Query,
}

/// One command.
#[derive(Clone, Copy)]
pub struct Row {
    /// Which.
    pub verb: Verb,
    /// Its English name, which is also the key of its help in the locales: `help-<name>`.
    pub name: &'static str,
    /// Other English names.
    pub en: &'static [&'static str],
    /// Spanish names.
    pub es: &'static [&'static str],
    /// Whether it needs a case.
    pub on_case: bool,
    /// What else it takes.
    pub takes: Takes,
    /// The least role that may.
    pub role: Role,
    /// Where it can be said.
    pub doors: &'static [Door],
    /// What it does.
    pub run: Run,
}

/// The answer to a command: whether it was done, and the sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Done, or refused.
    pub ok: bool,
    /// In words.
    pub say: Say,
    /// The case it was about.
    pub case: Option<CaseId>,
    /// The send it made or moved, shown with its account, target and length.
    pub send: Option<u32>,
    /// What it answers ([`Command::fingerprint`]), where it is remembered. Answers from before this
    /// was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

impl Command {
    /// What is asked, by whom and of which case, as a hash: another command under the same id is
    /// told from the same one said again. Where it was said counts as far as it names the case.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let thread = if self.case.is_none() { self.thread.as_ref().map(|t| (&self.room, t)) } else { None };
        let asked = serde_json::to_vec(&(&self.by, self.verb, self.case, thread, &self.args)).unwrap_or_default();
        HEXLOWER.encode(&Sha256::digest(asked)[..16])
    }
}

impl Command {
    /// The same command without its text, where that is nothing but the number of the very case in
    /// whose thread it was said: `reply 3` in the thread of #3 sends the draft, and never a “3”.
    #[must_use]
    pub fn with_own_number(&self, case: CaseId) -> Option<Command> {
        let worded = matches!(table::row(self.verb).takes, Takes::Text | Takes::MaybeText);
        let is_number = worded && self.case.is_none() && given_text(self) == Some(case.0.to_string().as_str());
        let args = match &self.args {
            Args::Illustrated(_, files) => Args::Illustrated(String::new(), files.clone()),
            _ => Args::None,
        };
        is_number.then(|| Command { case: Some(case), args, ..self.clone() })
    }
}

/// How a send reads before it goes: shown with the answer to `reply`, `handoff`, `dm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPreview {
    /// From which account.
    pub account: Account,
    /// Its length by the network's count.
    pub length: usize,
    /// The most the network takes.
    pub max_length: usize,
}

/// What can be typed.
const TYPED: &[Door] = &[Door::Slash, Door::Text, Door::Console];
/// What can be typed or pressed: it needs nothing but the case.
const PRESSED: &[Door] = &[Door::Slash, Door::Text, Door::Button, Door::Console];
/// What can be typed, or filled into the form that a button opens.
const FORM: &[Door] = &[Door::Slash, Door::Text, Door::Button, Door::Modal, Door::Console];
/// What a reaction can do as well: never anything that sends.
const REACTED: &[Door] = &[Door::Slash, Door::Text, Door::Button, Door::Reaction, Door::Console];

/// The usual answer of a command that acted on a case.
fn done(w: &Work<'_>, row: &Row) -> Say {
    Say::new(&format!("done-{}", row.name)).case(w.case.id)
}

/// The answer of a command that made or moved a send: from where, to whom, how long, when.
fn sent(w: &Work<'_>, id: u32) -> Say {
    let send = w.case.send(id).expect("the number is that of a send made or found a moment ago");
    let code = match (&send.kind, &send.state) {
        (_, SendState::AwaitingApproval) => "done-send-approval",
        _ if w.ctx.desk.paused.is_some() => "done-send-paused",
        (SendKind::Reply, _) if send.invites => "done-handoff-in-public",
        (SendKind::Reply, _) => "done-reply",
        (SendKind::Handoff, _) => "done-handoff",
        (SendKind::Dm, _) => "done-dm",
        (SendKind::Retract { .. }, _) => "done-retract",
        (SendKind::Correct { .. }, _) => "done-correct",
    };
    let (length, max) = w.counted(&send.account, &send.to, send.text.expose(), send.kind.is_private());
    Say::new(code)
        .case(w.case.id)
        // As it is known now: the answer is remembered, and reads the same whenever it is asked for again.
        .text("account", w.ctx.policy.handle_of(&send.account))
        .text("to", send.to.handle.expose())
        .number("length", length)
        .number("max", max)
        .with("window", Arg::Span(w.ctx.policy.reply.undo_ms))
}

/// Whether the text that a button stood beside is still the one that would be sent, changed or thrown
/// away. People press what they have read; what took its place they read first.
///
/// # Errors
/// It is not: what stands there now.
pub fn same_text(case: &crate::case::Case, args: &Args) -> Result<(), Refusal> {
    let draft = case.current_draft().map(|d| d.id);
    let live = case.live_send().map(|s| s.id);
    match *args {
        Args::Draft(meant) if draft != Some(meant) => {}
        Args::Version(meant) if live != Some(meant) => {}
        _ => return Ok(()),
    }
    Err(if draft.is_some() { Refusal::OtherDraft(case.id) } else { Refusal::TextGone(live) })
}

/// The text that came with the command, if any did.
fn given_text(c: &Command) -> Option<&str> {
    match &c.args {
        Args::Text(text) | Args::InPublic(text) | Args::Illustrated(text, _) => Some(text.trim()).filter(|t| !t.is_empty()),
        _ => None,
    }
}

/// The pictures that came with the command: with a text, since pictures alone say nothing to who cannot see them.
///
/// # Errors
/// There is no text beside them.
fn given_files(c: &Command) -> Result<Vec<Attached>, Refusal> {
    match &c.args {
        Args::Illustrated(_, files) if !files.is_empty() && given_text(c).is_none() => Err(Refusal::PictureAlone),
        Args::Illustrated(_, files) => Ok(files.clone()),
        _ => Ok(Vec::new()),
    }
}

/// The text that must have come with the command.
fn needed_text(c: &Command) -> Result<&str, Refusal> {
    given_text(c).ok_or(Refusal::Empty)
}

/// The text to the customer that came with the command, if any did, as it will be sent: the fields
/// that texts written beforehand may hold (`{code}`, …) are filled in. Other braces stay as they are.
///
/// # Errors
/// One of the fields is mistyped: braces in public help nobody.
fn given_to_customer(w: &Work<'_>, c: &Command) -> Result<Option<String>, Refusal> {
    let Some(text) = given_text(c) else { return Ok(None) };
    match fill::mistyped(text) {
        Some((typed, field)) => Err(Refusal::NoSuchField(typed.to_owned(), field.to_owned())),
        None => Ok(Some(fill::filled(&w.case, w.ctx.policy, &c.by, text))),
    }
}

/// Whether the asker may also act on colleagues' cases.
fn is_lead(w: &Work<'_>, c: &Command) -> bool {
    w.ctx.policy.role(&c.by) >= Some(Role::Lead)
}

/// Refuses where the case lives on in another.
fn not_merged(w: &Work<'_>) -> Result<(), Refusal> {
    match (w.case.status, w.case.merged_into) {
        (Status::Merged, Some(into)) => Err(Refusal::MergedInto(into)),
        (Status::Merged, None) => Err(Refusal::Status(Status::Merged)),
        _ => Ok(()),
    }
}

/// Refuses where the case lives on in another, or is hidden: nothing is sent from there.
fn visible(w: &Work<'_>) -> Result<(), Refusal> {
    not_merged(w)?;
    if w.case.status == Status::Quarantined { Err(Refusal::Status(Status::Quarantined)) } else { Ok(()) }
}

/// Refuses unless the case is one that staff work on.
fn open(w: &Work<'_>) -> Result<(), Refusal> {
    not_merged(w)?;
    if w.case.status.is_open() { Ok(()) } else { Err(Refusal::Status(w.case.status)) }
}

/// The other case of `merge` and `link`.
fn other<'a>(w: &Work<'a>, id: CaseId) -> Result<&'a Case, Refusal> {
    if id == w.case.id {
        return Err(Refusal::SameCase);
    }
    let other = w.ctx.other.filter(|o| o.id == id).ok_or(Refusal::UnknownCase(id))?;
    match other.merged_into {
        Some(into) => Err(Refusal::MergedInto(into)),
        None => Ok(other),
    }
}

/// The send that waits for approval.
fn awaiting(w: &Work<'_>) -> Result<u32, Refusal> {
    match w.case.live_send().map(|s| (s.id, &s.state)) {
        Some((id, SendState::AwaitingApproval)) => Ok(id),
        Some((_, SendState::Held(because))) => Err(Refusal::OnHold(*because)),
        _ => Err(Refusal::NothingToApprove),
    }
}

/// A public answer that did not go is the draft again, so that nobody types it twice. What was
/// meant for private eyes never becomes a draft of a public answer.
fn give_back(w: &mut Work<'_>, send: u32) {
    let Some(send) = w.case.send(send).filter(|s| s.kind == SendKind::Reply) else { return };
    let (text, by, files) = (send.text.clone(), send.drafted_by.clone(), send.files.clone());
    if w.case.current_draft().is_some() {
        return;
    }
    match w.case.drafts.last_mut() {
        Some(draft) if draft.text.expose().trim() == text.expose() && draft.files == files => draft.closed = false,
        _ => {
            w.draft(&by, text.expose(), files);
        }
    }
}

/// The text of a private message that was called back and that nothing followed: it can be sent
/// after all, and nobody need type it again. It stands nowhere but in the case itself.
fn called_back(w: &Work<'_>, kind: &SendKind) -> Option<(String, Vec<Attached>)> {
    let undone = |s: &&Outgoing| s.kind == *kind && s.state == SendState::Stopped(StopReason::Undone);
    w.case.sends.last().filter(undone).map(|s| (s.text.expose().to_owned(), s.files.clone()))
}

/// Our last answer that stands in public, and its account.
fn last_published(w: &Work<'_>) -> Result<(u32, Account), Refusal> {
    let published_at = |s: &Outgoing| if let SendState::Published { at, .. } = s.state { Some((at, s.id)) } else { None };
    // Not the last of the list: a merge brings older ones in behind newer ones.
    let public = w.case.sends.iter().filter(|s| s.kind == SendKind::Reply && published_at(s).is_some());
    let last = public.max_by_key(|s| published_at(s));
    last.map(|s| (s.id, s.account.clone())).ok_or(Refusal::NothingPublished)
}

/// How a published answer reads now, corrections counted in.
pub(crate) fn published_text(case: &Case, id: u32) -> Option<&str> {
    let is = |s: &&Outgoing| s.id == id || s.kind == SendKind::Correct { send: id };
    let stands = |s: &&Outgoing| matches!(s.state, SendState::Published { .. });
    case.sends.iter().rev().filter(stands).find(is).map(|s| s.text.expose())
}

/// What the network of `account` can do.
fn capabilities(w: &Work<'_>, account: &Account) -> Capabilities {
    w.ctx.policy.accounts.get(account).map(|a| a.capabilities.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
