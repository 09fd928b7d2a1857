//! "Did you mean …?"

/// The candidate that is most like `word`, in any case, if one is near enough to be meant. A word
/// that is itself a candidate gets no suggestion.
///
/// ```
/// assert_eq!(dockerfile::suggest("CPOY", ["ADD", "COPY", "RUN"]), Some("COPY"));
/// assert_eq!(dockerfile::suggest("WORK", ["ADD", "COPY", "RUN"]), None);
/// ```
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.to_lowercase().chars().collect();
    let limit = match wanted.len() {
        0 => return None,
        1..=3 => 1,
        4..=6 => 2,
        _ => 3,
    };
    let mut best = None;
    for candidate in candidates {
        if candidate == word {
            return None;
        }
        let signs: Vec<char> = candidate.to_lowercase().chars().collect();
        if signs.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = distance(&wanted, &signs);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many signs must be put in, left out, changed, or swapped with their neighbour (the optimal
/// string alignment distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        for (word, candidates, found) in [
            ("CPOY", &["ADD", "COPY"][..], Some("COPY")),
            ("RUM", &["RUN", "USER"], Some("RUN")),
            ("chwon", &["chmod", "chown"], Some("chown")),
            ("form", &["chown", "from", "link"], Some("from")),
            ("bulid", &["build"], Some("build")),
            ("bnd", &["bind", "cache"], Some("bind")),
            ("Base", &["base"], Some("base")),
            ("base", &["base", "bas"], None),
            ("teleport", &["bind", "cache", "ssh"], None),
            ("", &["a"], None),
            ("FROBNICATE", &["FROM", "HEALTHCHECK"], None),
        ] {
            assert_eq!(suggest(word, candidates.iter().copied()), found, "{word}");
        }
    }
}
