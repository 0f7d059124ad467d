//! `bot.toml`: the reference parses and is whole; what is wrong is named, with line and way out.

use proptest::prelude::*;
use sereno::app::wire;
use sereno::clock::{HOUR_MS, MINUTE_MS};
use sereno::config::{At, Config, Problems};
use sereno::cost::Money;
use sereno::network::x::price::Act;
use sereno::policy::{AgentId, Lang, Role, RoomId};
use sereno::post::Account;
use std::path::Path;

const EXAMPLE: &str = include_str!("../bot.toml.example");

const SMALL: &str = r#"
[bot]
brand = "Acme"
[chat.console]
[[account]]
name = "acme"
network = "mastodon"
base_url = "https://mastodon.example"
token = "env:TOKEN"
"#;

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(text, Path::new("/etc/sereno"))
}

/// The reference with Slack for the console: what it says is to be taken off and out is.
fn slack_example(http: bool) -> String {
    let mut out = String::new();
    let mut console = false;
    for line in EXAMPLE.lines() {
        console = if line.starts_with('[') { line == "[chat.console]" } else { console };
        let bare =
            line.strip_prefix("##").filter(|_| http).or_else(|| line.strip_prefix('#').filter(|l| !l.starts_with([' ', '#', '~', '+'])));
        match bare {
            Some(bare) if http && bare.starts_with("app_token") => {}
            Some(bare) => out.push_str(&format!("{bare}\n")),
            None if console || line.starts_with('#') => {}
            None => out.push_str(&format!(
                "{}\n",
                line.replace("[people.console]", "[people.U1]")
                    .replace("[people.ana]", "[people.U2]")
                    .replace("\"console\"", "\"C012AB3CD\"")
            )),
        }
        // What follows Slack's section begins another.
        console &= bare.is_none();
    }
    out
}

/// What an account on X alone has.
const X_KEYS: [&str; 9] =
    ["prices", "budget", "client_id", "client_secret", "consumer_key", "consumer_secret", "bearer_token", "tokens", "redirect_url"];

/// The reference with Matrix for the console.
fn matrix_example(token: bool) -> String {
    let mut out = String::new();
    let mut console = false;
    for line in EXAMPLE.lines() {
        console = if line.starts_with('[') { line == "[chat.console]" } else { console };
        let bare = if token { line.strip_prefix("#~~") } else { None };
        let bare = bare.or_else(|| line.strip_prefix("#~").filter(|l| !l.starts_with('~')));
        match bare {
            Some(bare) if token && bare.starts_with("password") => {}
            Some(bare) => out.push_str(&format!("{bare}\n")),
            None if console || line.starts_with('#') => {}
            None => {
                let line = line.replace("[people.ana]", "[people.\"@ana:example.org\"]").replace("\"console\"", "\"!abc:example.org\"");
                out.push_str(&format!("{line}\n"));
            }
        }
        console &= bare.is_none();
    }
    out
}

/// The reference with an account on X as well; `bearer`: with the app's token for streams instead of its key.
fn x_example(bearer: bool) -> String {
    let shown = EXAMPLE.lines().filter_map(|line| {
        let by_token = line.strip_prefix("#++").filter(|_| bearer);
        let bare = by_token.or_else(|| line.strip_prefix("#+").filter(|l| !(l.starts_with('+') || bearer && l.starts_with("consumer"))));
        bare.or_else(|| Some(line).filter(|l| !l.starts_with('#')))
    });
    shown.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_reference_parses_with_x() {
    for bearer in [false, true] {
        let config = parse(&x_example(bearer)).unwrap();
        let account = &config.accounts[1];
        assert_eq!((account.network.as_str(), account.bearer_token != sereno::config::SecretRef::Missing), ("x", bearer));
        assert_eq!(config.policy().accounts.len(), 2);
    }
}

const ON_X: &str = "[bot]\nbrand = \"Acme\"\n[chat.console]\n[[account]]\nname = \"a/b x\"\nnetwork = \"x\"\nclient_id = \"abc\"\n";

#[test]
fn prices_and_a_budget_are_for_x() {
    let of = |network: &str, keys: &str| {
        format!("[bot]\nbrand = \"A\"\n[chat.console]\n[[account]]\nname = \"a\"\nnetwork = \"{network}\"\nclient_id = \"c\"\n{keys}")
    };
    let config = parse(&of("x", "budget = 50\n[account.prices]\nreply = 0.02\n")).unwrap();
    let account = &config.accounts[0];
    assert_eq!(account.budget.unwrap().0, Some(Money(50_000_000)));
    let prices = wire::x_settings(&config, account).unwrap().prices;
    assert_eq!((prices.of(Act::Reply), prices.of(Act::Dm)), (Money(20_000), Money(15_000)));
    let every = Act::ALL.map(|act| format!("{} = 1\n", act.name())).concat();
    assert_eq!(parse(&of("x", &format!("[account.prices]\n{every}"))).unwrap().accounts[0].prices.len(), Act::ALL.len());
    assert_eq!(parse(&of("x", "")).unwrap().accounts[0].budget, None);
    let keys = "budget = -1\n[account.prices]\nlikes = 1.0\nreplies = 1\ndm = nan\npost = 1e10\n";
    let mut found = wrong(&of("x", keys));
    found.sort();
    assert_eq!(
        found,
        [
            "10 account#1.prices.likes cli-config-unknown-key",
            "11 account#1.prices.replies cli-config-unknown-key-near",
            "12 account#1.prices.dm cli-config-price",
            "13 account#1.prices.post cli-config-price",
            "8 account#1.budget cli-config-price",
        ]
    );
    let text = wrong(&of("x", "budget = \"much\"\n"));
    assert_eq!(text, ["8 account#1.budget cli-config-type-number"]);
    let elsewhere = wrong(&of("mastodon", "budget = 1\n[account.prices]\nreply = 1\n"));
    for key in ["budget", "prices"] {
        assert!(elsewhere.iter().any(|w| w.ends_with(&format!("account#1.{key} cli-config-elsewhere"))), "{elsewhere:?}");
    }
}

#[test]
fn an_account_on_x_needs_its_app_alone() {
    let config = parse(&ON_X.replace("/b x", "/b")).unwrap();
    let account = &config.accounts[0];
    assert_eq!(account.address(), "https://api.x.com");
    assert_eq!(account.redirect().unwrap().as_str(), "http://127.0.0.1:8765/callback");
    assert_eq!(account.tokens_beside(&config.store.path), Path::new("sereno-data.x-a%2Fb.json"));
}

#[test]
fn keys_of_another_network_and_halves_are_named() {
    let more = "token = \"env:T\"\nstreaming_host = \"a.example\"\nconsumer_key = \"k\"\nclient_secret = \"s3cret-canary\"\n\
                redirect_url = \"http://elsewhere.example/\"\ntokens = \"t.json\"\n";
    let both = format!("{}{more}[[account]]\nname = \"c\"\nnetwork = \"x\"\ntokens = \"t.json\"\n", ON_X.replace(" x\"", "\""));
    let text = format!(
        "{both}[[account]]\nname = \"m\"\nnetwork = \"mastodon\"\nbase_url = \"https://m.example\"\ntoken = \"env:T\"\nclient_id = \"x\"\n"
    );
    assert_eq!(
        wrong(&text),
        [
            "8 account#1.token cli-config-elsewhere",
            "9 account#1.streaming_host cli-config-elsewhere",
            "10 account#1.consumer_key cli-config-x-consumer",
            "11 account#1.client_secret cli-config-secret",
            "12 account#1.redirect_url cli-config-url-scheme",
            "14 account#2.client_id cli-config-missing",
            "17 account#2.tokens cli-config-x-tokens",
            "23 account#3.client_id cli-config-elsewhere",
        ]
    );
}

#[cfg(feature = "matrix")]
#[test]
fn the_reference_parses_with_matrix() {
    for token in [false, true] {
        let config = parse(&matrix_example(token)).unwrap();
        let matrix = config.chat.matrix.as_ref().unwrap();
        assert_eq!(matrix.prefix, "!");
        assert_eq!(matrix.access_token == sereno::config::SecretRef::Missing, !token);
        let policy = config.policy();
        assert_eq!(policy.fallback_room, RoomId::from("!abc:example.org"));
        assert_eq!(policy.role(&AgentId::from("@ana:example.org")), Some(Role::Operator));
    }
}

#[cfg(not(feature = "matrix"))]
#[test]
fn a_build_without_matrix_says_so() {
    assert_eq!(wrong(&matrix_example(false)).iter().filter(|w| w.ends_with("chat.matrix cli-config-without-matrix")).count(), 1);
}

/// Each problem as `line path code`.
fn wrong(text: &str) -> Vec<String> {
    let problems = parse(text).expect_err("this file is wrong");
    problems.all().iter().map(|p| format!("{} {} {}", p.line.map_or("-".into(), |l| l.to_string()), p.at, p.say.code)).collect()
}

#[test]
fn the_reference_parses() {
    let config = parse(EXAMPLE).unwrap();
    let policy = config.policy();
    assert_eq!(policy.brand, "Acme Rail");
    assert_eq!(policy.time_zone, "Europe/Madrid");
    assert_eq!(policy.role(&AgentId::from("ana")), Some(Role::Operator));
    assert_eq!(policy.role(&AgentId::from("stranger")), Some(Role::Agent));
    let spanish = parse(&EXAMPLE.replace("speaks = \"en\"", "speaks = \"es\"")).unwrap().policy();
    assert_eq!(spanish.route(&Account::from("acme"), "en").speaks, Lang::Es);
    assert_eq!(spanish.route(&Account::from("acme"), "fi").speaks, Lang::En);
    assert_eq!(policy.deadline.first_response_ms, [4 * HOUR_MS, HOUR_MS, 15 * MINUTE_MS, 5 * MINUTE_MS]);
    assert_eq!(policy.digest.minute_of_day, 540);
    assert_eq!(policy.privacy.dm_room, Some(RoomId::from("console")));
    assert_eq!(config.resolve(&config.store.path), Path::new("/etc/sereno/sereno-data"));
}

#[cfg(feature = "slack")]
#[test]
fn the_reference_parses_with_slack() {
    let config = parse(&slack_example(false)).unwrap();
    let slack = config.chat.slack.as_ref().unwrap();
    assert!(slack.socket_mode() && !slack.rotates());
    assert_eq!(config.policy().fallback_room, RoomId::from("C012AB3CD"));
    let config = parse(&slack_example(true)).unwrap();
    let slack = config.chat.slack.as_ref().unwrap();
    assert!(!slack.socket_mode() && slack.rotates() && slack.address().is_some());
}

#[cfg(feature = "slack")]
#[test]
fn what_is_wrong_with_slack_is_named() {
    let rest = "[bot]\nbrand = \"A\"\nfallback_room = \"#help\"\n[people.ana]\n[[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\n\
                base_url = \"https://mastodon.example\"\ntoken = \"env:TOKEN\"\n";
    let slack = "[chat.slack]\nbot_token = \"xoxb-1-very-secret\"\nsigning_secret = \"env:A\"\napp_token = \"env:B\"\nclient_id = \"1\"\n\
                 channel = \"support\"\nslash_prefix = \"Acme \"\nuser_group = \"@help\"\nlisten = \"8090\"\napi_url = \"http://slack.example\"\n\
                 posts_per_second = 0\nposts = 3\n";
    insta::assert_snapshot!(wrong(&format!("{rest}{slack}")).join("\n"), @r"
    3 bot.fallback_room cli-config-slack-room
    4 people.ana cli-config-slack-person
    10 chat.slack.refresh_token cli-config-slack-rotation
    11 chat.slack.bot_token cli-config-secret
    12 chat.slack.signing_secret cli-config-slack-two-ways
    15 chat.slack.channel cli-config-slack-room
    16 chat.slack.slash_prefix cli-config-slack-prefix
    17 chat.slack.user_group cli-config-slack-group
    18 chat.slack.listen cli-config-slack-listen
    19 chat.slack.api_url cli-config-url-scheme
    20 chat.slack.posts_per_second cli-config-range
    21 chat.slack.posts cli-config-unknown-key-near
    ");
    assert!(!format!("{:?}", parse(&format!("{rest}{slack}"))).contains("very-secret"));
    let neither = "[chat.slack]\nbot_token = \"env:A\"\nchannel = \"C1\"\n";
    assert!(wrong(&format!("{rest}{neither}")).iter().any(|w| w.ends_with("chat.slack.app_token cli-config-slack-no-way")));
    let both = format!("{rest}{neither}app_token = \"env:B\"\n[chat.console]\n");
    assert!(wrong(&both).iter().any(|w| w.ends_with("chat cli-config-two-chats")), "{:?}", wrong(&both));
}

#[cfg(not(feature = "slack"))]
#[test]
fn a_binary_without_slack_says_so() {
    assert_eq!(wrong(&slack_example(false)).iter().filter(|w| w.ends_with("chat.slack cli-config-without-slack")).count(), 1);
}

/// The keys that serde knows are asked of serde itself: an unknown key makes it list them.
#[test]
fn every_key_stands_in_the_reference() {
    let tables = [
        "",
        "[bot]",
        "[store]",
        "[chat]",
        "[chat.console]",
        "[chat.slack]",
        "[chat.matrix]",
        "[[account]]",
        "[[listen]]",
        "[[route]]",
        "[people.x]",
        "[reply]",
        "[deadline]",
        "[deadline.first_response_minutes]",
        "[triage]",
        "[digest]",
        "[privacy]",
        "[http]",
        "[log]",
    ];
    let console: toml::Table = EXAMPLE.parse().unwrap();
    // Both ways in which events come: the key that stands for one way is in that way's text.
    let mut slack: toml::Table = slack_example(false).parse().unwrap();
    let http: toml::Table = slack_example(true).parse().unwrap();
    let of_http = http["chat"]["slack"].as_table().unwrap().clone();
    slack["chat"]["slack"].as_table_mut().unwrap().extend(of_http);
    let mut matrix: toml::Table = matrix_example(false).parse().unwrap();
    let by_token: toml::Table = matrix_example(true).parse().unwrap();
    let of_token = by_token["chat"]["matrix"].as_table().unwrap().clone();
    matrix["chat"]["matrix"].as_table_mut().unwrap().extend(of_token);
    let mut x: toml::Table = x_example(false).parse().unwrap();
    let by_bearer: toml::Table = x_example(true).parse().unwrap();
    let list = x["account"].as_array_mut().unwrap();
    list.swap_remove(0);
    list[0].as_table_mut().unwrap().extend(by_bearer["account"][1].as_table().unwrap().clone());
    // What is off in the reference, as most have no use for it.
    let served = ["intake", "public_url", "tls_", "behind"]
        .iter()
        .fold(EXAMPLE.to_owned(), |text, key| text.replace(&format!("\n# {key}"), &format!("\n{key}")));
    parse(&served).unwrap();
    let served: toml::Table = served.parse().unwrap();
    for table in tables {
        let problems = parse(&format!("{table}\nxyzzy = 1")).unwrap_err();
        let found = problems.all().iter().find(|p| p.say.code.starts_with("cli-config-unknown-key")).unwrap_or_else(|| panic!("{table}"));
        let known = found.say.args.iter().find(|(name, _)| name == "known").unwrap();
        let sereno::say::Arg::Text(known) = &known.1 else { panic!("a list") };
        assert!(!known.is_empty());
        for key in known.split(", ") {
            let example = match (table, key) {
                ("[[account]]", key) if X_KEYS.contains(&key) => &x,
                ("[chat.slack]", _) | ("[chat]", "slack") => &slack,
                ("[chat.matrix]", _) | ("[chat]", "matrix") => &matrix,
                ("[http]", _) => &served,
                _ => &console,
            };
            let mut at = toml::Value::Table(example.clone());
            let way = table.trim_matches(['[', ']']).split('.').filter(|s| !s.is_empty());
            for seg in way.map(|s| if s == "x" { "ana" } else { s }) {
                at = at.get(seg).unwrap().clone();
                if let toml::Value::Array(list) = &at {
                    at = list[0].clone();
                }
            }
            assert!(at.get(key).is_some(), "{table} {key} is missing from bot.toml.example");
        }
    }
}

#[test]
fn a_small_file_has_whole_defaults() {
    let policy = parse(SMALL).unwrap().policy();
    assert_eq!(policy.routes.len(), 1);
    assert_eq!(policy.routes[0].room, RoomId::from("console"));
    assert_eq!(policy.reply.undo_ms, 10_000);
    assert!(policy.accounts.contains_key(&Account::from("acme")));
}

#[test]
fn everything_wrong_is_found_at_once() {
    let text = r#"
[bot]
bran = "Acme"
time_zone = "Europe/Madird"
import_minutes = "sixty"
[chat.slak]
[[account]]
name = "a"
network = "mastodn"
base_url = "http://mastodon.example"
token = "tok-4711-very-secret"
[[account]]
name = "a"
network = "mastodon"
base_url = "https://mastodon.example"
token = 4711
[reply]
undo_seconds = -1
approval = "sometimes"
[deadline.first_response_minutes]
urgent = 30
[privacy]
dm_room = "vault"
[http]
listen = "0.0.0.0:80"
[[route]]
room = "x"
[[route]]
room = "y"
account = "b"
"#;
    insta::assert_snapshot!(wrong(text).join("\n"), @r"
    2 bot.brand cli-config-missing
    3 bot.bran cli-config-unknown-key-near
    4 bot.time_zone cli-config-time-zone
    5 bot.import_minutes cli-config-type-number
    6 chat.slak cli-config-unknown-key-near
    9 account#1.network cli-config-unknown-network
    10 account#1.base_url cli-config-url-scheme
    11 account#1.token cli-config-secret
    13 account#2.name cli-config-duplicate
    16 account#2.token cli-config-secret
    18 reply.undo_seconds cli-config-range
    19 reply.approval cli-config-unknown-value
    21 deadline.first_response_minutes.urgent cli-config-deadline-order
    23 privacy.dm_room cli-config-dm-room
    25 http.listen cli-config-listen
    28 route#2 cli-config-route-unreachable
    30 route#2.account cli-config-route-account-far
    ");
}

#[test]
fn webhooks_are_not_served_to_the_world_in_the_clear() {
    let with = |http: &str| format!("{SMALL}[http]\n{http}");
    let tls = "tls_cert = \"a.pem\"\ntls_key = \"b.pem\"\n";
    for well in [
        format!("intake = \"0.0.0.0:8443\"\n{tls}"),
        "intake = \"127.0.0.1:8080\"".into(),
        "intake = \"10.0.0.7:8080\"\nbehind_proxy = true".into(),
    ] {
        assert!(parse(&with(&well)).unwrap().http.intake_address().is_some(), "{well}");
    }
    let public = parse(&with("intake = \"127.0.0.1:1\"\npublic_url = \"https://bot.example/\"")).unwrap().http;
    assert_eq!(public.hook_address("la tienda").unwrap().as_str(), "https://bot.example/hook/la%20tienda");
    assert_eq!(parse(&with("intake = \"127.0.0.1:1\"")).unwrap().http.hook_address("tienda"), None);
    for odd in ["bot.example", "http://bot.example", "https://me@bot.example", "https://bot.example/?a=b"] {
        assert_eq!(
            wrong(&with(&format!("intake = \"127.0.0.1:1\"\npublic_url = \"{odd}\""))),
            ["12 http.public_url cli-config-public-url"]
        );
    }
    assert_eq!(wrong(&with("public_url = \"https://bot.example\"")), ["11 http.public_url cli-config-public-idle"]);
    assert_eq!(wrong(&with("intake = \"0.0.0.0:8443\"")), ["11 http.intake cli-config-intake-open"]);
    assert_eq!(wrong(&with("intake = \"example.org\"")), ["11 http.intake cli-config-intake"]);
    assert_eq!(wrong(&with("intake = \"127.0.0.1:1\"\ntls_cert = \"a.pem\"")), ["12 http.tls_cert cli-config-tls-pair"]);
    assert_eq!(wrong(&with("intake = \"127.0.0.1:1\"\ntls_key = \"b.pem\"")), ["12 http.tls_key cli-config-tls-pair"]);
    assert_eq!(wrong(&with(tls)), ["11 http.tls_cert cli-config-tls-idle"]);
}

#[test]
fn no_account_can_be_called_what_the_chats_cursors_are_kept_under() {
    let text = SMALL.replace("name = \"acme\"", &format!("name = {:?}", sereno::engine::CHAT));
    assert_eq!(wrong(&text), ["6 account#1.name cli-config-account-name"]);
}

#[test]
fn answers_kept_ready_are_read_strictly() {
    let with = |canned: &str| format!("{SMALL}[reply.canned]\n{canned}");
    let policy = parse(&with("\"Late train\" = { es = \"Perdón, {handle}\", en = \"Sorry, {handle}\" }")).unwrap().policy();
    assert_eq!(policy.reply.canned["Late train"]["es"], "Perdón, {handle}");
    assert_eq!(wrong(&with("A = {}")), ["11 reply.canned.A cli-config-canned-empty"]);
    assert_eq!(wrong(&with("A = { en = \"Hi {name}\" }")), ["11 reply.canned.A.en cli-config-template"]);
    assert_eq!(wrong(&with("A = { English = \"Hi\" }")), ["11 reply.canned.A.English cli-config-language"]);
    assert_eq!(wrong(&with("A = \"Hi\"")), ["11 reply.canned.A cli-config-type-table"]);
    assert_eq!(wrong(&with(&format!("{} = {{ en = \"Hi\" }}", "A".repeat(76))))[0].split(' ').next_back(), Some("cli-config-too-long"));
    assert_eq!(wrong(&with(&format!("A = {{ en = \"{}\" }}", "x".repeat(2_001)))), ["11 reply.canned.A.en cli-config-too-long"]);
    let many: String = (0..101).map(|n| format!("A{n} = {{ en = \"Hi\" }}\n")).collect();
    assert_eq!(wrong(&with(&many)), ["10 reply.canned cli-config-too-many"]);
}

#[test]
fn a_terminal_shows_one_room_and_a_program_as_many_as_it_likes() {
    let rooms = "[[route]]\nroom = \"sales\"\n[digest]\nroom = \"desk\"\n[privacy]\nprivate_rooms = [\"desk\", \"vault\"]\n";
    let of = |format: &str| format!("{}{rooms}", SMALL.replace("[chat.console]", &format!("[chat.console]\nroom = \"desk\"\n{format}")));
    insta::assert_snapshot!(wrong(&of("")).join("\n"), @r"
    13 route#1.room cli-config-room
    17 privacy.private_rooms cli-config-room
    ");
    assert!(parse(&of("format = \"json\"")).is_ok());
}

#[test]
fn a_broken_file_names_its_line_and_never_repeats_it() {
    let text = "[bot]\nbrand = \"x\"\n[[account]]\ntoken = \"tok-4711\n";
    let problems = parse(text).unwrap_err();
    assert_eq!(problems.all()[0].line, Some(4));
    assert!(!format!("{problems:?}").contains("4711"));
}

#[test]
fn an_inline_secret_is_never_repeated() {
    for token in ["\"tok-4711\"", "4711", "[\"4711\"]", "{ env = \"4711\" }", "\"env:4711 4711\"", "\"https://4711@x\""] {
        let text = SMALL.replace("\"env:TOKEN\"", token);
        let problems = parse(&text).unwrap_err();
        assert!(problems.all().iter().any(|p| p.at == At::key("account").nth(0).then("token")), "{token}");
        assert!(!format!("{problems:?}").contains("4711"), "{token}: {problems:?}");
    }
    let url = SMALL.replace("https://mastodon.example", "https://u:4711@mastodon.example");
    let problems = parse(&url).unwrap_err();
    assert!(!format!("{problems:?}").contains("4711"));
}

#[test]
fn the_same_account_twice_is_refused() {
    let twice = format!(
        "{SMALL}[[account]]\nname = \"other\"\nnetwork = \"mastodon\"\nbase_url = \"https://mastodon.example/\"\ntoken = \"env:TOKEN\"\n"
    );
    assert_eq!(wrong(&twice), ["14 account#2.token cli-config-twin"]);
}

#[test]
fn a_secret_is_fetched_from_where_it_was_named() {
    use secrecy::ExposeSecret;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "abc\n").unwrap();
    let config = parse(&SMALL.replace("env:TOKEN", "file:token")).unwrap();
    assert_eq!(config.accounts[0].token.fetch(dir.path()).unwrap().expose_secret(), "abc");
    let config = parse(&SMALL.replace("env:TOKEN", "env:SERENO_NO_SUCH_VARIABLE")).unwrap();
    let error = config.accounts[0].token.fetch(dir.path()).unwrap_err();
    assert!(error.to_string().contains("SERENO_NO_SUCH_VARIABLE"));
}

proptest! {
    /// Whatever is typed in place of a value, the answer names a line of the file or the file is good; it never panics.
    #[test]
    fn any_value_anywhere(line in 0usize..400, junk in "[ -~]{0,20}") {
        let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
        let n = line % lines.len();
        if let Some((key, _)) = lines[n].clone().split_once('=') {
            lines[n] = format!("{key}= {junk}");
        } else {
            lines[n] = junk;
        }
        if let Err(problems) = parse(&lines.join("\n")) {
            prop_assert!(!problems.all().is_empty());
            for p in problems.all() {
                prop_assert!(p.line.is_none_or(|l| l >= 1 && l <= lines.len() + 1));
            }
        }
    }

    /// Any text at all.
    #[test]
    fn any_text(text in "\\PC{0,200}") {
        parse(&text).ok();
    }
}
