//! What a post answers or quotes comes with it where X tells of it, is looked up once where it does not, and holds up nothing.

use super::account::{signed, signed_in_with};
use crate::emulator::x::{APP_TOKEN, CONSUMER, Emulator, Fault};
use sereno::network::x::stream::AppToken;
use sereno::network::x::webhook::SIGNATURE;
use sereno::network::x::{Settings, XAccount};
use sereno::network::{Hook, Knock, NetworkAccount};
use sereno::post::{Context, NetEvent, Post, Relation};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const BOUND: Duration = Duration::from_secs(60);

async fn account(x: &Emulator, dir: &tempfile::TempDir) -> XAccount {
    signed_in_with(x, dir, |_: &mut Settings| {}).await
}

async fn mentions(account: &XAccount) -> Vec<Post> {
    let events = account.poll("mentions", None).await.unwrap().events;
    events
        .into_iter()
        .map(|event| if let NetEvent::New(post) | NetEvent::Edited(post) = event { post } else { panic!("{event:?}") })
        .collect()
}

fn told(context: &Context) -> (Relation, &str, &str) {
    (context.how, context.handle.expose(), context.text.expose())
}

fn lookups(x: &Emulator) -> usize {
    x.books().requests.iter().filter(|r| r.method == "GET" && r.path == "/2/tweets").count()
}

#[tokio::test]
async fn what_is_answered_comes_with_the_page_and_what_is_quoted_is_looked_up_once() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let us = account(&x, &dir).await;
    let (ana, dani) = (x.customer("ana"), x.customer("dani"));
    let (closed, late) = (dani.post("cierran <ya>"), x.customer("eva").post("llegan tarde"));
    let ours = x.brand_by_hand().post("¡Rebajas!");
    ana.reply_to(&closed, "@tienda_sol ¿y ahora esto?");
    ana.reply_to(&ours, "@tienda_sol ¿hasta cuándo?");
    assert_eq!(
        mentions(&us).await.iter().flat_map(|p| &p.context).map(told).collect::<Vec<_>>(),
        [(Relation::Answers, "@dani", "cierran <ya>"), (Relation::Answers, "@tienda_sol", "¡Rebajas!"),]
    );
    assert_eq!(lookups(&x), 0, "all of it came with the page");
    // X does not tell who wrote what is quoted.
    ana.quote(&late, "@tienda_sol ¿y esto?");
    let quoting = mentions(&us).await.pop().unwrap();
    assert_eq!(quoting.context.iter().map(told).collect::<Vec<_>>(), [(Relation::Quotes, "@eva", "llegan tarde")]);
    assert_eq!(quoting.context[0].url.as_deref(), Some(&*format!("https://x.com/eva/status/{late}")));
    assert_eq!(mentions(&us).await.pop().unwrap().context, quoting.context);
    assert_eq!(lookups(&x), 1, "what is read again is not looked up again");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn many_are_looked_up_in_one_call_and_what_cannot_be_read_is_not_shown_nor_asked_for_again() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let us = account(&x, &dir).await;
    x.terse();
    let (ana, dani, eva) = (x.customer("ana"), x.customer("dani"), x.customer("eva"));
    let said: Vec<String> = (0..30).map(|n| dani.post(&format!("queja {n}"))).collect();
    let (gone, hidden) = (dani.post("me arrepiento"), eva.post("solo para amigos"));
    for (n, id) in said.iter().enumerate() {
        ana.reply_to(id, &format!("@tienda_sol ¿{n}?"));
    }
    assert_eq!(mentions(&us).await.iter().filter(|p| !p.context.is_empty()).count(), 20, "no more than twenty at once");
    assert_eq!(lookups(&x), 1);
    assert_eq!(mentions(&us).await.iter().filter(|p| !p.context.is_empty()).count(), 30, "the others when they are read again");
    ana.reply_to(&gone, "@tienda_sol mirad");
    ana.reply_to(&hidden, "@tienda_sol y esto");
    dani.delete(&gone);
    eva.protect();
    for _ in 0..2 {
        let read = mentions(&us).await;
        assert_eq!(read.iter().rev().take(2).flat_map(|p| &p.context).count(), 0);
    }
    assert_eq!(lookups(&x), 3);
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn mentions_come_without_it_where_it_is_not_to_be_had() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    x.terse();
    let closed = x.customer("dani").post("cierran");
    x.customer("ana").reply_to(&closed, "@tienda_sol ¿y ahora esto?");
    let bare = async |fault| {
        let us = account(&x, &dir).await;
        x.fault("GET /2/tweets", fault, 1);
        let began = Instant::now();
        // The reading itself is spared: its path goes on behind /2/.
        let read = mentions(&us).await;
        assert_eq!((read.len(), read[0].context.len()), (1, 0), "{fault:?}");
        (us, began.elapsed())
    };
    for fault in [Fault::Malformed, Fault::Drop { done: false }, Fault::Status { code: 503, done: false }] {
        let (us, _) = bare(fault).await;
        assert_eq!(mentions(&us).await[0].context.len(), 1, "the next reading has it");
    }
    let (us, _) = bare(Fault::TooMany { after_s: 60 }).await;
    assert_eq!(mentions(&us).await[0].context.len(), 0, "X is not asked before its time, and mentions are read all the same");
    let (us, took) = bare(Fault::Hang { done: false }).await;
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(10), "a second, and not as long as a call may take: {took:?}");
    let asked = lookups(&x);
    assert_eq!(mentions(&us).await[0].context.len(), 0);
    assert_eq!(lookups(&x), asked, "of ten seconds one is spent so");
}

#[tokio::test]
async fn no_lookup_is_made_once_half_of_its_window_is_used_up() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let us = account(&x, &dir).await;
    x.terse();
    x.allow("GET /2/tweets", 4);
    for n in 0..5 {
        let post = x.customer("dani").post(&format!("queja {n}"));
        x.customer("ana").reply_to(&post, &format!("@tienda_sol ¿{n}?"));
        mentions(&us).await;
    }
    assert_eq!(lookups(&x), 3, "the rest is for the looks that sends wait for");
}

#[tokio::test]
async fn streams_tell_it_at_once_and_a_webhook_what_came_with_it() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    x.keep_alive(50);
    let us: Arc<XAccount> = Arc::new(
        signed_in_with(&x, &dir, |settings| {
            settings.app_token = Some(AppToken::Given(APP_TOKEN.to_owned().into()));
            settings.consumer_secret = Some(CONSUMER.1.to_owned().into());
            settings.listen.clear();
        })
        .await,
    );
    let (tx, mut events) = mpsc::channel(64);
    let ear = us.clone();
    let task = tokio::spawn(async move { drop(ear.push(tx).await) });
    let opened = async {
        while x.streams() < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, opened).await.unwrap();
    let mut heard = async || match tokio::time::timeout(BOUND, events.recv()).await.unwrap().unwrap() {
        NetEvent::New(post) => post,
        other => panic!("{other:?}"),
    };
    let (ana, dani) = (x.customer("ana"), x.customer("dani"));
    ana.reply_to(&dani.post("cierran"), "@tienda_sol ¿y esto?");
    assert_eq!(told(&heard().await.context[0]), (Relation::Answers, "@dani", "cierran"));
    assert_eq!(lookups(&x), 0);
    x.terse();
    ana.reply_to(&dani.post("abren"), "@tienda_sol ¿y ahora?");
    assert_eq!(told(&heard().await.context[0]), (Relation::Answers, "@dani", "abren"));
    assert_eq!(lookups(&x), 1);
    task.abort();
    let hooked = |includes: &str| {
        let body = format!(
            r#"{{"data":{{"event_type":"post.mention.create","filter":{{"user_id":"{}"}},"payload":{{"id":"9","text":"@tienda_sol ¿?",
            "author_id":"{}","referenced_posts":[{{"type":"replied_to","id":"8"}}]}},"includes":{includes}}}}}"#,
            x.brand_id(),
            ana.id
        );
        let mut headers = axum::http::HeaderMap::new();
        headers.insert(SIGNATURE, signed(&body).parse().unwrap());
        let hook = us.webhook(&Knock { method: &axum::http::Method::POST, query: "", headers: &headers, body: body.as_bytes() });
        let Hook::Events { events, .. } = hook else { panic!("{hook:?}") };
        let [NetEvent::New(post)] = &events[..] else { panic!("{events:?}") };
        post.context.iter().map(|c| c.text.expose().to_owned()).collect::<Vec<_>>()
    };
    let dani =
        format!(r#"{{"posts":[{{"id":"8","text":"cierran","author_id":"{0}"}}],"users":[{{"id":"{0}","username":"dani"}}]}}"#, dani.id);
    assert_eq!(hooked(&dani), ["cierran"]);
    assert_eq!(hooked("{}"), [""; 0], "its sender waits: reading brings it");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}
