use std::ops::Range;

/// The length of every header, and of what content is padded to.
pub(super) const SIZE: usize = 512;

pub(super) const NAME: Range<usize> = 0..100;
pub(super) const MODE: Range<usize> = 100..108;
pub(super) const UID: Range<usize> = 108..116;
pub(super) const GID: Range<usize> = 116..124;
pub(super) const LENGTH: Range<usize> = 124..136;
pub(super) const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE_FLAG: usize = 156;
pub(super) const LINK_NAME: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..263;
const VERSION: Range<usize> = 263..265;
pub(super) const DEV_MAJOR: Range<usize> = 329..337;
pub(super) const DEV_MINOR: Range<usize> = 337..345;
pub(super) const PREFIX: Range<usize> = 345..500;
pub(super) const STAR_PREFIX: Range<usize> = 345..476;
pub(super) const STAR_ATIME: Range<usize> = 476..488;
pub(super) const STAR_CTIME: Range<usize> = 488..500;
const STAR_TRAILER: Range<usize> = 508..512;
pub(super) const GNU_ATIME: Range<usize> = 345..357;
pub(super) const GNU_CTIME: Range<usize> = 357..369;
/// Four pairs of offset and length, and a flag whether more follow in a block of their own.
pub(super) const GNU_SPARSE: Range<usize> = 386..483;
pub(super) const GNU_REAL_SIZE: Range<usize> = 483..495;
/// Twenty-one pairs of offset and length, and a flag whether yet more follow.
pub(super) const GNU_SPARSE_MORE: Range<usize> = 0..505;

/// Which of its descendants a header of V7 Unix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The common part only.
    V7,
    /// POSIX, with or without PAX records.
    Ustar,
    /// Schily's star, with a shorter prefix and two more times.
    Star,
    /// GNU tar's, with two more times and sparse maps where POSIX has the prefix.
    Gnu,
}

/// One header.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) bytes: [u8; SIZE],
}

impl Block {
    /// All zero, as at the end of an archive.
    pub(super) fn zero() -> Self {
        Self { bytes: [0; SIZE] }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    pub(super) fn type_flag(&self) -> u8 {
        self.bytes[TYPE_FLAG]
    }

    /// A text field: what is before the first NUL.
    pub(super) fn text(&self, field: Range<usize>) -> &[u8] {
        until_nul(&self.bytes[field])
    }

    pub(super) fn number(&self, field: Range<usize>) -> Result<i64, &'static str> {
        parse_number(&self.bytes[field])
    }

    /// The format by its magic; `None` if the checksum is wrong. As unsigned bytes were once summed as
    /// signed ones, either sum will do.
    pub(super) fn format(&self) -> Option<Format> {
        let stated = parse_octal(&self.bytes[CHECKSUM]).ok()?;
        let (unsigned, signed) = self.checksums();
        if stated != unsigned && stated != signed {
            return None;
        }
        Some(match (&self.bytes[MAGIC], &self.bytes[VERSION]) {
            (b"ustar\0", _) if self.bytes[STAR_TRAILER] == *b"tar\0" => Format::Star,
            (b"ustar\0", _) => Format::Ustar,
            (b"ustar ", b" \0") => Format::Gnu,
            _ => Format::V7,
        })
    }

    /// The sums of all bytes, where those of the checksum count as spaces.
    fn checksums(&self) -> (i64, i64) {
        let sums = |bytes: &[u8]| {
            let unsigned: i64 = bytes.iter().map(|byte| i64::from(*byte)).sum();
            let negative = bytes.iter().filter(|byte| **byte >= 0x80).count() as i64;
            (unsigned, unsigned - 256 * negative)
        };
        let (all, own) = (sums(&self.bytes), sums(&self.bytes[CHECKSUM]));
        let spaces = i64::from(b' ') * CHECKSUM.len() as i64;
        (all.0 - own.0 + spaces, all.1 - own.1 + spaces)
    }

    /// Puts text into a field, cut off if it is too long.
    pub(super) fn set_text(&mut self, field: Range<usize>, text: &[u8]) {
        let target = &mut self.bytes[field];
        let len = text.len().min(target.len());
        target[..len].copy_from_slice(&text[..len]);
        target[len..].fill(0);
    }

    /// Puts a number into a field; one that does not fit is for a PAX record to say, and 0 here.
    pub(super) fn set_number(&mut self, field: Range<usize>, number: i64) {
        let number = if fits_octal(&field, number) {
            number
        } else {
            0
        };
        let (end, digits) = self.bytes[field]
            .split_last_mut()
            .expect("no field is empty");
        write_octal(digits, number);
        *end = 0;
    }

    /// Makes the block a POSIX header of the type `type_flag`; the last thing to be done to it.
    pub(super) fn seal(&mut self, type_flag: u8) {
        self.bytes[TYPE_FLAG] = type_flag;
        self.bytes[MAGIC].copy_from_slice(b"ustar\0");
        self.bytes[VERSION].copy_from_slice(b"00");
        let (sum, _) = self.checksums();
        let checksum = &mut self.bytes[CHECKSUM];
        write_octal(&mut checksum[..6], sum);
        checksum[6..].copy_from_slice(b"\0 ");
    }
}

/// Fills a field with the lowest digits of a number that is not negative. A header has nine of them, and a layer many headers:
/// formatting texts took a tenth of the time of a layer of small files.
fn write_octal(field: &mut [u8], mut number: i64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (number & 7) as u8;
        number >>= 3;
    }
}

/// Can a field hold a number as octal digits and a NUL?
pub(super) fn fits_octal(field: &Range<usize>, number: i64) -> bool {
    (0..1 << (3 * (field.len() - 1))).contains(&number)
}

pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits; or, if the first bit is set, two's complement, which GNU tar made up for big numbers.
pub(super) fn parse_number(field: &[u8]) -> Result<i64, &'static str> {
    let Some((first, rest)) = field.split_first().filter(|(first, _)| *first & 0x80 != 0) else {
        return parse_octal(field);
    };
    // The second bit is the sign: it stands for all the bits to its left.
    let negative = first & 0x40 != 0;
    let start = if negative {
        i64::from(first | 0x80) - 0x100
    } else {
        i64::from(first & 0x7f)
    };
    rest.iter().try_fold(start, |number, byte| {
        let shifted = number
            .checked_mul(256)
            .ok_or("a binary number is too big")?;
        Ok(shifted | i64::from(*byte))
    })
}

fn parse_octal(field: &[u8]) -> Result<i64, &'static str> {
    let is_pad = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !is_pad(byte)) else {
        return Ok(0);
    };
    let end = field
        .iter()
        .rposition(|byte| !is_pad(byte))
        .map_or(start, |last| last + 1);
    until_nul(&field[start..end])
        .iter()
        .try_fold(0_i64, |number, byte| match byte {
            b'0'..=b'7' if number < 1 << 60 => Ok(number * 8 + i64::from(byte - b'0')),
            b'0'..=b'7' => Err("an octal number is too big"),
            _ => Err("a number has a character that is no octal digit"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (field, number) in [
            (b"0000644\0".as_slice(), Ok(0o644)),
            (b"   644 \0", Ok(0o644)),
            (b"644\0junk", Ok(0o644)),
            (b"\0\0\0\0", Ok(0)),
            (b"        ", Ok(0)),
            (b"77777777777 ", Ok(0o77_777_777_777)),
            (b"0000648\0", Err(())),
            (b"-1\0", Err(())),
            (b"+1\0", Err(())),
            (b"\x80\0\0\0\0\0\0\x01", Ok(1)),
            (b"\x80\0\0\0\0\x01\0\0\0\0\0\0", Ok(1 << 48)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Ok(-1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", Ok(-2)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Ok(i64::MAX)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", Err(())),
            (b"\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", Ok(i64::MIN)),
            (b"\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", Err(())),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Err(())),
        ] {
            assert_eq!(parse_number(field).map_err(drop), number, "{field:?}");
        }
    }

    #[test]
    fn sealed_blocks_are_known_again() {
        let mut block = Block::zero();
        block.set_text(NAME, b"name");
        block.set_number(LENGTH, 8 << 30);
        block.set_number(MTIME, (8 << 30) - 1);
        block.seal(b'0');
        assert_eq!(block.format(), Some(Format::Ustar));
        assert_eq!(block.text(NAME), b"name");
        assert_eq!(block.number(LENGTH), Ok(0), "it does not fit");
        assert_eq!(block.number(MTIME), Ok((8 << 30) - 1));
        block.bytes[0] = b'N';
        assert_eq!(block.format(), None);
    }
}
