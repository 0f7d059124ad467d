//! In which language an author writes.

use super::text::Text;
use super::words::{BASQUE, CATALAN, ENGLISH, GALICIAN, SPANISH};
use whichlang::Lang as L;

/// Letters from which on the text itself says more than its tag, which apps often set wrongly.
const ENOUGH_LETTERS: usize = 24;
/// What stands where nothing can be told.
const FALLBACK: &str = "en";

/// The language as ISO 639-1 where that has a code. `tag`: what the author or the network says.
pub(super) fn language(text: &Text, tag: Option<&str>) -> String {
    let tag = tag.and_then(primary);
    let letters = text.prose.chars().filter(|c| c.is_alphabetic()).count();
    let unknown_to_detector = tag.as_deref().is_some_and(|t| !DETECTED.iter().any(|(_, code)| *code == t));
    match tag {
        // The detector knows nothing of Catalan, Galician, Basque and many more: it would guess a neighbour.
        Some(tag) if unknown_to_detector || letters < ENOUGH_LETTERS => tag,
        _ if letters == 0 => FALLBACK.to_owned(),
        _ => detect(text, letters < ENOUGH_LETTERS).to_owned(),
    }
}

/// `es` of `es-ES`, `es_419`; `None` where it is no tag, or says that it is undetermined.
fn primary(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
    let is_tag = matches!(primary.len(), 2 | 3) && primary.bytes().all(|b| b.is_ascii_lowercase());
    (is_tag && !matches!(primary.as_str(), "und" | "zxx" | "mul" | "mis")).then_some(primary)
}

fn detect(text: &Text, short: bool) -> &'static str {
    let distinct = |list: &[&str]| list.iter().filter(|w| text.words().any(|t| t == **w)).count();
    let spain = [(distinct(CATALAN), "ca"), (distinct(GALICIAN), "gl"), (distinct(BASQUE), "eu")];
    if let Some((hits, code)) = spain.into_iter().max_by_key(|(hits, _)| *hits).filter(|(hits, _)| *hits >= 2)
        && hits * 8 >= text.words().count()
    {
        return code;
    }
    let (spanish, english) = (distinct(SPANISH), distinct(ENGLISH));
    if short && spanish != english {
        return if spanish > english { "es" } else { "en" };
    }
    let detected = whichlang::detect_language(&text.prose);
    DETECTED.iter().find(|(lang, _)| *lang == detected).map_or(FALLBACK, |(_, code)| code)
}

/// What the detector knows.
const DETECTED: &[(L, &str)] = &[
    (L::Ara, "ar"),
    (L::Cmn, "zh"),
    (L::Deu, "de"),
    (L::Eng, "en"),
    (L::Fra, "fr"),
    (L::Hin, "hi"),
    (L::Ita, "it"),
    (L::Jpn, "ja"),
    (L::Kor, "ko"),
    (L::Nld, "nl"),
    (L::Por, "pt"),
    (L::Rus, "ru"),
    (L::Spa, "es"),
    (L::Swe, "sv"),
    (L::Tur, "tr"),
    (L::Vie, "vi"),
];
