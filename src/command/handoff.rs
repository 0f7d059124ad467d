//! `handoff`: asks the customer into a private conversation, where details can be given safely.

use super::{Command, FORM, Row, Run, Takes, Verb, called_back, capabilities, fill, given_to_customer, open, sent};
use crate::case::SendKind;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::{DmRoute, Role};
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Handoff,
    name: "handoff",
    en: &["private"],
    es: &["privado", "derivar"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

/// The first private message where `[reply] handoff_text` has none for the customer's language.
/// Templates for customers, in the languages that Spain's customers write in and their
/// neighbours', so no words of the locales: staff's language has no part in them.
const TEXTS: [(&str, &str); 7] = [
    (
        "en",
        "Hello, this is {agent}. Let us sort this out here in private: please tell me what happened and how I can find your booking or order. \
         Your reference is {code}.",
    ),
    (
        "es",
        "Hola, soy {agent}. Lo vemos por aquí, en privado: cuéntame qué ha pasado y cómo puedo localizar tu reserva o pedido. \
         Tu referencia es {code}.",
    ),
    (
        "ca",
        "Hola, soc {agent}. Ho mirem per aquí, en privat: explica'm què ha passat i com puc localitzar la teva reserva o comanda. \
         La teva referència és {code}.",
    ),
    (
        "gl",
        "Ola, son {agent}. Vémolo por aquí, en privado: cóntame que pasou e como podo localizar a túa reserva ou pedido. \
         A túa referencia é {code}.",
    ),
    (
        "eu",
        "Kaixo, {agent} naiz. Hemendik ikusiko dugu, pribatuan: kontatu zer gertatu den eta nola aurki dezakedan zure erreserba edo eskaera. \
         Zure erreferentzia {code} da.",
    ),
    (
        "pt",
        "Olá, sou {agent}. Vamos tratar disto por aqui, em privado: conte-me o que aconteceu e como posso localizar a sua reserva ou encomenda. \
         A sua referência é {code}.",
    ),
    (
        "fr",
        "Bonjour, je suis {agent}. Voyons cela ici, en privé : dites-moi ce qui s'est passé et comment retrouver votre réservation \
         ou commande. Votre référence est {code}.",
    ),
];

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    w.not_anothers(&c.by)?;
    if w.case.handoff_open {
        return Err(Refusal::AlreadySo);
    }
    let (account, ..) = w.addressee(&SendKind::Handoff)?;
    if capabilities(w, &account).dm_route == DmRoute::None {
        return Err(Refusal::NoPrivateRoute);
    }
    let fill = |template: &str| fill::filled(&w.case, w.ctx.policy, &c.by, template);
    let text = match (given_to_customer(w, c), called_back(w, &SendKind::Handoff)) {
        (Some(given), _) => given,
        (None, Some(before)) => before.to_owned(),
        (None, None) => fill(&template(w)),
    };
    w.own(&c.by)?;
    let id = w.send(SendKind::Handoff, &text, c, &c.by)?;
    Ok(sent(w, id))
}

/// The configured text in the customer's language, else the built-in one; then the same in the
/// team's language, then in English.
fn template(w: &Work<'_>) -> String {
    let of = |lang: &str| {
        let configured = w.ctx.policy.reply.handoff_text.get(lang).map(String::as_str);
        configured.or_else(|| TEXTS.iter().find(|(l, _)| *l == lang).map(|(_, text)| *text))
    };
    fill::languages(&w.case, w.ctx.policy).iter().find_map(|lang| of(lang)).unwrap_or_default().to_owned()
}
