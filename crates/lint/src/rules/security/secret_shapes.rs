//! Texts that are secrets by their shape.

use dockerfile::Span;

/// The beginnings of tokens, how many signs follow at least, and what they are.
const TOKENS: [(&str, usize, &str); 20] = [
    ("AKIA", 16, "an access key of AWS"),
    ("ASIA", 16, "an access key of AWS"),
    ("ghp_", 36, "a token of GitHub"),
    ("gho_", 36, "a token of GitHub"),
    ("ghs_", 36, "a token of GitHub"),
    ("ghu_", 36, "a token of GitHub"),
    ("ghr_", 36, "a token of GitHub"),
    ("github_pat_", 50, "a token of GitHub"),
    ("glpat-", 20, "a token of GitLab"),
    ("gldt-", 20, "a token of GitLab"),
    ("xoxb-", 20, "a token of Slack"),
    ("xoxp-", 20, "a token of Slack"),
    ("npm_", 36, "a token of npm"),
    ("pypi-AgEIcHlwaS5vcmc", 30, "a token of PyPI"),
    ("sk_live_", 20, "a key of Stripe"),
    ("rk_live_", 20, "a key of Stripe"),
    ("dckr_pat_", 20, "a token of Docker Hub"),
    ("AIzaSy", 33, "a key of Google"),
    ("hvs.", 24, "a token of Vault"),
    ("SG.", 60, "a key of SendGrid"),
];

/// Flags whose value is a password.
const FLAGS: [&str; 6] = [
    "--password=",
    "--passwd=",
    "--http-password=",
    "--token=",
    "--auth-token=",
    "--secret=",
];

/// No token is longer; what is, is read no further, so that a text full of beginnings takes no longer than others.
const LENGTH_AT_MOST: usize = 300;

/// The first bytes of a text, in whole characters.
fn front(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

/// A secret in a text: which bytes, and what it is. The text itself is nowhere here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: &'static str,
}

impl Secret {
    /// Its place, in a text that begins at `at`.
    pub(super) fn place(self, at: u32) -> Span {
        let offset = |bytes: usize| at.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        Span::new(offset(self.start), offset(self.end))
    }
}

/// The secrets in a text, in order.
pub(super) fn secrets(text: &str) -> Vec<Secret> {
    let mut found: Vec<Secret> = TOKENS
        .iter()
        .flat_map(|(start, length, what)| tokens(text, start, *length, what))
        .collect();
    found.extend(private_keys(text));
    found.extend(urls(text));
    found.extend(flags(text));
    found.sort_by_key(|secret| secret.start);
    found.dedup_by(|later, earlier| later.start < earlier.end);
    found
}

fn is_token_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_' || sign == '-'
}

fn tokens<'t>(
    text: &'t str,
    begin: &'static str,
    length: usize,
    what: &'static str,
) -> impl Iterator<Item = Secret> + use<'t> {
    text.match_indices(begin).filter_map(move |(start, _)| {
        let before = text[..start].chars().next_back();
        let is_dotted = begin.ends_with('.');
        let behind = front(&text[start + begin.len()..], LENGTH_AT_MOST);
        let rest: usize = behind
            .chars()
            .take_while(|sign| is_token_sign(*sign) || is_dotted && *sign == '.')
            .count();
        let is_exact = begin.len() != 4
            || !begin.ends_with('A')
            || rest == length
                && behind
                    .chars()
                    .take(rest)
                    .all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit());
        // What is written in documentation: AKIAIOSFODNN7EXAMPLE, ghp_xxxxxxxx….
        let is_example = behind[..rest].contains("EXAMPLE") || is_monotonous(&behind[..rest]);
        let is_start = !before.is_some_and(is_token_sign);
        (is_start && rest >= length && is_exact && !is_example).then_some(Secret {
            start,
            end: start + begin.len() + rest,
            what,
        })
    })
}

/// Whether a text has hardly any different signs: `xxxxxxxx`, `00000000`.
fn is_monotonous(text: &str) -> bool {
    let mut signs: Vec<char> = text.chars().collect();
    signs.sort_unstable();
    signs.dedup();
    signs.len() < 5
}

fn private_keys(text: &str) -> impl Iterator<Item = Secret> {
    text.match_indices("-----BEGIN ")
        .filter_map(|(start, mark)| {
            let line = front(&text[start + mark.len()..], 60)
                .split(['\n', '\\'])
                .next()?;
            let kind = line.find("PRIVATE KEY-----").filter(|at| *at < 24)?;
            let end = start + mark.len() + kind + "PRIVATE KEY-----".len();
            // A script that looks for the line holds no key.
            let is_followed = front(&text[end..], LENGTH_AT_MOST)
                .trim_start_matches(['\\', 'n', '\r', '\n', ' '])
                .chars()
                .take_while(|sign| sign.is_ascii_alphanumeric() || "+/=".contains(*sign))
                .count()
                > 20;
            is_followed.then_some(Secret {
                start,
                end,
                what: "a private key",
            })
        })
}

/// `https://user:password@host`.
fn urls(text: &str) -> impl Iterator<Item = Secret> {
    text.match_indices("://").filter_map(|(at, mark)| {
        let start = at + mark.len();
        let behind = front(&text[start..], LENGTH_AT_MOST);
        let end = behind
            .find(|sign: char| sign.is_whitespace() || "/\"'<>?#".contains(sign))
            .unwrap_or(behind.len());
        let (login, host) = behind[..end].rsplit_once('@')?;
        let (_, password) = login.split_once(':')?;
        let is_host = !host.is_empty();
        (is_host && is_value(password)).then(|| {
            let from = start + login.len() - password.len();
            Secret {
                start: from,
                end: start + login.len(),
                what: "a password in a URL",
            }
        })
    })
}

fn flags(text: &str) -> impl Iterator<Item = Secret> {
    FLAGS.iter().flat_map(move |flag| {
        text.match_indices(flag).filter_map(move |(at, _)| {
            let start = at + flag.len();
            let behind = front(&text[start..], LENGTH_AT_MOST);
            let end = behind
                .find(|sign: char| sign.is_whitespace() || ";&|)".contains(sign))
                .unwrap_or(behind.len());
            let value = behind[..end].trim_matches(['"', '\'', ',', ']']);
            (value.len() > 3 && is_value(value)).then_some(Secret {
                start,
                end: start + end,
                what: "a password in a flag",
            })
        })
    })
}

/// Whether a text is a value, and neither a variable nor what stands for one in documentation.
fn is_value(text: &str) -> bool {
    let is_stand_in =
        text.starts_with(['$', '<', '{', '%', '*']) || text.contains("$") || text.contains('`');
    let lower = text.to_lowercase();
    let is_word = [
        "password", "passwd", "pass", "token", "secret", "xxx", "changeme", "stdin", "true",
        "false", "null", "none",
    ]
    .contains(&lower.as_str());
    !text.is_empty()
        && !is_stand_in
        && !is_word
        && !lower.starts_with("/run/secrets")
        && !is_monotonous_mark(text)
}

/// `xxxx`, `****`.
fn is_monotonous_mark(text: &str) -> bool {
    let first = text.chars().next();
    text.chars().all(|sign| Some(sign) == first)
}

#[cfg(test)]
mod tests {
    use super::secrets;

    #[test]
    fn secrets_have_shapes() {
        let token = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
        for (text, what) in [
            (format!("x={token}"), vec!["a token of GitHub"]),
            (
                "AKIAQYLPMN5HHHFPZAM2".to_owned(),
                vec!["an access key of AWS"],
            ),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), vec![]),
            (format!("ghp_{}", "x".repeat(36)), vec![]),
            (
                "https://me:hunter22@host/x".to_owned(),
                vec!["a password in a URL"],
            ),
            (
                "https://me:$TOKEN@host/x https://me@host".to_owned(),
                vec![],
            ),
            ("http://host:80/a@b".to_owned(), vec![]),
            (
                "svn --password=hunter22 x".to_owned(),
                vec!["a password in a flag"],
            ),
            ("svn --password=$P --password=\"${P}\"".to_owned(), vec![]),
            ("grep '-----BEGIN PRIVATE KEY-----' x".to_owned(), vec![]),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAwJ9abcdefgh\n".to_owned(),
                vec!["a private key"],
            ),
            ("ü://ü:ü@ü -----BEGIN ".to_owned(), vec![]),
        ] {
            let found: Vec<_> = secrets(&text).iter().map(|secret| secret.what).collect();
            assert_eq!(found, what, "{text}");
        }
    }
}
