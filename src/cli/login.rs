//! `sereno login x`: a person signs a brand account in. The browser comes back to an address of this machine, where we wait
//! for it; where the browser runs elsewhere, that address is copied and pasted here.

use super::print;
use crate::app::{run, wire};
use crate::clock::Clock;
use crate::config::{AccountConfig, Config};
use crate::control::Reply;
use crate::error::{Failure, say};
use crate::i18n::Words;
use crate::network::x::auth::Denied;
use crate::network::x::login::{Login, NotIn};
use crate::policy::Lang;
use crate::say::Say;
use secrecy::SecretString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::{Host, Url};

/// Nobody takes longer to say yes.
const PATIENCE: Duration = Duration::from_secs(900);
/// A browser's request is no longer, in bytes, and there in so much time.
const MAX_REQUEST: usize = 16 * 1024;
const REQUEST_BOUND: Duration = Duration::from_secs(10);

/// Whose terminal it is.
struct Reader<'a> {
    words: &'a Words,
    lang: Lang,
}

impl Reader<'_> {
    fn words(&self, sentence: &Say) -> String {
        say(self.words, self.lang, sentence)
    }
    fn tell(&self, sentence: &Say) {
        // Whoever cannot see it cannot sign in either; the exit code tells.
        writeln!(std::io::stdout(), "{}", self.words(sentence)).ok();
        std::io::stdout().flush().ok();
    }
}

/// Signs in.
pub(super) fn run(file: &Path, words: &Words, lang: Lang, account: Option<&str>, replace: bool) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let account = chosen(&config, account)?;
    let reader = Reader { words, lang };
    let mut random = zeroize::Zeroizing::new([0; 64]);
    getrandom::fill(random.as_mut_slice()).map_err(|e| Failure::Other(anyhow::anyhow!("the machine gives no randomness: {e}")))?;
    let Some(redirect) = account.redirect() else { return Err(failed("redirect_url")) };
    let login = Login::new(wire::x_settings(&config, account)?, redirect.clone(), &random, Clock::system());
    let login = login.map_err(|e| failed(&e.to_string()))?;
    let others = config.accounts.iter().filter(|other| other.network == "x" && other.name != account.name);
    let others: Vec<_> = others.map(|other| (other.name.clone(), wire::x_tokens(&config, other))).collect();
    super::block_on(async {
        let listener = listener(&redirect).await;
        let how = if listener.is_some() { "cli-login-open-here" } else { "cli-login-open" };
        reader.tell(&Say::new(how).text("account", &account.name).text("url", login.address().as_str()));
        let code = tokio::time::timeout(PATIENCE, code(&reader, &login, &redirect, listener)).await;
        let code = code.map_err(|_| Failure::Said(Say::new("cli-login-late")))??;
        let signed_in = login.finish(&code, replace, &others).await.map_err(|e| match e {
            NotIn::Other(handle) => Failure::Said(Say::new("cli-login-other").text("handle", handle)),
            NotIn::Unreadable(handle, why) => Failure::Said(Say::new("cli-login-unreadable").text("handle", handle).text("why", why)),
            NotIn::Twice(handle, other) => Failure::Said(Say::new("cli-login-twice").text("handle", handle).text("other", other)),
            NotIn::Refused(why) | NotIn::NotKept(why) => failed(&why),
        })?;
        if !signed_in.missing.is_empty() {
            reader.tell(&Say::new("cli-login-missing").text("scopes", signed_in.missing.join(", ")));
        }
        let done = Say::new("cli-login-done").text("handle", signed_in.handle).text("account", &account.name);
        print(&Reply { ok: true, text: format!("{}\n", reader.words(&done)) })
    })?
}

fn failed(why: &str) -> Failure {
    Failure::Said(Say::new("cli-login-failed").text("why", why))
}

/// The account that is meant: the one on X, where there is but one.
fn chosen<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a AccountConfig, Failure> {
    let on_x: Vec<&AccountConfig> = config.accounts.iter().filter(|a| a.network == "x").collect();
    let names = || on_x.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
    match (name, on_x.as_slice()) {
        (_, []) => Err(Failure::Usage(Say::new("cli-login-none"))),
        (None, [one]) => Ok(one),
        (None, _) => Err(Failure::Usage(Say::new("cli-login-which").text("known", names()))),
        (Some(name), _) => {
            let found = on_x.iter().copied().find(|a| a.name == name);
            found.ok_or_else(|| Failure::Usage(Say::new("cli-login-unknown").text("value", name).text("known", names())))
        }
    }
}

/// Where the browser comes back to, if that is this machine and nobody else listens there.
async fn listener(redirect: &Url) -> Option<TcpListener> {
    let port = redirect.port_or_known_default().filter(|_| redirect.scheme() == "http")?;
    match redirect.host()? {
        Host::Ipv4(ip) if ip.is_loopback() => TcpListener::bind((ip, port)).await.ok(),
        Host::Ipv6(ip) if ip.is_loopback() => TcpListener::bind((ip, port)).await.ok(),
        Host::Domain("localhost") => TcpListener::bind(("127.0.0.1", port)).await.ok(),
        _ => None,
    }
}

/// The code, from the browser or from what is pasted, whichever comes first.
async fn code(reader: &Reader<'_>, login: &Login, redirect: &Url, listener: Option<TcpListener>) -> Result<SecretString, Failure> {
    let mut pasted = pasted();
    let mut hears = true;
    loop {
        let browser = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let (returned, socket) = tokio::select! {
            line = pasted.recv(), if hears => match line {
                Some(line) => (Url::parse(line.trim()).ok(), None),
                None if listener.is_some() => {
                    hears = false;
                    continue;
                }
                None => return Err(Failure::Said(Say::new("cli-login-nothing"))),
            },
            accepted = browser => {
                let Ok((mut socket, _)) = accepted else { continue };
                // Whoever says nothing, or something else, is not the browser.
                let Ok(Some(returned)) = tokio::time::timeout(REQUEST_BOUND, asked(&mut socket, redirect)).await else { continue };
                (Some(returned), Some(socket))
            }
        };
        let code = returned.map_or(Err(Denied::Incomplete), |url| login.code(&url));
        let sentence = match &code {
            Ok(_) => Say::new("cli-login-page"),
            Err(Denied::Refused) => Say::new("cli-login-refused"),
            Err(Denied::Foreign) => Say::new("cli-login-foreign"),
            Err(Denied::Incomplete) => Say::new("cli-login-incomplete"),
        };
        let from_browser = socket.is_some();
        if let Some(socket) = socket {
            answer(socket, code.is_ok(), &reader.words(&sentence)).await;
        }
        match code {
            Ok(code) => return Ok(code),
            Err(Denied::Refused) => return Err(Failure::Said(sentence)),
            // Anything on this machine can knock at the door.
            Err(_) if from_browser => {}
            Err(_) => reader.tell(&sentence),
        }
    }
}

/// The lines that are pasted. Reading blocks, and ends with the process.
fn pasted() -> mpsc::Receiver<String> {
    let (tx, rx) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            if tx.blocking_send(line).is_err() {
                return;
            }
        }
    });
    rx
}

/// The address that a browser asks for, if it is the one that we wait at.
async fn asked(socket: &mut TcpStream, redirect: &Url) -> Option<Url> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        if bytes.len() > MAX_REQUEST || socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let head = std::str::from_utf8(&bytes).ok()?;
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    redirect.join(target).ok().filter(|url| url.path() == redirect.path() && url.origin() == redirect.origin())
}

async fn answer(mut socket: TcpStream, well: bool, words: &str) {
    let status = if well { "200 OK" } else { "400 Bad Request" };
    let length = words.len();
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\nreferrer-policy: no-referrer\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{words}"
    );
    // A browser that is gone has missed a courtesy.
    if socket.write_all(page.as_bytes()).await.is_ok() {
        socket.shutdown().await.ok();
    }
}
