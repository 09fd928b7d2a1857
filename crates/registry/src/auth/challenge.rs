/// What a server wants to be shown: one of the challenges of `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads a header, which may hold several: a word without `=` after it begins the next one.
    pub(super) fn parse_all(mut text: &str) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        loop {
            text = text.trim_start_matches([' ', '\t', ',']);
            let end = text
                .find(|char: char| " \t,=\"".contains(char))
                .unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            if word.is_empty() {
                return all;
            }
            match (rest.trim_start().strip_prefix('='), all.last_mut()) {
                (Some(value), Some(challenge)) => {
                    let (value, rest) = take_value(value.trim_start());
                    challenge
                        .parameters
                        .push((word.to_ascii_lowercase(), value));
                    text = rest;
                }
                (Some(_), None) => return all,
                (None, _) => {
                    all.push(Self {
                        scheme: word.to_ascii_lowercase(),
                        parameters: Vec::new(),
                    });
                    text = rest;
                }
            }
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(parameter, _)| parameter == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// A word or a quoted string, and what follows it.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '"' => return (value, &quoted[index + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(String, Vec<(String, String)>)> {
        let all = Challenge::parse_all(text).into_iter();
        all.map(|challenge| (challenge.scheme, challenge.parameters))
            .collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn one_and_several() {
        let text = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull,push""#;
        let bearer = pairs(&[
            ("realm", "https://auth.docker.io/token"),
            ("service", "registry.docker.io"),
            ("scope", "repository:library/alpine:pull,push"),
        ]);
        assert_eq!(parse(text), [("bearer".into(), bearer)]);
        let two = parse(r#"Negotiate, BASIC Realm = x , charset="a \"b\"" , Bearer"#);
        let basic = pairs(&[("realm", "x"), ("charset", "a \"b\"")]);
        let expected = [
            ("negotiate".into(), vec![]),
            ("basic".into(), basic),
            ("bearer".into(), vec![]),
        ];
        assert_eq!(two, expected);
    }

    #[test]
    fn nonsense() {
        for text in [
            "",
            ",",
            "=",
            "\"",
            "a=b",
            "a=\"",
            "Basic \"",
            "Basic a=\"\\",
            "ü ö=ä",
        ] {
            drop(parse(text));
        }
    }
}
