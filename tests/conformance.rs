//! Every network goes through the same stories, and what each can do is written down from what it says of itself and from
//! what was seen. `UPDATE_DOCS=1 cargo test conformance` writes README's table anew.

mod drivers;

use drivers::{Driver, Trouble};
use sereno::case::{Outgoing, SendKind, SendState};
use sereno::clock::{Clock, HOUR_MS, MINUTE_MS, Time};
use sereno::network::{NetError, NetworkAccount};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::{Counting, DmRoute};
use sereno::post::{Answering, NetEvent, Post, PostId, PostRef, Relation, Untrusted};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Reads an account's streams as the bot does, and keeps what is left of what it heard.
#[derive(Default)]
struct Reader {
    cursors: BTreeMap<String, String>,
    posts: BTreeMap<PostId, Post>,
    /// Posts that it was told are gone.
    gone: Vec<PostId>,
}

impl Reader {
    async fn read(&mut self, account: &dyn NetworkAccount) -> Result<(), NetError> {
        for stream in account.streams() {
            for page in 0.. {
                assert!(page < 1_000, "{stream} has no end");
                let page = account.poll(&stream, self.cursors.get(&stream).map(String::as_str)).await?;
                page.events.into_iter().for_each(|event| self.hear(event));
                if let Some(cursor) = page.cursor {
                    self.cursors.insert(stream.clone(), cursor);
                }
                if !page.more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Looks up again what it knows.
    async fn look_again(&mut self, account: &dyn NetworkAccount) {
        let of = |post: &Post| PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() };
        let known: Vec<PostRef> = self.posts.values().map(of).collect();
        account.refresh(&known).await.unwrap().into_iter().for_each(|event| self.hear(event));
    }

    fn hear(&mut self, event: NetEvent) {
        match event {
            NetEvent::New(post) | NetEvent::Edited(post) => {
                self.posts.insert(post.id.clone(), post);
            }
            NetEvent::Deleted { post, .. } => {
                let is_it = |p: &Post| match &post {
                    PostRef::World(id) => p.id == *id,
                    PostRef::Local { local_id, .. } => p.local_id == *local_id,
                };
                let found = self.posts.values().find(|p| is_it(p)).map(|p| p.id.clone());
                self.gone.extend(found.into_iter().inspect(|id| drop(self.posts.remove(id))));
            }
            NetEvent::Reposted { .. } | NetEvent::Engagement { .. } => {}
        }
    }

    fn text(&self, id: &PostId) -> Option<&str> {
        self.posts.get(id).map(|p| p.text.expose())
    }
}

/// A post of ana's to the brand, read.
async fn mention(driver: &dyn Driver, account: &dyn NetworkAccount, text: &str) -> (Reader, Post) {
    let id = driver.posts("ana", &format!("{} {text}", driver.brand()));
    let mut reader = Reader::default();
    reader.read(account).await.unwrap();
    let post = reader.posts.get(&id).unwrap_or_else(|| panic!("{}: not read: {:?}", driver.network(), reader.posts.keys())).clone();
    (reader, post)
}

fn outgoing(kind: SendKind, to: &Post, text: &str) -> Outgoing {
    let at = Clock::system().now();
    let hangs = kind == SendKind::Reply || to.is_dm();
    Outgoing {
        id: 1,
        kind,
        account: to.account.clone(),
        target: hangs.then(|| to.id.clone()),
        target_local: if hangs { to.local_id.clone() } else { String::new() },
        target_version: to.version(),
        to: to.author.clone(),
        text: Untrusted::new(text),
        lang: "es".into(),
        by: "luis".into(),
        drafted_by: "luis".into(),
        approved_by: None,
        at,
        state: SendState::InFlight { since: at },
        shown_at: None,
        tried: false,
        tried_at: None,
        absent_at: None,
        invites: false,
        files: Vec::new(),
    }
}

fn done(driver: &dyn Driver, outcome: Outcome) -> Receipt {
    if let Outcome::Done(receipt) = outcome { receipt } else { panic!("{}: {outcome:?}", driver.network()) }
}

/// Long enough ago that no network asks for patience.
fn a_while_ago() -> Time {
    Clock::system().now().plus(-MINUTE_MS)
}

#[tokio::test]
async fn a_mention_is_read_whole_and_answered_once() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        let policy = account.prepare().await.unwrap();
        let (mut reader, post) = mention(driver, &*account, "mi pedido no llega").await;
        assert!(post.text.expose().contains("mi pedido no llega"), "{}", driver.network());
        assert_eq!((post.author.handle.expose().contains("ana"), &post.answering, post.is_dm()), (true, &Answering::ByApi, false));
        assert!(post.mentions.contains(policy.author.as_ref().unwrap()), "{}: names us", driver.network());
        let receipt = done(driver, account.send("op", &outgoing(SendKind::Reply, &post, "Lo miramos."), None).await);
        assert_eq!(driver.answers_to(&post.id), 1, "{}", driver.network());
        // Whatever comes back of it is known for ours.
        let by_hand = driver.answers_by_hand(&post.id, "Y gracias por la paciencia.");
        reader.read(&*account).await.unwrap();
        for ours in receipt.post.iter().chain([&by_hand]).filter_map(|id| reader.posts.get(id)) {
            assert_eq!(Some(&ours.author.id), policy.author.as_ref(), "{}: an echo of our own", driver.network());
        }
        assert!(driver.faults().is_empty(), "{:#?}", driver.faults());
    }
}

/// A post of ana's to the brand that answers one of bea's which does not concern us, as it is read; and bea's.
async fn above(driver: &dyn Driver, account: &dyn NetworkAccount, said: &str) -> (Post, PostId) {
    let other = driver.posts("bea", said);
    let id = driver.replies("ana", &other, &format!("{} ¿y ahora esto?", driver.brand()));
    let mut reader = Reader::default();
    reader.read(account).await.unwrap();
    assert!(!reader.posts.contains_key(&other), "{}: not ours to read", driver.network());
    (reader.posts.get(&id).unwrap_or_else(|| panic!("{}: not read", driver.network())).clone(), other)
}

#[tokio::test]
async fn what_a_mention_answers_is_told_with_it_and_stays_foreign() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        account.prepare().await.unwrap();
        let said = format!("<b>la tienda</b> <!channel> *cierra* {}", "y no abre ".repeat(40));
        let (post, other) = above(driver, &*account, &said).await;
        let [context] = &post.context[..] else {
            assert_eq!((post.context.len(), driver.network()), (0, "square (demo)"));
            continue;
        };
        assert_eq!((context.how, &context.id), (Relation::Answers, &other), "{}", driver.network());
        assert!(context.handle.expose().contains("bea"), "{}", driver.network());
        let text = context.text.expose();
        assert!(
            text.starts_with("<b>la tienda</b> <!channel> *cierra* y no abre") && text.chars().count() == 280,
            "{}: {text}",
            driver.network()
        );
        assert!(!format!("{post:?}").contains("cierra"), "{}: not in what is logged", driver.network());
        // What is gone is not shown.
        driver.deletes("bea", &other);
        let (_, again) = (driver.replies("ana", &post.id, "y sigo"), driver.account().await);
        let mut reader = Reader::default();
        reader.read(&*again).await.unwrap();
        assert_eq!(reader.posts[&post.id].context, [], "{}", driver.network());
        assert!(driver.faults().is_empty(), "{:#?}", driver.faults());
    }
}

#[tokio::test]
async fn a_burst_and_what_came_while_the_bot_was_down_are_read_to_the_last() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        let (mut reader, _) = mention(driver, &*account, "la primera").await;
        drop(account);
        let quiet = driver.posts("bea", &format!("{} de noche", driver.brand()));
        driver.passes(HOUR_MS);
        let burst: Vec<PostId> = (0..500).map(|n| driver.posts("ana", &format!("{} pedido {n}", driver.brand()))).collect();
        // After the start it knows its cursors, and nothing else.
        let account = driver.account().await;
        reader.read(&*account).await.unwrap();
        let missing: Vec<&PostId> = burst.iter().chain([&quiet]).filter(|id| !reader.posts.contains_key(id)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", driver.network());
    }
}

#[tokio::test]
async fn an_answer_that_was_taken_and_then_lost_is_found_again() {
    for driver in drivers::all(Some(Trouble::AnswerLost)).await {
        let (driver, account) = (&*driver, driver.account().await);
        let (_, post) = mention(driver, &*account, "roto").await;
        assert!(driver.meets(Trouble::AnswerLost), "{}", driver.network());
        let send = outgoing(SendKind::Reply, &post, "Lo cambiamos.");
        let outcome = account.send("op", &send, None).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{}: {outcome:?}", driver.network());
        let look = account.look("op", &send, None, a_while_ago(), &[]).await;
        assert!(matches!(look, Look::Found(_)), "{}: {look:?}", driver.network());
        assert_eq!(driver.answers_to(&post.id), 1, "{}", driver.network());
    }
}

#[tokio::test]
async fn a_revoked_token_is_told_for_what_it_is() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        account.prepare().await.unwrap();
        let (mut reader, post) = mention(driver, &*account, "hola").await;
        if !driver.meets(Trouble::Revoked) {
            continue;
        }
        assert!(matches!(reader.read(&*account).await, Err(NetError::Auth(_))), "{}", driver.network());
        assert!(matches!(account.prepare().await, Err(NetError::Auth(_))), "{}", driver.network());
        let outcome = account.send("op", &outgoing(SendKind::Reply, &post, "Hola."), None).await;
        assert!(matches!(outcome, Outcome::AuthLost { .. }), "{}: {outcome:?}", driver.network());
        assert_eq!(driver.answers_to(&post.id), 0);
    }
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_the_network_says() {
    for driver in drivers::all(Some(Trouble::TooMany)).await {
        let (driver, account) = (&*driver, driver.account().await);
        let (_, post) = mention(driver, &*account, "hola").await;
        assert!(driver.meets(Trouble::TooMany), "{}", driver.network());
        let outcome = account.send("op", &outgoing(SendKind::Reply, &post, "Hola."), None).await;
        let Outcome::Retry { after_ms: Some(wait), .. } = outcome else { panic!("{}: {outcome:?}", driver.network()) };
        assert!((1..=MINUTE_MS).contains(&wait), "{}: {wait}", driver.network());
        assert_eq!(driver.answers_to(&post.id), 0);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_read_again() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        let (mut reader, _) = mention(driver, &*account, "uno").await;
        let next = driver.posts("bea", &format!("{} dos", driver.brand()));
        if !driver.meets(Trouble::Garbled) {
            continue;
        }
        let read = reader.read(&*account).await;
        assert!(matches!(read, Err(NetError::Retry { .. })), "{}: {read:?}", driver.network());
        reader.read(&*account).await.unwrap();
        assert!(reader.posts.contains_key(&next), "{}", driver.network());
    }
}

#[tokio::test]
async fn hostile_text_stays_text_and_out_of_what_is_logged() {
    for driver in drivers::all(None).await {
        let (driver, account) = (&*driver, driver.account().await);
        let (_, post) = mention(driver, &*account, "<script>alert(1)</script> *no* <!channel> \u{202e}odnum {code} $(id) `x`").await;
        for part in ["<script>alert(1)</script>", "*no*", "<!channel>", "odnum {code} $(id) `x`"] {
            assert!(post.text.expose().contains(part), "{}: {part} in {}", driver.network(), post.text.expose());
        }
        assert!(!format!("{post:?}").contains("alert"), "{}", driver.network());
    }
}

/// How a change of a post came to be known.
async fn seen(driver: &dyn Driver, account: &dyn NetworkAccount, reader: &mut Reader, is_known: impl Fn(&Reader) -> bool) -> &'static str {
    reader.read(account).await.unwrap();
    if is_known(reader) {
        return "by reading";
    }
    reader.look_again(account).await;
    assert!(is_known(reader), "{}: never", driver.network());
    "by looking again"
}

/// What a network can do, line by line, from its own word and from what was seen.
async fn abilities(driver: &dyn Driver) -> Vec<(&'static str, String)> {
    let account = driver.account().await;
    let can = account.prepare().await.unwrap().capabilities;
    let yes = |can: bool| if can { "yes" } else { "no" }.to_owned();
    let counted = match can.counting {
        Counting::Characters { url: Some(url) } => format!("characters, a link {url}"),
        Counting::Characters { url: None } => "characters".into(),
        Counting::Weighted => "weighted, a link 23".into(),
    };
    // A post that is changed, one that is taken away, and one that is gone before anybody reads.
    let (mut reader, changed) = mention(driver, &*account, "mi pedido").await;
    driver.edits("ana", &changed.id, &format!("{} mi otro pedido", driver.brand()));
    let fresh = |r: &Reader| r.text(&changed.id).is_some_and(|text| text.contains("otro"));
    let edits = seen(driver, &*account, &mut reader, fresh).await;
    driver.deletes("ana", &changed.id);
    let deletions = seen(driver, &*account, &mut reader, |r| r.gone.contains(&changed.id)).await;
    let early = driver.posts("bea", &format!("{} mejor no", driver.brand()));
    driver.deletes("bea", &early);
    reader.read(&*account).await.unwrap();
    assert!(!reader.posts.contains_key(&early), "{}: gone before it was read", driver.network());
    // A private conversation, both ways.
    driver.writes_privately("ana", "es la R7");
    reader.read(&*account).await.unwrap();
    let message = reader.posts.values().find(|p| p.is_dm() && p.text.expose().contains("R7")).cloned();
    let message = message.unwrap_or_else(|| panic!("{}: no private message", driver.network()));
    done(driver, account.send("dm", &outgoing(SendKind::Dm, &message, "Gracias."), None).await);
    assert_eq!(driver.messages_to("ana"), 1, "{}", driver.network());
    let mut routes = vec![route(driver, &*account, &can.dm_route, "ana").await];
    if driver.shuts("bea") {
        routes.push(route(driver, &*account, &can.dm_route, "bea").await);
    }
    let (answering, _) = above(driver, &*account, "cierran, dicen").await;
    let told = answering.context.iter().any(|c| c.text.expose().contains("cierran, dicen"));
    vec![
        ("Longest answer, private message", format!("{}, {}", can.max_length, can.max_private)),
        ("Counted in", counted),
        ("An answer is corrected, taken back", format!("{}, {}", yes(can.can_edit), yes(can.can_delete))),
        ("A customer's edit is learnt", edits.into()),
        ("A customer's deletion is learnt", deletions.into()),
        ("What a mention answers is shown above it", yes(told)),
        ("A private conversation begins", routes.join("; ")),
        ("Private messages that sereno cannot see", if can.unseen_private { "encrypted ones" } else { "none" }.into()),
        ("The same send twice", if can.idempotent { "the network counts it once" } else { "sereno looks first" }.into()),
    ]
}

/// How a handoff begins with somebody who has just posted; where we may write to them, that is tried.
async fn route(driver: &dyn Driver, account: &dyn NetworkAccount, of_network: &DmRoute, who: &str) -> String {
    let id = driver.posts(who, &format!("{} ¿y ahora?", driver.brand()));
    let mut reader = Reader::default();
    reader.read(account).await.unwrap();
    let post = reader.posts.get(&id).unwrap().clone();
    let before = driver.messages_to(who);
    let sent = account.send(&format!("handoff-{who}"), &outgoing(SendKind::Handoff, &post, "Hola, te leemos por aquí."), None).await;
    let words = match post.author.route.as_ref().unwrap_or(of_network) {
        DmRoute::Direct => {
            done(driver, sent);
            assert_eq!(driver.messages_to(who), before + 1, "{}", driver.network());
            return "with our message".into();
        }
        DmRoute::OneShot { .. } => "with one message of ours",
        DmRoute::Window { .. } => "with our message, for a while",
        DmRoute::Link { url } => {
            assert!(url.starts_with("https://"), "{url}");
            "else with a link in the public answer"
        }
        DmRoute::InPublic => "when they write, asked in public",
        DmRoute::None => "never",
    };
    assert!(matches!(sent, Outcome::Refused { .. }), "{}: {sent:?}", driver.network());
    assert_eq!(driver.messages_to(who), before, "{}", driver.network());
    words.into()
}

#[tokio::test]
async fn what_each_network_can_do_stands_in_readme() {
    let mut columns = Vec::new();
    for driver in drivers::all(None).await {
        columns.push((driver.network(), abilities(&*driver).await));
        assert!(driver.faults().is_empty(), "{:#?}", driver.faults());
    }
    let row = |first: &str, cells: Vec<&str>| format!("| {first} | {} |\n", cells.join(" | "));
    let mut table = row("", columns.iter().map(|c| c.0).collect()).replacen("|  |", "| |", 1);
    writeln!(table, "|---|{}", "---|".repeat(columns.len())).unwrap();
    for line in 0..columns[0].1.len() {
        table.push_str(&row(columns[0].1[line].0, columns.iter().map(|c| c.1[line].1.as_str()).collect()));
    }
    crate::docs::held_equal("README.md", "networks", &table);
}
