//! 2, 3, 17: no ack, no cursor and no send passes what is durable. What the networks gave, and what
//! was acked to them and to staff, against what the machine would find on its disk if it died at
//! this moment.

use super::staff::is_query;
use super::world::{Violation, World};
use sereno::engine::{Ack, Delivery, Input};
use sereno::network::Page;
use sereno::outbox::EntryState;
use sereno::post::{Account, NetEvent, Post, PostId, PostRef};

/// A page that a network gave, and that its cursor has not passed yet.
#[derive(Debug)]
struct Given {
    account: Account,
    stream: &'static str,
    /// The cursor that it was asked for with.
    from: Option<String>,
    /// Where the next page goes on.
    to: usize,
    posts: Vec<(PostId, [PostRef; 2])>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Pages(Vec<Given>);

fn names(post: &Post) -> [PostRef; 2] {
    let local = PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() };
    [PostRef::World(post.id.clone()), local]
}

impl Pages {
    /// A network gave this page of a stream. What it gave for the same cursor before is out of date: it
    /// was taken, or lost with the process, and posts may be gone or too old since.
    pub fn note(&mut self, account: &Account, stream: &'static str, from: Option<&str>, page: &Page) {
        self.0.retain(|p| &p.account != account || p.stream != stream || p.from.as_deref() != from);
        let new = page.events.iter().filter_map(|e| match e {
            NetEvent::New(post) => Some((post.id.clone(), names(post))),
            _ => None,
        });
        if let Some(to) = page.cursor.as_ref().and_then(|c| c.parse().ok()) {
            self.0.push(Given { account: account.clone(), stream, from: from.map(str::to_owned), to, posts: new.collect() });
        }
    }
}

/// Where each stream goes on from, everything before that is durable.
pub fn cursors(w: &mut World) -> Result<(), Violation> {
    let durable = w.store.durable();
    let mut passed = Vec::new();
    w.pages.0.retain(|page| {
        let at = durable.cursor(&page.account, page.stream).and_then(|c| c.parse::<usize>().ok());
        let stays = at.is_none_or(|at| at < page.to);
        if !stays {
            passed.extend(page.posts.iter().map(|p| (page.account.clone(), page.stream, page.to, p.clone())));
        }
        stays
    });
    for (account, stream, to, (id, names)) in passed {
        if !names.iter().any(|name| durable.is_claimed(name)) {
            let what = format!("the cursor of {account}/{stream} has passed {id} (page up to {to}), which is not durable");
            return Err(Violation::new(2, what));
        }
    }
    Ok(())
}

/// What was acked is durable: a post is known, a command remembered. A full disk is a rule of its own.
pub fn acked(w: &World, input: &Input, ack: &Ack) -> Result<(), Violation> {
    let durable = w.store.durable();
    let lost = match (input, ack) {
        (Input::Net(account, NetEvent::New(post)), _) if !names(post).iter().any(|name| durable.is_claimed(name)) => {
            format!("{} of {account}", post.id)
        }
        (Input::Command(c), Ack::Answered(_)) if !is_query(c.verb) && !durable.is_seen(&c.id) => format!("command {}", c.id),
        _ => return Ok(()),
    };
    let (invariant, why) = if w.disk_is_full() { (17, " as the disk was full") } else { (2, "") };
    Err(Violation::new(invariant, format!("{lost} was acked, and is not durable{why}")))
}

/// A send that leaves is marked as leaving: else a crash at this moment would not show it as in doubt.
pub fn leaving(w: &World, d: &Delivery) -> Result<(), Violation> {
    let durable = w.store.durable();
    let state = durable.entry(d.entry.id).map(|e| &e.state);
    if d.look || state == Some(&EntryState::InFlight) {
        return Ok(());
    }
    Err(Violation::new(3, format!("{} left, and on the disk it is {state:?}: a crash would leave no doubt about it", d.op)))
}
