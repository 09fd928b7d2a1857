//! YAML to values: the core schema, and aliases, whose copies are counted.

use super::node::{Key, Node, SyntaxError, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::BTreeMap;

/// More values than any configuration has.
const MOST: usize = 20_000;
/// Deeper than any configuration is.
const DEPTH: usize = 30;

/// A collection that is being read, its anchor, and, in a map, the key that waits for its value.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Key>,
}

/// Reads the first document.
pub(super) fn load(text: &str) -> Result<Node, SyntaxError> {
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| SyntaxError {
            line: error.marker().line(),
            message: error.info().to_owned(),
        })?;
        let line = span.start.line();
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain => scalar(&text),
                    _ => Value::Text(text.into_owned()),
                };
                (Node { line, value }, anchor)
            }
            Event::Alias(anchor) => {
                let copied = anchors.get(&anchor).cloned();
                let node =
                    copied.ok_or_else(|| wrong(span, "an alias names no anchor before it"))?;
                count = count.saturating_add(size(&node));
                (node, 0)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() >= DEPTH {
                    return Err(wrong(span, "it is nested too deeply"));
                }
                let value = match event {
                    Event::SequenceStart(..) => Value::List(Vec::new()),
                    _ => Value::Map(Vec::new()),
                };
                let node = Node { line, value };
                open.push(Open {
                    node,
                    anchor,
                    key: None,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(ended) => (ended.node, ended.anchor),
                None => continue,
            },
            Event::DocumentEnd => break,
            _ => continue,
        };
        count = count.saturating_add(1);
        if count > MOST {
            return Err(wrong(span, "it has too many values"));
        }
        if anchor != 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(outer) => outer.take(node, span)?,
            None => return Ok(node),
        }
    }
    Ok(Node {
        line: 1,
        value: Value::Null,
    })
}

impl Open {
    fn take(&mut self, node: Node, span: Span) -> Result<(), SyntaxError> {
        match (&mut self.node.value, self.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(_), None) => {
                let Node {
                    line,
                    value: Value::Text(name),
                } = node
                else {
                    return Err(wrong(span, "a key is no text"));
                };
                self.key = Some(Key { line, name });
            }
            (Value::Map(map), Some(key)) if map.iter().any(|(other, _)| other.name == key.name) => {
                return Err(SyntaxError {
                    line: key.line,
                    message: format!("`{}` is there twice", key.name),
                });
            }
            (Value::Map(map), Some(key)) => map.push((key, node)),
            _ => {}
        }
        Ok(())
    }
}

fn wrong(span: Span, message: &str) -> SyntaxError {
    SyntaxError {
        line: span.start.line(),
        message: message.to_owned(),
    }
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(map) => 1 + map.iter().map(|(_, node)| size(node)).sum::<usize>(),
        _ => 1,
    }
}

/// YAML's core schema. `yes` and `on` are texts.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => Value::Other("a number"),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::Value;
    use super::load;

    #[test]
    fn lines_are_known() {
        let node = load("# c\na:\n  - x\n  - 'true'\nb: {c: true}\n").unwrap();
        let Value::Map(map) = node.value else {
            panic!("it is a map")
        };
        let keys: Vec<_> = map
            .iter()
            .map(|(key, _)| (key.name.as_str(), key.line))
            .collect();
        assert_eq!(keys, [("a", 2), ("b", 5)]);
        let Value::List(items) = &map[0].1.value else {
            panic!("it is a list")
        };
        let items: Vec<_> = items
            .iter()
            .map(|item| (item.line, item.value.clone()))
            .collect();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(items, [(3, text("x")), (4, text("true"))]);
    }

    #[test]
    fn what_is_wrong_has_a_line() {
        let line = |text: &str| load(text).unwrap_err().line;
        assert_eq!(line("a: 1\nb: [x\n"), 3);
        assert_eq!(line("a: 1\na: 2\n"), 2);
        assert_eq!(line("a: 1\nb: *c\n"), 2);
        assert_eq!(load("").unwrap().value, Value::Null);
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let before = format!("*a{}", n - 1);
            bomb.push_str(&format!(
                "a{n}: &a{n} [{}]\n",
                [before.as_str(); 10].join(", ")
            ));
        }
        assert!(load(&bomb).unwrap_err().message.contains("too many"));
        assert!(load(&"[".repeat(5000)).is_err());
    }
}
