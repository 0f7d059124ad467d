//! `sereno matrix`: the keys of the bot's Matrix account.

use super::{MatrixWhat, print};
use crate::app::{run, wire};
use crate::config::Config;
use crate::control::Reply;
use crate::error::Failure;
use crate::i18n::Words;
use crate::policy::Lang;
use crate::say::Say;
use std::path::Path;
use std::process::ExitCode;

/// Does what is asked for.
pub(super) fn run(file: &Path, words: &Words, lang: Lang, what: &MatrixWhat) -> Result<ExitCode, Failure> {
    let config = run::load(file)?;
    let Some(place) = wire::place_of_matrix(&config) else {
        return Err(Failure::Said(Say::new("cli-matrix-none")));
    };
    match what {
        MatrixWhat::Recover => recover(&config, words, lang),
        MatrixWhat::RecoveryKey => match place.recovery_key().map_err(|e| failed(&e))? {
            Some(key) => print(&Reply { ok: true, text: format!("{}\n", key.as_str()) }),
            None => {
                let file = place.recovery_key.display().to_string();
                Err(Failure::Said(Say::new("cli-matrix-no-recovery-key").text("file", file)))
            }
        },
    }
}

fn failed(error: &anyhow::Error) -> Failure {
    Failure::Said(Say::new("cli-matrix-failed").with("detail", crate::chat::matrix::place::Trouble::of(error)))
}

#[cfg(feature = "matrix")]
fn recover(config: &Config, words: &Words, lang: Lang) -> Result<ExitCode, Failure> {
    use crate::error::say;
    let Some(matrix) = &config.chat.matrix else { return Err(Failure::Said(Say::new("cli-matrix-none"))) };
    let settings = wire::matrix_settings(config, matrix, crate::clock::Clock::system())?;
    let device = super::block_on(crate::chat::matrix::recover(&settings))?.map_err(|e| failed(&e))?;
    let sentence = Say::new("cli-matrix-recovered").text("device", device);
    print(&Reply { ok: true, text: format!("{}\n", say(words, lang, &sentence)) })
}

/// This build has no Matrix.
#[cfg(not(feature = "matrix"))]
fn recover(_: &Config, _: &Words, _: Lang) -> Result<ExitCode, Failure> {
    Err(Failure::Said(Say::new("cli-config-without-matrix")))
}
