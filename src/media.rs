//! Pictures: which kinds there are, how one is known by its bytes, and what of it goes no further.
//!
//! Pure. Of what staff send along the core holds names and sizes alone ([`crate::case::Attached`]); the bytes go from the chat to the
//! network, and nowhere else. What customers posted is shown in a chat that takes pictures.

mod scrub;

use serde::{Deserialize, Serialize};

/// The most that is ever read of one file, in bytes, whatever a network takes.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF, which may move.
    Gif,
    /// WebP.
    Webp,
}

impl Kind {
    /// All.
    pub const ALL: [Kind; 4] = [Kind::Png, Kind::Jpeg, Kind::Gif, Kind::Webp];

    /// Its media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Kind::Png => "image/png",
            Kind::Jpeg => "image/jpeg",
            Kind::Gif => "image/gif",
            Kind::Webp => "image/webp",
        }
    }

    /// How its file's name ends.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Kind::Png => "png",
            Kind::Jpeg => "jpg",
            Kind::Gif => "gif",
            Kind::Webp => "webp",
        }
    }

    /// Its name among people, the same in all languages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Png => "PNG",
            Kind::Jpeg => "JPEG",
            Kind::Gif => "GIF",
            Kind::Webp => "WebP",
        }
    }

    /// The kind of a media type, as a chat says it.
    #[must_use]
    pub fn of_mime(mime: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.mime() == mime)
    }

    /// The kind of a file, by how it begins: what a name or a chat says of it is believed by nobody.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Kind> {
        match bytes {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
            _ => None,
        }
    }
}

/// What a network takes with one text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// How many; 0: none at all.
    pub most: usize,
    /// The size of each, in bytes.
    pub max_bytes: u64,
    /// Which kinds.
    pub kinds: Vec<Kind>,
}

/// A picture on its way from one place to another.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Its kind, by its bytes.
    pub kind: Kind,
    /// As it goes on: without what told of the place and the camera.
    pub bytes: Vec<u8>,
    /// Its description for who cannot see it, in staff's words; may be empty.
    pub alt: String,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("kind", &self.kind).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Image {
    /// Makes one of a file, and takes out of it what tells of place, time, camera and author. `None`: it is no picture, or
    /// one so odd that nobody can say what it tells.
    #[must_use]
    pub fn of(bytes: &[u8], alt: &str) -> Option<Image> {
        let kind = Kind::of_bytes(bytes)?;
        let bytes = match kind {
            Kind::Jpeg => scrub::jpeg(bytes)?,
            Kind::Png => scrub::png(bytes)?,
            Kind::Webp => scrub::webp(bytes)?,
            // It has a place for comments alone, which no camera fills.
            Kind::Gif => bytes.to_vec(),
        };
        Some(Image { kind, bytes, alt: alt.to_owned() })
    }
}

#[cfg(test)]
mod tests;
