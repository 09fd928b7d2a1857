//! IDs and names of containers.

use crate::command_error::CommandError;
use std::fs::File;
use std::io::Read;

const MANNERS: [&str; 32] = [
    "amber", "aromatic", "balanced", "bold", "bright", "brisk", "calm", "clear", "cool", "crisp",
    "deep", "dry", "earthy", "elegant", "fine", "floral", "fresh", "gentle", "golden", "lively",
    "mellow", "mild", "nutty", "oaky", "pale", "ripe", "round", "ruby", "silky", "smooth", "spicy",
    "young",
];

const GRAPES: [&str; 32] = [
    "albarino",
    "barbera",
    "cabernet",
    "carignan",
    "chardonnay",
    "chenin",
    "cinsault",
    "colombard",
    "dolcetto",
    "furmint",
    "gamay",
    "garganega",
    "grenache",
    "kerner",
    "lambrusco",
    "macabeo",
    "malbec",
    "merlot",
    "monastrell",
    "muscat",
    "nebbiolo",
    "pinot",
    "riesling",
    "sangiovese",
    "semillon",
    "silvaner",
    "syrah",
    "tannat",
    "tempranillo",
    "trollinger",
    "verdejo",
    "zinfandel",
];

/// A new ID: 64 random hexadecimal digits.
pub(crate) fn id() -> Result<String, CommandError> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| CommandError::io("read /dev/urandom", error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The name of a container that was given none, from its ID.
pub(crate) fn from_id(id: &str) -> String {
    let number = |at: usize| {
        id.get(at..at + 2)
            .and_then(|hex| usize::from_str_radix(hex, 16).ok())
    };
    let of = |words: [&'static str; 32], at| words[number(at).unwrap_or(0) % words.len()];
    format!("{}_{}", of(MANNERS, 60), of(GRAPES, 62))
}

/// Docker's rule: letters, digits, `_`, `.` and `-`, the first a letter or digit, two signs at least.
pub(crate) fn check(name: &str) -> Result<String, String> {
    let word = |b: u8| b.is_ascii_alphanumeric();
    let rest = |b: u8| word(b) || matches!(b, b'_' | b'.' | b'-');
    let first = name.bytes().next().is_some_and(word);
    if first && name.len() > 1 && name.len() <= 255 && name.bytes().all(rest) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{name}` is no name for a container: [a-zA-Z0-9][a-zA-Z0-9_.-]+"
    ))
}

#[cfg(test)]
mod tests {
    use super::{check, from_id, id};

    #[test]
    fn ids_and_names() {
        let id = id().unwrap();
        assert_eq!(id.len(), 64);
        assert!(check(&from_id(&id)).is_ok());
        assert!(check("a").is_err() && check("-ab").is_err() && check("a/b").is_err());
        assert!(check("web-1.x_y").is_ok());
    }
}
