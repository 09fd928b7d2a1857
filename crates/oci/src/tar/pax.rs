//! POSIX.1-2008, pax(1), "pax Extended Header".

use std::collections::BTreeMap;

use super::Time;

pub(super) const PATH: &str = "path";
pub(super) const LINK_PATH: &str = "linkpath";
pub(super) const SIZE: &str = "size";
pub(super) const UID: &str = "uid";
pub(super) const GID: &str = "gid";
pub(super) const MTIME: &str = "mtime";
pub(super) const XATTR: &[u8] = b"SCHILY.xattr.";

const SPARSE_OFFSET: &[u8] = b"GNU.sparse.offset";
const SPARSE_NUM_BYTES: &[u8] = b"GNU.sparse.numbytes";
pub(super) const SPARSE_MAP: &str = "GNU.sparse.map";

/// The records of one extended header; of several with the same keyword the last counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    map: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Records {
    /// Reads the content of an extended header.
    pub(super) fn parse(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let mut records = Self::default();
        let mut sparse_map: Vec<&[u8]> = Vec::new();
        while !bytes.is_empty() {
            let (key, value) = take_record(&mut bytes)?;
            if key != SPARSE_OFFSET && key != SPARSE_NUM_BYTES {
                records.map.insert(key.to_vec(), value.to_vec());
                continue;
            }
            // GNU sparse 0.0 repeats two keywords, which POSIX forbids; 0.1 has them in one list.
            let expected = if sparse_map.len().is_multiple_of(2) {
                SPARSE_OFFSET
            } else {
                SPARSE_NUM_BYTES
            };
            if key != expected || value.contains(&b',') {
                return Err("the sparse map's records are out of order");
            }
            sparse_map.push(value);
        }
        if !sparse_map.is_empty() {
            records
                .map
                .insert(SPARSE_MAP.into(), sparse_map.join(&b','));
        }
        Ok(records)
    }

    /// The value of `key`. An empty value takes back what an earlier header said: there is none.
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        self.map
            .get(key.as_bytes())
            .map(Vec::as_slice)
            .filter(|value| !value.is_empty())
    }

    /// The value of `key` as a number.
    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, &'static str> {
        self.get(key).map(parse_decimal).transpose()
    }

    /// The value of `key` as a time.
    pub(super) fn time(&self, key: &str) -> Result<Option<Time>, &'static str> {
        self.get(key).map(parse_time).transpose()
    }

    /// The extended attributes.
    pub(super) fn xattrs(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let named = self
            .map
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(XATTR)?, value)));
        named
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .map(|(name, value)| (name.to_vec(), value.clone()))
            .collect()
    }

    pub(super) fn set(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.map.insert(key.into(), value.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The content of an extended header, sorted by keyword.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in &self.map {
            let len = record_len(key.len() + value.len() + 3);
            bytes.extend_from_slice(format!("{len} ").as_bytes());
            bytes.extend_from_slice(key);
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes
    }
}

/// A record's length counts its own digits: the least number that agrees with itself.
fn record_len(without_digits: usize) -> usize {
    let digits = |number: usize| number.to_string().len();
    let len = without_digits + digits(without_digits);
    without_digits + digits(len)
}

/// Takes `LENGTH KEY=VALUE\n` off the front.
fn take_record<'a>(bytes: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), &'static str> {
    const BAD: &str = "an extended header's record is malformed";
    let space = bytes.iter().position(|byte| *byte == b' ').ok_or(BAD)?;
    let len = usize::try_from(parse_decimal(&bytes[..space])?).map_err(|_| BAD)?;
    if len < 5 || len > bytes.len() || len < space + 2 {
        return Err("an extended header's record has a wrong length");
    }
    let (record, rest) = bytes.split_at(len);
    *bytes = rest;
    let record = record[space + 1..].strip_suffix(b"\n").ok_or(BAD)?;
    let equals = record.iter().position(|byte| *byte == b'=').ok_or(BAD)?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    let nul = match key {
        b"path" | b"linkpath" | b"uname" | b"gname" => value.contains(&0),
        _ => key.contains(&0),
    };
    if key.is_empty() || nul {
        Err(BAD)
    } else {
        Ok((key, value))
    }
}

/// Decimal digits without a sign, as a number that Go's `int64` can hold.
pub(super) fn parse_decimal(digits: &[u8]) -> Result<u64, &'static str> {
    const BAD: &str = "a decimal number is malformed or too big";
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let number: i64 = std::str::from_utf8(digits)
        .map_err(|_| BAD)?
        .parse()
        .map_err(|_| BAD)?;
    u64::try_from(number).map_err(|_| BAD)
}

/// Seconds with any number of decimals, of which nine are kept.
fn parse_time(text: &[u8]) -> Result<Time, &'static str> {
    const BAD: &str = "a time is malformed";
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = parse_decimal(parts.next().unwrap_or_default()).map_err(|_| BAD)?;
    let decimals = parts.next().unwrap_or_default();
    if !decimals.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let padded = decimals
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(9);
    let nanos = padded.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let seconds = i64::try_from(whole).map_err(|_| BAD)?;
    Ok(match (negative, nanos) {
        (false, nanos) => Time { seconds, nanos },
        (true, 0) => Time {
            seconds: -seconds,
            nanos: 0,
        },
        (true, nanos) => Time {
            seconds: -seconds - 1,
            nanos: 1_000_000_000 - nanos,
        },
    })
}

/// The shortest text for a time.
pub(super) fn format_time(time: Time) -> String {
    if time.nanos == 0 {
        return time.seconds.to_string();
    }
    let (sign, whole, nanos) = if time.seconds < 0 {
        (
            "-",
            (time.seconds + 1).unsigned_abs(),
            1_000_000_000 - time.nanos,
        )
    } else {
        ("", time.seconds.unsigned_abs(), time.nanos)
    };
    let text = format!("{sign}{whole}.{nanos:09}");
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_round_trip() {
        let mut records = Records::default();
        for len in [
            0, 1, 2, 3, 4, 5, 6, 90, 91, 92, 93, 94, 95, 990, 991, 992, 993, 994,
        ] {
            records.set(format!("key{len}"), vec![b'=' + 1; len]);
        }
        records.set("SCHILY.xattr.user.a", b"\0\n=".to_vec());
        let parsed = Records::parse(&records.to_bytes()).unwrap();
        assert_eq!(parsed, records);
        assert_eq!(parsed.xattrs()[b"user.a".as_slice()], b"\0\n=");
        let mut record = Records::default();
        record.set("k", "v");
        assert_eq!(record.to_bytes(), b"6 k=v\n");
    }

    #[test]
    fn malformed_records() {
        for bad in [
            b"6 k=v".as_slice(),
            b"6 k=vx",
            b"7 k=v\n",
            b"5 k=v\n",
            b"+6 k=v\n",
            b"-6 k=v\n",
            b"6  =v\n\n",
            b"5 =v\n",
            b"5 kv\n",
            b"99999999999999999999 k=v\n",
            b" k=v\n",
            b"k=v\n",
            b"11 path=a\0\n",
            b"8 k\0k=v\n",
            b"2 k",
            b"\0",
            b"24 GNU.sparse.numbytes=1\n",
        ] {
            assert!(Records::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn times() {
        for (text, seconds, nanos, written) in [
            ("0", 0, 0, "0"),
            (
                "1350244992.023960108",
                1_350_244_992,
                23_960_108,
                "1350244992.023960108",
            ),
            ("1.5", 1, 500_000_000, "1.5"),
            ("1.", 1, 0, "1"),
            ("1.0000000009", 1, 0, "1"),
            ("-1", -1, 0, "-1"),
            ("-1.5", -2, 500_000_000, "-1.5"),
            ("-0.3", -1, 700_000_000, "-0.3"),
            ("9223372036854775807", i64::MAX, 0, "9223372036854775807"),
        ] {
            let time = parse_time(text.as_bytes()).unwrap();
            assert_eq!(time, Time { seconds, nanos }, "{text}");
            assert_eq!(format_time(time), written);
        }
        for bad in [
            "",
            "-",
            ".5",
            "1.x",
            "1.-5",
            "+1",
            " 1",
            "1 ",
            "9223372036854775808",
            "1e9",
        ] {
            assert!(parse_time(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn sparse_0_0_becomes_0_1() {
        let records = [
            ("offset", "1"),
            ("numbytes", "2"),
            ("offset", "3"),
            ("numbytes", "4"),
        ];
        let bytes: Vec<u8> = records
            .iter()
            .flat_map(|(key, value)| {
                let record = format!(" GNU.sparse.{key}={value}\n");
                format!("{}{record}", record_len(record.len())).into_bytes()
            })
            .collect();
        let records = Records::parse(&bytes).unwrap();
        assert_eq!(records.get(SPARSE_MAP), Some(b"1,2,3,4".as_slice()));
        assert!(
            Records::parse(&bytes[25..]).is_err(),
            "numbytes comes first"
        );
    }
}
