//! Durations of `HEALTHCHECK`: `1m30s`, as Go's `time.ParseDuration` reads them.

/// The shortest interval of a health check: 1 ms.
const LEAST: i64 = 1_000_000;

/// A duration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is no sequence of numbers with units.
    #[error("invalid duration \"{0}\"")]
    Invalid(String),
    /// It is shorter than a health check's intervals may be.
    #[error("duration \"{0}\" is less than 1ms")]
    TooShort(String),
}

/// Reads a duration to nanoseconds: numbers, maybe with a fraction, each with a unit (`ns`, `us` or
/// `µs`, `ms`, `s`, `m`, `h`), maybe with a sign before all of it; or just `0`.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let total = if unsigned == "0" {
        Some(0)
    } else {
        sum(unsigned)
    };
    let signed = total.map(|total| if text.starts_with('-') { -total } else { total });
    signed
        .and_then(|signed| i64::try_from(signed).ok())
        .ok_or_else(|| DurationError::Invalid(text.to_owned()))
}

/// Reads an interval of a health check: none, or at least 1 ms.
pub fn parse_interval(text: &str) -> Result<u64, DurationError> {
    let duration = parse(text)?;
    match u64::try_from(duration) {
        Ok(nanoseconds) if duration == 0 || duration >= LEAST => Ok(nanoseconds),
        _ => Err(DurationError::TooShort(text.to_owned())),
    }
}

fn sum(text: &str) -> Option<i128> {
    let mut rest = text;
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = take(&mut rest, |c| c.is_ascii_digit() || c == '.');
        let unit = unit(take(&mut rest, |c| !c.is_ascii_digit() && c != '.'))?;
        // A sum beyond 64 bits is wrong anyway; the check keeps it from running over 128.
        total = total
            .checked_add(amount(number, unit)?)
            .filter(|sum| i64::try_from(*sum).is_ok())?;
    }
    (!text.is_empty()).then_some(total)
}

fn take<'a>(rest: &mut &'a str, wanted: impl Fn(char) -> bool) -> &'a str {
    let (front, behind) = rest.split_at(rest.find(|c| !wanted(c)).unwrap_or(rest.len()));
    *rest = behind;
    front
}

fn unit(text: &str) -> Option<i128> {
    Some(match text {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3600 * 1_000_000_000,
        _ => return None,
    })
}

/// So many of a unit; digits that are less than a nanosecond are dropped.
fn amount(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total = i128::from(whole) * unit;
    let mut scale = unit;
    for digit in fraction.bytes() {
        scale /= 10;
        total += i128::from(digit - b'0') * scale;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanoseconds) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1m30s", Some(90_000_000_000)),
            ("500ms", Some(500_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("1.s", Some(1_000_000_000)),
            ("2µs3ns", Some(2_003)),
            ("-1s", Some(-1_000_000_000)),
            ("+1s", Some(1_000_000_000)),
            ("0.0000000001s", Some(0)),
            ("", None),
            ("soonish", None),
            ("1", None),
            ("s", None),
            (".s", None),
            ("1.2.3s", None),
            ("1s ", None),
            ("--1s", None),
            ("9999999999h", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse(text).ok(), nanoseconds, "{text}");
        }
    }

    #[test]
    fn intervals_are_none_or_a_millisecond() {
        assert_eq!(parse_interval("0s"), Ok(0));
        assert_eq!(parse_interval("1ms"), Ok(1_000_000));
        for short in ["999us", "-1s"] {
            assert_eq!(
                parse_interval(short),
                Err(DurationError::TooShort(short.to_owned()))
            );
        }
    }
}
