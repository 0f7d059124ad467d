//! Entities as servers send them, shaped after the API's OpenAPI description.

use super::*;
use serde_json::{Value, json};

fn me() -> Me {
    Me { id: "1".into(), author: "https://m.example/users/shop".into(), handle: "@shop@m.example".into(), domain: "m.example".into() }
}

fn account(id: &str, acct: &str) -> Value {
    json!({
        "id": id, "username": acct, "acct": acct, "uri": format!("https://m.example/users/{acct}"), "url": format!("https://m.example/@{acct}"),
        "display_name": " Ana ", "followers_count": 70, "created_at": "2020-05-01T00:00:00.000Z", "bot": false
    })
}

fn status(more: &Value) -> wire::Status {
    let mut v = json!({
        "id": "100", "uri": "https://m.example/users/ana/statuses/100", "url": "https://m.example/@ana/100", "account": account("2", "ana"),
        "content": "<p><span class=\"h-card\"><a href=\"https://m.example/@shop\" class=\"u-url mention\">@<span>shop</span></a></span> no va</p>",
        "spoiler_text": "", "visibility": "unlisted", "language": "es", "created_at": "2026-11-21T10:00:00.500Z", "edited_at": null,
        "in_reply_to_id": null, "in_reply_to_account_id": null, "media_attachments": [], "poll": null, "reblog": null, "sensitive": false,
        "mentions": [{"id": "1", "username": "shop", "acct": "shop", "url": "https://m.example/@shop"}],
        "tags": [], "emojis": [], "replies_count": 1, "reblogs_count": 2, "favourites_count": 3
    });
    for (k, x) in more.as_object().unwrap() {
        v[k] = x.clone();
    }
    serde_json::from_value(v).unwrap()
}

fn read(more: &Value) -> Post {
    let account = Account::from("shop");
    let me = me();
    Mapper { account: &account, me: &me, now: Time(5) }.post(&status(more), Reach::Buzz("x".into()))
}

#[test]
fn a_mention() {
    let post = read(&json!({}));
    assert_eq!(post.id, PostId::from("https://m.example/users/ana/statuses/100"));
    assert_eq!(post.local_id, "100");
    assert_eq!(post.text.expose(), "@shop@m.example no va");
    assert_eq!(post.author.id, AuthorId::from("https://m.example/users/ana"));
    assert_eq!(post.author.handle.expose(), "@ana@m.example");
    assert_eq!(post.author.name.expose(), "Ana");
    assert_eq!(post.author.followers, Some(70));
    assert_eq!(post.author.since, time("2020-05-01T00:00:00Z"));
    assert_eq!(post.visibility, Visibility::Unlisted);
    assert_eq!(post.lang.as_deref(), Some("es"));
    assert_eq!(post.reach, Reach::Mention, "naming us outweighs how it was found");
    assert_eq!(post.mentions, [me().author]);
    assert_eq!(post.created_at, Time(1_795_255_200_500));
    assert_eq!(post.version(), 0);
    assert_eq!(post.engagement, Engagement { replies: 1, reposts: 2, likes: 3 });
    assert!(post.parent.is_none() && post.warning.is_none() && post.media.is_empty());
}

#[test]
fn found_by_listening() {
    assert_eq!(read(&json!({"mentions": []})).reach, Reach::Buzz("x".into()));
    let answer = read(&json!({"mentions": [], "in_reply_to_id": "90", "in_reply_to_account_id": "1"}));
    assert_eq!(answer.reach, Reach::Mention, "an answer to us speaks to us");
    assert_eq!(answer.parent.unwrap().author, Some(me().author));
}

#[test]
fn an_edit_is_a_new_version() {
    let post = read(&json!({"edited_at": "2026-11-21T10:05:00.000Z"}));
    assert_eq!(post.version(), 1_795_255_500_000);
    assert_eq!(read(&json!({"edited_at": "yesterday"})).version(), 0);
}

#[test]
fn warnings_media_and_polls() {
    let post = read(&json!({
        "spoiler_text": " enfado ",
        "media_attachments": [
            {"id": "1", "type": "image", "url": "https://f.example/1.png", "description": "una maleta rota"},
            {"id": "2", "type": "gifv", "url": "https://f.example/2.mp4", "description": ""},
            {"id": "3", "type": "unknown", "url": null, "remote_url": "https://r.example/3"},
            {"id": "4", "type": "image", "url": "javascript:alert(1)"},
            {"id": "5", "type": "audio", "url": null}
        ],
        "poll": {"id": "7", "options": [{"title": "sí", "votes_count": 3}, {"title": "no", "votes_count": null}]}
    }));
    assert_eq!(post.warning.unwrap().expose(), "enfado");
    let media: Vec<_> =
        post.media.iter().map(|m| (m.kind.as_str(), m.url.as_str(), m.description.as_ref().map(Untrusted::expose))).collect();
    assert_eq!(
        media,
        [
            ("image", "https://f.example/1.png", Some("una maleta rota")),
            ("video", "https://f.example/2.mp4", None),
            ("other", "https://r.example/3", None)
        ]
    );
    assert_eq!(post.text.expose(), "@shop@m.example no va\n○ sí · 3\n○ no");
}

#[test]
fn visibilities_never_widen() {
    for (word, want) in [
        ("public", Visibility::Public),
        ("unlisted", Visibility::Unlisted),
        ("private", Visibility::Followers),
        ("direct", Visibility::Direct),
        ("local", Visibility::Followers),
        ("mutuals_only", Visibility::Followers),
        ("", Visibility::Followers),
    ] {
        assert_eq!(read(&json!({ "visibility": word })).visibility, want, "{word}");
    }
    for v in [Visibility::Public, Visibility::Unlisted, Visibility::Followers, Visibility::Direct] {
        assert_eq!(visibility(visibility_word(v)), v);
    }
}

#[test]
fn an_actor_cannot_pass_for_us() {
    let mut evil = account("66", "evil@evil.example");
    evil["url"] = json!("https://m.example/@shop");
    evil["uri"] = json!("https://evil.example/users/evil");
    let post = read(&json!({ "account": evil.clone() }));
    assert_eq!(post.author.id, AuthorId::from("https://evil.example/users/evil"));
    // An older server that tells no uri.
    evil["uri"] = Value::Null;
    assert_eq!(read(&json!({ "account": evil })).author.id, AuthorId::from("acct:evil@evil.example"));
    assert_eq!(read(&json!({"account": account("1", "shop")})).author.id, me().author);
}

#[test]
fn what_others_name_is_known_by_address() {
    let post = read(
        &json!({"mentions": [{"id": "1", "acct": "shop", "url": "u"}, {"id": "9", "acct": "Bob@x.example", "url": "v"}, {"id": "2", "acct": "ana", "url": "w"}]}),
    );
    let want = [me().author, "acct:bob@x.example".into(), "https://m.example/users/ana".into()];
    assert_eq!(post.mentions, want);
}

#[test]
fn what_servers_leave_out() {
    let bare: wire::Status = serde_json::from_value(json!({"id": "5", "account": {"id": "2", "acct": "ana@x.example"}})).unwrap();
    let account = Account::from("shop");
    let me = me();
    let post = Mapper { account: &account, me: &me, now: Time(5) }.post(&bare, Reach::Mention);
    assert_eq!(post.id, PostId::from("mastodon:m.example:5"));
    assert_eq!(post.created_at, Time(5));
    assert_eq!(post.visibility, Visibility::Followers);
    assert_eq!(post.author.id, AuthorId::from("acct:ana@x.example"));
    let odd: wire::Status = serde_json::from_value(json!({
        "id": "5", "account": {"id": "2", "acct": "ana", "followers_count": -1, "display_name": null}, "uri": 7, "content": null,
        "mentions": null, "language": "<script>", "replies_count": -1, "media_attachments": null, "poll": null
    }))
    .unwrap();
    let post = Mapper { account: &account, me: &me, now: Time(5) }.post(&odd, Reach::Mention);
    assert_eq!((post.lang, post.author.followers, post.engagement.replies), (None, None, 0));
}

#[test]
fn reposts_count_once_a_person() {
    let account = Account::from("shop");
    let me = me();
    let mapper = Mapper { account: &account, me: &me, now: Time(5) };
    let by: wire::Account = serde_json::from_value(self::account("3", "bob")).unwrap();
    let NetEvent::Reposted { id, post } = mapper.repost(&by, &status(&json!({}))) else { panic!("no repost") };
    assert_eq!(post, PostRef::World("https://m.example/users/ana/statuses/100".into()));
    assert_eq!(id, PostId::from("repost:https://m.example/users/bob:https://m.example/users/ana/statuses/100"));
}

#[test]
fn endless_texts_are_cut_on_the_border_of_a_grapheme() {
    let family = "👨‍👩‍👧";
    let post = read(&json!({ "content": family.repeat(5_000), "spoiler_text": "w".repeat(5_000) }));
    let text = post.text.expose();
    assert!(text.ends_with(&format!("{family}…")) && (19_990..=20_000).contains(&text.chars().count()));
    assert_eq!(post.warning.unwrap().expose().chars().count(), 1_000);
    assert_eq!((cut("hola", 4), cut("hola!", 4)), ("hola".to_owned(), "hol…".to_owned()));
}

#[test]
fn what_a_post_quotes_is_read_with_it_where_its_author_lets_it() {
    let quoted = |visibility: &str| {
        let mut v = json!({
            "id": "90", "uri": "https://m.example/users/dani/statuses/90", "url": "https://m.example/@dani/90", "account": account("7", "dani"),
            "content": format!("<p>cerrado &lt;b&gt; {}</p>", "ñ".repeat(500)), "spoiler_text": "malas noticias", "visibility": visibility
        });
        // A quote within a quote is told by its id alone.
        v["quote"] = json!({"state": "accepted", "quoted_status_id": "89"});
        v
    };
    let with = |state: &str, status: Value| read(&json!({"quote": {"state": state, "quoted_status": status}})).context;
    let found = with("accepted", quoted("public"));
    let [context] = &found[..] else { panic!("{found:?}") };
    assert_eq!((context.how, context.id.as_str()), (Relation::Quotes, "https://m.example/users/dani/statuses/90"));
    assert_eq!((context.author.as_str(), context.handle.expose()), ("https://m.example/users/dani", "@dani@m.example"));
    assert_eq!(context.url.as_deref(), Some("https://m.example/@dani/90"));
    let text = context.text.expose();
    assert!(text.starts_with("malas noticias: cerrado <b> ñ") && text.chars().count() == 280, "{text}");
    for visibility in ["private", "direct", "list"] {
        assert_eq!(with("accepted", quoted(visibility)), [], "{visibility}");
    }
    for (state, status) in [("pending", quoted("public")), ("revoked", Value::Null), ("accepted", Value::Null), ("accepted", json!(7))] {
        assert_eq!(with(state, status), [], "{state}");
    }
    assert_eq!(
        read(&json!({"quote": quoted("public")})).context,
        [],
        "other servers give the status itself: what its author allows is not said"
    );
    assert_eq!(
        read(&json!({"quote": {"state": "accepted", "quoted_status": quoted("public")}, "account": account("1", "shop")})).context,
        []
    );
}
