//! Numbers of bytes as people read them.

use crate::file::File;
use crate::stages::{Copied, CopyOrigin};

/// What a `COPY` of the context brings, where the context is known and its sources are all of it or names in its top
/// folder.
pub(super) fn copied_bytes(file: &File<'_>, copied: &Copied<'_>) -> Option<u64> {
    let context = file.facts.context.as_ref()?;
    let entries = &context.entries;
    if copied.origin != CopyOrigin::Context || entries.is_empty() {
        return None;
    }
    if copied.whole_context().is_some() {
        return Some(entries.iter().map(|entry| entry.bytes).sum());
    }
    let of = |path: &str| {
        let name = path.trim_start_matches("./").trim_end_matches('/');
        entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.bytes)
    };
    copied.paths().map(|(_, path)| of(path)).sum()
}

/// ` (12.3 MB)`, or nothing where the number is not known.
pub(super) fn in_parentheses(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, |bytes| format!(" ({})", amount(bytes)))
}

/// `12.3 MB`: powers of thousand, as Docker has them.
pub(super) fn amount(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut tenths = bytes.saturating_add(50) / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = tenths.saturating_add(500) / 1000;
        unit += 1;
    }
    let name = UNITS[unit];
    match tenths >= 100 {
        true => format!("{} {name}", tenths.saturating_add(5) / 10),
        false => format!("{}.{} {name}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (12_345, "12 kB"),
            (4_567_890, "4.6 MB"),
            (800_000_000, "800 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
    }
}
