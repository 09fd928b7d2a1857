//! Values to settings. What is wrong is told with its line, all of it.

use super::layer::{LABEL_TYPES, Layer, THRESHOLDS, threshold};
use super::node::{Key, Node, Value};
use super::rule_names;
use crate::commands::lint::formats::{self, Format};
use dockerfile::Severity;
use lint::LabelType;

/// Whose keys a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// `.hadolint.yaml`.
    Hadolint,
    /// `[lint]` of `carafe.toml`.
    Carafe,
}

/// What is wrong in a file, or looks so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) kind: ProblemKind,
    pub(super) message: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// A value that cannot be read.
    Value,
    /// A key that is none.
    Key,
    /// A rule that there is not.
    RuleName,
}

/// Reads the settings of a file.
#[derive(Debug)]
pub(super) struct Reader {
    keys: Keys,
    pub(super) layer: Layer,
    pub(super) problems: Vec<Problem>,
}

const KEYS: [&str; 11] = [
    "failure-threshold",
    "format",
    "formats",
    "ignored",
    "override",
    "label-schema",
    "strict-labels",
    "disable-ignore-pragma",
    "no-color",
    "no-fail",
    "trusted-registries",
];

const SEVERITIES: [(&str, Severity); 4] = [
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
    ("style", Severity::Style),
];

impl Keys {
    /// All keys.
    pub(super) fn all(self) -> [&'static str; 11] {
        KEYS.map(|key| match (self, key) {
            (Self::Hadolint, "trusted-registries") => "trustedRegistries",
            _ => key,
        })
    }
}

/// Reads the settings in a file's values.
pub(super) fn read(node: &Node, keys: Keys) -> Reader {
    let mut reader = Reader {
        keys,
        layer: Layer::default(),
        problems: Vec::new(),
    };
    match keys {
        Keys::Hadolint => reader.settings(node),
        Keys::Carafe => {
            for (key, value) in reader.map("the file", node) {
                match key.name.as_str() {
                    "lint" => reader.settings(value),
                    _ => reader.unknown_key(key, &["lint"]),
                }
            }
        }
    }
    reader.problems.sort_by_key(|problem| problem.line);
    reader
}

impl Reader {
    fn settings(&mut self, node: &Node) {
        for (key, value) in self.map("the file", node) {
            self.setting(key, value);
        }
    }

    fn setting(&mut self, key: &Key, node: &Node) {
        let name = key.name.as_str();
        if !self.keys.all().contains(&name) {
            return self.unknown_key(key, &self.keys.all());
        }
        match name {
            "failure-threshold" => {
                let word = self.word(name, node, THRESHOLDS, threshold);
                self.layer.threshold = word.or(self.layer.threshold);
            }
            "format" => {
                let format = self.format(name, node);
                self.layer.formats.extend(format);
            }
            "formats" => {
                for item in self.list(name, node) {
                    let format = self.format(name, item);
                    self.layer.formats.extend(format);
                }
            }
            "ignored" => {
                let names = self.rules(name, node);
                self.layer.ignored.extend(names);
            }
            "override" => self.severities(node),
            "label-schema" => self.labels(node),
            "strict-labels" => self.layer.strict_labels = self.boolean(name, node),
            "disable-ignore-pragma" => {
                self.layer.disable_ignore_pragma = self.boolean(name, node);
            }
            "no-color" => self.layer.no_color = self.boolean(name, node),
            "no-fail" => self.layer.no_fail = self.boolean(name, node),
            _ => {
                let registries = self.texts(name, node);
                let registries = registries.into_iter().map(|(_, text)| text);
                self.layer.trusted_registries.extend(registries);
            }
        }
    }

    fn severities(&mut self, node: &Node) {
        for (key, value) in self.map("override", node) {
            let severity = SEVERITIES.iter().find(|(name, _)| *name == key.name);
            match severity {
                None => self.unknown_key(key, &SEVERITIES.map(|(name, _)| name)),
                Some((_, severity)) => {
                    for rule in self.rules(&format!("override.{}", key.name), value) {
                        self.layer.set_severity(rule, *severity);
                    }
                }
            }
        }
    }

    fn labels(&mut self, node: &Node) {
        for (key, value) in self.map("label-schema", node) {
            let name = format!("label-schema.{}", key.name);
            if let Some(of) = self.word(&name, value, LABEL_TYPES, LabelType::of) {
                self.layer.label_schema.insert(key.name.clone(), of);
            }
        }
    }

    fn format(&mut self, name: &str, node: &Node) -> Option<Format> {
        self.word(name, node, &formats::words(), formats::named)
    }

    /// Names of rules; those that there are not are told.
    fn rules(&mut self, name: &str, node: &Node) -> Vec<String> {
        let names = self.texts(name, node);
        for (line, rule) in &names {
            if let Some(message) = rule_names::complaint(rule) {
                self.problems.push(Problem {
                    line: *line,
                    kind: ProblemKind::RuleName,
                    message: format!("{name}: {message}"),
                });
            }
        }
        names.into_iter().map(|(_, rule)| rule).collect()
    }

    fn word<T>(
        &mut self,
        name: &str,
        node: &Node,
        words: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name, node)?;
        let value = read(&text);
        if value.is_none() {
            let message = format!("{name}: there is no `{text}`; write {words}");
            self.wrong(node, message);
        }
        value
    }

    fn text(&mut self, name: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null => None,
            other => {
                let message = format!("{name} is {}, and must be a text", other.kind());
                self.wrong(node, message);
                None
            }
        }
    }

    fn texts(&mut self, name: &str, node: &Node) -> Vec<(usize, String)> {
        let mut texts = Vec::new();
        for item in self.list(name, node) {
            let name = format!("an item of {name}");
            let text = self.text(&name, item);
            texts.extend(text.map(|text| (item.line, text)));
        }
        texts
    }

    fn boolean(&mut self, name: &str, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Null => None,
            other => {
                let kind = other.kind();
                self.wrong(node, format!("{name} is {kind}; write true or false"));
                None
            }
        }
    }

    fn list<'n>(&mut self, name: &str, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            other => {
                let kind = other.kind();
                self.wrong(
                    node,
                    format!("{name} is {kind}, and must be a list: [A, B]"),
                );
                &[]
            }
        }
    }

    fn map<'n>(&mut self, name: &str, node: &'n Node) -> &'n [(Key, Node)] {
        match &node.value {
            Value::Map(map) => map,
            Value::Null => &[],
            other => {
                let kind = other.kind();
                self.wrong(
                    node,
                    format!("{name} is {kind}, and must be keys with values"),
                );
                &[]
            }
        }
    }

    fn wrong(&mut self, node: &Node, message: String) {
        self.problems.push(Problem {
            line: node.line,
            kind: ProblemKind::Value,
            message,
        });
    }

    fn unknown_key(&mut self, key: &Key, known: &[&str]) {
        let near = dockerfile::suggest(&key.name, known.iter().copied());
        let advice = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.problems.push(Problem {
            line: key.line,
            kind: ProblemKind::Key,
            message: format!("there is no key `{}`; {advice}", key.name),
        });
    }
}
