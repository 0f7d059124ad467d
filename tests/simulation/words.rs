//! What people say, and everything that a chat message says.

use sereno::clock::Time;
use sereno::engine::Body;
use sereno::i18n::Words;
use sereno::policy::{Policy, RoomId};
use sereno::view::{Line, Piece, View, build};

/// A link that staff write, as they write it.
pub const LINK: &str = "acme.example/help";

/// What customers say: questions, anger, thanks, noise, in two languages.
pub const WORDS: &[&str] = &[
    "When does my parcel arrive?",
    "This is a disgrace, I want my money back!",
    "Thank you, that was quick",
    "¿Cuándo llega mi pedido?",
    "Llevo tres horas esperando, qué vergüenza",
    "Muchas gracias por todo",
    "hello acme",
    "Your app loses my booking, again",
    "Free crypto giveaway, click now",
    "ok",
];

thread_local! {
    static LOCALES: Words = Words::new();
}

/// Everything that a message says, as plain text, rendered as the shell would.
pub fn words(body: &Body, policy: &Policy, room: &RoomId, now: Time) -> String {
    let view = LOCALES.with(|words| build::delivery(body, policy, words, policy.room_lang(room), now));
    plain(&view)
}

/// A view as plain text.
fn plain(view: &View) -> String {
    let mut out = String::new();
    let mut line = |line: &Line| {
        for piece in line {
            match piece {
                Piece::Words(t) | Piece::Strong(t) | Piece::Until { words: t, .. } => out.push_str(t),
                Piece::Foreign(t) => out.push_str(t.expose()),
                Piece::Link { label, url } => {
                    out.push_str(label);
                    out.push_str(url);
                }
            }
        }
        out.push('\n');
    };
    match view {
        View::Card(card) => {
            line(&card.title);
            line(&card.who);
            card.body.iter().chain(&card.facts).for_each(line);
        }
        View::Entry(entry) => entry.lines.iter().for_each(line),
        View::Text(text) => text.lines.iter().for_each(line),
        View::Form(form) => form.lines.iter().for_each(line),
    }
    out
}
