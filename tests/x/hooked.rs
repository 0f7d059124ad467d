//! X sends what happens to the bot's own address: the binary itself, over TLS, from its being made known to the answer.

use super::login::{configure, emulator, log_in};
use crate::emulator::x::CONSUMER;
use crate::run::{BOUND, Bot, free_port, said};
use std::path::Path;
use std::time::{Duration, Instant};

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < BOUND, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn change(dir: &Path, from: &str, to: &str) {
    let file = dir.join("bot.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn what_happens_comes_to_an_address_that_x_was_told_and_is_told_again_where_it_gave_it_up() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(dir.join("consumer"), format!("{}\n", CONSUMER.1)).unwrap();
    let port = free_port();
    let streams = format!("consumer_key = \"{}\"\nconsumer_secret = \"file:consumer\"\n", CONSUMER.0);
    let intake = format!("[http]\nintake = \"127.0.0.1:{port}\"\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n");
    configure(dir, &x, &format!("{streams}{intake}"));
    // What is not told is not found before the test is over.
    change(dir, "poll_seconds = 1\n", "poll_seconds = 3600\n");
    assert!(log_in(dir, &x, &[]).0);

    // By the stream at first.
    let mut bot = Bot::start(dir);
    until("the stream is open", || x.streams() == 1);
    let by_webhook = |x: &crate::emulator::x::Emulator| x.subscriptions().iter().filter(|(_, hooked)| *hooked).count();
    assert_eq!((x.subscriptions().len(), by_webhook(&x)), (5, 0));
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));

    // Then X is to send it.
    let address = format!("https://localhost:{port}/hook/tienda");
    change(dir, "[http]\n", &format!("[http]\npublic_url = \"https://localhost:{port}\"\n"));
    let (ok, told) = said(dir, &["check"]);
    assert!(ok && told.contains(&format!("X does not know {address} yet")), "{told}");
    let mut bot = Bot::start(dir);
    until("all is told to the address", || by_webhook(&x) == 5);
    assert_eq!((x.webhooks(), x.subscriptions().len(), x.streams()), (vec![(address.clone(), true)], 5, 0));
    // Each is sent twice.
    x.stutter();
    let mut seen = Vec::new();
    let post = x.customer("ana").post("@tienda_sol mi pedido no llega");
    let id = format!("x:{post}");
    bot.event("the card", &mut seen, |v| v["type"] == "card" && v["post"] == id.as_str());
    until("both were answered", || x.books().delivered == [200, 200]);
    let (ok, told) = said(dir, &["check"]);
    assert!(ok && told.contains(&format!("X sends to {address}")), "{told}");

    // X gave it up while the bot was away.
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    x.doubt_webhooks();
    let (ok, told) = said(dir, &["check"]);
    assert!(!ok && told.contains(&format!("X does not send to {address} any more")), "{told}");
    let mut bot = Bot::start(dir);
    until("X asked again", || x.webhooks() == [(address.clone(), true)]);
    let post = x.customer("bea").post("@tienda_sol ¿y el mío?");
    let id = format!("x:{post}");
    bot.event("the card", &mut seen, |v| v["type"] == "card" && v["post"] == id.as_str());
    let cards = seen.iter().filter(|v| v["type"] == "card" && v["edit"] == false);
    assert_eq!(cards.count(), 2, "{seen:?}");
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));

    // And by the stream again.
    change(dir, &format!("public_url = \"https://localhost:{port}\"\n"), "");
    let bot = Bot::start(dir);
    until("the stream is open", || x.streams() == 1);
    assert_eq!((x.subscriptions().len(), by_webhook(&x)), (5, 0));
    drop(bot);
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[test]
fn what_an_app_lacks_is_said_and_only_a_mistake_is_one() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    std::fs::write(dir.join("consumer"), format!("{}\n", CONSUMER.1)).unwrap();
    let streams = format!("consumer_key = \"{}\"\nconsumer_secret = \"file:consumer\"\n", CONSUMER.0);
    configure(dir, &x, &format!("{streams}[[listen]]\nname = \"marca\"\nkeywords = [\"mi pedido\"]\n"));
    assert!(log_in(dir, &x, &[]).0);
    let refused = crate::emulator::x::Fault::Status { code: 403, done: false };
    x.fault("GET /2/tweets/search/stream/rules", refused, 1);
    x.fault("GET /2/activity/subscriptions", refused, 1);
    let (ok, told) = said(dir, &["check"]);
    assert!(ok && told.contains("the app's plan has no filtered stream") && told.contains("does not tell of mentions by itself"), "{told}");
    let (ok, told) = said(dir, &["check"]);
    assert!(ok && !told.contains("plan"), "{told}");
    let open = |mode| std::fs::set_permissions(dir.join("sereno-data.x-tienda.json"), std::os::unix::fs::PermissionsExt::from_mode(mode));
    open(0o644).unwrap();
    let (ok, told) = said(dir, &["check"]);
    assert!(!ok && told.contains("chmod 600"), "{told}");
    open(0o600).unwrap();
    std::fs::write(dir.join("consumer"), "another secret\n").unwrap();
    let (ok, told) = said(dir, &["check"]);
    assert!(!ok && told.contains("X does not know the app") && !told.contains("another secret"), "{told}");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}
