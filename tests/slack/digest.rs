//! The digest and its picture, which goes up in Slack's three steps: each stands once, whatever breaks off.

use super::town::Town;
use crate::emulator::slack::{Books, Fault, File, On, TEAM_CHANNEL};
use sereno::desk::Desk;
use sereno::store::{Commit, Store};

/// A town in which today's digest is due as soon as the bot is up.
async fn due() -> Town {
    let mut town = Town::asleep().await;
    // The last was given days ago, and now is after today's time.
    (town.policy.digest.enabled, town.policy.digest.minute_of_day) = (true, 0);
    let desk = Desk { digest_given: Some("2026-01-01".into()), ..Desk::default() };
    town.store.commit(Commit { desk: Some(desk), ..Commit::default() }).unwrap();
    town
}

fn texts(books: &Books) -> usize {
    books.top(TEAM_CHANNEL).iter().filter(|m| m.ours && m.words().contains("Digest of")).count()
}

/// The pictures that stand in the channel.
fn pictures(books: &Books) -> Vec<File> {
    books.top(TEAM_CHANNEL).iter().filter(|m| m.ours).flat_map(|m| &m.files).map(|id| books.files[id].clone()).collect()
}

/// Of what is given to the bot its digest and its picture come of it, each once.
async fn stands_once(town: &Town) {
    town.slack.until("the picture", |b| (!pictures(b).is_empty()).then_some(())).await;
    town.sound().await;
    let books = town.slack.books();
    let shown = pictures(&books);
    assert_eq!((texts(&books), shown.len()), (1, 1), "{}", town.slack.sight());
    assert!(shown[0].content.as_ref().unwrap().starts_with(b"\x89PNG"), "{:?}", shown[0].name);
    assert!(shown[0].title.contains("Digest of") && shown[0].alt.as_ref().unwrap().contains("Digest of"), "{:?}", shown[0].title);
}

#[tokio::test]
async fn the_digest_brings_its_picture() {
    let town = due().await;
    town.wake().await;
    stands_once(&town).await;
    // Nor does another start bring it again.
    town.sleep().await;
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    stands_once(&town).await;
}

/// Each of these faults once at one of the three steps.
async fn despite(step: &'static str, faults: &[Fault]) {
    let one = async |fault: &Fault| {
        let town = due().await;
        town.slack.fault(On::Method(step), *fault, 1);
        town.wake().await;
        stands_once(&town).await;
        assert_eq!(town.slack.faults_done().get(fault.name()), Some(&1));
    };
    futures_util::future::join_all(faults.iter().map(one)).await;
}

const NOT_DONE: [Fault; 4] =
    [Fault::Status { code: 503, done: false }, Fault::TooMany { after_s: 1 }, Fault::Drop { done: false }, Fault::Hang { done: false }];
const DONE: [Fault; 3] = [Fault::Status { code: 500, done: true }, Fault::Drop { done: true }, Fault::Hang { done: true }];

#[tokio::test]
async fn an_address_that_did_not_come_is_asked_for_again() {
    despite("files.getUploadURLExternal", &NOT_DONE).await;
}

#[tokio::test]
async fn an_address_that_was_given_and_never_heard_is_asked_for_again() {
    despite("files.getUploadURLExternal", &DONE).await;
}

#[tokio::test]
async fn bytes_that_did_not_arrive_are_sent_again() {
    despite("upload", &NOT_DONE).await;
}

#[tokio::test]
async fn bytes_that_arrived_without_a_word_are_sent_again() {
    despite("upload", &DONE).await;
}

#[tokio::test]
async fn a_picture_that_was_not_shown_is_once_slack_is_well_again() {
    despite("files.completeUploadExternal", &NOT_DONE).await;
}

#[tokio::test]
async fn a_picture_that_was_shown_without_a_word_is_found_and_not_shown_again() {
    despite("files.completeUploadExternal", &DONE).await;
}

#[tokio::test]
async fn a_picture_that_slack_shows_late_is_waited_for() {
    let mut town = due().await;
    town.settings.pace.shows = std::time::Duration::from_secs(10);
    town.slack.shows_files_late(3_500);
    town.slack.fault(On::Method("files.completeUploadExternal"), Fault::Drop { done: true }, 1);
    town.wake().await;
    stands_once(&town).await;
    assert_eq!(town.slack.books().log.calls["files.completeUploadExternal"], 1);
}

#[tokio::test]
async fn a_bot_that_dies_between_the_text_and_its_picture_brings_it_when_it_is_back() {
    let town = due().await;
    town.slack.fault(On::Method("files.getUploadURLExternal"), Fault::Hang { done: false }, 1);
    town.wake().await;
    town.slack.until("the text", |b| (texts(b) > 0).then_some(())).await;
    town.crash().await;
    town.wake().await;
    stands_once(&town).await;
}

#[tokio::test]
async fn a_picture_that_slack_does_not_take_leaves_the_digest_standing() {
    let town = due().await;
    town.slack.fault(On::Method("files.getUploadURLExternal"), Fault::Refused("file_uploads_disabled"), 1);
    town.wake().await;
    town.slack.until("the text", |b| (texts(b) > 0).then_some(())).await;
    town.sound().await;
    let books = town.slack.books();
    assert_eq!((texts(&books), pictures(&books).len()), (1, 0), "{}", town.slack.sight());
}
