//! What the command line says of itself, in the reader's language: clap lays it out, the words are ours.

use super::lang;
use crate::i18n::Words;
use crate::policy::Lang;
use crate::say::Say;
use crate::telemetry;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use std::process::ExitCode;

/// How a help is laid out; the headings of arguments, options and commands come with them.
const TEMPLATE: &str = "{about}\n\n{usage}\n\n{all-args}{after-help}";

/// The language that was asked for: help and refusals come before anything else is understood.
pub(super) fn asked_lang(typed: &[OsString]) -> Option<Lang> {
    let typed: Vec<&str> = typed.iter().filter_map(|t| t.to_str()).collect();
    let behind = typed.iter().position(|t| *t == "--lang").and_then(|at| typed.get(at + 1));
    let word = typed.iter().find_map(|t| t.strip_prefix("--lang=")).or(behind.copied())?;
    lang(word).ok()
}

/// `sereno help run` is `sereno run --help`.
pub(super) fn as_flag(mut typed: Vec<OsString>) -> Vec<OsString> {
    if typed.get(1).is_some_and(|t| t == "help") {
        typed.remove(1);
        typed.push("--help".into());
    }
    typed
}

/// Puts words in the place of codes, and ours in the place of clap's. `path`: what is typed before this command.
pub(super) fn in_words(command: Command, path: &str, words: &Words, lang: Lang) -> Command {
    let said = |code: &str| if words.has(code, lang) { words.get(code, lang) } else { code.to_owned() };
    let path = format!("{path} {}", command.get_name()).trim().to_owned();
    let about = said(&command.get_about().map(ToString::to_string).unwrap_or_default());
    let has_commands = command.has_subcommands();
    let in_words_too = |arg: Arg| {
        let help = said(&arg.get_help().map(ToString::to_string).unwrap_or_default());
        let heading = said(if arg.is_positional() { "cli-help-arguments" } else { "cli-help-options" });
        let names: Vec<String> = arg.get_value_names().unwrap_or_default().iter().map(|n| said(n)).collect();
        // A flag takes no value, and clap refuses a name for none.
        let arg = if arg.get_action().takes_values() && !names.is_empty() { arg.value_names(names) } else { arg };
        arg.help(help).help_heading(heading)
    };
    let command = command
        .about(about)
        .mut_args(in_words_too)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .subcommand_help_heading(said("cli-help-commands"))
        .arg(in_words_too(Arg::new("help").short('h').long("help").action(ArgAction::Help).help("cli-help-help")))
        .help_template(TEMPLATE);
    let is_top = command.get_version().is_some();
    let command = if is_top {
        command.arg(in_words_too(Arg::new("version").short('V').long("version").action(ArgAction::Version).help("cli-help-version")))
    } else {
        command
    };
    let mut usage = format!("{}: {path} [{}]", said("cli-help-usage"), said("cli-value-options"));
    if has_commands {
        usage.push_str(&format!(" <{}>", said("cli-value-command")));
    }
    for arg in command.get_positionals() {
        let names: Vec<&str> = arg.get_value_names().unwrap_or_default().iter().map(|n| n.as_str()).collect();
        let name = names.join(" ");
        usage.push_str(&if arg.is_required_set() { format!(" <{name}>") } else { format!(" [{name}]") });
    }
    command.override_usage(usage).mut_subcommands(|sub| in_words(sub, &path, words, lang))
}

/// Prints a help or a version that was asked for; else says what is wrong with what was typed.
pub(super) fn refuse(error: &clap::Error, words: &Words, lang: Lang) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever reads may have had enough (`| head`).
        error.print().ok();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    telemetry::tell(&words.tell(&wrong(error), lang));
    telemetry::tell(&words.get("cli-usage-hint", lang));
    ExitCode::from(2)
}

fn wrong(error: &clap::Error) -> Say {
    let of = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let near = |word: ContextKind, near: ContextKind| match of(near) {
        none if none.is_empty() => Say::new("cli-usage-unknown").text("word", of(word)),
        known => Say::new("cli-usage-unknown-near").text("word", of(word)).text("near", known),
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => near(ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        ErrorKind::UnknownArgument => near(ContextKind::InvalidArg, ContextKind::SuggestedArg),
        ErrorKind::MissingRequiredArgument => Say::new("cli-usage-missing").text("word", of(ContextKind::InvalidArg)),
        ErrorKind::InvalidValue | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues if of(ContextKind::InvalidValue).is_empty() => {
            Say::new("cli-usage-no-value").text("word", of(ContextKind::InvalidArg))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let known = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let say = Say::new("cli-usage-value").text("word", of(ContextKind::InvalidArg));
            say.text("value", of(ContextKind::InvalidValue)).text("known", known)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Say::new("cli-usage-no-command"),
        _ => Say::new("cli-usage-twice").text("word", of(ContextKind::InvalidArg)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::CommandFactory;

    /// Words of clap's own, in all its help and refusals.
    const CLAPS: [&str; 9] = ["Usage:", "Options:", "Commands:", "Arguments:", "Print", "[default", "[OPTIONS]", "[COMMAND]", "<FILE>"];

    fn helps(command: &Command, found: &mut Vec<String>) {
        found.push(command.clone().render_long_help().to_string());
        found.push(command.clone().render_help().to_string());
        command.get_subcommands().for_each(|sub| helps(sub, found));
    }

    #[test]
    fn no_code_and_no_foreign_word_stands_in_help() {
        let words = Words::new();
        for lang in [Lang::En, Lang::Es] {
            let mut command = in_words(Cli::command(), "", &words, lang);
            command.build();
            let mut found = Vec::new();
            helps(&command, &mut found);
            assert!(found.len() > 20);
            for help in found {
                assert!(!help.contains("cli-"), "{help}");
                let foreign = CLAPS.iter().find(|w| lang == Lang::Es && help.contains(**w));
                assert!(foreign.is_none(), "{foreign:?} in {help}");
            }
        }
        in_words(Cli::command(), "", &words, Lang::Es).debug_assert();
    }

    #[test]
    fn what_is_typed_wrongly_is_said_in_both_languages() {
        let words = Words::new();
        let told = |line: &str, lang: Lang| {
            let error = in_words(Cli::command(), "", &words, lang).try_get_matches_from(line.split(' ')).unwrap_err();
            words.tell(&wrong(&error), lang)
        };
        for (line, es, en) in [
            ("sereno chek", "No existe «chek». ¿Querías decir «check»?", "There is no “chek”. Did you mean “check”?"),
            ("sereno run --quick", "No existe «--quick».", "There is no “--quick”."),
            ("sereno erase", "Falta <CASO>.", "<CASE> is missing."),
            (
                "sereno check --lang fr",
                "«fr» no vale para --lang <IDIOMA>. Por ejemplo: en, es.",
                "“fr” cannot be --lang <LANGUAGE>. Possible: en, es.",
            ),
            ("sereno check --lang", "--lang <IDIOMA> necesita un valor detrás.", "--lang <LANGUAGE> needs a value behind it."),
            ("sereno check --store --store", "--store sobra aquí o se repite.", "--store is too much here, or stands twice."),
        ] {
            assert_eq!((told(line, Lang::Es).as_str(), told(line, Lang::En).as_str()), (es, en), "{line}");
        }
    }

    #[test]
    fn the_language_is_known_before_the_line_is() {
        let typed = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(asked_lang(&typed("sereno demo --lang es --help")), Some(Lang::Es));
        assert_eq!(asked_lang(&typed("sereno --lang=en --hlep")), Some(Lang::En));
        assert_eq!(asked_lang(&typed("sereno run --lang")), None);
        assert_eq!(as_flag(typed("sereno help outbox retry")), typed("sereno outbox retry --help"));
        assert_eq!(as_flag(typed("sereno run help")), typed("sereno run help"));
    }
}
