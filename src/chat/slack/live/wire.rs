//! What Slack sends, as far as it concerns us: frames, events, commands, presses, forms.
//!
//! Read narrowly and leniently: an unknown field or kind never breaks anything; what lacks a field
//! that we need is told from what we do not care for, and kept whole (see [`super::inbound`]).

use super::render;
use crate::case::Attached;
use crate::command::{Args, Verb, table};
use serde::Deserialize;
use serde_json::Value;

/// A frame of Socket Mode. Source: docs.slack.dev/apis/events-api/using-socket-mode.
#[derive(Debug, Deserialize)]
pub(super) struct Frame {
    /// `hello`, `disconnect`, `events_api`, `interactive`, `slash_commands`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Named in the ack.
    #[serde(default)]
    pub envelope_id: Option<String>,
    /// What it brings.
    #[serde(default)]
    pub payload: Value,
    /// Whether the ack may carry an answer.
    #[serde(default)]
    pub accepts_response_payload: bool,
    /// Why it disconnects: `warning`, `refresh_requested`, `link_disabled`, …
    #[serde(default)]
    pub reason: Option<String>,
}

/// A frame that tells of one of our own messages, looked at without reading its blocks.
#[derive(Deserialize)]
struct Glance {
    #[serde(rename = "type")]
    kind: String,
    envelope_id: String,
    payload: GlancePayload,
}

#[derive(Deserialize)]
struct GlancePayload {
    #[serde(default)]
    is_ext_shared_channel: bool,
    event: GlanceEvent,
}

#[derive(Deserialize)]
struct GlanceEvent {
    #[serde(rename = "type")]
    kind: String,
    user: String,
    #[serde(default)]
    subtype: Option<String>,
}

/// The envelope of a frame that only tells of a message that we (`me`) posted ourselves: Slack tells us of
/// each, blocks and all, and none concerns us.
pub(super) fn own_message(frame: &str, me: &str) -> Option<String> {
    let Glance { kind, envelope_id, payload } = serde_json::from_str(frame).ok()?;
    let event = payload.event;
    let ours = kind == "events_api" && event.kind == "message" && event.user == me && event.subtype.is_none();
    (ours && !payload.is_ext_shared_channel).then_some(envelope_id)
}

/// Which door a payload came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The Events API.
    Event,
    /// Presses, forms, shortcuts.
    Interactive,
    /// Slash commands.
    Slash,
}

/// What a payload means for us.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// A slash command.
    Slash(Slash),
    /// A message that may be a command.
    Message(Message),
    /// A reaction, or its end.
    Reaction(Reaction),
    /// A button or an entry of a menu.
    Press(Press),
    /// A form sent in.
    Submit(Submit),
    /// Somebody types in a form.
    Typing(Typing),
    /// A shortcut on a message.
    Shortcut(Shortcut),
    /// Somebody opened the app's home.
    Home {
        /// Who.
        who: Who,
        /// The event's id.
        id: String,
    },
    /// A room changed: who may read it must be looked at again.
    Room(String),
    /// The members of a group changed.
    Group(String),
    /// Somebody changed: role, name, language.
    Person(String),
    /// The app's rights ended.
    Revoked(String),
    /// Nothing that concerns us.
    Nothing,
}

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// Their id.
    pub id: String,
    /// Their workspace, where the payload names it.
    pub team: Option<String>,
}

/// `/case …`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slash {
    pub who: Who,
    pub command: String,
    pub text: String,
    pub room: String,
    pub trigger: String,
    pub response_url: String,
}

/// A message in a room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    pub who: Who,
    pub room: String,
    pub ts: String,
    pub thread: Option<String>,
    /// The writer's client's own name for it: the same where the client sent it twice.
    pub client: Option<String>,
    pub text: String,
    /// Whether it was said to the bot alone.
    pub direct: bool,
    /// What was sent with it.
    pub files: Vec<Attached>,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reaction {
    pub who: Who,
    pub room: String,
    pub ts: String,
    pub name: String,
    pub added: bool,
    /// Whose message it is.
    pub author: Option<String>,
    /// When it came or went.
    pub at: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Press {
    pub who: Who,
    pub verb: Verb,
    pub case: u64,
    /// Which of its texts is meant.
    pub about: Args,
    /// `None`: in the app's home.
    pub room: Option<String>,
    pub ts: Option<String>,
    pub thread: Option<String>,
    pub trigger: String,
    pub response_url: Option<String>,
}

impl Press {
    /// Whether the button stands on an entry within a thread: it acts on what the entry shows.
    pub(super) fn on_entry(&self) -> bool {
        self.thread.is_some() && self.thread != self.ts
    }
}

/// A form sent in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Submit {
    pub who: Who,
    pub view: String,
    pub hash: String,
    pub meta: Meta,
    /// The block that errors are shown at.
    pub block: String,
    pub text: String,
}

/// Somebody types, or picked an answer kept ready.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Typing {
    pub who: Who,
    pub view: String,
    pub hash: String,
    pub meta: Meta,
    pub text: String,
    /// Which answer kept ready was picked.
    pub canned: Option<usize>,
    /// How often an answer kept ready has taken the place of what was typed: the field's block is named by it.
    pub replaced: u32,
}

/// A shortcut on a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shortcut {
    pub who: Who,
    pub verb: Verb,
    pub room: String,
    pub thread: String,
    pub trigger: String,
    pub response_url: Option<String>,
}

/// What a form remembers of where it was opened: its `private_metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(super) struct Meta {
    /// The case.
    pub case: u64,
    /// The command, by its English name.
    pub verb: String,
    /// From which room; empty: from the app's home.
    #[serde(default)]
    pub room: String,
    /// From which thread.
    #[serde(default)]
    pub thread: Option<String>,
    /// Whether it said, when it was opened, that everybody will read its text.
    #[serde(default)]
    pub public: bool,
}

/// What of a payload we needed and did not find, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread(pub String);

/// A text at a path.
fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty())
}

fn need(value: &Value, path: &str) -> Result<String, Unread> {
    text(value, path).map(str::to_owned).ok_or_else(|| Unread(format!("{path} is missing")))
}

fn own(value: &Value, path: &str) -> Option<String> {
    text(value, path).map(str::to_owned)
}

/// What a payload means.
pub(super) fn read(kind: Kind, payload: &Value) -> Result<Heard, Unread> {
    match kind {
        Kind::Slash => slash(payload).map(Heard::Slash),
        Kind::Event => event(payload),
        Kind::Interactive => match text(payload, "/type") {
            Some("block_actions") => press(payload),
            Some("view_submission") => submit(payload),
            Some("message_action") => shortcut(payload),
            Some(_) => Ok(Heard::Nothing),
            None => Err(Unread("/type is missing".into())),
        },
    }
}

fn slash(p: &Value) -> Result<Slash, Unread> {
    Ok(Slash {
        who: Who { id: need(p, "/user_id")?, team: own(p, "/team_id") },
        command: need(p, "/command")?,
        text: own(p, "/text").unwrap_or_default(),
        room: need(p, "/channel_id")?,
        trigger: need(p, "/trigger_id")?,
        response_url: own(p, "/response_url").unwrap_or_default(),
    })
}

fn event(p: &Value) -> Result<Heard, Unread> {
    let e = p.get("event").filter(|e| e.is_object()).ok_or_else(|| Unread("/event is missing".into()))?;
    let kind = need(e, "/type")?;
    let who = |path: &str| -> Result<Who, Unread> {
        let team = own(e, "/user_team").or_else(|| own(e, "/source_team")).or_else(|| own(e, "/team"));
        Ok(Who { id: need(e, path)?, team })
    };
    Ok(match kind.as_str() {
        "message" | "app_mention" => message(e, &kind)?,
        "reaction_added" | "reaction_removed" => {
            if text(e, "/item/type").is_some_and(|t| t != "message") {
                return Ok(Heard::Nothing);
            }
            Heard::Reaction(Reaction {
                who: who("/user")?,
                room: need(e, "/item/channel")?,
                ts: need(e, "/item/ts")?,
                name: need(e, "/reaction")?,
                added: kind == "reaction_added",
                author: own(e, "/item_user"),
                at: need(e, "/event_ts")?,
            })
        }
        "app_home_opened" if text(e, "/tab").is_none_or(|t| t == "home") => Heard::Home { who: who("/user")?, id: need(p, "/event_id")? },
        "tokens_revoked" | "app_uninstalled" => Heard::Revoked(kind),
        "subteam_members_changed" => Heard::Group(need(e, "/subteam_id")?),
        "subteam_updated" => Heard::Group(need(e, "/subteam/id")?),
        "user_change" => Heard::Person(need(e, "/user/id")?),
        kind if kind.starts_with("channel_") || kind.starts_with("group_") => {
            // The room is named by its id, or stands there whole.
            own(e, "/channel").or_else(|| own(e, "/channel/id")).map_or(Heard::Nothing, Heard::Room)
        }
        _ => Heard::Nothing,
    })
}

/// Of messages only what a person wrote anew: not what a bot wrote, not edits, not notes of joining.
fn message(e: &Value, kind: &str) -> Result<Heard, Unread> {
    let room = need(e, "/channel")?;
    match text(e, "/subtype") {
        None | Some("file_share" | "thread_broadcast") => {}
        Some(subtype) if subtype.starts_with("channel_") || subtype.starts_with("group_") => return Ok(Heard::Room(room)),
        Some(_) => return Ok(Heard::Nothing),
    }
    if text(e, "/bot_id").is_some() || e.get("hidden").and_then(Value::as_bool) == Some(true) {
        return Ok(Heard::Nothing);
    }
    let ts = need(e, "/ts")?;
    Ok(Heard::Message(Message {
        who: Who { id: need(e, "/user")?, team: own(e, "/user_team").or_else(|| own(e, "/team")) },
        direct: text(e, "/channel_type") == Some("im") && kind == "message",
        thread: own(e, "/thread_ts").filter(|t| *t != ts),
        text: own(e, "/text").unwrap_or_default(),
        client: own(e, "/client_msg_id"),
        files: e.get("files").and_then(Value::as_array).into_iter().flatten().map(file).collect(),
        room,
        ts,
    }))
}

/// A file of a message. In rooms shared with another company Slack says its id alone: then nobody knows yet what it is.
/// Source: docs.slack.dev/reference/objects/file-object.
fn file(f: &Value) -> Attached {
    let words = |path: &str| crate::post::Untrusted::new(text(f, path).unwrap_or_default());
    Attached {
        file: own(f, "/id").unwrap_or_default(),
        name: words("/name"),
        mime: own(f, "/mimetype").unwrap_or_default(),
        bytes: f.get("size").and_then(Value::as_u64).unwrap_or_default(),
        alt: words("/alt_txt"),
    }
}

/// A message as history gives it, without its room; `direct`: said to the bot alone. What somebody has edited no longer shows what was said: as an edit that
/// is heard, it is no command.
pub(super) fn past_message(room: &str, direct: bool, m: &Value) -> Option<Message> {
    if m.get("edited").is_some_and(|e| !e.is_null()) {
        return None;
    }
    let mut whole = m.clone();
    whole.as_object_mut()?.insert("channel".into(), Value::String(room.to_owned()));
    // Which kind of room it is the caller knows, whatever stands in the message.
    whole.as_object_mut()?.insert("channel_type".into(), if direct { "im" } else { "channel" }.into());
    match message(&whole, "message").ok()? {
        Heard::Message(message) => Some(message),
        _ => None,
    }
}

fn verb(name: &str) -> Option<Verb> {
    table::find(name).map(|row| row.verb)
}

/// The case that a button's value names, and which of its texts: `42`, a send's `42:7`, a draft's `42:d3`.
fn case(value: &str) -> Option<(u64, Args)> {
    let Some((case, text)) = value.split_once(':') else { return Some((value.parse().ok()?, Args::None)) };
    let about = match text.strip_prefix('d') {
        Some(draft) => Args::Draft(draft.parse().ok()?),
        None => Args::Version(text.parse().ok()?),
    };
    Some((case.parse().ok()?, about))
}

/// The case that a card of ours is about, by its buttons.
pub(super) fn case_of_card(message: &Value) -> Option<u64> {
    let blocks = message.get("blocks").and_then(Value::as_array)?;
    let elements = blocks.iter().filter_map(|b| b.get("elements").and_then(Value::as_array)).flatten();
    let ours = elements.filter(|e| text(e, "/action_id").is_some_and(|id| id.starts_with(render::PREFIX)));
    ours.filter_map(|e| text(e, "/value").and_then(case)).map(|(case, _)| case).next()
}

fn press(p: &Value) -> Result<Heard, Unread> {
    let who = Who { id: need(p, "/user/id")?, team: own(p, "/user/team_id").or_else(|| own(p, "/team/id")) };
    let Some(action) = p.pointer("/actions/0") else { return Err(Unread("/actions is empty".into())) };
    let whole = need(action, "/action_id")?;
    let Some(name) = whole.strip_prefix(render::PREFIX) else { return Ok(Heard::Nothing) };
    if whole == render::FIELD || whole == render::CANNED {
        return typing(p, who, action, whole == render::CANNED);
    }
    let (verb, case) = if whole == render::MORE {
        let picked = need(action, "/selected_option/value")?;
        let (name, value) = picked.split_once(':').unwrap_or((&picked, ""));
        (verb(name), case(value))
    } else {
        (verb(name.split(':').next().unwrap_or_default()), text(action, "/value").and_then(case))
    };
    // A link's button also comes as a press; it has done its work by then.
    let (Some(verb), Some((case, about))) = (verb, case) else { return Ok(Heard::Nothing) };
    let ts = own(p, "/container/message_ts").or_else(|| own(p, "/message/ts"));
    Ok(Heard::Press(Press {
        who,
        verb,
        case,
        about,
        room: own(p, "/channel/id").or_else(|| own(p, "/container/channel_id")),
        thread: own(p, "/message/thread_ts").or_else(|| own(p, "/container/thread_ts")),
        ts,
        trigger: need(p, "/trigger_id")?,
        response_url: own(p, "/response_url"),
    }))
}

fn meta(p: &Value) -> Result<Meta, Unread> {
    let meta = need(p, "/view/private_metadata")?;
    serde_json::from_str(&meta).map_err(|_| Unread("/view/private_metadata is not ours".into()))
}

fn typing(p: &Value, who: Who, action: &Value, canned: bool) -> Result<Heard, Unread> {
    let (block, typed) = field(p).unwrap_or_default();
    Ok(Heard::Typing(Typing {
        who,
        view: need(p, "/view/id")?,
        hash: own(p, "/view/hash").unwrap_or_default(),
        meta: meta(p)?,
        text: if canned { typed } else { own(action, "/value").unwrap_or_default() },
        canned: text(action, "/selected_option/value").filter(|_| canned).and_then(|v| v.parse().ok()),
        replaced: block.rsplit_once(':').and_then(|(_, n)| n.parse().ok()).unwrap_or(0),
    }))
}

/// The form's field: its block, and what stands in it.
fn field(p: &Value) -> Option<(String, String)> {
    let blocks = p.pointer("/view/state/values")?.as_object()?;
    blocks.iter().find_map(|(block, inputs)| {
        let input = inputs.get(render::FIELD)?;
        Some((block.clone(), text(input, "/value").unwrap_or_default().to_owned()))
    })
}

fn submit(p: &Value) -> Result<Heard, Unread> {
    if !text(p, "/view/callback_id").unwrap_or_default().starts_with(render::FORM) {
        return Ok(Heard::Nothing);
    }
    let (block, text) = field(p).ok_or_else(|| Unread("/view/state has no field".into()))?;
    Ok(Heard::Submit(Submit {
        who: Who { id: need(p, "/user/id")?, team: own(p, "/user/team_id").or_else(|| own(p, "/team/id")) },
        view: need(p, "/view/id")?,
        hash: own(p, "/view/hash").unwrap_or_default(),
        meta: meta(p)?,
        block,
        text,
    }))
}

fn shortcut(p: &Value) -> Result<Heard, Unread> {
    let name = need(p, "/callback_id")?;
    let Some(verb) = name.strip_prefix(render::PREFIX).and_then(verb) else { return Ok(Heard::Nothing) };
    let ts = own(p, "/message_ts").or_else(|| own(p, "/message/ts")).ok_or_else(|| Unread("/message_ts is missing".into()))?;
    Ok(Heard::Shortcut(Shortcut {
        who: Who { id: need(p, "/user/id")?, team: own(p, "/user/team_id").or_else(|| own(p, "/team/id")) },
        verb,
        room: need(p, "/channel/id")?,
        thread: own(p, "/message/thread_ts").unwrap_or(ts),
        trigger: need(p, "/trigger_id")?,
        response_url: own(p, "/response_url"),
    }))
}

/// Text as the person typed it: Slack's markup for links, people and rooms taken off, `&`, `<` and
/// `>` restored. `name` gives a person's name. Source: docs.slack.dev/messaging/formatting-message-text.
pub(super) fn plain(text: &str, name: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, behind)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        let (target, label) = inside.split_once('|').map_or((inside, None), |(t, l)| (t, Some(l)));
        if let Some(id) = target.strip_prefix('@') {
            out.push('@');
            out.push_str(label.filter(|l| !l.is_empty()).map(str::to_owned).or_else(|| name(id)).as_deref().unwrap_or(id));
        } else if let Some(id) = target.strip_prefix('#') {
            out.push('#');
            out.push_str(label.filter(|l| !l.is_empty()).unwrap_or(id));
        } else if let Some(special) = target.strip_prefix('!') {
            let said = label.unwrap_or(special);
            out.push_str(if said.starts_with('@') { "" } else { "@" });
            out.push_str(said);
        } else {
            // `<mailto:a@b.c|a@b.c>` was typed as its label, `<https://x|x>` as well; a link with words of its own keeps both.
            let shown = label.unwrap_or(target);
            let same = target.ends_with(shown) || target.trim_end_matches('/').ends_with(shown.trim_end_matches('/'));
            match label {
                Some(label) if same => out.push_str(label),
                Some(label) => {
                    out.push_str(label);
                    out.push_str(" (");
                    out.push_str(target);
                    out.push(')');
                }
                None => out.push_str(target),
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests;
