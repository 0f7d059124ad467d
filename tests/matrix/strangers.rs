//! People of another homeserver: whom the rules in force name, and nobody else.

use super::staff::{Account, escaped, server};
use super::town::Town;
use serde_json::{Value, json};
use sereno::chat::Chat;
use sereno::chat::matrix::Matrix;
use sereno::policy::{AgentId, Lang, Person, Policy, Role, RoomId};
use std::sync::atomic::{AtomicU32, Ordering};

/// Rosa, of another homeserver, in the town's room; and the card of a case there.
struct Rosa {
    account: Account,
    room: String,
    card: String,
    said: AtomicU32,
}

impl Rosa {
    /// Comes into the room, on Ana's invitation.
    async fn comes(town: &Town, far: &str) -> Rosa {
        let account = Account::new(far, "rosa").await;
        assert!(!town.bot.id.ends_with(account.server()), "{} lives elsewhere than {}", account.id, town.bot.id);
        town.ana.does(json!({ "do": "invite", "room": town.room, "user": account.id })).await;
        account.accepts(&town.room, town.bot.server()).await;
        town.complain("marta", "my train never came");
        let card = town.card("never came").await;
        // Theirs may hear of it later than ours.
        account.hears_of(&town.room, &card).await;
        Rosa { account, room: escaped(&town.room), card, said: AtomicU32::new(0) }
    }

    /// Says something in the card's thread; its event's id.
    async fn says(&self, text: &str) -> String {
        let n = self.said.fetch_add(1, Ordering::Relaxed);
        let thread = json!({ "rel_type": "m.thread", "event_id": self.card });
        let content = json!({ "msgtype": "m.text", "body": text, "m.mentions": {}, "m.relates_to": thread });
        let sent = self.account.call("PUT", &format!("rooms/{}/send/m.room.message/far-{n}", self.room), content).await;
        sent["event_id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned()
    }

    /// Makes a room and calls the bot into it.
    async fn calls(&self, bot: &str) -> String {
        let made = self.account.call("POST", "createRoom", json!({ "preset": "private_chat", "invite": [bot] })).await;
        made["room_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    async fn members(&self, room: &str) -> usize {
        let members = self.account.call("GET", &format!("rooms/{}/joined_members", escaped(room)), Value::Null).await;
        members["joined"].as_object().unwrap_or_else(|| panic!("{members}")).len()
    }

    /// The same rules, with her on the team.
    fn named(&self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        let agent = Person { role: Role::Agent, name: "Rosa".into(), lang: None };
        policy.people.insert(AgentId::from(self.account.id.as_str()), agent);
        policy
    }
}

/// `check` finds everything that is in the way of private messages in a room that is to show them, as the running bot does,
/// and says what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_names_all_that_keeps_private_messages_out_of_a_room() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::new(&hs, true).await;
    town.settings.private_rooms = vec![RoomId::from(town.room.as_str())];
    let codes = async || {
        let found = Matrix::new(town.settings.clone()).check().await;
        let ill = found.into_iter().filter(|f| !f.ok && f.what.starts_with("room "));
        ill.map(|f| f.detail.code).collect::<Vec<_>>()
    };
    let set = async |kind: &str, content: Value| {
        town.ana.does(json!({ "do": "state", "room": town.room, "type": kind, "content": content })).await;
    };
    let told = async |words: &str| {
        let is = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains(words));
        town.ana.until(words, |events| events.iter().rfind(is).map(drop)).await;
    };
    assert_eq!(codes().await, [""; 0]);
    // And who may act.
    let mut nobody = town.settings.clone();
    nobody.people.clear();
    let found = Matrix::new(nobody.clone()).check().await;
    assert!(found.iter().any(|f| !f.ok && f.detail.code == "check-matrix-nobody"), "{found:?}");
    nobody.servers.push(town.bot.server().to_owned());
    let found = Matrix::new(nobody).check().await;
    assert!(found.iter().any(|f| f.ok && f.detail.code == "check-matrix-servers"), "{found:?}");
    set("m.room.history_visibility", json!({ "history_visibility": "world_readable" })).await;
    assert_eq!(codes().await, ["check-matrix-room-world-readable"]);
    told("Anybody can read").await;
    set("m.room.history_visibility", json!({ "history_visibility": "shared" })).await;
    set("uk.half-shot.bridge", json!({ "protocol": { "id": "irc" } })).await;
    // Whether the bot tells of it depends on whether it saw the room fit in between: told once for each change.
    assert_eq!(codes().await, ["check-matrix-room-bridged"]);
    set("m.room.history_visibility", json!({ "history_visibility": "world_readable" })).await;
    set("m.room.join_rules", json!({ "join_rule": "public" })).await;
    assert_eq!(codes().await, ["check-matrix-room-open", "check-matrix-room-world-readable", "check-matrix-room-bridged"]);
    town.sleep().await;
}

/// Whoever has a language of their own is answered in it, whatever the room's is and whichever door they come by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_answered_in_their_own_language() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, true).await;
    let ana = AgentId::from(town.ana.id.as_str());
    town.policy.people.get_mut(&ana).unwrap().lang = Some(Lang::Es);
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    let help = town.ana.says(&town.room, None, "!ayuda").await;
    let answers = |event: &str, words: &str| {
        let is = |e: &&Value| {
            let relation = &e["content"]["m.relates_to"];
            let to = relation["m.in_reply_to"]["event_id"] == event || relation["event_id"] == event;
            e["sender"] == town.bot.id.as_str() && to && e["content"]["body"].as_str().is_some_and(|b| b.contains(words))
        };
        town.ana.events().iter().filter(is).count()
    };
    town.answer(&help).await;
    assert_eq!(answers(&help, "`!tomar 42` toma un caso"), 1, "{}", town.ana.sight());
    town.ana.says(&town.room, None, "!spam 1").await;
    town.changed(&card, "hidden").await;
    // Hidden, it cannot be resolved: said to whoever reacted.
    let tick = town.ana.reacts(&town.room, &card, "✅").await;
    town.answer(&tick).await;
    assert_eq!(answers(&tick, "El caso está oculto como ruido"), 1, "{}", town.ana.sight());
    assert_eq!(answers(&tick, "`!restaurar`"), 1, "{}", town.ana.sight());
    // What cannot be read yet is said in it as well.
    town.ana.does(json!({ "do": "withhold", "room": town.room })).await;
    let sealed = town.ana.says(&town.room, None, "!list").await;
    let told = |e: &&Value| e["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == sealed.as_str();
    let told = town.ana.until("to be told", |events| events.iter().find(told).cloned()).await;
    assert!(told["content"]["body"].as_str().unwrap().starts_with("Todavía no puedo descifrar"), "{told}");
    town.sleep().await;
}

/// Waits until the room has heard something, and until the bot has heard and done all that was said before.
async fn heard(town: &Town, card: &str, event: &str, word: &str) {
    town.ana.until("what Rosa said", |events| events.iter().find(|e| e["event_id"] == event).map(drop)).await;
    town.ana.says(&town.room, Some(card), &format!("!note {word}")).await;
    town.entry(card, word).await;
    town.settled().await;
}

/// People of another homeserver: not obeyed, and told so once, until `servers` or `[people]` names theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_homeserver_is_refused_until_it_is_listed() {
    let (Some(hs), Some(far)) = (server("SERENO_SYNAPSE"), server("SERENO_SYNAPSE_LIMITED")) else { return };
    let mut town = Town::new(&hs, false).await;
    let rosa = Rosa::comes(&town, &far).await;
    // Theirs may not call the bot into a room either.
    let lure = rosa.calls(&town.bot.id).await;
    rosa.says("!claim").await;
    rosa.says("!note from afar").await;
    let last = rosa.says("!reply 1 hello").await;
    let refused = town.entry(&rosa.card, "team").await;
    heard(&town, &rosa.card, &last, "all the same").await;
    let sight = town.ana.sight();
    assert!(!sight.contains("took the case") && town.published().is_empty(), "{sight}");
    let told = town.ana.events().iter().filter(|e| e["content"]["body"] == refused["content"]["body"]).count();
    assert_eq!(told, 1, "once: {sight}");
    assert_eq!(rosa.members(&lure).await, 1);
    // Listed, hers is as good as ours.
    town.sleep().await;
    town.settings.servers.push(rosa.account.server().to_owned());
    town.policy = rosa.named(&town.policy);
    town.wake().await;
    rosa.says("!claim").await;
    town.changed(&rosa.card, "Rosa").await;
    town.sound().await;
    town.sleep().await;
}

/// The rules are read again while the bot runs: whom they name is obeyed from then on, and whom they name no more is
/// not; of invitations the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_rules_name_is_known_at_once_when_they_are_read_again() {
    let (Some(hs), Some(far)) = (server("SERENO_SYNAPSE"), server("SERENO_SYNAPSE_LIMITED")) else { return };
    let town = Town::new(&hs, false).await;
    let rosa = Rosa::comes(&town, &far).await;
    town.handle().set_policy(rosa.named(&town.policy)).await.unwrap();
    rosa.says("!claim").await;
    town.changed(&rosa.card, "Rosa").await;
    let welcome = rosa.calls(&town.bot.id).await;
    let came = |e: &Value| e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    let there = |news: &Value| {
        let room = &news["rooms"]["join"][&welcome];
        ["state", "timeline"].iter().any(|part| room[part]["events"].as_array().is_some_and(|events| events.iter().any(came)))
    };
    rosa.account.hears("the bot to come to where it was called", there).await;
    // She is taken off the list.
    town.handle().set_policy(town.policy.clone()).await.unwrap();
    let last = rosa.says("!note from afar").await;
    let lure = rosa.calls(&town.bot.id).await;
    heard(&town, &rosa.card, &last, "all the same").await;
    let noted =
        town.ana.events().iter().filter(|e| e["sender"] == town.bot.id.as_str() && e["content"].to_string().contains("from afar")).count();
    assert_eq!(noted, 0, "{}", town.ana.sight());
    // Once it has come to where somebody of the team called it later, it has seen her call as well.
    let made = town.ana.does(json!({ "do": "create", "encrypted": false, "invite": [town.bot.id] })).await;
    let joins =
        |e: &&Value| e["room_id"] == made["room_id"] && e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come to where it was called", |events| events.iter().find(joins).map(drop)).await;
    assert_eq!(rosa.members(&lure).await, 1);
    town.sound().await;
    town.sleep().await;
}
