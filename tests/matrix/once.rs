//! Nothing is sent twice, also where no transaction id helps: the device is another one, the row is an old one.

use super::proxy::Proxy;
use super::staff::server;
use super::town::{Team, in_both_rooms};
use async_trait::async_trait;
use sereno::chat::matrix::place::Place;
use sereno::chat::matrix::{Matrix, Settings, recover};
use sereno::chat::{Chat, Memory, Message, Parked};
use sereno::clock::{Clock, Time};
use sereno::outbox::{Look, Outcome, Urgency};
use sereno::policy::{AgentId, Lang, Person, Role, RoomId};
use sereno::say::Say;
use sereno::view::{Piece, Privacy, TextView, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The memory of a bot whose chat alone is looked at.
struct Notes {
    kept: Mutex<BTreeMap<String, String>>,
    named: AgentId,
}

#[async_trait]
impl Memory for Notes {
    async fn cursor(&self, stream: &str) -> anyhow::Result<Option<String>> {
        Ok(self.kept.lock().unwrap().get(stream).cloned())
    }
    async fn keep(&self, stream: &str, cursor: String) -> anyhow::Result<()> {
        self.kept.lock().unwrap().insert(stream.to_owned(), cursor);
        Ok(())
    }
    async fn park(&self, _: Parked) -> anyhow::Result<()> {
        Ok(())
    }
    async fn threads(&self, _: usize) -> anyhow::Result<Vec<(RoomId, String)>> {
        Ok(Vec::new())
    }
    async fn team(&self, _: BTreeMap<AgentId, Person>) -> anyhow::Result<()> {
        Ok(())
    }
    async fn unfit(&self, _: &RoomId, _: Option<Say>) -> anyhow::Result<()> {
        Ok(())
    }
    fn person(&self, who: &AgentId) -> Option<Person> {
        (*who == self.named).then(|| Person { role: Role::Lead, name: "Ana".into(), lang: None })
    }
    async fn rooms(&self) -> BTreeSet<RoomId> {
        BTreeSet::new()
    }
    fn room_lang(&self, _: &RoomId) -> Lang {
        Lang::En
    }
    fn words(&self, say: &Say, _: Lang) -> String {
        say.code.clone()
    }
}

/// A chat that runs by itself.
pub(super) struct Running {
    pub(super) chat: Arc<Matrix>,
    _notes: Arc<Notes>,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    place: Place,
}

impl Running {
    pub(super) fn new(settings: &Settings, ana: &str) -> Running {
        let chat = Arc::new(Matrix::new(settings.clone()));
        let notes = Arc::new(Notes { kept: Mutex::default(), named: AgentId::from(ana) });
        let memory: Arc<dyn Memory> = Arc::clone(&notes) as Arc<dyn Memory>;
        let runs = Arc::clone(&chat);
        let running = tokio::spawn(async move {
            let (inbox, mut said) = tokio::sync::mpsc::channel(4);
            tokio::spawn(async move { while said.recv().await.is_some() {} });
            runs.run(inbox, memory).await
        });
        Running { chat, _notes: notes, running, place: settings.place.clone() }
    }

    /// Posts it as the outbox would, until it stands; its event's id.
    pub(super) async fn posts(&self, message: &Message) -> String {
        for _ in 0..600 {
            match self.chat.post(message).await {
                Outcome::Done(receipt) => return receipt.native_id,
                Outcome::Retry { .. } | Outcome::RoomGone { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
                outcome => panic!("{outcome:?}"),
            }
        }
        panic!("it is never posted: {:?}", self.chat.post(message).await);
    }

    async fn looks(&self, message: &Message) -> Look {
        for _ in 0..600 {
            match self.chat.look(message).await {
                Look::Retry { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
                look => return look,
            }
        }
        panic!("nothing is found out");
    }

    pub(super) async fn ends(self) {
        self.running.abort();
        self.running.await.ok();
        drop(self.chat);
        for _ in 0..1_500 {
            if !self.place.is_taken() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not let go of its keys");
    }
}

pub(super) fn message(op: &str, room: &str, since: Time) -> Message {
    let lines = vec![vec![Piece::Words(format!("the words of {op}"))]];
    Message {
        op: op.into(),
        room: RoomId::from(room),
        thread: None,
        edit: None,
        private: false,
        privacy: Privacy::Never,
        urgency: Urgency::Normal,
        since,
        lang: Lang::En,
        view: View::Text(TextView { code: "notice".into(), lines }),
        picture: None,
        pictures: sereno::view::Pictures::None,
    }
}

/// Posted by a device that is lost before that was noted; posted again by the new one, which no transaction id helps.
async fn a_new_device_posts_nothing_a_second_time(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let team = Team::new(&hs).await;
    let room = team.room(encrypted).await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = team.settings(folder.path(), &room);
    let began = settings.clock.now();
    let (one, two, three) = (message("t-1", &room, began), message("t-2", &room, began), message("t-3", &room, began));
    let first = Running::new(&settings, &team.ana.id);
    let stands = first.posts(&one).await;
    // The same once more, as after a lost answer: the transaction id makes it one.
    assert_eq!(first.posts(&one).await, stands);
    // Decided more than a day ago: no homeserver remembers that transaction.
    let old = Message { since: began.plus(-30 * 3_600_000), ..one.clone() };
    assert_eq!(first.posts(&old).await, stands);
    // Messages of others, so that there is something to read past.
    for n in 0..120 {
        team.ana.says(&room, None, &format!("chatter {n}")).await;
    }
    let key = settings.place.recovery_key().unwrap().unwrap();
    first.ends().await;
    settings.place = Place { dir: folder.path().join("new"), recovery_key: folder.path().join("key-from-the-safe") };
    std::fs::write(&settings.place.recovery_key, key.as_str()).unwrap();
    recover(&settings).await.unwrap();
    let second = Running::new(&settings, &team.ana.id);
    assert_eq!(second.posts(&one).await, stands, "it was found in the room's history");
    assert!(matches!(second.looks(&one).await, Look::Found(found) if found.native_id == stands));
    // Decided before the new device was made, and never posted.
    assert!(matches!(second.looks(&two).await, Look::Absent));
    let two_stands = second.posts(&two).await;
    assert_eq!(second.posts(&two).await, two_stands);
    second.posts(&three).await;
    let last = "the words of t-3";
    let shows = |events: &[serde_json::Value], words: &str| {
        let has = |e: &&serde_json::Value| e["sender"] == team.bot.id.as_str() && e["content"]["body"] == words;
        events.iter().filter(has).count()
    };
    team.ana.until(last, |events| (shows(events, last) > 0).then_some(())).await;
    for op in ["t-1", "t-2", "t-3"] {
        assert_eq!(shows(&team.ana.events(), &format!("the words of {op}")), 1, "{op}: {}", team.ana.sight());
    }
    team.ana.judges(&team.bot.id);
    second.ends().await;
}

in_both_rooms!(
    a_new_device_posts_nothing_a_second_time,
    a_new_device_posts_nothing_a_second_time_in_a_plain_room,
    a_new_device_posts_nothing_a_second_time_in_an_encrypted_room
);

/// What an earlier device said cannot be read, for its keys do not come: whether a message is among it is unknown. It is not
/// sent a second time, however late that is asked; and found once the keys come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_unknown_and_not_absent() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let team = Team::new(&hs).await;
    let room = team.room(true).await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = team.settings(folder.path(), &room);
    let one = message("t-1", &room, settings.clock.now());
    let first = Running::new(&settings, &team.ana.id);
    let stands = first.posts(&one).await;
    let key = settings.place.recovery_key().unwrap().unwrap();
    // The account's backup has its key.
    for tried in 0.. {
        let backup = team.bot.call("GET", "room_keys/version", serde_json::Value::Null).await;
        if backup["count"].as_u64().is_some_and(|count| count > 0) {
            break;
        }
        assert!(tried < 900, "it is never backed up: {backup}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    first.ends().await;
    let proxy = Proxy::new(&hs).await;
    settings.homeserver = proxy.url.clone();
    settings.place = Place { dir: folder.path().join("new"), recovery_key: folder.path().join("key-from-the-safe") };
    settings.pace.backup = Duration::from_secs(1);
    std::fs::write(&settings.place.recovery_key, key.as_str()).unwrap();
    proxy.blocks(&["/room_keys/keys/"], 502, "<html>Bad Gateway</html>");
    recover(&settings).await.unwrap();
    // Long after the new device was made: a minute takes a moment.
    settings.clock = Clock::fast(1_000);
    let second = Running::new(&settings, &team.ana.id);
    let mut asked = 0;
    let outcome = loop {
        match second.chat.post(&one).await {
            // It is asked for again only after a while, as the outbox does it.
            Outcome::Retry { .. } if asked < 600 => tokio::time::sleep(Duration::from_millis(100)).await,
            outcome => break outcome,
        }
        asked += 1;
    };
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert!(matches!(second.chat.look(&one).await, Look::CannotTell));
    second.ends().await;
    proxy.lets_through("/room_keys/keys/");
    (settings.pace.backup, settings.clock) = (Duration::from_secs(180), Clock::system());
    let third = Running::new(&settings, &team.ana.id);
    assert_eq!(third.posts(&one).await, stands);
    third.ends().await;
}
