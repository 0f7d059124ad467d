//! Clients of others, run to their end against an emulator: what they cannot do there, it does not do as the real thing does.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the environment names, put there by `script`; without it that is said.
pub fn named(variable: &str, script: &str) -> Option<String> {
    let name = std::env::var(variable).ok().filter(|n| !n.is_empty());
    if name.is_none() {
        crate::skipped::skipped(&format!("{variable} is not set; see {script}"));
    }
    name
}

/// Runs a witness to its end; what it proved.
pub async fn witness(program: &str, script: &str, arguments: &[&str]) -> Vec<String> {
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
