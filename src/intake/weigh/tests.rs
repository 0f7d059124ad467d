//! Posts that sound real, and what they weigh.

use super::*;
use crate::case::fixtures::{NOW, post};
use crate::clock::DAY_MS;
use crate::intake::words;
use crate::post::Media;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn said(text: &str) -> Post {
    Post { lang: None, ..post("p", text) }
}

fn triage() -> TriagePolicy {
    crate::policy::Policy::default().triage
}

fn weighed(post: &Post) -> Weighed {
    weigh(post, 0, &triage(), NOW)
}

const POSTS: &[(&str, Tone, Priority)] = &[
    // Thanks and praise.
    ("¡Muchísimas gracias por la ayuda, sois unos cracks!", Tone::Thanks, Priority::Low),
    ("Gracias, ya me ha llegado el paquete", Tone::Thanks, Priority::Low),
    ("@main gracias otra vez por todo 🙏", Tone::Thanks, Priority::Low),
    ("Enhorabuena por el servicio, un diez para Marta en la tienda de Goya", Tone::Thanks, Priority::Low),
    ("Me encanta la nueva app, gran trabajo", Tone::Thanks, Priority::Low),
    ("GRACIAS EQUIPO, SOIS LOS MEJORES!!!", Tone::Thanks, Priority::Low),
    ("Estaba perdida la maleta pero ya la tengo, gracias", Tone::Thanks, Priority::Low),
    ("Thank you so much, that fixed it", Tone::Thanks, Priority::Low),
    ("Great service at the Leeds store today, kudos to Sam", Tone::Thanks, Priority::Low),
    ("Thanks again for sorting my ticket, lovely people", Tone::Thanks, Priority::Low),
    ("Moltes gràcies per tot", Tone::Thanks, Priority::Low),
    ("Eskerrik asko!", Tone::Thanks, Priority::Low),
    ("No problem, thanks for the quick answer", Tone::Neutral, Priority::Normal),
    ("El atardecer desde la cubierta, precioso. Y la tripulación, encantadora 💛", Tone::Thanks, Priority::Low),
    // Questions.
    ("Hola, ¿a qué hora abrís mañana?", Tone::Question, Priority::Normal),
    ("¿Se puede llevar perro en el tren? Gracias", Tone::Question, Priority::Normal),
    ("Buenas tardes, quisiera saber si hacéis envíos a Canarias", Tone::Question, Priority::Normal),
    ("Mi pedido no ha llegado, ¿podéis mirarlo? Gracias de antemano", Tone::Question, Priority::Normal),
    ("alguien sabe si aceptan devoluciones sin ticket", Tone::Question, Priority::Normal),
    ("Hi, is there a lift at the north entrance?", Tone::Question, Priority::Normal),
    ("Could you tell me how to change the name on a booking", Tone::Question, Priority::Normal),
    ("Do you ship to Ireland? Love your shop", Tone::Question, Priority::Normal),
    ("A quina hora tanqueu avui?", Tone::Question, Priority::Normal),
    // Problems told calmly.
    ("Mi pedido 4432 no ha llegado todavía. Un saludo.", Tone::Neutral, Priority::Normal),
    ("Llevo dos días sin internet en la calle Mayor.", Tone::Neutral, Priority::Normal),
    ("La app no me deja pagar con tarjeta", Tone::Neutral, Priority::Normal),
    ("My parcel hasn't arrived and the tracking page is empty.", Tone::Neutral, Priority::Normal),
    ("The app crashes when I open my tickets.", Tone::Neutral, Priority::Normal),
    ("Great shop, but my parcel is still missing", Tone::Neutral, Priority::Normal),
    ("No es una vergüenza, a todos nos pasa", Tone::Neutral, Priority::Normal),
    ("No estoy enfadado, solo os aviso", Tone::Neutral, Priority::Normal),
    ("Hoy he viajado con vosotros a Vigo.", Tone::Neutral, Priority::Normal),
    ("I'm such an idiot, I booked the wrong day", Tone::Neutral, Priority::Normal),
    ("soy idiota, me he dejado el paraguas en el tren", Tone::Neutral, Priority::Normal),
    ("Bueno, perdón por las formas. Es que llevo un día horrible.", Tone::Neutral, Priority::Normal),
    ("The ticket machine took my money and printed nothing", Tone::Neutral, Priority::Normal),
    // Anger.
    ("Perdonad, pero sois una vergüenza", Tone::Angry, Priority::High),
    ("Sois una vergüenza. Dos horas al teléfono para nada.", Tone::Angry, Priority::High),
    ("VAYA VERGÜENZA DE COMPAÑÍA", Tone::Angry, Priority::High),
    ("Estoy harta de que nadie conteste", Tone::Angry, Priority::High),
    ("Esto es una estafa, me habéis cobrado dos veces", Tone::Angry, Priority::High),
    ("ＥＳＴＡＦＡ total", Tone::Angry, Priority::High),
    ("Indignante lo de hoy en la estación de Atocha", Tone::Angry, Priority::High),
    ("LLEVO TRES HORAS ESPERANDO EN EL AEROPUERTO", Tone::Angry, Priority::High),
    ("mi pedido no llega!!! contestad de una vez", Tone::Angry, Priority::High),
    ("¿Pero qué tomadura de pelo es esta?", Tone::Angry, Priority::High),
    ("Nunca más vuelvo a comprar aquí 😡", Tone::Angry, Priority::High),
    ("No recomiendo esta tienda a nadie", Tone::Angry, Priority::High),
    ("Esto no es normal, qué asco de empresa", Tone::Angry, Priority::High),
    ("Absolutely disgusting customer service", Tone::Angry, Priority::High),
    ("Worst airline ever. Never again.", Tone::Angry, Priority::High),
    ("I am fuming, third delay this week", Tone::Angry, Priority::High),
    ("What a joke. Two hours on hold", Tone::Angry, Priority::High),
    ("Not happy with this at all", Tone::Angry, Priority::High),
    ("wtf is wrong with your app??", Tone::Angry, Priority::High),
    ("Quina vergonya de servei", Tone::Angry, Priority::High),
    // Irony.
    ("Gracias por nada, de verdad", Tone::Angry, Priority::High),
    ("gracias, por nada", Tone::Angry, Priority::High),
    ("Gracias por dejarme tirado en Zaragoza", Tone::Angry, Priority::High),
    ("Genial, otra vez sin luz", Tone::Angry, Priority::High),
    ("Enhorabuena, habéis perdido mi maleta por tercera vez", Tone::Angry, Priority::High),
    ("Thanks for nothing", Tone::Angry, Priority::High),
    ("Thanks for ruining my holiday", Tone::Angry, Priority::High),
    ("Great, my flight is cancelled again", Tone::Angry, Priority::High),
    ("Well done, you lost my bag", Tone::Angry, Priority::High),
    // Insults.
    ("Sois unos ladrones y unos sinvergüenzas", Tone::Insult, Priority::High),
    ("panda de inútiles", Tone::Insult, Priority::High),
    ("Menudos payasos estáis hechos", Tone::Insult, Priority::High),
    ("You are a bunch of crooks", Tone::Insult, Priority::High),
    ("fuck off, idiots", Tone::Insult, Priority::High),
    // Alarms.
    ("Hola, voy a poner una hoja de reclamaciones", Tone::Neutral, Priority::High),
    ("Mi abogado se pondrá en contacto con vosotros", Tone::Neutral, Priority::High),
    ("He puesto una denuncia en la policía. Sois una vergüenza", Tone::Angry, Priority::Urgent),
    ("El cargador ha empezado a echar humo", Tone::Neutral, Priority::Urgent),
    ("The charger caught fire on my desk", Tone::Neutral, Priority::Urgent),
    ("Estamos atrapados en el ascensor de la tienda", Tone::Neutral, Priority::Urgent),
    ("Huele a gas en el portal y no contestáis", Tone::Neutral, Priority::Urgent),
    ("I write for the Harbour Post. Do you have a statement on the delays?", Tone::Question, Priority::High),
    ("You will hear from my lawyer", Tone::Neutral, Priority::High),
    ("He pedido dos por accidente", Tone::Neutral, Priority::Normal),
    ("I ordered two by accident", Tone::Neutral, Priority::Normal),
];

#[test]
fn posts_that_sound_real() {
    let wrong: Vec<String> = POSTS
        .iter()
        .filter_map(|(text, tone, priority)| {
            let w = weighed(&said(text));
            let right = (w.tone, w.priority, w.spam.is_none()) == (*tone, *priority, true);
            (!right).then(|| format!("{text}: {:?} {:?} {:?} {:?}, not {tone:?} {priority:?}", w.tone, w.priority, w.reasons, w.spam))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(POSTS.len() >= 60);
}

#[test]
fn reasons_say_what_raised_it_most_first() {
    let of = |text: &str, change: fn(&mut Post), earlier| {
        let mut post = said(text);
        change(&mut post);
        let w = weigh(&post, earlier, &triage(), NOW);
        (w.priority, w.reasons)
    };
    let none: fn(&mut Post) = |_| {};
    assert_eq!(of("Hola, ¿abrís hoy?", none, 0), (Priority::Normal, vec![Reason::Question]));
    assert_eq!(of("Qué vergüenza", none, 0), (Priority::High, vec![Reason::Angry]));
    assert_eq!(of("Hola, ¿abrís hoy?", |p| p.author.followers = Some(4_999), 0).0, Priority::Normal);
    assert_eq!(
        of("Hola, ¿abrís hoy?", |p| p.author.followers = Some(5_000), 0),
        (Priority::High, vec![Reason::Audience(5_000), Reason::Question])
    );
    assert_eq!(of("Hola, ¿abrís hoy?", |p| p.author.followers = Some(50_000), 0).0, Priority::Urgent);
    assert_eq!(
        of("Qué vergüenza", |p| p.author.followers = Some(80_000), 0),
        (Priority::Urgent, vec![Reason::Audience(80_000), Reason::Angry])
    );
    assert_eq!(of("Qué vergüenza", |p| p.author.followers = Some(6_000), 0).0, Priority::Urgent);
    assert_eq!(of("Mil gracias por todo", |p| p.author.followers = Some(6_000), 0).0, Priority::Normal);
    assert_eq!(of("No me llega el pedido", |p| p.engagement.reposts = 19, 0).0, Priority::Normal);
    assert_eq!(of("No me llega el pedido", |p| p.engagement.reposts = 20, 0), (Priority::High, vec![Reason::Spreading(20)]));
    assert_eq!(of("No me llega el pedido", |p| p.engagement.reposts = 200, 0).0, Priority::Urgent);
    assert_eq!(of("No me llega el pedido", none, 2), (Priority::Normal, vec![Reason::Returning(2)]));
    assert_eq!(of("No me llega el pedido", none, 3), (Priority::High, vec![Reason::Returning(3)]));
    assert_eq!(of("Mil gracias por todo", none, 3).0, Priority::Low);
    assert_eq!(of("Huele a gas", none, 0).1, [Reason::AlarmWord("huele a gas".into())]);
    let young: fn(&mut Post) = |p| p.author.since = Some(NOW.plus(-2 * DAY_MS));
    assert_eq!(of("No me llega el pedido", young, 0), (Priority::Normal, vec![Reason::NewAccount(2)]));
    assert_eq!(of("No me llega el pedido", |p| p.author.bot = true, 0).1, [Reason::Automated]);
    assert_eq!(
        of("No me llega el pedido", |p| p.author.since = Some(NOW.plus(DAY_MS)), 0).1,
        [Reason::NewAccount(0)],
        "a clock ahead of ours"
    );
}

#[test]
fn configured_words_raise_and_hide() {
    let mut triage = triage();
    triage.alarm_words = vec!["Línea 7".into(), "!".into()];
    triage.spam_words = vec!["".into(), "Sorteo Navidad".into()];
    let w = weigh(&said("otra avería en la LINEA 7"), 0, &triage, NOW);
    assert_eq!((w.priority, w.reasons), (Priority::High, vec![Reason::AlarmWord("Línea 7".into())]));
    assert_eq!(w.spam, None);
    assert_eq!(
        weigh(&said("¡Participa en el sorteo, Navidad solidaria!"), 0, &triage, NOW).spam,
        Some(Reason::SpamWord("Sorteo Navidad".into()))
    );
    assert_eq!(weigh(&said("sorteos navidad"), 0, &triage, NOW).spam, None);
}

#[test]
fn the_warning_is_part_of_the_text() {
    let p = Post { warning: Some(crate::post::Untrusted::new("Estafa")), ..said("lo de siempre con esta gente") };
    assert_eq!(weighed(&p).tone, Tone::Angry);
}

fn bot(text: &str) -> Post {
    let mut p = said(text);
    p.author.bot = true;
    p
}

fn young(text: &str) -> Post {
    let mut p = said(text);
    p.author.since = Some(NOW.plus(-DAY_MS));
    p
}

#[test]
fn noise_is_hidden() {
    let noise = [
        bot("Gana dinero desde casa https://x.example #dinero #facil"),
        bot("Crypto giveaway today https://x.example"),
        bot("#oferta #chollo #moda #black https://x.example"),
        bot("https://a.example https://b.example https://c.example https://d.example"),
        young("Best online casino, click here https://x.example"),
        young("Contact @wizard he helped me recover my lost funds"),
        said("Free followers! Click here https://x.example"),
        said("Buy followers, double your bitcoin"),
        said("#a1 #b2 #c3 #d4 #e5 #f6 https://x.example"),
    ];
    for p in noise {
        let w = weighed(&p);
        assert!(w.spam.is_some(), "{}: {w:?}", p.text.expose());
    }
}

#[test]
fn a_real_complaint_is_never_hidden() {
    let real = [
        bot("Sois una vergüenza, tres semanas sin mi pedido https://x.example https://y.example #verguenza #estafa"),
        bot("LADRONES https://x.example https://y.example #timo #estafa"),
        bot("Mi vuelo está retrasado, foto: https://x.example https://y.example #retraso #aeropuerto"),
        young("No puedo entrar en mi cuenta, mirad https://x.example https://y.example https://z.example"),
        young("¿Por qué me habéis cobrado en bitcoin?"),
        said("Me han ofrecido un préstamo rápido en vuestro nombre, ¿es fraude?"),
        said("He visto un casino online con vuestro logo"),
        bot("Hola, ¿abrís mañana? https://x.example"),
        bot("Nueva noticia sobre la empresa https://x.example"),
        said("Mirad qué foto https://x.example https://y.example"),
        said("#VuelaNorte #gracias"),
    ];
    for p in real {
        let w = weighed(&p);
        assert_eq!(w.spam, None, "{}", p.text.expose());
    }
    // Whoever was a customer before is no doubtful account.
    assert_eq!(weigh(&bot("Os sigo en el canal de Telegram"), 1, &triage(), NOW).spam, None);
}

#[test]
fn languages() {
    let cases = [
        ("No me llega el pedido y nadie me contesta al teléfono", None, "es"),
        ("My parcel never came and nobody answers the phone", None, "en"),
        // Apps tag posts with their own language.
        ("No me llega el pedido y nadie me contesta al teléfono", Some("en"), "es"),
        ("My parcel never came and nobody answers the phone", Some("es-ES"), "en"),
        ("Fa tres dies que no tinc aigua calenta i ningú contesta", Some("ca"), "ca"),
        ("Levo tres días sen auga quente e ninguén contesta", Some("gl-ES"), "gl"),
        ("Hiru egun daramatzat ur berorik gabe", Some("eu"), "eu"),
        ("Fa tres dies que estic sense aigua i encara no tinc resposta", None, "ca"),
        ("Dende onte non hai luz na miña rúa e ninguén contesta, moito ánimo", None, "gl"),
        ("Kaixo, oraindik ez dut nire paketea jaso", None, "eu"),
        ("Meu pedido ainda não chegou e ninguém atende o telefone", None, "pt"),
        ("Mon colis n'est jamais arrivé et personne ne répond", None, "fr"),
        ("Mój pakiet nie dotarł i nikt nie odpowiada", Some("pl"), "pl"),
        ("hola", Some("es"), "es"),
        ("ok", Some("de"), "de"),
        ("@main https://example.org 😡", Some("ca"), "ca"),
        ("@main https://example.org 😡", None, "en"),
        ("", None, "en"),
        ("hola", Some("not a tag"), "es"),
        ("¿y mi pedido?", None, "es"),
        ("where is my order", None, "en"),
        ("12345", Some("und"), "en"),
    ];
    for (text, tag, lang) in cases {
        let p = Post { lang: tag.map(str::to_owned), ..said(text) };
        assert_eq!(weighed(&p).lang, lang, "{text} {tag:?}");
    }
}

#[test]
fn a_bystanders_own_complaint() {
    let own = [
        "A mí también me pasa, llevo tres días sin luz",
        "Yo también, dos semanas esperando",
        "Me pasa lo mismo desde ayer",
        "Mismo problema en Vallecas",
        "Estoy igual, mi pedido no llega",
        "A mí me cobraron dos veces",
        "Pues mi maleta tampoco aparece, y no contestáis",
        "Me too! Still waiting for my refund",
        "Same here, my order is delayed as well",
        "Same thing happened to me last week",
        "We have been waiting for two hours as well",
        "¿Y a mí cuándo me contestáis?",
        "¿Sabéis cuándo abrís la tienda de Bilbao?",
        "How can I get a refund for my ticket?",
        "Jo també, tres dies sense línia",
    ];
    for text in own {
        assert!(is_own_complaint(&said(text)), "{text}");
    }
    let others = [
        "Qué vergüenza, pobre",
        "Ánimo, espero que te lo solucionen",
        "Vaya tela de empresa, unos ladrones",
        "¿Y qué te han dicho?",
        "¿Has probado a reiniciar el router?",
        "Te cobraron dos veces? Ponles una reclamación",
        "Yo también creo que se han pasado",
        "Tienes toda la razón",
        "Menuda foto",
        "So sorry this happened, what a disgrace",
        "Did you get your refund?",
        "You should complain to the ombudsman",
        "I also think this is terrible",
        "Have you tried turning it off?",
        "A mí me encanta esta tienda",
        "jajaja",
        "",
    ];
    for text in others {
        assert!(!is_own_complaint(&said(text)), "{text}");
    }
}

#[test]
fn a_customer_who_is_content() {
    let content = [
        "Gracias, ya está solucionado",
        "Muchas gracias!",
        "Perfecto, mil gracias por la rapidez",
        "Ya me ha llegado, todo bien",
        "ya funciona 👏",
        "Solucionado.",
        "Thanks, all good now",
        "That fixed it, cheers",
        "Brilliant, thank you!",
        "🙏🙏",
        "Moltes gràcies, ja funciona",
        "Eskerrik asko",
    ];
    for text in content {
        assert!(is_content(&said(text)), "{text}");
    }
    let not_done = [
        "Gracias, pero sigue sin funcionar",
        "Gracias, ¿y cuándo llega?",
        "Gracias, espero vuestra respuesta",
        "Gracias, os mando los datos por privado",
        "Gracias, mi número de pedido es 88231234",
        "Gracias por nada",
        "No está solucionado",
        "sigue sin solucionarse",
        "Vale",
        "ok",
        "Sí, soy yo",
        "Thanks but it still doesn't work",
        "Thanks for nothing",
        "Not fixed yet",
        "Thanks, waiting for your call",
        "It is not working now",
        "Genial, otra vez sin luz",
        "Hola?",
        "",
    ];
    for text in not_done {
        assert!(!is_content(&said(text)), "{text}");
    }
    let with_photo = Post { media: vec![Media { kind: "image".into(), url: "u".into(), description: None }], ..said("Gracias") };
    assert!(!is_content(&with_photo), "a picture wants to be looked at");
}

#[test]
fn the_lists_are_folded_and_hold_no_word_twice() {
    let lists = [
        ("THANKS", words::THANKS),
        ("PRAISE", words::PRAISE),
        ("PROBLEM", words::PROBLEM),
        ("ANGER", words::ANGER),
        ("INSULT", words::INSULT),
        ("IRONY", words::IRONY),
        ("SOLVED", words::SOLVED),
        ("BUT", words::BUT),
        ("EXPECTS", words::EXPECTS),
        ("ME_TOO", words::ME_TOO),
        ("SAFETY", words::SAFETY),
        ("ALARM", words::ALARM),
        ("SPAM", words::SPAM),
        ("CATALAN", words::CATALAN),
        ("GALICIAN", words::GALICIAN),
        ("BASQUE", words::BASQUE),
        ("SPANISH", words::SPANISH),
        ("ENGLISH", words::ENGLISH),
    ];
    for (name, list) in lists {
        let mut seen = BTreeSet::new();
        for word in list {
            assert_eq!(plain(word.trim_end_matches('*')), word.trim_end_matches('*'), "{name}");
            assert!(seen.insert(word), "{name}: {word} twice");
        }
    }
}

proptest! {
    #[test]
    fn any_text_can_be_weighed(text: String, lang: Option<String>, followers: Option<u64>, since: Option<i64>, reposts: u64, earlier: u32) {
        let mut p = Post { lang, ..said(&text) };
        p.author.followers = followers;
        p.author.since = since.map(Time);
        p.engagement.reposts = reposts;
        let w = weigh(&p, earlier, &triage(), NOW);
        prop_assert!(!w.lang.is_empty() && w.lang.len() <= 3);
        prop_assert!(!(is_own_complaint(&p) && is_content(&p)), "nobody is both");
    }
}
