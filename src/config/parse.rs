//! From text to sections. A type error or an unknown key does not end it: the finding is noted,
//! the key taken out, and the rest is read again, so that everything is found in one go.

use super::problem::{At, Problems, Seg};
use super::{Config, account};
use crate::say::Say;
use serde_path_to_error::Segment;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// So many findings are enough; whoever has more starts from the example.
const MOST_FINDINGS: usize = 100;

/// Of a value that is repeated, so many characters.
const MOST_SHOWN: usize = 60;

/// Reads `text`. What could not be read stands at its default in the configuration.
pub(super) fn parse(text: &str) -> (Config, Problems) {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut places = Vec::new();
    collect(table.get_ref(), &At::default(), &lines, &mut places);
    let mut problems = Problems::with_lines(places);
    for e in errors.iter().take(MOST_FINDINGS) {
        // Only the message: toml's own rendering repeats the line, which may hold a secret.
        problems.syntax(e.span().map_or(1, |s| lines.line(s.start)), e.message());
    }
    if problems.hopeless() {
        return (Config::default(), problems);
    }
    let mut value = match toml::from_str::<Value>(text) {
        Ok(value) => value,
        // A number that is too large is TOML by its form, but holds nothing.
        Err(e) => {
            let line = e.span().map_or(1, |s| lines.line(s.start));
            if e.message().contains("as i128") || e.message().contains("as u128") {
                problems.too_large(line)
            } else {
                problems.syntax(line, e.message())
            }
            return (Config::default(), problems);
        }
    };
    for _ in 0..MOST_FINDINGS {
        match serde_path_to_error::deserialize::<_, Config>(value.clone()) {
            Ok(config) => return (config, problems),
            Err(e) => {
                let mut at = path(e.path());
                problems.add(&at, say(&at, e.inner().message()));
                // An element taken out would move its neighbours: the list goes as a whole.
                while matches!(at.0.last(), Some(Seg::Index(_))) {
                    at.0.pop();
                }
                if !remove(&mut value, &at.0) {
                    break;
                }
            }
        }
    }
    (Config::default(), problems)
}

/// What serde says, in our words. Its own texts for unknown keys and values are taken apart; a
/// value that may be a secret is never repeated.
fn say(at: &At, message: &str) -> Say {
    let secret = at.0.iter().any(|s| matches!(s, Seg::Key(k) if account::is_secret(k)));
    let (head, known) = message.split_once(", expected").unwrap_or((message, ""));
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let word = head.split('`').nth(1).unwrap_or_default();
    if head.starts_with("unknown field") {
        return unknown("cli-config-unknown-key", word, &known);
    }
    if secret {
        return Say::new("cli-config-secret");
    }
    if head.starts_with("unknown variant") {
        return unknown("cli-config-unknown-value", word, &known);
    }
    wrong_type(message).unwrap_or_else(|| Say::new("cli-config-type").text("detail", message))
}

/// What serde says of a value of the wrong kind, as a sentence with an example; `None`: its words are new to us.
fn wrong_type(message: &str) -> Option<Say> {
    let (found, expected) = message.split_once(": ")?.1.rsplit_once(", expected ")?;
    let code = match expected {
        "i64" | "u64" | "i32" | "u32" | "f64" => "cli-config-type-number",
        "a string" | "path string" | "string or table" => "cli-config-type-text",
        "a boolean" => "cli-config-type-bool",
        "a sequence" => "cli-config-type-list",
        "a map" => "cli-config-type-table",
        _ if expected.starts_with("struct ") => "cli-config-type-table",
        _ => return None,
    };
    // `string "ten"`, "integer `9`", "map": the kind goes, the value stays.
    let shown = match found.split_once(' ') {
        _ if found == "map" => "{ … }".to_owned(),
        _ if found == "sequence" => "[ … ]".to_owned(),
        Some(("floating", value)) => value.trim_start_matches("point ").replace('`', ""),
        Some(("string", value)) => value.chars().take(MOST_SHOWN).collect(),
        Some((_, value)) => value.replace('`', ""),
        None => found.to_owned(),
    };
    Some(Say::new(code).text("found", shown))
}

pub(super) fn unknown(code: &str, word: &str, known: &[&str]) -> Say {
    let known_list = known.join(", ");
    match nearest(word, known) {
        Some(near) => Say::new(&format!("{code}-near")).text("word", word).text("near", near).text("known", known_list),
        None => Say::new(code).text("word", word).text("known", known_list),
    }
}

/// The known word that `word` was most likely meant to be.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = known.iter().map(|k| (strsim::jaro_winkler(&word, k), *k));
    scored.filter(|(score, _)| *score >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

fn path(path: &serde_path_to_error::Path) -> At {
    let segs = path.iter().filter_map(|s| match s {
        Segment::Seq { index } => Some(Seg::Index(*index)),
        Segment::Map { key } => Some(Seg::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    At(segs.collect())
}

fn remove(value: &mut Value, path: &[Seg]) -> bool {
    match (value, path) {
        (Value::Table(table), [Seg::Key(key)]) => table.remove(key).is_some(),
        (Value::Table(table), [Seg::Key(key), rest @ ..]) => table.get_mut(key).is_some_and(|v| remove(v, rest)),
        (Value::Array(list), [Seg::Index(i), rest @ ..]) => list.get_mut(*i).is_some_and(|v| remove(v, rest)),
        _ => false,
    }
}

/// Where each key stands: the line of the key itself.
fn collect(table: &DeTable<'_>, at: &At, lines: &Lines, places: &mut Vec<(At, usize)>) {
    for (key, value) in table {
        let here = at.then(key.get_ref());
        places.push((here.clone(), lines.line(key.span().start)));
        collect_value(value.get_ref(), &here, lines, places);
    }
}

fn collect_value(value: &DeValue<'_>, at: &At, lines: &Lines, places: &mut Vec<(At, usize)>) {
    match value {
        DeValue::Table(table) => collect(table, at, lines, places),
        DeValue::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                places.push((at.nth(i), lines.line(item.span().start)));
                collect_value(item.get_ref(), &at.nth(i), lines, places);
            }
        }
        _ => {}
    }
}

/// Where lines begin, to turn an offset into a line.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect())
    }
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
