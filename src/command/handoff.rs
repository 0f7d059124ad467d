//! `handoff`: asks the customer into a private conversation, where details can be given safely.

use super::dm::within_route;
use super::{Args, Command, FORM, Row, Run, Takes, Verb, called_back, fill, given_files, given_to_customer, open, sent};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Attached, SendKind};
use crate::planted::{self, Bug};
use crate::policy::{DmRoute, Role};
use crate::post::{Answering, written_at};
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

/// The public answer that asks for a private message, where the network lets customers alone begin one. A link may follow.
const INVITATIONS: [(&str, &str); 7] = [
    ("en", "We want to sort this out with you. Please write to us in a private message, and give no personal details here in public."),
    ("es", "Queremos resolverlo contigo. Escríbenos por mensaje privado, y no des aquí datos personales."),
    ("ca", "Ho volem resoldre amb tu. Escriu-nos per missatge privat, i no donis aquí dades personals."),
    ("gl", "Queremos resolvelo contigo. Escríbenos por mensaxe privada, e non deas aquí datos persoais."),
    ("eu", "Zurekin konpondu nahi dugu. Idatzi iezaguzu mezu pribatu bidez, eta ez eman hemen datu pertsonalik."),
    ("pt", "Queremos resolver isto consigo. Escreva-nos por mensagem privada e não dê aqui dados pessoais."),
    ("fr", "Nous voulons régler cela avec vous. Écrivez-nous en message privé, et ne donnez pas ici de données personnelles."),
];

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let files = given_files(c)?;
    open(w)?;
    w.not_anothers(&c.by)?;
    if w.case.handoff_open {
        return Err(Refusal::AlreadySo);
    }
    let link = match w.case.route(w.ctx.policy, w.ctx.now) {
        DmRoute::Direct | DmRoute::OneShot { .. } | DmRoute::Window { .. } => return in_private(w, c, files),
        DmRoute::Link { url } => Some(url),
        DmRoute::InPublic => None,
        DmRoute::None => return Err(Refusal::NoPrivateRoute),
    };
    in_public(w, c, link.as_deref())
}

/// Asks in public for a private message; nothing of the customer's stands in it. Whoever types a text here means it for the
/// customer alone, who may have closed the private way a moment ago: it is published only if the form said so.
fn in_public(w: &mut Work<'_>, c: &Command, link: Option<&str>) -> Result<Say, Refusal> {
    let text = match given_to_customer(w, c)? {
        Some(given) if matches!(c.args, Args::InPublic(_)) || planted::is(Bug::PrivateTextInPublic) => given,
        Some(_) => return Err(Refusal::WouldBePublic(w.case.id)),
        None if w.case.is_invited() => return Err(Refusal::AlreadySo),
        None => {
            let of = |lang: &String| INVITATIONS.iter().find(|(l, _)| l == lang).map(|(_, text)| *text);
            fill::languages(&w.case, w.ctx.policy).iter().find_map(of).unwrap_or_default().to_owned()
        }
    };
    let text = match link.filter(|link| !text.contains(*link)) {
        Some(link) => format!("{} {link}", text.trim_end()),
        None => text,
    };
    // Where a person alone may answer, the form there holds all of it.
    if let Some(Answering::ByHand { url }) = w.case.latest_of_customer(false).map(|p| &p.post.answering) {
        return Err(Refusal::ByHand(w.case.id, written_at(url, &text)));
    }
    w.own(&c.by)?;
    let id = w.send(SendKind::Reply, &text, c, &c.by)?;
    if let Some(send) = w.case.sends.iter_mut().find(|s| s.id == id) {
        send.invites = true;
    }
    Ok(sent(w, id))
}

fn in_private(w: &mut Work<'_>, c: &Command, files: Vec<Attached>) -> Result<Say, Refusal> {
    // An earlier conversation, ended since, may have used the route up.
    within_route(w)?;
    let fill = |template: &str| fill::filled(&w.case, w.ctx.policy, &c.by, template);
    let (text, files) = match (given_to_customer(w, c)?, called_back(w, &SendKind::Handoff)) {
        (Some(given), _) => (given, files),
        (None, Some(before)) => before,
        (None, None) => (fill(&template(w)), files),
    };
    w.own(&c.by)?;
    let id = w.send_with(SendKind::Handoff, &text, files, c, &c.by)?;
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
