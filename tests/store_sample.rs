//! Cases and commits to try stores with.

use sereno::case::work::Ctx;
use sereno::case::{Case, CaseId, Event, EventRecord, step};
use sereno::clock::Time;
use sereno::command::Answer;
use sereno::desk::Desk;
use sereno::policy::{Policy, RoomId};
use sereno::post::{Author, Post, Untrusted};
use sereno::say::Say;
use sereno::store::Commit;

/// When samples happen.
pub const NOW: Time = Time(1_800_000_000_000);
/// Stands in every text, name, handle and id of a customer: must be found in the clear nowhere.
pub const CANARY: &str = "CANARYx7Qz";

/// Version 1 of a case: customer `author`, conversation `root`.
pub fn case(id: u64, author: &str, root: &str) -> Case {
    let post = Post {
        id: format!("https://square.example/@{author}/{CANARY}-{id}").as_str().into(),
        local_id: format!("{CANARY}-local-{id}"),
        network: "square".into(),
        account: "acme".into(),
        author: Author {
            id: author.into(),
            handle: Untrusted::new(format!("@{CANARY}-{author}")),
            name: Untrusted::new(format!("Name {CANARY}")),
            ..Author::default()
        },
        text: Untrusted::new(format!("My case {CANARY} never came, it has been {id} days.")),
        root: Some(root.into()),
        created_at: NOW.plus(i64::try_from(id).unwrap() * 1_000 - 100_000),
        ..Post::default()
    };
    let (policy, desk) = (Policy::default(), Desk::default());
    let opening = step::Opening { id: CaseId(id), code: format!("K{id}"), earlier: 0, linked: None };
    let mut case = step::open(&post, opening, Ctx { now: NOW, policy: &policy, desk: &desk, other: None }).case;
    case.version = 1;
    case
}

/// An event of a case, with a note in it.
pub fn event(case: u64, n: u32) -> EventRecord {
    let event = Event::Noted { text: Untrusted::new(format!("note {CANARY} {n}")) };
    EventRecord { case: CaseId(case), n, at: NOW, by: Some("ana".into()), event }
}

/// An answer.
pub fn answer(case: Option<u64>, text: &str) -> Answer {
    Answer {
        ok: true,
        say: Say::new("done-claim").text("who", format!("{text} {CANARY}")),
        case: case.map(CaseId),
        send: None,
        of: Some("00ff".into()),
    }
}

/// A commit of cases alone.
pub fn of(cases: impl IntoIterator<Item = Case>) -> Commit {
    Commit { cases: cases.into_iter().collect(), ..Commit::default() }
}

/// A room.
pub fn room() -> RoomId {
    RoomId::from("support")
}
