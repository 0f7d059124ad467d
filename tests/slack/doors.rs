//! Every way in: slash commands, the thread, buttons, forms, shortcuts, reactions, the home.

use super::town::Town;
use crate::emulator::slack::driver::actions;
use crate::emulator::slack::{Books, Fault, On, TEAM_CHANNEL, Trouble, User, words};
use serde_json::json;
use sereno::case::CaseId;
use sereno::chat::slack::manifest;
use sereno::engine::Engine;
use sereno::policy::{AgentId, Lang};

/// Waits until somebody owns the case, or nobody.
async fn owned(town: &Town, case: u64, who: Option<&str>) {
    let who = who.map(AgentId::from);
    let owned = move |engine: &Engine| (engine.case(CaseId(case)).unwrap()?.owner == who).then_some(());
    town.until("its owner", owned).await;
}

#[tokio::test]
async fn a_complaint_becomes_a_card_and_a_slash_command_claims_it() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let act = ana.slash("/claim 1");
    let ack = town.slack.acked(&act).await.unwrap();
    assert!(!ack.late);
    assert_eq!(ack.payload["response_type"], "ephemeral", "{:?}", ack.payload);
    owned(&town, 1, Some(&ana.id)).await;
    town.entry(&card.ts, "ana took the case").await;
    // The long form, a mistake, a list.
    let act = ana.slash("/case list mine");
    let ack = town.slack.acked(&act).await.unwrap();
    assert!(ack.payload["text"].as_str().unwrap().contains("#1"), "{:?}", ack.payload);
    let act = ana.slash("/case clam 1");
    let ack = town.slack.acked(&act).await.unwrap();
    assert!(ack.payload["text"].as_str().unwrap().contains("claim"), "{:?}", ack.payload);
    town.sound().await;
}

#[tokio::test]
async fn the_thread_takes_commands_and_keeps_talk() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    ana.says(TEAM_CHANNEL, Some(&card.ts), "I think the courier lost it");
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    owned(&town, 1, Some(&ana.id)).await;
    // A mention comes twice, as a message and as a mention: it is answered once.
    eva.says(TEAM_CHANNEL, Some(&card.ts), "@sereno claim");
    town.told(&eva.id, "ana").await;
    let act = eva.says(TEAM_CHANNEL, Some(&card.ts), "!note She called as well");
    town.slack.acked(&act).await.unwrap();
    town.entry(&card.ts, "She called as well").await;
    ana.edits(&card_text(&town, &card.ts, "courier").await, "!resolve");
    town.settled().await;
    assert_eq!(town.slack.books().whispers(&eva.id).len(), 1, "{}", town.slack.sight());
    assert!(town.slack.books().whispers(&ana.id).is_empty(), "what was done shows in the thread\n{}", town.slack.sight());
    owned(&town, 1, Some(&ana.id)).await;
    town.sound().await;
}

async fn card_text(town: &Town, thread: &str, words: &str) -> String {
    town.slack
        .until("a line", |b| b.thread(TEAM_CHANNEL, thread).into_iter().find(|m| m.words().contains(words)).map(|m| m.ts.clone()))
        .await
}

#[tokio::test]
async fn a_button_claims_and_a_form_answers_in_public_once() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    ana.presses(&card.ts, "sereno:claim");
    owned(&town, 1, Some(&ana.id)).await;
    let verbs = &card.actions;
    assert!(verbs.iter().any(|(id, _)| id == "sereno:draft"), "{verbs:?}");
    ana.presses(&card.ts, "sereno:draft");
    let modal = town.form(&ana.id).await;
    let typed = ana.types(&modal.id, "text", "We are looking into it");
    town.slack
        .until("the length", |b| (b.views[&modal.id].updates > 0 && words(&b.views[&modal.id].body).contains(" of ")).then_some(()))
        .await;
    town.slack.acked(&typed).await.unwrap();
    ana.submits(&modal.id, &[("text", "We are looking into it")]);
    let draft = town.entry(&card.ts, "We are looking into it").await;
    town.slack.until("the form has closed", |b| b.modals(&ana.id).is_empty().then_some(())).await;
    ana.presses(&draft.ts, "sereno:reply");
    town.sent("We are looking into it").await;
    assert_eq!(town.published().len(), 1);
    town.sound().await;
}

#[tokio::test]
async fn a_form_whose_case_moved_on_is_refused_kindly() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    let act = ana.slash("/draft 1");
    town.slack.acked(&act).await.unwrap();
    let modal = town.form(&ana.id).await;
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!resolve");
    town.slack
        .until("it is resolved", |b| {
            b.message(&card.ts).filter(|(_, m)| m.words().contains("Resolved") || m.words().contains("resolved")).map(|_| ())
        })
        .await;
    let act = ana.submits(&modal.id, &[("text", "We are looking into it")]);
    let ack = town.slack.acked(&act).await.unwrap();
    assert_eq!(ack.payload["response_action"], "errors", "{:?}", ack.payload);
    let view = &town.slack.books().views[&modal.id];
    assert!(view.open && view.errors.contains_key("text"), "what was typed is not lost: {:?}", view.errors);
    town.sound().await;
}

#[tokio::test]
async fn a_form_that_was_refused_is_judged_anew_when_it_is_sent_in_again() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    town.slack.acked(&ana.slash("/reply 1")).await.unwrap();
    let modal = town.form(&ana.id).await;
    let refused = async |text: &str| {
        let ack = town.slack.acked(&ana.submits(&modal.id, &[("text", text)])).await.unwrap();
        assert_eq!(ack.payload["response_action"], "errors", "{:?}", ack.payload);
    };
    refused(&"far too long ".repeat(60)).await;
    // Other words in the same form.
    town.slack.acked(&eva.says(TEAM_CHANNEL, Some(&card.ts), "!resolve")).await.unwrap();
    refused("We are looking into it").await;
    // The same words once more, and it comes twice.
    town.slack.acked(&eva.says(TEAM_CHANNEL, Some(&card.ts), "!reopen")).await.unwrap();
    town.slack.trouble(Trouble::Twice, 1);
    let ack = town.slack.acked(&ana.submits(&modal.id, &[("text", "We are looking into it")])).await.unwrap();
    assert!(ack.payload.is_null(), "{:?}", ack.payload);
    town.sent("We are looking into it").await;
    town.sound().await;
    assert_eq!(town.published().len(), 1);
}

#[tokio::test]
async fn a_form_that_slack_did_not_hear_taken_is_taken_once() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.slash("/reply 1")).await.unwrap();
    let modal = town.form(&ana.id).await;
    town.slack.patience(300, [50, 50, 50]);
    town.slack.trouble(Trouble::Cut, 1);
    assert!(town.slack.acked(&ana.submits(&modal.id, &[("text", "We are looking into it")])).await.is_err());
    town.slack.connected(1).await;
    town.slack.patience(3_000, [100, 200, 400]);
    // It is still before her: she mends a word and sends it in again.
    let ack = town.slack.acked(&ana.submits(&modal.id, &[("text", "We are looking into this")])).await.unwrap();
    let said = ack.payload["errors"]["text"].as_str().unwrap_or_default();
    assert!(said.contains("was taken before"), "{:?}", ack.payload);
    // The same words again: they were taken.
    let ack = town.slack.acked(&ana.submits(&modal.id, &[("text", "We are looking into it")])).await.unwrap();
    assert!(ack.payload.is_null(), "{:?}", ack.payload);
    town.sent("We are looking into it").await;
    town.sound().await;
    assert_eq!(town.published().len(), 1);
}

#[tokio::test]
async fn shortcuts_and_reactions_work_on_the_card_and_a_reaction_taken_away_undoes_the_claim() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    ana.reacts(&card.ts, "eyes");
    owned(&town, 1, Some(&ana.id)).await;
    eva.reacts(&card.ts, "eyes");
    town.told(&eva.id, "ana").await;
    // Hers was none: taken away it takes nothing.
    eva.unreacts(&card.ts, "eyes");
    ana.reacts(&card.ts, "tada");
    ana.unreacts(&card.ts, "eyes");
    owned(&town, 1, None).await;
    ana.reacts(&card.ts, "incoming_envelope");
    town.told(&ana.id, "private").await;
    assert!(town.square.with(|b| b.received().is_empty()), "a proposal sends nothing");
    ana.shortcut("sereno:draft", &card.ts);
    town.form(&ana.id).await;
    town.sound().await;
    assert!(town.published().is_empty());
}

#[tokio::test]
async fn the_home_shows_ones_own_cases_and_the_queue() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.complain("luis", "It arrived broken");
    let (one, two) = (town.card("Where is my parcel?").await, town.card("It arrived broken").await);
    let ana = town.slack.user("ana");
    let act = ana.says(TEAM_CHANNEL, Some(&one.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    ana.opens_home();
    let words = town.slack.until("a home", |b| b.home(&ana.id).map(|v| words(&v.body))).await;
    assert!(words.contains("#1") && words.contains("#2"), "{words}");
    // Each leads to its card, as Slack itself would have it.
    let channel = town.slack.channel(TEAM_CHANNEL);
    let shown = town.slack.books().home(&ana.id).unwrap().body.to_string();
    for card in [&one, &two] {
        let query = [("channel", channel.as_str()), ("message_ts", card.ts.as_str())];
        let link = super::workspace::get(&town.slack, "chat.getPermalink", &query).await;
        let link = link["permalink"].as_str().unwrap();
        assert!(shown.contains(&format!("\"{}\"", link.split('?').next().unwrap())), "{link} in {shown}");
    }
    town.sound().await;
}

#[tokio::test]
async fn what_the_home_shows_can_be_worked_on_there() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.complain("luis", "It arrived broken");
    let (one, _) = (town.card("Where is my parcel?").await, town.card("It arrived broken").await);
    let ana = town.slack.user("ana");
    ana.opens_home();
    let has = |action: &'static str, case: &'static str| {
        let id = ana.id.clone();
        move |b: &Books| {
            let view = b.home(&id)?;
            let blocks = view.body["blocks"].as_array()?;
            actions(blocks).iter().any(|(a, c)| a == action && c == case).then(|| view.id.clone())
        }
    };
    let home = town.slack.until("the queue", has("sereno:claim", "1")).await;
    ana.presses_in(&home, "sereno:claim");
    owned(&town, 1, Some(&ana.id)).await;
    town.entry(&one.ts, "ana took the case").await;
    // It is hers now, and shown so.
    town.slack.until("her own case", has("sereno:resolve", "1")).await;
    ana.presses_in(&home, "sereno:draft");
    let modal = town.form(&ana.id).await;
    let drawn = |b: &Books| b.log.calls.get("views.publish").copied().unwrap_or_default();
    let before = drawn(&town.slack.books());
    ana.submits(&modal.id, &[("text", "We are looking into it")]);
    town.entry(&one.ts, "We are looking into it").await;
    town.slack.until("her home after it", |b| (drawn(b) > before).then_some(())).await;
    // Somebody else was faster with the other one: she is told in private.
    let eva = town.slack.user("eva");
    town.slack.acked(&eva.slash("/claim 2")).await.unwrap();
    ana.presses_in(&home, "sereno:claim");
    let told = |b: &Books| b.ours().into_iter().any(|(c, m)| c.im.as_ref() == Some(&ana.id) && m.words().contains("eva")).then_some(());
    town.slack.until("she is told who has it", told).await;
    ana.presses_in(&home, "sereno:resolve");
    let resolved = |e: &Engine| e.case(CaseId(1)).unwrap().filter(|c| !c.status.is_open()).map(|_| ());
    town.until("it is resolved", resolved).await;
    town.slack.until("an empty home", |b| b.home(&ana.id).filter(|v| !words(&v.body).contains('#')).map(|_| ())).await;
    town.sound().await;
}

#[tokio::test]
async fn people_read_their_own_language_and_threads_the_room_s() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let lola = town.slack.user_speaking("lola", "es-ES");
    let act = lola.slash("/case reclamar 1");
    let ack = town.slack.acked(&act).await.unwrap();
    assert_eq!(ack.payload["text"], "#1 es tuyo.", "{:?}", ack.payload);
    town.entry(&card.ts, "lola took the case").await;
    let ana = town.slack.user("ana");
    let ack = town.slack.acked(&ana.slash("/claim 1")).await.unwrap();
    assert!(ack.payload["text"].as_str().unwrap().contains("lola"), "{:?}", ack.payload);
    // A list, a form and a mistake, too.
    let ack = town.slack.acked(&lola.slash("/case lista mías")).await.unwrap();
    assert!(ack.payload["text"].as_str().unwrap().contains("#1 · normal · abierto"), "{:?}", ack.payload);
    town.slack.acked(&lola.slash("/draft 1")).await.unwrap();
    let modal = town.slack.until("a form", |b| b.modals(&lola.id).first().map(|v| (*v).clone())).await;
    assert_eq!((&modal.body["submit"]["text"], &modal.body["close"]["text"]), (&json!("Borrador"), &json!("Cancelar")));
    town.sound().await;
}

#[tokio::test]
async fn with_a_prefix_the_slash_commands_are_the_same_by_their_longer_names() {
    let mut town = Town::asleep().await;
    town.settings.slash_prefix = "acme-".into();
    let words = sereno::i18n::Words::new();
    town.slack.install(&manifest::yaml(&words, Lang::En, "acme-", None));
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let ack = town.slack.acked(&ana.slash("/acme-claim 1")).await.unwrap();
    assert_eq!(ack.payload["text"], "#1 is yours.", "{:?}", ack.payload);
    town.entry(&card.ts, "ana took the case").await;
    let ack = town.slack.acked(&ana.slash("/acme-case list mine")).await.unwrap();
    assert!(ack.payload["text"].as_str().unwrap().contains("#1"), "{:?}", ack.payload);
    town.slack.acked(&ana.slash("/acme-draft 1")).await.unwrap();
    let modal = town.form(&ana.id).await.id;
    ana.submits(&modal, &[("text", "We are looking into it")]);
    town.entry(&card.ts, "We are looking into it").await;
    town.slack.acked(&ana.slash("/acme-reply 1")).await.unwrap();
    town.sent("We are looking into it").await;
    town.sound().await;
}

#[tokio::test]
async fn a_lead_approves_the_text_that_the_button_is_about() {
    let mut town = Town::asleep().await;
    town.policy.reply.approval = sereno::policy::Approval::Agents;
    let eva = town.slack.user("eva");
    let lead = sereno::policy::Person { role: sereno::policy::Role::Lead, name: "Eva".into(), lang: None };
    let eva = (AgentId::from(eva.id.as_str()), lead);
    town.policy.people.insert(eva.0, eva.1);
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!reply It left our house yesterday");
    let asked = town.slack.until("the question", |b| {
        let mut thread = b.thread(TEAM_CHANNEL, &card.ts).into_iter().filter(|m| m.ours);
        thread.find(|m| m.actions().iter().any(|(id, _)| id == "sereno:approve")).map(|m| (m.ts.clone(), m.actions()))
    });
    let (asked, actions) = asked.await;
    assert!(actions.iter().any(|(id, value)| id == "sereno:approve" && value.contains(':')), "{actions:?}");
    // Who wrote it does not approve it.
    ana.presses(&asked, "sereno:approve");
    town.slack.until("she is told", |b| (!b.whispers(&ana.id).is_empty()).then_some(())).await;
    assert!(town.published().is_empty());
    eva.presses(&asked, "sereno:approve");
    town.sent("It left our house yesterday").await;
    town.sound().await;
    assert_eq!(town.published().len(), 1);
}

#[tokio::test]
async fn the_buttons_of_a_draft_that_was_replaced_do_nothing_and_show_the_present_one() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!draft It left our house yesterday");
    let old = town.entry(&card.ts, "It left our house yesterday").await;
    let value = |action: &str| old.actions.iter().find(|(id, _)| id == action).map(|(_, value)| value.clone()).unwrap();
    let (send, edit, discard) = (value("sereno:reply"), value("sereno:draft"), value("sereno:discard"));
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!draft It never left our house");
    let new = town.entry(&card.ts, "It never left our house").await;
    // She still sees the buttons as they were.
    for (action, value) in [("sereno:reply", send), ("sereno:discard", discard), ("sereno:draft", edit)] {
        let told = town.slack.books().whispers(&ana.id).len();
        ana.presses_as_it_was(&old.ts, action, &value);
        let said = town.slack.until("she is told", |b| b.whispers(&ana.id).get(told).map(|w| w.words())).await;
        assert!(said.contains("It never left our house"), "{action}: {said}");
    }
    town.settled().await;
    assert!(town.published().is_empty() && town.slack.books().modals(&ana.id).is_empty());
    ana.presses(&new.ts, "sereno:reply");
    town.sent("It never left our house").await;
    town.sound().await;
    assert_eq!(town.published().len(), 1);
}

#[tokio::test]
async fn a_reply_of_which_nothing_was_drafted_asks_for_its_text() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let act = ana.slash("/reply 1");
    town.slack.acked(&act).await.unwrap();
    let modal = town.form(&ana.id).await;
    ana.submits(&modal.id, &[("text", "We are looking into it")]);
    town.sent("We are looking into it").await;
    // With a draft there is something to send, and nothing to ask.
    town.complain("luis", "It arrived broken");
    town.card("It arrived broken").await;
    let act = ana.slash("/draft 2 We send another");
    town.slack.acked(&act).await.unwrap();
    let act = ana.slash("/reply 2");
    town.slack.acked(&act).await.unwrap();
    town.sent("We send another").await;
    assert!(town.slack.books().modals(&ana.id).is_empty());
    town.entry(&card.ts, "We are looking into it").await;
    town.sound().await;
}

/// Once another note is shown, the one before it stands there exactly once.
async fn stands_once(town: &Town, ana: &User, thread: &str) {
    let act = ana.says(TEAM_CHANNEL, Some(thread), "!note called again");
    town.slack.acked(&act).await.unwrap();
    town.entry(thread, "called again").await;
    town.settled().await;
    let times = town.times(thread, "called the depot");
    assert_eq!(times, 1, "\n{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn a_message_that_a_client_sent_twice_is_one_command() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let first = ana.says(TEAM_CHANNEL, Some(&card.ts), "@sereno note called the depot");
    town.slack.acked(&first).await.unwrap();
    // Its connection broke before it heard that the first had gone.
    let second = ana.says_again(&first.ts);
    assert_ne!(first.ts, second.ts);
    town.slack.acked(&second).await.unwrap();
    stands_once(&town, &ana, &card.ts).await;
}

#[tokio::test]
async fn a_message_that_a_client_sent_again_after_a_restart_is_one_command() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let first = ana.says(TEAM_CHANNEL, Some(&card.ts), "!note called the depot");
    town.slack.acked(&first).await.unwrap();
    town.settled().await;
    town.sleep().await;
    // Nor does the history tell that there was a first one.
    town.slack.fault(On::Method("conversations.history"), Fault::Status { code: 503, done: false }, 1_000);
    town.wake().await;
    let second = ana.says_again(&first.ts);
    town.slack.acked(&second).await.unwrap();
    stands_once(&town, &ana, &card.ts).await;
}
