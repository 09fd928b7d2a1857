//! One operation on long numbers, for RSA keys that leave out what can be computed.

/// The remainder of `number` divided by `divisor`: both big-endian, neither empty, the divisor not zero.
///
/// Bit by bit, as on paper: it is done twice for a key, and takes no library.
pub(super) fn remainder(number: &[u8], divisor: &[u8]) -> Vec<u8> {
    // One byte more, for what is shifted out before it is subtracted.
    let mut rest = vec![0; divisor.len() + 1];
    let divisor: Vec<u8> = std::iter::once(0).chain(divisor.iter().copied()).collect();
    for byte in number {
        for bit in (0..8).rev() {
            shift_in(&mut rest, byte >> bit & 1);
            if rest >= divisor {
                subtract(&mut rest, &divisor);
            }
        }
    }
    rest
}

fn shift_in(number: &mut [u8], bit: u8) {
    let mut carry = bit;
    for byte in number.iter_mut().rev() {
        let next = *byte >> 7;
        *byte = *byte << 1 | carry;
        carry = next;
    }
}

fn subtract(from: &mut [u8], number: &[u8]) {
    let mut borrow = false;
    for (from, number) in from.iter_mut().zip(number).rev() {
        let (without, first) = from.overflowing_sub(*number);
        let (without, second) = without.overflowing_sub(u8::from(borrow));
        *from = without;
        borrow = first || second;
    }
}

#[cfg(test)]
mod tests {
    use super::remainder;

    #[test]
    fn as_the_processor_has_it() {
        let numbers: [u128; 5] = [0, 1, 255, 0x1234_5678_9abc_def0_1234_5678, u128::MAX];
        for number in numbers {
            for divisor in [1_u64, 2, 255, 256, 0xffff_fffb, u64::MAX] {
                let rest = remainder(&number.to_be_bytes(), &divisor.to_be_bytes());
                let rest = rest
                    .iter()
                    .fold(0_u128, |n, byte| n << 8 | u128::from(*byte));
                assert_eq!(rest, number % u128::from(divisor), "{number} % {divisor}");
            }
        }
    }
}
