//! What was written last, row by row. sled carries out a batch as a whole after a kill, and after most power cuts; but where a
//! batch lies across two segments of its log, and the end of the first never reached the disk while the second did, it opens
//! with half of it. All before was synced, so whoever knows the rows of the last batch can tell.

use super::Core;
use crate::store::StoreError;
use crate::store::codec::{key, open_envelope, sum_of};

/// The rows of a batch: each key with the sum that its value ends with, or that it was taken away.
#[derive(Default)]
pub(super) struct Last(Vec<u8>);

impl Last {
    /// Notes a row. `None`: taken away.
    pub(super) fn note(&mut self, at: &[u8], value: Option<&[u8]>) {
        // Keys are some forty bytes long. One that could not be written is not looked at.
        let Ok(length) = u16::try_from(at.len()) else { return };
        self.0.extend(length.to_be_bytes());
        self.0.extend(at);
        self.0.push(u8::from(value.is_some()));
        self.0.extend(value.map_or(0, sum_of).to_be_bytes());
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The rows that were noted; the last is `None` where it breaks off.
fn rows(mut bytes: &[u8]) -> impl Iterator<Item = Option<(&[u8], Option<u32>)>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let row = row(bytes);
        bytes = row.map_or(&[], |(_, rest)| rest);
        Some(row.map(|(row, _)| row))
    })
}

type Row<'a> = (&'a [u8], Option<u32>);

fn row(bytes: &[u8]) -> Option<(Row<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (at, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (stands, rest) = rest.split_first()?;
    let (sum, rest) = rest.split_first_chunk()?;
    Some(((at, (*stands == 1).then_some(u32::from_be_bytes(*sum))), rest))
}

/// Whether all that was written last stands as it was written. `sum`: of the record that tells; `None`: an earlier version wrote
/// last, which kept none.
pub(super) fn is_whole(core: &Core, sum: Option<u32>) -> Result<bool, StoreError> {
    let Some(sum) = sum else { return Ok(true) };
    let Some(value) = core.sled(|t| t.get(key::LAST))?.filter(|value| sum_of(value) == sum) else { return Ok(false) };
    let (_, payload) = open_envelope(key::LAST, &value).map_err(|w| core.wrong(w))?;
    for row in rows(payload) {
        let Some((at, expected)) = row else { return Ok(false) };
        if core.sled(|t| t.get(at))?.map(|value| sum_of(&value)) != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_noted() {
        let mut last = Last::default();
        last.note(b"h7", Some(b"value\x01\x02\x03\x04"));
        last.note(b"", None);
        let bytes = last.into_bytes();
        let expected: [Row<'_>; 2] = [(b"h7", Some(0x0102_0304)), (b"", None)];
        assert_eq!(rows(&bytes).collect::<Vec<_>>(), expected.map(Some));
        for cut in 1..bytes.len() {
            assert!(rows(&bytes[..cut]).any(|row| row.is_none()) || cut == 9, "{cut}");
        }
    }
}
