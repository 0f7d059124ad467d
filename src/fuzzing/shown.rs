//! What holds of a post whichever network it came from: its bounds, and how people see it in each chat.

use super::NOW;
use crate::case::fixtures;
use crate::chat::{matrix, slack};
use crate::engine::Body;
use crate::i18n::Words;
use crate::network::bounds::{is_language, is_web};
use crate::policy::{Lang, Policy};
use crate::post::{NetEvent, Post};
use crate::say::Say;
use crate::view::text::{self, Style};
use crate::view::{View, build};

thread_local! {
    static WORDS: Words = Words::new();
    static POLICY: Policy = fixtures::policy();
}

/// The longest text that an adapter passes on, in characters: X's own limit, the greatest of them.
const MOST_TEXT: usize = 25_000;

/// What holds of an event that an adapter read, and of the post in it.
pub(crate) fn read(event: &NetEvent) {
    // It is stored as JSON, and is the same when it comes back.
    let stored = serde_json::to_string(event).expect("an event is JSON");
    assert_eq!(serde_json::from_str::<NetEvent>(&stored).ok().as_ref(), Some(event));
    let (NetEvent::New(post) | NetEvent::Edited(post)) = event else { return };
    let chars = |text: &str| text.chars().count();
    assert!(chars(post.text.expose()) <= MOST_TEXT);
    assert!(post.warning.as_ref().is_none_or(|w| chars(w.expose()) <= 1_000));
    assert!(chars(post.author.name.expose()) <= 200 && chars(post.author.handle.expose()) <= 300);
    assert!(post.mentions.len() <= 100 && post.media.len() <= 32);
    assert!(post.media.iter().all(|m| is_web(&m.url) && m.description.as_ref().is_none_or(|d| chars(d.expose()) <= 2_000)));
    assert!(post.lang.as_deref().is_none_or(is_language));
    shown(post);
}

/// How a post is shown on its case's card, in each chat.
pub(crate) fn shown(post: &Post) {
    let (case, view) = POLICY.with(|policy| {
        let case = fixtures::case_of(42, post, policy);
        let body = Body::Card { case: Box::new(case.clone()), place: 0, edit: None };
        let view = WORDS.with(|words| build::delivery(&body, policy, words, Lang::Es, NOW));
        drop(build::pictures(&body, policy));
        (case, view)
    });
    assert_eq!(case.posts.len(), 1);
    in_slack(&view);
    in_matrix(&view);
    on_a_terminal(&view);
}

fn say(say: &Say) -> String {
    WORDS.with(|words| words.tell(say, Lang::Es))
}

fn in_slack(view: &View) {
    let rendered = slack::render::message(view, &slack::render::Ctx { lang: Lang::Es, say: &say });
    let seen = slack::render::checker::message(&rendered.text, &rendered.blocks);
    assert!(seen.is_ok(), "{}", seen.err().unwrap_or_default());
}

/// The tags that the renderer writes; every other `<` must be escaped.
const TAGS: [&str; 10] = [
    "<strong>",
    "</strong>",
    "<blockquote>",
    "</blockquote>",
    "<br>",
    "<code>",
    "</code>",
    "<a href=\"http://",
    "<a href=\"https://",
    "</a>",
];

fn in_matrix(view: &View) {
    let rendered = matrix::render::message(view, &matrix::render::Ctx { lang: Lang::Es, prefix: "!", say: &say });
    let html = &rendered.html;
    for (at, _) in html.match_indices('<') {
        let (_, tag) = html.split_at(at);
        assert!(TAGS.iter().any(|t| tag.starts_with(t)), "markup of others: {}", tag.chars().take(40).collect::<String>());
    }
    assert!(rendered.calls.is_empty(), "it calls somebody");
    let size = rendered.content().to_string().len();
    assert!(size <= matrix::render::MOST_BYTES + 2_000, "{size} bytes");
    assert!(!rendered.body.contains(hides) && !html.contains(hides));
}

/// What a terminal would obey, and what turns text around or parts it unseen (UAX #9).
pub(super) fn hides(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
}

fn on_a_terminal(view: &View) {
    for style in [Style { width: 60, colour: false }, Style::PLAIN] {
        for line in text::lines(view, &style) {
            assert!(!line.contains(|c| c == '\n' || hides(c)), "{line:?}");
        }
    }
}
