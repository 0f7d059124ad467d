//! Writing lines: sentences of the locales, with foreign text kept apart from our own words.

use crate::clock::Time;
use crate::i18n::{Part, ShowCtx, Words, is_person};
use crate::intake::length::weighted::holds_link;
use crate::policy::{AgentId, Lang, Policy};
use crate::post::Untrusted;
use crate::say::{Arg, Say, Why};
use crate::view::{Line, Piece, hygiene};

/// Who writes for whom: the words, the rules, the reader's language, the moment.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// The words.
    pub words: &'a Words,
    /// The rules.
    pub policy: &'a Policy,
    /// The reader's language.
    pub lang: Lang,
    /// The moment.
    pub now: Time,
}

/// What parts stand between on a line.
pub const DOT: &str = " · ";

impl Pen<'_> {
    fn ctx(&self) -> ShowCtx<'_> {
        ShowCtx { policy: self.policy, now: self.now }
    }

    /// A sentence all of whose arguments are our own.
    pub fn say(&self, say: &Say) -> String {
        self.words.say(say, self.lang, &self.ctx())
    }

    /// The words of a code without arguments.
    pub fn get(&self, code: &str) -> String {
        self.words.get(code, self.lang)
    }

    /// A sentence all of whose arguments are our own, as a piece.
    pub fn own(&self, say: &Say) -> Piece {
        Piece::Words(self.say(say))
    }

    /// A sentence with pieces in it.
    pub fn fill(&self, say: &Say, slots: &[(&str, Piece)]) -> Line {
        let names: Vec<&str> = slots.iter().map(|(name, _)| *name).collect();
        let part = |part: Part| match part {
            Part::Words(words) => Some(Piece::Words(words)),
            Part::Slot(slot) => slots.get(slot).map(|(_, piece)| piece.clone()),
        };
        self.words.parts(say, &names, self.lang, &self.ctx()).into_iter().filter_map(part).collect()
    }

    /// A sentence from elsewhere: its texts are foreign, but for names of staff and numbers of cases.
    pub fn line(&self, say: &Say) -> Line {
        let foreign = |(name, arg): &(String, Arg)| match arg {
            Arg::Text(text) if !is_person(name) && name != "case" => Some((name.clone(), one_line(text, hygiene::TEXT_MAX))),
            _ => None,
        };
        let slots: Vec<(String, Piece)> = say.args.iter().filter_map(foreign).collect();
        let slots: Vec<(&str, Piece)> = slots.iter().map(|(name, piece)| (name.as_str(), piece.clone())).collect();
        self.fill(say, &slots)
    }

    /// Why something came to nothing.
    pub fn why(&self, why: &Why) -> String {
        match why {
            Why::Theirs(words) => words.clone(),
            Why::Ours(say) => self.say(say),
        }
    }

    /// A colleague's name; sereno's own where nobody did it.
    pub fn name(&self, agent: Option<&AgentId>) -> String {
        agent.map_or_else(|| "sereno".to_owned(), |a| hygiene::one_line(self.policy.name_of(a), hygiene::NAME_MAX))
    }

    /// The handle of one of our accounts, else its name in `bot.toml`.
    pub fn account(&self, account: &crate::post::Account) -> String {
        hygiene::handle(self.policy.handle_of(account))
    }

    /// What it costs to publish this very text there, in dollars, where the network charges for that.
    pub fn price(&self, account: &crate::post::Account, private: bool, text: &str) -> Option<String> {
        let fees = self.policy.accounts.get(account)?.fees?;
        let fee = match private {
            true => fees.private,
            false if holds_link(text) => fees.reply_with_link,
            false => fees.reply,
        };
        Some(fee.dollars())
    }

    /// What the network of one of our accounts can do.
    pub fn capabilities(&self, account: &crate::post::Account) -> crate::policy::Capabilities {
        self.policy.accounts.get(account).map(|a| a.capabilities.clone()).unwrap_or_default()
    }
}

/// Foreign text on one line.
pub fn one_line(text: &str, max: usize) -> Piece {
    Piece::Foreign(Untrusted::new(hygiene::one_line(text, max)))
}

/// A foreign text, a line each.
pub fn foreign(text: &Untrusted) -> Vec<Line> {
    hygiene::lines(text.expose()).into_iter().map(|l| vec![Piece::Foreign(Untrusted::new(l))]).collect()
}

/// A link, where the address is one: our label, and behind it nothing but that address.
pub fn link(label: &str, address: &str) -> Option<Piece> {
    hygiene::link(address).map(|(_, url)| Piece::Link { label: label.to_owned(), url })
}

/// Parts on one line, with dots between them; empty ones left out.
pub fn dotted(parts: Vec<Line>) -> Line {
    let mut line = Line::new();
    for part in parts.into_iter().filter(|p| !p.is_empty()) {
        if !line.is_empty() {
            line.push(Piece::Words(DOT.to_owned()));
        }
        line.extend(part);
    }
    line
}
