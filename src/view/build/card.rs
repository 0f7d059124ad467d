//! A case's card: who, what, where, how it stands, and what can be done.

use super::pen::{Pen, dotted, one_line};
use super::{actions, post, send};
use crate::case::refusal::code;
use crate::case::{Case, CasePost, Outgoing, Resolution, SendState, Status, StopReason, Voice};
use crate::intake::Reason;
use crate::policy::DmRoute;
use crate::post::{Answering, Reach};
use crate::say::{Arg, Say};
use crate::view::{CardView, Line, Piece};

/// The card. `private`: whether its room may show the text of direct messages.
pub fn card(pen: &Pen<'_>, case: &Case, private: bool) -> CardView {
    let first = opening(case);
    CardView {
        case: case.id.0,
        code: case.code.clone(),
        status: code(&case.status),
        priority: code(&case.priority),
        owner: case.owner.as_ref().map(ToString::to_string),
        network: case.key.network.to_string(),
        account: case.account.to_string(),
        post: first.map(|p| p.post.id.to_string()).unwrap_or_default(),
        customer: case.customer.id.to_string(),
        title: title(pen, case),
        who: post::who(pen, &case.customer, case.earlier_cases),
        body: first.map_or_else(
            || vec![vec![Piece::Words(pen.get("post-missing"))]],
            |p| [post::about(pen, case, p, private), post::body(pen, p, private)].concat(),
        ),
        facts: facts(pen, case, first, private),
        actions: actions::of_case(pen, case),
    }
}

/// Whether the card would show private text if its place allowed it.
pub fn is_private(case: &Case) -> bool {
    // The network's words about a private message may repeat some of it.
    let told = |s: &Outgoing| matches!(s.state, SendState::Stopped(StopReason::Refused(_))) && send::is_private(case, s);
    opening(case).is_some_and(|p| p.post.is_dm() && p.deleted_at.is_none()) || case.sends.last().is_some_and(told)
}

/// The customer's first post: what the case is about.
pub fn opening(case: &Case) -> Option<&CasePost> {
    case.posts.iter().find(|p| p.voice == Voice::Customer).or_else(|| case.posts.first())
}

/// Why a case has its priority, or is hidden.
pub fn reason(reason: &Reason) -> Say {
    let say = Say::new(&format!("reason-{}", code(reason)));
    match reason {
        Reason::AlarmWord(word) | Reason::SpamWord(word) => say.text("word", word),
        Reason::Audience(n) | Reason::Spreading(n) => say.number("count", *n),
        Reason::Returning(n) | Reason::NewAccount(n) => say.number("count", *n),
        _ => say,
    }
}

fn title(pen: &Pen<'_>, case: &Case) -> Line {
    let priority = pen.get(&format!("priority-{}", code(&case.priority)));
    dotted(vec![
        vec![Piece::Strong(case.id.to_string())],
        vec![Piece::Words(pen.get(&format!("status-{}", code(&case.status))))],
        vec![if case.priority >= crate::case::Priority::High { Piece::Strong(priority) } else { Piece::Words(priority) }],
    ])
}

fn facts(pen: &Pen<'_>, case: &Case, first: Option<&CasePost>, private: bool) -> Vec<Line> {
    let mut facts = vec![status(pen, case), priority(pen, case), place(pen, case, first, private)];
    facts.extend(spread(pen, case, first));
    facts.extend(answer_state(pen, case, private));
    facts.push(vec![pen.own(&Say::new("card-code").text("code", &case.code))]);
    facts.extend(belongings(pen, case));
    facts
}

/// Status, owner, until when.
fn status(pen: &Pen<'_>, case: &Case) -> Line {
    let mut parts = vec![vec![pen.own(&Say::new("card-status").with("status", Arg::Code(format!("status-{}", code(&case.status)))))]];
    if let Some(until) = case.snoozed_until.filter(|_| case.status == Status::Snoozed) {
        parts.push(vec![pen.own(&Say::new("card-snoozed").with("until", Arg::Moment(until)))]);
    }
    if let (Some(at), Some(how)) = (case.resolved_at, case.resolution) {
        let code = match how {
            Resolution::ByAgent => "card-resolved-by-agent",
            Resolution::ByCustomer => "card-resolved-by-customer",
        };
        parts.push(vec![pen.own(&Say::new(code).with("at", Arg::Moment(at)))]);
    }
    parts.push(vec![pen.own(&match &case.owner {
        Some(owner) => Say::new("card-owner").text("owner", owner.as_str()),
        None => Say::new("card-no-owner"),
    })]);
    dotted(parts)
}

/// Priority and why, and by when an answer is due.
fn priority(pen: &Pen<'_>, case: &Case) -> Line {
    let mut parts =
        vec![vec![pen.own(&Say::new("card-priority").with("priority", Arg::Code(format!("priority-{}", code(&case.priority)))))]];
    if !case.reasons.is_empty() {
        let reasons: Vec<String> = case.reasons.iter().map(|r| pen.say(&reason(r))).collect();
        parts.push(vec![pen.own(&Say::new("card-because").text("reasons", reasons.join("; ")))]);
    }
    if let Some(because) = case.hidden_because.as_ref().filter(|_| case.status == Status::Quarantined) {
        parts.push(vec![pen.own(&Say::new("card-hidden").text("reason", pen.say(&reason(because))))]);
    }
    if let Some(due) = case.answer_due {
        let code = if due <= pen.now { "card-overdue" } else { "card-due" };
        parts.push(vec![pen.own(&Say::new(code).with("due", Arg::Moment(due)))]);
    }
    dotted(parts)
}

/// Network, our account, language, how it was found, the post itself.
fn place(pen: &Pen<'_>, case: &Case, first: Option<&CasePost>, private: bool) -> Line {
    // What a network says of a post's language is as foreign as the post.
    let is_code = (2..=3).contains(&case.lang.len()) && case.lang.chars().all(|c| c.is_ascii_lowercase());
    let lang = if is_code { case.lang.as_str() } else { "und" };
    let code = format!("lang-{lang}");
    let lang = if pen.words.has(&code, pen.lang) { pen.get(&code) } else { lang.to_owned() };
    let say = Say::new("card-where").text("network", case.key.network.as_str()).text("account", pen.account(&case.account));
    let mut parts = vec![vec![pen.own(&say.text("lang", lang))]];
    if let Some(post) = first {
        if let Reach::Buzz(rule) = &post.post.reach {
            parts.push(vec![pen.own(&Say::new("card-caught").text("rule", rule))]);
        }
        parts.extend(post::marks(pen, post));
        if post.deleted_at.is_none() && !post::hidden(post, private) {
            parts.extend(post::original(pen, post).map(|l| vec![l]));
        }
    }
    dotted(parts)
}

fn spread(pen: &Pen<'_>, case: &Case, first: Option<&CasePost>) -> Option<Line> {
    let engagement = first.map(|p| p.post.engagement).unwrap_or_default();
    let reposts = engagement.reposts.max(case.reposts);
    let counted = [("spread-reposts", reposts), ("spread-replies", engagement.replies), ("spread-likes", engagement.likes)];
    let said = counted.iter().filter(|(_, n)| *n > 0).map(|(code, n)| vec![pen.own(&Say::new(code).number("count", *n))]);
    Some(dotted(said.collect())).filter(|line| !line.is_empty())
}

/// The draft and the last send, and how much more there is to read.
fn answer_state(pen: &Pen<'_>, case: &Case, private: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let more = case.posts.iter().filter(|p| p.voice == Voice::Customer).count().saturating_sub(1);
    if more > 0 {
        lines.push(vec![pen.own(&Say::new("card-more").number("count", more))]);
    }
    lines.extend(by_hand(pen, case));
    if case.folded_posts() > 0 {
        let kept = case.posts.iter().filter(|p| p.voice == Voice::Other).count();
        lines.push(vec![pen.own(&Say::new("card-others").number("count", kept + case.folded_posts()))]);
    }
    if let Some(draft) = case.current_draft() {
        let length = send::counted(pen, &case.account, &case.customer, draft.text.expose());
        let say = Say::new("card-draft").number("draft", draft.id).text("agent", draft.by.as_str());
        lines.push(vec![pen.own(&say.number("length", length).number("max", pen.capabilities(&case.account).max_length))]);
    }
    // A send that was stopped long ago is history; one that lives or stands is the case's state.
    if let Some(last) = case.live_send().or_else(|| case.sends.last()) {
        lines.push(send::state(pen, case, last, private));
    }
    lines.extend(private_way(pen, case));
    lines
}

/// How the customer can be spoken to in private, unless that is as usual; and what is not heard there.
fn private_way(pen: &Pen<'_>, case: &Case) -> Option<Line> {
    let route = case.route(pen.policy, pen.now);
    let say = match route {
        _ if case.handoff_open => Say::new("card-handoff"),
        _ if !case.status.is_open() => return None,
        _ if case.is_invited() => Say::new("card-invited"),
        DmRoute::Direct => return None,
        DmRoute::OneShot { until } => Say::new("card-route-one-shot").with("until", Arg::Moment(until)),
        DmRoute::Window { until } => Say::new("card-route-window").with("until", Arg::Moment(until)),
        DmRoute::Link { .. } => Say::new("card-route-link"),
        DmRoute::InPublic => Say::new("card-route-in-public"),
        DmRoute::None => Say::new("card-route-none"),
    };
    let mut line = vec![pen.own(&say)];
    if (case.handoff_open || case.is_invited()) && pen.capabilities(&case.account).unseen_private {
        line.extend([Piece::Words(" ".into()), Piece::Words(pen.get("card-unseen-private"))]);
    }
    Some(line)
}

/// That the network takes an answer from a person alone, or from nobody.
fn by_hand(pen: &Pen<'_>, case: &Case) -> Option<Line> {
    let latest = case.latest_of_customer(false).filter(|_| case.status.is_open())?;
    match latest.post.answering {
        Answering::ByApi => None,
        Answering::Closed => Some(vec![Piece::Words(pen.get("card-answers-closed"))]),
        Answering::ByHand { .. } => {
            let mut line = vec![pen.own(&Say::new("card-by-hand").text("n", case.id.0.to_string()))];
            line.extend(post::by_hand(pen, latest, "").into_iter().flat_map(|link| [Piece::Words(" ".into()), link]));
            Some(line)
        }
    }
}

/// Labels, linked cases, where it went on.
fn belongings(pen: &Pen<'_>, case: &Case) -> Vec<Line> {
    let mut lines = Vec::new();
    if !case.tags.is_empty() {
        lines.push(pen.fill(&Say::new("card-tags"), &[("tags", one_line(&case.tags.join(", "), 500))]));
    }
    if !case.links.is_empty() {
        let cases: Vec<String> = case.links.iter().map(ToString::to_string).collect();
        lines.push(vec![pen.own(&Say::new("card-links").text("cases", cases.join(", ")))]);
    }
    if let Some(into) = case.merged_into {
        lines.push(vec![pen.own(&Say::new("card-merged").case(into))]);
    }
    lines
}
