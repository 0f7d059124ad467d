//! From the engine's data to views: pure, in the reader's language, for the place where they stand.
//!
//! Privacy is decided here and nowhere later: the text and media of a direct message, and of what
//! we write in private, stand only in a room that the policy names private *now*; everywhere else
//! a sentence stands for them. Answers, lists, histories, digests and notices never hold them.

mod actions;
mod card;
mod digest;
mod entry;
mod form;
mod lists;
mod pen;
mod post;
mod send;

use crate::case::{Case, Event, Place, PlaceKind, Status};
use crate::clock::Time;
use crate::command::Answer;
use crate::engine::{Body, Form, Reply};
use crate::i18n::Words;
use crate::planted::{self, Bug};
use crate::policy::{Lang, Policy, RoomId};
use crate::post::Visibility;
use crate::say::{Arg, Say};
use crate::view::picture::Picture;
use crate::view::{Line, Pictures, Piece, Privacy, TextView, View, hygiene};
use pen::Pen;

/// What a delivery shows, for the room that it goes to.
#[must_use]
pub fn delivery(body: &Body, policy: &Policy, words: &Words, lang: Lang, now: Time) -> View {
    let pen = Pen { words, policy, lang, now };
    match body {
        Body::Card { case, place, .. } => View::Card(card::card(&pen, case, private_place(case, *place, policy))),
        Body::Entry { case, place, event, .. } => View::Entry(entry::entry(&pen, case, event, private_place(case, *place, policy))),
        Body::Notice { say } => text(&say.code, vec![pen.line(say)]),
        Body::Erased { case, at, .. } => {
            text("notice-erased", vec![pen.line(&Say::new("notice-erased").case(*case).with("at", Arg::Moment(*at)))])
        }
        Body::Digest { figures } => text("digest", digest::lines(&pen, figures)),
        // Goes to a network, not to a chat: named without its text.
        Body::Send { case, send, .. } => {
            text("send", vec![vec![Piece::Words(format!("{case} {}", send::kind(&pen, send)))], send::address(&pen, send)])
        }
    }
}

/// The picture that goes with what [`delivery`] builds, if any does: the digest's.
#[must_use]
pub fn picture(body: &Body, policy: &Policy, words: &Words, lang: Lang, now: Time) -> Option<Picture> {
    match body {
        Body::Digest { figures } => Some(digest::picture(&Pen { words, policy, lang, now }, figures)),
        _ => None,
    }
}

/// The most pictures of one post that are shown.
const PICTURES_MAX: usize = 4;

/// The pictures of the post that [`delivery`] shows for the first time, where it is public: what somebody sent us alone is
/// not copied.
#[must_use]
pub fn pictures(body: &Body, policy: &Policy) -> Pictures {
    let (case, post) = match body {
        Body::Card { case, .. } => (case, card::opening(case)),
        Body::Entry { case, event, .. } => match event.event {
            Event::Joined { post } | Event::OtherSpoke { post } => (case, case.post_at(post)),
            _ => return Pictures::None,
        },
        Body::Erased { .. } => return Pictures::Gone,
        Body::Notice { .. } | Body::Digest { .. } | Body::Send { .. } => return Pictures::None,
    };
    let Some(post) = post else { return Pictures::None };
    // Who changes a post may have shown by it what was not meant to be seen; and nobody looks at spam who did not ask for it.
    if post.deleted_at.is_some() || post.edits > 0 || case.status == Status::Quarantined {
        return Pictures::Gone;
    }
    let is_public = matches!(post.post.visibility, Visibility::Public | Visibility::Unlisted);
    // What its author warns of stands behind a link.
    if policy.privacy.links_only || !is_public || post.post.warning.is_some() {
        return Pictures::None;
    }
    let images = post.post.media.iter().filter(|m| m.kind == "image");
    let found: Vec<String> = images.filter_map(|m| hygiene::link(&m.url)).map(|(_, url)| url).take(PICTURES_MAX).collect();
    if found.is_empty() { Pictures::None } else { Pictures::Shown(found) }
}

/// Whether what [`delivery`] builds holds private text, so that erasure finds the message again.
#[must_use]
pub fn holds_private(body: &Body, policy: &Policy) -> bool {
    match body {
        Body::Card { case, place, .. } => private_place(case, *place, policy) && card::is_private(case),
        Body::Entry { case, place, event, .. } => private_place(case, *place, policy) && entry::is_private(case, &event.event),
        _ => false,
    }
}

/// What the message that [`delivery`] builds has to do with private text, whatever it shows now.
#[must_use]
pub fn privacy(body: &Body, policy: &Policy) -> Privacy {
    let (case, place, may) = match body {
        Body::Card { case, place, .. } => (case, *place, case.has_private()),
        Body::Entry { case, place, event, .. } => (case, *place, case.may_show_private(&event.event)),
        _ => return Privacy::Never,
    };
    match (may, private_place(case, place, policy)) {
        (false, _) => Privacy::Never,
        (true, true) => Privacy::Shown,
        (true, false) => Privacy::LeftOut,
    }
}

/// The answer to a command: its sentence, and for a send from where to whom, how long, and until
/// when it can be undone. Never the text of anything, which stands in the thread; but of what is
/// being approved, which is public: whoever approves is shown what.
#[must_use]
pub fn answer(answer: &Answer, case: Option<&Case>, policy: &Policy, words: &Words, lang: Lang, now: Time) -> View {
    let pen = Pen { words, policy, lang, now };
    let mut first = pen.line(&answer.say);
    // A refusal may be read far from the thread that it is about.
    if let Some(case) = answer.case.filter(|_| !answer.ok && !answer.say.args.iter().any(|(name, _)| name == "case")) {
        first.splice(0..0, [Piece::Strong(case.to_string()), Piece::Words(" · ".into())]);
    }
    let mut lines = vec![first];
    // Most sentences of sends say it all themselves.
    let told = !answer.ok || answer.say.args.iter().any(|(name, _)| name == "account");
    if !told && let Some((case, send)) = case.and_then(|c| answer.send.and_then(|id| c.send(id)).map(|s| (c, s))) {
        lines.push(send::address(&pen, send));
        lines.extend(send::countdown(&pen, case, send));
    }
    let drafted = case.filter(|_| answer.say.code.starts_with("done-draft")).and_then(|c| c.current_draft());
    let sent = case.filter(|_| answer.ok).and_then(|c| answer.send.and_then(|id| c.send(id)).map(|s| (&s.files, !send::is_private(c, s))));
    // What is approved is the text with them.
    if let Some((files, named)) = drafted.map(|d| (&d.files, true)).or(sent) {
        lines.extend(send::pictures(&pen, files, named));
    }
    let approving = ["done-approve", "refused-new-text", "refused-other-text", "refused-text-gone-now"].contains(&answer.say.code.as_str());
    if approving && let Some((case, send)) = case.and_then(|c| answer.send.and_then(|id| c.send(id)).map(|s| (c, s))) {
        lines.extend(send::text(&pen, case, send, false));
    }
    if answer.say.code == "refused-other-draft"
        && let Some((case, draft)) = case.and_then(|c| c.current_draft().map(|d| (c, d)))
    {
        lines.extend(entry::draft_text(&pen, case, draft.id, false));
    }
    text(&answer.say.code, lines)
}

/// A form before it is filled in. `private`: whether the room that it was asked for in may show
/// private text.
#[must_use]
pub fn form(form: &Form, private: bool, policy: &Policy, words: &Words, lang: Lang, now: Time) -> View {
    View::Form(form::form(&Pen { words, policy, lang, now }, form, private))
}

/// The answer to a query.
#[must_use]
pub fn reply(reply: &Reply, policy: &Policy, words: &Words, lang: Lang, now: Time) -> View {
    let pen = Pen { words, policy, lang, now };
    match reply {
        Reply::List { filter, cases, page, total } => text("list", lists::list(&pen, *filter, cases, *page, *total)),
        Reply::History { case, events } => text("history", lists::history(&pen, case, events)),
        Reply::Digest(figures) => text("digest", digest::lines(&pen, figures)),
        Reply::Help { verb, all, role } => text("help", lists::help(&pen, *verb, *all, *role)),
        Reply::Outbox(lines) => text("outbox", lists::outbox(&pen, lines)),
    }
}

/// Whether the text of a direct message may stand in `room`. Asked anew for each view: a room that
/// is named private no longer stops receiving it at once, whatever place a case once had there.
#[must_use]
pub fn is_private_room(room: &RoomId, policy: &Policy) -> bool {
    policy.shows_private(room)
}

fn private_place(case: &Case, place: usize, policy: &Policy) -> bool {
    let once = |p: &Place| planted::is(Bug::PublicRoomTrusted) && p.kind == PlaceKind::Private;
    planted::is(Bug::DmInHomeRoom) || case.places.get(place).is_some_and(|p| once(p) || is_private_room(&p.room, policy))
}

fn text(code: &str, lines: Vec<Line>) -> View {
    View::Text(TextView { code: code.to_owned(), lines })
}
