//! What Slack sends, for fuzzing: see [`crate::fuzzing`].

use super::events;
use super::reactions;
use super::wire::{self, Frame, Heard, Kind};
use crate::command::table;
use crate::fuzzing::first_line;
use serde_json::Value;
use std::hint::black_box;

const ME: &str = "U0BOT";

/// A frame of Socket Mode; one that is none, as a payload of each kind.
pub(crate) fn frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let own = wire::own_message(text, ME);
    let Ok(frame) = serde_json::from_str::<Frame>(text) else { return };
    if own.is_some() {
        // What is passed over by a glance is nobody's command.
        assert_eq!(own, frame.envelope_id);
        let heard = wire::read(Kind::Event, &frame.payload);
        assert!(!matches!(&heard, Ok(Heard::Message(m)) if m.who.id != ME), "somebody else's message is passed over");
    }
    let kinds = match frame.kind.as_str() {
        "events_api" => vec![Kind::Event],
        "interactive" => vec![Kind::Interactive],
        "slash_commands" => vec![Kind::Slash],
        _ => vec![Kind::Event, Kind::Interactive, Kind::Slash],
    };
    kinds.into_iter().for_each(|kind| payload(kind, &frame.payload));
}

/// Somebody is always named, by an id of some kind; and what comes out is no longer than what went in.
fn payload(kind: Kind, payload: &Value) {
    let Ok(heard) = wire::read(kind, payload) else { return };
    let who = match &heard {
        Heard::Slash(s) => Some(&s.who),
        Heard::Message(m) => Some(&m.who),
        Heard::Reaction(r) => Some(&r.who),
        Heard::Press(p) => Some(&p.who),
        Heard::Submit(s) => Some(&s.who),
        Heard::Typing(t) => Some(&t.who),
        Heard::Shortcut(s) => Some(&s.who),
        Heard::Home { who, .. } => Some(who),
        Heard::Room(_) | Heard::Group(_) | Heard::Person(_) | Heard::Revoked(_) | Heard::Nothing => None,
    };
    assert!(who.is_none_or(|w| !w.id.is_empty()), "said by nobody");
    match heard {
        Heard::Message(m) => plain(&m.text),
        Heard::Slash(s) => plain(&s.text),
        Heard::Press(p) => assert!(!table::row(p.verb).name.is_empty()),
        _ => {}
    }
}

fn plain(text: &str) {
    let out = wire::plain(text, |_| None);
    assert!(out.len() <= 2 * text.len() + 2, "{text:?} grew");
    if !text.contains(['<', '&']) {
        assert_eq!(out, text);
    }
}

/// A message as a room's history gives it.
pub(crate) fn history(data: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Value>(data) else { return };
    for direct in [false, true] {
        if let Some(said) = wire::past_message("C1", direct, &message) {
            assert_eq!((said.room.as_str(), said.direct), ("C1", direct));
            assert!(!said.who.id.is_empty() && !said.ts.is_empty());
            plain(&said.text);
        }
    }
    black_box(wire::case_of_card(&message));
    reactions::fuzzing::missed(&message);
}

/// A request to `/slack/events`: the time, the signature, then the body, as JSON and as a form.
pub(crate) fn http(data: &[u8]) {
    let (at, rest) = first_line(data);
    let (signature, body) = first_line(rest);
    events::fuzzing::request(&String::from_utf8_lossy(at), &String::from_utf8_lossy(signature), body);
    let Ok(raw) = std::str::from_utf8(body) else { return };
    for (kind, read) in events::fuzzing::payloads(raw) {
        payload(kind, &read);
    }
}
