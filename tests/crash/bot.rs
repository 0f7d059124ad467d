//! The real program as a process of its own: started, spoken to by lines, killed.

use super::network::Network;
use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sereno::store::sled::SledStore;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Where a bot lives: its configuration, its store, its keys, its log. Outlives every kill.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    /// A home whose bot works on a network; `chat`: the part of its configuration that is about the chat and the team.
    pub fn new(network: &dyn Network, chat: &str) -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap() };
        let account = network.config(home.dir());
        std::fs::write(home.config(), format!("{BOT}{account}poll_seconds = 1\n{chat}")).unwrap();
        home
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("bot.toml")
    }
    /// A copy of what a dead bot left, opened: the bot's own store stays untouched, and free for its next life.
    pub fn store(&self) -> Remains {
        let dir = tempfile::tempdir().unwrap();
        copy(self.dir.path(), dir.path());
        let store = SledStore::open(&dir.path().join("data"), &dir.path().join("keys")).expect("what a killed bot left opens");
        Remains { store, _dir: dir }
    }
    fn log_file(&self) -> PathBuf {
        self.dir.path().join("log")
    }
    /// Everything the bot logged in all its lives.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }
    /// How many entries `sereno outbox list` shows, asked of the running bot as an operator would.
    pub fn outbox(&self) -> usize {
        let output = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["--lang", "en", "outbox", "list", "--config"])
            .arg(self.config())
            .envs(SECRETS)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "outbox list: {text}{}", String::from_utf8_lossy(&output.stderr));
        // A title, then a line an entry.
        text.lines().filter(|l| !l.trim().is_empty()).count() - 1
    }
    fn dir(&self) -> &Path {
        self.dir.path()
    }
}

const BOT: &str = r#"
[bot]
brand = "Acme Rail"
import_minutes = 1440
[store]
path = "data"
keyring = "keys"
min_free_mb = 24
[reply]
undo_seconds = 0
[digest]
enabled = false
"#;

/// The console, and who types there.
pub const CONSOLE: &str = r#"
[chat.console]
format = "json"
[people.ana]
name = "Ana"
role = "lead"
[people.luis]
name = "Luis"
[people.eva]
name = "Eva"
[privacy]
private_rooms = ["console"]
dm_room = "console"
"#;

/// The secrets that the configurations name.
const SECRETS: [(&str, &str); 2] = [("CRASH_SLACK_BOT", BOT_TOKEN), ("CRASH_SLACK_APP", APP_TOKEN)];

/// A copy of a dead bot's store.
pub struct Remains {
    /// The store.
    pub store: SledStore,
    _dir: tempfile::TempDir,
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            std::fs::create_dir(to.join(entry.file_name())).unwrap();
            copy(&path, &to.join(entry.file_name()));
        } else if kind.is_file() {
            std::fs::copy(&path, to.join(entry.file_name())).unwrap();
        }
    }
}

/// A running bot.
pub struct Bot {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Result<Value, String>>,
    log: PathBuf,
}

impl Bot {
    /// Starts `sereno run`.
    pub fn start(home: &Home) -> Bot {
        let log = OpenOptions::new().create(true).append(true).open(home.log_file()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["run", "--config"])
            .arg(home.config())
            .current_dir(home.dir())
            .envs(SECRETS)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            // A line without its end is one that the kill tore: nobody has read it.
            while stdout.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) && line.ends_with(b"\n") {
                let value = serde_json::from_slice(&line).map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&line)));
                if sender.send(value).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Bot { child, stdin, lines, log: home.log_file() }
    }

    /// Writes a command line; a pipe that broke is the next kill's business.
    pub fn tell(&mut self, line: &Value) -> bool {
        writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush()).is_ok()
    }

    /// The next line until `until`; `None`: none came. Panics where the bot ended by itself.
    pub fn hear(&mut self, until: Instant) -> Option<Value> {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(line.expect("each line of standard output is JSON")),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                let log = std::fs::read(&self.log).unwrap_or_default();
                panic!("the bot ended by itself, {:?}; the log ends\n{}", self.child.wait(), tail(&String::from_utf8_lossy(&log)))
            }
        }
    }

    /// Panics where the bot ended by itself.
    pub fn lives(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            let log = std::fs::read(&self.log).unwrap_or_default();
            panic!("the bot ended by itself, {status}; the log ends\n{}", tail(&String::from_utf8_lossy(&log)));
        }
    }

    /// Ends it without warning; gives the lines that it still wrote.
    pub fn kill(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.iter().map(|line| line.expect("each line of standard output is JSON")).collect()
    }

    /// Asks it to end (SIGTERM); gives its status and last lines. Panics where it takes longer than `bound`.
    pub fn stop(mut self, bound: Duration) -> (ExitStatus, Vec<Value>) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let until = Instant::now() + bound;
        let mut last = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => last.push(line.expect("each line of standard output is JSON")),
                Err(RecvTimeoutError::Disconnected) => return (self.child.wait().unwrap(), last),
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill().ok();
                    panic!("SIGTERM did not end the bot within {bound:?}");
                }
            }
        }
    }
}

/// The last lines of a log.
pub fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
}
