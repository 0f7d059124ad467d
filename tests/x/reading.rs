//! Reading from where one left off, and looking again, on the emulator.

use super::Signed;
use crate::emulator::x::{Emulator, Fault};
use sereno::clock::Clock;
use sereno::network::NetError;
use sereno::network::x::mapping::post_id;
use sereno::network::x::query::{MAX_QUERY, queries};
use sereno::network::x::read::{Noted, Stream};
use sereno::policy::{DmRoute, ListenRule};
use sereno::post::{NetEvent, Post, PostRef, Reach};

fn posts(events: &[NetEvent]) -> Vec<&Post> {
    events.iter().map(|event| if let NetEvent::New(post) | NetEvent::Edited(post) = event { post } else { panic!("{event:?}") }).collect()
}

fn local_ids(events: &[NetEvent]) -> Vec<&str> {
    posts(events).into_iter().map(|post| post.local_id.as_str()).collect()
}

#[tokio::test]
async fn five_hundred_mentions_come_oldest_first_and_each_once() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let ids: Vec<String> = (0..500).map(|n| ana.post(&format!("@tienda_sol pedido {n}"))).collect();
    let later = Clock::system().now().plus(10 * 60_000);
    let (page, noted) = us.at(later).poll(&Stream::Mentions, None).await.unwrap();
    assert_eq!(local_ids(&page.events), ids);
    assert_eq!((noted.posts.len(), noted.gap), (500, false));
    let (again, _) = us.at(later).poll(&Stream::Mentions, None).await.unwrap();
    assert_eq!((again.events.len(), &again.cursor), (500, &page.cursor), "the same cursor gives the same again");
    let (rest, _) = us.at(later).poll(&Stream::Mentions, page.cursor.as_deref()).await.unwrap();
    assert!(rest.events.is_empty() && rest.cursor.is_none());
    let next = ana.post("@tienda_sol y otra cosa");
    let (rest, _) = us.at(later).poll(&Stream::Mentions, page.cursor.as_deref()).await.unwrap();
    assert_eq!(local_ids(&rest.events), [next]);
}

#[tokio::test]
async fn what_is_young_is_read_again_and_what_is_too_old_is_left() {
    let x = Emulator::start().await;
    let ana = x.customer("ana");
    x.pass(-2 * 3_600_000);
    ana.post("@tienda_sol de hace dos horas");
    x.pass(2 * 3_600_000);
    let us = Signed::on(&x).await;
    let young = ana.post("@tienda_sol ahora");
    let (page, _) = us.now().poll(&Stream::Mentions, None).await.unwrap();
    assert_eq!(local_ids(&page.events), [young.as_str()], "no further back than the import");
    // The cursor stays behind it: something older may still appear.
    let (again, _) = us.now().poll(&Stream::Mentions, page.cursor.as_deref()).await.unwrap();
    assert_eq!(local_ids(&again.events), [young]);
}

#[tokio::test]
async fn more_than_x_shows_is_a_gap_that_is_said() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    for n in 0..800 {
        ana.post(&format!("@tienda_sol {n}"));
    }
    let (page, noted) = us.now().poll(&Stream::Mentions, None).await.unwrap();
    assert!(page.gap && noted.gap);
}

#[tokio::test]
async fn private_messages_are_read_back_to_the_last_one_known() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let ids: Vec<String> = (0..45).map(|n| format!("dm:{}", ana.dm(&format!("mensaje {n}")))).collect();
    let later = Clock::system().now().plus(10 * 60_000);
    let (page, noted) = us.at(later).poll(&Stream::Dms, None).await.unwrap();
    assert_eq!(local_ids(&page.events), ids);
    assert_eq!(noted.dms.len(), 45);
    assert!(posts(&page.events).iter().all(|post| post.is_dm() && post.text.expose().starts_with("mensaje")));
    let asked = x.books().asked("GET", "dm_events");
    let next = ana.dm("otro");
    let (page, noted) = us.at(later).poll(&Stream::Dms, page.cursor.as_deref()).await.unwrap();
    assert_eq!(local_ids(&page.events), [format!("dm:{next}")]);
    assert_eq!(x.books().asked("GET", "dm_events") - asked, 1, "one page");
    assert_eq!(noted.dms.len(), 2, "and no further than the one that was known");
}

#[tokio::test]
async fn what_is_searched_for_is_found_and_told_by_its_rule() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let rule = ListenRule {
        name: "marca".into(),
        keywords: vec!["tienda sol".into()],
        exclude: vec!["sorteo".into()],
        hashtags: vec!["tiendasol".into()],
        ..ListenRule::default()
    };
    let query = queries(&rule, "tienda_sol", MAX_QUERY).remove(0);
    let bea = x.customer("bea");
    let found = bea.post("la Tienda Sol cierra");
    let tagged = bea.post("qué mal #tiendasol");
    bea.post("sorteo de la tienda sol");
    bea.post("el sol sale");
    let stream = Stream::Search { rule: "marca".into(), query };
    let (page, _) = us.now().poll(&stream, Some("1")).await.unwrap();
    assert_eq!(local_ids(&page.events), [found, tagged]);
    assert!(posts(&page.events).iter().all(|post| post.reach == Reach::Buzz("marca".into())));
    let books = x.books();
    let asked = books.requests.iter().find(|r| r.path.ends_with("recent")).unwrap();
    let since = asked.query.iter().find(|(name, _)| name == "since_id").unwrap().1.parse::<u64>().unwrap();
    assert!(since > 1_000_000, "no further back than X searches: {since}");
    assert!(books.faults.is_empty(), "{:#?}", books.faults);
}

#[tokio::test]
async fn looking_again_finds_what_was_edited_what_is_gone_and_how_it_spreads() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    let first = ana.post("@tienda_sol roto");
    let gone = ana.post("@tienda_sol me arrepiento");
    let last = ana.edit(&first, "@tienda_sol muy roto");
    ana.delete(&gone);
    bea.repost(&last);
    bea.reply_to(&last, "y a mí");
    let known = [PostRef::World(post_id(&first)), PostRef::Local { account: "tienda".into(), local_id: gone.clone() }];
    let others = [PostRef::World("x:dm:7".into()), PostRef::Local { account: "otra".into(), local_id: "1".into() }];
    let (events, _) = us.now().refresh(&[&known[..], &others[..]].concat()).await.unwrap();
    let NetEvent::Edited(post) = &events[0] else { panic!("{events:?}") };
    assert_eq!((post.id.clone(), post.local_id.as_str(), post.text.expose()), (post_id(&first), last.as_str(), "@tienda_sol muy roto"));
    let NetEvent::Engagement { post, engagement } = &events[1] else { panic!("{events:?}") };
    assert_eq!((post, engagement.reposts, engagement.replies), (&known[0], 1, 1));
    assert!(events[2..].iter().any(|e| matches!(e, NetEvent::Deleted { post, .. } if *post == known[1])), "{events:?}");
    assert_eq!(events.len(), 4);
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_on_the_way() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    x.customer("ana").post("@tienda_sol hola");
    // By X's clock it has ended, by ours not yet.
    x.pass(7_200_001);
    let (page, _) = us.at(Clock::system().now().plus(7_200_001)).poll(&Stream::Mentions, Some("1")).await.unwrap();
    assert_eq!(page.events.len(), 1);
    x.revoke_all();
    assert!(matches!(us.now().poll(&Stream::Mentions, None).await, Err(NetError::Auth(_))));
}

#[tokio::test]
async fn where_x_gives_nothing_the_cursor_stays_and_its_limits_are_kept() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    x.customer("ana").post("@tienda_sol hola");
    for fault in [Fault::Malformed, Fault::HalfAnswer, Fault::Drop { done: false }, Fault::Status { code: 503, done: false }] {
        x.fault("/mentions", fault, 1);
        let read = us.now().poll(&Stream::Mentions, None).await;
        assert!(matches!(read, Err(NetError::Retry { .. })), "{fault:?}: {read:?}");
    }
    x.fault("/mentions", Fault::TooMany { after_s: 60 }, 1);
    let Err(NetError::Retry { after_ms: Some(ms), .. }) = us.now().poll(&Stream::Mentions, None).await else { panic!() };
    assert!((50_000..=61_000).contains(&ms), "{ms}");
    let asked = x.books().asked("GET", "/mentions");
    assert!(matches!(us.now().poll(&Stream::Mentions, None).await, Err(NetError::Retry { after_ms: Some(_), .. })));
    assert_eq!(x.books().asked("GET", "/mentions"), asked, "X is not asked before its time");
    assert!(us.now().poll(&Stream::Own, None).await.is_ok(), "other windows are other windows");
    assert!(matches!(us.now().poll(&Stream::Dms, Some("x")).await, Err(NetError::Permanent(_))));
    assert_eq!(us.now().poll(&Stream::Dms, None).await.unwrap().1, Noted::default());
}

#[tokio::test]
async fn whom_we_may_write_to_is_known_before_anybody_does() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    bea.takes_dms(false);
    ana.post("@tienda_sol mi pedido");
    bea.post("@tienda_sol el mío");
    let (page, _) = us.now().poll(&Stream::Mentions, None).await.unwrap();
    let routes: Vec<_> = posts(&page.events).into_iter().map(|post| post.author.route.clone()).collect();
    let url = format!("https://x.com/messages/compose?recipient_id={}", x.brand_id());
    assert_eq!(routes, [Some(DmRoute::Direct), Some(DmRoute::Link { url })]);
}
