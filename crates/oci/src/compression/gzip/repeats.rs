//! Whether matches are worth a search: in what is compressed already, in keys, in digits of random numbers there are few, and those few
//! are long: the headers of the archive.

use super::member::MEMBER_SIZE;
use super::{huffman, sparse};

/// How far back DEFLATE looks.
const WINDOW: usize = 32 << 10;

/// One word in so many is remembered: the words of a window stay in the processor's first cache then …
const REMEMBERED: usize = 7;

/// … and one in so many is looked for among them.
const LOOKED_FOR: usize = 5;

/// What is repeated is found at one place in so many, whatever the distance, for the two have no divisor in common. And it is no multiple of
/// 8: tables with entries of 24 or 40 bytes would be seen at the same bytes of each entry only.
const FOUND: usize = REMEMBERED * LOOKED_FOR;

/// What is at least so long is a match for certain.
const LONG: usize = 16;

/// What a match costs, in bits, as a rule: its length, its distance, and what follows is predicted worse.
const MATCH_BITS: u64 = 24;

/// A search has to save one byte in so many, for it takes ten times as long.
const WORTHWHILE: usize = 64;

/// How many words are remembered, and so many bits of an entry are for the word's place.
const TABLE: usize = 4 << 10;
const PLACE_BITS: u32 = MEMBER_SIZE.ilog2();

/// Something that was there before, so many bytes further back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) distance: usize,
}

/// The long repeats of content in which little else is repeated; `None` where a search for all would make it shorter by more
/// than about a hundredth. No numbers with fractions here: the answer has to be the same on all machines.
pub(super) fn only_long(content: &[u8]) -> Option<Vec<Repeat>> {
    let mut words = Words::new(shortest_match(content)?);
    let mut repeats = Vec::new();
    let (mut missed, mut done) = (0, 0);
    for start in (0..content.len()).step_by(FOUND) {
        for at in (start..).step_by(REMEMBERED).take(LOOKED_FOR) {
            words.remember(content, at);
        }
        for at in (start..).step_by(LOOKED_FOR).take(REMEMBERED) {
            let Some(before) = words.before(content, at).filter(|_| at >= done) else {
                continue;
            };
            let repeat = longest(content, done, at, at - before);
            if repeat.length < words.length {
                continue;
            }
            // The longer a repeat is, the fewer of its length are not found for each that is, and the more each would save.
            // The product is about the same.
            missed += FOUND;
            if repeat.length >= LONG {
                missed -= FOUND.min(repeat.length - words.length + 1);
                done = repeat.at + repeat.length;
                repeats.push(repeat);
            }
        }
        if missed > content.len() / WORTHWHILE {
            return None;
        }
    }
    Some(repeats)
}

/// Words that were seen, by their hashes.
struct Words {
    /// How many bytes of each count.
    length: usize,
    /// Where a word is, and more of its hash, so that few others are compared.
    table: [u32; TABLE],
}

impl Words {
    fn new(length: usize) -> Self {
        // As if all had been forgotten already.
        let table = [u32::MAX; TABLE];
        Self { length, table }
    }

    /// The place of a word in the table, and what is there of it; `None` at the end.
    fn entry(&self, content: &[u8], at: usize) -> Option<(usize, u32)> {
        let word = u64::from_le_bytes(*content.get(at..)?.first_chunk()?);
        let counts = u64::MAX >> (64 - 8 * self.length);
        let hash = (word & counts).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = hash >> (u64::BITS - TABLE.ilog2());
        let more = (hash >> 16) as u32 >> PLACE_BITS << PLACE_BITS;
        Some((slot as usize, more | at as u32))
    }

    fn remember(&mut self, content: &[u8], at: usize) {
        if let Some((slot, entry)) = self.entry(content, at) {
            self.table[slot] = entry;
        }
    }

    /// Where the word of this place was before; or one of the same hash, rarely.
    fn before(&self, content: &[u8], at: usize) -> Option<usize> {
        let (slot, entry) = self.entry(content, at)?;
        let known = self.table[slot];
        let before = (known & ((1 << PLACE_BITS) - 1)) as usize;
        let distance = at.wrapping_sub(before);
        let same = (known ^ entry) >> PLACE_BITS == 0 && (1..=WINDOW).contains(&distance);
        same.then_some(before)
    }
}

/// As much around `at` as is the same at that distance; not before `done`.
fn longest(content: &[u8], done: usize, at: usize, distance: usize) -> Repeat {
    let (before, now) = (&content[..at - distance], &content[..at]);
    let back = before.iter().rev().zip(now[done..].iter().rev());
    let back = back.take_while(|(a, b)| a == b).count();
    let on = content[at - distance..].iter().zip(&content[at..]);
    let on = on.take_while(|(a, b)| a == b).count();
    Repeat {
        at: at - back,
        length: back + on,
        distance,
    }
}

/// How many bytes have to be the same for a match to be shorter than they are as literals; `None` if that is more than are
/// compared here, so that everything looks repeated.
fn shortest_match(content: &[u8]) -> Option<usize> {
    let counts = sparse::count(content);
    let lengths = huffman::lengths(&counts, 15);
    let bits: u64 = counts
        .iter()
        .zip(lengths)
        .map(|(count, length)| u64::from(*count) * u64::from(length))
        .sum();
    if bits == 0 {
        return None;
    }
    let shortest = (MATCH_BITS * content.len() as u64).div_ceil(bits);
    usize::try_from(shortest)
        .ok()
        .filter(|shortest| *shortest <= size_of::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::gzip::tests::random;

    fn digits(count: usize) -> Vec<u8> {
        let hex = |byte: &u8| b"0123456789abcdef"[usize::from(byte % 16)];
        random(count).iter().map(hex).collect()
    }

    #[test]
    fn chance_is_no_repetition() {
        let bytes = random(1 << 20);
        assert_eq!(only_long(&bytes), Some(vec![]));
        for symbols in [
            b"0123456789".as_slice(),
            b"0123456789abcdef",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
        ] {
            let text: Vec<u8> = bytes
                .iter()
                .map(|byte| symbols[usize::from(*byte) % symbols.len()])
                .collect();
            assert_eq!(only_long(&text), Some(vec![]), "{}", symbols.len());
        }
    }

    #[test]
    fn words_that_come_again_are_worth_a_search() {
        let some = random(1 << 20);
        // One byte in forty.
        let mut words = some.clone();
        words
            .chunks_exact_mut(400)
            .for_each(|piece| piece[..10].copy_from_slice(b"some words"));
        assert_eq!(only_long(&words), None);
        assert_eq!(only_long(&[0; 1000]), None);
        let text = b"what comes once more, comes once more".repeat(30);
        assert!(only_long(&text).is_none_or(|repeats| repeats.len() == 1));
        // Too few symbols for words to be rare.
        let bits: Vec<u8> = some.iter().map(|byte| b'0' + byte % 2).collect();
        assert_eq!(only_long(&bits), None);
        // Tables, whose entries differ in eight bytes.
        for entry in [16, 24, 32, 40, 56] {
            let mut table = some.clone();
            table
                .chunks_exact_mut(entry)
                .for_each(|entry| entry[8..].fill(3));
            let one = only_long(&table).is_none_or(|repeats| repeats.len() > table.len() / 100);
            assert!(one, "{entry}");
        }
    }

    #[test]
    fn headers_are_found_between_files() {
        let mut archive = digits(1 << 20);
        let headers: Vec<usize> = (0..1 << 20).step_by(6 << 10).collect();
        for at in &headers {
            archive[*at..at + 100].fill(0);
            archive[at + 120..at + 512].fill(0);
        }
        let repeats = only_long(&archive).expect("nothing but headers is repeated");
        let covered: usize = repeats.iter().map(|repeat| repeat.length).sum();
        assert!(covered > headers.len() * 460, "{covered}");
        let mut done = 0;
        for Repeat {
            at,
            length,
            distance,
        } in repeats
        {
            assert!(done <= at && length >= LONG && distance <= WINDOW);
            let before = &archive[at - distance..];
            assert_eq!(before[..length], archive[at..at + length]);
            done = at + length;
        }
    }

    #[test]
    fn what_is_farther_back_than_deflate_looks() {
        let far = random(40_000).repeat(26);
        assert_eq!(only_long(&far), Some(vec![]));
    }
}
