//! What an event says: pure, from its JSON. Edits, echoes, notices of other bots and what was taken
//! back are nothing; what cannot be decrypted is told apart, to be tried again.

use crate::command::table;
use serde_json::Value;

/// The longest line that is taken for a command, in bytes.
const MOST_LINE: usize = 60_000;
/// No id is longer, in bytes (spec.matrix.org: size limits).
const MOST_ID: usize = 255;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing for us.
    Nothing,
    /// A text that somebody wrote.
    Text(Text),
    /// A reaction.
    Reaction {
        /// To which event.
        target: String,
        /// With what.
        key: String,
    },
    /// Something was taken away: perhaps a reaction.
    Redacted {
        /// Which event.
        target: String,
    },
    /// It cannot be decrypted yet.
    Sealed {
        /// The session of keys under which it is encrypted.
        session: String,
    },
    /// The room itself changed: who may read it, whether it is encrypted.
    Room,
    /// The room is over: another one has taken its place.
    Replaced {
        /// The other one's id.
        by: String,
    },
}

/// A text that somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The thread's first event.
    pub thread: Option<String>,
    /// The event that it answers, outside of threads.
    pub answers: Option<String>,
    /// What was written, without the quotation of what it answers.
    pub body: String,
    /// Whether it mentions the bot.
    pub calls_us: bool,
}

/// An event's envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Its id.
    pub id: String,
    /// Who.
    pub sender: String,
    /// When, by the sender's server, in milliseconds.
    pub at: i64,
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// The envelope; `None`: it is no event.
#[must_use]
pub fn envelope(event: &Value) -> Option<Envelope> {
    Some(Envelope {
        id: text(event, "/event_id")?.to_owned(),
        sender: text(event, "/sender")?.to_owned(),
        at: event.get("origin_server_ts").and_then(Value::as_i64).unwrap_or_default(),
    })
}

/// Whether this event says that `me` came into the room.
#[must_use]
pub fn is_own_join(event: &Value, me: &str) -> bool {
    text(event, "/type") == Some("m.room.member")
        && text(event, "/state_key") == Some(me)
        && text(event, "/content/membership") == Some("join")
        && text(event, "/unsigned/prev_content/membership") != Some("join")
}

/// What an event says to `me`.
#[must_use]
pub fn read(event: &Value, me: &str) -> Heard {
    let Some(kind) = text(event, "/type") else { return Heard::Nothing };
    if matches!(kind, "m.room.join_rules" | "m.room.encryption" | "m.room.history_visibility" | "m.bridge" | "uk.half-shot.bridge") {
        return Heard::Room;
    }
    if kind == "m.room.tombstone" && event.get("state_key").and_then(Value::as_str) == Some("") {
        let by = text(event, "/content/replacement_room").filter(|id| id.starts_with('!') && id.len() <= MOST_ID);
        return Heard::Replaced { by: by.unwrap_or("?").to_owned() };
    }
    if text(event, "/sender") == Some(me) || event.get("state_key").is_some() {
        return Heard::Nothing;
    }
    match kind {
        "m.room.message" => message(event, me),
        "m.reaction" => match (text(event, "/content/m.relates_to/event_id"), text(event, "/content/m.relates_to/key")) {
            (Some(target), Some(key)) => Heard::Reaction { target: target.to_owned(), key: bare(key) },
            _ => Heard::Nothing,
        },
        // Since room version 11 it stands in the content; servers give both.
        "m.room.redaction" => match text(event, "/content/redacts").or_else(|| text(event, "/redacts")) {
            Some(target) => Heard::Redacted { target: target.to_owned() },
            None => Heard::Nothing,
        },
        "m.room.encrypted" if text(event, "/content/algorithm").is_some() => {
            let session = text(event, "/content/session_id").filter(|id| id.len() <= MOST_ID).unwrap_or_default();
            Heard::Sealed { session: session.to_owned() }
        }
        _ => Heard::Nothing,
    }
}

fn message(event: &Value, me: &str) -> Heard {
    let relation = text(event, "/content/m.relates_to/rel_type");
    // An edit comes as a new message, `* !claim`.
    let edit = relation == Some("m.replace") || event.pointer("/content/m.new_content").is_some();
    // Bots speak in m.notice, and answer none (spec.matrix.org: m.notice).
    if edit || text(event, "/content/msgtype") != Some("m.text") {
        return Heard::Nothing;
    }
    let Some(body) = text(event, "/content/body").filter(|b| b.len() <= MOST_LINE) else { return Heard::Nothing };
    let thread = text(event, "/content/m.relates_to/event_id").filter(|_| relation == Some("m.thread")).map(str::to_owned);
    let answers = text(event, "/content/m.relates_to/m.in_reply_to/event_id").map(str::to_owned);
    let quoted = answers.is_some();
    let named = event.pointer("/content/m.mentions/user_ids").and_then(Value::as_array);
    let named = named.is_some_and(|ids| ids.iter().any(|id| id.as_str() == Some(me)));
    // Older clients say it by a link alone.
    let linked = text(event, "/content/formatted_body").is_some_and(|html| html.contains(&format!("https://matrix.to/#/{me}")));
    Heard::Text(Text {
        answers: if thread.is_some() { None } else { answers },
        thread,
        body: if quoted { unquoted(body).to_owned() } else { body.to_owned() },
        calls_us: named || linked,
    })
}

/// Without the lines of a quotation in front, which older clients put there.
fn unquoted(body: &str) -> &str {
    let mut rest = body;
    while rest.starts_with("> ") || rest.starts_with(">\n") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.trim_start_matches('\n')
}

/// A reaction's sign without the colour of the skin and the mark of its looks.
fn bare(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')).collect()
}

/// Who the bot is, as people write it.
#[derive(Clone, Debug, Default)]
pub struct Me {
    /// Its full id.
    pub id: String,
    /// The name that people see.
    pub name: Option<String>,
}

impl Me {
    fn names(&self) -> impl Iterator<Item = &str> {
        let local = self.id.trim_start_matches('@').split(':').next().filter(|l| !l.is_empty());
        // The longest first: a name may begin with another.
        [Some(self.id.as_str()), self.name.as_deref(), local].into_iter().flatten().filter(|n| !n.is_empty())
    }

    /// The rest of a text that begins with the bot's name.
    fn called<'a>(&self, text: &'a str) -> Option<&'a str> {
        let bare = text.strip_prefix('@').unwrap_or(text);
        self.names().find_map(|name| {
            let name = name.trim_start_matches('@');
            let rest = bare.get(name.len()..)?;
            let same = bare.get(..name.len()).is_some_and(|head| head.to_lowercase() == name.to_lowercase());
            let ends = rest.is_empty() || rest.starts_with([' ', ',', ':', '\n', '\u{a0}']);
            (same && ends).then(|| rest.trim_start_matches([' ', ',', ':', '\n', '\u{a0}']))
        })
    }
}

/// The command in a text, if it is one: `!claim 42`, `/claim 42`, `sereno: claim 42`.
#[must_use]
pub fn command(said: &Text, prefix: &str, me: &Me) -> Option<String> {
    let text = said.body.trim();
    let line = if let Some(rest) = text.strip_prefix(prefix).filter(|r| r.starts_with(|c: char| c.is_alphabetic() || c == '?')) {
        rest
    } else if let Some(rest) = text.strip_prefix('/') {
        // Paths and other bots' commands begin so as well.
        let first = rest.split_whitespace().next().unwrap_or_default();
        let ours = table::find(first).is_some() || table::slash_names().any(|n| n == first) || first == "caso";
        if !ours {
            return None;
        }
        rest
    } else {
        // Its full id is nobody else's; a mere name may be a word of the sentence.
        let named = said.calls_us || text.trim_start_matches('@').starts_with(me.id.trim_start_matches('@'));
        me.called(text).filter(|_| named)?
    };
    let line = line.strip_prefix(prefix).unwrap_or(line);
    Some(if line.trim().is_empty() { "help".to_owned() } else { line.to_owned() })
}

/// Whether somebody may act at all, by where their account lives. `listed`: `[people]` names them.
/// `bridged`: the room is joined to another network, whose people look like accounts of ours.
#[must_use]
pub fn may_act(sender: &str, listed: bool, bridged: bool, servers: &[String]) -> bool {
    if listed {
        return true;
    }
    let Some((local, server)) = sender.strip_prefix('@').and_then(|s| s.split_once(':')) else { return false };
    // Application services take names that begin with an underscore (spec.matrix.org: application services).
    !bridged && !local.is_empty() && !local.starts_with('_') && servers.iter().any(|s| s == server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ME: &str = "@sereno:example.org";

    fn event(content: Value) -> Value {
        json!({"type":"m.room.message","event_id":"$1","sender":"@ana:example.org","origin_server_ts":5,"content":content})
    }

    fn heard(content: Value) -> Heard {
        read(&event(content), ME)
    }

    fn line(body: &str) -> Option<String> {
        command(&Text { body: body.into(), ..Text::default() }, "!", &me())
    }

    fn me() -> Me {
        Me { id: ME.into(), name: Some("Sereno Bot".into()) }
    }

    #[test]
    fn texts_are_heard_and_nothing_else_is() {
        let Heard::Text(said) = heard(
            json!({"msgtype":"m.text","body":"!claim","m.relates_to":{"rel_type":"m.thread","event_id":"$card","is_falling_back":true,"m.in_reply_to":{"event_id":"$x"}}}),
        ) else {
            panic!()
        };
        assert_eq!((said.thread.as_deref(), said.answers, said.body.as_str()), (Some("$card"), None, "!claim"));
        assert_eq!(heard(json!({"msgtype":"m.notice","body":"!claim"})), Heard::Nothing);
        assert_eq!(heard(json!({"msgtype":"m.emote","body":"!claim"})), Heard::Nothing);
        assert_eq!(
            heard(
                json!({"msgtype":"m.text","body":"* !claim","m.new_content":{"msgtype":"m.text","body":"!claim"},"m.relates_to":{"rel_type":"m.replace","event_id":"$0"}})
            ),
            Heard::Nothing
        );
        assert_eq!(heard(json!({})), Heard::Nothing, "taken back");
        let mut own = event(json!({"msgtype":"m.text","body":"!claim"}));
        own["sender"] = ME.into();
        assert_eq!(read(&own, ME), Heard::Nothing);
    }

    #[test]
    fn a_room_that_is_over_names_the_one_in_its_place() {
        let over = |content: Value| {
            let event = json!({"type":"m.room.tombstone","state_key":"","event_id":"$1","sender":"@ana:example.org","content":content});
            read(&event, ME)
        };
        assert_eq!(over(json!({"replacement_room":"!new"})), Heard::Replaced { by: "!new".into() });
        for odd in [json!({}), json!({"replacement_room":"look at https://evil.example"}), json!({"replacement_room":"!x".repeat(200)})] {
            assert_eq!(over(odd), Heard::Replaced { by: "?".into() });
        }
        assert_eq!(heard(json!({"replacement_room":"!new"})), Heard::Nothing);
    }

    #[test]
    fn an_answer_to_a_card_names_it_without_its_quotation() {
        let said = heard(
            json!({"msgtype":"m.text","body":"> <@sereno:example.org> #42 new\n> more\n\n!claim","m.relates_to":{"m.in_reply_to":{"event_id":"$card"}}}),
        );
        let Heard::Text(said) = said else { panic!() };
        assert_eq!((said.answers.as_deref(), said.body.as_str()), (Some("$card"), "!claim"));
    }

    #[test]
    fn reactions_and_what_is_taken_away() {
        let mut event = json!({"type":"m.reaction","event_id":"$2","sender":"@ana:example.org","content":{"m.relates_to":{"rel_type":"m.annotation","event_id":"$card","key":"🗑\u{fe0f}"}}});
        assert_eq!(read(&event, ME), Heard::Reaction { target: "$card".into(), key: "🗑".into() });
        event["content"] = json!({});
        assert_eq!(read(&event, ME), Heard::Nothing);
        let gone = json!({"type":"m.room.redaction","event_id":"$3","sender":"@ana:example.org","redacts":"$2","content":{}});
        assert_eq!(read(&gone, ME), Heard::Redacted { target: "$2".into() });
        let sealed = json!({"type":"m.room.encrypted","event_id":"$4","sender":"@ana:example.org","content":{"algorithm":"m.megolm.v1.aes-sha2","session_id":"S"}});
        assert_eq!(read(&sealed, ME), Heard::Sealed { session: "S".into() });
    }

    #[test]
    fn a_command_is_known_by_how_it_begins() {
        assert_eq!(line("!claim 42").as_deref(), Some("claim 42"));
        assert_eq!(line("/claim 42").as_deref(), Some("claim 42"));
        assert_eq!(line("/case claim 42").as_deref(), Some("case claim 42"));
        assert_eq!(line("/etc/passwd is gone"), None);
        assert_eq!((line("!!"), line("! no"), line("claim"), line("hello !claim")), (None, None, None, None));
        assert_eq!(line("@sereno:example.org claim 42").as_deref(), Some("claim 42"));
        assert_eq!(line("sereno: claim 42"), None, "a name alone may be a word");
        let called = |body: &str| command(&Text { body: body.into(), calls_us: true, ..Text::default() }, "!", &me());
        assert_eq!(called("sereno: claim 42").as_deref(), Some("claim 42"));
        assert_eq!(called("Sereno Bot claim").as_deref(), Some("claim"));
        assert_eq!(called("@sereno, !claim 42").as_deref(), Some("claim 42"));
        assert_eq!(called("sereno").as_deref(), Some("help"));
        assert_eq!(called("ask sereno to claim"), None);
        assert_eq!(called("serenos claim"), None);
        let other = Text { body: ".claim 42".into(), ..Text::default() };
        assert_eq!(command(&other, ".", &me()).as_deref(), Some("claim 42"));
    }

    #[test]
    fn strangers_bots_and_bridges_may_not_act_unless_listed() {
        let ours = ["example.org".to_owned()];
        assert!(may_act("@ana:example.org", false, false, &ours));
        assert!(!may_act("@ana:evil.example", false, false, &ours));
        assert!(may_act("@ana:evil.example", true, false, &ours));
        assert!(!may_act("@_irc_ana:example.org", false, false, &ours));
        assert!(!may_act("@telegram_1:example.org", false, true, &ours), "the room is bridged");
        assert!(may_act("@ana:example.org", true, true, &ours));
        assert!(!may_act("ana", false, false, &ours) && !may_act("@ana:example.org.evil.example", false, false, &ours));
    }

    #[test]
    fn only_a_real_join_is_one() {
        let join = json!({"type":"m.room.member","state_key":ME,"sender":ME,"content":{"membership":"join"}});
        assert!(is_own_join(&join, ME) && !is_own_join(&join, "@other:example.org"));
        let mut renamed = join.clone();
        renamed["unsigned"] = json!({"prev_content":{"membership":"join"}});
        assert!(!is_own_join(&renamed, ME));
    }
}
