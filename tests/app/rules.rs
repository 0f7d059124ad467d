//! Listening rules change while the bot runs, and while it does not: what is new is heard, and nothing old comes in.

use super::*;
use sereno::intake::listen::Matcher;
use sereno::policy::ListenRule;
use sereno::post::Reach;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An account that reads everything public, a stream for each keyword, beside its mentions.
struct Brook {
    net: Net,
    rules: Mutex<Vec<ListenRule>>,
    /// How many posts of the time before it was installed are imported.
    import: usize,
    asked: Arc<AtomicUsize>,
}

impl Brook {
    fn on(world: &World, rules: &[&str]) -> Brook {
        Brook { net: Net(world.clone()), rules: Mutex::new(all(rules)), import: 1, asked: Arc::default() }
    }
}

fn all(words: &[&str]) -> Vec<ListenRule> {
    let rule = |w: &&str| ListenRule { name: (*w).to_owned(), keywords: vec![(*w).to_owned()], ..ListenRule::default() };
    words.iter().map(rule).collect()
}

#[async_trait]
impl NetworkAccount for Brook {
    fn account(&self) -> &Account {
        self.net.account()
    }
    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        self.net.prepare().await
    }
    fn streams(&self) -> Vec<String> {
        let rules = self.rules.lock().unwrap();
        std::iter::once("mentions".to_owned()).chain(rules.iter().map(|r| format!("search:{}", r.name))).collect()
    }
    fn set_rules(&self, rules: &[ListenRule]) {
        *self.rules.lock().unwrap() = rules.to_vec();
    }
    fn begins(&self, stream: &str, first: bool) -> Option<String> {
        stream.strip_prefix("search:")?;
        let there = self.net.0.with(|b| b.posts.len());
        Some(there.saturating_sub(if first { self.import } else { 0 }).to_string())
    }
    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Some(word) = stream.strip_prefix("search:") else { return Ok(Page { cursor: Some("0".into()), ..Page::default() }) };
        let (matcher, from) = (Matcher::new(&all(&[word])), cursor.expect("it has begun").parse::<usize>().unwrap());
        let found = |post: Post| Post { reach: Reach::Buzz(word.to_owned()), ..post };
        let (events, there) = self.net.0.with(|b| {
            let new = b.posts.iter().skip(from).filter(|p| matcher.matches(p.text.expose()).is_some()).cloned();
            (new.map(found).map(NetEvent::New).collect(), b.posts.len())
        });
        Ok(Page { events, cursor: Some(there.to_string()), more: false, gap: false })
    }
    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        self.net.push(events).await
    }
    async fn refresh(&self, _: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        Ok(Vec::new())
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

/// A bot with these rules, and how often its account was read.
fn begin(world: &World, store: &ModelStore, clock: Clock, words: &[&str]) -> (Handle, Arc<AtomicUsize>) {
    let account = Brook::on(world, words);
    let asked = Arc::clone(&account.asked);
    let source = Source { account: Arc::new(account), poll_ms: SECOND_MS };
    let (store, chat) = (Arc::new(store.clone()), Arc::new(Talk(world.clone())));
    let parts = Parts { store, chat, accounts: vec![source], policy: policy(words), clock, words: Arc::new(Words::new()), reloads: true };
    (app::start(parts).unwrap(), asked)
}

fn policy(words: &[&str]) -> Policy {
    Policy { import_ms: i64::MAX / 4, listen: all(words), ..Policy::default() }
}

/// Waits until every stream was read again from its beginning to its end.
async fn read(bot: &Handle, asked: &AtomicUsize) {
    let from = asked.load(Ordering::Relaxed);
    let waiting = async {
        while asked.load(Ordering::Relaxed) < from + 8 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, waiting).await.expect("it is read again");
    settled(bot).await;
}

impl World {
    fn writes(&self, clock: &Clock, n: u32, text: &str) {
        self.with(|b| b.posts.push(Post { text: Untrusted::new(text), ..complaint(clock, n) }));
    }
    fn heard_of(&self) -> BTreeSet<String> {
        let number = |m: &Message| match &m.view {
            View::Card(card) if m.edit.is_none() => card.post.rsplit('/').next().map(str::to_owned),
            _ => None,
        };
        self.with(|b| b.messages.iter().filter_map(number).collect())
    }
}

fn posts(numbers: &[u32]) -> BTreeSet<String> {
    numbers.iter().map(u32::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rules_is_heard_at_once_and_brings_no_old_posts() {
    let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::fast(SPEED));
    world.writes(&clock, 1, "sol, long before");
    world.writes(&clock, 2, "sol y luna, within the import");
    let (bot, asked) = begin(&world, &store, clock, &["sol"]);
    read(&bot, &asked).await;
    world.writes(&clock, 3, "luna, before anybody asked for it");
    world.writes(&clock, 4, "sol");
    read(&bot, &asked).await;
    assert_eq!(world.heard_of(), posts(&[2, 4]), "what an installation imports, and what came");
    bot.set_policy(policy(&["sol", "luna"])).await.unwrap();
    read(&bot, &asked).await;
    world.writes(&clock, 5, "luna");
    read(&bot, &asked).await;
    assert_eq!(world.heard_of(), posts(&[2, 4, 5]));
    bot.set_policy(policy(&["luna"])).await.unwrap();
    read(&bot, &asked).await;
    world.writes(&clock, 6, "sol, while nobody asked for it");
    read(&bot, &asked).await;
    bot.set_policy(policy(&["luna", "sol"])).await.unwrap();
    read(&bot, &asked).await;
    world.writes(&clock, 7, "sol again");
    read(&bot, &asked).await;
    assert_eq!(world.heard_of(), posts(&[2, 4, 5, 7]), "nor what was written while the rule was gone");
    bot.stop().await;
    // Down: what was listened for is caught up with, what is new begins now.
    world.writes(&clock, 8, "luna, while it was down");
    world.writes(&clock, 9, "mar, while it was down");
    let store = store.reopen();
    let (bot, asked) = begin(&world, &store, clock, &["luna", "mar"]);
    read(&bot, &asked).await;
    world.writes(&clock, 10, "mar");
    read(&bot, &asked).await;
    assert_eq!(world.heard_of(), posts(&[2, 4, 5, 7, 8, 10]));
    bot.stop().await;
}
