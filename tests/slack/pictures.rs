//! Pictures that staff hang on what goes to the customer: from the thread to the network, or not at all.

use super::town::Town;
use crate::emulator::slack::{Fault, On, TEAM_CHANNEL};
use sereno::media::Kind;

/// A picture, in words.
const CAT: &str = "GIF89a a cat on a parcel";

/// What came to the square with pictures: the text, and the bytes of each.
fn arrived(town: &Town) -> Vec<(String, Vec<String>)> {
    let words = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    town.square.with(|books| {
        let of = |r: &sereno::network::square::books::Received| {
            assert!(r.pictures.iter().all(|p| p.kind == Kind::Gif));
            (r.text.expose().to_owned(), r.pictures.iter().map(|p| words(&p.bytes)).collect())
        };
        books.received().iter().map(of).collect()
    })
}

#[tokio::test]
async fn a_drafted_picture_is_named_kept_by_an_edit_and_sent_with_the_text() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!draft It is like this", &[("cat & <parcel>.gif", CAT), ("two.gif", CAT)]);
    let entry = town.entry(&card.ts, "With 2 pictures: cat").await;
    assert_eq!(town.times(&card.ts, "two.gif (GIF, 1 KB)"), 1);
    // The form changes the text; what hangs on it stays.
    let edit = entry.actions.iter().find(|(action, _)| action.contains("draft")).map(|(action, _)| action.clone()).unwrap();
    ana.presses(&entry.ts, &edit);
    let form = town.form("ana").await;
    let block = form.body["blocks"].as_array().unwrap().iter().find_map(|b| b["block_id"].as_str().filter(|id| id.starts_with("text")));
    ana.submits(&form.id, &[(block.unwrap(), "It looks like this")]);
    town.entry(&card.ts, "It looks like this").await;
    ana.slash("/reply 1");
    town.sent("It looks like this").await;
    assert_eq!(arrived(&town), [("It looks like this".to_owned(), vec![CAT.to_owned(), CAT.to_owned()])]);
    town.sound().await;
}

#[tokio::test]
async fn a_mention_with_a_picture_sends_it_once() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.slack.user("ana").says_with(TEAM_CHANNEL, Some(&card.ts), "@sereno reply Look here", &[("cat.gif", CAT)]);
    town.sent("Look here").await;
    assert_eq!(arrived(&town), [("Look here".to_owned(), vec![CAT.to_owned()])]);
    town.sound().await;
}

#[tokio::test]
async fn what_cannot_go_is_refused_where_it_was_typed() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let cat = ("cat.gif", CAT);
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!draft", &[cat]);
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!reply 1", &[cat]);
    town.told(&ana.id, "needs a text beside it").await;
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!reply Look", &[cat, cat, cat]);
    town.told(&ana.id, "at most 2").await;
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!reply Look", &[cat, ("terms.pdf", "%PDF-1.7")]);
    town.told(&ana.id, "File 2 is none of the kinds").await;
    town.settled().await;
    assert_eq!(arrived(&town), []);
}

/// What is found out when it is sent stops it, and says why in the thread.
async fn stopped(prepare: impl Fn(&Town), content: &str, words: &str) {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    ana.says_with(TEAM_CHANNEL, Some(&card.ts), "!draft Look here", &[("cat.gif", content)]);
    town.entry(&card.ts, "With a picture:").await;
    prepare(&town);
    ana.slash("/reply 1");
    town.entry(&card.ts, words).await;
    assert_eq!(arrived(&town), [], "never without its picture");
}

#[tokio::test]
async fn a_file_that_was_deleted_meanwhile_stops_the_answer() {
    stopped(|town| town.slack.user("ana").deletes_files(), CAT, "no longer in the chat").await;
}

#[tokio::test]
async fn what_is_no_picture_whatever_its_name_stops_the_answer() {
    stopped(|_| {}, "<svg onload=alert(1)>", "is no picture that can be sent").await;
}

#[tokio::test]
async fn slacks_page_for_signing_in_is_not_taken_for_a_picture() {
    stopped(|town| town.slack.fault(On::Method("download"), Fault::Refused("invalid_auth"), 1), CAT, "a page for signing in").await;
}

#[tokio::test]
async fn an_app_that_may_not_read_files_is_told_what_it_lacks() {
    stopped(|town| town.slack.fault(On::Method("files.info"), Fault::Refused("missing_scope"), 1), CAT, "files:read").await;
}

#[tokio::test]
async fn a_download_that_fails_for_a_moment_is_tried_again() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.slack.fault(On::Method("download"), Fault::Status { code: 503, done: false }, 1);
    town.slack.user("ana").says_with(TEAM_CHANNEL, Some(&card.ts), "!reply Look here", &[("cat.gif", CAT)]);
    town.sent("Look here").await;
    assert_eq!(arrived(&town).len(), 1);
    town.sound().await;
}
