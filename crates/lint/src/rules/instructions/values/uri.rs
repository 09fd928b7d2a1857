//! URIs (RFC 3986).

use std::net::Ipv6Addr;

/// Whether a text is an absolute URI: a scheme, and what may follow it.
pub(in super::super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !is_authority(authority) {
                return false;
            }
            path
        }
    };
    is_scheme(scheme)
        && is_made_of(path, ":@/")
        && is_made_of(query, ":@/?")
        && is_made_of(fragment, ":@/?")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && text
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || "+-.".contains(sign))
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => (&host[..colon], &host[colon + 1..]),
        _ => (host, ""),
    };
    is_made_of(user, ":") && is_host(host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix('[') {
        None => is_made_of(text, ""),
        Some(rest) => rest.strip_suffix(']').is_some_and(is_literal),
    }
}

/// What stands between brackets.
fn is_literal(text: &str) -> bool {
    let future = text
        .strip_prefix(['v', 'V'])
        .and_then(|rest| rest.split_once('.'));
    match future {
        Some((version, address)) => {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_made_of(address, ":")
        }
        None => text.parse::<Ipv6Addr>().is_ok(),
    }
}

/// Unreserved signs, sub-delimiters, what is written as `%41`, and these.
fn is_made_of(text: &str, others: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        let sign = char::from(*byte);
        rest = match (sign, behind) {
            ('%', [one, other, behind @ ..])
                if one.is_ascii_hexdigit() && other.is_ascii_hexdigit() =>
            {
                behind
            }
            _ if sign.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(sign) => behind,
            _ if sign.is_ascii() && others.contains(sign) => behind,
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_uri;

    #[test]
    fn uris() {
        for text in [
            "http://x",
            "https://x.y/z?q=a&b#f",
            "mailto:a@b",
            "http:",
            "http:/x",
            "http://x:80",
            "http://[::1]/",
            "http://[::ffff:1.2.3.4]",
            "http://[v1.x]",
            "http://x/%20",
            "urn:a:b",
            "HTTP://X",
            "http://u:p@x",
            "http://",
            "http://:80",
            "http://x:",
            "a:?b",
            "file:///x",
            "http://x_y/",
        ] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "x",
            "//x",
            "/x",
            "http://a b",
            "http://x:abc",
            "http://x?q=%zz",
            "http://x/é",
            "1a:b",
            "a_b:c",
            "git@github.com:x/y",
            "http://x/<y>",
            "http://x/{a}",
            "http://u@p@x",
            "http://x/[",
            "http://x#a#b",
            "http://[1.2.3.4]",
            "http://[::1",
            "http://[1:2]",
            ":x",
            "http://x/%4",
            "",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }
}
