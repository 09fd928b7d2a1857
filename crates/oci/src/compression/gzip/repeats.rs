//! Whether matches are worth looking for: in what is compressed already, in keys, in digits of random numbers they are not.

use super::member::MEMBER_SIZE;
use super::{huffman, literals};

/// How far back DEFLATE looks.
const WINDOW: usize = 32 << 10;

/// So many words of the window are remembered, by their hashes. The table has to stay in the processor's first cache.
const REMEMBERED: usize = 4 << 10;

/// What is remembered of a word: where it is, in so many bits, and more of its hash, so that few others are compared.
const PLACE_BITS: u32 = MEMBER_SIZE.ilog2();

/// What a match costs, in bits, as a rule: its length, its distance, and what follows is predicted worse.
const MATCH_BITS: u64 = 24;

/// One place in so many has to be the beginning of a match …
const WORTHWHILE: usize = 64;

/// … or of one that is seen, for most words are not remembered.
const SEEN: usize = WORTHWHILE * (WINDOW / REMEMBERED);

/// Whether matches would make the content shorter by more than about a hundredth of it. No numbers with fractions here: the
/// answer has to be the same on all machines.
pub(super) fn has_repeats(content: &[u8]) -> bool {
    let Some(shortest) = shortest_match(content) else {
        return true;
    };
    let mask = u64::MAX >> (64 - 8 * shortest);
    // As if all had been forgotten already.
    let mut table = [u32::MAX; REMEMBERED];
    let mut found = 0;
    for (at, word) in words(content).enumerate() {
        let hash = (word & mask).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let entry = &mut table[(hash >> (u64::BITS - REMEMBERED.ilog2())) as usize];
        let now = (hash >> 16) as u32 >> PLACE_BITS << PLACE_BITS | at as u32;
        let (known, before) = (*entry, place(*entry));
        let distance = at.wrapping_sub(before);
        // The first word stays until it is out of the window: later ones would leave only what is near.
        *entry = if distance <= WINDOW { known } else { now };
        if (known ^ now) >> PLACE_BITS == 0
            && (1..=WINDOW).contains(&distance)
            && content[before..].starts_with(&content[at..at + shortest])
        {
            found += 1;
            if found > content.len() / SEEN {
                return true;
            }
        }
    }
    false
}

fn place(entry: u32) -> usize {
    (entry & ((1 << PLACE_BITS) - 1)) as usize
}

/// The word at each place.
fn words(content: &[u8]) -> impl Iterator<Item = u64> {
    let words = content.windows(size_of::<u64>());
    words.map(|bytes| u64::from_le_bytes(bytes.try_into().expect("it is as long")))
}

/// How many bytes have to be the same for a match to be shorter than they are as literals; `None` if that is more than are
/// compared here, so that everything looks repeated.
fn shortest_match(content: &[u8]) -> Option<usize> {
    let counts = literals::count(content);
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

    #[test]
    fn chance_is_no_repetition() {
        let bytes = random(1 << 20);
        assert!(!has_repeats(&bytes));
        for symbols in [
            b"0123456789".as_slice(),
            b"0123456789abcdef",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
        ] {
            let text: Vec<u8> = bytes
                .iter()
                .map(|byte| symbols[usize::from(*byte) % symbols.len()])
                .collect();
            assert!(!has_repeats(&text), "{}", symbols.len());
        }
    }

    #[test]
    fn a_few_words_are_some() {
        let bytes = random(1 << 20);
        for words in [&bytes[..200], &bytes[..30_000]] {
            let text: Vec<u8> = words.iter().copied().cycle().take(1 << 20).collect();
            assert!(has_repeats(&text), "{}", words.len());
        }
        // Where most is random: one byte in forty.
        let mut some = bytes;
        some.chunks_exact_mut(400)
            .for_each(|piece| piece[..10].fill(7));
        assert!(has_repeats(&some));
        assert!(has_repeats(&[0; 1000]));
        assert!(has_repeats(
            &b"what comes once more, comes once more".repeat(3)
        ));
        // Too few symbols for words to be rare.
        let bits: Vec<u8> = some.iter().map(|byte| b'0' + byte % 2).collect();
        assert!(has_repeats(&bits));
    }

    #[test]
    fn what_is_farther_back_than_deflate_looks() {
        let far: Vec<u8> = random(40_000)
            .iter()
            .copied()
            .cycle()
            .take(1 << 20)
            .collect();
        assert!(!has_repeats(&far));
    }
}
