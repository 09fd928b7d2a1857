//! Times (RFC 3339).

use super::By;

/// Whether a text is a time: `2026-11-30T20:00:00Z`. hadolint lets the year be longer, the fraction be empty, the offset
/// be anything, and blanks follow.
pub(in super::super) fn is_time(text: &str, by: By) -> bool {
    let text = match by {
        By::Specification => text,
        By::Hadolint => text.trim(),
    };
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    is_date(date, by) && is_time_of_day(time, by)
}

fn is_date(text: &str, by: By) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let has_year = year.len() == 4 || by == By::Hadolint && year.len() > 4;
    let Some((year, month, day)) = has_year
        .then(|| {
            Some((
                number(year, year.len())?,
                number(month, 2)?,
                number(day, 2)?,
            ))
        })
        .flatten()
    else {
        return false;
    };
    (1..=12).contains(&month) && (1..=days(year, month)).contains(&day)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_time_of_day(text: &str, by: By) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else {
        return false;
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else {
        return false;
    };
    // A 60th second is one that was put in.
    let is_below = |text: &str, limit| number(text, 2).is_some_and(|number| number < limit);
    is_below(hour, 24) && is_below(minute, 60) && is_below(second, 61) && is_rest(rest, by)
}

/// The fraction of a second, and the offset.
fn is_rest(text: &str, by: By) -> bool {
    let offset = match text.strip_prefix('.') {
        None => text,
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|sign: char| sign.is_ascii_digit());
            if offset.len() == fraction.len() && by == By::Specification {
                return false;
            }
            offset
        }
    };
    let Some(numbers) = offset.strip_prefix(['+', '-']) else {
        return matches!(offset, "Z" | "z");
    };
    let (hour, minute) = match (numbers.split_once(':'), by) {
        (Some(parts), _) => parts,
        (None, By::Hadolint) => numbers.split_at_checked(2).unwrap_or_default(),
        (None, By::Specification) => return false,
    };
    let is_below = |text: &str, limit| {
        number(text, 2).is_some_and(|number| number < limit || by == By::Hadolint)
    };
    is_below(hour, 24) && is_below(minute, 60)
}

/// A number of so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{By, is_time};

    #[test]
    fn times() {
        for text in [
            "2020-01-01T00:00:00Z",
            "2020-01-01t00:00:00z",
            "2020-02-29T23:59:60.123456789012+01:00",
            "2020-01-01T00:00:00-00:00",
        ] {
            assert!(is_time(text, By::Specification), "{text}");
            assert!(is_time(text, By::Hadolint), "{text}");
        }
        for text in [
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00+0100",
            "2020-01-01T00:00:00+24:00",
            "12020-01-01T00:00:00Z",
            "2020-01-01T00:00:00Z ",
        ] {
            assert!(!is_time(text, By::Specification), "{text}");
            assert!(is_time(text, By::Hadolint), "{text}");
        }
        for text in [
            "2020-01-01 00:00:00Z",
            "2020-01-01T00:00:00",
            "2019-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2020-04-31T00:00:00Z",
            "2020-00-01T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T23:59:61Z",
            "2020-01-01T00:00Z",
            "2020-01-01T00:00:00,5Z",
            "2020-01-01",
            "2020-01-01Té0:00:00Z",
            "",
        ] {
            assert!(!is_time(text, By::Specification), "{text}");
            assert!(!is_time(text, By::Hadolint), "{text}");
        }
    }
}
