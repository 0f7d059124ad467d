//! What is kept on disk, frozen: an accidental change of a persisted type fails here.
//!
//! `tests/golden/v1` holds, for each persisted type, JSON as format 1 writes it, with every variant
//! in it, and a whole export. All of it must be read, and written again to the byte. To add
//! a field on purpose: give it `#[serde(default)]`, keep the file of before as `NAME.before-N.json`
//! (it is still read), and write the new one with `SERENO_GOLDEN=write cargo test store_format`.

use crate::store_sample::{NOW, case};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sereno::case::{
    Case, CaseId, Draft, Event, EventRecord, HoldReason, Outgoing, Place, PlaceKind, Priority, Resolution, SendKind, SendState, Shown,
    Status, StopReason, Undoable, Voice,
};
use sereno::clock::Time;
use sereno::command::Answer;
use sereno::cost::{Costs, Money};
use sereno::desk::{Desk, Paused};
use sereno::digest::{Fact, FactKind};
use sereno::intake::{Reason, Tone};
use sereno::outbox::{Effect, Entry, EntryId, EntryState, Lane, Urgency};
use sereno::post::{Context, Media, Parent, Post, PostRef, Reach, Relation, Untrusted, Visibility};
use sereno::say::{Arg, Say, Why};
use sereno::store::index::{Facets, Head, Listing};
use sereno::store::sled::SledStore;
use sereno::store::{Claim, Commit, Counters, Parked, PostClaim, SeenCommand, Store, codec, export};
use std::fs;
use std::path::PathBuf;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn writing() -> bool {
    std::env::var("SERENO_GOLDEN").is_ok_and(|v| v == "write")
}

/// Holds `all` to the golden file of this name.
fn frozen<T: Serialize + DeserializeOwned>(name: &str, all: &[T]) {
    let path = golden().join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(all).unwrap() + "\n";
    if writing() {
        fs::create_dir_all(golden()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    let read: Vec<T> = serde_json::from_str(&kept).unwrap_or_else(|e| panic!("{name}: stores of format 1 could not be read any more: {e}"));
    let again = serde_json::to_string_pretty(&read).unwrap() + "\n";
    assert_eq!(again, kept, "{name}: what format 1 wrote comes back as something else; see the head of this file");
    assert_eq!(text, kept, "{name}: what is written is not format 1 any more; see the head of this file");
    for entry in fs::read_dir(golden()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file.starts_with(&format!("{name}.before-")) {
            let older = serde_json::from_str::<Vec<T>>(&fs::read_to_string(&path).unwrap());
            assert!(older.is_ok(), "{file}: cannot be read any more: {:?}", older.err());
        }
    }
}

fn every_send_state() -> Vec<SendState> {
    let stops = [
        StopReason::Undone,
        StopReason::Rejected,
        StopReason::Superseded,
        StopReason::TargetGone,
        StopReason::RightLost,
        StopReason::CaseClosed,
        StopReason::Refused("too long".into()),
        StopReason::Dropped,
        StopReason::Retracted,
        StopReason::Erased,
    ];
    let holds = [HoldReason::CustomerWrote, HoldReason::TargetEdited, HoldReason::AnsweredOutside];
    let mut all = vec![
        SendState::AwaitingApproval,
        SendState::Waiting { until: NOW },
        SendState::InFlight { since: NOW },
        SendState::Unknown { since: NOW },
        SendState::Published { id: "https://s/1".into(), local_id: "1".into(), url: Some("https://s/1".into()), at: NOW },
    ];
    all.extend(holds.map(SendState::Held));
    all.extend(stops.map(SendState::Stopped));
    all
}

fn every_reason() -> Vec<Reason> {
    vec![
        Reason::Thanks,
        Reason::Question,
        Reason::Angry,
        Reason::Insult,
        Reason::AlarmWord("lawyer".into()),
        Reason::Audience(70_000),
        Reason::Spreading(9),
        Reason::Returning(2),
        Reason::NewAccount(1),
        Reason::Automated,
        Reason::SpamWord("crypto".into()),
        Reason::LinkFarm,
        Reason::ByHand,
    ]
}

/// A case that owes nothing to how posts are weighed or policies are set: those may change freely.
fn plain(id: u64, author: &str) -> Case {
    Case {
        lang: "es".into(),
        speaks: sereno::policy::Lang::Es,
        tone: Tone::Neutral,
        priority: Priority::Normal,
        reasons: vec![],
        answer_due: None,
        hidden_because: None,
        status: Status::New,
        places: vec![],
        unshown: vec![],
        folded: vec![],
        folded_before: 0,
        events: 1,
        ..case(id, author, "r1")
    }
}

/// A case in which every field holds something.
fn full_case() -> Case {
    let mut c = plain(7, "cleo");
    let by = || "ana".into();
    c.status = Status::Private;
    c.owner = Some(by());
    c.priority = Priority::Urgent;
    c.priority_fixed = true;
    c.reasons = every_reason();
    c.tone = Tone::Angry;
    c.tags = vec!["luggage".into()];
    let first = &mut c.posts[0];
    first.post.warning = Some(Untrusted::new("travel"));
    first.post.media = vec![Media { kind: "image".into(), url: "https://s/m".into(), description: Some(Untrusted::new("a belt")) }];
    first.post.parent = Some(Parent { id: Some("p0".into()), local_id: "0".into(), author: Some("us".into()) });
    first.post.mentions = vec!["us".into()];
    first.post.author.since = Some(Time(5));
    first.post.author.followers = Some(12);
    first.post.author.url = Some("https://s/@cleo".into());
    first.post.url = Some("https://s/@cleo/1".into());
    first.post.edited_at = Some(NOW);
    first.deleted_at = Some(NOW);
    first.changed_at = Some(NOW);
    first.also = vec![PostRef::Local { account: "acme2".into(), local_id: "9".into() }, PostRef::World("w".into())];
    let template = first.clone();
    for (voice, visibility, reach) in [
        (Voice::Other, Visibility::Unlisted, Reach::Buzz("brand".into())),
        (Voice::Us, Visibility::Followers, Reach::Followed),
        (Voice::Outside, Visibility::Direct, Reach::Mention),
    ] {
        let mut p = template.clone();
        (p.voice, p.post.visibility, p.post.reach) = (voice, visibility, reach);
        c.posts.push(p);
    }
    c.drafts = vec![Draft { id: 1, by: by(), at: NOW, text: Untrusted::new("we are sorry"), closed: true, files: Vec::new() }];
    let kinds = [SendKind::Reply, SendKind::Handoff, SendKind::Dm, SendKind::Retract { send: 1 }, SendKind::Correct { send: 1 }];
    for (i, state) in every_send_state().into_iter().enumerate() {
        c.sends.push(Outgoing {
            id: u32::try_from(i + 1).unwrap(),
            kind: kinds[i % 5].clone(),
            account: "acme".into(),
            target: Some("p1".into()),
            target_local: "1".into(),
            target_version: 3,
            to: c.customer.clone(),
            text: Untrusted::new("found it"),
            lang: "es".into(),
            by: by(),
            drafted_by: "bea".into(),
            approved_by: Some("leo".into()),
            at: NOW,
            state,
            shown_at: None,
            tried: false,
            tried_at: None,
            absent_at: None,
            invites: false,
            files: Vec::new(),
        });
    }
    let kinds = [PlaceKind::Home, PlaceKind::Private, PlaceKind::Folded, PlaceKind::Former];
    c.places = kinds.into_iter().map(|kind| Place { room: "support".into(), thread: Some("t".into()), kind }).collect();
    c.shown = vec![Shown { place: 0, event: 0, post: Some(0), message: "m".into(), private: true }];
    c.first_answer_at = Some(NOW);
    c.answer_due = Some(NOW);
    c.overdue_said = true;
    c.snoozed_until = Some(NOW);
    c.resolved_at = Some(NOW);
    c.resolution = Some(Resolution::ByCustomer);
    c.hidden_because = Some(Reason::ByHand);
    c.handoff_open = true;
    c.links = vec![CaseId(3)];
    c.merged_into = Some(CaseId(4));
    c.undoable = Some(Undoable {
        by: by(),
        at: NOW,
        verb: "claim".into(),
        status: Status::New,
        owner: Some("bea".into()),
        priority: Priority::Low,
        snoozed_until: Some(NOW),
        resolution: Some(Resolution::ByAgent),
        resolved_at: Some(NOW),
        priority_fixed: true,
        answer_due: Some(NOW),
        hidden_because: Some(Reason::Automated),
        handoff_open: true,
    });
    c.events = 40;
    c.reposts = 3;
    c.unshown = vec![2];
    c
}

#[test]
fn cases() {
    let statuses = Status::ALL.map(|status| Case { status, ..plain(8, "dora") });
    frozen("case", &[vec![full_case()], statuses.to_vec()].concat());
    // Fields and variants that came later, in a file of their own: what was frozen before stays as it is.
    let gone = SendState::Stopped(StopReason::DeletedThere);
    frozen("send", &[Outgoing { shown_at: Some(NOW), state: gone, ..full_case().sends[0].clone() }]);
    let private = Shown { post: None, ..full_case().shown[0].clone() };
    frozen("shown", &[full_case().shown[0].clone(), private]);
    let about = |how, url: Option<&str>| Context {
        how,
        id: "https://s/0".into(),
        author: "https://s/dani".into(),
        handle: Untrusted::new("@dani@s"),
        text: Untrusted::new("closed"),
        url: url.map(Into::into),
    };
    let context = vec![about(Relation::Answers, Some("https://s/@dani/0")), about(Relation::Quotes, None)];
    frozen("context", &[Post { context, ..full_case().posts[0].post.clone() }, full_case().posts[0].post.clone()]);
    frozen("tone", &[Tone::Neutral, Tone::Thanks, Tone::Question, Tone::Angry, Tone::Insult]);
    frozen("priority", &Priority::ALL);
}

/// A message without a post is read by who knows of posts alone, and by who writes `null` for none.
#[test]
fn what_a_message_shows_is_read_both_ways() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Before<T> {
        place: usize,
        event: u32,
        post: T,
        message: String,
        private: bool,
    }
    let shown = Shown { post: None, ..full_case().shown[0].clone() };
    let text = serde_json::to_string(&shown).unwrap();
    let before: Before<usize> = serde_json::from_str(&text).unwrap();
    assert!(full_case().post_at(before.post).is_none());
    let Before { place, event, message, private, .. } = before;
    let null = serde_json::to_string(&Before { place, event, post: None::<usize>, message, private }).unwrap();
    for text in [text, null] {
        assert_eq!(serde_json::from_str::<Shown>(&text).unwrap(), shown);
    }
}

#[test]
fn events() {
    let text = || Untrusted::new("in words");
    let all = vec![
        Event::Opened { post: 0, linked: Some(CaseId(3)) },
        Event::Joined { post: 1 },
        Event::OtherSpoke { post: 1 },
        Event::DmReceived { post: 1 },
        Event::Edited { post: 1 },
        Event::Deleted { post: 1 },
        Event::AnsweredOutside { post: 1 },
        Event::Claimed,
        Event::Released,
        Event::Assigned { to: "bea".into() },
        Event::Noted { text: text() },
        Event::Tagged { tag: "luggage".into() },
        Event::Untagged { tag: "luggage".into() },
        Event::PrioritySet { to: Priority::High },
        Event::PriorityRaised { to: Priority::Urgent, because: Reason::Spreading(9) },
        Event::Snoozed { until: NOW },
        Event::Woke,
        Event::Overdue,
        Event::Escalated { text: Some(text()) },
        Event::Drafted { draft: 1 },
        Event::Discarded { draft: 1 },
        Event::ApprovalAsked { send: 1 },
        Event::Approved { send: 1 },
        Event::Rejected { send: 1, text: None },
        Event::Queued { send: 1, until: NOW },
        Event::Held { send: 1, because: HoldReason::TargetEdited },
        Event::Stopped { send: 1, because: StopReason::Undone },
        Event::InDoubt { send: 1 },
        Event::Undelivered { send: 1, detail: "503".into() },
        Event::Published { send: 1 },
        Event::Resolved { how: Resolution::ByAgent },
        Event::Reopened { by_customer: true },
        Event::MergedFrom { case: CaseId(3) },
        Event::MergedInto { case: CaseId(3) },
        Event::Linked { case: CaseId(3) },
        Event::Erased { case: CaseId(3) },
        Event::Hidden { because: Reason::LinkFarm },
        Event::Restored,
        Event::Undone { verb: "claim".into() },
        Event::SpokeOutside { post: 1 },
        Event::StoodAfterAll { send: 1 },
        Event::AnswerGone { send: 1 },
        Event::OtherHandoffs { others: vec![CaseId(3), CaseId(4)] },
    ];
    let records = all.into_iter().enumerate().map(|(n, event)| {
        let n = u32::try_from(n).unwrap();
        EventRecord { case: CaseId(7), n, at: NOW, by: (n % 2 == 0).then(|| "ana".into()), event }
    });
    frozen("event", &records.collect::<Vec<_>>());
}

fn entries() -> Vec<Entry> {
    let say = Say::new("notice-paused").text("by", "leo");
    let effects = [
        Effect::Card { place: 0 },
        Effect::CardUpdate { place: 0 },
        Effect::ThreadEntry { place: 0, event: 1 },
        Effect::EntryUpdate { place: 0, event: 1, message: "m".into() },
        Effect::Notice { say },
        Effect::Digest { from: Time(1), to: Time(2) },
        Effect::Erased { case: CaseId(3), at: NOW, thread: "t".into(), edit: Some("m".into()) },
        Effect::Send { send: 1 },
    ];
    let states = [EntryState::Queued, EntryState::InFlight, EntryState::Unknown, EntryState::Dead { why: "gone".into() }];
    let urgencies = [Urgency::Staff, Urgency::Urgent, Urgency::Normal, Urgency::Update];
    let all = effects.into_iter().enumerate().map(|(i, effect)| Entry {
        id: EntryId(i as u64 + 1),
        lane: if i % 2 == 0 { Lane::Chat("support".into()) } else { Lane::Network("acme".into()) },
        urgency: urgencies[i % 4],
        case: (i % 2 == 0).then_some(CaseId(7)),
        effect,
        created: NOW,
        due: NOW,
        valid_until: Some(NOW),
        attempts: 2,
        state: states[i % 4].clone(),
        sent_at: Some(NOW),
        tried_at: None,
    });
    all.collect()
}

fn facts() -> Vec<Fact> {
    let kinds = [
        FactKind::Opened,
        FactKind::FirstAnswer { after_ms: 60_000, in_target: true, outside: false },
        FactKind::Replied,
        FactKind::HandedOff,
        FactKind::Resolved { how: Resolution::ByAgent },
        FactKind::Confirmed,
        FactKind::Reopened,
        FactKind::Hidden,
        FactKind::Restored,
        FactKind::GoneBeforeShown,
        FactKind::Reposted,
    ];
    let of = |(n, kind)| Fact { at: NOW, case: CaseId(7), n, network: "square".into(), by: Some("ana".into()), kind };
    (0..).zip(kinds).map(of).collect()
}

fn answers() -> Vec<Answer> {
    let say = Say::new("done-reply")
        .text("a", "text")
        .number("b", 5)
        .with("c", Arg::Moment(NOW))
        .with("d", Arg::Span(5_000))
        .with("e", Arg::Code("status-open".into()));
    vec![
        Answer { ok: true, say, case: Some(CaseId(7)), send: Some(1), of: None },
        Answer { ok: false, say: Say::new("refused-role"), case: None, send: None, of: None },
    ]
}

fn desk() -> Desk {
    Desk {
        paused: Some(Paused { by: "leo".into(), at: NOW }),
        digest_given: Some("2026-11-21".into()),
        next_wake: Some(NOW),
        auth_lost: [("acme".into(), NOW)].into(),
        first_seen: [("acme".into(), NOW)].into(),
        day_ends: vec![sereno::desk::DayEnd { at: NOW, open: 3, oldest: Some(Time(5)) }],
        erased: vec![(CaseId(4), NOW)],
        ..Desk::default()
    }
}

fn claims() -> Vec<Claim> {
    vec![Claim::Case(CaseId(7)), Claim::Gone, Claim::Noted]
}

/// A text is the destination's words, as it always was; a sentence is ours.
#[test]
fn reasons() {
    let ours = Why::Ours(Say::new("why-names-other").text("other", "@bob"));
    let all = [Why::from("422: too long"), Why::from(""), ours.clone()];
    frozen("why", &all);
    frozen("argument", &[Arg::Said(Box::new(Say::new("why-in-doubt"))), Arg::from(&all[0]), Arg::from(&ours)]);
    // What was in doubt before there were sentences is so still.
    assert!(EntryState::Dead { why: "unknown".into() }.is_in_doubt() && EntryState::in_doubt().is_in_doubt());
    assert!(!EntryState::Dead { why: ours }.is_in_doubt());
}

#[test]
fn the_rest() {
    frozen("entry", &entries());
    frozen("fact", &facts());
    frozen("answer", &answers());
    frozen("answer-of", &answers().into_iter().map(|a| Answer { of: Some("00ff".into()), ..a }).collect::<Vec<_>>());
    frozen("desk", &[desk(), Desk::default()]);
    let acts = [("mention_read".to_owned(), 7), ("reply".to_owned(), 2)].into();
    let costs = Costs { month: (2026, 11), spent: Money(27_000), budget: Some(Money(50_000_000)), told: 80, acts };
    frozen("desk-costs", &[Desk { costs: [("acme-x".into(), costs)].into(), ..Desk::default() }]);
    frozen("claim", &claims());
    let raw = "{\"type\": \u{1b}".to_owned();
    frozen("parked", &[Parked { id: "slack:E1".into(), why: "no JSON".into(), at: NOW, expires: NOW.plus(1), bytes: 400_000, raw }]);
    frozen("counters", &[Counters { next_case: 8, next_entry: 9 }]);
}

#[test]
fn heads_and_indices() {
    let key = codec::SecretKey::from_bytes(&[7; 32]).unwrap();
    let hasher = codec::Hasher::new(&key);
    let facets = Facets::of(&full_case(), &hasher);
    let listing = Listing { open: false, rank: 3, due: Time::NEVER, opened: NOW, owner: sereno::store::index::NOBODY };
    let plain = Facets { list: Some(listing), threads: vec![], wake: Some(Time(-1)), ..facets.clone() };
    let head = |facets: &Facets| Head { version: 3, wrapped_by: 2, wrapped: "00ff".into(), events: 4, facets: facets.clone() };
    frozen("head", &[head(&facets), head(&plain)]);
    let payload = head(&plain).to_payload().unwrap();
    assert_eq!(payload.get(..10).unwrap(), b"\0\0\0\0\0\0\0\x03\0{", "version, open or not, JSON");
    assert_eq!((Head::front(&payload), Head::from_payload(b"h", &payload)), (Some((3, false)), Ok(head(&plain))));
    let rows =
        |f: &Facets| f.rows(CaseId(7)).into_iter().map(|(k, v)| format!("{} {}", codec::printable(&k), codec::hex(&v))).collect::<Vec<_>>();
    frozen("index-rows", &[rows(&facets), rows(&plain)]);
}

/// The envelope and the seal, to the byte: what was sealed then opens now.
#[test]
fn the_envelope_and_the_seal() {
    let key = codec::SecretKey::from_bytes(&[7; 32]).unwrap();
    let at = codec::key::case(CaseId(7));
    let sealed = || codec::hex(&codec::envelope(&at, codec::SEALED, &key.seal(&at, b"sealed text").unwrap()));
    let path = golden().join("sealed.hex");
    if writing() && !path.exists() {
        fs::write(&path, sealed() + "\n").unwrap();
    }
    let kept = codec::unhex(fs::read_to_string(&path).unwrap().trim()).unwrap();
    let (flags, payload) = codec::open_envelope(&at, &kept).unwrap();
    assert_eq!(flags, codec::SEALED);
    assert_eq!(key.open(&at, payload).unwrap().as_slice(), b"sealed text");
    assert_eq!(codec::hex(&codec::envelope(b"mmeta", 0, b"{}")), "01007b7db7677f86");
}

/// An export made by format 1 is imported, answers as it did, and is exported to the same bytes.
#[test]
fn an_export_of_format_1_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let file = golden().join("export.jsonl");
    if writing() {
        let store = SledStore::open(&at("first"), &at("first-keys")).unwrap();
        let erased = plain(9, "eva");
        let commit = Commit {
            cases: vec![full_case(), erased],
            events: vec![EventRecord { case: CaseId(7), n: 0, at: NOW, by: None, event: Event::Claimed }],
            claims: claims()
                .into_iter()
                .zip(["a", "b", "c"])
                .map(|(claim, id)| PostClaim { post: PostRef::World(id.into()), claim, expires: Time(99) })
                .collect(),
            commands: answers()
                .into_iter()
                .zip(["x", "y"])
                .map(|(answer, id)| SeenCommand { id: id.into(), answer, expires: Time(99) })
                .collect(),
            desk: Some(desk()),
            outbox: entries(),
            cursors: vec![("acme".into(), "home".into(), "17".into())],
            facts: facts(),
            counters: Some(Counters { next_case: 10, next_entry: 9 }),
            ..Commit::default()
        };
        store.commit(commit).unwrap();
        store.erase(CaseId(9)).unwrap();
        export::export(&store, &file).unwrap();
    }
    export::import(&file, &at("store"), &at("keys"), None).unwrap();
    let store = SledStore::open(&at("store"), &at("keys")).unwrap();
    assert_eq!(store.case(CaseId(7)), Ok(Some(full_case())));
    assert_eq!(store.case(CaseId(9)), Ok(None));
    assert_eq!(store.claim(&PostRef::World("b".into())), Ok(Some(Claim::Gone)), "the key of the hashes came along");
    assert_eq!(store.seen("x").unwrap().as_ref(), answers().first());
    assert_eq!(store.desk(), Ok(Some(desk())));
    assert_eq!(store.outbox(), Ok(entries()));
    assert_eq!(store.facts(NOW, NOW.plus(1)), Ok(facts()));
    assert_eq!(store.cursor(&"acme".into(), "home").unwrap().as_deref(), Some("17"));
    assert_eq!(store.counters(), Ok(Counters { next_case: 10, next_entry: 9 }));
    assert!(store.check().unwrap().iter().all(|f| f.ok));
    export::export(&store, &at("again")).unwrap();
    assert_eq!(fs::read_to_string(at("again")).unwrap(), fs::read_to_string(&file).unwrap());
}
