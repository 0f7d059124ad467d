//! What must hold once everything has come to rest: the bot's work against the models' own books.

use super::chat::Shows;
use super::network::Who;
use super::staff::Owner;
use super::world::{Violation, World};
use sereno::case::PlaceKind;
use sereno::clock::HOUR_MS;
use sereno::command::Filter;
use sereno::digest::schedule;
use sereno::post::{PostId, PostRef};
use sereno::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// All of them.
pub fn at_rest(w: &World) -> Result<(), Violation> {
    // What was published twice comes back as a post that nobody sent.
    publications(w)?;
    posts(w)?;
    texts(w)?;
    owners(w)?;
    digests(w)?;
    messages(w)?;
    erasures(w)?;
    match w.staff.asked.iter().find(|a| !a.is_answered()) {
        Some(a) => Err(Violation::new(8, format!("command {} was never answered", a.command.id))),
        None => Ok(()),
    }
}

/// 1, 13, 16: every post that should is seen exactly once; none that should not.
fn posts(w: &World) -> Result<(), Violation> {
    let mut shown: BTreeMap<&PostId, Vec<&str>> = BTreeMap::new();
    let mut at_all: BTreeSet<&PostId> = BTreeSet::new();
    for m in &w.chat.messages {
        if let Some(post) = &m.draft.post {
            at_all.insert(post);
            if matches!(m.draft.kind, Some(PlaceKind::Home | PlaceKind::Folded)) {
                shown.entry(post).or_default().push(&m.id);
            }
        }
    }
    let hidden: BTreeSet<PostId> = hidden(w)?;
    let long_ago = 2 * HOUR_MS;
    for net in &w.nets {
        for (index, item) in net.posts.iter().enumerate() {
            let times = shown.get(&item.id).map_or(0, Vec::len);
            if times > 1 {
                return Err(Violation::new(1, format!("{} stands {times} times in the chat: {:?}", item.id, shown[&item.id])));
            }
            let opens =
                w.chat.messages.iter().any(|m| m.draft.post.as_ref() == Some(&item.id) && matches!(m.draft.shows, Shows::Card { .. }));
            match item.who {
                Who::Us(_) if opens => return Err(Violation::new(13, format!("{} is our own, yet a case", item.id))),
                // Also where an operator gave it up in doubt before it came back.
                Who::Us(_) if item.through_us && at_all.contains(&item.id) => {
                    return Err(Violation::new(13, format!("{} was sent through sereno, yet is shown as if answered outside", item.id)));
                }
                Who::Us(_) if at_all.contains(&item.id) && told_before(w, &item.id) => {
                    return Err(Violation::new(13, format!("{} was told of by hand, yet is shown as if answered outside", item.id)));
                }
                Who::Us(_) => continue,
                Who::Person(_) => {}
            }
            let known: Vec<_> = item.reaches.iter().filter_map(|a| net.accounts[*a].known_since).collect();
            let told = w.told.get(&item.id).copied().unwrap_or_default();
            if known.iter().all(|since| item.created < since.plus(-long_ago)) && at_all.contains(&item.id) {
                return Err(Violation::new(16, format!("{} is older than the account's time with us, yet stands in the chat", item.id)));
            }
            let expected = item.deleted.is_none() && net.given(index).0;
            if expected && times == 0 && !hidden.contains(&item.id) && !w.erased_posts.contains(&item.id) {
                let claim = w.store.claim(&PostRef::World(item.id.clone())).ok().flatten();
                let what = format!(
                    "{} of {:?} is neither in the chat nor in quarantine: written {} ms after the start, root {}, direct {}, buzz {}, told {told:?}, claim {claim:?}",
                    item.id,
                    item.who,
                    item.created.since(w.plan.start),
                    item.root,
                    item.direct,
                    item.buzz
                );
                return Err(Violation::new(1, what));
            }
        }
    }
    Ok(())
}

/// Whether staff told of an answer that they wrote on the network before the network did.
fn told_before(w: &World, post: &PostId) -> bool {
    let heard = w.told.get(post).and_then(|t| t.seq);
    w.staff.by_hand.get(post).is_some_and(|(case, said)| heard > Some(*said) && !w.erased.contains(case))
}

fn hidden(w: &World) -> Result<BTreeSet<PostId>, Violation> {
    let broken = |e: sereno::store::StoreError| Violation::new(0, format!("no list: {e}"));
    let mut out = BTreeSet::new();
    for listed in w.store.list(Filter::Spam, None, 10_000).map_err(broken)? {
        if let Some(case) = w.store.case(listed.case).map_err(broken)? {
            out.extend(case.posts.into_iter().map(|p| p.post.id));
        }
    }
    Ok(out)
}

/// 10: what the bot was told to be edited or deleted stands so in every message.
fn texts(w: &World) -> Result<(), Violation> {
    for m in &w.chat.messages {
        for token in m
            .draft
            .text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|t| t.ends_with('q') && (t.starts_with("wordq") || t.starts_with("secretq")))
        {
            let Some((net, index, version)) = parse(token) else { continue };
            let item = &w.nets[net].posts[index];
            let told = w.told.get(&item.id).copied().unwrap_or_default();
            // What the bot can have learnt: all that a stream gave it, and what else it acked.
            let (_, edited, deleted) = w.nets[net].given(index);
            if item.deleted.is_some() && (told.deleted || deleted) {
                return Err(Violation::new(10, format!("{} was deleted, yet {} ({:?}) still shows it", item.id, m.id, m.draft.shows)));
            }
            let newest = if edited { item.texts.len() - 1 } else { told.version };
            if version < newest && item.deleted.is_none() {
                return Err(Violation::new(
                    10,
                    format!("{} has version {newest}, yet {} ({:?}) shows {version}", item.id, m.id, m.draft.shows),
                ));
            }
        }
    }
    Ok(())
}

fn parse(token: &str) -> Option<(usize, usize, usize)> {
    let (_, rest) = token.split_once('q')?;
    let (net, rest) = rest.split_once('p')?;
    let (index, rest) = rest.split_once('v')?;
    Some((net.parse().ok()?, index.parse().ok()?, rest.strip_suffix('q')?.parse().ok()?))
}

/// 3, 4: at most one publication an intent, to whom and from where it belongs.
fn publications(w: &World) -> Result<(), Violation> {
    let mut seen = BTreeSet::new();
    for net in &w.nets {
        if let Some(what) = &net.misaddressed {
            return Err(Violation::new(4, what.clone()));
        }
        for a in &net.accepted {
            if !seen.insert((a.case, a.send)) {
                return Err(Violation::new(3, format!("send {} of {} was published twice", a.send, a.case)));
            }
            let Some(intent) = w.staff.intents.get(&(a.case, a.send)) else {
                // Whoever asked may have been told only after it was erased, with the memory of its commands.
                if w.erased.contains(&a.case) {
                    continue;
                }
                return Err(Violation::new(3, format!("send {} of {} was published, and nobody asked for it", a.send, a.case)));
            };
            let fixed = !matches!(a.kind, sereno::case::SendKind::Handoff | sereno::case::SendKind::Retract { .. });
            if fixed && !intent.doubtful && !intent.texts.is_empty() && !intent.texts.contains(&a.text) {
                return Err(Violation::new(4, format!("send {} of {} says {:?}, agreed was {:?}", a.send, a.case, a.text, intent.texts)));
            }
            if !a.kind.is_private() && w.staff.confidential.contains(&a.text) {
                return Err(Violation::new(6, format!("send {} of {} says in public what was meant for one customer", a.send, a.case)));
            }
            if let Some((customer, _, _)) = w.staff.known.get(&a.case)
                && customer != &a.to.0
            {
                return Err(Violation::new(4, format!("send {} of {} went to {}, its customer is {customer}", a.send, a.case, a.to)));
            }
            if let Some((_, target)) = a.target.as_ref().and_then(|t| net.find(t)) {
                let reached = target.reaches.iter().any(|r| net.accounts[*r].name == a.account);
                if !reached || (target.direct && !a.kind.is_private()) {
                    return Err(Violation::new(
                        4,
                        format!("send {} of {} from {} answers {}, which never spoke to it", a.send, a.case, a.account, target.id),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// 9: the owner on a case's card is the one that the answers made.
fn owners(w: &World) -> Result<(), Violation> {
    for m in &w.chat.messages {
        let Shows::Card { case, .. } = m.draft.shows else { continue };
        if let Some(Owner::Known(owner)) = w.staff.owners.get(&case) {
            let merged = w.store.case(case).ok().flatten().is_none_or(|c| c.merged_into.is_some());
            if owner != &m.draft.owner && !merged {
                return Err(Violation::new(9, format!("{case} is {owner:?}'s by the answers, {:?}'s by its card {}", m.draft.owner, m.id)));
            }
        }
    }
    Ok(())
}

/// 14: every local day whose moment came is reported on once.
fn digests(w: &World) -> Result<(), Violation> {
    let mut spans: Vec<_> = w
        .chat
        .messages
        .iter()
        .filter_map(|m| match m.draft.shows {
            Shows::Digest { from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    spans.sort_unstable();
    if let Some(pair) = spans.windows(2).find(|p| p[1].0 < p[0].1) {
        return Err(Violation::new(14, format!("two digests report on one day: {pair:?}")));
    }
    if let Some(pair) = spans.windows(2).find(|p| p[1].0 > p[0].1) {
        return Err(Violation::new(14, format!("no digest reports on the day between {pair:?}")));
    }
    let tz = schedule::zone(&w.policy.time_zone);
    let moment = w.policy.digest.minute_of_day;
    let today = schedule::day_of(w.last_due, &tz);
    let latest = if schedule::due_on(today, moment, &tz) <= w.last_due { today } else { today.yesterday().unwrap_or(today) };
    // The bot saw this moment come, beginning before it.
    if w.first_due.is_some_and(|first| first < schedule::due_on(latest, moment, &tz)) {
        let to = schedule::bounds(latest, &tz).0;
        if spans.last().is_none_or(|s| s.1 < to) {
            return Err(Violation::new(14, format!("no digest was given on {latest}: {spans:?}")));
        }
    }
    Ok(())
}

/// 11: nothing of what was erased is left in the store or in the chat, nor does it come back.
fn erasures(w: &World) -> Result<(), Violation> {
    let broken = |e: sereno::store::StoreError| Violation::new(0, format!("no reading: {e}"));
    let erased = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter_map(parse).map(|(net, index, _)| w.nets[net].posts[index].id.clone()).find(|id| w.erased_posts.contains(id))
    };
    for case in w.store.all_cases().map_err(broken)? {
        if w.erased.contains(&case.id) {
            return Err(Violation::new(11, format!("{} was erased, and is there", case.id)));
        }
        let events = w.store.events(case.id, 0, usize::MAX).map_err(broken)?;
        let text = format!("{} {}", serde_json::to_string(&case).unwrap(), serde_json::to_string(&events).unwrap());
        if let Some(post) = erased(&text) {
            return Err(Violation::new(11, format!("{post} was erased, and what it says stands in {}", case.id)));
        }
    }
    for m in &w.chat.messages {
        if let Some(post) = erased(&m.draft.text) {
            return Err(Violation::new(11, format!("{post} was erased, and {} ({:?}) shows it", m.id, m.draft.shows)));
        }
    }
    Ok(())
}

/// 1, 3: nothing else stands twice either.
fn messages(w: &World) -> Result<(), Violation> {
    let mut seen = BTreeMap::new();
    for m in &w.chat.messages {
        if matches!(m.draft.shows, Shows::Notice { .. } | Shows::Digest { .. } | Shows::Erased { .. }) {
            continue;
        }
        if let Some(first) = seen.insert((m.draft.shows.clone(), m.draft.room.clone()), &m.id) {
            return Err(Violation::new(1, format!("{:?} stands twice in {}: {first} and {}", m.draft.shows, m.draft.room, m.id)));
        }
    }
    for m in &w.chat.messages {
        let Shows::Event { case, .. } = &m.draft.shows else { continue };
        if w.erased.contains(case) {
            continue;
        }
        let card = w.chat.messages.iter().find(|c| Some(&c.id) == m.draft.thread.as_ref());
        if !card.is_some_and(|c| matches!(&c.draft.shows, Shows::Card { case: of, .. } if of == case) && c.draft.room == m.draft.room) {
            return Err(Violation::new(4, format!("{:?} of {case} stands in a thread that is not its own: {:?}", m.id, m.draft.thread)));
        }
    }
    let mut ops = BTreeMap::new();
    for m in &w.chat.messages {
        if let Some(first) = ops.insert(&m.draft.op, &m.id) {
            return Err(Violation::new(1, format!("operation {} stands twice: {first} and {}", m.draft.op, m.id)));
        }
    }
    Ok(())
}
