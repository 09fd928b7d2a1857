//! Licences (SPDX License List and Annex D of the SPDX specification).
//!
//! `spdx_ids.txt` and `spdx_exceptions.txt` are the identifiers of the SPDX License List that are not deprecated, one in a
//! line, sorted (npm's `spdx-license-ids` 3.0.24, CC0, and `spdx-exceptions` 2.5.0, CC-BY-3.0).

use super::By;

const LICENSES: &str = include_str!("spdx_ids.txt");
const EXCEPTIONS: &str = include_str!("spdx_exceptions.txt");

/// Whether a text is the identifier of a licence, or an expression of some: `MIT OR Apache-2.0`. hadolint wants one
/// identifier.
pub(in super::super) fn is_license(text: &str, by: By) -> bool {
    match by {
        By::Hadolint => has(LICENSES, text.trim_end()),
        By::Specification => is_expression(text),
    }
}

/// Whether a sorted list has a line.
fn has(list: &str, line: &str) -> bool {
    let mut list = list;
    while !list.is_empty() {
        let middle = list.floor_char_boundary(list.len() / 2);
        let start = list[..middle].rfind('\n').map_or(0, |at| at + 1);
        let end = list[start..].find('\n').map_or(list.len(), |at| start + at);
        list = match line.cmp(&list[start..end]) {
            std::cmp::Ordering::Equal => return !line.is_empty(),
            std::cmp::Ordering::Less => &list[..start],
            std::cmp::Ordering::Greater => list.get(end + 1..).unwrap_or_default(),
        };
    }
    false
}

/// Terms between `AND` and `OR`. Parentheses only have to be closed: they change nothing about what is named.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_term, mut after_with) = (0_usize, true, false);
    for word in spaced.split_ascii_whitespace() {
        let is_right = match word {
            "(" if wants_term && !after_with => {
                depth += 1;
                true
            }
            ")" if !wants_term && depth > 0 => {
                depth -= 1;
                true
            }
            "AND" | "OR" | "and" | "or" if !wants_term => {
                wants_term = true;
                true
            }
            "WITH" | "with" if !wants_term => {
                (wants_term, after_with) = (true, true);
                true
            }
            _ if after_with => {
                (wants_term, after_with) = (false, false);
                has(EXCEPTIONS, word)
            }
            _ if wants_term => {
                wants_term = false;
                is_term(word)
            }
            _ => false,
        };
        if !is_right {
            return false;
        }
    }
    depth == 0 && !wants_term
}

fn is_term(word: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || "-.".contains(sign))
    };
    let own = match word.split_once(':') {
        Some((document, own)) if document.strip_prefix("DocumentRef-").is_some_and(is_name) => own,
        Some(_) => return false,
        None => word,
    };
    match own.strip_prefix("LicenseRef-") {
        Some(name) => is_name(name),
        None => has(LICENSES, word.strip_suffix('+').unwrap_or(word)),
    }
}

/// What to write instead of an identifier that is deprecated, or in the wrong case.
pub(in super::super) fn successor(text: &str) -> Option<String> {
    let is_license = |name: &String| has(LICENSES, name);
    let later = text
        .strip_suffix('+')
        .map(|name| format!("{name}-or-later"));
    let only = Some(format!("{text}-only"));
    let found = later.into_iter().chain(only).find(is_license);
    found.or_else(|| {
        let mut lines = LICENSES.lines();
        let like = lines.find(|line| line.eq_ignore_ascii_case(text) && *line != text);
        like.map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::{By, LICENSES, has, is_license, successor};

    #[test]
    fn all_are_found() {
        assert!(LICENSES.lines().all(|line| has(LICENSES, line)));
        assert!(LICENSES.lines().is_sorted());
        assert!(super::EXCEPTIONS.lines().is_sorted());
    }

    #[test]
    fn licenses() {
        for text in ["MIT", "Apache-2.0", "GPL-3.0-or-later", "0BSD"] {
            assert!(is_license(text, By::Hadolint), "{text}");
            assert!(is_license(text, By::Specification), "{text}");
        }
        for text in [
            "MIT OR Apache-2.0",
            "(MIT)",
            "MIT AND (BSD-3-Clause OR 0BSD)",
            "LicenseRef-x",
            "GPL-2.0-or-later WITH Classpath-exception-2.0",
            "DocumentRef-a:LicenseRef-b",
        ] {
            assert!(!is_license(text, By::Hadolint), "{text}");
            assert!(is_license(text, By::Specification), "{text}");
        }
        for text in [
            "",
            "mit",
            "GPL-3.0",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "Classpath-exception-2.0",
            "MIT WITH MIT",
            "DocumentRef-a:MIT",
            "é",
            "$L",
        ] {
            assert!(!is_license(text, By::Hadolint), "{text}");
            assert!(!is_license(text, By::Specification), "{text}");
        }
    }

    #[test]
    fn successors() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(successor("GPL-3.0"), is("GPL-3.0-only"));
        assert_eq!(successor("GPL-3.0+"), is("GPL-3.0-or-later"));
        assert_eq!(successor("mit"), is("MIT"));
        assert_eq!(successor("proprietary"), None);
    }
}
