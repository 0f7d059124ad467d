//! What the bot does for its chat beside carrying out commands: forms, memory, the team, rooms.

use super::*;
use sereno::app::office::Office;
use sereno::chat::{FormWish, Parked};
use sereno::command::{Command, Verb};
use sereno::control::Errand;
use sereno::policy::{Counting, DmRoute, Lang, Person, PrivacyPolicy, Role};
use sereno::post::Visibility;
use sereno::say::Say;
use sereno::store::sled::SledStore;
use sereno::view::text::{Style, render};
use sereno::view::{FormView, Piece};

fn policy() -> Policy {
    let person = |role, lang| Person { role, name: String::new(), lang };
    let mut policy = Policy { import_ms: i64::MAX / 4, ..Policy::default() };
    policy.people = [("ana", person(Role::Agent, None)), ("lea", person(Role::Lead, Some(Lang::Es)))]
        .into_iter()
        .map(|(id, p)| (AgentId::from(id), Person { name: id.to_owned(), ..p }))
        .collect();
    policy
}

fn private_room() -> Policy {
    let privacy = PrivacyPolicy { private_rooms: vec![RoomId::from("console")], dm_room: None, links_only: false };
    Policy { privacy, ..policy() }
}

fn begin(world: &World, store: &ModelStore, clock: Clock, policy: Policy) -> Handle {
    let source = Source { account: Arc::new(Net(world.clone())), poll_ms: SECOND_MS };
    let chat = Arc::new(Talk(world.clone()));
    let store = Arc::new(store.clone());
    app::start(Parts { store, chat, accounts: vec![source], policy, clock, words: Arc::new(Words::new()), reloads: false }).unwrap()
}

impl World {
    async fn memory(&self) -> Arc<dyn Memory> {
        self.until("the chat is heard", |_| self.memory.lock().unwrap().is_some()).await;
        self.memory.lock().unwrap().clone().unwrap()
    }
    async fn hand_in(&self, what: Typed) -> Answered {
        self.until("the chat is heard", |_| self.inbox.lock().unwrap().is_some()).await;
        let (answer, answered) = oneshot::channel();
        let inbox = self.inbox.lock().unwrap().clone().unwrap();
        inbox.send(Said { what, answer }).await.unwrap();
        tokio::time::timeout(BOUND, answered).await.unwrap().expect("it is answered")
    }
    async fn wish(&self, by: &str, verb: Verb, case: u64) -> Answered {
        self.wish_of(by, verb, case, false).await
    }
    async fn wish_of(&self, by: &str, verb: Verb, case: u64, stays: bool) -> Answered {
        let (by, room) = (AgentId::from(by), RoomId::from("console"));
        self.hand_in(Typed::Form(FormWish {
            by,
            room,
            thread: None,
            case: Some(CaseId(case)),
            verb,
            about: sereno::command::Args::None,
            lang: None,
            stays,
        }))
        .await
    }
    async fn form(&self, by: &str, verb: Verb, case: u64) -> FormView {
        let answered = self.wish(by, verb, case).await;
        assert!(answered.answer.ok, "{answered:?}");
        match answered.view {
            View::Form(form) => form,
            other => panic!("{other:?}"),
        }
    }
    async fn says(&self, by: &str, line: &str) -> Answered {
        let id = {
            let mut ids = self.ids.lock().unwrap();
            *ids += 1;
            format!("says-{ids}")
        };
        let (by, room) = (AgentId::from(by), RoomId::from("console"));
        self.hand_in(Typed::Line { id, by, door: Door::Text, room, thread: None, lang: None, text: line.into(), files: Vec::new() }).await
    }
    async fn reacts(&self, id: &str, by: &str, verb: Verb, thread: &str) -> Answered {
        let command = Command {
            id: id.into(),
            by: by.into(),
            door: Door::Reaction,
            room: "console".into(),
            thread: Some(thread.into()),
            lang: Lang::En,
            verb,
            case: None,
            args: sereno::command::Args::None,
        };
        self.hand_in(Typed::Command(command)).await
    }
    fn dm(&self, clock: &Clock, n: u32, text: &str) {
        // Whole before it can be read: the account is read all the time.
        let said = complaint(clock, n);
        let author = Author { id: AuthorId::from("person-1"), ..said.author.clone() };
        let said = Post { author, text: Untrusted::new(text), visibility: Visibility::Direct, ..said };
        self.with(|b| b.posts.push(said));
    }
    /// The words of a posted message that holds `text`, and whether it was called private.
    async fn posted(&self, text: &str) -> (String, bool) {
        let plain = |m: &Message| render(&m.view, &Style::PLAIN);
        self.until(text, |b| b.messages.iter().any(|m| plain(m).contains(text))).await;
        self.with(|b| b.messages.iter().find(|m| plain(m).contains(text)).map(|m| (plain(m), m.private)).unwrap())
    }
    fn notices(&self, code: &str) -> usize {
        self.with(|b| b.messages.iter().filter(|m| matches!(&m.view, View::Text(t) if t.code == code)).count())
    }
}

fn text_of(view: &View) -> String {
    render(view, &Style::PLAIN)
}

fn thread_of(store: &ModelStore, case: u64) -> String {
    store.case(CaseId(case)).unwrap().unwrap().places.iter().find_map(|p| p.thread.clone()).unwrap()
}

async fn with_a_case(policy: Policy) -> (World, ModelStore, Clock, Handle) {
    let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::fast(SPEED));
    let bot = begin(&world, &store, clock, policy);
    world.complaint(&clock, 1);
    world.until("a card", |b| b.messages.iter().any(|m| matches!(m.view, View::Card(_)))).await;
    settled(&bot).await;
    (world, store, clock, bot)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_shows_whom_it_answers_and_how_the_network_counts() {
    let mut policy = policy();
    let texts = [("es", "Hola {handle}"), ("en", "Hello {handle}, this is {agent}.")].map(|(l, t)| (l.to_owned(), t.to_owned()));
    policy.reply.canned.insert("Greeting".into(), texts.into());
    let (world, store, _, bot) = with_a_case(policy).await;
    let form = world.form("ana", Verb::Reply, 1).await;
    assert_eq!((form.case, form.title.as_str(), form.submit.as_str(), form.cancel.as_str()), (1, "Reply · #1", "Reply", "Cancel"));
    assert!(form.lines.contains(&vec![Piece::Foreign(Untrusted::new("Where is my parcel? 1"))]), "{form:?}");
    let said = text_of(&View::Form(form.clone()));
    assert!(said.contains("From @acme to @person1, in public") && said.contains("makes it yours"), "{said}");
    let limit = form.limit.unwrap();
    assert_eq!((limit.max, limit.counting, limit.taken), (500, Counting::Characters { url: Some(23) }, "@person1 ".len()));
    assert_eq!(form.canned, [("Greeting".to_owned(), "Hello @person1, this is ana.".to_owned())]);
    assert_eq!(form.text, "");
    // Nothing was committed by looking.
    assert!(store.case(CaseId(1)).unwrap().unwrap().owner.is_none());
    // What was drafted stands in the field, and a colleague is told whose it is.
    assert!(world.says("ana", "draft 1 We are looking.").await.answer.ok);
    let form = world.form("lea", Verb::Reply, 1).await;
    assert_eq!((form.text.as_str(), form.title.as_str(), form.cancel.as_str()), ("We are looking.", "Responder · #1", "Cancelar"));
    assert!(text_of(&View::Form(form)).contains("ana ha dejado un borrador"));
    // A note goes nowhere: nothing is counted, nothing is kept ready.
    let note = world.form("ana", Verb::Note, 1).await;
    assert_eq!((note.limit, note.canned.len(), note.label.as_str()), (None, 0, "For the team"));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_refused_as_its_command_would_be() {
    let (world, _, _, bot) = with_a_case(policy()).await;
    let refused = |answered: Answered, code: &str| {
        assert_eq!((answered.answer.ok, answered.answer.say.code.as_str()), (false, code), "{answered:?}");
        text_of(&answered.view)
    };
    refused(world.wish("ana", Verb::Reply, 9).await, "refused-unknown-case");
    refused(world.wish("ana", Verb::Reject, 1).await, "refused-needs-role");
    refused(world.wish("ana", Verb::Dm, 1).await, "refused-no-handoff");
    refused(world.wish("ana", Verb::Claim, 1).await, "refused-usage");
    refused(world.wish("lea", Verb::Correct, 1).await, "refused-nothing-published");
    assert!(world.says("lea", "claim 1").await.answer.ok);
    let said = refused(world.wish("ana", Verb::Reply, 1).await, "refused-owned-by");
    assert!(said.contains("lea"), "{said}");
    // Anybody may propose; whose case it is stands in the form.
    let draft = world.form("ana", Verb::Draft, 1).await;
    assert!(text_of(&View::Form(draft)).contains("lea has this case"));
    assert!(world.says("lea", "pause").await.answer.ok);
    let paused = text_of(&View::Form(world.form("lea", Verb::Reply, 1).await));
    assert!(paused.contains("Los envíos están detenidos"), "{paused}");
    assert!(world.says("lea", "resolve 1").await.answer.ok);
    refused(world.wish("lea", Verb::Reply, 1).await, "refused-status-resolved");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_shows_private_text_in_a_private_room_alone() {
    let (world, _, clock, bot) = with_a_case(private_room()).await;
    assert!(world.says("ana", "handoff 1").await.answer.ok);
    world.until("the handoff is out", |b| b.sent.len() == 1).await;
    world.dm(&clock, 2, "My account is ES00 1234.");
    world.posted("ES00 1234").await;
    settled(&bot).await;
    let form = world.form("ana", Verb::Dm, 1).await;
    let said = text_of(&View::Form(form.clone()));
    assert!(said.contains("My account is ES00 1234.") && said.contains("in private"), "{said}");
    assert_eq!(form.label, "Private message");
    // What stays in the room after it was opened holds none.
    let said = text_of(&world.wish_of("ana", Verb::Dm, 1, true).await.view);
    assert!(!said.contains("ES00") && said.contains("in private"), "{said}");
    world.memory().await.unfit(&"console".into(), Some(Say::new("refused-not-staff"))).await.unwrap();
    let said = text_of(&View::Form(world.form("ana", Verb::Dm, 1).await));
    assert!(!said.contains("ES00") && said.contains("shown only in a private room"), "{said}");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_said_would_be_private_is_not_published_when_the_way_closes() {
    let (world, store, clock, bot) = with_a_case(policy()).await;
    let form = world.form("ana", Verb::Handoff, 1).await;
    assert!(!form.public && text_of(&View::Form(form)).contains("in private"));
    // Before she has sent it in they post again, and take no private messages any more.
    world.with(|b| {
        let said = complaint(&clock, 2);
        let author = Author { id: AuthorId::from("person-1"), route: Some(DmRoute::InPublic), ..said.author.clone() };
        b.posts.push(Post { author, root: Some(b.posts[0].id.clone()), ..said });
    });
    let shut = |store: &ModelStore| store.case(CaseId(1)).unwrap().unwrap().customer.route == Some(DmRoute::InPublic);
    world.until("the way is closed", |_| shut(&store)).await;
    let fills = |public: bool, text: &str| {
        world.hand_in(Typed::Filled {
            id: format!("form-{public}"),
            by: "ana".into(),
            room: "console".into(),
            thread: None,
            lang: None,
            verb: "handoff".into(),
            case: CaseId(1),
            text: text.into(),
            public,
        })
    };
    let answered = fills(false, "Your order 5543 is at 5, Main Street").await.answer;
    assert_eq!((answered.ok, answered.say.code.as_str()), (false, "refused-would-be-public"));
    assert!(store.case(CaseId(1)).unwrap().unwrap().sends.is_empty());
    // Opened anew it says so, and what is written then is meant for everybody.
    let form = world.form("ana", Verb::Handoff, 1).await;
    assert!(form.public && text_of(&View::Form(form)).contains("in public"));
    assert_eq!(fills(true, "Please write to us in private").await.answer.say.code, "done-handoff-in-public");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chats_memory_outlives_a_restart_and_never_meets_an_accounts() {
    let (world, store, clock, bot) = with_a_case(policy()).await;
    let memory = world.memory().await;
    assert_eq!(memory.cursor("mentions").await.unwrap(), None, "an account's stream of that name is another");
    memory.keep("mentions", "17.5".into()).await.unwrap();
    assert_eq!(store.cursor(&Account::from("acme"), "mentions").unwrap().as_deref(), Some("1"));
    world.complaint(&clock, 2);
    world.until("another card", |b| b.messages.iter().filter(|m| matches!(m.view, View::Card(_)) && m.edit.is_none()).count() == 2).await;
    settled(&bot).await;
    assert!(world.says("ana", "claim 1").await.answer.ok);
    settled(&bot).await;
    let threads = [1, 2].map(|case| (RoomId::from("console"), thread_of(&store, case)));
    assert_eq!(memory.threads(9).await.unwrap(), threads, "the one that was changed last comes first");
    assert_eq!(memory.threads(1).await.unwrap(), &threads[..1]);
    assert!(world.says("ana", "resolve 1").await.answer.ok);
    // Somebody may want it back: a few days' worth is still listened to.
    assert_eq!(memory.threads(9).await.unwrap(), threads, "a case that was closed just now");
    bot.stop().await;
    let seen = store.desk().unwrap().unwrap().first_seen;
    assert!(seen.keys().all(|a| a.as_str() == "acme"), "the chat is no account: {seen:?}");
    *world.memory.lock().unwrap() = None;
    let bot = begin(&world, &store.reopen(), clock, policy());
    assert_eq!(world.memory().await.cursor("mentions").await.unwrap().as_deref(), Some("17.5"));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_once_and_told_once() {
    let (world, store, _, bot) = with_a_case(policy()).await;
    let memory = world.memory().await;
    let parked = |id: &str, raw: &str| Parked { id: id.into(), why: "no JSON".into(), raw: raw.into() };
    memory.park(parked("slack:E1", "{\"half")).await.unwrap();
    assert_eq!(store.parked("slack:E1").unwrap().unwrap().raw, "{\"half", "it is kept when the call returns");
    memory.park(parked("slack:E1", "again")).await.unwrap();
    memory.park(parked("slack:E2", &"é".repeat(200_000))).await.unwrap();
    let rows = store.parked_list().unwrap();
    assert_eq!(rows.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["slack:E1", "slack:E2"]);
    let long = store.parked("slack:E2").unwrap().unwrap();
    assert_eq!((long.raw.len(), long.bytes), (256 * 1024, 400_000), "a long one is cut, and it shows");
    settled(&bot).await;
    assert_eq!(world.notices("notice-parked"), 1);
    assert_eq!(bot.stats().await.unwrap().parked, 2);
    // More than fit: the oldest go.
    for n in 0..199 {
        memory.park(parked(&format!("slack:F{n}"), "x")).await.unwrap();
    }
    assert_eq!((store.parked_count().unwrap(), store.parked("slack:E1").unwrap()), (200, None));
    settled(&bot).await;
    assert_eq!((world.notices("notice-parked"), world.notices("notice-parked-full")), (1, 1));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chats_groups_make_a_team_that_the_file_goes_before() {
    let strict = Policy { default_role: None, ..policy() };
    let (world, _, _, bot) = with_a_case(strict.clone()).await;
    let memory = world.memory().await;
    let person = |role, name: &str| Person { role, name: name.into(), lang: Some(Lang::En) };
    let refused = world.says("zoe", "claim 1").await;
    assert_eq!(refused.answer.say.code, "refused-not-staff");
    let team = BTreeMap::from([("zoe".into(), person(Role::Agent, "Zoe")), ("lea".into(), person(Role::Viewer, "Other"))]);
    memory.team(team).await.unwrap();
    assert!(world.says("zoe", "claim 1").await.answer.ok);
    assert!(world.says("lea", "release 1").await.answer.ok, "[people] says that she is a lead");
    // The file read again, and an account that signs in, take nobody off the team.
    bot.set_policy(Policy { brand: "Other".into(), ..strict }).await.unwrap();
    assert!(world.says("zoe", "claim 1").await.answer.ok);
    memory.team(BTreeMap::new()).await.unwrap();
    assert_eq!(world.says("zoe", "release 1").await.answer.say.code, "refused-not-staff", "who left the group left the team");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_nobody_named_is_not_spoken_from() {
    let (world, store, _, bot) = with_a_case(policy()).await;
    let said = |id: &str, room: &str, thread: Option<String>| {
        let text = if thread.is_some() { "claim" } else { "claim 1" };
        let (id, by, room) = (id.to_owned(), AgentId::from("ana"), RoomId::from(room));
        world.hand_in(Typed::Line { id, by, door: Door::Console, room, thread, lang: None, text: text.into(), files: Vec::new() })
    };
    let refused = said("a", "nowhere", None).await;
    assert_eq!((refused.answer.ok, refused.answer.say.code.as_str()), (false, "refused-unknown-room"));
    assert!(text_of(&refused.view).contains("Known here: console"), "{}", text_of(&refused.view));
    assert_eq!(store.case(CaseId(1)).unwrap().unwrap().owner, None, "nothing was done");
    assert_eq!(said("b", "nowhere", Some("t".into())).await.answer.say.code, "refused-which-case");
    assert!(said("c", "console", Some(thread_of(&store, 1))).await.answer.ok);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_by_its_handle_from_the_first_moment_of_a_new_start() {
    let (world, store, clock, bot) = with_a_case(policy()).await;
    settled(&bot).await;
    bot.stop().await;
    // Its server is out of reach: it cannot say who it is.
    world.with(|b| b.down = true);
    *world.inbox.lock().unwrap() = None;
    let store = store.reopen();
    let bot = begin(&world, &store, clock, policy());
    world.until("the chat is heard", |_| world.inbox.lock().unwrap().is_some()).await;
    let first = world.under("one", "reply 1 On our way.").await;
    assert!(text_of(&first.view).contains("as @acme to"), "{}", text_of(&first.view));
    world.with(|b| b.down = false);
    world.until("the answer is out", |b| b.sent.len() == 1).await;
    let again = world.under("one", "reply 1 On our way.").await;
    assert_eq!((text_of(&again.view), again.op), (text_of(&first.view), first.op), "one command, one answer, word for word");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_outsiders_can_read_shows_no_more_private_messages() {
    let (world, store, clock, bot) = with_a_case(private_room()).await;
    let (memory, room) = (world.memory().await, RoomId::from("console"));
    assert!(world.says("ana", "handoff 1").await.answer.ok);
    world.until("the handoff is out", |b| b.sent.len() == 1).await;
    world.dm(&clock, 2, "secret one");
    assert!(world.posted("secret one").await.1, "it is posted as private");
    memory.unfit(&room, Some(Say::new("refused-not-staff"))).await.unwrap();
    memory.unfit(&room, Some(Say::new("refused-not-staff"))).await.unwrap();
    memory.unfit(&RoomId::from("elsewhere"), Some(Say::new("refused-not-staff"))).await.unwrap();
    assert_eq!(memory.room_lang(&room), Lang::En);
    world.dm(&clock, 3, "secret two");
    let masked =
        |b: &Books| b.messages.iter().any(|m| matches!(&m.view, View::Entry(e) if e.post.as_deref().is_some_and(|p| p.ends_with("/3"))));
    world.until("the second message comes, masked", masked).await;
    // The bot's rules stay so when the file is read again, and after a restart, before the chat has looked.
    bot.set_policy(private_room()).await.unwrap();
    settled(&bot).await;
    assert_eq!(world.notices("notice-room-unfit"), 1, "told once, and of no room that was never private");
    bot.stop().await;
    *world.memory.lock().unwrap() = None;
    let store = store.reopen();
    let bot = begin(&world, &store, clock, private_room());
    world.dm(&clock, 4, "secret three");
    let masked =
        |b: &Books| b.messages.iter().any(|m| matches!(&m.view, View::Entry(e) if e.post.as_deref().is_some_and(|p| p.ends_with("/4"))));
    world.until("the third comes, masked", masked).await;
    let shown = |text: &str| world.with(|b| b.messages.iter().any(|m| text_of(&m.view).contains(text)));
    assert!(!shown("secret two") && !shown("secret three"));
    let memory = world.memory().await;
    memory.unfit(&room, None).await.unwrap();
    world.dm(&clock, 5, "not secret any more");
    assert!(world.posted("not secret any more").await.1);
    settled(&bot).await;
    assert_eq!((world.notices("notice-room-unfit"), world.notices("notice-room-fit")), (1, 1));
    assert!(world.with(|b| b.messages.iter().all(|m| m.private || !text_of(&m.view).contains("secret"))));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_answered_only_where_somebody_needs_to_know() {
    let (world, store, _, bot) = with_a_case(policy()).await;
    let thread = thread_of(&store, 1);
    let claimed = world.reacts("r1", "ana", Verb::Claim, &thread).await;
    assert!(claimed.answer.ok && claimed.shown, "the thread shows it: {claimed:?}");
    let late = world.reacts("r2", "lea", Verb::Claim, &thread).await;
    assert!(!late.answer.ok && !late.shown, "whoever came second is told");
    let said = text_of(&late.view);
    assert!(said.contains("#1 · ") && said.contains("ana"), "wherever it is read: {said}");
    // She takes her reaction back: as a lead she could let go for anybody, but that is not what it says.
    let taken_back = world.reacts("r3", "lea", Verb::Release, &thread).await;
    assert!(!taken_back.answer.ok && taken_back.shown, "{taken_back:?}");
    assert_eq!(store.case(CaseId(1)).unwrap().unwrap().owner, Some("ana".into()));
    let elsewhere = world.reacts("r4", "ana", Verb::Resolve, "a message of no case").await;
    assert!(!elsewhere.answer.ok && elsewhere.shown, "people react to anything: {elsewhere:?}");
    let again = world.reacts("r5", "ana", Verb::Claim, &thread).await;
    assert!(!again.answer.ok && again.shown);
    let released = world.reacts("r6", "ana", Verb::Release, &thread).await;
    assert!(released.answer.ok && released.shown);
    assert_eq!(store.case(CaseId(1)).unwrap().unwrap().owner, None);
    // By words, she lets go for anybody, and whoever typed is always answered.
    assert!(world.says("ana", "claim 1").await.answer.ok);
    assert!(world.says("lea", "release 1").await.answer.ok);
    let refused = world.says("ana", "release 1").await;
    assert!(!refused.answer.ok && !refused.shown);
    assert!(!world.says("ana", "list").await.shown);
    let long = world.says("ana", &format!("draft 1 {}", "x".repeat(600))).await;
    assert!(long.answer.ok && !long.shown, "that it is too long stands in the answer alone");
    bot.stop().await;
}

#[test]
fn an_operator_looks_at_what_could_not_be_read_and_lets_it_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(&dir.path().join("store"), &dir.path().join("keys")).unwrap());
    let row = |id: &str, raw: &str, bytes| ParkedRow {
        id: id.into(),
        why: "no JSON".into(),
        at: Time(1_000),
        expires: Time::NEVER,
        bytes,
        raw: raw.into(),
    };
    let parked = vec![row("slack:E1", "{\"half\u{1b}[31m\u{202e}", 12), row("slack:E2", "long", 400_000)];
    store.commit(Commit { parked, ..Commit::default() }).unwrap();
    let office = Office::alone(Arc::clone(&store), Arc::new(Words::new()), Policy::default());
    let said = |errand| office.perform(&errand, Lang::En);
    let list = said(Errand::ParkedList);
    assert!(list.ok && list.text.lines().count() == 2, "{list:?}");
    assert!(list.text.contains("slack:E1") && list.text.contains("no JSON") && !list.text.contains("half"), "{list:?}");
    let shown = said(Errand::ParkedShow { id: "slack:E1".into() });
    assert_eq!(shown.text, "{\"half\\u{1b}[31m\\u{202e}\n", "all of it, and nothing that acts on a terminal");
    let cut = said(Errand::ParkedShow { id: "slack:E2".into() });
    assert!(cut.text.starts_with("long\n(cut: 4 of 400,000 bytes"), "{cut:?}");
    assert!(!said(Errand::ParkedShow { id: "slack:E3".into() }).ok);
    assert!(!said(Errand::ParkedDrop { id: Some("slack:E3".into()) }).ok);
    assert!(said(Errand::ParkedDrop { id: Some("slack:E1".into()) }).ok);
    assert_eq!(store.parked_count().unwrap(), 1);
    assert!(said(Errand::ParkedDrop { id: None }).ok);
    assert_eq!(said(Errand::ParkedList).text, "Everything that came could be read.\n");
}
