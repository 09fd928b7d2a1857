//! Huffman codes as DEFLATE has them: RFC 1951, 3.2.2.

use std::iter::zip;

/// Code lengths, at most `limit` bits, for symbols that occur so often; 0 for what does not occur.
///
/// They are the best there are, or nearly: where one would be too long, frequencies are halved until none is.
pub(super) fn lengths(frequencies: &[u32], limit: u8) -> Vec<u8> {
    let mut leaves: Vec<(u32, usize)> = zip(frequencies.iter().copied(), 0..)
        .filter(|(frequency, _)| *frequency > 0)
        .collect();
    let mut lengths = vec![0; frequencies.len()];
    loop {
        leaves.sort_unstable();
        let depths = depths(&leaves);
        if depths.iter().all(|depth| *depth <= limit) {
            zip(&leaves, depths).for_each(|((_, symbol), depth)| lengths[*symbol] = depth);
            return lengths;
        }
        leaves
            .iter_mut()
            .for_each(|(frequency, _)| *frequency = frequency.div_ceil(2));
    }
}

/// How deep each leaf is in Huffman's tree; the leaves come with the rarest first.
fn depths(leaves: &[(u32, usize)]) -> Vec<u8> {
    // The nodes that are joined come in the order of their frequencies, too: two queues are a heap.
    let inner = leaves.len().saturating_sub(1);
    let mut frequencies: Vec<u32> = leaves.iter().map(|(frequency, _)| *frequency).collect();
    let mut parents = vec![0; leaves.len() + inner];
    let (mut leaf, mut node) = (0, leaves.len());
    for _ in 0..inner {
        let parent = frequencies.len();
        let mut sum = 0;
        for _ in 0..2 {
            let joined = frequencies.get(node).copied();
            let rarest = match joined {
                Some(frequency) if leaf == leaves.len() || frequency < frequencies[leaf] => {
                    &mut node
                }
                _ => &mut leaf,
            };
            sum += frequencies[*rarest];
            parents[*rarest] = parent;
            *rarest += 1;
        }
        frequencies.push(sum);
    }
    let mut depths = vec![0_u8; parents.len()];
    for at in (0..parents.len().saturating_sub(1)).rev() {
        depths[at] = depths[parents[at]] + 1;
    }
    depths.truncate(leaves.len());
    depths
}

/// The codes of these lengths, with the bit first that is written first.
pub(super) fn codes(lengths: &[u8]) -> Vec<u16> {
    let mut codes = vec![0; lengths.len()];
    let mut next = 0_u16;
    for length in 1..=15 {
        for (code, _) in zip(&mut codes, lengths).filter(|(_, own)| **own == length) {
            *code = next.reverse_bits() >> (16 - length);
            next += 1;
        }
        next <<= 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether every sequence of bits is a sequence of codes, and only one.
    fn is_complete(lengths: &[u8]) -> bool {
        let used = lengths.iter().filter(|length| **length > 0);
        used.map(|length| 1_u32 << (15 - length)).sum::<u32>() == 1 << 15
    }

    #[test]
    fn rare_symbols_get_long_codes() {
        assert_eq!(lengths(&[5, 0, 1, 1, 2], 15), [1, 0, 3, 3, 2]);
        assert_eq!(lengths(&[7, 7, 7, 7], 15), [2, 2, 2, 2]);
        assert_eq!(lengths(&[1, 9], 15), [1, 1]);
    }

    #[test]
    fn no_code_is_longer_than_allowed() {
        let mut fibonacci = vec![1, 1];
        for at in 0..28 {
            fibonacci.push(fibonacci[at] + fibonacci[at + 1]);
        }
        for limit in [7, 15] {
            let lengths = lengths(&fibonacci, limit);
            assert!(
                lengths.iter().all(|length| (1..=limit).contains(length)),
                "{lengths:?}"
            );
            assert!(is_complete(&lengths), "{lengths:?}");
        }
    }

    #[test]
    fn codes_of_the_specification() {
        // RFC 1951, 3.2.2: A to H.
        let codes = codes(&[3, 3, 3, 3, 3, 2, 4, 4]);
        let written: [u16; 8] = [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111];
        let lengths = [3, 3, 3, 3, 3, 2, 4, 4];
        let expected: Vec<u16> = zip(written, lengths)
            .map(|(code, length): (u16, u16)| code.reverse_bits() >> (16 - length))
            .collect();
        assert_eq!(codes, expected);
    }
}
