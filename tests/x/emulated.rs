//! The emulator keeps X's rules, and the adapter's parts understand what it says.

use crate::emulator::x::{APP_TOKEN, CLIENT_ID, CONSUMER, Emulator, Fault};
use data_encoding::BASE64;
use futures_util::StreamExt;
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sereno::clock::Clock;
use sereno::network::x::auth::oauth1::Pair;
use sereno::network::x::auth::tokens::{NoToken, Tokens};
use sereno::network::x::auth::{App, Attempt, Form, Granted, NotGranted, app_only, read_granted};
use sereno::network::x::mapping::{Dm, Mapper, author_id, may_answer, post_id};
use sereno::network::x::wire::{self, DmEvents, Line, Posts, read_line};
use sereno::post::{Account, NetEvent, PostRef, Reach, Visibility};
use std::time::Duration;
use url::Url;

const FIELDS: &str = "post.fields=conversation_id,created_at,entities,lang,public_metrics&user.fields=created_at,protected,public_metrics\
                      &expansions=author_id,in_reply_to_user_id,referenced_posts,edit_history_post_ids,entities.mentions.username";

struct Asker<'a> {
    emulator: &'a Emulator,
    token: String,
}

impl Asker<'_> {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Response, reqwest::Error> {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.emulator.url())).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }
    async fn get(&self, path: &str) -> Value {
        let response = self.ask(Method::GET, path, None).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }
    async fn posts(&self, path: &str) -> Posts {
        serde_json::from_value(self.get(path).await).unwrap()
    }
    /// The status, and X's words or the new thing's id.
    async fn reply(&self, to: &str, text: &str) -> (u16, String) {
        let body = json!({"text": text, "reply": {"in_reply_to_tweet_id": to}});
        let response = self.ask(Method::POST, "/2/tweets", Some(body)).await.unwrap();
        told(response).await
    }
    async fn write(&self, to: &str, text: &str) -> (u16, String) {
        let path = format!("/2/dm_conversations/with/{to}/messages");
        told(self.ask(Method::POST, &path, Some(json!({"text": text}))).await.unwrap()).await
    }
}

async fn told(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let made = serde_json::from_slice::<wire::One<wire::Made>>(&body).ok().and_then(|one| one.data);
    let id = made.and_then(|made| made.id.or(made.dm_event_id));
    (status, id.unwrap_or_else(|| wire::problem(&body).words().to_owned()))
}

fn asker(emulator: &Emulator) -> Asker<'_> {
    Asker { emulator, token: emulator.tokens().0 }
}

async fn events(page: &Posts, me: &str) -> Vec<NetEvent> {
    let mapper = Mapper { account: &Account("tienda".into()), me, now: Clock::system().now() };
    page.data.read.iter().map(|post| mapper.event(post, &page.includes, Reach::Followed)).collect()
}

#[tokio::test]
async fn mentions_are_read_in_pages_and_only_what_is_new() {
    let x = Emulator::start().await;
    let (me, us) = (x.brand_id(), asker(&x));
    let ana = x.customer("ana");
    let ids: Vec<String> = (0..12).map(|n| ana.post(&format!("@tienda_sol mi pedido {n} no llega"))).collect();
    ana.post("sin nombrar a nadie");
    let path = format!("/2/users/{me}/mentions?max_results=5&{FIELDS}");
    let (mut seen, mut page) = (Vec::new(), us.posts(&path).await);
    loop {
        seen.extend(page.data.read.iter().map(|p| p.id.clone()));
        let Some(next) = page.meta.next_token.clone() else { break };
        page = us.posts(&format!("{path}&pagination_token={next}")).await;
    }
    seen.reverse();
    assert_eq!(seen, ids);
    let newer = us.posts(&format!("{path}&since_id={}", ids[10])).await;
    assert_eq!(newer.data.read.len(), 1);
    let [NetEvent::New(post)] = &events(&newer, &me).await[..] else { panic!() };
    assert_eq!((post.author.id.clone(), post.reach.clone()), (author_id(&ana.id), Reach::Mention));
    assert!(us.posts(&format!("{path}&since_id={}", ids[11])).await.data.read.is_empty());
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_found_by_looking_again() {
    let x = Emulator::start().await;
    let (me, us) = (x.brand_id(), asker(&x));
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    let first = ana.post("@tienda_sol hola");
    x.pass(60_000);
    let second = ana.edit(&first, "@tienda_sol hola & adiós");
    let gone = bea.post("@tienda_sol me arrepiento");
    let shut = x.customer("eva");
    let hidden = shut.post("@tienda_sol en privado");
    bea.delete(&gone);
    shut.protect();
    bea.repost(&second);
    let page = us.posts(&format!("/2/tweets?ids={second},{gone},{hidden}&{FIELDS}")).await;
    let [NetEvent::Edited(post)] = &events(&page, &me).await[..] else { panic!("{page:?}") };
    assert_eq!((post.id.clone(), post.local_id.as_str()), (post_id(&first), second.as_str()));
    assert_eq!(post.text.expose(), "@tienda_sol hola & adiós");
    assert_eq!(post.engagement.reposts, 1);
    assert_eq!(page.errors.iter().filter_map(|p| p.gone()).collect::<Vec<_>>(), [gone.as_str(), hidden.as_str()]);
    let mentions = us.posts(&format!("/2/users/{me}/mentions?{FIELDS}")).await;
    let ids: Vec<&str> = mentions.data.read.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, [hidden.as_str(), second.as_str()], "the last version alone");
}

#[tokio::test]
async fn only_who_named_or_quoted_us_is_answered_and_no_text_twice() {
    let x = Emulator::start().await;
    let (me, us) = (x.brand_id(), asker(&x));
    let ana = x.customer("ana");
    let named = ana.post("@Tienda_Sol mi pedido");
    let buzz = ana.post("la tienda sol cierra");
    let ours = x.brand_by_hand().post("¡Rebajas!");
    let quoted = ana.quote(&ours, "qué morro");
    assert_eq!(us.reply(&named, "lo miramos").await.0, 201);
    assert_eq!(us.reply(&quoted, "dinos").await.0, 201);
    let (status, words) = us.reply(&buzz, "hola").await;
    assert_eq!(status, 403);
    assert!(words.contains("not been mentioned"), "{words}");
    // What is known before anyone drafts is what X says afterwards.
    let page = us.posts(&format!("/2/tweets?ids={named},{buzz},{quoted}&{FIELDS}")).await;
    let may: Vec<bool> = page.data.read.iter().map(|p| may_answer(p, &page.includes, &me)).collect();
    assert_eq!(may, [true, false, true]);
    let (status, words) = us.reply(&named, "lo miramos").await;
    assert_eq!((status, words.contains("duplicate content")), (403, true), "{words}");
    assert_eq!(us.reply(&named, &"x".repeat(281)).await.0, 400);
    ana.delete(&named);
    assert!(us.reply(&named, "¿sigues ahí?").await.1.contains("deleted or not visible"));
    let books = x.books();
    assert_eq!((books.answers_to(&named).len(), books.answers_to(&quoted).len(), books.answers_to(&buzz).len()), (1, 1, 0));
    assert!(books.faults.is_empty(), "{:#?}", books.faults);
}

#[tokio::test]
async fn private_messages_go_where_they_are_taken_and_are_read_back() {
    let x = Emulator::start().await;
    let (me, us) = (x.brand_id(), asker(&x));
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    bea.takes_dms(false);
    assert_eq!(us.write(&ana.id, "¿Nos das el número?").await.0, 201);
    let (status, words) = us.write(&bea.id, "¿Nos das el número?").await;
    assert_eq!((status, words.contains("permission to DM")), (403, true), "{words}");
    let profiles = us.get(&format!("/2/users?ids={},{}&user.fields=receives_your_dm", ana.id, bea.id)).await;
    let people: wire::Page<wire::User> = serde_json::from_value(profiles).unwrap();
    assert_eq!(people.data.read.iter().map(|u| u.receives_your_dm).collect::<Vec<_>>(), [Some(true), Some(false)]);
    bea.dm("escribo yo primero <3");
    assert_eq!(us.write(&bea.id, "¡Gracias!").await.0, 201, "who wrote may be answered");
    let path = "/2/dm_events?dm_event.fields=created_at,dm_conversation_id,entities,event_type,text&expansions=sender_id,participant_ids";
    let page: DmEvents = serde_json::from_value(us.get(&format!("{path}&max_results=2")).await).unwrap();
    let mapper = Mapper { account: &Account("tienda".into()), me: &me, now: Clock::system().now() };
    let read: Vec<Dm> = page.data.read.iter().map(|e| mapper.dm(e, &page.includes)).collect();
    let [Dm::Message(ours), Dm::Message(theirs)] = &read[..] else { panic!("{read:?}") };
    let (NetEvent::New(ours), NetEvent::New(theirs)) = (&**ours, &**theirs) else { panic!() };
    assert_eq!((ours.author.id.clone(), ours.mentions[0].clone()), (author_id(&me), author_id(&bea.id)));
    assert_eq!((theirs.text.expose(), theirs.visibility), ("escribo yo primero <3", Visibility::Direct));
    let next = page.meta.next_token.unwrap();
    let rest: DmEvents = serde_json::from_value(us.get(&format!("{path}&pagination_token={next}")).await).unwrap();
    assert_eq!(rest.data.read.len(), 1);
    x.pass(31 * 86_400_000);
    let us = asker(&x);
    assert_eq!(us.get(path).await["meta"]["result_count"], 0, "a month back and no further");
}

#[tokio::test]
async fn a_window_of_requests_ends_and_begins_again() {
    let x = Emulator::start().await;
    let us = asker(&x);
    x.allow("GET /2/users/me", 2);
    let ask = async || us.ask(Method::GET, "/2/users/me", None).await.unwrap();
    assert_eq!(ask().await.headers()["x-rate-limit-remaining"], "1");
    assert_eq!(ask().await.headers()["x-rate-limit-remaining"], "0");
    let refused = ask().await;
    assert_eq!(refused.status(), 429);
    let reset: i64 = refused.headers()["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    assert!((1..=901).contains(&(reset - Clock::system().now().0 / 1_000)), "{reset}");
    x.pass(15 * 60_000);
    assert_eq!(ask().await.status(), 200);
    assert_eq!(x.books().asked("GET", "/users/me"), 4);
}

#[tokio::test]
async fn what_was_done_stands_in_the_books_also_where_nobody_was_told() {
    let x = Emulator::start().await;
    let us = asker(&x);
    let post = x.customer("ana").post("@tienda_sol hola");
    x.fault("POST /2/tweets", Fault::Drop { done: true }, 1);
    let body = |text: &str| Some(json!({"text": text, "reply": {"in_reply_to_tweet_id": post}}));
    assert!(us.ask(Method::POST, "/2/tweets", body("uno")).await.is_err());
    assert_eq!(x.books().answers_to(&post).len(), 1);
    assert_eq!(us.reply(&post, "uno").await.0, 403, "the same again is a duplicate");
    x.fault("POST /2/tweets", Fault::Drop { done: false }, 1);
    assert!(us.ask(Method::POST, "/2/tweets", body("dos")).await.is_err());
    x.fault("POST /2/tweets", Fault::HalfAnswer, 1);
    assert!(us.ask(Method::POST, "/2/tweets", body("tres")).await.unwrap().bytes().await.is_err());
    x.fault("POST /2/tweets", Fault::TooMany { after_s: 7 }, 1);
    assert_eq!(us.reply(&post, "cuatro").await.0, 429);
    x.fault("POST /2/tweets", Fault::Status { code: 503, done: true }, 1);
    assert_eq!(us.reply(&post, "cinco").await.0, 503);
    x.fault("GET /2/users/me", Fault::Malformed, 1);
    let odd = us.ask(Method::GET, "/2/users/me", None).await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<wire::One<wire::User>>(&odd).is_err());
    let books = x.books();
    let texts: Vec<&str> = books.answers_to(&post).iter().map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["@ana uno", "@ana tres", "@ana cinco"]);
}

/// The lines of a stream, as they come.
async fn lines(x: &Emulator, path: &str, token: &str) -> (u16, impl futures_util::Stream<Item = Line> + Unpin) {
    let response = reqwest::Client::new().get(format!("{}{path}", x.url())).bearer_auth(token).send().await.unwrap();
    let status = response.status().as_u16();
    let lines = response.bytes_stream().take_while(|bytes| std::future::ready(bytes.is_ok()));
    (status, Box::pin(lines.map(|bytes| read_line(&bytes.unwrap()))))
}

#[tokio::test]
async fn the_filtered_stream_goes_by_rules_lives_and_falls_silent() {
    let x = Emulator::start().await;
    let app = Asker { emulator: &x, token: APP_TOKEN.into() };
    let rules = json!({"add": [{"value": "(\"tienda sol\" OR tiendasol) -sorteo -is:retweet", "tag": "brand"}, {"value": "-nada"}]});
    let made: Value = app.ask(Method::POST, "/2/tweets/search/stream/rules", Some(rules)).await.unwrap().json().await.unwrap();
    assert_eq!(made["meta"]["summary"], json!({"created": 1, "not_created": 1, "deleted": 0}));
    x.keep_alive(20);
    let path = "/2/tweets/search/stream?tweet.fields=author_id,conversation_id,entities&expansions=author_id";
    assert_eq!(lines(&x, path, &x.tokens().0).await.0, 403, "not with the account's token");
    let (status, mut stream) = lines(&x, path, APP_TOKEN).await;
    assert_eq!(status, 200);
    assert_eq!(lines(&x, path, APP_TOKEN).await.0, 429, "one at a time");
    assert!(matches!(stream.next().await, Some(Line::KeepAlive)));
    let bea = x.customer("bea");
    bea.post("un sorteo de la tienda sol");
    let caught = bea.post("La Tienda Sol cierra");
    let line = loop {
        match stream.next().await.unwrap() {
            Line::KeepAlive => {}
            line => break line,
        }
    };
    let mapper = Mapper { account: &Account("tienda".into()), me: &x.brand_id(), now: Clock::system().now() };
    let events = mapper.line(&line);
    let [NetEvent::New(post)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((post.id.clone(), post.reach.clone()), (post_id(&caught), Reach::Buzz("brand".into())));
    x.stall_streams(true);
    let silent = async { while matches!(stream.next().await, Some(Line::KeepAlive)) {} };
    assert!(tokio::time::timeout(Duration::from_millis(300), silent).await.is_err(), "open, and without a sign of life");
    x.kick_streams();
    let ended = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
}

#[tokio::test]
async fn the_activity_stream_tells_what_was_subscribed_to() {
    let x = Emulator::start().await;
    let (me, us) = (x.brand_id(), asker(&x));
    let subscribe = async |kind: &str, user: &str| {
        let body = json!({"event_type": kind, "filter": {"user_id": user}, "tag": "sereno"});
        us.ask(Method::POST, "/2/activity/subscriptions", Some(body)).await.unwrap().status().as_u16()
    };
    let ana = x.customer("ana");
    assert_eq!(subscribe("post.mention.create", &me).await, 200);
    assert_eq!(subscribe("post.mention.create", &me).await, 400, "there is one");
    assert_eq!(subscribe("post.delete", &ana.id).await, 200);
    let (status, mut stream) = lines(&x, "/2/activity/stream", APP_TOKEN).await;
    assert_eq!(status, 200);
    let ours = x.brand_by_hand().post("¡Rebajas!");
    ana.quote(&ours, "nadie se ha suscrito a esto");
    let post = ana.post("@tienda_sol mi pedido");
    ana.delete(&post);
    let mapper = Mapper { account: &Account("tienda".into()), me: &me, now: Clock::system().now() };
    let first = mapper.line(&stream.next().await.unwrap());
    let [NetEvent::New(told)] = &first[..] else { panic!("{first:?}") };
    assert_eq!((told.id.clone(), told.reach.clone(), told.author.handle.expose()), (post_id(&post), Reach::Mention, "@ana"));
    let second = mapper.line(&stream.next().await.unwrap());
    assert!(matches!(&second[0], NetEvent::Deleted { post: PostRef::World(id), .. } if *id == post_id(&post)), "{second:?}");
}

/// Posts a form, as the adapter will.
fn exchange(x: &Emulator, path: &str, form: Form) -> impl Future<Output = Result<Granted, NotGranted>> + Send + use<> {
    exchange_at(format!("{}{path}", x.url()), form)
}

async fn exchange_at(address: String, form: Form) -> Result<Granted, NotGranted> {
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
    let mut request = reqwest::Client::new().post(address).form(&fields);
    if let Some(authorization) = &form.authorization {
        request = request.header("authorization", authorization.expose_secret());
    }
    let response = request.send().await.map_err(|e| NotGranted::NotNow(e.to_string()))?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|e| NotGranted::NotNow(e.to_string()))?;
    read_granted(status, &body, Clock::system().now())
}

const TOKEN: &str = "/2/oauth2/token";

fn exchanging(x: &Emulator) -> impl FnOnce(Form) -> Granting + Send + use<> {
    let address = format!("{}{TOKEN}", x.url());
    move |form| Box::pin(exchange_at(address, form))
}

type Granting = std::pin::Pin<Box<dyn Future<Output = Result<Granted, NotGranted>> + Send>>;

#[tokio::test]
async fn a_person_signs_the_account_in_and_each_refresh_token_serves_once() {
    let x = Emulator::start().await;
    let app = App { client_id: CLIENT_ID.into(), client_secret: None };
    let redirect: Url = "http://127.0.0.1:8765/callback".parse().unwrap();
    let attempt = Attempt::new(&std::array::from_fn(|n| u8::try_from(n).unwrap()), redirect.clone());
    let address = attempt.address(&"https://x.com/i/oauth2/authorize".parse().unwrap(), &app);
    let query: std::collections::BTreeMap<String, String> = address.query_pairs().into_owned().collect();
    let code = x.agree(&query["code_challenge"], redirect.as_str());
    let back: Url = format!("{redirect}?state={}&code={code}", query["state"]).parse().unwrap();
    let code = attempt.code(&back).unwrap();
    let granted = exchange(&x, TOKEN, attempt.exchange(&app, &code)).await.unwrap();
    assert_eq!(granted.missing(), [""; 0]);
    assert!(matches!(exchange(&x, TOKEN, attempt.exchange(&app, &code)).await, Err(NotGranted::Spent(_))), "a code serves once too");
    let dir = tempfile::tempdir().unwrap();
    let tokens = Tokens::open(app.clone(), dir.path().join("x.json"), Clock::system()).unwrap();
    tokens.signed_in(&x.brand_id(), &granted).await.unwrap();
    let us = Asker { emulator: &x, token: tokens.access(async |_| panic!("it is new")).await.unwrap().expose_secret().into() };
    assert_eq!(us.get("/2/users/me").await["data"]["username"], "tienda_sol");
    // Two hours later it ends; one of us asks for a new one.
    x.pass(7_200_001);
    assert_eq!(us.ask(Method::GET, "/2/users/me", None).await.unwrap().status(), 401);
    let renewed = tokens.after_refusal(&us.token.clone().into(), exchanging(&x)).await.unwrap();
    let us = Asker { emulator: &x, token: renewed.expose_secret().into() };
    assert_eq!(us.get("/2/users/me").await["data"]["id"], x.brand_id().as_str());
    // Whoever kept the old one has nothing of it.
    let old = app.refresh(granted.refresh.as_ref().unwrap());
    assert!(matches!(exchange(&x, TOKEN, old).await, Err(NotGranted::Spent(_))));
    assert_eq!(x.books().spent_twice, 1);
    x.revoke_all();
    let lost = tokens.after_refusal(&renewed, exchanging(&x)).await;
    assert!(matches!(lost, Err(NoToken::SignIn(_))), "{lost:?}");
}

#[tokio::test]
async fn the_app_has_a_token_of_its_own() {
    let x = Emulator::start().await;
    let pair = |secret: &str| Pair { key: CONSUMER.0.into(), secret: secret.to_owned().into() };
    let granted = exchange(&x, "/oauth2/token", app_only(&pair(CONSUMER.1))).await.unwrap();
    assert_eq!(granted.access.expose_secret(), APP_TOKEN);
    assert!(exchange(&x, "/oauth2/token", app_only(&pair("wrong"))).await.is_err());
    let basic = app_only(&pair(CONSUMER.1)).authorization.unwrap();
    assert_eq!(basic.expose_secret(), format!("Basic {}", BASE64.encode(b"consumer-key:consumer-secret")));
}

#[tokio::test]
async fn what_x_does_not_describe_is_refused_and_stands_in_the_books() {
    if super::spec::description().is_none() {
        return;
    }
    let x = Emulator::start().await;
    let us = asker(&x);
    let status = async |method, path: &str, body| us.ask(method, path, body).await.unwrap().status().as_u16();
    assert_eq!(status(Method::GET, &format!("/2/users/{}/mentions?max_results=3", x.brand_id()), None).await, 400);
    assert_eq!(status(Method::GET, "/2/tweets?ids=1&tweet.fields=text", None).await, 400);
    assert_eq!(status(Method::POST, "/2/tweets", Some(json!({"txt": 7, "reply": {}}))).await, 400);
    assert_eq!(x.books().faults.len(), 4, "{:#?}", x.books().faults);
}
