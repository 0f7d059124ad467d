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
use crate::policy::{Lang, Policy, Role};
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
    left_open(&config.policy()).iter().for_each(&mut tell);
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

/// What `bot.toml` may well leave out, and what then cannot be done.
fn left_open(policy: &Policy) -> Vec<Finding> {
    let leads = policy.people.values().map(|p| p.role).chain(policy.default_role).any(|role| role >= Role::Lead);
    let nobody = (!leads).then(|| well("people", Say::new("check-no-lead")));
    let nowhere = policy.private_rooms().is_empty().then(|| well("privacy", Say::new("check-no-private-room")));
    nobody.into_iter().chain(nowhere).collect()
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
    let (code, name) =
        if matches!(error, StoreError::Keyring(_)) { ("cli-store-keyring", "detail") } else { ("check-store-refused", "why") };
    Say::new(code).text("path", config.resolve(&config.store.path).display().to_string()).with(name, error.why().into())
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
    if offline && account.network == "x" {
        return vec![well(&what, Say::new("check-x-offline").text("file", wire::x_tokens(config, account).display().to_string()))];
    }
    if offline {
        return vec![well(&what, Say::new("check-account-token").text("token", account.token.to_string()))];
    }
    match tokio::time::timeout(CHECK_BOUND, made.check()).await {
        Ok(findings) => findings,
        Err(_) => vec![ill(&what, Say::new("check-account-silent").text("url", account.address()))],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Person, RoomId};

    #[test]
    fn what_was_left_out_and_will_be_missed_is_said() {
        let codes = |policy: &Policy| left_open(policy).into_iter().map(|f| f.detail.code).collect::<Vec<_>>();
        let mut policy = Policy::default();
        assert_eq!(codes(&policy), ["check-no-lead", "check-no-private-room"]);
        policy.people.insert("ana".into(), Person { role: Role::Operator, name: "Ana".into(), lang: None });
        policy.privacy.dm_room = Some(RoomId::from("private"));
        assert_eq!(codes(&policy), [""; 0]);
    }
}
