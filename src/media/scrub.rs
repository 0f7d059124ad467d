//! Takes out of a picture what it tells beside what it shows. Phones write where a photo was taken, when, and with what.
//!
//! The pixels are copied as they are. Which way up a JPEG is shown stands in the same place as where it was taken, and is kept.
//! What does not hold together gives nothing: it is not sent, rather than sent with what could not be found in it.

/// The parts of a PNG that are kept: what it takes to show it. Source: w3.org/TR/png-3, chapter 11.
const PNG_KEPT: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
/// Those of a WebP. Source: RFC 9649, section 2.
const WEBP_KEPT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"];
/// In a WebP's `VP8X`: that EXIF or XMP follow.
const WEBP_TELLS: u8 = 0x08 | 0x04;
/// How a JPEG's part with EXIF begins.
const EXIF: &[u8] = b"Exif\0\0";
/// EXIF's number for which way up. Source: CIPA DC-008, section 4.6.4.
const ORIENTATION: u16 = 0x0112;

/// A JPEG without its EXIF, XMP, IPTC, makers' parts and comments.
pub(super) fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..2)?.to_vec();
    let mut rest = bytes.get(2..)?;
    loop {
        let (mark, after) = rest.split_first().filter(|(mark, _)| **mark == 0xff)?;
        let (kind, after) = after.split_first()?;
        match kind {
            // Filling.
            0xff => rest = rest.get(1..)?,
            // The picture itself, to the end of the file's own: what stands behind it is another file, such as a film.
            0xda => {
                out.extend_from_slice(scan(rest)?);
                return Some(out);
            }
            0xd8 | 0xd9 => return None,
            kind => {
                let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
                let body = after.get(2..length)?;
                match kind {
                    0xe1 => {
                        if let Some(way) = body.strip_prefix(EXIF).and_then(orientation).filter(|way| (2..=8).contains(way)) {
                            out.extend(upright(way));
                        }
                    }
                    // Of the applications' parts only JFIF, the colours and Adobe's, without which colours are wrong.
                    0xe0 | 0xe2 | 0xee if *kind != 0xe2 || body.starts_with(b"ICC_PROFILE\0") => {
                        out.extend([*mark, *kind]);
                        out.extend_from_slice(after.get(..length)?);
                    }
                    0xe0..=0xef | 0xfe => {}
                    _ => {
                        out.extend([*mark, *kind]);
                        out.extend_from_slice(after.get(..length)?);
                    }
                }
                rest = after.get(length..)?;
            }
        }
    }
}

/// From the first scan to the end mark. A progressive picture has several, with tables between them; a comment or an
/// application's part stands in none of them.
fn scan(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(step) = bytes.get(at..)?.windows(2).position(|two| two[0] == 0xff && !matches!(two[1], 0 | 0xff | 0xd0..=0xd7)) {
        at += step;
        match bytes.get(at + 1)? {
            0xd9 => return bytes.get(..at + 2),
            0xe0..=0xef | 0xfe => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?])),
        }
    }
    None
}

/// Which way up, of the EXIF behind its name.
fn orientation(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let two = |at: usize| {
        let two = [*tiff.get(at)?, *tiff.get(at + 1)?];
        Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let four = [*tiff.get(4)?, *tiff.get(5)?, *tiff.get(6)?, *tiff.get(7)?];
    let first = usize::try_from(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }).ok()?;
    let count = usize::from(two(first)?);
    let found = (0..count).map(|n| first + 2 + 12 * n).find(|at| two(*at) == Some(ORIENTATION))?;
    two(found + 8)
}

/// A part with EXIF that says which way up, and nothing else.
pub(super) fn upright(way: u16) -> Vec<u8> {
    let mut part = vec![0xff, 0xe1, 0, 34];
    part.extend_from_slice(EXIF);
    part.extend_from_slice(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
    part.extend(way.to_be_bytes());
    part.extend([0; 6]);
    part
}

/// A PNG without texts, times and EXIF.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..8)?.to_vec();
    let mut rest = bytes.get(8..)?;
    loop {
        let length = usize::try_from(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?)).ok()?;
        let name = rest.get(4..8)?;
        let whole = rest.get(..length.checked_add(12)?)?;
        if PNG_KEPT.iter().any(|kept| *kept == name) {
            out.extend_from_slice(whole);
        }
        if name == b"IEND" {
            return Some(out);
        }
        rest = rest.get(whole.len()..)?;
    }
}

/// A WebP without EXIF and XMP.
pub(super) fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..12)?.to_vec();
    let told = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    let mut rest = bytes.get(12..told.checked_add(8)?)?;
    while !rest.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?)).ok()?;
        // What is odd is filled up.
        let whole = rest.get(..length.checked_add(8 + length % 2)?)?;
        let name = rest.get(..4)?;
        if WEBP_KEPT.iter().any(|kept| *kept == name) {
            let at = out.len();
            out.extend_from_slice(whole);
            if name == b"VP8X" {
                *out.get_mut(at + 8)? &= !WEBP_TELLS;
            }
        }
        rest = rest.get(whole.len()..)?;
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    Some(out)
}
