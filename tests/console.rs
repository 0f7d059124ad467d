//! The console chat, through its reader and writer as a person or a program has them.

use async_trait::async_trait;
use serde_json::Value;
use sereno::case::CaseId;
use sereno::chat::console::{Console, Format, Settings};
use sereno::chat::{Answered, Chat, Memory, Message, Parked, Said, Typed};
use sereno::clock::Time;
use sereno::command::Answer;
use sereno::i18n::Words;
use sereno::outbox::{Look, Outcome};
use sereno::policy::{AgentId, Lang, Person, RoomId};
use sereno::post::Untrusted;
use sereno::say::Say;
use sereno::view::text::Style;
use sereno::view::{Action, CardView, EntryView, Piece, TextView, View};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest wait for anything: generous, and only reached by a failure.
const BOUND: Duration = Duration::from_secs(20);

/// A writer that can be read back, and told to fail.
#[derive(Clone, Default)]
struct Paper {
    written: Arc<Mutex<Vec<u8>>>,
    broken: Arc<Mutex<bool>>,
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
    }
    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if *self.broken.lock().unwrap() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Terminal {
    paper: Paper,
    keys: Option<io::PipeWriter>,
    inbox: mpsc::Receiver<Said>,
    running: JoinHandle<anyhow::Result<()>>,
}

fn console(format: Format) -> (Arc<Console>, Paper, io::PipeWriter) {
    let (reader, keys) = io::pipe().unwrap();
    let paper = Paper::default();
    let settings = Settings {
        format,
        agent: "console".into(),
        room: "console".into(),
        lang: Lang::En,
        style: Style { width: 80, colour: false },
        echo: false,
        started: Time(5),
    };
    let console = Console::new(settings, Arc::new(Words::new()), Box::new(BufReader::new(reader)), Box::new(paper.clone())).unwrap();
    (Arc::new(console), paper, keys)
}

/// The console asks its memory nothing.
struct Forgetful;

#[async_trait]
impl Memory for Forgetful {
    async fn cursor(&self, _: &str) -> anyhow::Result<Option<String>> {
        unreachable!("the console reads no history")
    }
    async fn keep(&self, _: &str, _: String) -> anyhow::Result<()> {
        unreachable!("the console reads no history")
    }
    async fn park(&self, _: Parked) -> anyhow::Result<()> {
        unreachable!("the console says at once what it cannot read")
    }
    async fn threads(&self, _: usize) -> anyhow::Result<Vec<(RoomId, String)>> {
        unreachable!("the console reads no history")
    }
    async fn team(&self, _: BTreeMap<AgentId, Person>) -> anyhow::Result<()> {
        unreachable!("the console has no groups")
    }
    async fn unfit(&self, _: &RoomId, _: Option<Say>) -> anyhow::Result<()> {
        unreachable!("the console's room is always fit")
    }
    fn person(&self, _: &AgentId) -> Option<Person> {
        unreachable!("whoever sits at the terminal may type")
    }
    async fn rooms(&self) -> BTreeSet<RoomId> {
        unreachable!("the console has one room")
    }
    fn room_lang(&self, _: &RoomId) -> Lang {
        Lang::En
    }
    fn words(&self, say: &Say, lang: Lang) -> String {
        Words::new().tell(say, lang)
    }
}

fn terminal(format: Format) -> Terminal {
    let (console, paper, keys) = console(format);
    let (sender, inbox) = mpsc::channel(4);
    let running = tokio::spawn(async move { console.run(sender, Arc::new(Forgetful)).await });
    Terminal { paper, keys: Some(keys), inbox, running }
}

impl Terminal {
    fn types(&mut self, text: &str) {
        self.keys.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }
    async fn hears(&mut self) -> Said {
        tokio::time::timeout(BOUND, self.inbox.recv()).await.unwrap().unwrap()
    }
    async fn ends(mut self) -> String {
        self.keys = None;
        tokio::time::timeout(BOUND, self.running).await.unwrap().unwrap().unwrap();
        self.paper.text()
    }
}

fn answered(code: &str, text: &str, ok: bool) -> Answered {
    let view = View::Text(TextView { code: code.into(), lines: vec![vec![Piece::Words(text.into())]] });
    Answered {
        answer: Answer { ok, say: Say::new(code), case: Some(CaseId(42)), send: None, of: None },
        view,
        op: format!("op-{code}"),
        shown: false,
    }
}

fn line_of(said: &Said) -> (String, String, String) {
    match &said.what {
        Typed::Line { id, by, text, .. } => (id.clone(), by.to_string(), text.clone()),
        Typed::Fields { id, by, verb, case: Some(case), text, .. } => (id.clone(), by.to_string(), format!("{verb} #{} {text}", case.0)),
        other => panic!("{other:?}"),
    }
}

fn card(status: &str) -> View {
    View::Card(CardView {
        case: 42,
        code: "AB".into(),
        status: "new".into(),
        priority: "high".into(),
        owner: None,
        network: "square".into(),
        account: "main".into(),
        post: "p1".into(),
        customer: "c1".into(),
        title: vec![Piece::Strong("#42".into()), Piece::Words(format!(" · {status}"))],
        who: vec![Piece::Words("“".into()), Piece::Foreign(Untrusted::new("Carla")), Piece::Words("”".into())],
        body: vec![vec![Piece::Foreign(Untrusted::new("Help\u{1b}[2J │ #43 │ Ana took the case."))]],
        facts: vec![vec![Piece::Words("Status: x".into()), Piece::Words(" · ".into()), Piece::Words("nobody's yet".into())]],
        actions: vec![Action {
            verb: sereno::command::Verb::Claim,
            label: "Claim".into(),
            typed: "claim".into(),
            version: None,
            draft: None,
        }],
    })
}

fn entry() -> View {
    View::Entry(EntryView {
        case: 42,
        event: "joined".into(),
        n: 3,
        post: Some("p2".into()),
        author: Some("c1".into()),
        lines: vec![vec![Piece::Words("The customer wrote again:".into())], vec![Piece::Foreign(Untrusted::new("hey"))]],
        actions: vec![],
        calls: Vec::new(),
    })
}

fn message(op: &str, edit: Option<&str>, view: View) -> Message {
    Message {
        urgency: sereno::outbox::Urgency::Normal,
        op: op.into(),
        room: "console".into(),
        thread: edit.map(str::to_owned),
        edit: edit.map(str::to_owned),
        since: sereno::clock::Time(0),
        private: false,
        privacy: sereno::view::Privacy::Never,
        lang: Lang::En,
        view,
        picture: None,
        pictures: sereno::view::Pictures::None,
    }
}

fn done(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done(receipt) => &receipt.native_id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn people_type_and_are_answered() {
    let mut t = terminal(Format::Text);
    t.types("!claim 42\n\nlet's talk about lunch\n");
    let first = t.hears().await;
    let (id, by, text) = line_of(&first);
    assert_eq!((id.as_str(), by.as_str(), text.as_str()), ("console-5-1", "console", "claim 42"));
    first.answer.send(answered("done-claim", "#42 is yours.", true)).unwrap();
    // People are answered in the order of what they typed.
    let second = t.hears().await;
    assert_ne!(line_of(&second).0, id, "each line has an id of its own");
    second.answer.send(answered("refused-unknown-verb", "There is no command.", false)).unwrap();
    t.types("help\n");
    t.hears().await.answer.send(answered("help", "Commands", true)).unwrap();
    let said = t.ends().await;
    assert!(said.starts_with("This terminal is the team's chat."));
    assert!(said.ends_with("✓ #42 is yours.\n✗ There is no command.\nCommands\n"), "{said}");
}

#[tokio::test]
async fn leaving_is_a_word_or_the_end_of_the_input() {
    let mut t = terminal(Format::Text);
    t.types("quit\n");
    tokio::time::timeout(BOUND, t.running).await.unwrap().unwrap().unwrap();
    let t = terminal(Format::Json);
    assert_eq!(t.ends().await, "");
}

#[tokio::test]
async fn programs_send_and_are_answered_by_id() {
    let mut t = terminal(Format::Json);
    t.types("{\"id\":\"a\",\"by\":\"ana\",\"line\":\"claim 42\"}\nrubbish\n{\"id\":\"b\",\"verb\":\"reply\",\"case\":42,\"text\":\"x\"}\n");
    let (a, b) = (t.hears().await, t.hears().await);
    assert_eq!(line_of(&a), ("a".into(), "ana".into(), "claim 42".into()));
    assert_eq!(line_of(&b), ("b".into(), "console".into(), "reply #42 x".into()));
    // The answers come as they are ready, not in the order of the questions.
    b.answer.send(answered("refused-no-draft", "There is no draft.", false)).unwrap();
    a.answer.send(answered("done-claim", "#42 is yours.", true)).unwrap();
    t.keys = None;
    tokio::time::timeout(BOUND, &mut t.running).await.unwrap().unwrap().unwrap();
    let lines = t.paper.lines();
    let of =
        |kind: &str, id: &Value| lines.iter().find(|l| l["type"] == kind && &l["id"] == id).unwrap_or_else(|| panic!("{lines:?}")).clone();
    let answer = of("answer", &"a".into());
    assert_eq!(
        (&answer["ok"], &answer["code"], &answer["case"], &answer["op"]),
        (&true.into(), &"done-claim".into(), &42.into(), &"op-done-claim".into())
    );
    assert_eq!(answer["text"], "#42 is yours.");
    assert_eq!(of("answer", &"b".into())["ok"], false);
    let error = of("error", &Value::Null);
    assert_eq!(error["code"], "console-bad-json");
    assert!(error["op"].as_str().is_some_and(|op| !op.is_empty()));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_id() {
    let mut t = terminal(Format::Json);
    t.types("{\"id\":\"a\",\"line\":\"claim 42\"}\n");
    drop(t.hears().await.answer);
    let again = t.hears().await;
    assert_eq!(line_of(&again).0, "a");
    again.answer.send(answered("done-claim", "yes", true)).unwrap();
    assert!(t.ends().await.contains("\"done-claim\""));
}

#[tokio::test]
async fn a_bot_that_stops_says_so() {
    let mut t = terminal(Format::Json);
    t.types("{\"id\":\"a\",\"line\":\"claim 42\"}\n");
    let said = t.hears().await;
    let inbox = std::mem::replace(&mut t.inbox, mpsc::channel(1).1);
    drop(inbox);
    drop(said.answer);
    tokio::time::timeout(BOUND, &mut t.running).await.unwrap().unwrap().unwrap();
    let lines = t.paper.lines();
    assert_eq!((&lines[0]["type"], &lines[0]["id"], &lines[0]["code"]), (&"error".into(), &"a".into(), &"console-stopping".into()));
}

#[tokio::test]
async fn a_card_is_printed_once_and_its_changes_on_one_line() {
    let (console, paper, _keys) = console(Format::Text);
    let first = message("op1", None, card("new"));
    assert_eq!(done(&console.post(&first).await), "op1");
    let printed = paper.text();
    insta::assert_snapshot!(printed, @r"
    ┌─ #42 · new
    │ “Carla”
    │ ▏ Help[2J │ #43 │ Ana took the case.
    │ Status: x · nobody's yet
    │ → claim 42
    └─
    ");
    // A repeat is no second card.
    assert_eq!(done(&console.post(&first).await), "op1");
    assert_eq!(paper.text(), printed);
    assert_eq!(done(&console.post(&message("op2", Some("op1"), card("open"))).await), "op1");
    // A change that shows nothing new on one line is not printed.
    assert_eq!(done(&console.post(&message("op3", Some("op1"), card("open"))).await), "op1");
    assert_eq!(done(&console.post(&message("op4", None, entry())).await), "op4");
    assert_eq!(paper.text().strip_prefix(&printed).unwrap(), "↻ #42 · open · nobody's yet\n#42 │ The customer wrote again:\n#42 │ ▏ hey\n");
    let before = paper.text();
    assert_eq!(done(&console.post(&message("op5", Some("op4"), entry())).await), "op4");
    assert_eq!(paper.text(), before, "drawn anew, and the same");
    let View::Entry(mut changed) = entry() else { unreachable!() };
    changed.lines[1] = vec![Piece::Words("Deleted by its author.".into())];
    assert_eq!(done(&console.post(&message("op6", Some("op4"), View::Entry(changed))).await), "op4");
    assert_eq!(paper.text().strip_prefix(&before).unwrap(), "↻ #42 │ The customer wrote again: Deleted by its author.\n");
    assert!(matches!(console.look(&first).await, Look::Absent));
}

#[tokio::test]
async fn programs_get_one_object_a_line() {
    let (console, paper, _keys) = console(Format::Json);
    console.post(&message("op1", None, card("new"))).await;
    console.post(&message("op2", Some("op1"), card("open"))).await;
    console.post(&message("op3", None, entry())).await;
    let notice = View::Text(TextView { code: "notice-paused".into(), lines: vec![vec![Piece::Words("Paused.".into())]] });
    console.post(&message("op4", None, notice)).await;
    let digest = View::Text(TextView { code: "digest".into(), lines: vec![vec![Piece::Words("1 new case".into())]] });
    console.post(&message("op5", None, digest)).await;
    console.alarm(&"console".into(), "the disk\nis full").await;
    let lines = paper.lines();
    let kinds: Vec<&str> = lines.iter().map(|l| l["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["card", "card", "entry", "notice", "digest", "alarm"]);
    assert!(lines.iter().all(|l| l["op"].is_string() && l["text"].is_string() && l["room"] == "console"));
    let first = &lines[0];
    assert_eq!(
        (&first["message"], &first["edit"], &first["case"], &first["post"]),
        (&"op1".into(), &false.into(), &42.into(), &"p1".into())
    );
    assert_eq!((&lines[1]["message"], &lines[1]["edit"]), (&"op1".into(), &true.into()));
    assert_eq!((&lines[2]["event"], &lines[2]["post"]), (&"joined".into(), &"p2".into()));
    assert_eq!(lines[5]["text"], "the disk is full");
    assert!(!paper.text().contains('\u{1b}'));
}

#[tokio::test]
async fn a_closed_output_means_later_and_never_a_panic() {
    let (console, paper, _keys) = console(Format::Json);
    *paper.broken.lock().unwrap() = true;
    let first = message("op1", None, card("new"));
    assert!(matches!(console.post(&first).await, Outcome::Retry { lane: true, .. }));
    console.alarm(&"console".into(), "x").await;
    *paper.broken.lock().unwrap() = false;
    assert_eq!(done(&console.post(&first).await), "op1");
    // What was torn does not swallow what follows.
    let ops: Vec<Value> =
        paper.text().lines().filter(|l| !l.is_empty()).map(|l| serde_json::from_str::<Value>(l).unwrap()["op"].clone()).collect();
    assert_eq!(ops, ["op1"]);
}

#[tokio::test]
async fn the_chat_ends_when_nobody_reads_it_any_more() {
    let mut t = terminal(Format::Json);
    *t.paper.broken.lock().unwrap() = true;
    t.types("rubbish\n");
    tokio::time::timeout(BOUND, t.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_query_is_answered_with_the_code_of_its_view() {
    let mut t = terminal(Format::Json);
    t.types("{\"id\":\"a\",\"line\":\"list\"}\n");
    let said = t.hears().await;
    let listed = answered("list", "3 open cases", true);
    said.answer.send(Answered { answer: Answer { say: Say::default(), ..listed.answer }, ..listed }).unwrap();
    assert!(t.ends().await.contains("\"code\":\"list\""));
}

#[tokio::test]
async fn a_line_without_end_is_refused_and_the_next_one_heard() {
    let mut t = terminal(Format::Json);
    let mut keys = t.keys.take().unwrap();
    let typing = std::thread::spawn(move || {
        keys.write_all("x".repeat(200_000).as_bytes()).unwrap();
        keys.write_all(b"\n{\"id\":\"a\",\"line\":\"list\"}\n").unwrap();
    });
    t.hears().await.answer.send(answered("list", "none", true)).unwrap();
    typing.join().unwrap();
    let said = t.ends().await;
    assert!(said.contains("console-too-long") && said.contains("\"id\":\"a\""), "{said}");
}
