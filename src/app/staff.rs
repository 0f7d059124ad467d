//! What staff say: heard, parsed, handed to the engine in its order, answered after the commit.

use super::inbox::Door as Lane;
use super::memory::Remembering;
use super::{Shell, show};
use crate::case::refusal::Refusal;
use crate::case::{Attached, Case};
use crate::chat::{Answered, FormWish, Memory, Said, Typed};
use crate::command::parse::{self, Meta};
use crate::command::{Answer, Args, Command, Door, Verb};
use crate::engine::{Ack, Batch, Input};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::store::Store;
use crate::view::hygiene;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What staff said and nobody took in yet; then the chat waits.
const WAITING: usize = 64;
/// First and longest pause before a chat that broke off is heard again, in milliseconds.
const BACKOFF_MS: (i64, i64) = (1_000, 60_000);

/// Hears staff until the chat ends by itself.
pub(super) async fn run(shell: Arc<Shell>, store: Arc<dyn Store>) {
    let memory: Arc<dyn Memory> = Arc::new(Remembering { shell: Arc::clone(&shell), store });
    let mut pause = BACKOFF_MS.0;
    loop {
        let began = shell.clock.now();
        let (tx, rx) = mpsc::channel(WAITING);
        let (heard, ()) = tokio::join!(shell.chat.run(tx, Arc::clone(&memory)), take_in(&shell, rx));
        match heard {
            Ok(()) => return,
            Err(error) => tracing::error!(error = format!("{error:#}"), "the chat broke off; hearing it again"),
        }
        pause = if shell.clock.now().since(began) > BACKOFF_MS.1 { BACKOFF_MS.0 } else { pause };
        shell.sleep(pause).await;
        pause = (pause * 2).min(BACKOFF_MS.1);
    }
}

async fn take_in(shell: &Arc<Shell>, mut said: mpsc::Receiver<Said>) {
    while let Some(Said { what, answer }) = said.recv().await {
        let said = match what {
            // The chat may know no language of theirs, and `[people]` does.
            Typed::Command(command) => Ok(Command { lang: lang_of(shell, &command.by, &command.room, Some(command.lang)), ..command }),
            Typed::Line { id, by, door, room, thread, lang, text, files } => {
                let policy = shell.policy();
                let lang = lang_of(shell, &by, &room, lang);
                command(shell, Meta { id, by, door, room, thread, lang, people: &policy.people }, |meta| {
                    parse::parse(&text, meta)
                        .and_then(|command| illustrated(command, &files))
                        .map_err(|refusal| unless_alone(refusal, &files).say())
                })
            }
            Typed::Fields { id, by, door, room, thread, lang, verb, case, text } => {
                let policy = shell.policy();
                let lang = lang_of(shell, &by, &room, lang);
                command(shell, Meta { id, by, door, room, thread, lang, people: &policy.people }, |meta| {
                    parse::fields(&verb, case, &text, meta).map_err(|refusal| match refusal {
                        Refusal::WhichCase => Say::new("refused-which-case-field"),
                        _ => refusal.say(),
                    })
                })
            }
            Typed::Filled { id, by, room, thread, lang, verb, case, text, public } => {
                let policy = shell.policy();
                let lang = lang_of(shell, &by, &room, lang);
                command(shell, Meta { id, by, door: Door::Modal, room, thread, lang, people: &policy.people }, |meta| {
                    let command = parse::fields(&verb, Some(case), &text, meta).map_err(|refusal| refusal.say())?;
                    Ok(match command.args {
                        Args::Text(text) if public => Command { args: Args::InPublic(text), ..command },
                        _ => command,
                    })
                })
            }
            // Commits nothing: nobody's turn comes later for it.
            Typed::Form(wish) => {
                tokio::spawn(form(Arc::clone(shell), wish, answer));
                continue;
            }
        };
        let command = match said {
            Ok(command) => command,
            Err(refused) => {
                // The chat may have gone; then nobody waits.
                answer.send(*refused).ok();
                continue;
            }
        };
        let command = cleaned(command);
        let input = Input::Command(command.clone());
        let Ok(acked) = shell.inbox.hand(Lane::Staff, Batch { inputs: vec![input], cursor: None }).await else { return };
        let shell = Arc::clone(shell);
        // The engine keeps the order; only waiting for the commit happens beside.
        tokio::spawn(async move {
            // Without an ack nothing was done: the answer is dropped, and the chat asks again.
            let Ok(mut acks) = acked.await else { return };
            let answered = match acks.pop() {
                Some(Ack::Answered(said)) => {
                    let case = case_of(&shell, &said).await;
                    show::answered(&shell, &command, said, case.as_ref())
                }
                Some(Ack::Replied(reply)) => show::replied(&shell, &command, &reply),
                Some(Ack::Taken) | None => {
                    tracing::error!(verb = ?command.verb, "a command was taken without an answer");
                    return;
                }
            };
            answer.send(answered).ok();
        });
    }
}

/// The command with the files that it came with. Where a command takes none they stay what they are, files of the thread; only a text to
/// the customer must not go without what its writer hung on it.
fn illustrated(command: Command, files: &[Attached]) -> Result<Command, Refusal> {
    if files.is_empty() {
        return Ok(command);
    }
    match (command.verb, &command.args) {
        (Verb::Draft | Verb::Reply | Verb::Handoff | Verb::Dm, Args::Text(text)) => {
            Ok(Command { args: Args::Illustrated(text.clone(), files.to_vec()), ..command })
        }
        (Verb::Draft | Verb::Reply | Verb::Handoff | Verb::Dm, _) => Err(Refusal::PictureAlone),
        (Verb::Correct, _) => Err(Refusal::PictureHere),
        _ => Ok(command),
    }
}

/// What lacks its text, but came with a picture.
fn unless_alone(refusal: Refusal, files: &[Attached]) -> Refusal {
    match refusal {
        Refusal::Usage(verb) if verb == "draft" && !files.is_empty() => Refusal::PictureAlone,
        refusal => refusal,
    }
}

/// The command with its text as it will be shown: what nobody can see before it is sent, or what turns
/// text around, is not sent either.
fn cleaned(command: Command) -> Command {
    match command.args {
        Args::Text(text) => Command { args: Args::Text(hygiene::strip(&text)), ..command },
        Args::InPublic(text) => Command { args: Args::InPublic(hygiene::strip(&text)), ..command },
        Args::Illustrated(text, files) => Command { args: Args::Illustrated(hygiene::strip(&text), files), ..command },
        _ => command,
    }
}

/// The case that an answer shows something of.
async fn case_of(shell: &Shell, said: &Answer) -> Option<Case> {
    let id = said.case.filter(|_| said.ok || said.send.is_some() || said.say.code == "refused-other-draft")?;
    shell.inbox.ask(move |engine, _| engine.case(id)).await.ok()?.ok()?
}

/// Answers a wish for a form: with the form, or with why the command would be refused.
async fn form(shell: Arc<Shell>, wish: FormWish, answer: oneshot::Sender<Answered>) {
    let FormWish { by, room, thread, case, verb, about, lang, stays } = wish;
    let lang = lang_of(&shell, &by, &room, lang);
    // The form has no id of its own: what is sent in with it has.
    let command = Command { id: String::new(), by, door: Door::Modal, room, thread, lang, verb, case, args: about };
    let asked = command.clone();
    // Without an answer of the engine the bot is stopping: the chat hears it from the dropped end.
    let Ok(found) = shell.inbox.ask(move |engine, now| engine.form(now, &asked)).await else { return };
    let answered = match found {
        Ok(Ok(form)) => show::form(&shell, &command, &form, stays),
        Ok(Err(refusal)) => {
            let refused = Answer { ok: false, say: refusal.say(), case: command.case, send: refusal.shows(), of: None };
            let case = case_of(&shell, &refused).await;
            show::answered(&shell, &command, refused, case.as_ref())
        }
        Err(error) => {
            tracing::error!(%error, "a form could not be filled in");
            return;
        }
    };
    answer.send(answered).ok();
}

/// The language of somebody's private answers.
fn lang_of(shell: &Shell, by: &AgentId, room: &RoomId, said: Option<Lang>) -> Lang {
    let policy = shell.policy();
    let own = policy.people.get(by).and_then(|p| p.lang);
    own.or(said).unwrap_or_else(|| policy.room_lang(room))
}

/// The refusal of a room that a program made up: what is said there would be heard, and nothing ever shown
/// there. A thread of a room that the rules named once goes on.
fn unknown_room(shell: &Shell, meta: &Meta<'_>) -> Option<Refusal> {
    let policy = shell.policy();
    let mut known = policy.rooms();
    known.extend(shell.chat.home());
    let unknown = meta.door == Door::Console && meta.thread.is_none() && !known.contains(&meta.room);
    unknown.then(|| Refusal::UnknownRoom(meta.room.clone(), known.into_iter().cloned().collect()))
}

/// The command that was typed, or its refusal.
fn command<'a>(shell: &Shell, meta: Meta<'a>, read: impl FnOnce(Meta<'a>) -> Result<Command, Say>) -> Result<Command, Box<Answered>> {
    let (id, lang) = (meta.id.clone(), meta.lang);
    let refused = |say: Say| {
        let answer = Answer { ok: false, say, case: None, send: None, of: None };
        Box::new(show::refused(shell, &id, lang, answer))
    };
    if let Some(room) = unknown_room(shell, &meta) {
        return Err(refused(room.say()));
    }
    let command = read(meta).map_err(refused)?;
    // Nobody would do it, so nobody is told that it is done.
    if command.verb == Verb::Reload && !shell.reloads {
        return Err(refused(Say::new("cli-no-reload")));
    }
    Ok(command)
}
