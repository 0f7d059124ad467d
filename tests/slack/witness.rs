//! Slack's own clients in the emulated workspace, run by `tests/real/slack-witness.sh`, which names
//! them: `SERENO_SLACK_PYTHON` (an interpreter with slack_sdk) and `SERENO_SLACK_NODE` (a folder with
//! @slack/bolt in its node_modules). Without those the tests say so and pass.

use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Slack};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};

fn named(variable: &str) -> Option<String> {
    let name = std::env::var(variable).ok().filter(|n| !n.is_empty());
    if name.is_none() {
        println!("skipped: {variable} is not set; see tests/real/slack-witness.sh");
    }
    name
}

/// Runs a witness to its end; what it proved.
async fn witness(program: &str, script: &str, arguments: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(script);
    let folder = tempfile::tempdir().unwrap();
    let (said, complained) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = Command::new(program)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(File::create(&said).unwrap())
        .stderr(File::create(&complained).unwrap())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let ended = tokio::task::spawn_blocking(move || {
        // Each step of the witnesses has its own bound; this one is for those who never begin.
        let end = Instant::now() + Duration::from_secs(180);
        while Instant::now() < end {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        None
    });
    let status = ended.await.unwrap();
    let proofs: Vec<String> = std::fs::read_to_string(&said).unwrap().lines().map(str::to_owned).collect();
    proofs.iter().for_each(|p| println!("{p}"));
    let complaints = std::fs::read_to_string(&complained).unwrap();
    assert!(status.is_some_and(|s| s.success()), "{program} ended with {status:?}:\n{complaints}");
    proofs
}

#[tokio::test]
async fn slack_sdk_finds_a_workspace() {
    let Some(python) = named("SERENO_SLACK_PYTHON") else { return };
    let slack = Slack::start().await;
    let proofs = witness(&python, "slack_sdk_witness.py", &[&slack.url(), BOT_TOKEN, APP_TOKEN]).await;
    assert_eq!(proofs.len(), 5, "{proofs:?}");
}

#[tokio::test]
async fn bolt_finds_a_workspace() {
    let Some(folder) = named("SERENO_SLACK_NODE") else { return };
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
