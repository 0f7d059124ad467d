//! Lists of cases, histories, the outbox, help. They may stand in any room, so nothing private is in them.

use super::pen::{DOT, Pen, dotted, one_line};
use super::{card, entry, post, send};
use crate::case::refusal::code;
use crate::case::{Case, Event, EventRecord, Status, StopReason};
use crate::command::table::{TABLE, names, row};
use crate::command::{Filter, Row, Verb};
use crate::engine::{LIST_LIMIT, OutboxLine};
use crate::outbox::{EntryState, Lane};
use crate::policy::Role;
use crate::say::{Arg, Say};
use crate::view::{Line, Piece};

/// How much of a post a list shows, in graphemes.
const EXCERPT: usize = 80;

/// A page of cases, a line each, under how many there are in all and which of them these are.
pub fn list(pen: &Pen<'_>, filter: Filter, cases: &[Case], page: u32, total: usize) -> Vec<Line> {
    let title = Say::new(&format!("list-{}", code(&filter))).number("count", total);
    let mut head = vec![Piece::Strong(pen.say(&title))];
    let before = (page as usize).saturating_sub(1).saturating_mul(LIST_LIMIT);
    let (first, last) = (before.saturating_add(1), before.saturating_add(cases.len()));
    if !cases.is_empty() && cases.len() < total {
        let shown = Say::new("list-shown").number("first", first).number("last", last).number("total", total);
        head.extend([Piece::Words(DOT.into()), pen.own(&shown)]);
    }
    let mut lines = vec![head];
    lines.extend(cases.iter().map(|c| listed(pen, c)));
    if cases.is_empty() && total > 0 {
        lines.push(vec![pen.own(&Say::new("list-no-page").number("page", page).number("pages", total.div_ceil(LIST_LIMIT)))]);
    } else if last < total {
        let next = Say::new(&format!("list-next-{}", code(&filter))).text("page", page.saturating_add(1).to_string());
        lines.push(vec![pen.own(&next.number("count", (total - last).min(LIST_LIMIT)))]);
    }
    lines
}

fn listed(pen: &Pen<'_>, case: &Case) -> Line {
    let mut parts = vec![
        vec![Piece::Strong(case.id.to_string())],
        vec![Piece::Words(pen.get(&format!("priority-{}", code(&case.priority))))],
        vec![Piece::Words(pen.get(&format!("status-{}", code(&case.status))))],
        vec![match &case.owner {
            Some(owner) => Piece::Words(pen.name(Some(owner))),
            None => Piece::Words(pen.get("card-no-owner")),
        }],
    ];
    if let Some(due) = case.answer_due {
        let code = if due <= pen.now { "card-overdue" } else { "card-due" };
        parts.push(vec![pen.own(&Say::new(code).with("due", Arg::Moment(due)))]);
    }
    if let Some(because) = case.hidden_because.as_ref().filter(|_| case.status == Status::Quarantined) {
        parts.push(vec![pen.own(&Say::new("card-hidden").text("reason", pen.say(&card::reason(because))))]);
    }
    let mut said = vec![post::handle(&case.customer)];
    if let Some(excerpt) = card::opening(case).map(|p| post::excerpt(pen, p, EXCERPT)) {
        said.extend([Piece::Words(": ".into()), excerpt]);
    }
    parts.push(said);
    dotted(parts)
}

/// A case's trail, a line each event: when, what, and how it began to read.
pub fn history(pen: &Pen<'_>, case: &Case, events: &[EventRecord]) -> Vec<Line> {
    let mut lines = vec![vec![Piece::Strong(pen.say(&Say::new("history-title").case(case.id)))]];
    for record in events {
        let ctx = crate::i18n::ShowCtx { policy: pen.policy, now: pen.now };
        let mut line = vec![Piece::Words(format!("{}  ", pen.words.moment(record.at, pen.lang, &ctx)))];
        line.extend(entry::sentence(pen, case, record, false));
        if let Some(excerpt) = excerpt(pen, case, &record.event) {
            line.extend([Piece::Words(" ".into()), excerpt]);
        } else if let Some(Piece::Words(words)) = line.last_mut()
            && words.ends_with(':')
        {
            // What the sentence leads to is not told here.
            words.pop();
            words.push('.');
        }
        lines.push(line);
    }
    if events.len() < case.events as usize {
        lines.push(vec![pen.own(&Say::new("history-more").number("count", events.len()).number("total", case.events))]);
    }
    lines
}

fn excerpt(pen: &Pen<'_>, case: &Case, event: &Event) -> Option<Piece> {
    match event {
        Event::Undelivered { send, detail: words } | Event::Stopped { send, because: StopReason::Refused(words) } => {
            case.send(*send).map(|s| one_line(&send::told(case, s, &pen.why(words), false), EXCERPT))
        }
        // The sentence says it all.
        Event::Deleted { .. } => None,
        _ if entry::is_private(case, event) => None,
        Event::Drafted { draft } => case.drafts.iter().find(|d| d.id == *draft).map(|d| one_line(d.text.expose(), EXCERPT)),
        Event::Queued { send, .. } | Event::ApprovalAsked { send } => {
            case.send(*send).filter(|s| !s.text.is_empty()).map(|s| one_line(s.text.expose(), EXCERPT))
        }
        Event::Noted { text } | Event::Escalated { text: Some(text) } | Event::Rejected { text: Some(text), .. } => {
            Some(one_line(text.expose(), EXCERPT))
        }
        _ => event.shows_post().and_then(|i| case.post_at(i)).map(|p| post::excerpt(pen, p, EXCERPT)),
    }
}

/// The outbox, a line each entry: its number, what, where, and how it stands.
pub fn outbox(pen: &Pen<'_>, entries: &[OutboxLine]) -> Vec<Line> {
    let mut lines = vec![vec![Piece::Strong(pen.say(&Say::new("outbox-title").number("count", entries.len())))]];
    lines.extend(entries.iter().map(|line| {
        let entry = &line.entry;
        let mut parts =
            vec![vec![Piece::Strong(entry.id.to_string())], vec![Piece::Words(pen.get(&format!("outbox-{}", code(&entry.effect))))]];
        parts.extend(entry.case.map(|c| vec![Piece::Words(c.to_string())]));
        parts.push(vec![pen.own(&match &entry.lane {
            Lane::Chat(room) => Say::new("outbox-to-room").text("room", room.as_str()),
            Lane::Network(account) => Say::new("outbox-to-account").text("account", pen.account(account)),
        })]);
        parts.push(match &entry.state {
            EntryState::Queued => vec![Piece::Words(pen.get("outbox-queued"))],
            EntryState::InFlight => vec![Piece::Words(pen.get("outbox-in-flight"))],
            EntryState::Unknown => vec![Piece::Words(pen.get("outbox-unknown"))],
            EntryState::Dead { why } => pen.fill(&Say::new("outbox-dead"), &[("why", one_line(&pen.why(why), 200))]),
        });
        if entry.state == EntryState::Queued && entry.due > pen.now {
            parts.push(vec![pen.own(&Say::new("outbox-due").with("due", Arg::Moment(entry.due)))]);
        }
        if entry.attempts > 0 {
            parts.push(vec![pen.own(&Say::new("outbox-attempts").number("count", entry.attempts))]);
        }
        dotted(parts)
    }));
    lines
}

/// What most people want most days, each with an example.
const FIRST: [Verb; 6] = [Verb::Claim, Verb::Draft, Verb::Reply, Verb::Note, Verb::Resolve, Verb::List];
/// All others, by what they are for.
const GROUPS: [(&str, &[Verb]); 4] = [
    (
        "answers",
        &[Verb::Approve, Verb::Reject, Verb::Discard, Verb::Undo, Verb::Retract, Verb::Correct, Verb::Posted, Verb::Handoff, Verb::Dm],
    ),
    (
        "case",
        &[
            Verb::Release,
            Verb::Assign,
            Verb::Tag,
            Verb::Priority,
            Verb::Snooze,
            Verb::Escalate,
            Verb::Reopen,
            Verb::Merge,
            Verb::Link,
            Verb::Spam,
            Verb::Restore,
        ],
    ),
    ("look", &[Verb::History, Verb::Digest]),
    ("desk", &[Verb::Pause, Verb::Resume, Verb::Reload]),
];

/// One command in full, or those that `role` may: as they fit a phone, or `all` with what each does.
pub fn help(pen: &Pen<'_>, verb: Option<Verb>, all: bool, role: Role) -> Vec<Line> {
    let brief = |row: &Row| {
        let usage = Piece::Strong(pen.get(&format!("usage-{}", row.name)));
        vec![usage, Piece::Words(format!("  {}", pen.get(&format!("help-{}", row.name))))]
    };
    let Some(verb) = verb else {
        let mut lines = vec![vec![Piece::Strong(pen.get("help-title")), Piece::Words(format!("{DOT}{}", pen.get("help-thread")))]];
        if all {
            lines.extend(TABLE.iter().filter(|row| row.role <= role).map(brief));
        } else {
            lines.extend(phone(pen, role));
        }
        let may_not = TABLE.iter().filter(|row| row.role > role).count();
        if may_not > 0 {
            lines.push(vec![pen.own(&Say::new("help-others").number("count", may_not))]);
        }
        lines.push(vec![Piece::Words(pen.get(if all { "help-more" } else { "help-more-all" }))]);
        return lines;
    };
    let wanted = row(verb);
    let shown = pen.words.typed(wanted.name, pen.lang);
    let others: Vec<&str> = names(wanted).filter(|n| *n != shown).collect();
    let mut lines = vec![brief(wanted)];
    if !others.is_empty() {
        lines.push(vec![pen.own(&Say::new("help-also").text("names", others.join(", ")))]);
    }
    let told = if wanted.role <= role { "help-role" } else { "help-role-not-yours" };
    lines.push(vec![pen.own(&Say::new(told).with("role", Arg::Code(format!("role-{}", code(&wanted.role)))))]);
    lines
}

/// What `role` may, on a screen of a phone: a line each for what is used most, the names of the others.
fn phone(pen: &Pen<'_>, role: Role) -> Vec<Line> {
    let may = |verb: &&Verb| row(**verb).role <= role;
    let mut lines: Vec<Line> =
        FIRST.iter().filter(may).map(|verb| vec![Piece::Words(pen.get(&format!("help-first-{}", row(*verb).name)))]).collect();
    for (group, verbs) in GROUPS {
        let names: Vec<String> = verbs.iter().filter(may).map(|v| format!("`{}`", pen.words.typed(row(*v).name, pen.lang))).collect();
        if !names.is_empty() {
            lines.push(vec![pen.own(&Say::new(&format!("help-group-{group}")).text("names", names.join(DOT)))]);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_for_a_phone_leaves_no_command_out_and_names_none_twice() {
        let mut named: Vec<Verb> = FIRST.into_iter().chain(GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied())).collect();
        // The last line names the help itself.
        named.push(Verb::Help);
        let all: Vec<Verb> = TABLE.iter().map(|row| row.verb).collect();
        assert!(all.iter().all(|verb| named.iter().filter(|n| *n == verb).count() == 1), "{named:?}");
    }
}
