//! Pictures of customers' posts: fetched from where strangers say, shown below the post, gone with it.

use super::once::{Running, message};
use super::proxy::Proxy;
use super::staff::server;
use super::town::{Team, Town, in_both_rooms};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use data_encoding::BASE64;
use serde_json::{Value, json};
use sereno::chat::Message;
use sereno::chat::matrix::{Rules, Settings};
use sereno::network::square::books::{Hand, Writing};
use sereno::post::{AuthorId, Media};
use sereno::view::Pictures;
use std::path::Path;

/// Somebody's server with pictures: its address.
async fn gallery(picture: Vec<u8>) -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let app = Router::new()
        .route("/train.jpg", get(move || async move { ([("content-type", "text/plain")], picture) }))
        .route("/script.png", get(|| async { ([("content-type", "image/png")], "<svg onload=alert(1)>") }))
        .route("/gone.png", get(|| async { StatusCode::NOT_FOUND }));
    (address, tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

/// A picture, with this part in it besides.
fn picture(part: &str) -> Vec<u8> {
    let begin = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0 crc".as_slice();
    [begin, part.as_bytes(), b"\0\0\0\x04IDATthat crc\0\0\0\0IEND crc"].concat()
}

fn complain(town: &Town, text: &str, pictures: &[String]) {
    let now = town.square.clock().now();
    let media = pictures.iter().map(|url| Media { kind: "image".into(), url: url.clone(), description: None }).collect();
    let writing = Writing { author: AuthorId::from("marta"), text: format!("@acme {text}"), concerns: true, media, ..Writing::default() };
    town.square.with(|books| books.write(writing, Hand::Person, now));
}

async fn a_customers_picture_comes_and_goes_with_its_post(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let png = picture("");
    // Phones write where it was taken.
    let (address, serving) = gallery(picture("\0\0\0\x08eXIfof Soria crc")).await;
    let mut town = Town::asleep(&hs, encrypted).await;
    town.settings.fetch = Rules { https: false, may: |ip| ip.is_loopback() };
    town.wake().await;
    complain(&town, "look at my train", &["script.png", "gone.png", "train.jpg"].map(|name| format!("{address}/{name}")));
    let card = town.card("my train").await;
    let is = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["msgtype"] == "m.image";
    let picture = town.ana.until("the picture", |events| events.iter().find(is).cloned()).await;
    let content = &picture["content"];
    assert_eq!(content["m.relates_to"]["event_id"], card.as_str(), "in the case's thread: {picture}");
    assert!(content["dev.sereno.op"].as_str().unwrap().ends_with("-picture-3"), "{picture}");
    assert_eq!((&content["info"]["mimetype"], &content["info"]["size"]), (&json!("image/png"), &json!(png.len())));
    // The file: a colleague's client opens it, and whoever keeps it cannot where nobody else is to read the room.
    let file = &content["file"];
    assert_eq!(file.is_object(), encrypted, "{picture}");
    let url = if encrypted { &file["url"] } else { &content["url"] }.as_str().unwrap().trim_start_matches("mxc://");
    let url = format!("{hs}/_matrix/client/v1/media/download/{url}");
    let kept = reqwest::Client::new().get(url).bearer_auth(&town.bot.token).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(kept == png, !encrypted);
    if encrypted {
        let opened = town.ana.does(json!({ "do": "unseal", "file": file, "bytes": BASE64.encode(&kept) })).await;
        assert_eq!(opened["bytes"], BASE64.encode(&png).as_str());
    }
    // A picture that comes in a later post, and nothing is known of the first any more but what the room says.
    complain(&town, "and look again", &[format!("{address}/train.jpg")]);
    let second = |events: &[Value]| events.iter().filter(is).nth(1).cloned();
    let second = town.ana.until("the second picture", second).await;
    town.settled().await;
    town.crash().await;
    town.start();
    let now = town.square.clock().now();
    town.square.with(|books| {
        let first = books.posts().find(|s| s.post.text.expose().contains("my train")).unwrap().post.id.clone();
        assert!(books.delete(&first, now));
    });
    let event = |e: &Value| e["event_id"].as_str().unwrap().to_owned();
    let redacted =
        |e: &&Value| e["type"] == "m.room.redaction" && [&e["redacts"], &e["content"]["redacts"]].contains(&&picture["event_id"]);
    town.ana.until("the picture to go", |events| events.iter().find(redacted).map(drop)).await;
    town.sound().await;
    let room = super::staff::escaped(&town.room);
    let of = async |id: &str| town.bot.call("GET", &format!("rooms/{room}/event/{}", super::staff::escaped(id)), Value::Null).await;
    let (first, second) = (of(&event(&picture)).await, of(&event(&second)).await);
    assert!(first["content"].get("body").is_none() && first["content"].get("ciphertext").is_none(), "{first}");
    assert!(second["content"].get("body").or(second["content"].get("ciphertext")).is_some(), "its post still stands: {second}");
    assert_eq!(town.ana.events().iter().filter(is).count(), 2, "{}", town.ana.sight());
    serving.abort();
    town.sleep().await;
}

in_both_rooms!(
    a_customers_picture_comes_and_goes_with_its_post,
    a_customers_picture_comes_and_goes_with_its_post_in_a_plain_room,
    a_customers_picture_comes_and_goes_with_its_post_in_an_encrypted_room
);

/// A plain room, a gallery and what the bot is set up with, behind a proxy.
async fn behind(hs: &str, folder: &Path) -> (Proxy, Team, Settings, String, String) {
    let proxy = Proxy::new(hs).await;
    let team = Team::new(hs).await;
    let room = team.room(false).await;
    let mut settings = team.settings(folder, &room);
    settings.homeserver = proxy.url.clone();
    settings.fetch = Rules { https: false, may: |ip| ip.is_loopback() };
    let (address, _) = gallery(picture("")).await;
    (proxy, team, settings, room, format!("{address}/train.jpg"))
}

/// Waits until so many pictures stood in the room, and until this many of them were taken away; those that stand.
async fn pictures(team: &Team, came: usize, went: usize) -> usize {
    let is = |e: &&Value| e["sender"] == team.bot.id.as_str() && e["content"]["msgtype"] == "m.image";
    let gone = |e: &&Value| e["sender"] == team.bot.id.as_str() && e["type"] == "m.room.redaction";
    let what = format!("{came} pictures, of which {went} go");
    let counts = |events: &[Value]| (events.iter().filter(is).count(), events.iter().filter(gone).count());
    let (came, went) = team.ana.until(&what, |events| Some(counts(events)).filter(|(c, w)| *c >= came && *w >= went)).await;
    came - went
}

/// Its case's card was replaced meanwhile, so that the thread is another by name: the picture is found where it hangs. And the
/// thread is gone through once for all that goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_goes_with_its_post_from_the_thread_of_a_card_that_was_replaced() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (proxy, team, settings, room, picture) = behind(&hs, folder.path()).await;
    let now = settings.clock.now();
    let bot = Running::new(&settings, &team.ana.id);
    let card = bot.posts(&message("card", &room, now)).await;
    let mut entries = Vec::new();
    for n in 0..3 {
        let pictures = Pictures::Shown(vec![picture.clone()]);
        let entry = Message { thread: Some(card.clone()), pictures, ..message(&format!("entry-{n}"), &room, now) };
        entries.push(bot.posts(&entry).await);
    }
    assert_eq!(pictures(&team, 3, 0).await, 3);
    let other = bot.posts(&message("card-instead", &room, now)).await;
    bot.ends().await;
    let bot = Running::new(&settings, &team.ana.id);
    for (n, entry) in entries.iter().enumerate() {
        let gone = message(&format!("gone-{n}"), &room, now);
        bot.posts(&Message { thread: Some(other.clone()), edit: Some(entry.clone()), pictures: Pictures::Gone, ..gone }).await;
    }
    assert_eq!(pictures(&team, 3, 3).await, 0);
    assert_eq!(proxy.asked("/relations/"), 1, "the thread is gone through once");
    bot.ends().await;
}

/// The post goes while its picture is on the way, and whether that stands the homeserver does not say: it does not stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_of_which_nobody_said_that_it_stands_goes_with_its_post() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (proxy, team, settings, room, picture) = behind(&hs, folder.path()).await;
    let now = settings.clock.now();
    let bot = Running::new(&settings, &team.ana.id);
    let hold = proxy.holds("/upload");
    let card = bot.posts(&Message { pictures: Pictures::Shown(vec![picture]), ..message("card", &room, now) }).await;
    hold.reached.notified().await;
    bot.posts(&Message { edit: Some(card), pictures: Pictures::Gone, ..message("gone", &room, now) }).await;
    proxy.mutes(Some("m.image"));
    hold.released.notify_one();
    assert_eq!(pictures(&team, 1, 1).await, 0);
    bot.ends().await;
}
