//! Sends: what goes out in the company's name, from where to whom, and where it stands.

use super::pen::{DOT, Pen, foreign, link, one_line};
use super::post::handle;
use crate::case::refusal::code;
use crate::case::{Attached, Case, Draft, Outgoing, SendKind, SendState, StopReason};
use crate::i18n::ShowCtx;
use crate::intake::length::of_answer;
use crate::media::Kind;
use crate::post::{Account, Author};
use crate::say::{Arg, Say, Why};
use crate::view::{Line, Piece};

/// What it is: `send-reply`.
pub fn kind_code(send: &Outgoing) -> String {
    format!("send-{}", code(&send.kind))
}

/// What it is, in words.
pub fn kind(pen: &Pen<'_>, send: &Outgoing) -> String {
    pen.get(&kind_code(send))
}

/// Whether only the customer will read it: a correction or removal is as private as what it is about.
pub fn is_private(case: &Case, send: &Outgoing) -> bool {
    match send.kind {
        SendKind::Handoff | SendKind::Dm => true,
        SendKind::Reply => false,
        // What it is about came before it, so this ends.
        SendKind::Retract { send: earlier } | SendKind::Correct { send: earlier } => {
            earlier < send.id && case.send(earlier).is_some_and(|e| is_private(case, e))
        }
    }
}

/// Whether a draft became something private: then its text is as private as that.
pub fn is_private_draft(case: &Case, draft: &Draft) -> bool {
    let same = |s: &&Outgoing| s.text.expose().trim() == draft.text.expose().trim();
    case.sends.iter().filter(|s| is_private(case, s)).any(|s| same(&s))
}

/// Its length as the network will count it.
pub fn counted(pen: &Pen<'_>, account: &Account, to: &Author, text: &str) -> usize {
    of_answer(text, to.handle.expose(), &pen.capabilities(account))
}

/// From where, to whom, how long.
pub fn address(pen: &Pen<'_>, send: &Outgoing) -> Line {
    let account = Piece::Words(pen.account(&send.account));
    let slots = [("account", account), ("target", handle(&send.to))];
    if matches!(send.kind, SendKind::Retract { .. }) {
        return pen.fill(&Say::new("send-line-textless"), &slots);
    }
    let length = counted(pen, &send.account, &send.to, send.text.expose());
    let say = Say::new("send-line").number("length", length).number("max", pen.capabilities(&send.account).most(send.kind.is_private()));
    let mut line = pen.fill(&say, &slots);
    if let Some(price) = pen.price(&send.account, send.kind.is_private(), send.text.expose()) {
        line.extend([Piece::Words(DOT.into()), pen.own(&Say::new("send-price").text("price", price))]);
    }
    line
}

/// Its text, or a sentence where the place may not show it.
pub fn text(pen: &Pen<'_>, case: &Case, send: &Outgoing, private: bool) -> Vec<Line> {
    if matches!(send.kind, SendKind::Retract { .. }) {
        return Vec::new();
    }
    if is_private(case, send) && !private {
        return vec![vec![Piece::Words(pen.get("send-private"))]];
    }
    let mut lines = foreign(&send.text);
    lines.extend(pictures(pen, &send.files, true));
    lines
}

/// The pictures that go with it. `named`: whether the place may show what they are called.
pub fn pictures(pen: &Pen<'_>, files: &[Attached], named: bool) -> Option<Line> {
    let mut line = vec![pen.own(&Say::new(if named { "send-pictures-named" } else { "send-pictures" }).number("count", files.len()))];
    for (n, file) in files.iter().enumerate().filter(|_| named) {
        let say =
            Say::new("send-picture").text("kind", file.kind().map_or("?", Kind::name)).text("size", file.bytes.div_ceil(1024).to_string());
        let before = if n == 0 { " " } else { ", " };
        line.extend([Piece::Words(before.into()), one_line(file.name.expose(), 60), Piece::Words(" ".into()), pen.own(&say)]);
    }
    (!files.is_empty()).then_some(line)
}

/// While it can be undone: how long still.
pub fn countdown(pen: &Pen<'_>, case: &Case, send: &Outgoing) -> Option<Line> {
    let SendState::Waiting { until } = send.state else { return None };
    let left = until.since(pen.now);
    let span = Piece::Until { words: pen.words.span(left, pen.lang), at: until };
    (left > 0).then(|| pen.fill(&Say::new("send-countdown").text("n", case.id.0.to_string()), &[("span", span)]))
}

/// Where it stands, in a sentence that needs no other.
pub fn state(pen: &Pen<'_>, case: &Case, send: &Outgoing, private: bool) -> Line {
    let kind = Arg::Code(kind_code(send));
    let say = |code: &str| Say::new(&format!("send-{code}")).with("kind", kind.clone());
    match &send.state {
        SendState::AwaitingApproval => vec![pen.own(&say("awaiting-approval"))],
        SendState::Waiting { until } => {
            // The end of an undo window matters to the second.
            let at = pen.words.at(*until, true, pen.lang, &ShowCtx { policy: pen.policy, now: pen.now });
            vec![pen.own(&say("waiting").text("at", at))]
        }
        SendState::Held(reason) => vec![pen.own(&say("held").with("reason", Arg::Code(format!("hold-{}", code(reason)))))],
        SendState::InFlight { .. } => vec![pen.own(&say("in-flight"))],
        SendState::Unknown { .. } => vec![pen.own(&say("unknown"))],
        SendState::Published { at, url, .. } => {
            let line = vec![pen.own(&say(&format!("published{}", published_as(&send.kind))).with("at", Arg::Moment(*at)))];
            with_link(pen, case, send, line, url.as_deref(), private)
        }
        SendState::Stopped(StopReason::Retracted) => vec![pen.own(&say("taken-back"))],
        SendState::Stopped(reason) => {
            let mut line = vec![pen.own(&say("stopped").with("reason", Arg::Code(stop_code(reason))))];
            if let StopReason::Refused(words) = reason
                && !words.is_empty()
            {
                line.extend([Piece::Words(": ".into()), super::pen::one_line(&told(case, send, &pen.why(words), private), 300)]);
            } else {
                line.push(Piece::Words(".".into()));
            }
            line
        }
    }
}

/// What having arrived is called: behind `event-published` and `send-published`.
pub fn published_as(kind: &SendKind) -> &'static str {
    match kind {
        SendKind::Reply => "",
        SendKind::Handoff | SendKind::Dm => "-private",
        SendKind::Retract { .. } => "-retract",
        SendKind::Correct { .. } => "-correct",
    }
}

/// A sentence without its end, and a link to what stands on the network, if something does there.
pub fn with_link(pen: &Pen<'_>, case: &Case, send: &Outgoing, mut line: Line, url: Option<&str>, private: bool) -> Line {
    let stands = !matches!(send.kind, SendKind::Retract { .. }) && (private || !is_private(case, send));
    match url.filter(|_| stands).and_then(|u| link(&pen.get("send-published-link"), u)) {
        Some(link) => line.extend([Piece::Words(DOT.into()), link]),
        None => line.push(Piece::Words(".".into())),
    }
    line
}

/// `stop-undone`.
pub fn stop_code(reason: &StopReason) -> String {
    match reason {
        // It never came so far as to be refused there.
        StopReason::Refused(Why::Ours(_)) => "stop-unfit".to_owned(),
        _ => format!("stop-{}", code(reason)),
    }
}

/// The network's words about a send. They may repeat some of its text: of a private one, these
/// are left out where the text itself may not stand.
pub fn told(case: &Case, send: &Outgoing, words: &str, private: bool) -> String {
    if private || !is_private(case, send) {
        return words.to_owned();
    }
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let secret: Vec<String> = send.text.expose().split_whitespace().map(bare).filter(|w| w.chars().count() >= 4).collect();
    let shown = |word: &str| {
        let word_bare = bare(word);
        if secret.iter().any(|s| word_bare.contains(s)) { "…".to_owned() } else { word.to_owned() }
    };
    words.split_whitespace().map(shown).collect::<Vec<_>>().join(" ")
}
