//! Bytes for people: decimal units and three significant digits, as Docker shows them.

const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// `7.9 MB`: for sentences and reports.
pub(crate) fn spaced(bytes: u64) -> String {
    let (number, unit) = parts(bytes);
    format!("{number} {unit}")
}

/// `7.9MB`: for tables that are cut at blanks by scripts.
pub(crate) fn compact(bytes: u64) -> String {
    let (number, unit) = parts(bytes);
    format!("{number}{unit}")
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn parts(bytes: u64) -> (String, &'static str) {
    let mut value = bytes as f64;
    let mut unit = 0;
    // 999.5 would be rounded to 1000: that is 1 of the next unit.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = match value {
        v if unit == 0 || v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    (text, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::{compact, spaced};

    #[test]
    fn three_digits() {
        let shown: Vec<String> = [
            0,
            7,
            999,
            1000,
            1234,
            7_900_000,
            10_000_000,
            99_949_999,
            99_960_000,
            912_345_678,
            999_499_999,
            999_600_000,
            1_000_000_000,
            u64::MAX,
        ]
        .map(compact)
        .to_vec();
        assert_eq!(
            shown,
            [
                "0B", "7B", "999B", "1kB", "1.23kB", "7.9MB", "10MB", "99.9MB", "100MB", "912MB",
                "999MB", "1GB", "1GB", "18447PB"
            ]
        );
        assert_eq!(spaced(912_000_000), "912 MB");
    }
}
