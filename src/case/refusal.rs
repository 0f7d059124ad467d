//! Why something staff asked for is not done. Each reason becomes a sentence: `refused-<code>`.

use super::status::Status;
use super::{CaseId, HoldReason};
use crate::clock::Time;
use crate::command::Door;
use crate::media::Kind;
use crate::policy::{AgentId, Role, RoomId};
use crate::say::{Arg, Say};
use serde::{Deserialize, Serialize};

/// How many rooms a refusal names.
const MOST_ROOMS: usize = 30;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such verb; the nearest one.
    UnknownVerb(String, Option<String>),
    /// No such case.
    UnknownCase(CaseId),
    /// The case was erased; when, where that is still known.
    Erased(CaseId, Option<Time>),
    /// Which case?
    WhichCase,
    /// The command lacks something: the key of its usage.
    Usage(String),
    /// The command takes no more than it got: its name, and what is too much.
    TooMuch(String, String),
    /// The command takes one of a few words only: its name, and what was given instead.
    NotOneOf(String, String),
    /// A case's number was expected: the command's name, and what was given instead.
    NotACase(String, String),
    /// A label that is none: what was given, and how long it may be.
    BadLabel(String, usize),
    /// A needs at least this role.
    NeedsRole(Role),
    /// Nobody the team knows.
    NotStaff,
    /// The id of this command is that of another one, which was carried out: the id.
    IdUsed(String),
    /// The text that waits for approval took the place of another one a moment ago: the case, the send.
    NewText(CaseId, u32),
    /// Another text than the one that was to be approved waits now: the case, the send that waits.
    OtherText(CaseId, u32),
    /// The button stood beside a text that is no longer the one: a draft of this case is, and is shown.
    OtherDraft(CaseId),
    /// The button stood beside a text that no longer waits, and no draft took its place: the send that is on its way, if any.
    TextGone(Option<u32>),
    /// This command is not taken from here: the kind of door it came through.
    WrongDoor(Door),
    /// No such room; those that the rules name.
    UnknownRoom(RoomId, Vec<RoomId>),
    /// No such colleague; those that there are.
    UnknownPerson(String, Vec<String>),
    /// Somebody else owns it.
    OwnedBy(AgentId),
    /// They own it already.
    AlreadyYours,
    /// Nobody owns it.
    NotOwned,
    /// Not in this status.
    Status(Status),
    /// There is no draft to send.
    NoDraft,
    /// There is no draft to throw away, and no send that waits for a person.
    NothingToDiscard,
    /// Nothing to answer: no post of the customer stands.
    NothingToAnswer,
    /// The network takes this answer from a person alone: the case, where it is written.
    ByHand(CaseId, String),
    /// The network lets nobody answer it.
    AnswersClosed,
    /// No address of a post: what was given instead.
    NotAnAddress(String),
    /// The address of a post of the case that is not ours.
    NotOurPost,
    /// The address of another site than the case's: what was given, and one where it is.
    OtherSite(String, String),
    /// The text is too long: its length, the most.
    TooLong(usize, usize),
    /// The text is empty.
    Empty,
    /// A picture came without a text.
    PictureAlone,
    /// Pictures came with a command that takes none.
    PictureHere,
    /// The network takes no pictures with such a text.
    NoPictures,
    /// More pictures than the network takes: how many, and how many it takes.
    TooManyPictures(usize, usize),
    /// A file that is none of the kinds that the network takes: which of them, from 1, and those kinds.
    WrongKind(usize, Vec<Kind>),
    /// A picture that is too large: which of them, from 1, and the most, in bytes.
    PictureTooLarge(usize, u64),
    /// Another send of the case is not settled yet: its number.
    SendUnderWay(u32),
    /// It is unknown whether an earlier send stands; people look first.
    InDoubt(u32),
    /// Nothing waits for approval.
    NothingToApprove,
    /// It was held since, so that people look again.
    OnHold(HoldReason),
    /// Who wrote it does not approve it.
    OwnDraft,
    /// Nothing to undo.
    NothingToUndo,
    /// It has left already.
    TooLate,
    /// A text meant for the customer alone would be read by everybody: the case.
    WouldBePublic(CaseId),
    /// The network has no private way to this customer.
    NoPrivateRoute,
    /// The network takes no further private message to this customer before they write again.
    RouteShut,
    /// No private conversation is open.
    NoHandoff,
    /// No published answer to act on.
    NothingPublished,
    /// The network cannot do that.
    NotOnThisNetwork,
    /// A case with itself.
    SameCase,
    /// It was merged; it lives on there.
    MergedInto(CaseId),
    /// Cases of different customers are not merged.
    OtherCustomer,
    /// Already so.
    AlreadySo,
    /// A field in a text to the customer that is none: as it was typed, and the one most likely meant.
    NoSuchField(String, String),
    /// A length of time that cannot be.
    BadTime(String),
    /// A day that has not begun, as it was given.
    DayAhead(String),
}

impl Refusal {
    /// The send whose text is shown with the sentence.
    #[must_use]
    pub fn shows(&self) -> Option<u32> {
        match self {
            Refusal::NewText(_, send) | Refusal::OtherText(_, send) => Some(*send),
            Refusal::TextGone(send) => *send,
            _ => None,
        }
    }

    /// The sentence.
    #[must_use]
    pub fn say(&self) -> Say {
        let said = |code: &str| Say::new(&format!("refused-{code}"));
        match self {
            Refusal::UnknownVerb(verb, near) => match near {
                Some(near) => said("unknown-verb-near").text("verb", verb).text("near", near),
                None => said("unknown-verb").text("verb", verb),
            },
            // As it was typed: a number that no case can have is none of `#1`, `#2`, ….
            Refusal::UnknownCase(CaseId(0)) => said("unknown-case").text("case", "0"),
            Refusal::UnknownCase(id) => said("unknown-case").case(*id),
            Refusal::Erased(id, Some(at)) => said("erased").case(*id).with("at", Arg::Moment(*at)),
            Refusal::Erased(id, None) => said("erased-once").case(*id),
            Refusal::DayAhead(day) => said("day-ahead").text("day", day),
            Refusal::WhichCase => said("which-case"),
            Refusal::Usage(verb) => said("usage").with("usage", usage(verb)),
            Refusal::TooMuch(verb, extra) => said("too-much").text("extra", extra).with("usage", usage(verb)),
            Refusal::NotOneOf(verb, given) => {
                let values = Arg::Code(format!("values-{verb}"));
                said("not-one-of").text("given", given).with("values", values).with("usage", usage(verb))
            }
            Refusal::NotACase(verb, given) => said("not-a-case").text("given", given).with("usage", usage(verb)),
            Refusal::BadLabel(given, most) => said("bad-label").text("given", given).number("most", *most),
            Refusal::NeedsRole(role) => said("needs-role").with("role", Arg::Code(format!("role-{}", code(role)))),
            Refusal::NotStaff => said("not-staff"),
            Refusal::IdUsed(id) => said("id-used").text("id", id.chars().filter(|c| !c.is_control()).take(40).collect::<String>()),
            Refusal::NewText(case, send) => said("new-text").text("n", case.0.to_string()).text("version", send.to_string()),
            Refusal::OtherText(case, send) => said("other-text").text("n", case.0.to_string()).text("version", send.to_string()),
            Refusal::OtherDraft(case) => said("other-draft").text("n", case.0.to_string()),
            Refusal::TextGone(None) => said("text-gone"),
            Refusal::TextGone(Some(_)) => said("text-gone-now"),
            Refusal::WrongDoor(door) => said("wrong-door").with("door", Arg::Code(format!("door-{}", code(door)))),
            Refusal::UnknownRoom(room, known) => {
                let known = known.iter().take(MOST_ROOMS).map(RoomId::as_str).collect::<Vec<_>>().join(", ");
                said("unknown-room").text("room", room.as_str()).text("known", known)
            }
            Refusal::UnknownPerson(name, known) if known.is_empty() => said("unknown-person-nobody").text("name", name),
            Refusal::UnknownPerson(name, known) => said("unknown-person").text("name", name).text("known", known.join(", ")),
            Refusal::OwnedBy(agent) => said("owned-by").text("agent", agent.as_str()),
            Refusal::AlreadyYours => said("already-yours"),
            Refusal::NotOwned => said("not-owned"),
            Refusal::Status(Status::Resolved) => said("status-resolved"),
            Refusal::Status(Status::Quarantined) => said("status-quarantined"),
            Refusal::Status(status) => said("status").with("status", Arg::Code(format!("status-{}", code(status)))),
            Refusal::NoSuchField(typed, field) => said("no-such-field").text("typed", typed).text("field", field),
            Refusal::NoDraft => said("no-draft"),
            Refusal::NothingToDiscard => said("nothing-to-discard"),
            Refusal::NothingToAnswer => said("nothing-to-answer"),
            Refusal::ByHand(case, url) => said("by-hand").text("n", case.0.to_string()).text("url", url),
            Refusal::AnswersClosed => said("answers-closed"),
            Refusal::NotAnAddress(given) => said("not-an-address").text("given", given),
            Refusal::NotOurPost => said("not-our-post"),
            Refusal::OtherSite(given, known) => said("other-site").text("given", given).text("known", known),
            Refusal::TooLong(length, max) => said("too-long").number("length", *length).number("max", *max),
            Refusal::Empty => said("empty"),
            Refusal::PictureAlone => said("picture-alone"),
            Refusal::PictureHere => said("picture-here"),
            Refusal::NoPictures => said("no-pictures"),
            Refusal::TooManyPictures(count, most) => said("too-many-pictures").number("count", *count).number("most", *most),
            Refusal::WrongKind(n, kinds) => {
                said("wrong-kind").number("file", *n).text("kinds", kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
            }
            Refusal::PictureTooLarge(n, most) => {
                said("picture-too-large").number("file", *n).text("most", (most / (1024 * 1024)).to_string())
            }
            Refusal::SendUnderWay(_) => said("send-under-way"),
            Refusal::InDoubt(_) => said("in-doubt"),
            Refusal::NothingToApprove => said("nothing-to-approve"),
            Refusal::OnHold(reason) => said("on-hold").with("reason", Arg::Code(format!("hold-{}", code(reason)))),
            Refusal::OwnDraft => said("own-draft"),
            Refusal::NothingToUndo => said("nothing-to-undo"),
            Refusal::TooLate => said("too-late"),
            Refusal::WouldBePublic(case) => said("would-be-public").text("n", case.0.to_string()),
            Refusal::NoPrivateRoute => said("no-private-route"),
            Refusal::RouteShut => said("route-shut"),
            Refusal::NoHandoff => said("no-handoff"),
            Refusal::NothingPublished => said("nothing-published"),
            Refusal::NotOnThisNetwork => said("not-on-this-network"),
            Refusal::SameCase => said("same-case"),
            Refusal::MergedInto(id) => said("merged-into").case(*id),
            Refusal::OtherCustomer => said("other-customer"),
            Refusal::AlreadySo => said("already-so"),
            Refusal::BadTime(text) => said("bad-time").text("text", text),
        }
    }
}

fn usage(verb: &str) -> Arg {
    Arg::Code(format!("usage-{verb}"))
}

/// The `snake_case` code of a unit variant, with dashes, as the locales spell it.
pub fn code<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(s)) => s.replace('_', "-"),
        Ok(serde_json::Value::Object(map)) => map.keys().next().map(|k| k.replace('_', "-")).unwrap_or_default(),
        _ => String::new(),
    }
}
