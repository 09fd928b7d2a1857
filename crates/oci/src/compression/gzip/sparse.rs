//! DEFLATE with few matches: RFC 1951, blocks with dynamic Huffman codes (3.2.7), or stored ones (3.2.4) where those are
//! shorter. For content in which little is repeated it is both the fastest and the shortest form.

use super::bits::Bits;
use super::code_lengths::{CodeLengths, LONGEST};
use super::huffman::{codes, lengths};
use super::repeats::Repeat;

/// A block has codes of its own; and no stored one can be longer.
const BLOCK: usize = 0xffff;

const END_OF_BLOCK: usize = 256;

/// The codes of literals, of the end of a block, and of lengths …
const LITERALS: usize = 286;

/// … and those of distances.
const DISTANCES: usize = 30;

/// The shortest and the longest match.
const LENGTHS: (usize, usize) = (3, 258);

/// The most bytes that so many become.
pub(super) fn bound(length: usize) -> usize {
    // Five bytes a block, and as much as the last word is written beyond the end.
    length + 5 * (length / BLOCK + 1) + size_of::<u64>()
}

/// How often each byte occurs.
pub(super) fn count(content: &[u8]) -> [u32; 256] {
    // In turns, for the next of the same byte does not wait for the last one then.
    let mut counts = [[0_u32; 256]; 4];
    for four in content.chunks(4) {
        for (counts, byte) in counts.iter_mut().zip(four) {
            counts[usize::from(*byte)] += 1;
        }
    }
    let [mut sum, rest @ ..] = counts;
    for counts in rest {
        sum.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    sum
}

/// Writes a whole stream into `out`, which has room for [`bound`] bytes, and gives its length. The repeats come in their
/// order and do not overlap.
pub(super) fn deflate(content: &[u8], repeats: &[Repeat], out: &mut [u8]) -> usize {
    let mut bits = Bits::new(out);
    let mut repeats = Cut::new(repeats);
    let mut matches = Vec::new();
    let mut start = 0;
    loop {
        let end = content.len().min(start + BLOCK);
        repeats.until(end, &mut matches);
        let block = Block {
            bytes: &content[start..end],
            start,
            matches: &matches,
        };
        block.write(&mut bits, u16::from(end == content.len()));
        start = end;
        if start == content.len() {
            bits.align();
            return bits.written();
        }
    }
}

/// Repeats, cut where a block ends and where they are longer than a match can be.
struct Cut<'a> {
    rest: &'a [Repeat],
    /// How much of the next one is in blocks already.
    taken: usize,
}

impl<'a> Cut<'a> {
    fn new(rest: &'a [Repeat]) -> Self {
        Self { rest, taken: 0 }
    }

    /// The matches up to `end`.
    fn until(&mut self, end: usize, matches: &mut Vec<Repeat>) {
        let (shortest, longest) = LENGTHS;
        matches.clear();
        while let Some(repeat) = self.rest.first() {
            let at = repeat.at + self.taken;
            if at >= end {
                return;
            }
            let left = repeat.length - self.taken;
            let mut length = left.min(longest).min(end - at);
            if (1..shortest).contains(&(left - length)) && length == longest {
                length -= shortest;
            }
            if length >= shortest {
                matches.push(Repeat {
                    at,
                    length,
                    ..*repeat
                });
            }
            self.taken += length;
            if self.taken == repeat.length {
                (self.rest, self.taken) = (&self.rest[1..], 0);
            }
        }
    }
}

/// What is coded together.
struct Block<'a> {
    bytes: &'a [u8],
    /// Where in the content it begins.
    start: usize,
    matches: &'a [Repeat],
}

impl Block<'_> {
    /// The literals before each match, and it; then those after the last one.
    fn parts(&self) -> impl Iterator<Item = (&[u8], Option<&Repeat>)> {
        let mut at = 0;
        let matches = self.matches.iter().map(Some).chain([None]);
        matches.map(move |one| {
            let end = one.map_or(self.bytes.len(), |one| one.at - self.start);
            let literals = &self.bytes[at..end];
            at = end + one.map_or(0, |one| one.length);
            (literals, one)
        })
    }

    fn write(&self, bits: &mut Bits<'_>, last: u16) {
        let Frequencies {
            literals,
            distances,
            extra_bits,
        } = self.frequencies();
        let literal_lengths = lengths(&literals, LONGEST);
        let distance_lengths = distance_lengths(&distances);
        let header = CodeLengths::new(&literal_lengths, &distance_lengths);
        let coded = coded_bits(&literals, &literal_lengths)
            + coded_bits(&distances, &distance_lengths)
            + extra_bits;
        if header.bits() + coded >= 8 * (self.bytes.len() + 4) {
            return write_stored(bits, self.bytes, last);
        }
        bits.put(last, 1);
        bits.put(0b10, 2);
        header.write(bits);
        let literals: [_; LITERALS] = table(&literal_lengths);
        let distances: [_; DISTANCES] = table(&distance_lengths);
        for (bytes, one) in self.parts() {
            write_literals(bits, bytes, &literals);
            if let Some(one) = one {
                let (symbol, extra) = length_code(one.length);
                bits.add(literals[symbol]);
                bits.add(extra);
                let (symbol, extra) = distance_code(one.distance);
                bits.add(distances[symbol]);
                bits.add(extra);
                bits.flush();
            }
        }
        bits.put(literals[END_OF_BLOCK].0, literals[END_OF_BLOCK].1);
    }

    fn frequencies(&self) -> Frequencies {
        let mut all = Frequencies {
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            extra_bits: 0,
        };
        all.literals[..256].copy_from_slice(&count(self.bytes));
        all.literals[END_OF_BLOCK] = 1;
        for one in self.matches {
            let at = one.at - self.start;
            for byte in &self.bytes[at..at + one.length] {
                all.literals[usize::from(*byte)] -= 1;
            }
            let (symbol, (_, extra_bits)) = length_code(one.length);
            all.literals[symbol] += 1;
            all.extra_bits += usize::from(extra_bits);
            let (symbol, (_, extra_bits)) = distance_code(one.distance);
            all.distances[symbol] += 1;
            all.extra_bits += usize::from(extra_bits);
        }
        all
    }
}

/// How often each symbol of a block occurs.
struct Frequencies {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    /// How many bits follow all of them.
    extra_bits: usize,
}

/// Not every reader takes a set of codes that is empty, or has but one: then there are two of one bit.
fn distance_lengths(frequencies: &[u32; DISTANCES]) -> Vec<u8> {
    let mut frequencies = *frequencies;
    for symbol in 0..2 {
        if frequencies.iter().filter(|count| **count > 0).count() < 2 {
            frequencies[symbol] = frequencies[symbol].max(1);
        }
    }
    lengths(&frequencies, LONGEST)
}

fn coded_bits(frequencies: &[u32], lengths: &[u8]) -> usize {
    let pairs = frequencies.iter().zip(lengths);
    pairs
        .map(|(count, length)| *count as usize * usize::from(*length))
        .sum()
}

/// Codes, and their lengths.
fn table<const N: usize>(lengths: &[u8]) -> [(u16, u16); N] {
    let mut table = [(0, 0); N];
    for (entry, (code, length)) in table.iter_mut().zip(codes(lengths).iter().zip(lengths)) {
        *entry = (*code, u16::from(*length));
    }
    table
}

fn write_literals(bits: &mut Bits<'_>, bytes: &[u8], table: &[(u16, u16); LITERALS]) {
    // Four of the longest fit into a word.
    let (fours, rest) = bytes.as_chunks::<4>();
    for four in fours {
        four.iter()
            .for_each(|byte| bits.add(table[usize::from(*byte)]));
        bits.flush();
    }
    rest.iter()
        .for_each(|byte| bits.add(table[usize::from(*byte)]));
    bits.flush();
}

/// The symbol of a length, and the bits that follow it: RFC 1951, 3.2.5.
fn length_code(length: usize) -> (usize, (u16, u16)) {
    let (shortest, longest) = LENGTHS;
    if length == longest {
        return (285, (0, 0));
    }
    let (symbol, extra) = logarithmic(length - shortest, 2);
    (END_OF_BLOCK + 1 + symbol, extra)
}

/// The same for a distance.
fn distance_code(distance: usize) -> (usize, (u16, u16)) {
    logarithmic(distance - 1, 1)
}

/// Symbols of which each has as many values as the `2^digits` before it together, or one: and the value's lower bits.
fn logarithmic(value: usize, digits: u32) -> (usize, (u16, u16)) {
    let extra = (usize::BITS - value.leading_zeros()).saturating_sub(digits + 1);
    let symbol = ((extra as usize) << digits) + (value >> extra);
    let low = value & ((1 << extra) - 1);
    (symbol, (low as u16, extra as u16))
}

fn write_stored(bits: &mut Bits<'_>, block: &[u8], last: u16) {
    bits.put(last, 3);
    bits.align();
    let length = u16::try_from(block.len()).expect("blocks are no longer");
    bits.bytes(&length.to_le_bytes());
    bits.bytes(&(!length).to_le_bytes());
    bits.bytes(block);
}
#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::compression::gzip::tests::random;

    fn inflate(deflated: &[u8]) -> Vec<u8> {
        let mut inflated = Vec::new();
        let mut decoder = flate2::read::DeflateDecoder::new(deflated);
        decoder.read_to_end(&mut inflated).unwrap();
        assert_eq!(decoder.total_in(), deflated.len() as u64);
        inflated
    }

    fn there_and_back(content: &[u8]) -> usize {
        with_repeats(content, &[])
    }

    fn with_repeats(content: &[u8], repeats: &[Repeat]) -> usize {
        let mut out = vec![0; bound(content.len())];
        let length = deflate(content, repeats, &mut out);
        assert!(
            inflate(&out[..length]) == content,
            "{} bytes",
            content.len()
        );
        length
    }

    #[test]
    fn all_kinds_of_content() {
        let bytes = random(200_000);
        for length in [
            0,
            1,
            2,
            3,
            100,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            2 * BLOCK,
            bytes.len(),
        ] {
            there_and_back(&bytes[..length]);
            there_and_back(&vec![b'x'; length]);
            let digits: Vec<u8> = bytes[..length]
                .iter()
                .map(|byte| b'0' + byte % 10)
                .collect();
            there_and_back(&digits);
            // Each symbol twice as often as the next: the longest codes are too long.
            let skewed: Vec<u8> = bytes[..length]
                .chunks(4)
                .map(|four| {
                    four.iter()
                        .fold(0, |sum, byte| sum + byte.trailing_zeros() as u8)
                })
                .collect();
            there_and_back(&skewed);
        }
        let steps: Vec<u8> = (0..=255)
            .flat_map(|byte| vec![byte; usize::from(byte) * 3 + 1])
            .collect();
        there_and_back(&steps);
    }

    #[test]
    fn how_long_it_becomes() {
        let bytes = random(1 << 20);
        assert_eq!(there_and_back(&bytes), bytes.len() + 5 * 17, "stored");
        let digits: Vec<u8> = bytes
            .iter()
            .map(|byte| b"0123456789abcdef"[usize::from(byte % 16)])
            .collect();
        // Sixteen codes of four bits would leave none for the end of the block.
        let half = digits.len() * 65 / 128;
        assert!((half..half + half / 500).contains(&there_and_back(&digits)));
    }

    #[test]
    fn matches_of_all_lengths_at_all_distances() {
        let window = 32 << 10;
        let (mut content, mut repeats) = (random(window), Vec::new());
        let distances = (1..600).chain((600..=window).step_by(977)).chain([window]);
        for (distance, length) in distances.zip((1..=700).cycle()) {
            let at = content.len();
            (0..length).for_each(|_| content.push(content[content.len() - distance]));
            content.extend_from_slice(&random(distance % 5));
            repeats.push(Repeat {
                at,
                length,
                distance,
            });
        }
        let length = with_repeats(&content, &repeats);
        assert!(length < window + 9 * content.len() / 100, "{length}");
    }

    #[test]
    fn a_match_ends_where_its_block_does() {
        let pattern = random(1000);
        let content: Vec<u8> = pattern.iter().copied().cycle().take(4 * BLOCK).collect();
        // Everything after the first thousand; one byte and two of a match in another block; a rest that is too short.
        for (at, length) in [
            (1000, content.len() - 1000),
            (BLOCK - 1, 3),
            (BLOCK - 2, 4),
            (BLOCK - 3, 5),
            (BLOCK - 258, 259),
            (2000, 260),
        ] {
            let repeat = Repeat {
                at,
                length,
                distance: 1000,
            };
            with_repeats(&content, &[repeat]);
        }
    }
}
