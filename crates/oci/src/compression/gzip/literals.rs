//! DEFLATE without matches: RFC 1951, blocks with dynamic Huffman codes (3.2.7) for literals only, or stored ones (3.2.4)
//! where those are shorter. For content in which nothing is repeated it is both the fastest and the shortest form.

use super::huffman::{codes, lengths};

/// A block has codes of its own; and no stored one can be longer.
const BLOCK: usize = 0xffff;

const END_OF_BLOCK: usize = 256;

/// No code is longer …
const LONGEST: u8 = 15;

/// … and none of those that the lengths of the codes are written in.
const LONGEST_OF_LENGTHS: u8 = 7;

/// In this order lengths of the codes of lengths are written.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Two distance codes of one bit. None is used, but not every reader takes a set of codes that is empty.
const DISTANCES: [u8; 2] = [1, 1];

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

/// Writes a whole stream into `out`, which has room for [`bound`] bytes, and gives its length.
pub(super) fn deflate(content: &[u8], out: &mut [u8]) -> usize {
    let mut bits = Bits {
        out,
        at: 0,
        waiting: 0,
        count: 0,
    };
    let mut rest = content;
    loop {
        let (block, after) = rest.split_at(rest.len().min(BLOCK));
        rest = after;
        write_block(&mut bits, block, u16::from(rest.is_empty()));
        if rest.is_empty() {
            bits.align();
            return bits.at;
        }
    }
}

fn write_block(bits: &mut Bits<'_>, block: &[u8], last: u16) {
    let mut frequencies = [0; END_OF_BLOCK + 1];
    frequencies[..END_OF_BLOCK].copy_from_slice(&count(block));
    frequencies[END_OF_BLOCK] = 1;
    let lengths = lengths(&frequencies, LONGEST);
    let header = Header::new(&lengths);
    let coded = frequencies
        .iter()
        .zip(&lengths)
        .map(|(count, length)| *count as usize * usize::from(*length));
    if header.bits() + coded.sum::<usize>() >= 8 * (block.len() + 4) {
        return write_stored(bits, block, last);
    }
    bits.put(last, 1);
    bits.put(0b10, 2);
    header.write(bits);
    let table = Table::new(&lengths);
    // Three of the longest fit into a word.
    let threes = block.chunks_exact(3);
    let rest = threes.remainder();
    for three in threes {
        three.iter().for_each(|byte| bits.add(table.code(*byte)));
        bits.flush();
    }
    rest.iter().for_each(|byte| bits.add(table.code(*byte)));
    bits.flush();
    bits.add(table.0[END_OF_BLOCK]);
    bits.flush();
}

/// The codes of literals, and their lengths.
struct Table([(u16, u16); END_OF_BLOCK + 1]);

impl Table {
    fn new(lengths: &[u8]) -> Self {
        let mut table = [(0, 0); END_OF_BLOCK + 1];
        for (entry, (code, length)) in table.iter_mut().zip(codes(lengths).iter().zip(lengths)) {
            *entry = (*code, u16::from(*length));
        }
        Self(table)
    }

    fn code(&self, byte: u8) -> (u16, u16) {
        self.0[usize::from(byte)]
    }
}

fn write_stored(bits: &mut Bits<'_>, block: &[u8], last: u16) {
    bits.put(last, 3);
    bits.align();
    let length = u16::try_from(block.len()).expect("blocks are no longer");
    bits.bytes(&length.to_le_bytes());
    bits.bytes(&(!length).to_le_bytes());
    bits.bytes(block);
}

/// The code lengths of a block, as they are written before it.
struct Header {
    /// Lengths, and repetitions (16, 17, 18) with their extra bits.
    symbols: Vec<(u8, u16, u16)>,
    lengths: Vec<u8>,
}

impl Header {
    fn new(literals: &[u8]) -> Self {
        let all = [literals, &DISTANCES].concat();
        let mut symbols = Vec::new();
        for run in all.chunk_by(|a, b| a == b) {
            run_length(run[0], run.len(), &mut symbols);
        }
        let mut frequencies = [0; ORDER.len()];
        symbols
            .iter()
            .for_each(|(symbol, ..)| frequencies[usize::from(*symbol)] += 1);
        Self {
            lengths: lengths(&frequencies, LONGEST_OF_LENGTHS),
            symbols,
        }
    }

    /// How many lengths of codes of lengths are written: those after the last one used are not.
    fn used(&self) -> usize {
        let last = ORDER.iter().rposition(|symbol| self.lengths[*symbol] > 0);
        last.map_or(4, |last| (last + 1).max(4))
    }

    fn bits(&self) -> usize {
        let symbols = self.symbols.iter().map(|(symbol, _, extra)| {
            usize::from(self.lengths[usize::from(*symbol)]) + usize::from(*extra)
        });
        3 + 14 + 3 * self.used() + symbols.sum::<usize>()
    }

    fn write(&self, bits: &mut Bits<'_>) {
        // Literals alone: 257 codes and not one more. Distances less one. Lengths less four.
        bits.put(0, 5);
        bits.put(DISTANCES.len() as u16 - 1, 5);
        bits.put(self.used() as u16 - 4, 4);
        for symbol in &ORDER[..self.used()] {
            bits.put(self.lengths[*symbol].into(), 3);
        }
        let codes = codes(&self.lengths);
        for (symbol, extra, extra_bits) in &self.symbols {
            let symbol = usize::from(*symbol);
            bits.put(codes[symbol], self.lengths[symbol].into());
            bits.put(*extra, *extra_bits);
        }
    }
}

/// A length that comes so many times, written out or as repetitions.
fn run_length(length: u8, mut times: usize, symbols: &mut Vec<(u8, u16, u16)>) {
    if length > 0 {
        symbols.push((length, 0, 0));
        times -= 1;
    }
    while times >= 3 {
        let (symbol, least, most, extra_bits) = match (length, times) {
            (0, 11..) => (18, 11, 138, 7),
            (0, _) => (17, 3, 10, 3),
            _ => (16, 3, 6, 2),
        };
        let now = times.min(most);
        symbols.push((symbol, (now - least) as u16, extra_bits));
        times -= now;
    }
    symbols.extend((0..times).map(|_| (length, 0, 0)));
}

/// Bits on their way into bytes, the lowest first.
struct Bits<'a> {
    out: &'a mut [u8],
    at: usize,
    waiting: u64,
    count: u32,
}

impl Bits<'_> {
    /// Adds some bits, and how many they are, to the word. No more than 56 may come before [`flush`](Self::flush).
    fn add(&mut self, (bits, count): (u16, u16)) {
        self.waiting |= u64::from(bits) << self.count;
        self.count += u32::from(count);
    }

    /// Writes whole bytes of the word.
    fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.waiting.to_le_bytes());
        let bytes = self.count / 8;
        self.at += bytes as usize;
        self.waiting >>= 8 * bytes;
        self.count %= 8;
    }

    fn put(&mut self, bits: u16, count: u16) {
        self.add((bits, count));
        self.flush();
    }

    /// Fills the byte up.
    fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Writes bytes where a byte begins.
    fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.at..][..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
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
        let mut out = vec![0; bound(content.len())];
        let length = deflate(content, &mut out);
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
}
