//! The command line: what can be asked of the binary, and who does it.
//!
//! The texts of `--help` stand in the locales: in the definitions below stand their codes, which
//! [`help`] replaces. What looks into a store goes to the running bot by its control socket, and opens the store itself
//! only where no bot runs.

mod check;
mod help;
mod listen;
mod login;
mod matrix;

use crate::app::office::Office;
use crate::app::{run, wire};
use crate::chat::slack::manifest;
use crate::clock::Clock;
use crate::command::table;
use crate::config::Config;
use crate::control::{self, Errand, Reply, Request};
use crate::demo::{self, sabotage::Sabotage};
use crate::error::{Failure, say};
use crate::i18n::Words;
use crate::policy::Lang;
use crate::say::Say;
use crate::store::StoreError;
use crate::store::export::{self, NotImported};
use crate::store::sled::Reading;
use crate::telemetry;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "sereno", version, about = "cli-help-sereno", arg_required_else_help = true)]
pub struct Cli {
    /// The configuration.
    #[arg(
        long,
        global = true,
        value_name = "cli-value-file",
        default_value = "bot.toml",
        hide_default_value = true,
        help = "cli-help-config"
    )]
    pub config: PathBuf,
    /// The language of the binary's own words; the locale's where it is left out.
    #[arg(long, global = true, value_name = "cli-value-lang", value_parser = lang, help = "cli-help-lang")]
    pub lang: Option<Lang>,
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Runs the bot.
    #[command(about = "cli-help-run")]
    Run,
    /// Plays a story on a network of its own; needs no configuration.
    #[command(about = "cli-help-demo")]
    Demo {
        /// Plays the member of staff as well, and has all of it judged.
        #[arg(long, help = "cli-help-demo-auto")]
        auto: bool,
        /// Keeps the store in this directory.
        #[arg(long, value_name = "cli-value-dir", help = "cli-help-demo-keep")]
        keep: Option<PathBuf>,
        /// Breaks the bot on purpose.
        #[arg(long, value_name = "cli-value-how", value_parser = sabotage, requires = "auto", help = "cli-help-demo-sabotage")]
        sabotage: Option<Sabotage>,
    },
    /// Looks the configuration, the accounts and the store over.
    #[command(about = "cli-help-check")]
    Check {
        /// Reads the whole store as well.
        #[arg(long, help = "cli-help-check-store")]
        store: bool,
        /// Asks no network.
        #[arg(long, help = "cli-help-check-offline")]
        offline: bool,
    },
    /// Prints figures.
    #[command(about = "cli-help-digest")]
    Digest {
        /// Of this local day; today where it is left out.
        #[arg(long, value_name = "cli-value-day", help = "cli-help-digest-day")]
        day: Option<String>,
        /// Of the seven days up to it.
        #[arg(long, help = "cli-help-digest-week")]
        week: bool,
    },
    /// Writes the whole store as JSON lines.
    #[command(about = "cli-help-export")]
    Export {
        /// Where to; `-`: standard output.
        #[arg(value_name = "cli-value-file", help = "cli-help-export-file")]
        file: PathBuf,
    },
    /// Makes a new store out of an export.
    #[command(about = "cli-help-import")]
    Import {
        /// The export.
        #[arg(value_name = "cli-value-file", help = "cli-help-import-file")]
        file: PathBuf,
    },
    /// What is on its way out.
    #[command(about = "cli-help-outbox", subcommand_required = true, arg_required_else_help = true)]
    Outbox {
        /// What to do with it.
        #[command(subcommand)]
        what: OutboxWhat,
    },
    /// What came and could not be read.
    #[command(about = "cli-help-parked", subcommand_required = true, arg_required_else_help = true)]
    Parked {
        /// What to do with it.
        #[command(subcommand)]
        what: ParkedWhat,
    },
    /// Prints the manifest of the Slack app.
    #[command(about = "cli-help-slack-manifest")]
    SlackManifest {
        /// What the names of slash commands begin with.
        #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true, help = "cli-help-slack-manifest-prefix")]
        prefix: String,
        /// Where events are to be sent; left out: Socket Mode.
        #[arg(long, value_name = "URL", help = "cli-help-slack-manifest-url")]
        url: Option<String>,
    },
    /// Signs an account in, where that takes a person.
    #[command(about = "cli-help-login")]
    Login {
        /// The network.
        #[arg(value_name = "cli-value-network", value_parser = ["x"], help = "cli-help-login-network")]
        network: String,
        /// Its name in `bot.toml`, where there are several.
        #[arg(long, value_name = "cli-value-name", help = "cli-help-login-account")]
        account: Option<String>,
        /// Also where it is another account than before.
        #[arg(long, help = "cli-help-login-replace")]
        replace: bool,
    },
    /// Looks after the keys of the bot's Matrix account.
    #[command(about = "cli-help-matrix", subcommand_required = true, arg_required_else_help = true)]
    Matrix {
        /// What to do.
        #[command(subcommand)]
        what: MatrixWhat,
    },
    /// Tries the listening rules on recorded posts.
    #[command(about = "cli-help-listen")]
    Listen {
        /// The posts; `-`: standard input.
        #[arg(long, value_name = "cli-value-file", required = true, help = "cli-help-listen-dry-run")]
        dry_run: PathBuf,
        /// A second file with rules, to be compared.
        #[arg(long, value_name = "cli-value-file", help = "cli-help-listen-beside")]
        beside: Option<PathBuf>,
        /// Answers with JSON, one line a post.
        #[arg(long, help = "cli-help-listen-json")]
        json: bool,
    },
    /// Destroys a case's data beyond recovery.
    #[command(about = "cli-help-erase")]
    Erase {
        /// Its number.
        #[arg(value_name = "cli-value-case", help = "cli-help-erase-case")]
        case: String,
        /// Really.
        #[arg(long, help = "cli-help-erase-yes")]
        yes: bool,
    },
}

/// What to do with the outbox.
#[derive(Clone, Debug, Subcommand)]
pub enum OutboxWhat {
    /// Shows it.
    #[command(about = "cli-help-outbox-list")]
    List,
    /// Tries an entry again.
    #[command(about = "cli-help-outbox-retry")]
    Retry {
        /// The entry's number.
        #[arg(value_name = "cli-value-entry", help = "cli-help-outbox-entry")]
        entry: Option<String>,
        /// Every dead letter, but for sends whose fate is in doubt.
        #[arg(long, help = "cli-help-outbox-retry-all", conflicts_with = "entry")]
        all: bool,
    },
    /// Gives an entry up.
    #[command(about = "cli-help-outbox-drop")]
    Drop {
        /// The entry's number.
        #[arg(value_name = "cli-value-entry", help = "cli-help-outbox-entry")]
        entry: String,
    },
}

/// What to do with the keys of the bot's Matrix account.
#[derive(Clone, Debug, Subcommand)]
pub enum MatrixWhat {
    /// Makes a new device out of the recovery key, where the keys were lost.
    #[command(about = "cli-help-matrix-recover")]
    Recover,
    /// Prints the recovery key.
    #[command(about = "cli-help-matrix-recovery-key")]
    RecoveryKey,
}

/// What to do with what could not be read.
#[derive(Clone, Debug, Subcommand)]
pub enum ParkedWhat {
    /// Shows what there is.
    #[command(about = "cli-help-parked-list")]
    List,
    /// Shows one as it came.
    #[command(about = "cli-help-parked-show")]
    Show {
        /// Its id.
        #[arg(value_name = "ID", help = "cli-help-parked-id")]
        id: String,
    },
    /// Keeps one, or all, no longer.
    #[command(about = "cli-help-parked-drop")]
    Drop {
        /// Its id.
        #[arg(value_name = "ID", required_unless_present = "all", help = "cli-help-parked-id")]
        id: Option<String>,
        /// All of it.
        #[arg(long, conflicts_with = "id", help = "cli-help-parked-all")]
        all: bool,
    },
}

fn lang(text: &str) -> Result<Lang, String> {
    match text {
        "en" => Ok(Lang::En),
        "es" => Ok(Lang::Es),
        _ => Err("en, es".into()),
    }
}

fn sabotage(text: &str) -> Result<Sabotage, String> {
    match text {
        "lose" => Ok(Sabotage::Lose),
        "double" => Ok(Sabotage::Double),
        "stuck" => Ok(Sabotage::Stuck),
        _ => Err("lose, double, stuck".into()),
    }
}

/// `42` or `#42`; whatever else gets the sentence `code`.
fn number(text: &str, code: &str) -> Result<u64, Failure> {
    text.trim().trim_start_matches('#').parse().map_err(|_| Failure::Usage(Say::new(code).text("value", text)))
}

/// The process: parses its arguments, does what they say, says what failed.
#[must_use]
pub fn main() -> ExitCode {
    // Two providers may stand in one build; whoever connects first must find one chosen.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let words = Arc::new(Words::new());
    let typed: Vec<_> = std::env::args_os().collect();
    let spoken = help::asked_lang(&typed).unwrap_or_else(run::locale);
    let command = help::in_words(Cli::command(), "", &words, spoken);
    let cli = match command.try_get_matches_from(help::as_flag(typed)).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => return help::refuse(&error, &words, spoken),
    };
    let lang = cli.lang.unwrap_or_else(run::locale);
    match cli.run(&words, lang) {
        Ok(code) => code,
        Err(failure) => {
            for line in failure.lines(&words, lang) {
                telemetry::tell(&line);
            }
            failure.exit_code()
        }
    }
}

impl Cli {
    fn run(self, words: &Arc<Words>, lang: Lang) -> Result<ExitCode, Failure> {
        let file = self.config.as_path();
        match self.what {
            What::Run => block_on(run::run(file, Arc::clone(words)))?,
            What::Demo { keep: Some(folder), .. } if std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) => {
                Err(Failure::Usage(Say::new("cli-demo-keep").text("folder", folder.display().to_string())))
            }
            What::Demo { auto, keep, sabotage } => {
                let place = keep.clone().unwrap_or_else(std::env::temp_dir);
                let options = demo::Options { lang, keep, auto, sabotage };
                block_on(demo::run(options, Arc::clone(words)))?.map_err(|error| Failure::of_store(place, error))
            }
            What::Check { store, offline } => check::check(file, words, lang, store, offline),
            What::Digest { day, week } => errand(file, words, lang, Errand::Digest { day, week }),
            What::Export { file: to } if to.as_os_str() == "-" => export_to_stdout(file, words, lang),
            What::Export { file: to } if to.exists() => {
                Err(Failure::Usage(Say::new("cli-export-exists").text("file", to.display().to_string())))
            }
            What::Export { file: to } if to.parent().is_some_and(|p| !p.as_os_str().is_empty() && !p.is_dir()) => {
                let folder = to.parent().map(|p| p.display().to_string()).unwrap_or_default();
                Err(Failure::Usage(Say::new("cli-export-folder").text("folder", folder)))
            }
            What::Export { file: to } => export_to_file(file, words, lang, absolute(&to)?),
            What::Import { file: from } => import(file, words, lang, &from),
            What::Outbox { what: OutboxWhat::List } => errand(file, words, lang, Errand::OutboxList),
            What::Outbox { what: OutboxWhat::Retry { entry: None, all: false } } => Err(Failure::Usage(Say::new("cli-outbox-which"))),
            What::Outbox { what: OutboxWhat::Retry { entry: None, all: true } } => errand(file, words, lang, Errand::OutboxRetryAll),
            What::Outbox { what: OutboxWhat::Retry { entry: Some(entry), .. } } => {
                let entry = number(&entry, "cli-not-an-entry")?;
                errand(file, words, lang, Errand::OutboxDecide { entry, retry: true })
            }
            What::Outbox { what: OutboxWhat::Drop { entry } } => {
                let entry = number(&entry, "cli-not-an-entry")?;
                errand(file, words, lang, Errand::OutboxDecide { entry, retry: false })
            }
            What::Parked { what: ParkedWhat::List } => errand(file, words, lang, Errand::ParkedList),
            What::Parked { what: ParkedWhat::Show { id } } => errand(file, words, lang, Errand::ParkedShow { id }),
            What::Parked { what: ParkedWhat::Drop { id, .. } } => errand(file, words, lang, Errand::ParkedDrop { id }),
            What::Login { account, replace, .. } => login::run(file, words, lang, account.as_deref(), replace),
            What::Listen { dry_run, beside, json } => listen::run(file, beside.as_deref(), &dry_run, json, words, lang),
            What::Matrix { what } => matrix::run(file, words, lang, &what),
            What::SlackManifest { prefix, url } => slack_manifest(words, lang, &prefix, url.as_deref()),
            What::Erase { case, yes: false } => {
                let case = number(&case, "cli-not-a-case")?;
                let described = errand(file, words, lang, Errand::Describe { case })?;
                if described != ExitCode::SUCCESS {
                    return Ok(described);
                }
                Err(Failure::Usage(Say::new("cli-erase-yes").number("n", case)))
            }
            What::Erase { case, yes: true } => {
                let case = number(&case, "cli-not-a-case")?;
                errand(file, words, lang, Errand::Erase { case })
            }
        }
    }
}

/// How long a call that blocks may hold the process up once all is done.
const LAST: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs to its end on a runtime of its own.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| Failure::Other(e.into()))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST);
    Ok(done)
}

/// The running bot would take a relative path from where it was started.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::Other(e.into()))
}

/// Has something done by the running bot, else does it here, and prints what was said.
fn errand(file: &Path, words: &Arc<Words>, lang: Lang, errand: Errand) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let request = Request { lang, errand };
    let reply = match ask(&config, &request)? {
        Some(called) => called.reply,
        None => alone(&config, words)?.perform(&request.errand, lang),
    };
    print(&reply)
}

/// Asks the running bot; `None`: none runs.
fn ask(config: &Config, request: &Request) -> Result<Option<control::Called>, Failure> {
    let socket = config.resolve(&config.store.socket_path());
    let silent =
        |e: std::io::Error| Failure::Said(Say::new("cli-control").text("path", socket.display().to_string()).text("detail", e.to_string()));
    control::call(&socket, request).map_err(silent)
}

/// Does without a bot: only on a store that is there. To look into one must not make one.
fn alone(config: &Config, words: &Arc<Words>) -> Result<Office, Failure> {
    let path = config.resolve(&config.store.path);
    if !path.exists() {
        return Err(Failure::Said(Say::new("cli-no-store").text("path", path.display().to_string())));
    }
    Ok(Office::alone(wire::store(config)?, Arc::clone(words), config.policy()))
}

fn print(reply: &Reply) -> Result<ExitCode, Failure> {
    let printed =
        if reply.ok { std::io::stdout().write_all(reply.text.as_bytes()) } else { std::io::stderr().write_all(reply.text.as_bytes()) };
    match printed {
        // Whoever reads may have had enough (`| head`).
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Other(e.into())),
        _ => Ok(if reply.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// The store where no bot runs, read without changing it; `None`: there is no room for the copy that takes.
fn reading(config: &Config) -> Result<Option<Reading>, Failure> {
    let path = config.resolve(&config.store.path);
    match wire::reading(config) {
        Ok(Some(reading)) => Ok(Some(reading)),
        Ok(None) => Err(Failure::Said(Say::new("cli-no-store").text("path", path.display().to_string()))),
        Err(StoreError::Full(_)) => Ok(None),
        Err(error) => Err(Failure::Store { path, error }),
    }
}

fn export_to_file(file: &Path, words: &Arc<Words>, lang: Lang, to: PathBuf) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let request = Request { lang, errand: Errand::Export { file: Some(to.clone()) } };
    if let Some(called) = ask(&config, &request)? {
        return print(&called.reply);
    }
    let Some(reading) = reading(&config)? else {
        return print(&alone(&config, words)?.perform(&request.errand, lang));
    };
    let exported = export::export_reading(&reading, &to);
    let counts = exported.map_err(|error| match error {
        // As often as not it is the file that could not be written: what happened is said, and of neither.
        StoreError::Full(why) | StoreError::Unavailable(why) => {
            Failure::Said(Say::new("cli-export-failed").text("file", to.display().to_string()).with("detail", why.into()))
        }
        error => Failure::Store { path: config.resolve(&config.store.path), error },
    })?;
    let sentence = Say::new("cli-exported").number("records", counts.values().sum::<u64>()).text("file", to.display().to_string());
    print(&Reply { ok: true, text: format!("{}\n", say(words, lang, &sentence)) })
}

fn export_to_stdout(file: &Path, words: &Arc<Words>, lang: Lang) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let request = Request { lang, errand: Errand::Export { file: None } };
    let Some(called) = ask(&config, &request)? else {
        let (heard, out) = Heard::new();
        let out = Box::new(out);
        let exported = match reading(&config)? {
            Some(reading) => reading.export_to(out).map(drop),
            None => alone(&config, words)?.export(out),
        };
        let path = config.resolve(&config.store.path);
        return exported.map(|()| ExitCode::SUCCESS).map_err(|error| match heard.lock() {
            Ok(failed) if !failed.is_empty() => unwritable(&failed),
            _ => Failure::Store { path, error },
        });
    };
    if !called.reply.ok {
        return print(&called.reply);
    }
    copy_lines(called.rest, &mut std::io::stdout().lock())
}

/// Standard output could not take an export: no fault of the store.
fn unwritable(why: &str) -> Failure {
    Failure::Said(Say::new("cli-export-output").text("detail", why))
}

/// Standard output, which remembers why it took no more: whoever writes to it takes that for the store's fault.
struct Heard(std::io::Stdout, Arc<Mutex<String>>);

impl Heard {
    fn new() -> (Arc<Mutex<String>>, Heard) {
        let why = Arc::default();
        (Arc::clone(&why), Heard(std::io::stdout(), why))
    }
    fn hear<T>(&self, written: std::io::Result<T>) -> std::io::Result<T> {
        written.inspect_err(|e| {
            if e.kind() != std::io::ErrorKind::Interrupted
                && let Ok(mut why) = self.1.lock()
            {
                *why = e.to_string();
            }
        })
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.0.write(bytes);
        self.hear(written)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        let flushed = self.0.flush();
        self.hear(flushed)
    }
}

/// Passes an export on; only its footer shows that it is whole.
fn copy_lines(mut from: impl BufRead, to: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut line = Vec::new();
    let mut whole = false;
    loop {
        line.clear();
        let read = from.read_until(b'\n', &mut line).map_err(|e| Failure::Other(e.into()))?;
        if read == 0 {
            break;
        }
        whole = line.starts_with(b"{\"footer\"") && line.ends_with(b"\n");
        to.write_all(&line).map_err(|e| unwritable(&e.to_string()))?;
    }
    to.flush().map_err(|e| unwritable(&e.to_string()))?;
    if whole { Ok(ExitCode::SUCCESS) } else { Err(Failure::Said(Say::new("cli-export-cut"))) }
}

fn import(file: &Path, words: &Words, lang: Lang, from: &Path) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let path = config.resolve(&config.store.path);
    let keyring = config.resolve(&config.store.keyring_path());
    let imported = export::import(from, &path, &keyring, Some(Clock::system().now())).map_err(|error| match error {
        NotImported::File(error) => Failure::Said(Say::new("cli-import-file").with("detail", error.why().into())),
        NotImported::Store(error) => Failure::Store { path: path.clone(), error },
    })?;
    let records = imported.counts.values().sum::<u64>();
    let mut text = say(words, lang, &Say::new("cli-imported").number("records", records).text("path", path.display().to_string()));
    if imported.unsent > 0 {
        text = format!("{text}\n{}", say(words, lang, &Say::new("cli-imported-unsent").number("count", imported.unsent)));
    }
    print(&Reply { ok: true, text: format!("{text}\n") })
}

/// Prints the manifest in the language of the locale: what staff read of the app is in it.
fn slack_manifest(words: &Words, lang: Lang, prefix: &str, url: Option<&str>) -> Result<ExitCode, Failure> {
    if !table::is_slash_prefix(prefix) {
        let say = Say::new("cli-slack-prefix").text("value", prefix).number("most", table::most_slash_prefix());
        return Err(Failure::Usage(say));
    }
    if let Some(url) = url.filter(|u| !u.starts_with("https://") || url::Url::parse(u).is_err()) {
        return Err(Failure::Usage(Say::new("cli-slack-url").text("value", url)));
    }
    print(&Reply { ok: true, text: manifest::yaml(words, lang, prefix, url) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_export_counts() {
        let mut out = Vec::new();
        assert!(copy_lines(&b"{\"header\":1}\n{\"footer\":2}\n"[..], &mut out).is_ok());
        assert!(copy_lines(&b"{\"header\":1}\n{\"footer\":2"[..], &mut out).is_err());
        assert!(copy_lines(&b"{\"header\":1}\n"[..], &mut out).is_err());
        assert!(copy_lines(&b""[..], &mut out).is_err());
    }

    /// What a message tells people to type is something that can be typed.
    #[test]
    fn every_command_that_is_named_exists() {
        use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument};
        fn visit(at: &Path, found: &mut Vec<String>) {
            if at.is_dir() {
                std::fs::read_dir(at).unwrap().for_each(|e| visit(&e.unwrap().path(), found));
            } else {
                let text = std::fs::read_to_string(at).unwrap_or_default();
                found.extend(text.split('`').filter(|t| t.starts_with("sereno ") && !t.contains('\n')).map(str::to_owned));
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        ["src/store", "locales", "bot.toml.example"].iter().for_each(|at| visit(&root.join(at), &mut found));
        assert!(found.iter().any(|c| c.starts_with("sereno import")));
        for command in found {
            // Blanks to be filled in become numbers, which fit everywhere.
            let typed = command.replace("{ $", "{").replace(" }", "}");
            let words = typed.split_whitespace().map(|w| if w.starts_with('{') { "1" } else { w });
            let kind = Cli::command().try_get_matches_from(words).err().map(|e| e.kind());
            // A sentence may leave the number out where it speaks of it.
            let short = matches!(kind, Some(DisplayHelp | MissingRequiredArgument | DisplayHelpOnMissingArgumentOrSubcommand));
            assert!(kind.is_none() || short, "`{command}`: {kind:?}");
        }
    }

    #[test]
    fn a_case_is_named_with_or_without_its_sign() {
        assert!(matches!(number("#42", "x"), Ok(42)));
        assert!(matches!(number("42", "x"), Ok(42)));
        assert!(number("4 2", "x").is_err());
    }
}
