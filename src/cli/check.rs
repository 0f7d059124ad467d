//! `sereno check`: the configuration, the tokens and what they may do, the chat, the store. Every
//! finding says what to do.

use super::{alone, ask};
use crate::app::{finding, run, wire};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Errand, Request};
use crate::error::Failure;
use crate::i18n::Words;
use crate::network::Finding;
use crate::policy::Lang;
use crate::say::Say;
use crate::store::sidecar;
use crate::store::sled::SledStore;
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
    tell(&where_the_store_is(&config));
    if store {
        let request = Request { lang, errand: Errand::CheckStore };
        let reply = match ask(&config, &request)? {
            Some(called) => called.reply,
            None => alone(&config, words)?.perform(&request.errand, lang),
        };
        all_well &= reply.ok;
        write!(std::io::stdout(), "{}", reply.text).ok();
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn where_the_store_is(config: &Config) -> Finding {
    let (path, keyring) = (config.resolve(&config.store.path), config.resolve(&config.store.keyring_path()));
    let sentence = |code: &str| Say::new(code).text("path", path.display().to_string()).text("keyring", keyring.display().to_string());
    let error = match SledStore::look_over(&path, &keyring) {
        Ok(true) => return well("store", sentence("check-store-there")),
        Ok(false) => return well("store", sentence("check-store-new")),
        Err(error) => error.to_string(),
    };
    let seq = sidecar::path_of(&path);
    let left: Vec<_> = [&keyring, &seq].into_iter().filter(|f| f.exists()).map(|f| f.display().to_string()).collect();
    match (path.exists(), keyring.exists()) {
        (false, _) if !left.is_empty() => ill("store", sentence("check-store-only-rest").text("left", left.join(", "))),
        (true, false) => ill("store", sentence("check-store-no-keys")),
        _ => ill("store", Say::new("check-store-refused").text("why", error)),
    }
}
