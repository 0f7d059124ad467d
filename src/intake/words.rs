//! The word lists, folded: no case, no accents, no apostrophes. A `*` stands for any ending.
//!
//! They are data: a word too many hides nothing and sends nothing, it only moves a case in the
//! queue. Additions want a post that sounds real in `tests.rs`.

/// Gratitude.
pub(super) const THANKS: &[&str] = &[
    "gracias", "muchisimas gracias", "agradec*", "agradezco", "thanks", "thank you", "thank u", "thx", "cheers", "appreciate",
    "appreciated", "grateful", "gracies", "merces", "moltes merces", "grazas", "eskerrik asko", "mila esker", "obrigado",
    "obrigada", "merci",
];

/// Praise. Beside a problem it is irony.
pub(super) const PRAISE: &[&str] = &[
    "genial", "estupendo", "estupenda", "excelente", "excelentes", "fantastico", "fantastica", "maravill*", "perfecto",
    "perfecta", "encanta", "encantado", "encantada", "encantados", "encantadora", "encantadores", "precios*", "enhorabuena", "felicidades", "felicitar*", "bravo", "ole",
    "chapo", "chapeau", "de diez", "un diez", "amable", "amables", "majisimo", "majisima", "cracks", "sois los mejores",
    "muy bien", "gran trabajo", "buen trabajo", "gran servicio", "contento", "contenta", "contentos", "satisfecho", "satisfecha",
    "recomendable", "recomiendo", "un placer", "great", "awesome", "excellent", "amazing", "wonderful", "fantastic", "brilliant",
    "perfect", "superb", "lovely", "love", "loved", "impressed", "kudos", "well done", "good job", "great job", "nice job",
    "way to go", "top notch", "hats off", "happy", "delighted", "recommend", "the best", "congratulations", "congrats",
    "menudo servicio", "vaya servicio", "bien hecho",
];

/// Something is wrong; said calmly or not.
pub(super) const PROBLEM: &[&str] = &[
    "no funciona", "no funcionan", "no me funciona", "no va", "no me va", "no carga", "no me deja", "no puedo", "no podemos",
    "no llega", "no ha llegado", "no me ha llegado", "no han llegado", "no aparece", "no contesta*", "no responde*",
    "nadie contesta", "nadie responde", "nadie me", "nadie nos", "sin respuesta", "sin luz", "sin agua", "sin internet",
    "sin cobertura", "sin linea", "sin servicio", "sin maleta", "sin equipaje", "sin calefaccion", "retras*", "cancelado",
    "cancelada", "cancelan", "cancelais", "cancelaron", "perdido", "perdida", "perdieron", "perdeis", "roto", "rota", "rotos",
    "averia", "averiado", "averiada", "estropead*", "defectuos*", "problema", "problemas", "incidencia", "fallo", "falla",
    "fallan", "error", "errores", "todavia no", "todavia sin", "otra vez sin", "otra vez tarde", "aun no", "sigo sin",
    "seguimos sin", "sigue sin", "sigue igual", "llevo", "llevamos", "esperando", "esperar", "espera de", "en cola", "la cola",
    "cobrado", "cobrais", "cobran", "cobraron", "me cobra*", "reembolso", "devolucion", "devolver*", "reclam*", "queja", "quejas",
    "caido", "caida", "llega tarde", "llego tarde", "llegais tarde", "llegando tarde", "not working", "doesnt work", "dont work",
    "isnt working", "wont load", "wont let", "stopped working", "cant log", "cant access", "hasnt arrived", "not arrived",
    "never arrived", "never came", "didnt arrive", "delayed", "delay", "delays", "cancelled", "canceled", "lost", "losing",
    "broken", "broke", "faulty", "damaged", "problem", "problems", "issue", "issues", "outage", "down again", "is down",
    "happened again", "late again", "still no", "still not", "still waiting", "still hasnt", "still havent", "waiting",
    "been waiting", "on hold", "no answer", "no reply", "no response", "nobody answers", "overcharged", "took my money", "se ha tragado", "charged", "refund",
    "complain*", "complaint", "missing", "crash*", "no se enciende", "se corta", "se ha caido", "no tengo", "no tenim",
    "no funciona res", "mal servicio", "ez dabil", "ez du funtzionatzen", "non funciona",
];

/// Anger, or being let down.
pub(super) const ANGER: &[&str] = &[
    "verguenza", "verguenzas", "vergonzos*", "indigna*", "indignant*", "inaceptable", "intolerable", "inadmisible", "lamentable",
    "penoso", "penosa", "patetic*", "desastre", "desastros*", "horrible", "horror", "fatal", "pesim*", "asco", "asqueros*",
    "estafa", "estafas", "estafado", "estafada", "estafadores", "timo", "timado", "timada", "atraco", "robo", "robando",
    "tomadura de pelo", "tomando el pelo", "tomais el pelo", "harto", "harta", "hartos", "hartas", "hasta las narices",
    "hasta los cojones", "hasta el mono", "enfadad*", "cabread*", "cabreo", "nunca mas", "basura", "mierda", "joder", "puto",
    "puta", "putos", "putas", "no hay derecho", "os reis", "se rien", "riendo de", "decepcion*", "perder el tiempo",
    "perdida de tiempo", "incompeten*", "impresentable*", "de pena", "es de locos", "lo peor", "la peor", "los peores",
    "peor compania", "peor empresa", "peor servicio", "peor experiencia", "maltrato", "abuso", "surrealista", "kafkian*",
    "de juzgado de guardia", "shame", "shameful", "ashamed", "disgrace*", "disgust*", "unacceptable", "outrage*", "ridiculous",
    "appalling", "awful", "terrible", "horrendous", "horrific", "worst", "pathetic", "furious", "angry", "fuming", "livid",
    "scam", "scammed", "scammers", "ripoff", "rip off", "ripped off", "fed up", "sick of", "a joke", "useless", "disappoint*",
    "nightmare", "wtf", "ffs", "never again", "garbage", "rubbish", "crap", "bullshit", "shit", "fuck*", "waste of", "had enough",
    "lost my patience", "shambles", "disaster", "robbery", "vergonya", "lladres", "fastic", "noxo", "lotsagarria",
];

/// Said of one's own tone: the anger is over.
pub(super) const APOLOGY: &[&str] = &[
    "perdon por", "perdonad", "disculpad", "siento las formas", "siento el tono", "sorry for my", "sorry about my", "apologies for my",
];

/// Insults.
pub(super) const INSULT: &[&str] = &[
    "idiota", "idiotas", "imbecil", "imbeciles", "gilipollas", "cabron", "cabrones", "hijos de puta", "hijo de puta", "hdp",
    "subnormal", "subnormales", "payaso", "payasos", "sinverguenza", "sinverguenzas", "ladron", "ladrones", "chorizos",
    "caradura", "caraduras", "inutiles", "cretino", "cretinos", "mamarrach*", "capullo", "capullos", "panda de",
    "iros a la mierda", "a tomar por culo", "muertos de hambre", "idiot", "idiots", "moron", "morons", "asshole", "assholes",
    "bastards", "scumbag*", "dumbass*", "fuck you", "fuck off", "fuckers", "clowns", "thieves", "crooks", "piss off",
    "you stupid", "scum", "lladregots", "imbecils",
];

/// Before an insult, these turn it on the speaker: no insult at all.
pub(super) const SELF: &[&str] = &[
    "soy", "im", "am", "feel", "siento", "sento", "parezco", "quede",
];

/// Thanks that are none.
pub(super) const IRONY: &[&str] = &[
    "gracias por nada", "gracias por no", "gracias por dejar*", "gracias por arruinar*", "gracias por hacerme perder",
    "gracias por perder*", "gracias por cancelar*", "gracias por cobrar*", "gracias por la espera", "gracias por el retraso",
    "gracias por tomar*", "thanks for nothing", "thank you for nothing", "thanks for not", "thanks for ruining",
    "thanks for wasting", "thanks for making me", "thanks for cancelling", "thanks for losing", "thanks for ignoring",
    "thank you for ruining", "thank you for ignoring", "thanks a lot for losing", "muy bonito", "que bonito", "slow clap",
    "gracies per res", "grazas por nada",
];

/// What was wrong no longer is.
pub(super) const SOLVED: &[&str] = &[
    "solucionado", "solucionada", "solucionasteis", "solucionaron", "resuelto", "resuelta", "arreglado", "arreglada", "ya esta",
    "ya va", "ya funciona", "ya me funciona", "ya ha llegado", "ya me ha llegado", "ya llego", "ya lo tengo", "ya la tengo",
    "ya tengo", "todo bien", "todo correcto", "todo perfecto", "todo listo", "listo", "recibido", "me habeis ayudado", "me ayudo",
    "me ayudasteis", "recuperado", "recuperada", "solved", "fixed", "sorted", "resolved", "works now", "working now", "all good",
    "all set", "got it", "it arrived", "has arrived", "just arrived", "ja funciona", "ja esta", "resolt", "solucionat", "resolto",
    "konponduta",
];

/// Something follows that takes it back.
pub(super) const BUT: &[&str] =
    &["pero", "aunque", "sin embargo", "ahora bien", "but", "however", "although", "though", "yet", "encara que", "baina"];

/// The customer still waits, or gives something to work with.
pub(super) const EXPECTS: &[&str] = &[
    "espero", "esperamos", "a la espera", "quedo pendiente", "avisadme", "avisame", "avisad", "decidme", "dime", "contadme",
    "necesito", "quiero", "quisiera", "podeis", "podriais", "podrias", "me gustaria", "mando", "envio", "os paso", "te paso",
    "adjunto", "por privado", "mensaje privado", "por dm", "por md", "ahora que", "y ahora", "wait", "waiting", "let me know",
    "i need", "i want", "please", "por favor", "could you", "can you", "will send", "sending", "sent you", "dmd you", "by dm",
    "hope to hear", "look forward",
];

/// The same has happened to the speaker.
pub(super) const ME_TOO: &[&str] = &[
    "me too", "same here", "same problem", "same issue", "same thing happened", "happened to me", "happening to me",
    "happens to me", "mine too", "mine is", "mine has", "also waiting", "im also", "i also", "i have the same", "us too",
    "a mi tambien", "a mi igual", "a mi me", "yo tambien", "yo igual", "yo estoy igual", "estoy igual", "estamos igual",
    "me pasa lo mismo", "me pasa igual", "me ha pasado", "me paso", "nos pasa", "nos ha pasado", "lo mismo me",
    "lo mismo que a mi", "a nosotros tambien", "a nosotros nos", "a mi tampoco", "yo tampoco", "mismo problema", "idem aqui",
    "igual por aqui", "aqui igual", "aqui otro", "aqui otra", "y a mi", "y yo", "otro mas", "otra mas", "a mi tambe", "jo tambe",
    "a min tamen", "eu tamen", "niri ere",
];

/// After a `me too`, these make it an opinion.
pub(super) const OPINION: &[&str] = &[
    "yo tambien creo", "yo tambien pienso", "yo tambien opino", "yo tambien espero", "yo tambien lo", "yo tambien te",
    "i also think", "i also hope", "i also love", "i also believe", "yo tampoco lo", "yo tampoco creo", "y yo que",
    "a mi me parece", "a mi me encanta", "a mi me gusta", "a mi me da igual", "a mi tambien me parece", "a mi tambien me gusta",
    "a mi tambien me encanta", "y yo pensando",
];

/// The speaker and theirs.
pub(super) const FIRST_PERSON: &[&str] = &[
    "mi", "mis", "mio", "mia", "yo", "me", "nos", "nosotros", "nuestro", "nuestra", "nuestros", "nuestras", "llevo", "llevamos",
    "tengo", "i", "im", "ive", "id", "my", "mine", "we", "weve", "our", "us",
];

/// The one spoken to is the customer whose conversation it is.
pub(super) const TO_THE_CUSTOMER: &[&str] =
    &["te", "tu", "tus", "ti", "contigo", "has", "eres", "tienes", "you", "your", "youve", "u", "did you"];

/// The company is spoken to.
pub(super) const TO_THE_COMPANY: &[&str] = &[
    "podeis", "teneis", "vais", "habeis", "abris", "cerrais", "sabeis", "aceptais", "haceis", "enviais", "cobrais", "contestais",
    "os", "how do i", "how can i", "can i", "could i", "is there", "do you accept", "are you open",
];

/// Somebody may get hurt: at once.
pub(super) const SAFETY: &[&str] = &[
    "incendio", "incendiado", "ardiendo", "en llamas", "prendido fuego", "humo", "explosion", "exploto", "fuga de gas",
    "huele a gas", "descarga electrica", "calambrazo", "chispas", "quemadura", "quemaduras", "quemado la mano", "herido",
    "herida", "heridos", "lesion", "lesionado", "ambulancia", "hospital", "urgencias", "intoxic*", "alergia", "alergica",
    "anafila*", "peligro", "peligroso", "peligrosa", "emergencia", "accidente", "atrapado", "atrapada", "atrapados", "suicid*",
    "oxigeno", "caught fire", "on fire", "smoke", "exploded", "gas leak", "smell gas", "electric shock", "burned my", "burnt my",
    "injured", "injury", "bleeding", "ambulance", "food poisoning", "poisoned", "allergic reaction", "anaphyla*", "dangerous",
    "danger", "emergency", "accident", "trapped", "oxygen", "life support",
];

/// Before an accident, these make it none.
pub(super) const BY_CHANCE: &[&str] = &[
    "by", "por",
];

/// Law, authorities, press, discrimination.
pub(super) const ALARM: &[&str] = &[
    "abogado", "abogada", "abogados", "denuncia", "denunciar", "denunciare", "denunciado", "denunciaremos", "demandar",
    "demandare", "una demanda", "juzgado", "juzgados", "juicio", "tribunal", "tribunales", "fiscalia", "policia", "guardia civil",
    "a consumo", "en consumo", "oficina de consumo", "consumo responsable de", "omic", "facua", "ocu", "junta arbitral",
    "hoja de reclamaciones", "hojas de reclamaciones", "hoja de reclamacion", "libro de reclamaciones", "aepd",
    "agencia de proteccion de datos", "proteccion de datos", "a la prensa", "para un reportaje", "have a statement", "comment for our story", "periodista", "periodistas", "racista", "racistas",
    "racismo", "discrimina*", "acoso", "homofob*", "silla de ruedas", "lawyer", "lawyers", "lawsuit", "sue you", "suing",
    "attorney", "in court", "to court", "legal action", "small claims", "solicitor", "ombudsman", "police", "trading standards",
    "regulator", "data protection", "data breach", "gdpr", "to the press", "journalist", "racist", "racism", "harass*",
    "wheelchair", "denuncia als mossos", "advocat", "avogado",
];

/// What unasked-for advertising and fraud say.
pub(super) const SPAM: &[&str] = &[
    "crypto giveaway", "airdrop", "casino online", "online casino", "bitcoin", "forex", "trading signals", "onlyfans", "viagra",
    "seguidores gratis", "comprar seguidores", "gana dinero", "ganar dinero desde casa", "dinero facil", "ingresos pasivos",
    "make money", "earn money", "passive income", "investment opportunity", "double your", "buy followers", "free followers",
    "click here", "haz clic aqui", "link in bio", "enlace en mi bio", "promo code", "codigo promocional", "seo services",
    "hot singles", "sugar daddy", "account recovery", "recover your account", "helped me recover", "lost funds",
    "recovery expert", "whatsapp me", "escribeme al whatsapp", "inbox me", "telegram channel", "canal de telegram", "apuestas",
    "100 gratis", "prestamo rapido", "prestamos rapidos", "loan offer", "giveaway",
];

/// Small words that tell the languages of Spain apart where nobody says which it is.
pub(super) const CATALAN: &[&str] = &[
    "amb", "aixo", "perque", "els", "molt", "gracies", "vull", "meva", "meu", "som", "tinc", "fa", "dies", "avui", "encara",
    "res", "aquesta", "aquest", "estic", "hores", "siusplau",
];
/// Galician.
pub(super) const GALICIAN: &[&str] = &[
    "non", "moito", "grazas", "unha", "mina", "meu", "teno", "hai", "dende", "ata", "coa", "isto", "desta", "estou", "agora",
    "horas", "onte", "moi", "foi", "ninguen",
];
/// Basque.
pub(super) const BASQUE: &[&str] = &[
    "eta", "ez", "dut", "nire", "eskerrik", "asko", "naiz", "dira", "zuen", "daukat", "egun", "gaur", "oraindik", "dago", "zer",
    "noiz", "dit", "kaixo", "mesedez", "zerbitzua",
];
/// Spanish, where a text is too short for the detector.
pub(super) const SPANISH: &[&str] = &[
    "hola", "buenas", "buenos", "gracias", "vale", "que", "el", "la", "los", "las", "mi", "por", "muy", "es", "una", "un", "nada",
    "dias", "tardes", "ya", "si", "donde", "cuando", "pedido", "verguenza",
];
/// English, likewise.
pub(super) const ENGLISH: &[&str] = &[
    "hi", "hello", "hey", "thanks", "thank", "the", "my", "is", "it", "you", "your", "when", "where", "what", "why", "not",
    "please", "help", "order", "this", "still", "and", "yes",
];
