//! Reading: a thread that reads lines of bounded length, and what a line means.

use super::{Format, Settings};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use serde_json::Value;
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
    pub(super) text: String,
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
            text: bare(&text).to_owned(),
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
    // The id, if it can be read, tells the sender which line was wrong.
    let id = object.get("id").and_then(Value::as_str).filter(|id| (1..=ID_MAX).contains(&id.len()));
    let wrong = |say: Say| wrong(id, say);
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
        name => Ok(name.map(str::to_owned)),
    };
    let case = match object.get("case") {
        None | Some(Value::Null) => None,
        // Marked: in a thread, a bare number in front of a text would belong to the text.
        Some(Value::String(case)) => Some(format!("#{}", case.trim().trim_start_matches('#'))),
        Some(Value::Number(case)) if case.is_u64() => Some(format!("#{case}")),
        Some(_) => return Err(wrong(Say::new("console-field-case").text("field", "case"))),
    };
    let id = name_of("id")?.ok_or_else(|| wrong(Say::new("console-field-missing").text("field", "id")))?;
    let line = match (text_of("line")?, text_of("verb")?, text_of("text")?) {
        (Some(line), None, None) if case.is_none() => bare(line).to_owned(),
        (None, Some(verb), text) => [Some(verb), case.as_deref(), text].into_iter().flatten().collect::<Vec<_>>().join(" "),
        (None, None, _) => return Err(wrong(Say::new("console-field-missing").text("field", "line"))),
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
        text: line,
    })
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
