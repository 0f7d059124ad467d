//! What becomes known of an account that cannot be read, and of who asks for it.

use super::{BOUND, Books, Scene};
use sereno::http::{self, Limits};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Minutes pass in a twinkling.
const FAST: u32 = 1_000;

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fails_for_minutes_is_told_of_once_and_stands_in_health() {
    let Scene { world, bot, .. } = Scene::arranged(FAST, |b| b.down = true);
    let bot = Arc::new(bot);
    let server = http::serve("127.0.0.1:0".parse().unwrap(), Arc::clone(&bot), Limits::default()).await.unwrap();
    let asked = |path: &'static str| {
        let address = server.address();
        async move { tokio::task::spawn_blocking(move || get(address, path)).await.unwrap() }
    };
    world.until("the team is told", |b| b.alarms.len() == 1).await;
    assert!(world.with(|b| b.alarms[0].contains("acme") && b.alarms[0].contains("no connection")));
    let health = asked("/health").await;
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("\"ok\":false"), "{health}");
    assert!(health.contains("\"store\":\"ok\"") && health.contains("\"failing\"") && health.contains("no connection"), "{health}");
    assert!(asked("/live").await.starts_with("HTTP/1.1 200"), "a restart would not help");
    // It fails on, and nothing more is said.
    let signed_in = world.with(|b| b.signed_in);
    world.until("it is tried on", |b| b.signed_in > signed_in + 5).await;
    assert_eq!(world.with(|b| b.alarms.len()), 1);
    world.with(|b| b.down = false);
    world.until("the team is told that it works", |b| b.alarms.len() == 2).await;
    let health = asked("/health").await;
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("\"ok\":true"), "{health}");
    bot.stop().await;
    assert!(asked("/live").await.starts_with("HTTP/1.1 503"), "the engine is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_to_be_passed_over_is_said() {
    let Scene { world, bot, .. } = Scene::arranged(FAST, |b| b.passed_over = 2);
    world.until("the team is told", |b| b.alarms.len() == 1).await;
    assert!(world.with(|b| b.alarms[0].contains("2 items") && b.alarms[0].contains("acme")));
    assert!(bot.metrics().encode().contains("kind=\"passed_over\"} 2"), "{}", bot.metrics().encode());
    bot.stop().await;
}

/// However many connect and say nothing, or a byte now and then: whoever asks is answered in time.
#[tokio::test(flavor = "multi_thread")]
async fn who_drips_keeps_nobody_from_health() {
    let Scene { bot, .. } = Scene::arranged(FAST, |_| {});
    let limits = Limits { at_once: 4, lasts: Duration::from_millis(300), ..Limits::default() };
    let server = http::serve("127.0.0.1:0".parse().unwrap(), Arc::new(bot), limits).await.unwrap();
    let address = server.address();
    tokio::task::spawn_blocking(move || {
        let mut dripping: Vec<TcpStream> = (0..12).map(|_| TcpStream::connect(address).unwrap()).collect();
        for byte in b"GET" {
            dripping.iter_mut().for_each(|s| drop(s.write(&[*byte])));
            let began = std::time::Instant::now();
            assert!(get(address, "/health").starts_with("HTTP/1.1 200"));
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        }
        // And they are let go of.
        for stream in &mut dripping {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let ended = stream.read(&mut [0; 64]);
            assert!(matches!(ended, Ok(0)) || ended.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset), "{ended:?}");
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_told_once_until_a_reading_has_none() {
    let Scene { world, bot, .. } = Scene::arranged(FAST, |b| b.gap = true);
    let counted =
        || bot.metrics().encode().lines().find_map(|l| l.strip_prefix("sereno_gaps_total{account=\"acme\"} ")?.parse::<u64>().ok());
    let told = |b: &Books| b.alarms.iter().filter(|a| a.contains("the oldest of it is missing")).count();
    world.until("the gap is told", |b| told(b) == 1).await;
    while counted() < Some(3) {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.with(|b| told(b)), 1, "each reading has it, and it is told once");
    let polls = world.with(|b| {
        b.gap = false;
        b.polls
    });
    // The reading after the one that may be on its way.
    world.until("it is read without", |b| b.polls > polls + 2).await;
    world.with(|b| b.gap = true);
    world.until("another gap is told", |b| told(b) == 2).await;
    bot.stop().await;
}
