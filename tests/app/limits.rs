//! A network that asks for time on one of an account's streams.

use super::*;
use sereno::clock::MINUTE_MS;

/// How long the network asks to be left alone on the stream of private messages.
const WISH_MS: i64 = MINUTE_MS;

/// An account with two streams, the first of which can be shut.
struct TwoStreams {
    net: Net,
    clock: Clock,
    dms: Arc<Mutex<Dms>>,
}

#[derive(Default)]
struct Dms {
    open: bool,
    /// When it was asked for.
    asked: Vec<Time>,
}

#[async_trait]
impl NetworkAccount for TwoStreams {
    fn account(&self) -> &Account {
        self.net.account()
    }
    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        self.net.prepare().await
    }
    fn streams(&self) -> Vec<String> {
        vec!["dms".into(), "mentions".into()]
    }
    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        if stream == "mentions" {
            return self.net.poll(stream, cursor).await;
        }
        let mut dms = self.dms.lock().unwrap();
        dms.asked.push(self.clock.now());
        let open = dms.open;
        drop(dms);
        self.net.0.with(|_| ());
        if open { Ok(Page::default()) } else { Err(NetError::Retry { after_ms: Some(WISH_MS), why: "too many".into() }) }
    }
    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        self.net.push(events).await
    }
    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        self.net.refresh(posts).await
    }
    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        self.net.send(op, send, earlier).await
    }
    async fn look(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        self.net.look(op, send, earlier, since, known).await
    }
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_must_wait_holds_up_no_other_and_what_is_unread_holds_up_what_is_sent() {
    let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::fast(1_000));
    let dms = Arc::new(Mutex::new(Dms::default()));
    let account = TwoStreams { net: Net(world.clone()), clock, dms: Arc::clone(&dms) };
    let parts = Parts {
        store: Arc::new(store),
        chat: Arc::new(Talk(world.clone())),
        accounts: vec![Source { account: Arc::new(account), poll_ms: SECOND_MS }],
        policy: Policy { import_ms: i64::MAX / 4, ..Policy::default() },
        clock,
        words: Arc::new(Words::new()),
        reloads: false,
    };
    let bot = app::start(parts).unwrap();
    world.complaint(&clock, 1);
    world.until("mentions are read", |b| b.messages.iter().any(|m| matches!(m.view, View::Card(_)))).await;
    assert!(world.say("reply 1 It is on its way.").await.unwrap().answer.ok);
    // Its undo window is long over, and still nobody knows what the customer wrote in private.
    let asked = dms.lock().unwrap().asked.len();
    world.until("private messages are asked for again", |_| dms.lock().unwrap().asked.len() > asked + 3).await;
    assert!(world.with(|b| b.sent.is_empty() && b.alarms.is_empty()), "an account whose mentions are read fares well");
    dms.lock().unwrap().open = true;
    world.until("the answer is published", |b| b.sent.len() == 1).await;
    let asked = dms.lock().unwrap().asked.clone();
    let shut = asked.windows(2).take(3);
    assert!(shut.into_iter().all(|two| two[1].since(two[0]) >= WISH_MS), "no sooner than the network asked for: {asked:?}");
    bot.stop().await;
}
