//! What a message would do to people: whom it would ping, and what it would make a link, worked out
//! from what was posted as Slack would show it. Where Slack's own words leave a doubt, it counts.

use serde_json::Value;

/// Somebody is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ping {
    /// `channel`, `here`, `everyone`, a user's or a group's id.
    pub what: String,
    /// Where in the message, as a JSON pointer.
    pub at: String,
    /// Not written as a mention: found in plain words by Slack itself.
    pub automatic: bool,
}

/// Something to be clicked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub url: String,
    /// What it shows; the address itself where nothing else was given.
    pub shows: String,
    pub at: String,
    pub automatic: bool,
}

/// All that a message would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub pings: Vec<Ping>,
    pub links: Vec<Link>,
}

/// How names and addresses in plain words are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parse {
    /// Marked up sequences and addresses.
    Usual,
    /// Names as well: `parse=full`, `link_names`, mrkdwn objects that are not verbatim.
    Names,
    /// Marked up sequences alone.
    Verbatim,
}

impl Effects {
    pub fn of(text: &str, parse: Parse, blocks: &[Value], attachments: &[Value]) -> Effects {
        let mut effects = Effects::default();
        effects.mrkdwn(text, parse, "/text");
        for (n, block) in blocks.iter().enumerate() {
            effects.value(block, &format!("/blocks/{n}"));
        }
        for (n, attachment) in attachments.iter().enumerate() {
            effects.attachment(attachment, &format!("/attachments/{n}"));
        }
        effects
    }

    fn attachment(&mut self, attachment: &Value, at: &str) {
        for (key, value) in attachment.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            match (key.as_str(), value) {
                ("blocks", _) => self.value(value, &at),
                ("text" | "pretext" | "fallback", Value::String(text)) => self.mrkdwn(text, Parse::Names, &at),
                ("title_link" | "author_link" | "from_url" | "image_url" | "thumb_url", Value::String(url)) => {
                    self.link(url, url, &at, false)
                }
                ("fields", Value::Array(fields)) => {
                    for (n, field) in fields.iter().enumerate() {
                        self.mrkdwn(field["value"].as_str().unwrap_or_default(), Parse::Names, &format!("{at}/{n}/value"));
                    }
                }
                _ => {}
            }
        }
    }

    fn link(&mut self, url: &str, shows: &str, at: &str, automatic: bool) {
        self.links.push(Link { url: url.into(), shows: shows.into(), at: at.into(), automatic });
    }

    fn ping(&mut self, what: &str, at: &str, automatic: bool) {
        self.pings.push(Ping { what: what.into(), at: at.into(), automatic });
    }

    /// Any part of a block.
    fn value(&mut self, value: &Value, at: &str) {
        let kind = value["type"].as_str().unwrap_or_default();
        let word = |key: &str| value[key].as_str().unwrap_or_default();
        match kind {
            "mrkdwn" => {
                let parse = if value["verbatim"] == true { Parse::Verbatim } else { Parse::Names };
                return self.mrkdwn(word("text"), parse, &format!("{at}/text"));
            }
            "markdown" => return self.mrkdwn(word("text"), Parse::Names, &format!("{at}/text")),
            "plain_text" => return,
            "user" => return self.ping(word("user_id"), at, false),
            "usergroup" => return self.ping(word("usergroup_id"), at, false),
            "broadcast" => return self.ping(word("range"), at, false),
            "channel" => return self.link(&format!("#{}", word("channel_id")), word("channel_id"), at, false),
            "link" => {
                let shows = if word("text").is_empty() { word("url") } else { word("text") };
                return self.link(word("url"), shows, at, false);
            }
            _ => {}
        }
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    let at = format!("{at}/{key}");
                    match inner {
                        Value::String(url) if ["url", "image_url", "title_url", "video_url", "thumbnail_url"].contains(&key.as_str()) => {
                            let shows = value["text"]["text"].as_str().or(value["alt_text"].as_str()).unwrap_or(url);
                            self.link(url, shows, &at, false);
                        }
                        _ => self.value(inner, &at),
                    }
                }
            }
            Value::Array(all) => {
                for (n, inner) in all.iter().enumerate() {
                    self.value(inner, &format!("{at}/{n}"));
                }
            }
            _ => {}
        }
    }

    fn mrkdwn(&mut self, text: &str, parse: Parse, at: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            self.words(before, parse, at);
            let Some((inside, behind)) = after.split_once('>').filter(|(inside, _)| is_sequence(inside)) else {
                self.words("<", parse, at);
                rest = after;
                continue;
            };
            self.sequence(inside, at);
            rest = behind;
        }
        self.words(rest, parse, at);
    }

    /// What stands between `<` and `>`.
    fn sequence(&mut self, inside: &str, at: &str) {
        let (target, shows) = inside.split_once('|').unwrap_or((inside, ""));
        match target.chars().next() {
            Some('@') => self.ping(target.trim_start_matches('@'), at, false),
            Some('#') => self.link(target, shows, at, false),
            Some('!') => {
                let word = target.trim_start_matches('!');
                if let Some(group) = word.strip_prefix("subteam^") {
                    self.ping(group, at, false);
                } else if let Some(date) = word.strip_prefix("date^") {
                    if let Some(url) = date.split('^').nth(2) {
                        self.link(url, shows, at, false);
                    }
                } else {
                    self.ping(if word == "group" { "channel" } else { word }, at, false);
                }
            }
            _ => self.link(target, if shows.is_empty() { target } else { shows }, at, false),
        }
    }

    /// Words without markup.
    fn words(&mut self, words: &str, parse: Parse, at: &str) {
        if parse == Parse::Verbatim {
            return;
        }
        for word in words.split(|c: char| c.is_whitespace() || "()[]{}\"'`*~,;".contains(c)).filter(|w| !w.is_empty()) {
            let bare = word.trim_end_matches(['.', ':', '!', '?']);
            if let Some(url) = address(bare) {
                self.link(&url, bare, at, true);
            }
            if parse == Parse::Names {
                for name in ["channel", "here", "everyone", "group"] {
                    let called = bare.split('@').nth(1).is_some_and(|n| n == name) && bare.starts_with('@');
                    if called {
                        self.ping(name, at, true);
                    }
                }
            }
        }
    }
}

/// Whether Slack takes what stands between `<` and `>` for markup.
pub fn is_sequence(inside: &str) -> bool {
    let target = inside.split('|').next().unwrap_or_default();
    let mut chars = target.chars();
    match chars.next() {
        Some('@' | '#') => {
            let id = chars.as_str();
            id.len() > 1 && id.chars().all(|c| c.is_ascii_alphanumeric())
        }
        Some('!') => {
            let word = chars.as_str().split('^').next().unwrap_or_default();
            ["channel", "here", "everyone", "group", "subteam", "date"].contains(&word)
        }
        _ => {
            let scheme = target.split(':').next().unwrap_or_default();
            target.contains(':')
                && !scheme.is_empty()
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !target.contains(char::is_whitespace)
        }
    }
}

/// Ends of names that Slack takes for addresses without being told.
const ENDINGS: &[&str] =
    &["com", "net", "org", "io", "es", "eu", "uk", "de", "fr", "dev", "app", "info", "co", "me", "ly", "gg", "example"];

/// The address that a plain word is made a link to.
fn address(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    for scheme in ["http://", "https://", "ftp://", "mailto:"] {
        if let Some(rest) = lower.strip_prefix(scheme) {
            return (!rest.is_empty()).then(|| word.to_owned());
        }
    }
    let host = lower.split(['/', '?', '#']).next()?;
    let (name, ending) = host.rsplit_once('.')?;
    if !ENDINGS.contains(&ending) || name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || ".-_@+".contains(c)) {
        return None;
    }
    match name.matches('@').count() {
        0 => Some(format!("http://{word}")),
        1 if !name.starts_with('@') => Some(format!("mailto:{word}")),
        _ => None,
    }
}

/// `&`, `<` and `>` outside of markup escaped, as Slack keeps a text.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(entity) = ["&amp;", "&lt;", "&gt;"].iter().find(|e| from.starts_with(**e)) {
            out.push_str(entity);
            rest = from.strip_prefix(entity).unwrap_or_default();
            continue;
        }
        let mut chars = from.chars();
        let first = chars.next();
        let after = chars.as_str();
        if first == Some('<')
            && let Some((inside, behind)) = after.split_once('>').filter(|(inside, _)| is_sequence(inside))
        {
            out.push_str(&format!("<{inside}>"));
            rest = behind;
            continue;
        }
        out.push_str(match first {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            _ => "&gt;",
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// As typed by a person: everything escaped.
pub fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Bare addresses made links, as Slack keeps a text that an app posts.
pub fn linked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        let (before, from) = rest.split_at(at);
        let inside = before.rfind('<').is_some_and(|open| !before.get(open..).unwrap_or_default().contains('>'));
        let end = from.find(|c: char| c.is_whitespace() || "<>|\"".contains(c)).unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        let starts_word = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        out.push_str(before);
        if !inside && starts_word && (url.starts_with("http://") || url.starts_with("https://")) && url.len() > 8 {
            let bare = url.trim_end_matches(['.', ',', ':', '!', '?', ')']);
            out.push_str(&format!("<{bare}>{}", url.strip_prefix(bare).unwrap_or_default()));
        } else {
            out.push_str(url);
        }
        rest = after;
        // A sequence that was cut in two is put together again by the next turn's `before`.
        if inside {
            let close = rest.find('>').map_or(rest.len(), |c| c + 1);
            let (seq, behind) = rest.split_at(close);
            out.push_str(seq);
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}
