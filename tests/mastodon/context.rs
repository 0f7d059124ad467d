//! What a post answers comes with it: read along with its conversation, else asked for, within a moment, once.

use super::emulated::{adapter, drain, only, posts, settings};
use crate::emulator::mastodon::{Draft, Emulator, Fault, On};
use sereno::network::NetworkAccount;
use sereno::network::mastodon::MastodonAccount;
use sereno::post::{NetEvent, Post, Relation};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

async fn read(account: &MastodonAccount) -> Vec<Post> {
    posts(&drain(account, "notifications", None).await.0).into_iter().cloned().collect()
}

/// How often a post alone was asked for, and how often a conversation.
fn asked(emulator: &Emulator) -> (usize, usize) {
    let books = emulator.books();
    let of = |end: fn(&str) -> bool| {
        books.requests.iter().filter(|r| r.method == "GET" && r.path.starts_with("/api/v1/statuses/") && end(&r.path)).count()
    };
    (of(|path| !path.ends_with("/context")), of(|path| path.ends_with("/context")))
}

#[tokio::test]
async fn it_is_read_along_with_the_conversation_and_no_call_is_made_for_it_alone() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let (ana, dani) = (emulator.customer("ana"), emulator.customer("dani"));
    let top = dani.post("la tienda");
    let closed =
        dani.publish(Draft { text: "cierra <ya>".into(), warning: "malas noticias".into(), answers: Some(top), ..Draft::default() });
    let first = ana.reply_to(&closed, "@shop ¿y ahora esto?");
    let post = only(&drain(&account, "notifications", None).await.0).clone();
    let [context] = &post.context[..] else { panic!("{:?}", post.context) };
    assert_eq!((context.how, context.id.as_str(), context.handle.expose()), (Relation::Answers, &*closed, "@dani@emulator.example"));
    assert_eq!((context.text.expose(), &context.author), ("malas noticias: cierra <ya>", &post.parent.clone().unwrap().author.unwrap()));
    assert!(context.url.as_deref().unwrap().starts_with("https://"));
    assert_eq!(asked(&emulator), (0, 1));
    // Of two that answer the same, and of one that answers what was read before, nothing is asked for.
    ana.reply_to(&closed, "@shop ¿hola?");
    dani.reply_to(&first, "@shop sí, cuenten");
    let texts: Vec<String> = read(&account).await.iter().map(|p| p.context[0].text.expose().to_owned()).collect();
    assert_eq!(texts, ["malas noticias: cierra <ya>", "malas noticias: cierra <ya>", "@shop@emulator.example ¿y ahora esto?"]);
    assert_eq!(asked(&emulator), (0, 1));
}

#[tokio::test]
async fn what_few_may_read_goes_no_further_and_what_is_gone_is_not_shown() {
    let emulator = Emulator::start().await;
    let account = adapter(settings(&emulator));
    let (ana, dani) = (emulator.customer("ana"), emulator.customer("dani"));
    emulator.follow("shop", "dani");
    let narrow = dani.publish(Draft { text: "@ana @shop solo para amigos".into(), visibility: Some("private"), ..Draft::default() });
    ana.reply_to(&narrow, "@shop mirad");
    let message = dani.dm("@shop en privado");
    let under = dani.dm_reply(&message, "@shop y otra cosa");
    let gone = dani.post("me arrepiento");
    let late = ana.reply_to(&gone, "@shop ¿y esto?");
    dani.delete(&gone);
    let found = read(&account).await;
    let of = |id: &str| found.iter().find(|p| p.id.as_str() == id).unwrap();
    assert!(found.iter().filter(|p| !p.is_dm()).all(|p| p.context.is_empty()), "{found:?}");
    assert_eq!(
        of(&under).context[0].text.expose(),
        "@shop@emulator.example en privado",
        "under a private message it is as private as that"
    );
    assert_eq!(of(&late).context, []);
}

#[tokio::test]
async fn posts_come_without_it_where_it_is_not_to_be_had() {
    let emulator = Emulator::start().await;
    let (ana, dani) = (emulator.customer("ana"), emulator.customer("dani"));
    let closed = dani.reply_to(&dani.post("la tienda"), "cierra");
    let first = ana.reply_to(&dani.reply_to(&closed, "y no abre"), "@shop hola");
    let second = ana.reply_to(&closed, "@shop ¿y ahora esto?");
    let (_, local) = closed.rsplit_once('/').unwrap();
    let path: &'static str = Box::leak(format!("statuses/{local}").into_boxed_str());
    let faults = [
        (Fault::Malformed, true),
        (Fault::Drop { done: false }, true),
        (Fault::Status { code: 503, done: false, after_s: None }, true),
        // Of ten seconds one is spent so.
        (Fault::Hang { done: false }, false),
    ];
    for (fault, again) in faults {
        let account = adapter(sereno::network::mastodon::Settings { request_ms: 30_000, ..settings(&emulator) });
        account.prepare().await.unwrap();
        // By the first its conversation is known to the top; of the second there is only to learn what it answers.
        emulator.fault(On::Path(path), fault, 1);
        let before = asked(&emulator).0;
        let began = Instant::now();
        let of = |found: &[Post], id: &str| found.iter().find(|p| p.id.as_str() == id).unwrap().context.len();
        let found = read(&account).await;
        assert_eq!((of(&found, &first), of(&found, &second)), (1, 0), "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "not as long as a call may take: {fault:?}: {:?}", began.elapsed());
        assert_eq!(of(&read(&account).await, &second), usize::from(again), "{fault:?}");
        assert_eq!(asked(&emulator).0 - before, 1 + usize::from(again), "{fault:?}");
    }
}

#[tokio::test]
async fn streams_tell_it_at_once() {
    let emulator = Emulator::start().await;
    let account = std::sync::Arc::new(adapter(settings(&emulator)));
    let (tx, mut events) = mpsc::channel(64);
    let ear = account.clone();
    let task = tokio::spawn(async move { drop(ear.push(tx).await) });
    let bound = Duration::from_secs(20);
    let opened = async {
        while emulator.streams() < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(bound, opened).await.unwrap();
    let closed = emulator.customer("dani").post("cierran");
    emulator.customer("ana").reply_to(&closed, "@shop ¿y ahora esto?");
    let NetEvent::New(post) = tokio::time::timeout(bound, events.recv()).await.unwrap().unwrap() else { panic!() };
    assert_eq!(post.context[0].text.expose(), "cierran");
    task.abort();
}
