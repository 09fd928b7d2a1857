//! Sizes such as `64m`.

/// Reads a size to bytes: a number, maybe with a fraction, and one of k, m, g, t and p (powers of
/// 1024), maybe with `b` or `ib` behind it, in any case. Source: docker/go-units.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let end = lower
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let shift = match unit.strip_suffix('i').unwrap_or(unit) {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(1 << shift)?;
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    // Exact below 2^53, and a fraction of a unit is smaller than that.
    whole.checked_add((fraction * (1u64 << shift) as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (text, size) in [
            ("0", Some(0)),
            ("100", Some(100)),
            ("64m", Some(64 << 20)),
            ("1KiB", Some(1024)),
            ("2 GB", Some(2 << 30)),
            ("1.5k", Some(1536)),
            ("", None),
            ("m", None),
            ("-1", None),
            ("1.", None),
            ("1.2.3", None),
            ("1x", None),
            ("99999999999999999999", None),
            ("99999999p", None),
        ] {
            assert_eq!(bytes(text), size, "{text}");
        }
    }
}
