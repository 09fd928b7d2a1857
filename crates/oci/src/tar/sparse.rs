//! Files with holes: GNU tar manual, "Storing Sparse Files".

use std::ops::Range;

use super::block::{self, Block};
use super::pax::{self, Records};

/// A header can claim holes of exabytes, and whoever reads the file gets each of these zeros.
const HOLES_AT_MOST: u64 = 64 << 30;

/// A file with holes: where in it the bytes belong that the archive has.
#[derive(Debug)]
pub(super) struct Sparse {
    fragments: Vec<Fragment>,
    size: u64,
    /// How many fragments lie before `position`.
    passed: usize,
    position: u64,
}

/// A part of a file that is no hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    offset: u64,
    len: u64,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many bytes from the archive.
    Data(u64),
    /// So many zeros.
    Hole(u64),
    /// Nothing.
    End,
}

impl Sparse {
    /// A file of `size` bytes, of which the archive has `stored` bytes: the `fragments`.
    pub(super) fn new(
        fragments: Vec<Fragment>,
        size: u64,
        stored: u64,
    ) -> Result<Self, &'static str> {
        let mut end = 0;
        let mut total = 0_u64;
        for fragment in &fragments {
            if fragment.offset < end {
                return Err("the sparse map's fragments overlap");
            }
            end = fragment
                .offset
                .checked_add(fragment.len)
                .ok_or("the sparse map overflows")?;
            total += fragment.len;
        }
        if end > size {
            return Err("the sparse map goes beyond the end of the file");
        }
        if total != stored {
            return Err("the sparse map does not fit what is stored");
        }
        if size - total > HOLES_AT_MOST {
            return Err("its holes are larger than 64 GiB");
        }
        Ok(Self {
            fragments,
            size,
            passed: 0,
            position: 0,
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What comes at the present position.
    pub(super) fn piece(&mut self) -> Piece {
        while let Some(fragment) = self.fragments.get(self.passed) {
            if self.position < fragment.offset {
                return Piece::Hole(fragment.offset - self.position);
            }
            let end = fragment.offset + fragment.len;
            if self.position < end {
                return Piece::Data(end - self.position);
            }
            self.passed += 1;
        }
        match self.size - self.position {
            0 => Piece::End,
            rest => Piece::Hole(rest),
        }
    }

    /// Goes `count` bytes on, not beyond the present piece.
    pub(super) fn advance(&mut self, count: u64) {
        self.position += count;
    }
}

/// The fragments that an old GNU header, or a block after it, has in `field`; and whether a further
/// block follows.
pub(super) fn read_old(
    block: &Block,
    field: Range<usize>,
) -> Result<(Vec<Fragment>, bool), &'static str> {
    let (flag, pairs) = block.bytes[field]
        .split_last()
        .expect("the field is not empty");
    let used = pairs.chunks_exact(24).take_while(|pair| pair[0] != 0);
    let number = |digits| {
        block::parse_number(digits)?
            .try_into()
            .map_err(|_| "the sparse map has negative numbers")
    };
    let fragments: Result<Vec<_>, &'static str> = used
        .map(|pair| {
            Ok(Fragment {
                offset: number(&pair[..12])?,
                len: number(&pair[12..])?,
            })
        })
        .collect();
    Ok((fragments?, *flag != 0))
}

/// Which PAX form of sparse file, if any, the records tell of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The map is in the records.
    Zero,
    /// The map is in front of the content.
    One,
}

/// Sparse files as GNU tar writes them with PAX headers; unknown versions are taken for plain files.
pub(super) fn version(records: &Records) -> Option<Version> {
    let part = |key| records.get(key).unwrap_or_default();
    match (part("GNU.sparse.major"), part("GNU.sparse.minor")) {
        (b"0", b"0" | b"1") => Some(Version::Zero),
        (b"1", b"0") => Some(Version::One),
        (b"", b"") => records.get(pax::SPARSE_MAP).map(|_| Version::Zero),
        _ => None,
    }
}

/// The size with the holes, under either of its names.
pub(super) fn real_size(records: &Records) -> Result<Option<u64>, &'static str> {
    match records.number("GNU.sparse.size")? {
        None => records.number("GNU.sparse.realsize"),
        size => Ok(size),
    }
}

/// The map of versions 0.0 and 0.1: offsets and lengths in one list.
pub(super) fn read_records(records: &Records) -> Result<Vec<Fragment>, &'static str> {
    let count = records
        .number("GNU.sparse.numblocks")?
        .ok_or("the sparse map has no length")?;
    let text = records.get(pax::SPARSE_MAP).unwrap_or_default();
    let numbers: Vec<u64> = text
        .split(|byte| *byte == b',')
        .filter(|_| !text.is_empty())
        .map(pax::parse_decimal)
        .collect::<Result<_, _>>()?;
    if count.checked_mul(2) != Some(numbers.len() as u64) {
        return Err("the sparse map has a wrong length");
    }
    Ok(pairs(&numbers))
}

/// The map of version 1.0, a number a line, as it comes block by block.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: Vec<u8>,
    newlines: u64,
}

impl Lines {
    /// Takes the next block, and gives the map once it is complete.
    pub(super) fn push(&mut self, block: &[u8]) -> Result<Option<Vec<Fragment>>, &'static str> {
        self.text.extend_from_slice(block);
        self.newlines += block.iter().filter(|byte| **byte == b'\n').count() as u64;
        if self.newlines == 0 {
            return Ok(None);
        }
        let mut lines = self.text.split(|byte| *byte == b'\n');
        let count = pax::parse_decimal(lines.next().unwrap_or_default())?;
        let count = count.checked_mul(2).ok_or("the sparse map is too long")?;
        if self.newlines <= count {
            return Ok(None);
        }
        let count = usize::try_from(count).map_err(|_| "the sparse map is too long")?;
        let numbers: Vec<u64> = lines
            .take(count)
            .map(pax::parse_decimal)
            .collect::<Result<_, _>>()?;
        Ok(Some(pairs(&numbers)))
    }
}

fn pairs(numbers: &[u64]) -> Vec<Fragment> {
    numbers
        .chunks_exact(2)
        .map(|pair| Fragment {
            offset: pair[0],
            len: pair[1],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(pairs: &[(u64, u64)], size: u64, stored: u64) -> Result<Sparse, &'static str> {
        let fragments = pairs
            .iter()
            .map(|&(offset, len)| Fragment { offset, len })
            .collect();
        Sparse::new(fragments, size, stored)
    }

    #[test]
    fn pieces() {
        let mut sparse = sparse(&[(0, 2), (2, 1), (5, 3), (10, 0)], 10, 6).unwrap();
        let mut pieces = Vec::new();
        loop {
            let piece = sparse.piece();
            match piece {
                Piece::Data(count) | Piece::Hole(count) => sparse.advance(count),
                Piece::End => break,
            }
            pieces.push(piece);
        }
        let expected = [
            Piece::Data(2),
            Piece::Data(1),
            Piece::Hole(2),
            Piece::Data(3),
            Piece::Hole(2),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn impossible_maps() {
        assert!(sparse(&[(0, 2), (1, 1)], 9, 3).is_err(), "overlap");
        assert!(sparse(&[(5, 1), (0, 1)], 9, 2).is_err(), "order");
        assert!(sparse(&[(8, 2)], 9, 2).is_err(), "beyond the end");
        assert!(sparse(&[(u64::MAX, 2)], u64::MAX, 2).is_err(), "overflow");
        assert!(sparse(&[(0, 2)], 9, 3).is_err(), "unreferenced data");
        assert!(sparse(&[(0, 2)], 9, 1).is_err(), "missing data");
        assert!(sparse(&[], 64 << 30, 0).is_ok());
        assert!(sparse(&[], (64 << 30) + 1, 0).is_err());
    }

    #[test]
    fn maps_in_lines() {
        let lines = |text: &[u8]| {
            let map = Lines::default().push(text)?;
            Ok::<_, &str>(map.map(|fragments| fragments.len()))
        };
        assert_eq!(lines(b"1"), Ok(None));
        assert_eq!(lines(b"1\n0\n"), Ok(None));
        assert_eq!(lines(b"1\n0\n5\n\0\0"), Ok(Some(1)));
        assert_eq!(lines(b"0\n"), Ok(Some(0)));
        assert_eq!(lines(b"4000000000000000000\n0\n"), Ok(None));
        assert!(lines(b"-1\n").is_err());
        assert!(lines(b"x\n").is_err());
        assert!(lines(b"1\n0\nx\n").is_err());
    }
}
