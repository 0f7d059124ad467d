//! `step` alone: how long the core takes to decide, beside what the commit then spends on writing
//! the very same case as JSON (the least any store must do with it).

use sereno::case::step::{CaseInput, Opening, open, step};
use sereno::case::work::Ctx;
use sereno::case::{Case, CaseId};
use sereno::clock::Time;
use sereno::command::parse::{Meta, parse};
use sereno::command::{Command, Door};
use sereno::desk::Desk;
use sereno::outbox::Receipt;
use sereno::policy::{Lang, Policy};
use sereno::post::{Author, Post, PostId, Untrusted};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 5;
const STEPS: u32 = 20_000;
const NOW: Time = Time(1_772_445_600_000);

fn post(n: usize) -> Post {
    Post {
        id: PostId(format!("https://square.example/p/{n}")),
        local_id: n.to_string(),
        network: "mastodon".into(),
        account: "main".into(),
        author: Author {
            id: "https://square.example/u/carla".into(),
            handle: Untrusted::new("@carla@square.example"),
            ..Author::default()
        },
        text: Untrusted::new("My order has been under way for three weeks now and nobody answers. Where is it?"),
        root: Some("https://square.example/p/0".into()),
        created_at: NOW,
        ..Post::default()
    }
}

fn command(line: &str) -> Command {
    let people = BTreeMap::new();
    let meta = Meta {
        id: "c".into(),
        by: "ana".into(),
        door: Door::Console,
        room: "console".into(),
        thread: None,
        lang: Lang::En,
        people: &people,
    };
    parse(line, meta).unwrap_or_else(|e| panic!("{line}: {e:?}"))
}

/// Nanoseconds an operation, the median of the rounds.
fn measure(mut act: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..STEPS {
                act();
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(STEPS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn conversation(posts: usize, ctx: Ctx<'_>) -> Case {
    let opening = Opening { id: CaseId(1), code: "AAAA-BBBB".into(), earlier: 0, linked: None };
    let mut case = open(&post(0), opening, ctx).case;
    for n in 1..posts {
        let next = post(n);
        case = step(case, CaseInput::Post(&next), ctx).unwrap_or_else(|e| panic!("{e:?}")).0.case;
    }
    case
}

/// A case that so many bystanders joined, all of them shown in the chat.
fn joined_by_many(posts: usize, ctx: Ctx<'_>) -> Case {
    let mut case = conversation(1, ctx);
    for n in 1..posts {
        let other = bystander(n);
        let work = step(case, CaseInput::Post(&other), ctx).unwrap_or_else(|e| panic!("{e:?}")).0;
        let event = work.events.last().map_or(0, |e| e.n);
        let receipt = Receipt { native_id: format!("m{n}"), ..Receipt::default() };
        let shown = CaseInput::EventShown { place: 0, event, post: Some(n), receipt: &receipt };
        case = step(work.case, shown, ctx).unwrap_or_else(|e| panic!("{e:?}")).0.case;
    }
    case
}

fn bystander(n: usize) -> Post {
    let author = Author { id: format!("https://square.example/u/{n}").as_str().into(), ..Author::default() };
    Post { author, ..post(n) }
}

/// Runs the benchmark and prints its rows.
pub fn run() {
    let (policy, desk) = (Policy::default(), Desk::default());
    let ctx = Ctx { now: NOW, policy: &policy, desk: &desk, other: None };
    let first = post(0);
    let opened = measure(|| {
        let opening = Opening { id: CaseId(1), code: "AAAA-BBBB".into(), earlier: 0, linked: None };
        black_box(open(black_box(&first), opening, ctx));
    });
    println!("step: a post opens a case: {opened:.0} ns (language and tone included)");
    for posts in [500, 5_000] {
        let case = joined_by_many(posts, ctx);
        let next = bystander(posts);
        let bytes = serde_json::to_vec(&case).map(|v| v.len()).unwrap_or(0);
        let start = Instant::now();
        for _ in 0..200 {
            black_box(step(black_box(&case).clone(), CaseInput::Post(&next), ctx).is_ok());
        }
        println!(
            "step: a bystander joins, case that {posts} posts were part of: {:.0} us with the copy handed in; {} kept, {} KiB as JSON",
            start.elapsed().as_secs_f64() * 1e6 / 200.0,
            case.posts.len(),
            bytes / 1024
        );
    }
    for posts in [1, 10, 100] {
        let case = conversation(posts, ctx);
        let next = post(posts);
        let claim = command("claim 1");
        let json = measure(|| {
            black_box(serde_json::to_vec(black_box(&case)).map(|v| v.len()).unwrap_or(0));
        });
        let copy = measure(|| {
            black_box(black_box(&case).clone());
        });
        for (name, input) in [("a post joins", CaseInput::Post(&next)), ("a claim", CaseInput::Command(&claim))] {
            let time = measure(|| {
                black_box(step(black_box(&case).clone(), input.clone(), ctx).is_ok());
            });
            println!(
                "step: {name}, case of {posts} posts: {time:.0} ns, of which the copy handed in {copy:.0}; ratio to writing the case as JSON ({json:.0} ns): {:.2}",
                time / json
            );
        }
    }
}
