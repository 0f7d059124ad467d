//! `sereno login x` and `sereno check`, as a person at a terminal meets them.

use crate::emulator::x::{CLIENT_ID, Emulator};
use crate::run::{free_port, said, sereno};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use url::Url;

pub fn emulator() -> Emulator {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(Emulator::start())
}

/// A folder with an account on X; gives the port that the browser comes back to.
pub fn configure(dir: &Path, x: &Emulator, more: &str) -> u16 {
    let port = free_port();
    let text = format!(
        "[bot]\nbrand = \"Tienda Sol\"\n[store]\nmin_free_mb = 24\n[chat.console]\nformat = \"json\"\n[[account]]\nname = \"tienda\"\n\
         network = \"x\"\nbase_url = \"{}\"\nclient_id = \"{CLIENT_ID}\"\nredirect_url = \"http://127.0.0.1:{port}/callback\"\n\
         poll_seconds = 1\n{more}",
        x.url()
    );
    std::fs::write(dir.join("bot.toml"), text).unwrap();
    port
}

/// Somebody at the terminal.
pub struct Terminal {
    child: Child,
    /// The address that is to be opened.
    pub open: Url,
    out: BufReader<std::process::ChildStdout>,
}

impl Terminal {
    pub fn start(dir: &Path, args: &[&str]) -> Terminal {
        let mut command = sereno(dir, &[&["login", "x"], args].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let open = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "no address is shown");
            if let Some(url) = Url::parse(line.trim()).ok().filter(|u| u.scheme() == "https") {
                break url;
            }
        };
        Terminal { child, open, out }
    }
    fn query(&self) -> BTreeMap<String, String> {
        self.open.query_pairs().into_owned().collect()
    }
    /// The person says yes; gives the address that the browser is sent to.
    pub fn agree(&self, x: &Emulator) -> Url {
        let query = self.query();
        assert_eq!((query["code_challenge_method"].as_str(), query["response_type"].as_str()), ("S256", "code"));
        let code = x.agree(&query["code_challenge"], &query["redirect_uri"]);
        Url::parse_with_params(&query["redirect_uri"], [("state", query["state"].as_str()), ("code", &code)]).unwrap()
    }
    pub fn paste(&mut self, text: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{text}").unwrap();
    }
    /// What was said until the end.
    pub fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().success(), said)
    }
}

pub fn log_in(dir: &Path, x: &Emulator, args: &[&str]) -> (bool, String) {
    let mut terminal = Terminal::start(dir, args);
    let back = terminal.agree(x);
    terminal.paste(back.as_str());
    terminal.end()
}

#[test]
fn an_account_is_signed_in_by_what_is_pasted() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    configure(dir.path(), &x, "");
    let (ok, told) = said(dir.path(), &["check"]);
    assert!(!ok && told.contains("WRONG account.tienda") && told.contains("`sereno login x`"), "{told}");
    let mut terminal = Terminal::start(dir.path(), &[]);
    let back = terminal.agree(&x);
    terminal.paste("nonsense");
    terminal.paste(&back.as_str().replace("state=", "state=x"));
    terminal.paste(back.as_str());
    let (ok, told) = terminal.end();
    assert!(ok && told.contains("tienda is signed in as @tienda_sol"), "{told}");
    assert!(told.contains("no code") && told.contains("does not belong to this attempt"), "{told}");
    let tokens = dir.path().join("sereno-data.x-tienda.json");
    assert_eq!(std::fs::metadata(&tokens).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&tokens).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    for secret in ["access", "refresh"] {
        assert!(!told.contains(kept[secret].as_str().unwrap()), "{told}");
    }
    let (ok, told) = said(dir.path(), &["check"]);
    assert!(ok && told.contains("signed in as @tienda_sol"), "{told}");
}

#[test]
fn the_browser_comes_back_by_itself() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    let port = configure(dir.path(), &x, "");
    let terminal = Terminal::start(dir.path(), &["--account", "tienda"]);
    let visit = |target: &str| {
        let mut socket = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(socket, "GET {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").unwrap();
        let mut page = String::new();
        socket.read_to_string(&mut page).ok();
        page
    };
    assert_eq!(visit("/favicon.ico"), "");
    let back = terminal.agree(&x);
    let target = format!("{}?{}", back.path(), back.query().unwrap());
    assert!(visit(&target.replace("state=", "state=x")).starts_with("HTTP/1.1 400"));
    let page = visit(&target);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("sereno may act as this account"), "{page}");
    let (ok, told) = terminal.end();
    assert!(ok && told.contains("@tienda_sol"), "{told}");
}

#[test]
fn whoever_says_no_or_is_another_changes_nothing() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    configure(dir.path(), &x, "");
    let mut terminal = Terminal::start(dir.path(), &[]);
    let query = terminal.query();
    terminal.paste(&format!("{}?state={}&error=access_denied", query["redirect_uri"], query["state"]));
    let (ok, told) = terminal.end();
    assert!(!ok && told.contains("X was told no"), "{told}");
    assert!(log_in(dir.path(), &x, &[]).0);
    // The file says that somebody else was signed in.
    let file = dir.path().join("sereno-data.x-tienda.json");
    let mut kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    kept["user"] = "999".into();
    std::fs::write(&file, kept.to_string()).unwrap();
    let (ok, told) = log_in(dir.path(), &x, &[]);
    assert!(!ok && told.contains("@tienda_sol, another account") && told.contains("--replace"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept.to_string());
    let (ok, told) = log_in(dir.path(), &x, &["--replace"]);
    assert!(ok, "{told}");
    // Nor can it be told whose they were.
    std::fs::write(&file, "{").unwrap();
    let (ok, told) = log_in(dir.path(), &x, &[]);
    assert!(!ok && told.contains("@tienda_sol, but whose tokens") && told.contains("--replace"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{");
    assert!(log_in(dir.path(), &x, &["--replace"]).0);
    // Another account of ours, in a browser that is still the first one's.
    let second = "[[account]]\nname = \"otra\"\nnetwork = \"x\"\nclient_id = \"client-1\"\n";
    let text = std::fs::read_to_string(dir.path().join("bot.toml")).unwrap();
    let base = format!("base_url = \"{}\"\n", x.url());
    std::fs::write(dir.path().join("bot.toml"), format!("{text}{second}{base}")).unwrap();
    let (ok, told) = log_in(dir.path(), &x, &["--account", "otra"]);
    assert!(!ok && told.contains("tienda is signed in as @tienda_sol already"), "{told}");
    for (args, words) in [(vec!["login", "x", "--account", "acme"], "tienda"), (vec!["login", "y"], "y")] {
        let (ok, told) = said(dir.path(), &args);
        assert!(!ok && told.contains(words), "{told}");
    }
}
