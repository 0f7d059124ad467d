//! Reading: a thread that reads lines of bounded length, and what a line means.

use super::{Format, Settings};
use crate::case::CaseId;
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::view::hygiene;
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, BufRead};
use tokio::sync::mpsc;

/// The longest line that is read, in bytes.
pub(super) const LINE_MAX: usize = 64 * 1024;
/// Lines that may wait to be heard.
const QUEUE: usize = 16;
/// The longest id or name in a JSON line, in bytes.
const ID_MAX: usize = 200;
/// A line that is right, shown with what was wrong with another.
const EXAMPLE: &str = r#"{"id":"7","by":"ana","line":"claim 42"}"#;

/// A line as read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end.
    Text(Vec<u8>),
    /// Longer than [`LINE_MAX`]; thrown away.
    TooLong,
}

/// A command line that somebody wants carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) by: AgentId,
    pub(super) room: RoomId,
    pub(super) thread: Option<String>,
    pub(super) lang: Option<Lang>,
    pub(super) what: What,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// As people type it.
    Line(String),
    /// Part by part.
    Fields { verb: String, case: Option<CaseId>, text: String },
}

/// Why a line is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The line's id, where it could be read.
    pub(super) id: Option<String>,
    pub(super) say: Say,
}

/// Starts the thread that reads. It ends with the input, or with the process: a read from a
/// terminal cannot be called off, which is why it is no task.
pub(super) fn start(mut reader: Box<dyn BufRead + Send>) -> io::Result<mpsc::Receiver<Line>> {
    let (lines, receiver) = mpsc::channel(QUEUE);
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        loop {
            match read_line(&mut *reader) {
                Ok(Some(line)) => {
                    if lines.blocking_send(line).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the console's input cannot be read on");
                    break;
                }
            }
        }
    })?;
    Ok(receiver)
}

/// The next line; `None` at the end. Never holds more than [`LINE_MAX`] bytes of it.
pub(super) fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut too_long = false;
    let mut any = false;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = buffer.iter().position(|b| *b == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        too_long |= line.len() + part.len() > LINE_MAX;
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        let used = end.map_or(buffer.len(), |e| e + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(any.then_some(if too_long { Line::TooLong } else { Line::Text(line) }))
}

/// Whether somebody takes their leave.
pub(super) fn is_farewell(line: &Line) -> bool {
    matches!(line, Line::Text(bytes) if matches!(bytes.trim_ascii(), b"quit" | b"exit" | b"salir"))
}

/// What an object may hold.
const FIELDS: [&str; 9] = ["id", "by", "room", "thread", "lang", "line", "verb", "case", "text"];

/// What a line asks for; `None`: nothing (an empty line). `new_id`: ids for lines that have none.
pub(super) fn parse(line: Line, settings: &Settings, new_id: impl FnOnce() -> String) -> Result<Option<Asked>, Wrong> {
    let wrong = |id: Option<String>, say: Say| Wrong { id, say };
    let bytes = match line {
        Line::Text(bytes) => bytes,
        Line::TooLong => return Err(wrong(None, Say::new("console-too-long").number("max", LINE_MAX))),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong(None, Say::new("console-bad-utf8")))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    match settings.format {
        Format::Text => Ok(Some(Asked {
            id: new_id(),
            by: settings.agent.clone(),
            room: settings.room.clone(),
            thread: None,
            lang: None,
            what: What::Line(bare(&text).to_owned()),
        })),
        Format::Json => written(&text, settings).map(Some),
    }
}

/// A line as programs write it. What is wrong is said with the name of its field.
fn written(text: &str, settings: &Settings) -> Result<Asked, Wrong> {
    let wrong = |id: Option<&str>, say: Say| Wrong { id: id.map(str::to_owned), say: say.text("example", EXAMPLE) };
    let value: Value =
        serde_json::from_str(text).map_err(|error| wrong(None, Say::new("console-bad-json").text("why", error.to_string())))?;
    let Value::Object(object) = value else { return Err(wrong(None, Say::new("console-no-object"))) };
    let twice = twice(text);
    // The id, if it can be read, tells the sender which line was wrong.
    let id = object.get("id").and_then(Value::as_str).filter(|id| (1..=ID_MAX).contains(&id.len()));
    let id = id.filter(|_| twice.as_deref() != Some("id"));
    let wrong = |say: Say| wrong(id, say);
    if let Some(field) = twice {
        return Err(wrong(Say::new("console-field-twice").text("field", hygiene::one_line(&field, 40))));
    }
    if let Some(unknown) = object.keys().find(|k| !FIELDS.contains(&k.as_str())) {
        return Err(wrong(Say::new("console-field-unknown").text("field", unknown).text("known", FIELDS.join(", "))));
    }
    let text_of = |field: &str| match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(wrong(Say::new("console-field-text").text("field", field))),
    };
    let name_of = |field: &str| match text_of(field)? {
        Some(name) if !(1..=ID_MAX).contains(&name.len()) => {
            Err(wrong(Say::new("console-field-length").text("field", field).number("max", ID_MAX)))
        }
        // One name must not look like another.
        Some(name) if hygiene::strip(name) != name || name.contains(['\n', '\t']) => {
            Err(wrong(Say::new("console-field-hidden").text("field", field)))
        }
        name => Ok(name.map(str::to_owned)),
    };
    let case = match object.get("case") {
        None | Some(Value::Null) => None,
        Some(given) => {
            let number = match given {
                Value::String(case) => {
                    let case = case.trim();
                    Some(case.strip_prefix('#').unwrap_or(case))
                        .filter(|c| c.bytes().all(|b| b.is_ascii_digit()))
                        .and_then(|c| c.parse().ok())
                }
                given => given.as_u64(),
            };
            Some(number.map(CaseId).ok_or_else(|| wrong(Say::new("console-field-case").text("field", "case")))?)
        }
    };
    let id = name_of("id")?.ok_or_else(|| wrong(Say::new("console-field-missing").text("field", "id")))?;
    let what = match (text_of("line")?, text_of("verb")?, text_of("text")?) {
        (Some(line), None, None) if case.is_none() => What::Line(bare(line).to_owned()),
        (None, Some(verb), text) => {
            let word = bare(verb);
            if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c == '#') {
                return Err(wrong(Say::new("console-field-verb").text("field", "verb")));
            }
            What::Fields { verb: word.to_owned(), case, text: text.unwrap_or_default().to_owned() }
        }
        (None, None, _) => return Err(wrong(Say::new("console-field-neither"))),
        (Some(_), ..) => return Err(wrong(Say::new("console-field-both"))),
    };
    let lang = match text_of("lang")? {
        Some(tag) => Some(Lang::spoken(tag).ok_or_else(|| {
            let given = tag.chars().filter(|c| !c.is_control()).take(40).collect::<String>();
            wrong(Say::new("console-lang-unknown").text("given", given).text("known", "en, es"))
        })?),
        None => None,
    };
    Ok(Asked {
        id,
        by: name_of("by")?.map_or_else(|| settings.agent.clone(), AgentId),
        room: name_of("room")?.map_or_else(|| settings.room.clone(), RoomId),
        thread: name_of("thread")?,
        lang,
        what,
    })
}

/// The first key that stands twice in the object `text`: which of the two is meant, nobody can tell.
fn twice(text: &str) -> Option<String> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Option<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
            let (mut seen, mut twice) = (BTreeSet::new(), None);
            while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                if !seen.insert(key.clone()) {
                    twice.get_or_insert(key);
                }
            }
            Ok(twice)
        }
    }
    // That it is an object was seen before.
    serde_json::Deserializer::from_str(text).deserialize_map(Keys).ok().flatten()
}

/// Without what other chats want in front: `!claim`, `/claim`, `sereno claim`.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix(['!', '/']).unwrap_or(text);
    match text.split_once(char::is_whitespace) {
        Some((name, rest)) if matches!(name.to_ascii_lowercase().as_str(), "sereno" | "@sereno") => rest.trim_start(),
        _ => text,
    }
}
