//! The command in what was typed: behind a slash command, in a message; and which of them asks for a form.

use super::inbound::Hearing;
use super::wire::{self, Message, Slash};
use crate::command::{Answer, Door, Row, Takes, table};

impl Hearing {
    /// What was typed behind a slash command, as a line: `/case claim 42` is `claim 42`, `/claim 42` as well.
    pub(super) fn slash_line(&self, slash: &Slash) -> String {
        let name = slash.command.trim_start_matches('/');
        let name = name.strip_prefix(self.shared.settings.slash_prefix.as_str()).unwrap_or(name);
        let text = self.typed_text(&slash.text);
        let line = if matches!(name, "case" | "caso") { text } else { format!("{name} {text}") };
        if line.trim().is_empty() { "help".to_owned() } else { line }
    }

    /// Text as it was typed; a colleague stays an id where the command takes one.
    fn typed_text(&self, text: &str) -> String {
        let first = text.trim_start().trim_start_matches(['!', '/']).split_whitespace().next().unwrap_or_default();
        if table::find(first).is_some_and(|row| matches!(row.takes, Takes::Person)) {
            return text.to_owned();
        }
        wire::plain(text, |id| self.shared.people.name(id))
    }

    /// The command that a message holds: `!claim`, `@sereno claim`; said to the bot alone, anything is one.
    pub(super) fn command_in(&self, message: &Message) -> Option<String> {
        let me = self.shared.session.known()?;
        if message.who.id == me.user_id {
            return None;
        }
        let text = message.text.trim();
        let called = text.strip_prefix("<@").and_then(|t| t.split_once('>')).filter(|(id, _)| id.split('|').next() == Some(&me.user_id));
        let text = match (called, text.strip_prefix('!')) {
            (Some((_, rest)), _) => rest.trim_start_matches([',', ':', ' ']),
            // "!!" and "!?" are feelings, not commands.
            (None, Some(rest)) if rest.starts_with(char::is_alphabetic) => rest,
            (None, _) if message.direct => text,
            _ => return None,
        };
        let line = self.typed_text(text);
        Some(if line.trim().is_empty() { "help".to_owned() } else { line })
    }
}

/// `/draft 42` without a text: the form asks for it.
pub(super) fn wants_form(row: &'static Row, line: &str) -> Option<(&'static Row, u64)> {
    asks_for_text(row, line).filter(|_| matches!(row.takes, Takes::Text))
}

/// A command that takes a text, typed with a case alone.
pub(super) fn asks_for_text(row: &'static Row, line: &str) -> Option<(&'static Row, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, case] = words.as_slice() else { return None };
    let case = case.trim_start_matches('#').parse().ok()?;
    let text = matches!(row.takes, Takes::Text | Takes::MaybeText);
    (text && row.on_case && row.doors.contains(&Door::Modal)).then_some((row, case))
}

/// Whether a command was refused for want of a text alone.
pub(super) fn lacks_text(answer: &Answer) -> bool {
    !answer.ok && ["refused-no-draft", "refused-empty"].contains(&answer.say.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_that_lacks_its_text_asks_for_it_by_a_form() {
        let row = |name| table::find(name).unwrap();
        assert!(wants_form(row("draft"), "draft 42").is_some_and(|(_, case)| case == 42));
        assert!(wants_form(row("draft"), "draft 42 hello").is_none());
        // Without a text it sends the draft.
        assert!(wants_form(row("reply"), "reply 42").is_none());
        assert!(wants_form(row("claim"), "claim 42").is_none());
    }
}
