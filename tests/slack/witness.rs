//! Slack's own clients in the emulated workspace, run by `tests/real/slack-witness.sh`, which names
//! them: `SERENO_SLACK_PYTHON` (an interpreter with slack_sdk) and `SERENO_SLACK_NODE` (a folder with
//! @slack/bolt in its node_modules). Without those the tests say so and pass.

use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Slack};
use crate::witness::{named, witness};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Installs the witnesses, and names them.
const SCRIPT: &str = "tests/real/slack-witness.sh";

#[tokio::test]
async fn slack_sdk_finds_a_workspace() {
    let Some(python) = named("SERENO_SLACK_PYTHON", SCRIPT) else { return };
    let slack = Slack::start().await;
    let proofs = witness(&python, "slack_sdk_witness.py", &[&slack.url(), BOT_TOKEN, APP_TOKEN]).await;
    assert_eq!(proofs.len(), 5, "{proofs:?}");
}

#[tokio::test]
async fn bolt_finds_a_workspace() {
    let Some(folder) = named("SERENO_SLACK_NODE", SCRIPT) else { return };
    let slack = Slack::start().await;
    let proofs = witness("node", "bolt_witness.js", &[&folder, &slack.url(), BOT_TOKEN, APP_TOKEN, SIGNING_SECRET]).await;
    assert_eq!(proofs.len(), 2, "{proofs:?}");
}

/// Serves a workspace for those who want to look at it: on the port of `SERENO_SLACK_PORT`, until the
/// input ends.
#[tokio::test]
#[ignore = "serves until its input ends"]
async fn serves() {
    let port = std::env::var("SERENO_SLACK_PORT").ok().and_then(|p| p.parse().ok()).unwrap_or(0);
    let slack = Slack::start_on(port).await;
    println!("{}\nbot token {BOT_TOKEN}\napp token {APP_TOKEN}\nsigning secret {SIGNING_SECRET}", slack.url());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "sight" {
            println!("{}", slack.sight());
        }
    }
}
