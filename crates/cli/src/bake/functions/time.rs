//! Functions of times, which are texts as RFC 3339 has them.

use super::super::problem::{Problem, Result};
use super::Call;
use oci::timestamp;
use serde_json::Value;
use std::time::{Duration, SystemTime};

pub(super) const NAMES: &[&str] = &["formatdate", "timeadd", "timestamp"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The first day of 1970 was the first of these.
const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

pub(super) fn call(call: &Call<'_>) -> Option<Result<Value>> {
    Some(match call.name {
        "formatdate" => call
            .texts::<2>()
            .and_then(|[format, time]| Ok(Value::from(date(&format, parse(&time)?)?))),
        "timeadd" => call.texts::<2>().and_then(|[time, add]| {
            let (back, by) = duration(&add)?;
            let time = parse(&time)?;
            let sum = if back {
                time.checked_sub(by)
            } else {
                time.checked_add(by)
            };
            let sum = sum.ok_or_else(|| Problem::new("the time is too far away"))?;
            Ok(Value::from(timestamp::format_seconds(sum)))
        }),
        "timestamp" => call
            .take::<0>()
            .map(|_| Value::from(timestamp::format_seconds(SystemTime::now()))),
        _ => return None,
    })
}

fn parse(text: &str) -> Result<SystemTime> {
    timestamp::parse(text)
        .ok_or_else(|| Problem::new(format!("`{text}` is no time as RFC 3339 has it")))
}

/// `1h30m`, and whether it goes back.
fn duration(text: &str) -> Result<(bool, Duration)> {
    let wrong = || Problem::new(format!("`{text}` is no duration such as 1h30m"));
    let (back, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(wrong)?;
        let (number, unit) = rest.split_at(end);
        let next = unit
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(unit.len());
        let number: f64 = number.parse().map_err(|_| wrong())?;
        seconds += number
            * match &unit[..next] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(wrong()),
            };
        rest = &unit[next..];
    }
    let by = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    Ok((back, by))
}

/// <https://developer.hashicorp.com/terraform/language/functions/formatdate>, in UTC.
fn date(format: &str, time: SystemTime) -> Result<String> {
    let stamp = timestamp::format_seconds(time);
    let number = |range: std::ops::Range<usize>| -> usize {
        stamp
            .get(range)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (hour, minute, second) = (number(11..13), number(14..16), number(17..19));
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let weekday = DAYS[usize::try_from(since.as_secs() / 86400 % 7).unwrap_or(0)];
    let month_name = MONTHS[month.clamp(1, 12) - 1];
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let end = rest[1..]
                .find('\'')
                .ok_or_else(|| Problem::new("a quote does not end"))?;
            out.push_str(&rest[1..=end]);
            rest = &rest[end + 2..];
            continue;
        }
        let length = rest.len() - rest.trim_start_matches(c).len();
        let token = &rest[..length];
        match token {
            "YYYY" => out.push_str(&format!("{year:04}")),
            "YY" => out.push_str(&format!("{:02}", year % 100)),
            "MMMM" => out.push_str(month_name),
            "MMM" => out.push_str(&month_name[..3]),
            "MM" => out.push_str(&format!("{month:02}")),
            "M" => out.push_str(&month.to_string()),
            "DD" => out.push_str(&format!("{day:02}")),
            "D" => out.push_str(&day.to_string()),
            "EEEE" => out.push_str(weekday),
            "EEE" => out.push_str(&weekday[..3]),
            "hh" => out.push_str(&format!("{hour:02}")),
            "h" => out.push_str(&hour.to_string()),
            "HH" => out.push_str(&format!("{twelve:02}")),
            "H" => out.push_str(&twelve.to_string()),
            "mm" => out.push_str(&format!("{minute:02}")),
            "m" => out.push_str(&minute.to_string()),
            "ss" => out.push_str(&format!("{second:02}")),
            "s" => out.push_str(&second.to_string()),
            "AA" => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            "aa" => out.push_str(if hour < 12 { "am" } else { "pm" }),
            "ZZZZZ" => out.push_str("+00:00"),
            "ZZZZ" => out.push_str("+0000"),
            "ZZZ" => out.push_str("UTC"),
            "Z" => out.push('Z'),
            other if c.is_ascii_alphabetic() => {
                return Err(Problem::new(format!(
                    "a date has no `{other}`: quote what is text"
                )));
            }
            other => out.push_str(other),
        }
        rest = &rest[length..];
    }
    Ok(out)
}
