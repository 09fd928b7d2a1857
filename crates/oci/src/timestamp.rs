//! Moments as the image specification writes them: RFC 3339, section 5.6.
//!
//! Years are those from 0001 to 9999, the days are those of the Gregorian calendar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;
/// From 0000-03-01, where the cycle of 400 years begins, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;
/// The Gregorian calendar comes round every 400 years.
const DAYS_OF_CYCLE: i64 = 146_097;

/// A moment in UTC: `2026-11-21T04:03:00.5Z`. A fraction loses the zeros at its end, and all of itself if it is
/// zero, as Go prints it.
pub fn format(time: SystemTime) -> String {
    let (_, nanos) = since_1970(time);
    let mut text = format_seconds(time);
    if nanos != 0 {
        text.pop();
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
        text.push('Z');
    }
    text
}

/// The same without a fraction, which is cut.
pub fn format_seconds(time: SystemTime) -> String {
    let (seconds, _) = since_1970(time);
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads a moment, whatever its zone; `None` if it is none. What is finer than nanoseconds is cut.
pub fn parse(text: &str) -> Option<SystemTime> {
    // `YYYY-MM-DDThh:mm:ss` always has this length.
    let (head, rest) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let head_bytes = head.as_bytes();
    if separators.iter().any(|(at, byte)| head_bytes[*at] != *byte)
        || !matches!(head_bytes[10], b'T' | b't' | b' ')
    {
        return None;
    }
    let (year, month, day) = (
        number(head.get(..4)?, 1..=9999)?,
        number(head.get(5..7)?, 1..=12)?,
        number(head.get(8..10)?, 1..=31)?,
    );
    let (hour, minute, second) = (
        number(head.get(11..13)?, 0..=23)?,
        number(head.get(14..16)?, 0..=59)?,
        // A leap second is the first one of the next minute.
        number(head.get(17..19)?, 0..=60)?,
    );
    let days = days(year, month, day);
    if date(days) != (year, month, day) {
        return None;
    }
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);
    let seconds = days * DAY + hour * 3600 + minute * 60 + second - offset(zone)?;
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let start = if seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)?
    } else {
        UNIX_EPOCH.checked_add(whole)?
    };
    start.checked_add(Duration::from_nanos(nanoseconds(fraction)?))
}

/// Whole seconds, rounded down, and nanoseconds after them.
fn since_1970(time: SystemTime) -> (i64, u32) {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (seconds(after), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            match before.subsec_nanos() {
                0 => (-seconds(before), 0),
                nanos => (-seconds(before) - 1, 1_000_000_000 - nanos),
            }
        }
    }
}

/// Digits and nothing else, which make a number in the range.
fn number(digits: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| all)?;
    range.contains(&number).then_some(number)
}

/// Of `.5`, or of nothing.
fn nanoseconds(fraction: &str) -> Option<u64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = fraction.strip_prefix('.')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// Seconds east of Greenwich of `Z` or `+01:00`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    if (hours.len(), minutes.len()) != (2, 2) {
        return None;
    }
    let seconds = number(hours, 0..=23)? * 3600 + number(minutes, 0..=59)? * 60;
    Some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// Days since 1970 of a year, month and day. Years begin in March here, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = of_cycle / 4 - of_cycle / 100;
    cycle * DAYS_OF_CYCLE + of_cycle * 365 + leap_days + of_year - DAYS_BEFORE_1970
}

/// Year, month and day of a number of days since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_BEFORE_1970;
    let (cycle, of_cycle) = (
        days.div_euclid(DAYS_OF_CYCLE),
        days.rem_euclid(DAYS_OF_CYCLE),
    );
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year + cycle * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-11-21T04:03:00.123456789Z",
            "2024-02-29T23:59:59.5Z",
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.25Z",
            "1900-02-28T12:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        let cut = parse("1969-12-31T23:59:59.25Z").unwrap();
        assert_eq!(format_seconds(cut), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn seconds_are_those_of_unix() {
        let at = |seconds| format(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(at(4_102_444_799), "2099-12-31T23:59:59Z");
    }

    #[test]
    fn other_spellings_of_a_moment() {
        for text in [
            "1970-01-01T01:00:00+01:00",
            "1969-12-31 23:30:00-00:30",
            "1970-01-01t00:00:00.000z",
            "1969-12-31T23:59:60Z",
        ] {
            assert_eq!(parse(text), Some(UNIX_EPOCH), "{text}");
        }
        let finer = parse("1970-01-01T00:00:00.0000000019Z");
        assert_eq!(finer, Some(UNIX_EPOCH + Duration::from_nanos(1)));
    }

    #[test]
    fn what_is_no_moment() {
        for text in [
            "",
            "x",
            "2024-01-01",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T1:2Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.+5Z",
            "2024-01-01T00:00:00x5Z",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00Zulu",
            "+024-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "é-T",
            "2024-01-01T00:00:0é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
