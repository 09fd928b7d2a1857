//! The `.env` beside a compose file: `NAME=value` lines.

use super::super::problem::{Problem, Result};
use super::interpolate;
use std::collections::BTreeMap;

/// Reads it. In double quotes and without quotes variables are replaced: the environment's, and those of lines before.
pub(super) fn parse(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || Problem::new(format!("line {} is not NAME=value", number + 1));
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let quoted = |quote: char| -> Option<&str> {
            let inner = value.strip_prefix(quote)?;
            inner.find(quote).map(|end| &inner[..end])
        };
        let variable = |name: &str| environment(name).or_else(|| values.get(name).cloned());
        let value = if let Some(literal) = quoted('\'') {
            literal.to_owned()
        } else if let Some(text) = quoted('"') {
            let text = text.replace("\\n", "\n").replace("\\t", "\t");
            interpolate::one(&text, &variable)?
        } else {
            let end = value.find(" #").unwrap_or(value.len());
            interpolate::one(value[..end].trim_end(), &variable)?
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines() {
        let text = "# c\nA=1\nexport B = \"two $A\"\nC='$A'\nD=x # note\nE=\nF=${HOME_X:-f}\n";
        let Ok(values) = parse(text, &|_| None) else {
            panic!()
        };
        let values: Vec<_> = values.values().map(String::as_str).collect();
        assert_eq!(values, ["1", "two 1", "$A", "x", "", "f"]);
        assert!(parse("oops\n", &|_| None).is_err());
    }
}
