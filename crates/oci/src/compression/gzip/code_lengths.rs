//! The code lengths of a block as they are written before it: RFC 1951, 3.2.7.

use super::bits::Bits;
use super::huffman::{codes, lengths};

/// No code of literals, lengths or distances is longer here, though 15 would be allowed: four of them, and the rest of a byte before
/// them, fit into a word.
pub(super) const LONGEST: u8 = 14;

/// None of those that the lengths of the codes are written in.
const LONGEST_OF_LENGTHS: u8 = 7;

/// The fewest codes of literals that are written: all bytes, and the end of the block.
const LEAST_LITERALS: usize = 257;

/// In this order lengths of the codes of lengths are written.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The lengths of a block's codes.
pub(super) struct CodeLengths {
    /// How many codes of literals and lengths there are, and of distances.
    counts: (usize, usize),
    /// Lengths, and repetitions (16, 17, 18) with their extra bits.
    symbols: Vec<(u8, u16, u16)>,
    lengths: Vec<u8>,
}

impl CodeLengths {
    /// Of the codes of literals and lengths, and of distances. Those after the last one that is used are not written.
    pub(super) fn new(literals: &[u8], distances: &[u8]) -> Self {
        let literals = &literals[..used(literals).max(LEAST_LITERALS)];
        let distances = &distances[..used(distances).max(1)];
        let all = [literals, distances].concat();
        let mut symbols = Vec::new();
        for run in all.chunk_by(|a, b| a == b) {
            run_length(run[0], run.len(), &mut symbols);
        }
        let mut frequencies = [0; ORDER.len()];
        symbols
            .iter()
            .for_each(|(symbol, ..)| frequencies[usize::from(*symbol)] += 1);
        Self {
            counts: (literals.len(), distances.len()),
            lengths: lengths(&frequencies, LONGEST_OF_LENGTHS),
            symbols,
        }
    }

    /// How many lengths of codes of lengths are written: those after the last one used are not.
    fn of_lengths(&self) -> usize {
        let last = ORDER.iter().rposition(|symbol| self.lengths[*symbol] > 0);
        last.map_or(4, |last| (last + 1).max(4))
    }

    /// How many bits they take.
    pub(super) fn bits(&self) -> usize {
        let symbols = self.symbols.iter().map(|(symbol, _, extra)| {
            usize::from(self.lengths[usize::from(*symbol)]) + usize::from(*extra)
        });
        3 + 14 + 3 * self.of_lengths() + symbols.sum::<usize>()
    }

    pub(super) fn write(&self, bits: &mut Bits<'_>) {
        let (literals, distances) = self.counts;
        // Lengths less four.
        bits.put((literals - LEAST_LITERALS) as u16, 5);
        bits.put(distances as u16 - 1, 5);
        bits.put(self.of_lengths() as u16 - 4, 4);
        for symbol in &ORDER[..self.of_lengths()] {
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

/// How many codes there are up to the last one that is used.
fn used(lengths: &[u8]) -> usize {
    let last = lengths.iter().rposition(|length| *length > 0);
    last.map_or(0, |last| last + 1)
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
