use super::*;
use crate::network::x::wire::{DmEvents, Page, Posts, problem, read_activity, read_line};
use proptest::prelude::*;
use serde_json::json;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/x/", $name))
    };
}

const ME: &str = "77001";

fn with<T>(see: impl FnOnce(Mapper<'_>) -> T) -> T {
    see(Mapper { account: &Account("tienda".into()), me: ME, now: Time(1_800_000_000_000) })
}

fn mentions() -> (Vec<NetEvent>, Vec<bool>) {
    let page: Posts = serde_json::from_str(golden!("mentions.json")).unwrap();
    assert_eq!(page.data.odd, [""; 0]);
    assert_eq!(page.meta.newest_id.as_deref(), Some("1992157300000000512"));
    assert!(page.meta.next_token.is_some());
    let events = with(|m| page.data.read.iter().map(|p| m.event(p, &page.includes, Reach::Followed)).collect());
    (events, page.data.read.iter().map(|p| may_answer(p, &page.includes, ME)).collect())
}

fn post(event: &NetEvent) -> &Post {
    match event {
        NetEvent::New(post) | NetEvent::Edited(post) => post,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_complaint_is_read_with_all_that_weighs_it() {
    let (events, _) = mentions();
    assert!(matches!(events[0], NetEvent::New(_)));
    let post = post(&events[0]);
    assert_eq!(post.id.as_str(), "x:1992156784301240330");
    assert_eq!(post.local_id, "1992156784301240330");
    assert_eq!(
        post.text.expose(),
        "@tienda_sol mi pedido no llega <3 días> & nadie contesta https://tienda.example/pedidos?n=1&m=2 https://otra.example/",
        "links as written, the picture's left out, and no address taken for the beginning of another"
    );
    assert_eq!(post.author.id, author_id("31001"));
    assert_eq!((post.author.handle.expose(), post.author.name.expose()), ("@ana_s", "Ana 🌻"));
    assert_eq!(post.author.followers, Some(8123));
    assert_eq!(post.author.since, time("2011-03-01T10:00:00Z"));
    assert_eq!(post.engagement, Engagement { replies: 3, reposts: 17, likes: 40 });
    assert_eq!(post.lang.as_deref(), Some("es"));
    assert_eq!(post.reach, Reach::Mention);
    assert_eq!(post.mentions, [author_id(ME)]);
    assert_eq!(post.root(), &post.id);
    assert_eq!(post.url.as_deref(), Some("https://x.com/ana_s/status/1992156784301240330"));
    let media: Vec<_> =
        post.media.iter().map(|m| (m.kind.as_str(), m.url.as_str(), m.description.as_ref().map(Untrusted::expose))).collect();
    assert_eq!(media, [("image", "https://pbs.example/501.jpg", Some("una caja rota")), ("video", "https://video.example/502.mp4", None)]);
    assert_eq!(post.visibility, Visibility::Public);
}

#[test]
fn an_edit_is_the_same_post_in_a_new_version() {
    let (events, _) = mentions();
    assert!(matches!(events[1], NetEvent::Edited(_)));
    let post = post(&events[1]);
    assert_eq!(post.id.as_str(), "x:1992156889049605151", "known by its first version");
    assert_eq!(post.local_id, "1992156999049605152", "answered by its last");
    assert!(post.edited_at.unwrap() > post.created_at);
    assert_eq!(post.parent.as_ref().unwrap().id, Some(post_id("1992156784301240330")));
    assert_eq!(post.parent.as_ref().unwrap().author, Some(author_id("31001")));
    assert_eq!(post.root, Some(post_id("1992156784301240330")));
    assert!(post.text.expose().ends_with("dos veces nada. https://t.co/Lar"), "whole, and an address that is none stays short");
    assert_eq!(post.mentions, [author_id("31003"), author_id(ME)], "found by name where X leaves out the id");
    assert_eq!(post.visibility, Visibility::Followers, "a protected author");
}

#[test]
fn who_quotes_us_speaks_to_us_and_may_be_answered() {
    let (events, may_answer) = mentions();
    let quote = post(&events[2]);
    assert_eq!(quote.reach, Reach::Mention);
    assert_eq!(quote.lang, None, "too short to tell");
    assert_eq!(quote.text.expose(), "Mirad esto https://x.com/tienda_sol/status/1992100000000000001\n○ Sí · 4\n○ No ya · 2");
    assert_eq!(quote.author.followers, None);
    assert_eq!(may_answer, [true, true, true, false]);
}

#[test]
fn a_repost_counts_and_is_no_post() {
    let (events, _) = mentions();
    let id = PostId("x:1992157300000000512".into());
    assert_eq!(events[3], NetEvent::Reposted { id, post: PostRef::World(post_id("1992156784301240330")) });
}

#[test]
fn what_is_gone_is_told_apart_from_what_cannot_be_shown_now() {
    let page: Posts = serde_json::from_str(golden!("lookup.json")).unwrap();
    let gone: Vec<&str> = page.errors.iter().filter_map(|p| p.gone()).collect();
    assert_eq!(gone, ["1992156999049605152", "1992157209030590400"]);
    assert_eq!(page.data.read.len(), 1);
}

#[test]
fn private_messages_both_ways_and_never_a_groups() {
    let page: DmEvents = serde_json::from_str(golden!("dms.json")).unwrap();
    let read: Vec<Dm> = with(|m| page.data.read.iter().map(|e| m.dm(e, &page.includes)).collect());
    let Dm::Message(theirs) = &read[0] else { panic!("{read:?}") };
    let theirs = post(theirs);
    assert!(theirs.is_dm());
    assert_eq!(theirs.text.expose(), "Mi número es 600 & pico https://tienda.example/x");
    assert_eq!((theirs.id.as_str(), theirs.author.id.as_str()), ("x:dm:1992160000000000001", "x:31001"));
    assert_eq!(theirs.mentions, [author_id(ME)]);
    assert_eq!(theirs.media[0].description.as_ref().unwrap().expose(), "recibo");
    let Dm::Message(ours) = &read[1] else { panic!("{read:?}") };
    assert_eq!(post(ours).author.id, author_id(ME));
    assert_eq!(post(ours).mentions, [author_id("31001")], "whom it went to");
    assert_eq!(post(ours).root, theirs.root);
    assert_eq!(&read[2..], [Dm::Group, Dm::Nothing, Dm::Group]);
}

#[test]
fn the_streams_lines() {
    let lines: Vec<Line> = golden!("stream.jsonl").lines().map(|l| read_line(l.as_bytes())).collect();
    let events = with(|m| m.line(&lines[0]));
    assert_eq!(post(&events[0]).reach, Reach::Buzz("brand".into()));
    assert_eq!(post(&events[0]).lang.as_deref(), Some("id"));
    let Line::Problems(problems) = &lines[1] else { panic!("{lines:?}") };
    assert!(problems[0].words().contains("operational reasons"), "{problems:?}");
    assert!(matches!(read_line(b"\r"), Line::KeepAlive));
    for odd in ["{", "[]", "null", "{}", r#"{"data":{}}"#, r#"{"data":{"event_type":7}}"#, r#"{"data":null}"#, "\u{0}"] {
        assert!(matches!(read_line(odd.as_bytes()), Line::Odd), "{odd}");
    }
}

#[test]
fn the_older_dialect_says_the_same() {
    let line = read_line(golden!("stream-tweets.jsonl").trim().as_bytes());
    let events = with(|m| m.line(&line));
    let NetEvent::Edited(post) = &events[0] else { panic!("{events:?}") };
    assert_eq!(post.id.as_str(), "x:1992156889049605151");
    assert_eq!(post.text.expose(), "@luis99 @tienda_sol largo y entero");
    assert_eq!(post.engagement, Engagement { replies: 1, reposts: 3, likes: 3 });
    assert_eq!(post.lang.as_deref(), Some("he"));
    let parent = post.parent.as_ref().unwrap();
    assert_eq!(parent.id, Some(post_id("1992156784301240329")), "the answered post is known by its first version too");
    assert_eq!(parent.local_id, "1992156784301240330");
}

#[test]
fn what_happens_to_the_account() {
    let read: Vec<Activity> = golden!("activity.jsonl").lines().map(|l| read_activity(l.as_bytes()).unwrap()).collect();
    let events: Vec<NetEvent> = with(|m| read.iter().flat_map(|a| m.activity(a)).collect());
    assert_eq!(post(&events[0]).reach, Reach::Mention);
    let gone: Vec<&PostRef> =
        events.iter().filter_map(|e| if let NetEvent::Deleted { post, .. } = e { Some(post) } else { None }).collect();
    assert_eq!(gone[0], &PostRef::World(post_id("1992156784301240330")));
    assert_eq!(gone.len(), 2, "by either name");
    let told = |kind: &str, payload| read_activity(json!({"data": {"event_type": kind, "payload": payload}}).to_string().as_bytes());
    assert!(matches!(told("chat.received", json!({"x": 1})), Some(Activity::Encrypted)));
    assert!(matches!(told("dm.received", json!({"for": "7"})), Some(Activity::DmsToRead)));
    let whole = json!({"id": "5", "sender_id": "31001", "dm_conversation_id": "31001-77001", "text": "hola"});
    let Some(whole) = told("dm.received", whole) else { panic!() };
    assert_eq!(with(|m| m.activity(&whole)).len(), 1);
    assert!(matches!(told("like.create", json!({})), Some(Activity::Other)));
    assert!(told("post.create", json!([])).is_none());
}

#[test]
fn an_odd_post_spoils_no_other_and_is_known_by_its_id() {
    let page: Page<wire::Post> =
        serde_json::from_value(json!({"data": [{"id": "1", "lang": 7, "entities": "x"}, {"id": 2}, {"text": "x"}, {"id": "4"}]})).unwrap();
    assert_eq!(page.data.read.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["1", "4"]);
    assert_eq!(page.data.odd, ["", ""]);
    assert_eq!(serde_json::from_str::<Posts>("{}").unwrap().data.read.len(), 0, "an empty page has no data at all");
}

#[test]
fn why_something_was_refused() {
    let cases = [
        (r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#, "Unauthorized"),
        (r#"{"errors":[{"message":"Could not authenticate you","code":32}]}"#, "Could not authenticate you"),
        (
            r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#,
            "Value passed for the token was invalid.",
        ),
        ("<html>", "no reason given"),
    ];
    for (body, words) in cases {
        assert_eq!(problem(body.as_bytes()).words(), words);
    }
}

#[test]
fn an_id_tells_when_it_was_made() {
    assert_eq!(made("1346889436626259968"), time("2021-01-06T18:40:40.344Z"));
    assert_eq!(made("20"), None);
    assert_eq!(made("x"), None);
}

proptest! {
    #[test]
    fn no_text_and_no_links_break_it(text: String, links in prop::collection::vec(("[a-z&;/:.]{0,12}", ".{0,8}"), 0..4)) {
        let urls: Vec<_> = links.iter().map(|(url, to)| json!({"url": format!("https://t.co/{url}"), "expanded_url": to})).collect();
        let entities: wire::Entities = serde_json::from_value(json!({ "urls": urls })).unwrap();
        let dense = links.iter().fold(text, |text, (url, _)| format!("{text}https://t.co/{url} &amp"));
        let shown = plain(&dense, &entities);
        prop_assert!(shown.len() <= dense.len() + 2_048 * dense.matches("https://t.co/").count());
    }
    #[test]
    fn no_line_breaks_it(line: Vec<u8>) {
        let read = read_line(&line);
        with(|m| m.line(&read));
    }
}

fn contexts(post: &Post) -> Vec<(Relation, &str, &str, &str, &str)> {
    post.context.iter().map(|c| (c.how, c.id.as_str(), c.author.as_str(), c.handle.expose(), c.text.expose())).collect()
}

#[test]
fn what_a_post_answers_and_quotes_is_read_where_the_page_tells_it_whole() {
    let (events, _) = mentions();
    assert_eq!(post(&events[0]).context, []);
    let answered = (Relation::Answers, "x:1992156784301240330", "", "", "");
    assert_eq!(contexts(post(&events[1])), [answered], "only its id is told: to be looked up");
    let ours = (Relation::Quotes, "x:1992100000000000001", "x:77001", "@Tienda_Sol", "¡Rebajas!");
    assert_eq!(contexts(post(&events[2])), [ours]);
    let url = post(&events[2]).context[0].url.as_deref();
    assert_eq!(url, Some("https://x.com/Tienda_Sol/status/1992100000000000001"));
}

#[test]
fn a_context_is_the_first_version_s_cut_and_no_wider_than_its_own() {
    let page = |protected: bool, author: &str, text: &str| -> Page<wire::Post> {
        serde_json::from_value(json!({
            "data": [{"id": "90", "text": "@tienda_sol ¿y esto?", "author_id": "31001", "referenced_tweets": [
                {"type": "replied_to", "id": "42"}, {"type": "quoted", "id": "43"}]}],
            "includes": {
                "tweets": [{"id": "42", "text": text, "author_id": author, "edit_history_tweet_ids": ["40", "42"],
                            "referenced_tweets": [{"type": "replied_to", "id": "42"}]}],
                "users": [{"id": "31009", "username": "dani", "name": "Dani", "protected": protected}]
            }
        }))
        .unwrap()
    };
    let read = |page: &Page<wire::Post>, me: &str| {
        let account = Account("tienda".into());
        Mapper { account: &account, me, now: Time(0) }.post(&page.data.read[0], &page.includes, Reach::Followed)
    };
    let wanted = |id: &str| Context { how: Relation::Quotes, id: post_id(id), ..Context::default() };
    let open = page(false, "31009", &"&lt;b&gt;".repeat(500));
    let found = read(&open, ME);
    assert_eq!(found.context[1], wanted("43"));
    let (how, id, author, handle, text) = contexts(&found)[0];
    assert_eq!((how, id, author, handle), (Relation::Answers, "x:40", "x:31009", "@dani"));
    assert!(text.starts_with("<b><b>") && text.chars().count() == 280, "{text}");
    assert_eq!(read(&page(true, "31009", "x"), ME).context, [wanted("43")], "a protected one is not taken further, nor asked for");
    let unknown = read(&page(false, "31010", "x"), ME);
    assert_eq!(unknown.context, [Context { how: Relation::Answers, ..wanted("42") }, wanted("43")], "whose it is must be known");
    assert_eq!(read(&open, "31001").context, [], "our own posts speak for themselves");
}
