//! Which names of rules there are.

use super::super::report::PARSE_ERROR;

/// Rules that hadolint once had. Old configurations name them still.
const RETIRED: [&str; 5] = ["DL3005", "DL3017", "DL3031", "DL3039", "DL4002"];

/// What is to say about a name that no rule has.
pub(super) fn complaint(name: &str) -> Option<String> {
    let is_of_shellcheck = name
        .strip_prefix("SC")
        .is_some_and(|number| number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()));
    let is_known = lint::rules().any(|rule| rule.name == name || rule.twins.contains(&name));
    if is_of_shellcheck || is_known || RETIRED.contains(&name) || name == PARSE_ERROR {
        return None;
    }
    let names = lint::rules().map(|rule| rule.name);
    Some(match dockerfile::suggest(name, names) {
        Some(near) => format!("there is no rule `{name}`; did you mean {near}?"),
        None => format!("there is no rule `{name}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn unknown_names_are_told() {
        for known in ["DL3007", "SC9999", "DL3005", "StageNameCasing", "DL1000"] {
            assert_eq!(complaint(known), None, "{known}");
        }
        let of = |name| complaint(name).unwrap();
        assert_eq!(
            of("dl3007"),
            "there is no rule `dl3007`; did you mean DL3007?"
        );
        assert_eq!(
            of("nothing of the kind"),
            "there is no rule `nothing of the kind`"
        );
    }
}
