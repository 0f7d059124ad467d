use super::*;
use crate::policy::ListenRule;
use crate::post::Untrusted;

fn author(id: &str, handle: &str) -> Author {
    Author { id: id.into(), handle: Untrusted::new(handle), ..Author::default() }
}

fn square(hiccups: &[(usize, Hiccup)]) -> Arc<Square> {
    let square = Square::new(Clock::fast(2), hiccups.iter().copied().collect());
    square.with(|b| {
        b.open_account("main".into(), author("square:brand", "@brand"));
        b.open_account("help".into(), author("square:help", "@brand_help"));
        b.settle(author("square:ana", "@ana"));
        b.settle(author("square:bob", "@bob"));
    });
    square
}

fn write(square: &Square, who: &str, text: &str, parent: Option<&PostId>) -> PostId {
    let w = Writing { author: who.into(), text: text.into(), parent: parent.cloned(), concerns: true, ..Writing::default() };
    let now = square.clock().now();
    square.with(|b| b.write(w, Hand::Person, now))
}

fn reply(square: &Square, target: &PostId, text: &str) -> Outgoing {
    Outgoing {
        id: 1,
        kind: SendKind::Reply,
        account: "main".into(),
        target: Some(target.clone()),
        target_local: local_id(target),
        target_version: square.with(|b| b.post(target).unwrap().post.version()),
        to: square.with(|b| b.post(target).unwrap().post.author.clone()),
        text: Untrusted::new(text),
        lang: "en".into(),
        by: "me".into(),
        drafted_by: "me".into(),
        approved_by: None,
        at: Time(0),
        state: SendState::InFlight { since: Time(0) },
        shown_at: None,
        tried: false,
        tried_at: None,
        absent_at: None,
        invites: false,
        files: Vec::new(),
    }
}

fn seen(events: &[NetEvent]) -> Vec<(String, Reach)> {
    let of = |e: &NetEvent| match e {
        NetEvent::New(p) => Some((p.text.expose().to_owned(), p.reach.clone())),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[tokio::test]
async fn an_account_reads_what_names_it_its_conversations_and_what_its_rules_catch() {
    let s = square(&[]);
    let root = write(&s, "square:ana", "@brand where is it?", None);
    write(&s, "square:bob", "same here", Some(&root));
    write(&s, "square:bob", "lovely weather", None);
    write(&s, "square:bob", "@brand_help hello", None);
    let all = s.account("main".into(), Matcher::new(&[]));
    let page = all.poll(STREAM, None).await.unwrap();
    assert_eq!(seen(&page.events), [("@brand where is it?".into(), Reach::Mention), ("same here".into(), Reach::Followed)]);
    let help = s.account("help".into(), Matcher::new(&[]));
    assert_eq!(seen(&help.poll(STREAM, None).await.unwrap().events), [("@brand_help hello".into(), Reach::Mention)]);
}

#[tokio::test]
async fn the_same_cursor_gives_the_same_again_whatever_happened_since() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand one", None);
    let first = account.poll(STREAM, Some("0")).await.unwrap();
    let now = s.clock().now();
    s.with(|b| (b.edit(&id, "@brand two", now), b.delete(&id, now)));
    let again = account.poll(STREAM, Some("0")).await.unwrap();
    assert_eq!(first.events, again.events.get(..1).unwrap());
    assert!(matches!(again.events.get(1..), Some([NetEvent::Edited(_), NetEvent::Deleted { .. }])));
    assert!(account.poll(STREAM, again.cursor.as_deref()).await.unwrap().events.is_empty());
    assert!(account.poll(STREAM, Some("x")).await.is_err());
}

#[tokio::test]
async fn the_stream_tells_as_it_happens() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    write(&s, "square:ana", "@brand before", None);
    let (tx, mut rx) = mpsc::channel(1);
    let pushing = tokio::spawn(async move { account.push(tx).await });
    tokio::task::yield_now().await;
    write(&s, "square:ana", "@brand live", None);
    let Some(NetEvent::New(post)) = rx.recv().await else { panic!("nothing came") };
    assert_eq!(post.text.expose(), "@brand live");
    drop(rx);
    write(&s, "square:ana", "@brand unheard", None);
    assert!(matches!(pushing.await.unwrap(), NetError::Retry { .. }));
}

#[tokio::test]
async fn it_publishes_whatever_it_is_sent_so_that_a_double_shows_as_a_double() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand?", None);
    let send = reply(&s, &id, "Yes.");
    for _ in 0..2 {
        assert!(matches!(account.send("op-1", &send, None).await, Outcome::Done(_)));
    }
    let texts = s.with(|b| b.posts().filter(|p| p.hand != Hand::Person).map(|p| p.post.text.expose().to_owned()).collect::<Vec<_>>());
    assert_eq!(texts, ["@ana Yes.", "@ana Yes."]);
    assert_eq!(s.with(|b| b.received().len()), 2);
}

#[tokio::test]
async fn a_target_that_changed_or_went_stops_a_send() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand?", None);
    let send = reply(&s, &id, "Yes.");
    let now = s.clock().now();
    s.with(|b| b.edit(&id, "@brand!", now));
    assert_eq!(account.send("1", &send, None).await, Outcome::TargetEdited);
    s.with(|b| b.delete(&id, now));
    assert_eq!(account.send("1", &send, None).await, Outcome::TargetGone);
    assert!(s.with(|b| b.received().iter().all(|r| r.post.is_none())));
}

#[tokio::test]
async fn a_lost_answer_is_found_by_looking_and_a_refusal_is_not() {
    let s = square(&[(1, Hiccup::TooMany), (2, Hiccup::AnswerLost)]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand?", None);
    let send = reply(&s, &id, "Yes.");
    let since = s.clock().now();
    assert!(matches!(account.send("1", &send, None).await, Outcome::Retry { .. }));
    assert_eq!(account.look("1", &send, None, since, &[]).await, Look::Absent);
    assert!(matches!(account.send("1", &send, None).await, Outcome::Unknown { .. }));
    assert!(matches!(account.look("1", &send, None, since, &[]).await, Look::Found(_)));
    assert_eq!(account.look("1", &reply(&s, &id, "No."), None, since, &[]).await, Look::Absent);
}

#[tokio::test]
async fn what_was_published_can_be_corrected_and_taken_back() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand?", None);
    let send = reply(&s, &id, "Yes.");
    let Outcome::Done(receipt) = account.send("1", &send, None).await else { panic!("not sent") };
    let post = receipt.post.unwrap();
    let stands = SendState::Published { id: post.clone(), local_id: receipt.native_id, url: None, at: Time(0) };
    let correct = Outgoing { kind: SendKind::Correct { send: 1 }, text: Untrusted::new("No."), ..send.clone() };
    assert!(matches!(account.send("2", &correct, Some(&stands)).await, Outcome::Done(_)));
    assert!(matches!(account.look("2", &correct, Some(&stands), Time(0), &[]).await, Look::Found(_)));
    let retract = Outgoing { kind: SendKind::Retract { send: 1 }, ..send };
    assert_eq!(account.look("3", &retract, Some(&stands), Time(0), &[]).await, Look::Absent);
    assert!(matches!(account.send("3", &retract, Some(&stands)).await, Outcome::Done(_)));
    assert!(s.with(|b| b.post(&post).unwrap().deleted_at.is_some()));
}

#[tokio::test]
async fn the_company_s_own_posts_are_read_by_the_account_that_wrote_them() {
    let s = square(&[]);
    let account = s.account("main".into(), Matcher::new(&[]));
    let id = write(&s, "square:ana", "@brand?", None);
    account.send("1", &reply(&s, &id, "Yes."), None).await;
    let page = account.poll(STREAM, None).await.unwrap();
    assert_eq!(seen(&page.events).last().map(|(text, _)| text.clone()), Some("@ana Yes.".into()));
    let refreshed = account.refresh(&[PostRef::World(id)]).await.unwrap();
    assert!(matches!(refreshed.as_slice(), [NetEvent::Engagement { engagement, .. }] if engagement.replies == 1));
}
#[tokio::test]
async fn buzz_is_what_the_rules_catch() {
    let s = square(&[]);
    write(&s, "square:bob", "the queue at Brand Lines again", None);
    let rule = ListenRule { name: "brand".into(), keywords: vec!["brand lines".into()], ..ListenRule::default() };
    let page = s.account("main".into(), Matcher::new(&[rule])).poll(STREAM, None).await.unwrap();
    assert_eq!(seen(&page.events).first().map(|(_, reach)| reach.clone()), Some(Reach::Buzz("brand".into())));
}
