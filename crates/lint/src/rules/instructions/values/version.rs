//! Versions (semver.org 2.0).

use super::By;

/// Whether a text is a version. hadolint lets zeros lead, and the parts behind `-` and `+` be empty.
pub(in super::super) fn is_version(text: &str, by: By) -> bool {
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match rest.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (rest, None),
    };
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| is_number(number, by))
        && pre.is_none_or(|pre| are_identifiers(pre, by, By::Specification))
        && build.is_none_or(|build| are_identifiers(build, by, By::Hadolint))
}

fn is_number(text: &str, by: By) -> bool {
    let is_all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_all_digits && (by == By::Hadolint || text == "0" || !text.starts_with('0'))
}

/// Words between dots. `zeros` says whether a number among them may begin with a zero.
fn are_identifiers(text: &str, by: By, zeros: By) -> bool {
    if text.is_empty() {
        return by == By::Hadolint;
    }
    text.split('.').all(|word| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_all_digits = word.bytes().all(|byte| byte.is_ascii_digit());
        !word.is_empty()
            && word.bytes().all(is_word)
            && (!is_all_digits || zeros == By::Hadolint || is_number(word, by))
    })
}

#[cfg(test)]
mod tests {
    use super::{By, is_version};

    #[test]
    fn versions() {
        for text in [
            "1.2.3",
            "0.0.0",
            "1.2.3-a.1",
            "1.2.3-0a",
            "1.2.3+01",
            "1.2.3-1-2",
            "1.2.3-a+b",
        ] {
            assert!(is_version(text, By::Specification), "{text}");
            assert!(is_version(text, By::Hadolint), "{text}");
        }
        for text in ["01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3-00"] {
            assert!(!is_version(text, By::Specification), "{text}");
            assert!(is_version(text, By::Hadolint), "{text}");
        }
        for text in [
            "v1.2.3",
            "1.2",
            "1.2.3.4",
            "1.2.3-a..b",
            "1.2.3-a_b",
            "1.2.3+a+b",
            "1.2.-3",
            "1.2.3-é",
            "",
        ] {
            assert!(!is_version(text, By::Specification), "{text}");
            assert!(!is_version(text, By::Hadolint), "{text}");
        }
    }
}
