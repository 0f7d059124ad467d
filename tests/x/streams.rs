//! Listening, against an X that has one connection for each stream, falls silent, breaks off, repeats itself and refuses.

use super::account::signed_in_with;
use crate::emulator::x::{APP_TOKEN, CONSUMER, Emulator, Fault};
use sereno::cost::Money;
use sereno::network::NetworkAccount;
use sereno::network::x::XAccount;
use sereno::network::x::auth::oauth1::Pair;
use sereno::network::x::mapping::post_id;
use sereno::network::x::stream::AppToken;
use sereno::policy::ListenRule;
use sereno::post::{NetEvent, PostId, Reach};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const BOUND: Duration = Duration::from_secs(60);

/// An account that listens.
struct Ear {
    task: tokio::task::JoinHandle<()>,
    events: mpsc::Receiver<NetEvent>,
    account: Arc<XAccount>,
    _dir: tempfile::TempDir,
}

impl Ear {
    async fn on(x: &Emulator, token: AppToken) -> Ear {
        Ear::within(x, token, None).await
    }
    /// On a monthly budget.
    async fn within(x: &Emulator, token: AppToken, budget: Option<Money>) -> Ear {
        let dir = tempfile::tempdir().unwrap();
        let account: Arc<XAccount> = Arc::new(
            signed_in_with(x, &dir, |settings| {
                settings.app_token = Some(token);
                settings.silence_ms = 400;
                settings.budget = budget;
            })
            .await,
        );
        let (tx, events) = mpsc::channel(64);
        let pushed = Arc::clone(&account);
        let task = tokio::spawn(async move { drop(pushed.push(tx).await) });
        Ear { task, events, account, _dir: dir }
    }
    /// The next post that is heard of, and why.
    async fn post(&mut self) -> (PostId, Reach) {
        match tokio::time::timeout(BOUND, self.events.recv()).await.expect("in vain").unwrap() {
            NetEvent::New(post) => (post.id, post.reach),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

fn key() -> AppToken {
    AppToken::For(Pair { key: CONSUMER.0.into(), secret: CONSUMER.1.to_owned().into() })
}

const OURS: &str = "(\"tienda sol\") -is:retweet -from:tienda_sol";

#[tokio::test]
async fn mentions_and_buzz_are_heard_and_rules_are_those_of_the_configuration() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    x.rule("(vacaciones)", "another program");
    x.rule("(\"tienda luna\") -is:retweet", "sereno/tienda/antes");
    x.rule("(\"tienda mar\") -is:retweet", "sereno/otra/marca");
    let mut ear = Ear::on(&x, key()).await;
    until("both streams are open", || x.streams() == 2).await;
    let values: Vec<(String, String)> = x.rules();
    let expected =
        [("(vacaciones)", "another program"), ("(\"tienda mar\") -is:retweet", "sereno/otra/marca"), (OURS, "sereno/tienda/marca")];
    assert_eq!(values, expected.map(|(value, tag)| (value.to_owned(), tag.to_owned())));
    let ana = x.customer("ana");
    let mention = ana.post("@tienda_sol mi pedido");
    assert_eq!(ear.post().await, (post_id(&mention), Reach::Mention));
    ana.post("me voy de vacaciones");
    let buzz = ana.post("la tienda sol cierra");
    assert_eq!(ear.post().await, (post_id(&buzz), Reach::Buzz("marca".into())));
    x.stutter();
    let again = ana.post("@tienda_sol ¿hola?");
    assert_eq!([ear.post().await.0, ear.post().await.0], [post_id(&again), post_id(&again)], "whoever takes events knows them by their id");
    x.stream_raw("{\"data\": 7");
    x.stream_raw("");
    let other =
        r#"{"data":{"event_type":"post.mention.create","filter":{"user_id":"9"},"payload":{"id":"1","text":"@otra","author_id":"2"}}}"#;
    x.stream_raw(other);
    let after = ana.post("@tienda_sol ¿y bien?");
    assert_eq!(ear.post().await.0, post_id(&after), "what is odd is skipped, and what is told to another account of the same app");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn other_rules_take_the_place_of_the_old_ones_while_it_listens() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    let mut ear = Ear::on(&x, key()).await;
    until("both streams are open", || x.streams() == 2).await;
    let context = vec!["factura".into()];
    let sea = ListenRule { name: "mar".into(), keywords: vec!["tienda mar".into()], context, ..ListenRule::default() };
    ear.account.set_rules(std::slice::from_ref(&sea));
    let value = "(\"tienda mar\") (\"factura\") -is:retweet -from:tienda_sol".to_owned();
    until("the rules on X are the new ones", || x.rules() == [(value.clone(), "sereno/tienda/mar".to_owned())] && x.streams() == 2).await;
    let ana = x.customer("ana");
    ana.post("la tienda sol cierra");
    let buzz = ana.post("la factura de la tienda mar");
    assert_eq!(ear.post().await, (post_id(&buzz), Reach::Buzz("mar".into())));
    ear.account.set_rules(&[]);
    until("there is nothing to listen for", || x.rules().is_empty() && x.streams() == 1).await;
    let far = ListenRule { min_followers: 1_000_000, ..sea };
    ear.account.set_rules(&[far]);
    until("it listens again", || x.streams() == 2).await;
    ana.post("otra factura de la tienda mar");
    let mention = ana.post("@tienda_sol mi pedido");
    assert_eq!(ear.post().await, (post_id(&mention), Reach::Mention), "what X knows nothing of is sifted here");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn what_is_searched_for_is_not_listened_to_any_more_once_most_of_the_budget_is_spent() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    // Who we are 0.01, each post 0.005: 0.08 with the fourteenth.
    let mut ear = Ear::within(&x, key(), Some(Money(100_000))).await;
    until("both streams are open", || x.streams() == 2).await;
    let ana = x.customer("ana");
    for _ in 0..14 {
        assert_eq!(x.streams(), 2);
        let buzz = ana.post("la tienda sol cierra");
        assert_eq!(ear.post().await.0, post_id(&buzz));
    }
    until("the stream of what is searched for is closed", || x.streams() == 1).await;
    ana.post("la tienda sol cierra hoy");
    let mention = ana.post("@tienda_sol mi pedido");
    assert_eq!(ear.post().await, (post_id(&mention), Reach::Mention), "what speaks to us is heard, and the other not");
    let opened = x.books().requests.iter().filter(|r| r.path.ends_with("/search/stream") && r.method == "GET" && r.status == 200).count();
    assert_eq!(opened, 1, "it is not opened again");
}

#[tokio::test]
async fn a_stream_that_falls_silent_or_breaks_is_opened_again() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    let mut ear = Ear::on(&x, AppToken::Given(APP_TOKEN.to_owned().into())).await;
    let opened = || x.books().requests.iter().filter(|r| r.path.ends_with("/activity/stream") && r.status == 200).count();
    until("both streams are open", || x.streams() == 2).await;
    let ana = x.customer("ana");
    x.stall_streams(true);
    until("silence is noticed", || opened() > 1).await;
    x.stall_streams(false);
    until("both streams are open", || x.streams() == 2).await;
    let one = ana.post("@tienda_sol uno");
    assert_eq!(ear.post().await.0, post_id(&one));
    let before = opened();
    x.kick_streams();
    until("it is opened again", || opened() > before && x.streams() == 2).await;
    let two = ana.post("@tienda_sol dos");
    assert_eq!(ear.post().await.0, post_id(&two));
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn a_plan_without_one_stream_still_has_the_other_and_is_not_asked_again_at_once() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    x.fault("GET /2/tweets/search/stream", Fault::Status { code: 403, done: false }, 1_000);
    let mut ear = Ear::on(&x, key()).await;
    until("the activity stream is open", || x.streams() == 1).await;
    until("the other is refused", || x.books().asked("GET", "/search/stream") > 0).await;
    for n in 0..5 {
        x.kick_streams();
        until("it is opened again", || x.streams() == 1).await;
        let post = x.customer("ana").post(&format!("@tienda_sol {n}"));
        assert_eq!(ear.post().await.0, post_id(&post));
    }
    assert_eq!(x.books().asked("GET", "/search/stream"), 1);
}

#[tokio::test]
async fn a_second_connection_waits_and_does_not_hammer() {
    let x = Emulator::start().await;
    x.keep_alive(50);
    let _first = Ear::on(&x, key()).await;
    until("both streams are open", || x.streams() == 2).await;
    let _second = Ear::on(&x, key()).await;
    let refused = || x.books().requests.iter().filter(|r| r.status == 429).count();
    until("the second is refused", || refused() == 2).await;
    let mut third = Ear::on(&x, AppToken::Given("withdrawn".to_owned().into())).await;
    let unknown = || x.books().requests.iter().filter(|r| r.status == 401).count();
    until("a token that is none is refused", || unknown() >= 2).await;
    assert!(third.events.try_recv().is_err());
    assert_eq!((refused(), x.streams()), (2, 2));
}
