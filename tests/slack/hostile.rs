//! Whatever people write, and whatever they call themselves: nobody is pinged, and only our own links are links.

use super::town::Town;
use crate::emulator::slack::{Fault, On, TEAM_CHANNEL};
use sereno::post::{Author, AuthorId, Untrusted};

/// All that Slack might read markup, a name or an address out of; `word` tells one from another.
fn trap(word: &str) -> String {
    format!(
        "{word} <!channel> <!here|x> <@U0EMU00002> <@U0EMU00002|eva> <!subteam^S0EMU0001> <#C0EMU00001> @channel @here @everyone @eva \
         <https://evil.example|https://bank.example> https://evil.example/{word} www.evil.com evil.io/pay mailto:a@evil.com a@evil.com \
         &lt;!channel&gt; *bold* `code` [bank](https://evil.example) <!date^1700000000^{{date}}^https://evil.example|today>"
    )
}

/// A town where somebody's very name is a trap.
async fn town() -> Town {
    let town = Town::new().await;
    let mallory = Author {
        id: AuthorId::from("mallory"),
        handle: Untrusted::new("@mallory_www.evil.com_<!channel>"),
        name: Untrusted::new(trap("named")),
        url: Some("https://square.example/@mallory".into()),
        followers: Some(9),
        ..Author::default()
    };
    town.square.with(|books| books.settle(mallory));
    town
}

/// No ping, no link that Slack made by itself, and no link but to the square.
async fn harmless(town: &Town) {
    town.sound().await;
    let books = town.slack.books();
    let odd: Vec<_> = books.log.links.iter().filter(|l| l.link.automatic || !l.link.url.starts_with("https://square.example/")).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(!books.log.links.is_empty(), "our own links are links");
}

#[tokio::test]
async fn names_posts_private_messages_and_what_staff_type_ping_nobody_and_link_nothing() {
    let town = town().await;
    town.complain("mallory", &trap("public"));
    let card = town.card("public <!channel>").await;
    town.whisper("mallory", &trap("secret"));
    town.slack.until("the private message", |b| b.ours().iter().any(|(_, m)| m.words().contains("secret <!channel>")).then_some(())).await;
    let ana = town.slack.user("ana");
    for line in [
        "!claim",
        &format!("!note {}", trap("noted")),
        &format!("!draft {}", trap("drafted")),
        "!history",
        "!nonsense <!channel> www.evil.com",
    ] {
        town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), line)).await.unwrap();
    }
    town.entry(&card.ts, "drafted").await;
    for line in ["/case list", "/case history 1", "/case digest", "/case <!channel> www.evil.com"] {
        town.slack.acked(&ana.slash(line)).await.unwrap();
    }
    ana.presses(&card.ts, "sereno:draft");
    let modal = town.form(&ana.id).await;
    ana.types(&modal.id, "text", &trap("typed"));
    ana.submits(&modal.id, &[("text", "We are looking into it")]);
    town.entry(&card.ts, "We are looking into it").await;
    ana.opens_home();
    town.slack.until("a home", |b| b.home(&ana.id).map(|_| ())).await;
    harmless(&town).await;
}

/// Slack may refuse the blocks of a message; then its text is all that people see.
#[tokio::test]
async fn what_goes_without_blocks_pings_nobody_and_links_nothing() {
    let town = town().await;
    town.complain("marta", "Where is my parcel?");
    let own = town.card("Where is my parcel?").await;
    town.settled().await;
    let refused = Fault::Refused("invalid_blocks");
    town.slack.fault(On::Method("chat.postMessage"), refused, 1);
    town.complain("mallory", &trap("public"));
    let bare = |b: &crate::emulator::slack::Books| {
        b.top(TEAM_CHANNEL).into_iter().find(|m| m.blocks.is_empty() && m.text.contains("public")).map(|m| m.ts.clone())
    };
    let card = town.slack.until("a card without blocks", bare).await;
    town.settled().await;
    town.slack.fault(On::Method("chat.update"), refused, 1);
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card), "!claim")).await.unwrap();
    town.settled().await;
    assert_eq!(town.slack.faults_done()["refused"], 2, "{:?}", town.slack.faults_done());
    assert!(town.slack.books().message(&own.ts).is_some_and(|(_, m)| !m.blocks.is_empty()));
    harmless(&town).await;
}
