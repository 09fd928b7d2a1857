//! Moments and durations for people.

use dockerfile::duration;
use oci::timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long ago a moment was; no time at all if it is still to come.
pub(crate) fn since(then: SystemTime) -> Duration {
    SystemTime::now().duration_since(then).unwrap_or_default()
}

/// `3 minutes`, in Docker's words.
pub(crate) fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds / 60;
    // Hours are rounded, all others are cut; that is how Docker does it.
    let hours = (seconds + 1800) / 3600;
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds == 1 => "1 second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 14 => format!("{} days", hours / 24),
        () if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 730 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", hours / 24 / 365),
    }
}

/// How long ago a moment was: `3 minutes ago`, `N/A` for one that is not known.
pub(crate) fn ago(then: Option<SystemTime>) -> String {
    match then {
        Some(then) if then > UNIX_EPOCH => format!("{} ago", rough(since(then))),
        // Docker's word for an image without a date.
        _ => "N/A".to_owned(),
    }
}

/// `2026-11-21 10:29:32 +0000 UTC`, as Docker has it in tables; nothing for a moment that is not known.
pub(crate) fn full(then: Option<SystemTime>) -> String {
    let text = then.map(timestamp::format_seconds);
    let text = text.map(|text| text.replace('T', " ").replace('Z', " +0000 UTC"));
    text.unwrap_or_default()
}

/// A moment as filters take it: so long ago (`24h`), a day, a time of a day, in UTC where no zone is named, or seconds
/// since 1970. `None` if it is none of these.
pub(crate) fn moment(text: &str, now: SystemTime) -> Option<SystemTime> {
    if let Some(seconds) = text.parse::<f64>().ok().filter(|s| (0.0..1e11).contains(s)) {
        return Some(UNIX_EPOCH + Duration::from_secs_f64(seconds));
    }
    if let Ok(ago) = duration::parse(text) {
        return now.checked_sub(Duration::from_nanos(ago.try_into().ok()?));
    }
    let midnight = [text, "T00:00:00Z"].concat();
    let hour = [text, ":00:00Z"].concat();
    let minute = [text, ":00Z"].concat();
    let second = [text, "Z"].concat();
    let forms = [text, &second, &minute, &hour, &midnight];
    forms.into_iter().find_map(timestamp::parse)
}

/// `0.3s`, `12.0s`, `3m04s`: how long a step took.
pub(crate) fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        return format!("{}m{:02}s", seconds / 60, seconds % 60);
    }
    format!("{:.1}s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{elapsed, full, moment, rough};
    use oci::timestamp;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[test]
    fn moments() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_256_972);
        let of = |text| moment(text, now).map(timestamp::format);
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(of("1h30m"), shown("2026-11-21T08:59:32Z"));
        for text in [
            "2026-11-21",
            "2026-11-21T00",
            "2026-11-21T00:00",
            "2026-11-21T00:00:00",
        ] {
            assert_eq!(of(text), shown("2026-11-21T00:00:00Z"), "{text}");
        }
        assert_eq!(
            of("2026-11-21T10:00:00+02:00"),
            shown("2026-11-21T08:00:00Z")
        );
        assert_eq!(of("1795256972.5"), shown("2026-11-21T10:29:32.5Z"));
        assert_eq!((of("xx"), of(""), of("-1h")), (None, None, None));
        assert_eq!(full(Some(now)), "2026-11-21 10:29:32 +0000 UTC");
        assert_eq!(full(None::<SystemTime>), "");
    }

    #[test]
    fn durations_in_words() {
        let of = |s| rough(Duration::from_secs(s));
        assert_eq!(of(0), "Less than a second");
        assert_eq!(of(59), "59 seconds");
        assert_eq!(of(60), "About a minute");
        assert_eq!(of(3600), "About an hour");
        assert_eq!(of(3600 * 47), "47 hours");
        assert_eq!(of(86400 * 3), "3 days");
        assert_eq!(of(86400 * 21), "3 weeks");
        assert_eq!(of(86400 * 100), "3 months");
        assert_eq!(of(86400 * 1000), "2 years");
        assert_eq!(elapsed(Duration::from_millis(349)), "0.3s");
        assert_eq!(elapsed(Duration::from_secs(184)), "3m04s");
    }
}
