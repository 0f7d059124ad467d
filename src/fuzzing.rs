//! What fuzzing feeds: one function for each parser of what others send, or of what a person wrote. None may panic, hang or
//! grow without bound, whatever the bytes are; each says besides what else must hold.
//!
//! Only in the builds of fuzzing (`cfg(fuzzing)`) and of tests: `fuzz/` feeds them what nobody thought of, and a test here
//! what is kept in `fuzz/corpus`. What is read out of parsers that are private stands beside them, in their `fuzzing.rs`.

mod shown;
#[cfg(test)]
mod tests;

use crate::chat::{console, matrix};
use crate::clock::Time;
use crate::command::parse::{Meta, fields, parse};
use crate::command::{Command, Door};
use crate::config::Config;
use crate::control;
use crate::intake::length::{self, weighted};
use crate::intake::listen::recorded::Recorded;
use crate::intake::listen::{Matcher, Seen};
use crate::media;
use crate::network::{mastodon, x};
use crate::policy::{AgentId, Counting, Lang, ListenRule, Person, Role};
use crate::store::export;
use crate::view::hygiene;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use unicode_normalization::UnicodeNormalization as _;

use shown::hides;
pub(crate) use shown::{read, shown};

/// The moment at which everything is read here.
pub(crate) const NOW: Time = Time(1_800_000_000_000);

/// A target: its name, which is that of its file in `fuzz/fuzz_targets` and of its folder in `fuzz/corpus`, and what it feeds.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("command", command),
    ("config", config),
    ("console", console::fuzzing::line),
    ("control", control),
    ("export", export::fuzzing::read),
    ("listen", listen),
    ("mastodon_html", mastodon::fuzzing::html),
    ("mastodon_page", mastodon::fuzzing::page),
    ("mastodon_stream", mastodon::fuzzing::stream),
    ("matrix", matrix_event),
    ("picture", picture),
    #[cfg(feature = "slack")]
    ("slack_frame", crate::chat::slack::fuzzing::frame),
    #[cfg(feature = "slack")]
    ("slack_history", crate::chat::slack::fuzzing::history),
    #[cfg(feature = "slack")]
    ("slack_http", crate::chat::slack::fuzzing::http),
    ("text", text),
    ("x_hook", x::fuzzing::hook),
    ("x_page", x::fuzzing::page),
    ("x_stream", x::fuzzing::stream),
    ("x_token", x::fuzzing::token),
];

/// Feeds the target of that name.
///
/// # Panics
/// When there is none of that name, or when it has found something.
pub fn feed(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no target is called {name}"));
    target.1(data);
}

/// The first line, and what stands below it: for what needs more than one text.
pub(crate) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default())
}

fn team() -> BTreeMap<AgentId, Person> {
    let team = [("U1", "Ana López"), ("U2", "Bea Ruiz"), ("@jon:example.org", "Jon")];
    team.into_iter().map(|(id, name)| (AgentId::from(id), Person { role: Role::Agent, name: name.into(), lang: None })).collect()
}

/// A line that staff typed, in the room and in a thread, and the same in parts.
fn command(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let people = team();
    let meta = |thread: Option<&str>| Meta {
        id: "x".into(),
        by: "U2".into(),
        door: Door::Text,
        room: "r".into(),
        thread: thread.map(str::to_owned),
        lang: Lang::Es,
        people: &people,
    };
    // What it grew into is no longer than what was said.
    let bounded = |command: &Command| {
        let args = serde_json::to_string(&command.args).expect("a command is JSON");
        assert!(args.len() <= 6 * line.len() + 100, "{args}");
    };
    for thread in [None, Some("t")] {
        match parse(line, meta(thread)) {
            Ok(command) => bounded(&command),
            Err(refusal) => assert!(refusal.say().code.starts_with("refused-"), "{refusal:?}"),
        }
        let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
        if let Ok(command) = fields(verb, None, text, meta(thread)) {
            bounded(&command);
        }
    }
    assert!(crate::command::parse::duration(line).is_none_or(|ms| ms > 0));
}

/// `bot.toml`.
fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text, Path::new("/nowhere")) {
        // What is taken becomes rules without a word.
        Ok(config) => drop(config.policy()),
        Err(problems) => {
            let said = problems.all();
            assert!(!said.is_empty(), "refused without a reason");
        }
    }
}

/// A line of the control socket: what is understood goes back and forth unchanged.
fn control(data: &[u8]) {
    let Ok(request) = serde_json::from_slice::<control::Request>(data) else { return };
    let again = serde_json::to_vec(&request).expect("a request is JSON");
    assert_eq!(serde_json::from_slice::<control::Request>(&again).ok(), Some(request));
}

/// An event of a Matrix room.
fn matrix_event(data: &[u8]) {
    use matrix::read::{Heard, Me, command, envelope, is_own_join, may_act, read};
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
    let me = Me { id: "@sereno:example.org".into(), name: Some("Sereno Bot".into()) };
    let sender = envelope(&event).map(|e| e.sender).unwrap_or_default();
    let servers = ["example.org".to_owned()];
    assert!(!may_act(&sender, false, false, &servers) || sender.ends_with(":example.org"));
    assert!(!may_act(&sender, false, true, &servers), "bridged");
    if is_own_join(&event, &me.id) {
        assert_eq!(read(&event, &me.id), Heard::Nothing);
    }
    match read(&event, &me.id) {
        Heard::Text(said) => {
            assert_ne!(sender, me.id, "it hears itself");
            assert!(said.body.len() <= 60_000 && (said.thread.is_none() || said.answers.is_none()));
            if let Some(line) = command(&said, "!", &me) {
                assert!(!line.trim().is_empty() && line.len() <= said.body.len().max(4));
            }
        }
        Heard::Sealed { session } => assert!(session.len() <= 255),
        Heard::Replaced { by } => assert!(by == "?" || by.starts_with('!') && by.len() <= 255),
        Heard::Nothing | Heard::Reaction { .. } | Heard::Redacted { .. } | Heard::Room => {}
    }
}

/// A picture that staff send along: what is told beside what it shows is taken out, and of what is clean nothing.
fn picture(data: &[u8]) {
    let Some(image) = media::Image::of(data, "") else { return };
    assert!(image.bytes.len() <= 2 * data.len(), "{} bytes of {}", image.bytes.len(), data.len());
    let again = media::Image::of(&image.bytes, "").expect("what was taken for a picture is one");
    assert!(again.kind == image.kind && again.bytes == image.bytes, "cleaned once more it is another");
}

/// A text: how the networks count it, and how people see it.
/// The first line: what a rule looks for, `;` between; below it a recorded post, or a text. What is found stands where it is
/// said to stand, and is found again there alone.
fn listen(data: &[u8]) {
    let (words, post) = first_line(data);
    let recorded = Recorded::read(post).ok().flatten();
    let (Ok(words), Ok(plain)) = (std::str::from_utf8(words), std::str::from_utf8(post)) else { return };
    let terms: Vec<String> = words.split(';').take(20).map(str::to_owned).collect();
    let rule = |misspellings| ListenRule {
        name: "r".into(),
        keywords: terms.clone(),
        hashtags: terms.clone(),
        domains: terms.clone(),
        exclude: vec!["never said".into()],
        misspellings,
        ..ListenRule::default()
    };
    let text = recorded.as_ref().map_or(plain, |post| &post.text);
    for misspellings in [false, true] {
        let matcher = Matcher::new(&[rule(misspellings)]);
        let (mut links, plain) = (Vec::new(), Seen::from(plain));
        let seen = recorded.as_ref().map_or(plain, |post| post.seen(&mut links));
        let Some(caught) = matcher.catch(&seen) else { continue };
        assert!(!caught.by.is_empty());
        for hit in caught.by {
            let Some(at) = hit.at else { continue };
            let found = text.get(at).expect("it stands in the text");
            assert!(
                !found.is_empty()
                    && terms.iter().any(
                        |t| hit.term.trim_start_matches('#') == t.trim().trim_start_matches('#') || hit.term == t.trim().to_lowercase()
                    )
            );
        }
    }
}

fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let whole = weighted::count(text);
    assert!(!whole.valid || (1..=weighted::MAX).contains(&whole.length));
    // Lines are counted apart: nothing reaches across their ends.
    if let Some((one, two)) = text.split_once('\n') {
        assert_eq!(weighted::length(one) + 1 + weighted::length(two), whole.length, "{one:?} and {two:?}");
    }
    // Composed, some characters are more than one.
    assert!(whole.length <= 2 * text.nfc().count() + weighted::LINK * text.matches('.').count());
    let mastodon = length::length(text, Counting::Characters { url: Some(23) });
    assert!(mastodon <= text.chars().count() + 23 * text.matches("://").count());
    assert!(!hygiene::strip(text).contains(hides));
    let post = crate::case::fixtures::post("p", text);
    shown(&post);
}
