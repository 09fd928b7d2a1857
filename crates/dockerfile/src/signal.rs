//! Signals of `STOPSIGNAL`: names, with or without `SIG`, in any case, or numbers. Source:
//! signal(7), with Linux's numbers.

/// The names, each with its number.
const NAMES: [(&str, u8); 34] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("POLL", 29),
    ("PWR", 30),
    ("SYS", 31),
];

/// The first and the last real-time signal that programs may use.
const REAL_TIME: (u8, u8) = (34, 64);

/// Whether `STOPSIGNAL` may have it: the name of a signal, or any number but 0, as in BuildKit.
pub fn is_known(signal: &str) -> bool {
    number(signal).is_some() || signal.parse::<i32>().is_ok_and(|number| number != 0)
}

/// The number of a signal that there is, given by number or name; `RTMIN+3` and `RTMAX-3` too.
pub fn number(signal: &str) -> Option<u8> {
    if signal.bytes().all(|byte| byte.is_ascii_digit()) {
        return signal
            .parse()
            .ok()
            .filter(|number| (1..=REAL_TIME.1).contains(number));
    }
    let upper = signal.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, number)) => Some(*number),
        None => real_time(name),
    }
}

fn real_time(name: &str) -> Option<u8> {
    let distance = |text: &str, sign: char| match text.strip_prefix(sign) {
        None => text.is_empty().then_some(0),
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => digits.parse::<u8>().ok().filter(|distance| *distance <= 15),
    };
    match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => Some(REAL_TIME.0 + distance(rest, '+')?),
        (_, Some(rest)) => Some(REAL_TIME.1 - distance(rest, '-')?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (signal, expected) in [
            ("SIGTERM", Some(15)),
            ("term", Some(15)),
            ("HUP", Some(1)),
            ("9", Some(9)),
            ("SIGRTMIN+3", Some(37)),
            ("RTMAX", Some(64)),
            ("RTMAX-14", Some(50)),
            ("SIGWOBBLE", None),
            ("SIG", None),
            ("", None),
            ("0", None),
            ("65", None),
            ("300", None),
            ("RTMIN+16", None),
            ("RTMIN+", None),
            ("RTMIN++1", None),
        ] {
            assert_eq!(number(signal), expected, "{signal}");
        }
        assert!(is_known("HUP") && is_known("99"));
        assert!(!is_known("SIGWOBBLE") && !is_known("0"));
    }
}
