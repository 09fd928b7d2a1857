//! One line of comma-separated values (RFC 4180).

/// Splits a line. A field may stand in double quotes; a quote in it is then written twice.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = line;
    if rest.is_empty() {
        return Err("it is empty");
    }
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => self::quoted(quoted)?,
            None => plain(rest)?,
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(fields),
            None => return Err("something follows the quote that ends a field"),
        }
    }
}

fn plain(rest: &str) -> Result<(String, &str), &'static str> {
    let (field, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
    if field.contains('"') {
        return Err("a quote in the middle of a field");
    }
    Ok((field.to_owned(), behind))
}

fn quoted(rest: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = rest;
    while let Some((text, behind)) = rest.split_once('"') {
        field.push_str(text);
        match behind.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, behind)),
        }
    }
    Err("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn fields_and_quotes() {
        assert_eq!(split("a,b=c,").unwrap(), ["a", "b=c", ""]);
        assert_eq!(
            split(r#""a,b","c ""d""",e"#).unwrap(),
            ["a,b", "c \"d\"", "e"]
        );
        for bad in ["", "a\"b", "\"a", "\"a\"b"] {
            split(bad).unwrap_err();
        }
    }
}
