//! A picture of figures: bars with their names and numbers, as a PNG. Pure, and drawn here: a handful of
//! rectangles and a type of five by seven points need no library.

use unicode_normalization::UnicodeNormalization;

/// Points from one edge to the other.
const WIDTH: usize = 720;
/// Points around everything, and between the columns.
const MARGIN: usize = 24;
/// A bar with its distance to the next.
const ROW: usize = 36;
/// The height of a bar.
const BAR: usize = 21;
/// The title with its distance to the first bar.
const HEAD: usize = 45;
/// Letters are so many times as large as they are drawn.
const SCALE: usize = 3;
/// From one letter to the next, in points of the type.
const ADVANCE: usize = 6;
/// Where bars begin: sixteen letters of a name fit before.
const BARS_FROM: usize = MARGIN + 16 * ADVANCE * SCALE;
/// Kept behind the longest bar for its number.
const NUMBER: usize = 7 * ADVANCE * SCALE;
/// The most bars that are drawn.
const MOST_BARS: usize = 24;
/// A stored block of deflate holds at most this (RFC 1951).
const MOST_STORED: usize = 65_535;
/// What divides the sums of Adler-32 (RFC 1950).
const ADLER: u32 = 65_521;

/// White, ink, bar: of four colours that two bits tell apart.
const PAPER: u8 = 0;
const INK: u8 = 1;
const FULL: u8 = 2;
/// Red, green and blue of each.
const COLOURS: [u8; 12] = [255, 255, 255, 33, 37, 41, 45, 108, 223, 0, 0, 0];

/// Figures to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Of what, drawn above the bars. Whoever cannot see it reads the message that it goes with.
    pub title: String,
    /// Names and numbers, in order.
    pub bars: Vec<(String, u64)>,
}

impl Picture {
    /// Width and height in points.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (WIDTH, MARGIN + HEAD + self.bars.len().min(MOST_BARS) * ROW + MARGIN)
    }

    /// The picture as a PNG (w3.org/TR/png-3): the same for the same figures.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        let (width, height) = self.size();
        let mut header = Vec::new();
        for side in [width, height] {
            header.extend(u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes());
        }
        // Two bits a point, of a palette; nothing unusual.
        header.extend([2, 3, 0, 0, 0]);
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, data) in [(b"IHDR", header), (b"PLTE", COLOURS.to_vec()), (b"IDAT", stored(&self.packed())), (b"IEND", Vec::new())] {
            chunk(&mut out, name, &data);
        }
        out
    }

    /// Row by row, four points a byte, each row after its filter: none.
    fn packed(&self) -> Vec<u8> {
        let points = self.points();
        let mut out = Vec::with_capacity(points.len() / 4 + points.len() / WIDTH + 1);
        for row in points.chunks(WIDTH) {
            out.push(0);
            out.extend(row.chunks(4).map(|four| four.iter().fold(0, |byte, point| byte << 2 | point)));
        }
        out
    }

    fn points(&self) -> Vec<u8> {
        let (width, height) = self.size();
        let mut paper = Paper { width, points: vec![PAPER; width * height] };
        paper.write(MARGIN, MARGIN, &self.title);
        let most = self.bars.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
        for (at, (name, n)) in self.bars.iter().take(MOST_BARS).enumerate() {
            let top = MARGIN + HEAD + at * ROW;
            paper.write(MARGIN, top, name);
            let room = u128::try_from(WIDTH - MARGIN - NUMBER - BARS_FROM).unwrap_or_default();
            let long = usize::try_from(u128::from(*n) * room / u128::from(most)).unwrap_or(0);
            // Something is never drawn as nothing.
            let long = if *n > 0 { long.max(2) } else { 0 };
            paper.fill(BARS_FROM, top, long, BAR, FULL);
            paper.write(BARS_FROM + long + ADVANCE, top, &n.to_string());
        }
        paper.points
    }
}

struct Paper {
    width: usize,
    points: Vec<u8>,
}

impl Paper {
    fn fill(&mut self, left: usize, top: usize, wide: usize, high: usize, colour: u8) {
        for row in self.points.chunks_mut(self.width).skip(top).take(high) {
            row.iter_mut().skip(left).take(wide).for_each(|point| *point = colour);
        }
    }

    /// Writes in capitals, without accents; what the type has not is left out, and what does not fit.
    fn write(&mut self, left: usize, top: usize, text: &str) {
        let mut at = left;
        for letter in text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).flat_map(char::to_uppercase) {
            for (x, column) in glyph(letter).into_iter().enumerate() {
                for y in (0..7).filter(|y| column >> y & 1 == 1) {
                    self.fill(at + x * SCALE, top + y * SCALE, SCALE, SCALE, INK);
                }
            }
            at += ADVANCE * SCALE;
        }
    }
}

/// A letter as five columns, the topmost point the lowest bit.
fn glyph(letter: char) -> [u8; 5] {
    match letter {
        '0' => [0x3e, 0x51, 0x49, 0x45, 0x3e],
        '1' => [0x00, 0x42, 0x7f, 0x40, 0x00],
        '2' => [0x42, 0x61, 0x51, 0x49, 0x46],
        '3' => [0x21, 0x41, 0x45, 0x4b, 0x31],
        '4' => [0x18, 0x14, 0x12, 0x7f, 0x10],
        '5' => [0x27, 0x45, 0x45, 0x45, 0x39],
        '6' => [0x3c, 0x4a, 0x49, 0x49, 0x30],
        '7' => [0x01, 0x71, 0x09, 0x05, 0x03],
        '8' => [0x36, 0x49, 0x49, 0x49, 0x36],
        '9' => [0x06, 0x49, 0x49, 0x29, 0x1e],
        'A' => [0x7e, 0x11, 0x11, 0x11, 0x7e],
        'B' => [0x7f, 0x49, 0x49, 0x49, 0x36],
        'C' => [0x3e, 0x41, 0x41, 0x41, 0x22],
        'D' => [0x7f, 0x41, 0x41, 0x22, 0x1c],
        'E' => [0x7f, 0x49, 0x49, 0x49, 0x41],
        'F' => [0x7f, 0x09, 0x09, 0x09, 0x01],
        'G' => [0x3e, 0x41, 0x49, 0x49, 0x7a],
        'H' => [0x7f, 0x08, 0x08, 0x08, 0x7f],
        'I' => [0x00, 0x41, 0x7f, 0x41, 0x00],
        'J' => [0x20, 0x40, 0x41, 0x3f, 0x01],
        'K' => [0x7f, 0x08, 0x14, 0x22, 0x41],
        'L' => [0x7f, 0x40, 0x40, 0x40, 0x40],
        'M' => [0x7f, 0x02, 0x0c, 0x02, 0x7f],
        'N' => [0x7f, 0x04, 0x08, 0x10, 0x7f],
        'O' => [0x3e, 0x41, 0x41, 0x41, 0x3e],
        'P' => [0x7f, 0x09, 0x09, 0x09, 0x06],
        'Q' => [0x3e, 0x41, 0x51, 0x21, 0x5e],
        'R' => [0x7f, 0x09, 0x19, 0x29, 0x46],
        'S' => [0x46, 0x49, 0x49, 0x49, 0x31],
        'T' => [0x01, 0x01, 0x7f, 0x01, 0x01],
        'U' => [0x3f, 0x40, 0x40, 0x40, 0x3f],
        'V' => [0x1f, 0x20, 0x40, 0x20, 0x1f],
        'W' => [0x3f, 0x40, 0x38, 0x40, 0x3f],
        'X' => [0x63, 0x14, 0x08, 0x14, 0x63],
        'Y' => [0x07, 0x08, 0x70, 0x08, 0x07],
        'Z' => [0x61, 0x51, 0x49, 0x45, 0x43],
        ',' => [0x00, 0x50, 0x30, 0x00, 0x00],
        '.' => [0x00, 0x60, 0x60, 0x00, 0x00],
        ':' => [0x00, 0x36, 0x36, 0x00, 0x00],
        '-' | '–' => [0x08; 5],
        '/' => [0x20, 0x10, 0x08, 0x04, 0x02],
        _ => [0; 5],
    }
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let mut sum = crc32fast::Hasher::new();
    for part in [name.as_slice(), data] {
        sum.update(part);
        out.extend_from_slice(part);
    }
    out.extend(sum.finalize().to_be_bytes());
}

/// `bytes` as a zlib stream that compresses nothing: some tens of kilobytes a day are no reason for more.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = bytes.chunks(MOST_STORED).count();
    for (at, block) in bytes.chunks(MOST_STORED).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(at + 1 == blocks));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % ADLER;
        b = (b + a) % ADLER;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let bars = [("New", 12), ("Contestación", 6), ("None", 0), ("Far too long a name to fit", 1)];
        Picture { title: "Digest of Sunday, 22 November 2026".into(), bars: bars.map(|(name, n)| (name.into(), n)).into() }
    }

    /// How many points of the bar's colour a row of points has.
    fn bar(points: &[u8], at: usize) -> usize {
        let row = points.chunks(WIDTH).nth(MARGIN + HEAD + at * ROW + BAR / 2).unwrap();
        row.iter().filter(|p| **p == FULL).count()
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let points = picture().points();
        let (width, height) = picture().size();
        assert_eq!(points.len(), width * height);
        assert_eq!(bar(&points, 0), bar(&points, 1) * 2);
        assert!(bar(&points, 0) > WIDTH / 3 && bar(&points, 3) > 0);
        assert_eq!(bar(&points, 2), 0);
        let most = Picture { bars: vec![("x".into(), u64::MAX); 99], ..Picture::default() };
        assert_eq!(most.points().len(), WIDTH * (2 * MARGIN + HEAD + MOST_BARS * ROW), "bounded");
        assert!(Picture::default().png().len() > 100);
    }

    #[test]
    fn an_accent_is_no_other_letter_and_what_the_type_has_not_is_left_out() {
        let written = |text: &str| {
            let mut paper = Paper { width: 200, points: vec![PAPER; 200 * 30] };
            paper.write(0, 0, text);
            paper.points
        };
        assert_eq!(written("Ó"), written("o"));
        assert_ne!(written("O"), written("0"));
        assert_eq!(written("漢"), written(" "));
        assert!(written(&"W".repeat(1_000)).len() == 200 * 30, "what does not fit is left out");
    }

    /// Read back by the letter of the formats.
    #[test]
    fn it_is_a_png() {
        let png = picture().png();
        assert_eq!(png, picture().png(), "the same for the same figures");
        let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n".as_slice()).unwrap();
        let mut names = Vec::new();
        let mut data = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (body, after) = after.split_at(u32::from_be_bytes(*length) as usize + 4);
            let (sum, after) = after.split_first_chunk::<4>().unwrap();
            assert_eq!(crc32fast::hash(body).to_be_bytes(), *sum);
            let (name, inside) = body.split_at(4);
            names.push(String::from_utf8(name.to_vec()).unwrap());
            if name == b"IDAT" {
                data = inside.to_vec();
            }
            rest = after;
        }
        assert_eq!(names, ["IHDR", "PLTE", "IDAT", "IEND"]);
        assert_eq!(u16::from_be_bytes([data[0], data[1]]) % 31, 0, "a zlib header");
        let (mut inflated, mut at, mut last) = (Vec::<u8>::new(), 2, false);
        while !last {
            last = data[at] == 1;
            let length = u16::from_le_bytes([data[at + 1], data[at + 2]]);
            assert_eq!(!length, u16::from_le_bytes([data[at + 3], data[at + 4]]));
            inflated.extend(&data[at + 5..at + 5 + length as usize]);
            at += 5 + length as usize;
        }
        assert_eq!(data.len(), at + 4);
        assert_eq!(inflated, picture().packed());
        let points: Vec<u8> =
            inflated.chunks(WIDTH / 4 + 1).flat_map(|row| &row[1..]).flat_map(|b| [b >> 6, b >> 4 & 3, b >> 2 & 3, b & 3]).collect();
        assert_eq!(points, picture().points());
    }
}
