//! Posts of the conversation: who, when, and what they say.

use super::pen::{Pen, dotted, foreign, link, one_line};
use crate::case::{Case, CasePost};
use crate::clock::DAY_MS;
use crate::post::{Answering, Author, Context, Media, Relation, Untrusted, Visibility, written_at};
use crate::say::Say;
use crate::view::{Line, Piece, hygiene};

/// An account younger than this many days is said to be young.
const YOUNG_DAYS: i64 = 30;
/// What is shown of a post that another one is about, in characters.
const CONTEXT_MAX: usize = 200;

/// `“Name” @handle`. The name cannot leave its quotation marks; the handle is one word.
pub fn person(author: &Author) -> Line {
    let mut line = Line::new();
    let name = hygiene::name(author.name.expose());
    if !name.is_empty() {
        line.extend([Piece::Words("“".into()), Piece::Foreign(Untrusted::new(name)), Piece::Words("” ".into())]);
    }
    line.push(handle(author));
    line
}

/// The handle, else the immutable id.
pub fn handle(author: &Author) -> Piece {
    let shown = hygiene::handle(author.handle.expose());
    Piece::Foreign(Untrusted::new(if shown.is_empty() { hygiene::handle(author.id.as_str()) } else { shown }))
}

/// The customer: name, handle, audience, age of the account, earlier cases, profile.
pub fn who(pen: &Pen<'_>, author: &Author, earlier: u32) -> Line {
    let mut parts = vec![person(author)];
    if let Some(followers) = author.followers {
        parts.push(vec![pen.own(&Say::new("who-followers").number("count", followers))]);
    }
    if let Some(days) = author.since.map(|s| pen.now.since(s) / DAY_MS).filter(|d| (0..YOUNG_DAYS).contains(d)) {
        parts.push(vec![pen.own(&Say::new("who-new-account").number("count", days))]);
    }
    if author.bot {
        parts.push(vec![Piece::Words(pen.get("who-bot"))]);
    }
    if earlier > 0 {
        parts.push(vec![pen.own(&Say::new("who-earlier").number("count", earlier))]);
    }
    parts.extend(author.url.as_deref().and_then(|u| link(&pen.get("who-profile"), u)).map(|l| vec![l]));
    dotted(parts)
}

/// Who wrote a post, when, and where it stands.
pub fn byline(pen: &Pen<'_>, post: &CasePost, hidden: bool) -> Line {
    let ctx = crate::i18n::ShowCtx { policy: pen.policy, now: pen.now };
    let mut parts = vec![person(&post.post.author), vec![Piece::Words(pen.words.moment(post.post.created_at, pen.lang, &ctx))]];
    parts.extend(marks(pen, post));
    if !hidden && post.deleted_at.is_none() {
        parts.extend(original(pen, post).map(|l| vec![l]));
    }
    dotted(parts)
}

/// What must be known of a post besides its text.
pub fn marks(pen: &Pen<'_>, post: &CasePost) -> Vec<Line> {
    let mut marks = Vec::new();
    if post.edits > 0 && post.deleted_at.is_none() {
        marks.push(vec![pen.own(&Say::new("post-edited").number("count", post.edits))]);
    }
    if post.post.visibility == Visibility::Followers {
        marks.push(vec![Piece::Words(pen.get("post-followers-only"))]);
    }
    marks
}

/// Where people read it.
pub fn original(pen: &Pen<'_>, post: &CasePost) -> Option<Piece> {
    post.post.url.as_deref().and_then(|u| link(&pen.get("post-link"), u))
}

/// Where a person answers it, if the network takes an answer from nobody else; with `text` in the form there.
pub fn by_hand(pen: &Pen<'_>, post: &CasePost, text: &str) -> Option<Piece> {
    let Answering::ByHand { url } = &post.post.answering else { return None };
    link(&pen.get("post-by-hand-link"), &written_at(url, text))
}

/// What a post says: content warning first, then the text, then what hangs on it.
/// `private`: whether the place may show the text of direct messages.
pub fn body(pen: &Pen<'_>, post: &CasePost, private: bool) -> Vec<Line> {
    if post.deleted_at.is_some() {
        return vec![vec![Piece::Words(pen.get("post-deleted"))]];
    }
    if hidden(post, private) {
        return vec![vec![Piece::Words(pen.get("post-private"))]];
    }
    let mut lines = Vec::new();
    if let Some(warning) = post.post.warning.as_ref().filter(|w| !w.is_empty()) {
        lines.push(pen.fill(&Say::new("post-warning"), &[("text", one_line(warning.expose(), 500))]));
    }
    lines.extend(foreign(&post.post.text));
    lines.extend(post.post.media.iter().map(|m| media(pen, m)));
    lines
}

/// What a post answers and quotes, a line each: in our words around theirs, which cannot leave their quotation marks. Nothing
/// where it stands in the case itself. As private as the post.
pub fn about(pen: &Pen<'_>, case: &Case, post: &CasePost, private: bool) -> Vec<Line> {
    if post.deleted_at.is_some() || hidden(post, private) {
        return Vec::new();
    }
    let shown = post.post.context.iter().filter(|about| !case.holds(&about.id));
    shown
        .map(|about| {
            dotted(vec![said_there(pen, about), about.url.as_deref().and_then(|u| link(&pen.get("post-link"), u)).into_iter().collect()])
        })
        .collect()
}

fn said_there(pen: &Pen<'_>, about: &Context) -> Line {
    let text = hygiene::quoted(about.text.expose(), CONTEXT_MAX);
    let text = if text.is_empty() { Piece::Words(pen.get("list-post-empty")) } else { Piece::Foreign(Untrusted::new(text)) };
    let (ours, theirs) = match about.how {
        Relation::Answers => ("post-answers-us", "post-answers"),
        Relation::Quotes => ("post-quotes-us", "post-quotes"),
    };
    if pen.policy.is_ours(&about.author) {
        return pen.fill(&Say::new(ours), &[("text", text)]);
    }
    let author = Author { id: about.author.clone(), handle: about.handle.clone(), ..Author::default() };
    pen.fill(&Say::new(theirs), &[("who", handle(&author)), ("text", text)])
}

/// Whether a post's text must not stand in a place.
pub fn hidden(post: &CasePost, private: bool) -> bool {
    post.post.is_dm() && !private
}

/// A post's beginning, for lists, or what stands for it: lists stand in any room.
pub fn excerpt(pen: &Pen<'_>, post: &CasePost, max: usize) -> Piece {
    let instead = |code: &str| Piece::Words(pen.get(code));
    if post.deleted_at.is_some() {
        return instead("list-post-deleted");
    }
    if post.post.is_dm() {
        return instead("list-post-private");
    }
    let text = hygiene::one_line(post.post.text.expose(), max);
    if text.is_empty() {
        return instead(if post.post.media.is_empty() { "list-post-empty" } else { "list-post-media" });
    }
    Piece::Foreign(Untrusted::new(text))
}

fn media(pen: &Pen<'_>, media: &Media) -> Line {
    let code = match media.kind.as_str() {
        "image" => "media-image",
        "video" => "media-video",
        "audio" => "media-audio",
        _ => "media-other",
    };
    let mut line = vec![Piece::Words(format!("{}: ", pen.get(code)))];
    match media.description.as_ref().filter(|d| !d.is_empty()) {
        Some(description) => line.push(one_line(description.expose(), 300)),
        None => line.push(Piece::Words(pen.get("media-no-description"))),
    }
    if let Some((host, url)) = hygiene::link(&media.url) {
        line.extend([Piece::Words(" ".into()), Piece::Link { label: host, url }]);
    }
    line
}
