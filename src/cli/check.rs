//! `sereno check`: the configuration, the tokens and what they may do, the chat, the store. Every
//! finding says what to do.

use super::ask;
use crate::app::{finding, run, wire};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Errand, Request};
use crate::error::Failure;
use crate::i18n::Words;
use crate::network::Finding;
use crate::policy::Lang;
use crate::say::Say;
use crate::store::sled::SledStore;
use crate::store::{StoreError, sidecar};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A network that does not answer is given up after so long.
const CHECK_BOUND: Duration = Duration::from_secs(60);

/// Prints findings as they come; fails if one is not well.
pub(super) fn check(file: &Path, words: &Arc<Words>, lang: Lang, store: bool, offline: bool) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let mut all_well = true;
    let mut tell = |found: &Finding| {
        all_well &= found.ok;
        // Whoever reads may have had enough (`| head`); the exit code still tells.
        writeln!(std::io::stdout(), "{}", finding(found, words, lang)).ok();
    };
    tell(&well("config", Say::new("check-config").text("file", file.display().to_string())));
    let chat = wire::chat(&config, words, Clock::system())?;
    super::block_on(async {
        if !offline {
            chat.check().await.iter().for_each(&mut tell);
        }
        for account in &config.accounts {
            self::account(&config, account, offline).await.iter().for_each(&mut tell);
        }
    })?;
    let place = where_the_store_is(&config);
    if place.ok {
        what_it_needs(&config).iter().for_each(&mut tell);
    }
    let mut damaged = None;
    if !store {
        tell(&place);
    } else if let Some(called) = ask(&config, &Request { lang, errand: Errand::CheckStore })? {
        tell(&place);
        all_well &= called.reply.ok;
        write!(std::io::stdout(), "{}", called.reply.text).ok();
    } else if place.ok {
        let read = wire::reading(&config).and_then(|reading| reading.map(|r| r.check()).transpose());
        damaged = read.as_ref().err().filter(|e| matches!(e, StoreError::Corrupt(_))).cloned();
        whole_store(&config, place, read).iter().for_each(&mut tell);
    } else {
        // Why it cannot be opened is told; there is nothing to add by trying.
        tell(&place);
    }
    match damaged {
        Some(error) => Ok(Failure::Store { path: config.resolve(&config.store.path), error }.exit_code()),
        None => Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// What is said of a store that was read as a whole: that it lies where it should is only said of one that is well.
fn whole_store(config: &Config, place: Finding, read: Result<Option<Vec<Finding>>, StoreError>) -> Vec<Finding> {
    match read {
        Ok(Some(findings)) if findings.iter().all(|f| f.ok) => [vec![place], findings].concat(),
        Ok(Some(findings)) => findings,
        Ok(None) => {
            let path = config.resolve(&config.store.path).display().to_string();
            vec![ill("store", Say::new("cli-no-store").text("path", path))]
        }
        Err(error) => vec![ill("store", refusal(config, &error))],
    }
}

/// Why the store is refused.
fn refusal(config: &Config, error: &StoreError) -> Say {
    match error {
        StoreError::Keyring(detail) => {
            let path = config.resolve(&config.store.path).display().to_string();
            Say::new("cli-store-keyring").text("path", path).text("detail", detail)
        }
        StoreError::Corrupt(why) | StoreError::Unavailable(why) | StoreError::Full(why) | StoreError::Conflict(why) => {
            Say::new("check-store-refused").text("why", why)
        }
    }
}

fn well(what: &str, detail: Say) -> Finding {
    Finding { ok: true, what: what.to_owned(), detail }
}

fn ill(what: &str, detail: Say) -> Finding {
    Finding { ok: false, what: what.to_owned(), detail }
}

/// What is to be said of one account.
async fn account(config: &Config, account: &crate::config::AccountConfig, offline: bool) -> Vec<Finding> {
    let what = format!("account.{}", account.name);
    if !account.enabled {
        return vec![well(&what, Say::new("check-account-off"))];
    }
    let made = match wire::account(config, account, &config.policy(), Clock::system()) {
        Ok(made) => made,
        Err(Failure::Said(sentence)) => return vec![ill(&what, sentence)],
        Err(_) => return vec![ill(&what, Say::new("cli-broke"))],
    };
    if offline {
        return vec![well(&what, Say::new("check-account-token").text("token", account.token.to_string()))];
    }
    match tokio::time::timeout(CHECK_BOUND, made.check()).await {
        Ok(findings) => findings,
        Err(_) => vec![ill(&what, Say::new("check-account-silent").text("url", &account.base_url))],
    }
}

/// What a store that could be opened would still be kept from doing.
fn what_it_needs(config: &Config) -> Vec<Finding> {
    let (path, keyring) = (config.resolve(&config.store.path), config.resolve(&config.store.keyring_path()));
    let mut findings = Vec::new();
    // A store that is not made yet comes to lie on the disk of the nearest folder that is there.
    let there = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
    if let Ok(disk) = rustix::fs::statvfs(there) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
        let least = u64::try_from(config.store.min_free_mb).unwrap_or_default();
        if free < least {
            findings.push(ill(
                "store",
                Say::new("check-store-space").text("path", path.display().to_string()).number("free", free).number("least", least),
            ));
        }
    }
    // To destroy a key, the keyring is written anew beside the old one.
    let folder = keyring.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let may = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    if folder.exists() && rustix::fs::access(folder, may).is_err() {
        let say = Say::new("check-keyring-folder").text("folder", folder.display().to_string());
        findings.push(ill("store", say.text("keyring", keyring.display().to_string())));
    }
    findings
}

fn where_the_store_is(config: &Config) -> Finding {
    let (path, keyring) = (config.resolve(&config.store.path), config.resolve(&config.store.keyring_path()));
    let sentence = |code: &str| Say::new(code).text("path", path.display().to_string()).text("keyring", keyring.display().to_string());
    let error = match SledStore::look_over(&path, &keyring) {
        Ok(true) => return well("store", sentence("check-store-there")),
        Ok(false) => return well("store", sentence("check-store-new")),
        Err(error) => error,
    };
    let seq = sidecar::path_of(&path);
    let left: Vec<_> = [&keyring, &seq].into_iter().filter(|f| f.exists()).map(|f| f.display().to_string()).collect();
    match (path.exists(), keyring.exists()) {
        (false, _) if !left.is_empty() => ill("store", sentence("check-store-only-rest").text("left", left.join(", "))),
        (true, false) => ill("store", sentence("check-store-no-keys")),
        _ => ill("store", refusal(config, &error)),
    }
}
