//! How the sensible member of staff reads a text, and which words they answer with.
//!
//! Their words stand in the locales (`demo-say-*`), in the language that the customer writes.

use crate::i18n::Words;
use crate::intake::fold;
use crate::policy::Lang;
use crate::say::Say;
use std::sync::Arc;

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing: they are content.
    Content,
    /// Nothing yet: they wait for what was promised.
    Patient,
    /// Not to be asked such things in public.
    WantsPrivacy,
    /// It is an advertisement or a trap.
    Junk,
    /// The press.
    Press,
    /// An answer.
    Wants,
}

/// Words that tell what a text is about, and the answer to it. The first that fits wins.
const TOPICS: [(&[&str], &str); 10] = [
    (&["bici", "bike"], "demo-say-bike"),
    (&["perro", "dog"], "demo-say-dog"),
    (&["step-free", "wheelchair", "silla de ruedas"], "demo-say-access"),
    (&["asiento", "seat 1"], "demo-say-seat"),
    (&["maleta", "luggage", "suitcase"], "demo-say-luggage"),
    (&["cancelad", "cancelled?"], "demo-say-running"),
    (&["statement"], "demo-say-press"),
    (&["giveaway", "sorteo", "won one"], "demo-say-prize"),
    (&["queue", "cola de"], "demo-say-queue"),
    (&["tirados", "muelle", "retras", "delay", "barco"], "demo-say-delay"),
];
const PERSONAL: [&str; 12] = [
    "refund",
    "charged",
    "my money",
    "booking",
    "dinero",
    "cobrado",
    "reembolso",
    "mi reserva",
    "localizador",
    "compensa",
    "invoice",
    "factura",
];
const CONTENT: [&str; 14] = [
    "thank",
    "gracias",
    "agradezco",
    "perfect",
    "brilliant",
    "genial",
    "estupendo",
    "lovely",
    "encantador",
    "precios",
    "perdon",
    "great,",
    "exactly what",
    "asi si",
];
const DISCONTENT: [&str; 9] = ["?", "pero ", " but ", "pues no", "sigo sin", "still ", "enfadad", "angry", "nadie contesta"];
const PATIENT: [&str; 6] = ["espero", "a la espera", "i will wait", "i'll wait", "esperando vuestro", "waiting for your message"];
const PRIVACY: [&str; 7] = ["for everyone to read", "post my", "en publico", "mis datos", "in public", "por privado", "need from me"];
const INSULT: [&str; 6] = ["inutiles", "payasos", "idiots", "useless lot", "clowns", "no valeis"];
const JUNK: [&str; 5] = ["crypto", "free coins", "gana dinero", "claim your free", "100% free"];

/// How they read and write.
pub struct Manner {
    words: Arc<Words>,
    /// They have learnt not to ask for a booking number in public.
    discreet: bool,
}

impl Manner {
    /// With these words.
    #[must_use]
    pub fn new(words: Arc<Words>) -> Manner {
        Manner { words, discreet: false }
    }

    /// What a text asks for.
    #[must_use]
    pub fn reads(&self, text: &str) -> Reading {
        let text = fold(text);
        let has = |list: &[&str]| list.iter().any(|w| text.contains(w));
        if has(&["http"]) && has(&JUNK) {
            Reading::Junk
        } else if has(&PRIVACY) {
            Reading::WantsPrivacy
        } else if has(&["statement", "declaracion"]) && has(&["post", "prensa", "press", "news"]) {
            Reading::Press
        } else if has(&PATIENT) && !has(&["?"]) {
            Reading::Patient
        } else if has(&CONTENT) && !has(&DISCONTENT) {
            Reading::Content
        } else {
            Reading::Wants
        }
    }

    /// Whether something in quarantine was hidden by mistake: somebody asks something, and leads nowhere else.
    #[must_use]
    pub fn is_genuine(&self, text: &str) -> bool {
        text.contains('?') && !text.contains("http") && !JUNK.iter().any(|w| fold(text).contains(w))
    }

    /// A customer objected to being asked in public.
    pub fn learnt(&mut self) {
        self.discreet = true;
    }

    /// A public answer, and whether it promises a private message.
    #[must_use]
    pub fn answer(&mut self, texts: &[String], again: bool) -> (String, bool) {
        let all = fold(&texts.join(" "));
        let has = |list: &[&str]| list.iter().any(|w| all.contains(w));
        let lang = lang(&texts.join(" "));
        let unhappy_again = again && has(&["pues no", "sigo sin", "still "]);
        if has(&PERSONAL) || unhappy_again {
            // Whoever wrote again is not asked again.
            if self.discreet || again {
                return (self.words.get("demo-say-promise", lang), true);
            }
            self.discreet = true;
            return (self.words.get("demo-say-ask", lang), false);
        }
        let content = has(&CONTENT) && !has(&DISCONTENT);
        let topic = TOPICS.iter().find(|(words, _)| has(words)).map(|(_, code)| *code);
        let code = match topic {
            _ if has(&INSULT) => "demo-say-calm",
            _ if content => "demo-say-thanks",
            Some("demo-say-delay") if again => "demo-say-delay-again",
            Some(code) => code,
            None if again => "demo-say-again",
            None => "demo-say-general",
        };
        (self.words.get(code, lang), false)
    }

    /// The first private message.
    #[must_use]
    pub fn handoff(&self, texts: &[String], code: &str) -> String {
        self.words.tell(&Say::new("demo-say-handoff").text("code", code), lang(&texts.join(" ")))
    }

    /// A further private message.
    #[must_use]
    pub fn private_answer(&self, texts: &[String]) -> String {
        let all = fold(&texts.join(" "));
        let code = if all.contains("change the name") { "demo-say-name-changed" } else { "demo-say-refunded" };
        self.words.get(code, lang(&texts.join(" ")))
    }

    /// How they label a case of the press.
    #[must_use]
    pub fn press_tag(&self) -> String {
        self.words.get("demo-say-press-tag", Lang::En)
    }
}

/// The language to answer in.
fn lang(text: &str) -> Lang {
    match whichlang::detect_language(text) {
        whichlang::Lang::Spa | whichlang::Lang::Por | whichlang::Lang::Ita => Lang::Es,
        _ => Lang::En,
    }
}
