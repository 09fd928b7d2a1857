//! `type=oci,dest=app.tar`: the values of `--output` and `--secret`, and other `K=V` words.

/// Reads fields separated by commas. As in CSV, a field (or its value) in double quotes may hold commas,
/// and `""` in it is one quote sign. Keys come back in lower case.
pub(crate) fn fields(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let mut fields = Vec::new();
    for field in split(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (field.as_str(), None),
        };
        if key.trim().is_empty() {
            return Err(format!("`{text}` has a field without a name"));
        }
        fields.push((key.trim().to_ascii_lowercase(), value));
    }
    Ok(fields)
}

/// Splits at commas that are not quoted.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let field = fields.last_mut().expect("there is always one");
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.is_empty() || field.ends_with('=') => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    if quoted {
        Err(format!("a quote in `{text}` does not end"))
    } else {
        Ok(fields)
    }
}

/// `KEY=VALUE`, for clap.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

/// `KEY` or `KEY=VALUE`, for clap.
pub(crate) fn maybe_pair(text: &str) -> Result<(String, Option<String>), String> {
    match text.split_once('=') {
        Some(("", _)) => Err(format!("`{text}` has no name before the `=`")),
        Some((key, value)) => Ok((key.to_owned(), Some(value.to_owned()))),
        None if text.is_empty() => Err("a name is missing".to_owned()),
        None => Ok((text.to_owned(), None)),
    }
}

/// A boolean as Docker's flags and fields take it.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::{fields, split};

    #[test]
    fn quotes_keep_commas() {
        assert_eq!(split("a,b").unwrap(), ["a", "b"]);
        assert_eq!(
            split(r#"type=local,"dest=a,b""#).unwrap(),
            ["type=local", "dest=a,b"]
        );
        assert_eq!(
            split(r#"dest="a,b ""c""",x"#).unwrap(),
            [r#"dest=a,b "c""#, "x"]
        );
        assert!(split("\"a").is_err());
    }

    #[test]
    fn fields_have_names() {
        assert_eq!(
            fields("Type=oci,dest=a=b,tar").unwrap(),
            [
                ("type".to_owned(), Some("oci".to_owned())),
                ("dest".to_owned(), Some("a=b".to_owned())),
                ("tar".to_owned(), None)
            ]
        );
        assert!(fields("a,,b").is_err());
        assert!(fields("=x").is_err());
    }
}
