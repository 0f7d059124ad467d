//! Reads blocks as Slack would show them, without anything of the renderer: what a reader sees, what
//! pings, what is linked, and which of Slack's limits are broken.

use serde_json::Value;
use std::collections::BTreeSet;

/// What a reader gets of some blocks.
#[derive(Debug, Default)]
pub struct Seen {
    /// All that is shown, blocks and lines apart.
    pub text: String,
    /// What stands in quotes.
    pub quoted: Vec<String>,
    /// What is linked: its text, and where it leads.
    pub links: Vec<(String, String)>,
    /// `action_id` and `value` (or values) of what can be pressed.
    pub pressed: Vec<(String, Vec<String>)>,
}

/// Characters by the greatest of the counts that Slack may use.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Text that Slack would read as `mrkdwn`: nothing in it may be read as a mention, a link or a date.
pub fn mrkdwn(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices(['<', '>', '&']) {
        let (_, tail) = text.split_at(at);
        if !["&amp;", "&lt;", "&gt;"].iter().any(|e| tail.starts_with(e)) {
            return Err(format!("markup in {:?}", tail.chars().take(40).collect::<String>()));
        }
    }
    Ok(())
}

/// What turns or hides text.
fn hidden(text: &str) -> Result<(), String> {
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
    };
    match text.chars().find(|c| bad(*c)) {
        Some(c) => Err(format!("{c:?} is shown")),
        None => Ok(()),
    }
}

fn str_of<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key].as_str().ok_or_else(|| format!("no {key} in {value}"))
}

fn array_of<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value[key].as_array().ok_or_else(|| format!("no {key} in {value}"))
}

fn least_most(n: usize, least: usize, most: usize, what: &str) -> Result<(), String> {
    if (least..=most).contains(&n) { Ok(()) } else { Err(format!("{n} of {what}: {least} to {most}")) }
}

/// Keys that Slack knows for an object; another is refused (`invalid_blocks`).
fn keys(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    match object.keys().find(|k| !known.contains(&k.as_str())) {
        Some(key) => Err(format!("{key} in {value}")),
        None => Ok(()),
    }
}

fn text_object(value: &Value, most: usize, seen: &mut Seen) -> Result<(), String> {
    let text = str_of(value, "text")?;
    least_most(units(text), 1, most, "characters")?;
    hidden(text)?;
    match str_of(value, "type")? {
        // Without `emoji: false`, `:name:` becomes a picture.
        "plain_text" if value["emoji"] == Value::Bool(false) => keys(value, &["type", "text", "emoji"])?,
        "mrkdwn" => mrkdwn(text)?,
        other => return Err(format!("{other} text: {value}")),
    }
    seen.text.push_str(text);
    seen.text.push('\n');
    Ok(())
}

fn rich_text(block: &Value, seen: &mut Seen) -> Result<(), String> {
    keys(block, &["type", "elements"])?;
    for part in array_of(block, "elements")? {
        keys(part, &["type", "elements"])?;
        let kind = str_of(part, "type")?;
        if !["rich_text_section", "rich_text_quote"].contains(&kind) {
            return Err(format!("{kind} in rich text"));
        }
        let elements = array_of(part, "elements")?;
        least_most(elements.len(), 1, usize::MAX, "elements")?;
        let mut shown = String::new();
        for element in elements {
            if element["type"] == "date" {
                keys(element, &["type", "timestamp", "format", "fallback"])?;
                let (format, fallback) = (str_of(element, "format")?, str_of(element, "fallback")?);
                element["timestamp"].as_i64().ok_or_else(|| format!("{element}"))?;
                if format != "{time_secs}" || fallback.len() > 20 {
                    return Err(format!("a date that nobody of us built: {element}"));
                }
                shown.push_str(fallback);
                continue;
            }
            let text = str_of(element, "text")?;
            least_most(units(text), 1, 12_000, "characters")?;
            hidden(text)?;
            match str_of(element, "type")? {
                "text" => keys(element, &["type", "text", "style"])?,
                "link" => {
                    keys(element, &["type", "text", "url"])?;
                    seen.links.push((text.to_owned(), str_of(element, "url")?.to_owned()));
                }
                // user, usergroup, channel, broadcast, emoji, color, team …
                other => return Err(format!("{other} in rich text: {element}")),
            }
            shown.push_str(text);
        }
        seen.text.push_str(&shown);
        seen.text.push('\n');
        if kind == "rich_text_quote" {
            seen.quoted.push(shown);
        }
    }
    Ok(())
}

fn options(element: &Value, least: usize, most: usize, seen: &mut Seen) -> Result<Vec<String>, String> {
    let options = array_of(element, "options")?;
    least_most(options.len(), least, most, "options")?;
    let mut values = Vec::new();
    for option in options {
        keys(option, &["text", "value"])?;
        text_object(&option["text"], 75, seen)?;
        let value = str_of(option, "value")?;
        least_most(units(value), 1, 75, "characters")?;
        values.push(value.to_owned());
    }
    if values.iter().collect::<BTreeSet<_>>().len() < values.len() {
        return Err(format!("two options of one value: {values:?}"));
    }
    Ok(values)
}

fn actions(block: &Value, seen: &mut Seen) -> Result<(), String> {
    keys(block, &["type", "elements", "block_id"])?;
    let elements = array_of(block, "elements")?;
    least_most(elements.len(), 1, 25, "elements")?;
    let mut ids = BTreeSet::new();
    for element in elements {
        let id = str_of(element, "action_id")?;
        least_most(units(id), 1, 255, "characters")?;
        if !ids.insert(id) {
            return Err(format!("two elements {id}"));
        }
        let values = match str_of(element, "type")? {
            // A button with a `url` would be a link.
            "button" => {
                keys(element, &["type", "action_id", "text", "value", "style"])?;
                text_object(&element["text"], 75, seen)?;
                if !element["style"].is_null() && !["primary", "danger"].contains(&str_of(element, "style")?) {
                    return Err(format!("style of {element}"));
                }
                let value = str_of(element, "value")?;
                least_most(units(value), 1, 2_000, "characters")?;
                vec![value.to_owned()]
            }
            "overflow" => {
                keys(element, &["type", "action_id", "options"])?;
                options(element, 2, 5, seen)?
            }
            "static_select" => {
                keys(element, &["type", "action_id", "options", "placeholder"])?;
                text_object(&element["placeholder"], 150, seen)?;
                options(element, 1, 100, seen)?
            }
            other => return Err(format!("{other} among actions")),
        };
        seen.pressed.push((id.to_owned(), values));
    }
    Ok(())
}

fn input(block: &Value, seen: &mut Seen) -> Result<(), String> {
    keys(block, &["type", "block_id", "label", "element", "optional", "dispatch_action"])?;
    text_object(&block["label"], 2_000, seen)?;
    let element = &block["element"];
    keys(element, &["type", "action_id", "multiline", "max_length", "initial_value", "dispatch_action_config"])?;
    if str_of(element, "type")? != "plain_text_input" {
        return Err(format!("{element}"));
    }
    let most = element["max_length"].as_u64().unwrap_or(3_000);
    least_most(usize::try_from(most).expect("32 bits fit"), 1, 3_000, "characters of a field")?;
    if let Some(text) = element["initial_value"].as_str() {
        least_most(units(text), 1, usize::try_from(most).expect("32 bits fit"), "characters in a field")?;
    }
    seen.pressed.push((str_of(element, "action_id")?.to_owned(), Vec::new()));
    Ok(())
}

fn block(block: &Value, seen: &mut Seen) -> Result<(), String> {
    if let Some(id) = block["block_id"].as_str() {
        least_most(units(id), 1, 255, "characters of block_id")?;
    }
    match str_of(block, "type")? {
        "header" => {
            keys(block, &["type", "text"])?;
            text_object(&block["text"], 150, seen)
        }
        "rich_text" => rich_text(block, seen),
        "actions" => actions(block, seen),
        "context" => {
            keys(block, &["type", "elements", "block_id"])?;
            let elements = array_of(block, "elements")?;
            least_most(elements.len(), 1, 10, "elements")?;
            elements.iter().try_for_each(|e| text_object(e, 3_000, seen))
        }
        "input" => input(block, seen),
        "divider" => keys(block, &["type"]),
        other => Err(format!("a block {other}")),
    }
}

fn blocks(list: &[Value], most: usize) -> Result<Seen, String> {
    let mut seen = Seen::default();
    least_most(list.len(), 1, most, "blocks")?;
    list.iter().try_for_each(|b| block(b, &mut seen))?;
    let ids: Vec<&str> = list.iter().filter_map(|b| b["block_id"].as_str()).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(format!("two blocks of one id: {ids:?}"));
    }
    Ok(seen)
}

/// A message's `text` and blocks.
pub fn message(text: &str, list: &Value) -> Result<Seen, String> {
    least_most(units(text), 1, 4_000, "characters of text")?;
    mrkdwn(text)?;
    hidden(text)?;
    // `msg_blocks_too_long`: whether Slack counts bytes or characters, with or without JSON's own.
    least_most(list.to_string().len(), 2, 13_000, "bytes of blocks")?;
    blocks(list.as_array().ok_or("blocks are no array")?, 50)
}

/// A modal.
#[cfg(test)]
pub fn modal(view: &Value) -> Result<Seen, String> {
    keys(view, &["type", "callback_id", "private_metadata", "title", "submit", "close", "blocks"])?;
    let mut words = Seen::default();
    for part in ["title", "submit", "close"] {
        text_object(&view[part], 24, &mut words)?;
    }
    least_most(units(str_of(view, "callback_id")?), 1, 255, "characters of callback_id")?;
    least_most(units(str_of(view, "private_metadata")?), 0, 3_000, "characters of private_metadata")?;
    least_most(view.to_string().len(), 2, 250_000, "bytes of a view")?;
    blocks(array_of(view, "blocks")?, 100)
}

/// The app's home.
#[cfg(test)]
pub fn home(view: &Value) -> Result<Seen, String> {
    keys(view, &["type", "blocks"])?;
    least_most(view.to_string().len(), 2, 250_000, "bytes of a view")?;
    let list = array_of(view, "blocks")?;
    if list.is_empty() { Ok(Seen::default()) } else { blocks(list, 100) }
}
