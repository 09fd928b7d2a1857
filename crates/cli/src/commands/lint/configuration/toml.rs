//! TOML to values.

use super::node::{Key, Node, SyntaxError, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads a document.
pub(super) fn load(text: &str) -> Result<Node, SyntaxError> {
    let table = DeTable::parse(text).map_err(|error| SyntaxError {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    Ok(Node {
        line: 1,
        value: map(table.get_ref(), text),
    })
}

fn map(table: &DeTable<'_>, text: &str) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let key = Key {
            line: line_of(text, key.span().start),
            name: name.to_string(),
        };
        (key, node(value, text))
    };
    Value::Map(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>, text: &str) -> Node {
    let line = line_of(text, value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, text)).collect()),
        DeValue::Table(table) => map(table, text),
        DeValue::Integer(_) | DeValue::Float(_) => Value::Other("a number"),
        DeValue::Datetime(_) => Value::Other("a date"),
    };
    Node { line, value }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::super::node::Value;
    use super::load;

    #[test]
    fn lines_are_known() {
        let node =
            load("[lint]\nignored = [\n  \"a\",\n]\n\n[lint.override]\nerror = [1]\n").unwrap();
        let Value::Map(top) = node.value else {
            panic!("it is a map")
        };
        let Value::Map(lint) = &top[0].1.value else {
            panic!("it is a map")
        };
        let keys: Vec<_> = lint
            .iter()
            .map(|(key, _)| (key.name.as_str(), key.line))
            .collect();
        assert_eq!(keys, [("ignored", 2), ("override", 6)]);
        let Value::List(items) = &lint[0].1.value else {
            panic!("it is a list")
        };
        assert_eq!(
            (items[0].line, &items[0].value),
            (3, &Value::Text("a".to_owned()))
        );
        assert_eq!(load("[lint]\n\nx = = 1\n").unwrap_err().line, 3);
    }
}
