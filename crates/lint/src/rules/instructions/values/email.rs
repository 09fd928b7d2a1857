//! Addresses (RFC 5322, 3.4.1).

/// The longest local part (RFC 5321, 4.5.3.1).
const LONGEST_LOCAL: usize = 64;

/// The longest label of a domain (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// The longest domain in its written form.
const LONGEST_DOMAIN: usize = 253;

/// Whether a text is an address: `local@domain`, with comments and blanks where they may be.
pub(in super::super) fn is_email(text: &str) -> bool {
    let Some(text) = without_comments(text) else {
        return false;
    };
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    is_local(local.trim()) && is_domain(domain.trim())
}

/// Comments are in parentheses, and can be in each other.
fn without_comments(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut quoted) = (0_usize, false);
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => {
                let escaped = signs.next()?;
                out.extend(
                    (depth == 0)
                        .then_some([sign, escaped])
                        .into_iter()
                        .flatten(),
                );
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            _ => {
                quoted ^= sign == '"';
                out.push(sign);
            }
        }
    }
    (depth == 0 && !quoted).then_some(out)
}

fn is_local(text: &str) -> bool {
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let is_right = match quoted {
        Some(inside) => is_quoted(inside),
        None => text
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_sign)),
    };
    is_right && text.len() <= LONGEST_LOCAL
}

fn is_quoted(inside: &str) -> bool {
    let mut signs = inside.chars();
    while let Some(sign) = signs.next() {
        let is_right = match sign {
            '\\' => signs.next().is_some_and(|next| next.is_ascii()),
            '"' => false,
            _ => sign == ' ' || sign.is_ascii_graphic(),
        };
        if !is_right {
            return false;
        }
    }
    true
}

fn is_atom_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(sign)
}

fn is_domain(text: &str) -> bool {
    if let Some(inside) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return inside
            .chars()
            .all(|sign| sign.is_ascii_graphic() && !"[]\\".contains(sign));
    }
    // The dot of the root may be there.
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= LONGEST_DOMAIN
        && text.split('.').all(|label| {
            let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=LONGEST_LABEL).contains(&label.len())
                && label.bytes().all(is_inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses() {
        for text in [
            "a@b.c",
            "a@b",
            "x.y@z.com",
            "\"a b\"@c.d",
            "a@[1.2.3.4]",
            "a+b@c.d",
            "a@b.c.",
            "a@b.c ",
            " a@b.c",
            "a!#$%*/=?^_{|}~-@b.c",
            "a@1.2",
            "'a'@b.c",
            "a(c)@b.c",
            "a @ b.c",
            "a@[IPv6:::1]",
        ] {
            assert!(is_email(text), "{text}");
        }
        let long = format!("{}@b.c", "a".repeat(80));
        for text in [
            "a",
            "A<a@b.c>",
            "A B <a@b.c>",
            "a b@c.d",
            "a@b..c",
            "a..b@c.d",
            ".a@b.c",
            "a.@b.c",
            "a@-b.c",
            "a@b-.c",
            "a@b.c, d@e.f",
            "a@é.c",
            "é@b.c",
            "a@b_c.d",
            "@b.c",
            "a@",
            "a@@b.c",
            "mailto:a@b.c",
            "<a@b.c>",
            "a(@b.c",
            "a)@b.c",
            "a\\",
            "\"@b",
            "",
            &long,
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
