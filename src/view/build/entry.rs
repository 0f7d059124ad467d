//! An entry in a case's thread: what happened, in a sentence, and what was said.

use super::pen::{Pen, foreign, link, one_line};
use super::{actions, card, post, send};
use crate::case::refusal::code;
use crate::case::{Case, CasePost, Event, EventRecord, Outgoing, Resolution, SendKind, SendState, StopReason};
use crate::policy::{AgentId, Role};
use crate::post::Untrusted;
use crate::say::{Arg, Say};
use crate::view::{EntryView, Line, Piece};

/// The entry. `private`: whether its room may show private text.
pub fn entry(pen: &Pen<'_>, case: &Case, record: &EventRecord, private: bool) -> EntryView {
    let shown = record.event.shows_post().and_then(|i| case.post_at(i));
    let mut lines = vec![sentence(pen, case, record, private)];
    lines.extend(content(pen, case, record, private));
    EntryView {
        case: case.id.0,
        event: code(&record.event),
        n: record.n,
        post: shown.map(|p| p.post.id.to_string()),
        author: shown.map(|p| p.post.author.id.to_string()),
        lines,
        actions: actions::of_event(pen, case, &record.event),
        calls: calls(pen, case, record),
    }
}

/// The most people that one entry calls.
const MOST_CALLED: usize = 10;

/// Who must act now: whoever was given the case, its owner where there is something new to answer or
/// something went wrong, the leads where they are asked. Nobody is called for what they did themselves.
fn calls(pen: &Pen<'_>, case: &Case, record: &EventRecord) -> Vec<String> {
    let drafted_by = |id: u32| case.send(id).map(|s| s.drafted_by.clone());
    let leads = || pen.policy.people.iter().filter(|(_, p)| p.role >= Role::Lead).map(|(id, _)| id.clone()).collect();
    let called: Vec<AgentId> = match &record.event {
        Event::Assigned { to } => vec![to.clone()],
        Event::Joined { .. } | Event::DmReceived { .. } | Event::Overdue | Event::Woke | Event::Reopened { by_customer: true } => {
            case.owner.iter().cloned().collect()
        }
        Event::Held { send, .. } | Event::InDoubt { send } | Event::Undelivered { send, .. } => {
            case.owner.clone().or_else(|| drafted_by(*send)).into_iter().collect()
        }
        Event::Rejected { send, .. } => drafted_by(*send).into_iter().collect(),
        Event::Escalated { .. } | Event::ApprovalAsked { .. } => leads(),
        _ => Vec::new(),
    };
    called.into_iter().filter(|id| record.by.as_ref() != Some(id)).take(MOST_CALLED).map(|id| id.0).collect()
}

/// Whether the entry would show private text if its place allowed it.
pub fn is_private(case: &Case, event: &Event) -> bool {
    match event {
        Event::Drafted { draft } => case.drafts.iter().any(|d| d.id == *draft && send::is_private_draft(case, d)),
        _ => {
            let post = event.shows_post().and_then(|i| case.post_at(i));
            post.is_some_and(|p| p.post.is_dm() && p.deleted_at.is_none())
                || called_back(case, event).is_some()
                || shows_text_of(event).or(tells_of(event)).and_then(|id| case.send(id)).is_some_and(|s| send::is_private(case, s))
        }
    }
}

/// What happened, in a sentence. `private`: whether a link to something private may stand in it.
pub fn sentence(pen: &Pen<'_>, case: &Case, record: &EventRecord, private: bool) -> Line {
    let event = &record.event;
    let say = Say::new(&sentence_code(record)).text("agent", record.by.as_ref().map_or("sereno", |a| a.as_str()));
    let of_send = |say: Say, id: u32| say.with("kind", Arg::Code(case.send(id).map_or_else(|| "send-reply".to_owned(), send::kind_code)));
    match event {
        Event::Opened { linked: Some(other), .. } => vec![pen.own(&say.case(*other))],
        Event::Assigned { to } => vec![pen.own(&say.text("colleague", to.as_str()))],
        Event::Tagged { tag } | Event::Untagged { tag } => pen.fill(&say, &[("tag", one_line(tag, 60))]),
        Event::PrioritySet { to } => vec![pen.own(&say.with("priority", Arg::Code(format!("priority-{}", code(to)))))],
        Event::PriorityRaised { to, because } => {
            let reason = pen.say(&card::reason(because));
            vec![pen.own(&say.with("priority", Arg::Code(format!("priority-{}", code(to)))).text("reason", reason))]
        }
        Event::Snoozed { until } => vec![pen.own(&say.with("until", Arg::Moment(*until)))],
        Event::Drafted { draft } => drafted(pen, case, say, *draft),
        Event::Discarded { draft } => vec![pen.own(&say.number("draft", *draft))],
        Event::Held { send, because } => {
            let say = of_send(say, *send).with("reason", Arg::Code(format!("hold-{}", code(because))));
            vec![pen.own(&say.text("n", case.id.0.to_string()))]
        }
        Event::Stopped { send, because } => vec![pen.own(&of_send(say, *send).with("reason", Arg::Code(send::stop_code(because))))],
        Event::ApprovalAsked { send }
        | Event::Approved { send }
        | Event::Rejected { send, .. }
        | Event::Queued { send, .. }
        | Event::InDoubt { send }
        | Event::AnswerGone { send }
        | Event::Undelivered { send, .. } => vec![pen.own(&of_send(say, *send))],
        Event::OtherHandoffs { others } => {
            let first = others.first().map_or_else(String::new, |id| id.0.to_string());
            let named = others.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            vec![pen.own(&say.text("others", named).text("n", case.id.0.to_string()).text("other", first))]
        }
        Event::Published { send } => published(pen, case, *send, published_code, private),
        Event::StoodAfterAll { send } => published(pen, case, *send, |_| "event-stood-after-all".into(), private),
        Event::Deleted { post } => {
            let mut line = vec![pen.own(&say)];
            if let Some(post) = case.post_at(*post) {
                line.push(Piece::Words(" ".into()));
                line.extend(post::byline(pen, post, true));
            }
            line
        }
        Event::MergedFrom { case } | Event::MergedInto { case } | Event::Linked { case } | Event::Erased { case } => {
            vec![pen.own(&say.case(*case))]
        }
        Event::Hidden { because } => {
            let reason = pen.say(&card::reason(because));
            vec![pen.own(&say.text("reason", reason).text("n", case.id.0.to_string()))]
        }
        Event::PostedByHand { url } => {
            let mut line = vec![pen.own(&say)];
            line.extend(link(&pen.get("send-published-link"), url).into_iter().flat_map(|link| [Piece::Words(" ".into()), link]));
            line
        }
        Event::Undone { verb } => vec![pen.own(&say.text("verb", verb))],
        _ => vec![pen.own(&say)],
    }
}

/// `event-<code>`, for some events a variant of it.
fn sentence_code(record: &EventRecord) -> String {
    let event = &record.event;
    let variant = match event {
        // Nobody sent it anew: its window ran out while nobody watched, and begins again.
        Event::Queued { .. } if record.by.is_none() => "-again",
        Event::Opened { linked: Some(_), .. } => "-linked",
        Event::Escalated { text: Some(_) } | Event::Rejected { text: Some(_), .. } => "-why",
        Event::Undelivered { detail, .. } if !detail.is_empty() => "-said",
        Event::Resolved { how: Resolution::ByAgent } => "-by-agent",
        Event::Resolved { how: Resolution::ByCustomer } | Event::Reopened { by_customer: true } => "-by-customer",
        _ => "",
    };
    format!("event-{}{variant}", code(event))
}

/// The send whose text the entry of this event shows.
fn shows_text_of(event: &Event) -> Option<u32> {
    match event {
        Event::ApprovalAsked { send } | Event::Queued { send, .. } => Some(*send),
        _ => None,
    }
}

/// The send of which the entry shows the network's words, which may repeat some of its text.
fn tells_of(event: &Event) -> Option<u32> {
    match event {
        Event::Stopped { send, because: StopReason::Refused(_) } | Event::Undelivered { send, .. } => Some(*send),
        _ => None,
    }
}

/// The private send that was called back: its text stands once more where it may, to be copied.
/// That of a public one is the draft again.
fn called_back<'a>(case: &'a Case, event: &Event) -> Option<&'a Outgoing> {
    match event {
        Event::Stopped { send, because: StopReason::Undone } => case.send(*send).filter(|s| s.kind.is_private()),
        _ => None,
    }
}

/// What was said: a post with its author, a draft, a send, a note.
fn content(pen: &Pen<'_>, case: &Case, record: &EventRecord, private: bool) -> Vec<Line> {
    let event = &record.event;
    if matches!(event, Event::Deleted { .. }) {
        return Vec::new();
    }
    if let Some(index) = event.shows_post() {
        return case.post_at(index).map_or_else(|| vec![vec![Piece::Words(pen.get("post-missing"))]], |p| said(pen, case, p, private));
    }
    if let Some(send) = shows_text_of(event).and_then(|id| case.send(id)) {
        return outgoing(pen, case, send, private);
    }
    if let Some(send) = called_back(case, event).filter(|_| private) {
        return send::text(pen, case, send, private);
    }
    match event {
        Event::Drafted { draft } => drafted_text(pen, case, *draft, private),
        Event::Noted { text } | Event::Escalated { text: Some(text) } | Event::Rejected { text: Some(text), .. } => foreign(text),
        Event::Stopped { send, because: StopReason::Refused(words) } | Event::Undelivered { send, detail: words } => {
            let told = case.send(*send).map(|s| send::told(case, s, &pen.why(words), private)).unwrap_or_default();
            foreign(&Untrusted::new(told))
        }
        _ => Vec::new(),
    }
}

fn said(pen: &Pen<'_>, case: &Case, shown: &CasePost, private: bool) -> Vec<Line> {
    let mut lines = vec![post::byline(pen, shown, post::hidden(shown, private))];
    lines.extend(post::about(pen, case, shown, private));
    lines.extend(post::body(pen, shown, private));
    lines
}

fn outgoing(pen: &Pen<'_>, case: &Case, send: &Outgoing, private: bool) -> Vec<Line> {
    let mut lines = send::text(pen, case, send, private);
    lines.push(send::address(pen, send));
    if let Some(approver) = &send.approved_by {
        lines.push(vec![pen.own(&Say::new("send-approved-by").text("agent", approver.as_str()))]);
    }
    match send.state {
        SendState::Waiting { .. } => lines.extend(send::countdown(pen, case, send)),
        SendState::AwaitingApproval => {}
        // Said late: what became of it meanwhile.
        _ => lines.push(send::state(pen, case, send, private)),
    }
    lines
}

fn drafted(pen: &Pen<'_>, case: &Case, say: Say, id: u32) -> Line {
    let text = case.drafts.iter().find(|d| d.id == id).map(|d| d.text.expose()).unwrap_or_default();
    let length = send::counted(pen, &case.account, &case.customer, text);
    let say = match pen.price(&case.account, false, text) {
        Some(price) => Say { code: "event-drafted-priced".into(), ..say }.text("price", price),
        None => say,
    };
    vec![pen.own(&say.number("draft", id).number("length", length).number("max", pen.capabilities(&case.account).max_length))]
}

/// A draft as it was written, or a sentence where the place may not show it.
pub fn draft_text(pen: &Pen<'_>, case: &Case, id: u32, private: bool) -> Vec<Line> {
    let Some(draft) = case.drafts.iter().find(|d| d.id == id) else { return Vec::new() };
    if send::is_private_draft(case, draft) && !private {
        return vec![vec![Piece::Words(pen.get("send-private"))]];
    }
    let mut lines = foreign(&draft.text);
    lines.extend(send::pictures(pen, &draft.files, true));
    lines
}

/// A draft's text, and where a person writes it if nobody else can.
fn drafted_text(pen: &Pen<'_>, case: &Case, id: u32, private: bool) -> Vec<Line> {
    let mut lines = draft_text(pen, case, id, private);
    let draft = case.current_draft().filter(|d| d.id == id && (private || !send::is_private_draft(case, d)));
    let target = case.latest_of_customer(false);
    lines.extend(draft.zip(target).and_then(|(d, target)| post::by_hand(pen, target, d.text.expose())).map(|link| vec![link]));
    lines
}

fn published_code(kind: &SendKind) -> String {
    format!("event-published{}", send::published_as(kind))
}

fn published(pen: &Pen<'_>, case: &Case, id: u32, code: impl Fn(&SendKind) -> String, private: bool) -> Line {
    let Some(send) = case.send(id) else { return Line::new() };
    let say = Say::new(&code(&send.kind));
    let line = vec![pen.own(&say.with("kind", Arg::Code(send::kind_code(send))))];
    let url = match &send.state {
        SendState::Published { url, .. } => url.as_deref(),
        _ => None,
    };
    send::with_link(pen, case, send, line, url, private)
}
