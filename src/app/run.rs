//! `sereno run`: the bot as a service. Signals, the control socket, health, and the configuration
//! read again.

use super::{Ended, Handle, Parts, Source, office::Office, start, wire};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{self, Errand};
use crate::error::{Failure, config_line};
use crate::i18n::Words;
use crate::policy::Lang;
use crate::say::Say;
use crate::store::sled::SledStore;
use crate::store::{Store, StoreError};
use crate::{http, telemetry};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs the bot until it is told to stop.
///
/// # Errors
/// It cannot start, or cannot go on.
pub async fn run(file: &Path, words: Arc<Words>) -> Result<ExitCode, Failure> {
    // Signals are heard before anything is begun, so that an early one is not lost.
    let mut signals = Signals::new().context("listening for signals")?;
    let config = load(file)?;
    telemetry::init(&config.log);
    let clock = Clock::system();
    let policy = config.policy();
    let mut accounts = Vec::new();
    for account in config.live_accounts() {
        accounts.push(Source { account: wire::account(&config, account, &policy, clock)?, poll_ms: wire::poll_ms(account) });
    }
    let chat = wire::chat(&config, &words, clock)?;
    let store = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || wire::store(&config)).await.context("opening the store")??
    };
    let parts =
        Parts { store: Arc::clone(&store) as Arc<dyn Store>, chat, accounts, policy, clock, words: Arc::clone(&words), reloads: true };
    let bot = Arc::new(start(parts).map_err(|error| Failure::of_store(config.resolve(&config.store.path), error))?);
    let _socket = serve_control(&config, &store, &words, &bot);
    let _http = match config.http.address() {
        Some(address) => match http::serve(address, Arc::clone(&bot), http::Limits::default()).await {
            Ok(server) => Some(server),
            Err(error) => {
                bot.stop().await;
                return Err(Failure::Said(Say::new("cli-http").text("address", address.to_string()).text("detail", error.to_string())));
            }
        },
        None => None,
    };
    let _hooks = match serve_hooks(&config, &bot).await {
        Ok(server) => server,
        Err(failure) => {
            bot.stop().await;
            return Err(failure);
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), store = %config.resolve(&config.store.path).display(), "sereno runs");
    let ended = attend(&bot, file, &config, &mut signals).await?;
    match ended {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::Store(error) => {
            let code = if matches!(error, StoreError::Unavailable(_)) { "cli-alarm-store-stopped" } else { "cli-alarm-store-damaged" };
            bot.alarm(&Say::new(code).with("detail", error.why().into())).await;
            Err(Failure::Store { path: config.resolve(&config.store.path), error })
        }
        Ended::Broke => Err(Failure::Said(Say::new("cli-broke"))),
    }
}

/// Webhooks, if configured.
async fn serve_hooks(config: &Config, bot: &Arc<Handle>) -> Result<Option<http::Server>, Failure> {
    let Some(address) = config.http.intake_address() else { return Ok(None) };
    let files = config.http.tls_cert.as_ref().zip(config.http.tls_key.as_ref());
    let tls = files.map(|(cert, key)| (config.resolve(cert), config.resolve(key)));
    let served = http::hooks::serve(http::hooks::Settings::new(address, tls), Arc::clone(bot)).await;
    let failed = |error: std::io::Error| Say::new("cli-http-intake").text("address", address.to_string()).text("detail", error.to_string());
    served.map(Some).map_err(|error| Failure::Said(failed(error)))
}

/// The configuration.
///
/// # Errors
/// All that is wrong with it.
pub fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|problems| Failure::Config { file: file.to_owned(), problems })
}

/// What a service hears from outside.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for whatever ends the bot, and reads the configuration again when asked.
async fn attend(bot: &Handle, file: &Path, config: &Config, signals: &mut Signals) -> Result<Ended, Failure> {
    let mut wishes = bot.reload_wishes();
    let mut lost = false;
    loop {
        let wish = async {
            let wished = match &mut wishes {
                Some(wishes) => wishes.recv().await,
                None => None,
            };
            if wished.is_none() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = bot.ended() => return Ok(ended),
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            () = bot.chat_ended() => {
                lost = bot.is_chat_lost();
                break;
            }
            _ = signals.hang_up.recv() => {}
            () = wish => {}
        }
        reload(bot, file, config).await;
    }
    tracing::info!("stopping");
    let ended = tokio::select! {
        ended = bot.stop() => ended,
        // Whoever asks twice does not want to wait; what is on its way is looked up at the next start.
        () = signals.stop() => Ended::Stopped,
    };
    // Whoever watches over the process is to start it again, with a reader.
    if lost && ended == Ended::Stopped { Err(Failure::Said(Say::new("cli-output-gone"))) } else { Ok(ended) }
}

/// Reads the configuration again. A bad file keeps the old rules, and the team hears why.
async fn reload(bot: &Handle, file: &Path, running: &Config) {
    let path = file.to_owned();
    let Ok(read) = tokio::task::spawn_blocking(move || Config::load(&path)).await else { return };
    let sentence = match read {
        Ok(config) => {
            let restart = needs_restart(running, &config);
            if bot.set_policy(config.policy()).await.is_err() {
                return;
            }
            tracing::info!(restart = restart.join(" "), "the configuration was read again");
            if restart.is_empty() {
                Say::new("cli-reloaded")
            } else {
                Say::new("cli-reloaded-restart").text("sections", restart.join(", "))
            }
        }
        Err(problems) => {
            let first = problems.first();
            tracing::error!(problems = problems.all().len(), at = first.map(|p| p.at.to_string()), "the configuration was not taken over");
            let words = Words::new();
            let policy = bot.policy();
            let lang = policy.room_lang(&policy.fallback_room);
            let what = first.map(|p| config_line(p, &words, lang)).unwrap_or_default();
            // The sentence around it ends by itself.
            let what = what.strip_suffix('.').unwrap_or(&what);
            Say::new("cli-reload-bad").text("what", what).number("more", problems.all().len().saturating_sub(1))
        }
    };
    bot.alarm(&sentence).await;
}

/// What has changed and is only taken over by a new start.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut sections = Vec::new();
    let mut changed = |name, same: bool| {
        if !same {
            sections.push(name);
        }
    };
    changed("[store]", old.store == new.store);
    changed("[chat]", old.chat == new.chat);
    changed("[[account]]", old.accounts == new.accounts);
    changed("[http]", old.http == new.http);
    changed("[log]", old.log == new.log);
    sections
}

/// The control socket. Without it the bot runs all the same.
fn serve_control(config: &Config, store: &Arc<SledStore>, words: &Arc<Words>, bot: &Arc<Handle>) -> Option<control::Socket> {
    let path: PathBuf = config.resolve(&config.store.socket_path());
    let office = Office::of_bot(Arc::clone(store), Arc::clone(words), Arc::clone(bot), tokio::runtime::Handle::current());
    let answering = move |request: control::Request, reply: &mut dyn FnMut(control::Reply) -> std::io::Result<_>| {
        let control::Request { lang, errand } = request;
        let (told, spooled) = match errand {
            Errand::Export { file: None } => match office.spool(lang) {
                Ok(spooled) => (office.perform(&errand, lang), Some(spooled)),
                Err(refused) => (refused, None),
            },
            _ => (office.perform(&errand, lang), None),
        };
        match (reply(told), spooled) {
            (Ok(mut out), Some(spooled)) => {
                if let Err(error) = spooled.pour(&mut out) {
                    tracing::warn!(%error, "an export was not read to its end");
                }
            }
            (Ok(_), None) => {}
            (Err(error), _) => tracing::debug!(%error, "nobody waited for a reply"),
        }
    };
    control::serve(&path, Arc::new(answering))
        .inspect_err(|error| tracing::error!(%error, path = %path.display(), "no control socket: sereno outbox, digest, export will not reach this bot"))
        .ok()
}

/// The words' language for whoever started this process.
#[must_use]
pub fn locale() -> Lang {
    sys_locale::get_locale().map_or(Lang::En, |tag| Lang::from_tag(&tag))
}
