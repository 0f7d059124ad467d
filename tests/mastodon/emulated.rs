//! The adapter against the emulator: what it reads, what it sends, and what it makes of faults.

use crate::emulator::mastodon::{BRAND, BRAND_TOKEN, Chances, Draft, Emulator, Fault, On, Posted};
use secrecy::SecretString;
use sereno::case::{Outgoing, SendKind, SendState};
use sereno::clock::{Clock, HOUR_MS, Time};
use sereno::network::mastodon::{MastodonAccount, Settings, TokenSource};
use sereno::network::{NetError, NetworkAccount};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::{Counting, ListenRule};
use sereno::post::{NetEvent, Post, PostRef, Reach, Untrusted, Visibility};
use sereno::say::{Say, Why};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

pub fn settings(emulator: &Emulator) -> Settings {
    Settings {
        request_ms: 2_000,
        connect_ms: 2_000,
        silence_ms: 400,
        settle_ms: 0,
        settle_public_ms: 0,
        doubt_ms: 0,
        ..Settings::new(emulator.url().parse().unwrap(), BRAND_TOKEN.to_owned().into())
    }
}

pub fn adapter(settings: Settings) -> MastodonAccount {
    MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap()
}

fn now() -> Time {
    Clock::system().now()
}

/// Reads a stream to its end; the posts and the cursor.
pub async fn drain(account: &MastodonAccount, stream: &str, mut cursor: Option<String>) -> (Vec<NetEvent>, Option<String>) {
    let mut events = Vec::new();
    for _ in 0..500 {
        let page = account.poll(stream, cursor.as_deref()).await.unwrap();
        events.extend(page.events);
        cursor = page.cursor.or(cursor);
        if !page.more {
            return (events, cursor);
        }
    }
    panic!("{stream} has no end");
}

pub fn posts(events: &[NetEvent]) -> Vec<&Post> {
    events
        .iter()
        .filter_map(|e| match e {
            NetEvent::New(post) => Some(post),
            _ => None,
        })
        .collect()
}

pub fn only(events: &[NetEvent]) -> &Post {
    let found = posts(events);
    assert_eq!(found.len(), 1, "{events:?}");
    found[0]
}

fn send(kind: SendKind, to: &Post, text: &str) -> Outgoing {
    let hangs = kind == SendKind::Reply || to.is_dm();
    Outgoing {
        id: 1,
        kind,
        account: "shop".into(),
        target: hangs.then(|| to.id.clone()),
        target_local: if hangs { to.local_id.clone() } else { String::new() },
        target_version: to.version(),
        to: to.author.clone(),
        text: Untrusted::new(text),
        lang: "es".into(),
        by: "luis".into(),
        drafted_by: "luis".into(),
        approved_by: None,
        at: now(),
        state: SendState::InFlight { since: now() },
        shown_at: None,
        tried: false,
        tried_at: None,
        absent_at: None,
        invites: false,
        files: Vec::new(),
    }
}

fn done(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Done(receipt) => receipt,
        other => panic!("not done: {other:?}"),
    }
}

fn published(receipt: &Receipt) -> SendState {
    SendState::Published { id: receipt.post.clone().unwrap(), local_id: receipt.native_id.clone(), url: receipt.url.clone(), at: now() }
}

/// A customer's post, read.
async fn mention(emulator: &Emulator, account: &MastodonAccount, text: &str) -> Post {
    emulator.customer("ana").post(text);
    only(&drain(account, "notifications", None).await.0).clone()
}

#[tokio::test]
async fn signing_in_learns_who_and_what() {
    let emulator = Emulator::start().await;
    emulator.limits(5_000, 25);
    let policy = adapter(settings(&emulator)).prepare().await.unwrap();
    assert_eq!(policy.author.unwrap().as_str(), "https://emulator.example/users/shop");
    assert_eq!(policy.handle, "@shop@emulator.example");
    assert_eq!((policy.capabilities.max_length, policy.capabilities.counting), (5_000, Counting::Characters { url: Some(25) }));
    assert!(policy.capabilities.idempotent && policy.capabilities.can_edit && policy.capabilities.can_delete);
    let agent = emulator.books().requests[0].agent.clone().unwrap();
    assert!(agent.starts_with("sereno/"), "{agent}");
}

#[tokio::test]
async fn an_older_server_is_understood() {
    let emulator = Emulator::start().await;
    emulator.limits(700, 30);
    emulator.old_server();
    let rule = ListenRule { name: "marca".into(), keywords: vec!["tienda".into()], ..ListenRule::default() };
    let account = adapter(Settings { listen: vec![rule], ..settings(&emulator) });
    let policy = account.prepare().await.unwrap();
    assert_eq!(policy.author.unwrap().as_str(), "acct:shop@emulator.example");
    assert_eq!(policy.capabilities.max_length, 700);
    let post = mention(&emulator, &account, "@shop hola").await;
    assert_eq!(post.author.id.as_str(), "acct:ana@emulator.example");
    let again = account.refresh(&[PostRef::Local { account: "shop".into(), local_id: post.local_id.clone() }]).await.unwrap();
    assert!(matches!(&again[..], [NetEvent::Engagement { .. }]), "one by one: {again:?}");
    let page = account.poll("search:tienda", None).await.unwrap();
    assert!(page.events.is_empty() && page.cursor.is_some() && !page.more, "a stream that is not offered is empty, not broken");
}

#[tokio::test]
async fn a_mention_comes_by_polling() {
    let emulator = Emulator::start().await;
    emulator.set_account("ana", 4_321, false);
    emulator.customer("ana").publish(Draft {
        text: "@shop mi pedido no llega https://tienda.example/pedidos/1234567890/seguimiento/abcdef".into(),
        warning: "enfado".into(),
        language: Some("es"),
        media: vec![("https://f.example/1.png".into(), "una caja rota".into())],
        visibility: Some("unlisted"),
        ..Draft::default()
    });
    let account = adapter(settings(&emulator));
    let (events, cursor) = drain(&account, "notifications", None).await;
    let post = only(&events);
    assert_eq!(
        post.text.expose(),
        "@shop@emulator.example mi pedido no llega https://tienda.example/pedidos/1234567890/seguimiento/abcdef"
    );
    assert_eq!(post.warning.as_ref().unwrap().expose(), "enfado");
    assert_eq!(post.lang.as_deref(), Some("es"));
    assert_eq!(post.author.followers, Some(4_321));
    assert_eq!(post.media[0].description.as_ref().unwrap().expose(), "una caja rota");
    assert_eq!((post.visibility, &post.reach), (Visibility::Unlisted, &Reach::Mention));
    assert!(post.root.is_none() && post.parent.is_none());
    assert_eq!(post.author.handle.expose(), "@ana@emulator.example");
    let (again, _) = drain(&account, "notifications", cursor).await;
    assert!(again.is_empty());
}

#[tokio::test]
async fn a_burst_of_500_is_read_once_each_and_in_order() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let (_, cursor) = drain(&account, "notifications", None).await;
    let uris: Vec<String> = (0..500).map(|n| emulator.customer(&format!("c{n}")).post(&format!("@shop queja {n}"))).collect();
    let (events, cursor) = drain(&account, "notifications", cursor).await;
    let got: Vec<String> = posts(&events).iter().map(|p| p.id.to_string()).collect();
    assert_eq!(got, uris);
    assert!(drain(&account, "notifications", cursor).await.0.is_empty());
}

#[tokio::test]
async fn texts_too_long_for_one_page_do_not_stop_the_stream() {
    let emulator = Emulator::start().await;
    let account = adapter(Settings { request_ms: 15_000, ..settings(&emulator) });
    let (_, cursor) = drain(&account, "notifications", None).await;
    let mut uris: Vec<String> =
        (0..10).map(|n| emulator.customer(&format!("c{n}")).post(&format!("@shop {n} {}", "a".repeat(900_000)))).collect();
    uris.push(emulator.customer("ana").post(&format!("@shop {}", "b".repeat(9_000_000))));
    uris.push(emulator.customer("ana").post("@shop y ahora esto"));
    let (events, cursor) = drain(&account, "notifications", cursor).await;
    let got: Vec<String> = posts(&events).iter().map(|p| p.id.to_string()).collect();
    assert_eq!(got, uris);
    assert!(posts(&events).iter().all(|p| p.text.expose().chars().count() <= 20_000));
    assert!(drain(&account, "notifications", cursor).await.0.is_empty());
}

/// As above, with everything young: pages are read again, and again nothing is left out.
#[tokio::test]
async fn a_burst_within_the_settling_time_loses_nothing() {
    let emulator = Emulator::start().await;
    let account = adapter(Settings { settle_ms: 60_000, page_size: 7, ..settings(&emulator) });
    let (_, cursor) = drain(&account, "notifications", None).await;
    let uris: BTreeSet<String> = (0..50).map(|n| emulator.customer("ana").post(&format!("@shop queja {n}"))).collect();
    let (events, cursor) = drain(&account, "notifications", cursor).await;
    let got: BTreeSet<String> = posts(&events).iter().map(|p| p.id.to_string()).collect();
    assert_eq!(got, uris);
    let (events, _) = drain(&account, "notifications", cursor).await;
    assert_eq!(posts(&events).len(), 50, "read again: something could have slipped in before them");
}

#[tokio::test]
async fn what_appears_late_under_a_lower_id_is_found() {
    let emulator = Emulator::start().await;
    let account = adapter(Settings { settle_ms: 60_000, ..settings(&emulator) });
    let (_, cursor) = drain(&account, "notifications", None).await;
    emulator.hold_notifications();
    let late = emulator.customer("ana").post("@shop late");
    emulator.customer("bob").post("@shop early");
    // Bob's is shown first, though its id is higher.
    emulator.release_from("bob");
    let (events, cursor) = drain(&account, "notifications", cursor).await;
    assert_eq!(posts(&events).len(), 1);
    emulator.release();
    let (events, _) = drain(&account, "notifications", cursor).await;
    assert!(posts(&events).iter().any(|p| p.id.as_str() == late), "{events:?}");
}

#[tokio::test]
async fn more_than_is_read_back_is_a_gap_that_is_said() {
    let emulator = Emulator::start().await;
    let publish = |n: i64| emulator.customer("ana").publish(Draft { text: format!("@shop queja {n}"), age_min: 20, ..Draft::default() });
    (0..99).for_each(|n| drop(publish(n)));
    let account = || adapter(Settings { page_size: 1, ..settings(&emulator) });
    assert!(!account().poll("notifications", None).await.unwrap().gap, "all of it was read back");
    (0..2).for_each(|n| drop(publish(n)));
    let page = account().poll("notifications", None).await.unwrap();
    assert!(page.gap, "a hundred pages are read back, and no more");
    assert!(!account().poll("notifications", page.cursor.as_deref()).await.unwrap().gap);
}

#[tokio::test]
async fn hours_of_downtime_lose_and_double_nothing() {
    let emulator = Emulator::start().await;
    emulator.customer("old").publish(Draft { text: "@shop antes".into(), age_min: 305, ..Draft::default() });
    let before = adapter(Settings { import_ms: 6 * HOUR_MS, ..settings(&emulator) });
    let (events, cursor) = drain(&before, "notifications", None).await;
    assert_eq!(posts(&events).len(), 1);
    drop(before);
    let mut uris: Vec<String> = Vec::new();
    for n in 0..500 {
        let customer = emulator.customer(&format!("c{}", n % 40));
        let age_min = 300 - n / 2;
        uris.push(customer.publish(Draft { text: format!("@shop queja {n}"), age_min, ..Draft::default() }));
    }
    emulator.customer("c0").delete(&uris[0]);
    // A new process with the stored cursor, faults on the way.
    let after = adapter(settings(&emulator));
    emulator.fault(On::Path("notifications"), Fault::Malformed, 1);
    emulator.fault(On::Path("notifications"), Fault::HalfAnswer, 1);
    emulator.fault(On::Path("notifications"), Fault::Drop { done: false }, 1);
    let mut cursor = cursor;
    let mut got = Vec::new();
    let mut failed = 0;
    loop {
        match after.poll("notifications", cursor.as_deref()).await {
            Ok(page) => {
                got.extend(posts(&page.events).iter().map(|p| p.id.to_string()));
                cursor = page.cursor.or(cursor);
                if !page.more {
                    break;
                }
            }
            Err(NetError::Retry { .. }) => failed += 1,
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(failed, 3);
    assert_eq!(got.len(), 499);
    assert!(got == uris[1..], "in order, none twice");
}

#[tokio::test]
async fn a_first_reading_imports_no_old_posts() {
    let emulator = Emulator::start().await;
    let ana = emulator.customer("ana");
    for n in 0..120 {
        ana.publish(Draft { text: format!("@shop old {n}"), age_min: 90, ..Draft::default() });
    }
    let fresh: Vec<String> =
        (0..90).map(|n| ana.publish(Draft { text: format!("@shop new {n}"), age_min: 30, ..Draft::default() })).collect();
    let account = adapter(settings(&emulator));
    let (events, cursor) = drain(&account, "notifications", None).await;
    assert_eq!(posts(&events).iter().map(|p| p.id.to_string()).collect::<Vec<_>>(), fresh);
    assert!(drain(&account, "notifications", cursor).await.0.is_empty());
}

#[tokio::test]
async fn the_same_cursor_gives_the_same_again() {
    let emulator = Emulator::start().await;
    let account = adapter(Settings { page_size: 10, ..settings(&emulator) });
    let (_, cursor) = drain(&account, "notifications", None).await;
    let first = emulator.customer("ana").post("@shop uno");
    for n in 0..25 {
        emulator.customer("bob").reply_to(&first, &format!("@shop yo también {n}"));
    }
    let one = account.poll("notifications", cursor.as_deref()).await.unwrap();
    let two = account.poll("notifications", cursor.as_deref()).await.unwrap();
    assert_eq!(one.events, two.events);
    // And so does another process.
    let three = adapter(Settings { page_size: 10, ..settings(&emulator) }).poll("notifications", cursor.as_deref()).await.unwrap();
    assert_eq!(one.events, three.events);
    assert_eq!(one.cursor, three.cursor);
}

#[tokio::test]
async fn pages_in_disorder_are_put_in_order() {
    let emulator = Emulator::start().await;
    emulator.shuffle_pages(true);
    let account = adapter(Settings { page_size: 10, ..settings(&emulator) });
    let (_, cursor) = drain(&account, "notifications", None).await;
    let uris: Vec<String> = (0..35).map(|n| emulator.customer("ana").post(&format!("@shop {n}"))).collect();
    let (events, _) = drain(&account, "notifications", cursor).await;
    assert_eq!(posts(&events).iter().map(|p| p.id.to_string()).collect::<Vec<_>>(), uris);
}

#[tokio::test]
async fn a_conversation_has_one_root_and_its_people() {
    let emulator = Emulator::start().await;
    let ana = emulator.customer("ana");
    let root = ana.post("@shop mi maleta");
    let ours = emulator.brand_by_hand().reply_to(&root, "@ana ¿qué vuelo?");
    let answer = ana.reply_to(&ours, "@shop el IB123");
    let bystander = emulator.customer("bob").reply_to(&answer, "@shop @ana a mí igual");
    let account = adapter(settings(&emulator));
    let (events, _) = drain(&account, "notifications", None).await;
    let found = posts(&events);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|p| p.root().as_str() == root));
    let parent = found[1].parent.clone().unwrap();
    assert_eq!(parent.id.unwrap().as_str(), ours);
    assert_eq!(parent.author.unwrap().as_str(), "https://emulator.example/users/shop");
    assert_eq!(
        (found[2].id.as_str(), found[2].parent.clone().unwrap().author.unwrap().as_str()),
        (bystander.as_str(), "https://emulator.example/users/ana")
    );
    let asked = emulator.books().requests_of("GET", "/context").len();
    assert_eq!(asked, 1, "what one context told is not asked for again");
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_holds_the_page_but_not_for_ever() {
    let emulator = Emulator::start().await;
    let ana = emulator.customer("ana");
    let root = ana.post("hola");
    let middle = ana.reply_to(&root, "sigo");
    ana.reply_to(&middle, "@shop y sigo");
    let account = adapter(settings(&emulator));
    emulator.fault(On::Path("/context"), Fault::Status { code: 500, done: false, after_s: None }, 100);
    assert!(matches!(account.poll("notifications", None).await, Err(NetError::Retry { .. })));
    assert!(matches!(account.poll("notifications", None).await, Err(NetError::Retry { .. })));
    let page = account.poll("notifications", None).await.unwrap();
    assert_eq!(only(&page.events).root().as_str(), middle, "at least the post answered");
}

#[tokio::test]
async fn what_we_post_elsewhere_is_seen_as_ours() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let (_, cursor) = drain(&account, "own", None).await;
    let root = emulator.customer("ana").post("@shop hola");
    let uri = emulator.brand_by_hand().reply_to(&root, "@ana hola, dinos");
    let (events, _) = drain(&account, "own", cursor).await;
    let post = only(&events);
    assert_eq!(post.id.as_str(), uri);
    assert_eq!(Some(&post.author.id), account.prepare().await.unwrap().author.as_ref());
    assert_eq!(post.root().as_str(), root);
    let (events, _) = drain(&account, "notifications", None).await;
    assert_eq!(only(&events).id.as_str(), root, "our own answer is no mention");
}

#[tokio::test]
async fn whom_we_write_to_is_known_as_the_world_knows_them() {
    let emulator = Emulator::start().await;
    let ana = emulator.customer("ana@far.example").post("@shop@emulator.example hola");
    emulator.brand_by_hand().dm("@ana@far.example cuéntanos aquí");
    let account = adapter(settings(&emulator));
    let author = only(&drain(&account, "notifications", None).await.0).author.id.clone();
    assert!(ana.starts_with(author.as_str()));
    // Also in a process that never read anything of hers.
    for account in [account, adapter(settings(&emulator))] {
        let (events, _) = drain(&account, "own", None).await;
        let dm = only(&events);
        assert!(dm.is_dm());
        assert_eq!(dm.mentions, std::slice::from_ref(&author));
    }
}

#[tokio::test]
async fn buzz_is_found_by_hashtag_keyword_and_search() {
    let emulator = Emulator::start().await;
    let rule = ListenRule {
        name: "marca".into(),
        keywords: vec!["Tienda Sol".into()],
        hashtags: vec!["TiendaSol".into()],
        exclude: vec!["sorteo".into()],
        ..ListenRule::default()
    };
    let account = adapter(Settings { listen: vec![rule], ..settings(&emulator) });
    assert_eq!(account.streams(), ["notifications", "own", "tag:tiendasol", "search:Tienda Sol", "local"]);
    let ana = emulator.customer("ana");
    let tagged = ana.post("qué mal #TiendaSol");
    let worded = ana.post("Ayer en la tienda sol, un desastre");
    ana.post("#TiendaSol sorteo de una tienda sol");
    ana.post("nada que ver");
    emulator.brand_by_hand().post("gracias por venir a Tienda Sol #TiendaSol");
    let ids = |events: &[NetEvent]| posts(events).iter().map(|p| p.id.to_string()).collect::<Vec<_>>();
    let (by_tag, _) = drain(&account, "tag:tiendasol", None).await;
    assert_eq!(ids(&by_tag), std::slice::from_ref(&tagged));
    assert_eq!(only(&by_tag).reach, Reach::Buzz("marca".into()));
    let (by_search, cursor) = drain(&account, "search:Tienda Sol", None).await;
    assert_eq!(ids(&by_search), std::slice::from_ref(&worded));
    assert!(drain(&account, "search:Tienda Sol", cursor).await.0.is_empty());
    let local = ids(&drain(&account, "local", None).await.0);
    assert!(local.contains(&worded) && !local.iter().any(|l| emulator.books().get(l).unwrap().by == BRAND), "{local:?}");
}

#[tokio::test]
async fn other_rules_begin_with_the_present_and_open_the_streams_anew() {
    let emulator = Emulator::start().await;
    let account = Arc::new(adapter(settings(&emulator)));
    let ana = emulator.customer("ana");
    ana.post("#Luna: antes, en la tienda luna");
    let (tx, mut events) = mpsc::channel(16);
    let pushing = Arc::clone(&account);
    let pushed = tokio::spawn(async move { pushing.push(tx).await });
    while emulator.streams() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rule =
        ListenRule { name: "luna".into(), keywords: vec!["tienda luna".into()], hashtags: vec!["Luna".into()], ..ListenRule::default() };
    account.set_rules(&[rule]);
    let ended = timeout(Duration::from_secs(30), pushed).await.unwrap().unwrap();
    assert!(ended.to_string().contains("other listening rules"), "{ended}");
    assert!(events.recv().await.is_none());
    let streams = account.streams();
    assert_eq!(streams, ["notifications", "own", "tag:luna", "search:tienda luna", "local"]);
    let begins = |first| streams.iter().map(|s| account.begins(s, first)).collect::<Vec<_>>();
    assert!(begins(false).iter().map(Option::is_some).eq([false, false, true, true, true]));
    let (now, first) = (begins(false), begins(true));
    let said = ana.post("#Luna: después, en la tienda luna");
    for ((stream, now), first) in streams.iter().zip(now).zip(first).skip(2) {
        let (new, cursor) = drain(&account, stream, now).await;
        assert_eq!(only(&new).id.to_string(), said, "{stream}");
        // The last minute is read again, and nothing before it began.
        assert!(posts(&drain(&account, stream, cursor).await.0).iter().all(|p| p.id.to_string() == said), "{stream}");
        assert_eq!(posts(&drain(&account, stream, first).await.0).len(), 2, "{stream}: a new account imports");
    }
}

#[tokio::test]
async fn boosts_and_edits_are_told() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let (_, cursor) = drain(&account, "notifications", None).await;
    let ours = emulator.brand_by_hand().post("abrimos a las 9");
    emulator.customer("bob").boost(&ours);
    let (events, _) = drain(&account, "notifications", cursor).await;
    match &events[..] {
        [NetEvent::Reposted { id, post: PostRef::World(of) }] => {
            assert_eq!(of.as_str(), ours);
            assert!(id.as_str().contains("users/bob"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn looking_again_finds_edits_deletions_and_spread() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let ana = emulator.customer("ana");
    let uris: Vec<String> = (0..30).map(|n| ana.post(&format!("@shop {n}"))).collect();
    let (events, _) = drain(&account, "notifications", None).await;
    let refs: Vec<PostRef> = posts(&events).iter().map(|p| PostRef::World(p.id.clone())).collect();
    ana.edit(&uris[3], "@shop otra cosa");
    ana.delete(&uris[25]);
    emulator.customer("bob").boost(&uris[7]);
    emulator.customer("bob").like(&uris[7]);
    let again = account.refresh(&refs).await.unwrap();
    let edited: Vec<_> = again
        .iter()
        .filter_map(
            |e| if let NetEvent::Edited(p) = e { Some((p.id.to_string(), p.text.expose().to_owned(), p.version() > 0)) } else { None },
        )
        .collect();
    assert_eq!(edited, [(uris[3].clone(), "@shop@emulator.example otra cosa".to_owned(), true)]);
    let gone: Vec<_> =
        again.iter().filter_map(|e| if let NetEvent::Deleted { post, .. } = e { Some(post.clone()) } else { None }).collect();
    assert_eq!(gone, [refs[25].clone()]);
    let spread = again.iter().find_map(|e| match e {
        NetEvent::Engagement { post, engagement } if *post == refs[7] => Some(*engagement),
        _ => None,
    });
    assert_eq!(spread.map(|e| (e.reposts, e.likes)), Some((1, 1)));
    // A process that never saw them finds them by their uri.
    let fresh = adapter(settings(&emulator)).refresh(&refs[..1]).await.unwrap();
    assert!(matches!(&fresh[..], [NetEvent::Engagement { .. }]), "{fresh:?}");
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let emulator = Emulator::start().await;
    let html = "<p>@shop <script>alert(1)</script><b onclick=\"x\">hola</b> &lt;img src=x&gt; <a href=\"https://evil.example/\">https://bank.example</a></p><a href=\"javascript:x\">pulsa</a>\u{202e}fin";
    emulator.customer("ana").publish(Draft { text: "@shop".into(), html: Some(html.into()), ..Draft::default() });
    let account = adapter(settings(&emulator));
    let (events, _) = drain(&account, "notifications", None).await;
    assert_eq!(only(&events).text.expose(), "@shop hola <img src=x> https://bank.example (https://evil.example/)\n\npulsa\u{202e}fin");
}

#[tokio::test]
async fn a_reply_is_published_once_and_as_visible_as_its_target() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    for (visible, want) in [("public", "public"), ("unlisted", "unlisted"), ("private", "private")] {
        let uri = emulator.customer(visible).publish(Draft { text: "@shop hola".into(), visibility: Some(visible), ..Draft::default() });
        let (events, _) = drain(&account, "notifications", None).await;
        let post = (*posts(&events).last().unwrap()).clone();
        let op = format!("i-{visible}");
        let reply = send(SendKind::Reply, &post, "Lo miramos.");
        let one = done(account.send(&op, &reply, None).await);
        let two = done(account.send(&op, &reply, None).await);
        assert_eq!(one, two);
        let books = emulator.books();
        let answers = books.answers_to(&uri);
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].text, format!("@{visible} Lo miramos."));
        assert_eq!(
            (answers[0].visibility.as_str(), answers[0].language.as_deref(), answers[0].key.as_deref()),
            (want, Some("es"), Some(op.as_str()))
        );
        assert_eq!(one.post.unwrap().as_str(), answers[0].uri);
    }
}

#[tokio::test]
async fn lost_after_acceptance_is_found_and_lost_before_is_absent() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let text = "Míralo aquí: https://tienda.example/ayuda/devoluciones/una-pagina-larga & dinos <pronto>";
    let reply = send(SendKind::Reply, &post, text);
    let since = now();
    let faults = [Fault::Drop { done: false }, Fault::Hang { done: false }, Fault::Status { code: 500, done: false, after_s: None }];
    for fault in faults {
        emulator.fault(On::Post, fault, 1);
        assert!(matches!(account.send("op-1", &reply, None).await, Outcome::Unknown { .. }), "{fault:?}");
        assert_eq!(account.look("op-1", &reply, None, since, &[]).await, Look::Absent, "{fault:?}");
    }
    let faults = [
        Fault::Drop { done: true },
        Fault::Hang { done: true },
        Fault::Status { code: 502, done: true, after_s: None },
        Fault::Malformed,
        Fault::HalfAnswer,
    ];
    for (n, fault) in faults.into_iter().enumerate() {
        let reply = send(SendKind::Reply, &post, &format!("{text} {n}"));
        let op = format!("op-2-{n}");
        emulator.fault(On::Post, fault, 1);
        assert!(matches!(account.send(&op, &reply, None).await, Outcome::Unknown { .. }), "{fault:?}");
        let Look::Found(receipt) = account.look(&op, &reply, None, since, &[]).await else { panic!("{fault:?}: not found") };
        let books = emulator.books();
        let answer: &Posted = books.answers_to(post.id.as_str()).into_iter().next_back().unwrap();
        assert_eq!(receipt.post.unwrap().as_str(), answer.uri);
    }
    assert_eq!(emulator.books().answers_to(post.id.as_str()).len(), 5);
    assert!(emulator.books().doubled().is_empty());
}

#[tokio::test]
async fn a_look_tells_one_answer_from_another() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.customer("bob").reply_to(post.id.as_str(), "Lo miramos.");
    emulator.brand_by_hand().reply_to(post.id.as_str(), "@ana otra cosa");
    emulator.brand_by_hand().post("@ana Lo miramos.");
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    assert_eq!(account.look("op", &reply, None, now(), &[]).await, Look::Absent);
    // An hour before it was first tried: not this one.
    emulator.brand_by_hand().publish(Draft {
        text: "@ana Lo miramos.".into(),
        answers: Some(post.id.to_string()),
        age_min: 60,
        ..Draft::default()
    });
    assert_eq!(account.look("op", &reply, None, now(), &[]).await, Look::Absent);
    emulator.brand_by_hand().reply_to(post.id.as_str(), "@ana  Lo   miramos.");
    assert!(matches!(account.look("op", &reply, None, now(), &[]).await, Look::Found(_)));
    let early = adapter(Settings { doubt_ms: 60_000, ..settings(&emulator) });
    assert!(matches!(early.look("op", &reply, None, now(), &[]).await, Look::Retry { after_ms: Some(_), .. }), "too soon to tell");
    emulator.down().await;
    assert!(matches!(account.look("op", &reply, None, now(), &[]).await, Look::Retry { .. }));
}

#[tokio::test]
async fn the_same_answer_again_is_not_taken_for_the_one_before() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let since = now();
    for (kind, to) in [(SendKind::Reply, &post), (SendKind::Dm, &post)] {
        let text = send(kind, to, "Lo miramos.");
        let ops = ["a", "b", "c"].map(|n| format!("{n}-{:?}", text.kind));
        let first = done(account.send(&ops[0], &text, None).await);
        let known = [first.native_id.clone()];
        emulator.fault(On::Post, Fault::Drop { done: false }, 1);
        assert!(matches!(account.send(&ops[1], &text, None).await, Outcome::Unknown { .. }));
        assert_eq!(account.look(&ops[1], &text, None, since, &known).await, Look::Absent, "the first is another");
        emulator.fault(On::Post, Fault::Drop { done: true }, 1);
        assert!(matches!(account.send(&ops[2], &text, None).await, Outcome::Unknown { .. }));
        let Look::Found(found) = account.look(&ops[2], &text, None, since, &known).await else { panic!("not found") };
        assert_ne!(found.native_id, first.native_id);
        let known = [first.native_id, found.native_id];
        assert_eq!(account.look("d", &text, None, since, &known).await, Look::Absent, "both are others");
    }
}

#[tokio::test]
async fn a_target_that_changed_or_went_stops_the_reply() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    emulator.customer("ana").edit(post.id.as_str(), "@shop era broma");
    assert_eq!(account.send("op", &reply, None).await, Outcome::TargetEdited);
    let events = account.refresh(&[PostRef::World(post.id.clone())]).await.unwrap();
    let NetEvent::Edited(edited) = &events[0] else { panic!("{events:?}") };
    done(account.send("op-b", &send(SendKind::Reply, edited, "Vale."), None).await);
    emulator.customer("ana").delete(post.id.as_str());
    assert_eq!(account.send("op-c", &send(SendKind::Reply, edited, "¿Hola?"), None).await, Outcome::TargetGone);
    assert_eq!(emulator.books().by_token(BRAND_TOKEN).len(), 1);
}

#[tokio::test]
async fn what_a_server_refuses_is_told_in_its_words() {
    let emulator = Emulator::start().await;
    emulator.limits(60, 23);
    let account = adapter(settings(&emulator));
    assert_eq!(account.prepare().await.unwrap().capabilities.max_length, 60);
    let post = mention(&emulator, &account, "@shop hola").await;
    let Outcome::Refused { why } = account.send("op", &send(SendKind::Reply, &post, &"x".repeat(70)), None).await else { panic!("taken") };
    assert!(why.to_string().contains("character limit of 60"), "{why}");
    let fits = format!("{} https://tienda.example/una/direccion/bastante/larga/para/sesenta/caracteres", "x".repeat(20));
    done(account.send("op-b", &send(SendKind::Reply, &post, &fits), None).await);
}

#[tokio::test]
async fn rate_limits_are_obeyed() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    emulator.fault(On::Post, Fault::TooMany { after_s: 7 }, 1);
    assert!(matches!(account.send("op", &reply, None).await, Outcome::Retry { after_ms: Some(7_000), lane: true, .. }));
    let asked = emulator.books().requests_of("POST", "/statuses").len();
    let Outcome::Retry { after_ms: Some(wait), lane: true, .. } = account.send("op", &reply, None).await else { panic!("sent") };
    assert!((1..=7_000).contains(&wait), "{wait}");
    assert_eq!(emulator.books().requests_of("POST", "/statuses").len(), asked, "not even tried before the time");
    assert!(account.poll("notifications", None).await.is_ok(), "reading has an allowance of its own");
    let other = adapter(settings(&emulator));
    emulator.fault(On::Path("notifications"), Fault::TooManyByHeader { after_s: 90 }, 1);
    let Err(NetError::Retry { after_ms: Some(wait), .. }) = other.poll("notifications", None).await else { panic!("no wait") };
    assert!((60_000..=91_000).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_last_calls_are_kept_for_staff() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.budget(100, 60_000);
    let mut polls = 0;
    while account.poll("notifications", None).await.is_ok() {
        polls += 1;
        assert!(polls < 100);
    }
    assert!(polls >= 70, "{polls}");
    done(account.send("op", &send(SendKind::Reply, &post, "Lo miramos."), None).await);
    assert!(emulator.books().requests.iter().all(|r| r.code != Some(429)), "the server never had to refuse");
}

#[tokio::test]
async fn a_revoked_token_is_told_and_mends() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.revoke(BRAND_TOKEN);
    assert!(matches!(account.poll("notifications", None).await, Err(NetError::Auth(_))));
    assert!(matches!(account.prepare().await, Err(NetError::Auth(_))));
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    assert!(matches!(account.send("op", &reply, None).await, Outcome::AuthLost { .. }));
    let (tx, _rx) = mpsc::channel(8);
    assert!(matches!(timeout(LONG, account.push(tx)).await.unwrap(), NetError::Auth(_)));
    emulator.restore(BRAND_TOKEN);
    done(account.send("op", &reply, None).await);
}

/// A new token where the old one stood is found without a restart, and one of another account is not taken.
#[tokio::test]
async fn a_new_token_is_found_and_only_one_of_the_same_account_is_taken() {
    let emulator = Emulator::start().await;
    let file = Arc::new(Mutex::new(SecretString::from(BRAND_TOKEN)));
    let read = file.clone();
    let renewed = Some(TokenSource(Arc::new(move || Some(read.lock().unwrap().clone()))));
    let account = adapter(Settings { renewed, ..settings(&emulator) });
    let post = mention(&emulator, &account, "@shop hola").await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    emulator.revoke(BRAND_TOKEN);

    *file.lock().unwrap() = emulator.issue("press", "of_the_press");
    let Err(NetError::Auth(why)) = account.prepare().await else { panic!("somebody else's token was taken") };
    assert!(why.contains("another account, press") && !why.contains("of_the_press"), "{why}");
    assert!(matches!(account.send("op", &reply, None).await, Outcome::AuthLost { .. }));
    assert!(emulator.books().by_token("of_the_press").is_empty());

    *file.lock().unwrap() = emulator.issue(BRAND, "of_the_brand");
    account.prepare().await.unwrap();
    done(account.send("op", &reply, None).await);
    assert_eq!(emulator.books().by_token("of_the_brand").len(), 1);
}

#[tokio::test]
async fn what_is_forbidden_is_told_from_a_bad_token() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    emulator.fault(On::Post, Fault::Status { code: 403, done: false, after_s: None }, 1);
    assert!(matches!(account.send("op-1", &reply, None).await, Outcome::Refused { .. }), "this post alone");
    emulator.fault(On::Post, Fault::NoScope, 1);
    assert!(matches!(account.send("op-2", &reply, None).await, Outcome::AuthLost { .. }), "the token");
    done(account.send("op-3", &reply, None).await);
}

#[tokio::test]
async fn a_public_stream_that_fails_holds_nothing_else_up() {
    let emulator = Emulator::start().await;
    let rule = ListenRule { name: "marca".into(), keywords: vec!["tienda sol".into()], ..ListenRule::default() };
    let account = adapter(Settings { listen: vec![rule], ..settings(&emulator) });
    let uri = emulator.customer("ana").post("en tienda sol, mal");
    emulator.fault(On::Path("/search"), Fault::Status { code: 503, done: false, after_s: None }, 4);
    assert!(account.poll("search:tienda sol", None).await.is_err());
    assert!(account.poll("search:tienda sol", None).await.is_err());
    let page = account.poll("search:tienda sol", None).await.unwrap();
    assert!(page.events.is_empty() && !page.more);
    let page = account.poll("search:tienda sol", page.cursor.as_deref()).await.unwrap();
    assert!(page.events.is_empty(), "still out");
    let page = account.poll("search:tienda sol", None).await.unwrap();
    assert_eq!(only(&page.events).id.as_str(), uri, "back");
    emulator.fault(On::Path("/search"), Fault::Status { code: 503, done: false, after_s: None }, 1);
    assert!(account.poll("search:tienda sol", None).await.is_err(), "counted from the beginning");
    emulator.fault(On::Path("/search"), Fault::NoScope, 1);
    assert!(account.poll("search:tienda sol", None).await.unwrap().events.is_empty(), "a missing scope is no bad token");
}

#[tokio::test]
async fn an_answer_is_found_though_its_target_is_gone() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    emulator.fault(On::Post, Fault::Drop { done: true }, 1);
    assert!(matches!(account.send("op", &reply, None).await, Outcome::Unknown { .. }));
    emulator.customer("ana").delete(post.id.as_str());
    assert!(matches!(account.look("op", &reply, None, now(), &[]).await, Look::Found(_)));
    let other = send(SendKind::Reply, &post, "Otra cosa.");
    assert_eq!(account.look("op-b", &other, None, now(), &[]).await, Look::Absent);
}

#[tokio::test]
async fn out_of_reach_nothing_was_sent() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.down().await;
    let reply = send(SendKind::Reply, &post, "Lo miramos.");
    // First a read, which finds any connection dead that was kept open: a send on one would be in doubt, rightly.
    assert!(matches!(account.poll("notifications", None).await, Err(NetError::Retry { .. })));
    assert!(matches!(account.send("op", &reply, None).await, Outcome::Retry { lane: true, .. }));
    emulator.up().await;
    done(account.send("op", &reply, None).await);
    emulator.fault(On::Post, Fault::Status { code: 503, done: false, after_s: Some(4) }, 1);
    let next = send(SendKind::Reply, &post, "Otra cosa.");
    assert!(matches!(account.send("op-b", &next, None).await, Outcome::Retry { after_ms: Some(4_000), lane: true, .. }));
}

#[tokio::test]
async fn private_messages_go_both_ways_and_to_nobody_else() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let public = mention(&emulator, &account, "@shop me falta un pedido").await;
    let mut handoff = send(SendKind::Handoff, &public, "Hola, cuéntanos aquí.");
    // Even if the core hung it on the public post, it is not put into that thread.
    handoff.target_local = public.local_id.clone();
    let first = done(account.send("op-1", &handoff, None).await);
    let books = emulator.books();
    let sent = books.get(first.post.as_ref().unwrap().as_str()).unwrap();
    assert_eq!((sent.visibility.as_str(), &sent.answers, &sent.mentions[..]), ("direct", &None, &["ana".to_owned()][..]));
    let answer = emulator.customer("ana").dm_reply(&sent.uri, "@shop es el 77-1234");
    let (events, _) = drain(&account, "notifications", None).await;
    let dm = posts(&events).into_iter().find(|p| p.id.as_str() == answer).unwrap().clone();
    assert!(dm.is_dm());
    assert_eq!(dm.root().as_str(), sent.uri);
    let second = done(account.send("op-2", &send(SendKind::Dm, &dm, "Gracias, lo miro."), None).await);
    let books = emulator.books();
    let sent = books.get(second.post.as_ref().unwrap().as_str()).unwrap();
    assert_eq!(
        (sent.visibility.as_str(), sent.answers.as_deref(), &sent.mentions[..]),
        ("direct", Some(answer.as_str()), &["ana".to_owned()][..])
    );
    emulator.customer("bob");
    let Outcome::Refused { why } = account.send("op-3", &send(SendKind::Dm, &dm, "Te escribe @bob."), None).await else { panic!("leaked") };
    assert_eq!(why, Why::Ours(Say::new("why-names-other").text("other", "@bob")));
    // A reply to a private message stays private, whatever was asked for.
    let reply = done(account.send("op-4", &send(SendKind::Reply, &dm, "Hecho."), None).await);
    assert_eq!(emulator.books().get(reply.post.unwrap().as_str()).unwrap().visibility, "direct");
    // Doubt is resolved for private messages too.
    let third = send(SendKind::Dm, &dm, "Ya está enviado.");
    emulator.fault(On::Post, Fault::Drop { done: true }, 1);
    assert!(matches!(account.send("op-5", &third, None).await, Outcome::Unknown { .. }));
    assert!(matches!(account.look("op-5", &third, None, now(), &[]).await, Look::Found(_)));
    assert_eq!(account.look("op-6", &send(SendKind::Dm, &dm, "Otra."), None, now(), &[]).await, Look::Absent);
}

/// Where a server lists private messages in conversations alone, ours is found there, also below the customer's answer to it.
#[tokio::test]
async fn a_private_message_in_doubt_is_found_behind_the_customers_answer() {
    let emulator = Emulator::start().await;
    emulator.private_apart();
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let handoff = send(SendKind::Handoff, &post, "Cuéntanos más.");
    emulator.fault(On::Post, Fault::Drop { done: true }, 1);
    assert!(matches!(account.send("op", &handoff, None).await, Outcome::Unknown { .. }));
    assert!(matches!(account.look("op", &handoff, None, now(), &[]).await, Look::Found(_)));
    let ours = emulator.books().by_token(BRAND_TOKEN)[0].uri.clone();
    emulator.customer("ana").dm_reply(&ours, "@shop es el pedido 7");
    assert!(matches!(account.look("op", &handoff, None, now(), &[]).await, Look::Found(_)));
}

#[tokio::test]
async fn a_private_message_goes_to_the_account_not_to_the_name() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.rename("ana", "ana_maria");
    let receipt = done(account.send("op", &send(SendKind::Handoff, &post, "Hola."), None).await);
    assert_eq!(emulator.books().get(receipt.post.unwrap().as_str()).unwrap().text, "@ana_maria Hola.");
}

#[tokio::test]
async fn a_customer_who_is_gone_is_not_told_as_a_post_that_is_gone() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    emulator.fault(On::Path("/accounts/"), Fault::Status { code: 404, done: false, after_s: None }, 1);
    match account.send("op", &send(SendKind::Handoff, &post, "Hola."), None).await {
        Outcome::Refused { why } => assert_eq!(why, Why::ours("why-person-gone")),
        other => panic!("{other:?}"),
    }
    assert!(emulator.books().answers_to(post.id.as_str()).is_empty());
}

#[tokio::test]
async fn a_published_answer_is_corrected_and_taken_back() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let post = mention(&emulator, &account, "@shop hola").await;
    let first = done(account.send("op-1", &send(SendKind::Reply, &post, "Abrimos a las 9."), None).await);
    let earlier = published(&first);
    let correct = send(SendKind::Correct { send: 1 }, &post, "Abrimos a las 10.");
    assert_eq!(account.look("op-2", &correct, Some(&earlier), now(), &[]).await, Look::Absent);
    emulator.fault(On::Put, Fault::Drop { done: true }, 1);
    assert!(matches!(account.send("op-2", &correct, Some(&earlier)).await, Outcome::Unknown { .. }));
    assert!(matches!(account.look("op-2", &correct, Some(&earlier), now(), &[]).await, Look::Found(_)));
    let uri = first.post.clone().unwrap();
    assert_eq!(emulator.books().get(uri.as_str()).unwrap().text, "@ana Abrimos a las 10.");
    let retract = send(SendKind::Retract { send: 1 }, &post, "");
    assert_eq!(account.look("op-3", &retract, Some(&earlier), now(), &[]).await, Look::Absent);
    emulator.fault(On::Delete, Fault::Drop { done: true }, 1);
    assert!(matches!(account.send("op-3", &retract, Some(&earlier)).await, Outcome::Unknown { .. }));
    assert!(matches!(account.look("op-3", &retract, Some(&earlier), now(), &[]).await, Look::Found(_)));
    assert_eq!(done(account.send("op-3", &retract, Some(&earlier)).await), first, "what is gone is taken back");
    assert_eq!(account.send("op-4", &correct, Some(&earlier)).await, Outcome::TargetGone);
    assert!(emulator.books().get(uri.as_str()).unwrap().deleted);
}

/// Listens, and waits until the stream is open.
async fn listening(
    emulator: &Emulator,
    account: std::sync::Arc<MastodonAccount>,
) -> (mpsc::Receiver<NetEvent>, tokio::task::JoinHandle<NetError>) {
    let (tx, rx) = mpsc::channel(64);
    let task = tokio::spawn(async move { account.push(tx).await });
    timeout(LONG, async {
        while emulator.streams() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    (rx, task)
}

async fn next(rx: &mut mpsc::Receiver<NetEvent>) -> NetEvent {
    timeout(LONG, rx.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_happens_is_streamed() {
    let emulator = Emulator::start().await;
    emulator.follow(BRAND, "ana");
    let account = Arc::new(adapter(settings(&emulator)));
    let (mut rx, _task) = listening(&emulator, account.clone()).await;
    let ana = emulator.customer("ana");
    ana.post("buenos días a todos");
    let uri = ana.post("@shop mi pedido");
    let first = next(&mut rx).await;
    assert_eq!(only(std::slice::from_ref(&first)).id.as_str(), uri, "what people we follow say to others is not for us");
    let again = next(&mut rx).await;
    assert_eq!(only(&[again]).id.as_str(), uri, "as home post and as mention");
    ana.edit(&uri, "@shop mi pedido 7");
    let NetEvent::Edited(edited) = next(&mut rx).await else { panic!("no edit") };
    assert!(edited.version() > 0);
    let dm = emulator.customer("bob").dm("@shop en privado");
    let told = next(&mut rx).await;
    assert!(only(std::slice::from_ref(&told)).is_dm() && only(&[told]).id.as_str() == dm);
    let own = emulator.brand_by_hand().reply_to(&uri, "@ana vamos");
    let told = next(&mut rx).await;
    assert_eq!(only(&[told]).id.as_str(), own);
    ana.delete(&uri);
    let NetEvent::Deleted { post, .. } = next(&mut rx).await else { panic!("no deletion") };
    assert_eq!(post, PostRef::Local { account: "shop".into(), local_id: edited.local_id });
}

#[tokio::test]
async fn a_deletion_may_come_before_its_post() {
    let emulator = Emulator::start().await;
    let account = Arc::new(adapter(settings(&emulator)));
    let (mut rx, _task) = listening(&emulator, account.clone()).await;
    emulator.reorder_streams(true);
    let ana = emulator.customer("ana");
    let uri = ana.post("@shop me arrepiento");
    ana.delete(&uri);
    emulator.reorder_streams(false);
    let NetEvent::Deleted { post: PostRef::Local { local_id, .. }, .. } = next(&mut rx).await else { panic!("no deletion") };
    assert!(uri.ends_with(&local_id));
    let NetEvent::New(post) = next(&mut rx).await else { panic!("no post") };
    assert_eq!((post.id.as_str(), post.local_id), (uri.as_str(), local_id));
    let (events, _) = drain(&account, "notifications", None).await;
    assert!(events.is_empty(), "and polling finds nothing of it");
}

/// Streaming and polling together, as the shell does it: whatever the streams lose is polled.
#[tokio::test]
async fn streams_that_lose_things_are_made_good_by_polling() {
    let emulator = Emulator::start().await;
    let account = std::sync::Arc::new(adapter(Settings { page_size: 10, ..settings(&emulator) }));
    let (_, cursor) = drain(&account, "notifications", None).await;
    let chances =
        Chances { stream_lost: 150, stream_doubled: 150, stream_late: 150, stream_garbled: 100, stream_broken: 30, ..Chances::default() };
    emulator.chance(11, chances);
    let (tx, mut rx) = mpsc::channel(1_000);
    let theirs = account.clone();
    let listening = tokio::spawn(async move {
        loop {
            theirs.push(tx.clone()).await;
        }
    });
    let mut uris = BTreeSet::new();
    for n in 0..200 {
        uris.insert(emulator.customer(&format!("c{n}")).post(&format!("@shop queja {n}")));
        tokio::task::yield_now().await;
    }
    let (events, _) = drain(&account, "notifications", cursor).await;
    listening.abort();
    let mut got: BTreeSet<String> = posts(&events).iter().map(|p| p.id.to_string()).collect();
    while let Ok(event) = rx.try_recv() {
        let NetEvent::New(post) = event else { panic!("{event:?}") };
        got.insert(post.id.to_string());
    }
    assert!(got == uris, "{} of {}", got.len(), uris.len());
    assert!(emulator.faults_done().len() >= 4, "{:?}", emulator.faults_done());
}

#[tokio::test]
async fn a_first_reading_leaves_an_id_to_go_on_from() {
    let emulator = Emulator::start().await;
    emulator.customer("old").publish(Draft { text: "@shop hace un día".into(), age_min: 1_440, ..Draft::default() });
    let account = adapter(settings(&emulator));
    let (events, cursor) = drain(&account, "notifications", None).await;
    assert!(events.is_empty());
    let before = emulator.books().requests.len();
    let uri = emulator.customer("ana").post("@shop hola");
    let (events, _) = drain(&account, "notifications", cursor).await;
    assert_eq!(only(&events).id.as_str(), uri);
    let books = emulator.books();
    assert!(books.requests[before..].iter().any(|r| r.query.iter().any(|(k, _)| k == "min_id")), "not by walking back again");
}

#[tokio::test]
async fn odd_and_doubled_frames_do_not_stop_the_stream() {
    let emulator = Emulator::start().await;
    let account = Arc::new(adapter(settings(&emulator)));
    let (mut rx, _task) = listening(&emulator, account.clone()).await;
    emulator.garble_streams(true);
    for junk in ["", "[]", "{\"event\":7}", "{\"event\":\"update\",\"payload\":\"null\"}", "{\"event\":\"novelty\",\"payload\":\"x\"}"] {
        emulator.stream_raw(junk);
    }
    let uri = emulator.customer("ana").post("@shop hola");
    for _ in 0..2 {
        let event = next(&mut rx).await;
        assert_eq!(only(&[event]).id.as_str(), uri);
    }
    assert!(account.odd_frames() >= 4, "{}", account.odd_frames());
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up() {
    let emulator = Emulator::start().await;
    let account = Arc::new(adapter(settings(&emulator)));
    let (_rx, task) = listening(&emulator, account.clone()).await;
    emulator.stall_streams(true);
    let end = timeout(LONG, task).await.unwrap().unwrap();
    assert!(matches!(&end, NetError::Retry { why, .. } if why.contains("silent")), "{end}");
    emulator.stall_streams(false);
    emulator.kick_streams();
    let (mut rx, task) = listening(&emulator, account.clone()).await;
    emulator.customer("ana").post("@shop hola");
    next(&mut rx).await;
    emulator.kick_streams();
    assert!(matches!(timeout(LONG, task).await.unwrap().unwrap(), NetError::Retry { .. }));
}

#[tokio::test]
async fn a_quiet_stream_is_kept() {
    let emulator = Emulator::start().await;
    let account = std::sync::Arc::new(adapter(Settings { silence_ms: 90, ..settings(&emulator) }));
    let (mut rx, task) = listening(&emulator, account.clone()).await;
    // Several times the silence that would end it, with nothing but pings.
    assert!(timeout(Duration::from_millis(600), rx.recv()).await.is_err());
    assert!(!task.is_finished());
    emulator.customer("ana").post("@shop hola");
    next(&mut rx).await;
}

#[tokio::test]
async fn hashtags_are_streamed() {
    let emulator = Emulator::start().await;
    let rule = ListenRule { name: "marca".into(), hashtags: vec!["TiendaSol".into()], ..ListenRule::default() };
    let account = std::sync::Arc::new(adapter(Settings { listen: vec![rule], ..settings(&emulator) }));
    let (tx, mut rx) = mpsc::channel(64);
    let theirs = account.clone();
    let _task = tokio::spawn(async move { theirs.push(tx).await });
    timeout(LONG, async {
        while emulator.streams() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let uri = emulator.customer("bob").post("vaya #tiendasol");
    let event = next(&mut rx).await;
    assert_eq!(
        (only(std::slice::from_ref(&event)).id.as_str(), &only(std::slice::from_ref(&event)).reach),
        (uri.as_str(), &Reach::Buzz("marca".into()))
    );
}

#[tokio::test]
async fn checking_says_what_is_wrong() {
    let emulator = Emulator::start().await;
    let codes = |findings: &[sereno::network::Finding]| findings.iter().map(|f| (f.ok, f.detail.code.clone())).collect::<Vec<_>>();
    let good = codes(&adapter(settings(&emulator)).check().await);
    assert!(good.iter().all(|(ok, _)| *ok), "{good:?}");
    assert!(good.contains(&(true, "check-mastodon-streaming".into())));
    assert!(emulator.books().posted.is_empty(), "checking posts nothing");
    emulator.fault(On::Post, Fault::NoScope, 1);
    let bad = codes(&adapter(settings(&emulator)).check().await);
    assert!(bad.contains(&(false, "check-mastodon-no-scope".into())), "{bad:?}");
    emulator.revoke(BRAND_TOKEN);
    let bad = codes(&adapter(settings(&emulator)).check().await);
    assert_eq!(bad, [(false, "check-mastodon-token".to_owned())]);
    emulator.down().await;
    let bad = codes(&adapter(settings(&emulator)).check().await);
    assert_eq!(bad, [(false, "check-mastodon-unreachable".to_owned())]);
    emulator.up().await;
    emulator.fault(On::Path("instance"), Fault::Malformed, 1);
    let bad = codes(&adapter(settings(&emulator)).check().await);
    assert_eq!(bad, [(false, "check-mastodon-not-api".to_owned())]);
}

/// A bot of a few lines, under every fault by chance: reads all, answers each once.
#[tokio::test]
async fn under_faults_by_chance_everything_is_read_and_answered_once() {
    for seed in 0..3 {
        let emulator = Emulator::start().await;
        let account = adapter(Settings { request_ms: 300, page_size: 10, ..settings(&emulator) });
        let (_, mut cursor) = drain(&account, "notifications", None).await;
        let uris: BTreeSet<String> = (0..60).map(|n| emulator.customer(&format!("c{n}")).post(&format!("@shop queja {n}"))).collect();
        // Only our own care may prevent doubles.
        emulator.idempotency(false);
        emulator.chance(
            seed,
            Chances {
                error_before: 60,
                error_after: 60,
                drop_before: 60,
                drop_after: 60,
                hang: 10,
                malformed: 60,
                half_answer: 60,
                ..Chances::default()
            },
        );
        let mut waiting = Vec::new();
        loop {
            let Ok(page) = account.poll("notifications", cursor.as_deref()).await else { continue };
            waiting.extend(page.events.into_iter().filter_map(|e| if let NetEvent::New(post) = e { Some(post) } else { None }));
            cursor = page.cursor.or(cursor);
            if !page.more {
                break;
            }
        }
        assert_eq!(waiting.iter().map(|p| p.id.to_string()).collect::<BTreeSet<_>>(), uris);
        for post in &waiting {
            let reply = send(SendKind::Reply, post, "Lo miramos.");
            let since = now();
            let mut doubtful = false;
            loop {
                if doubtful {
                    match account.look("op", &reply, None, since, &[]).await {
                        Look::Found(_) => break,
                        Look::Absent => doubtful = false,
                        _ => continue,
                    }
                }
                match account.send(&format!("op-{}", post.local_id), &reply, None).await {
                    Outcome::Done(_) => break,
                    Outcome::Unknown { .. } => doubtful = true,
                    Outcome::Retry { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        emulator.heal();
        let books = emulator.books();
        for uri in &uris {
            assert_eq!(books.answers_to(uri).len(), 1, "seed {seed}: {uri}");
        }
        assert!(emulator.faults_done().len() >= 6, "{:?}", emulator.faults_done());
    }
}
