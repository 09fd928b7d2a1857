//! `--format '{{.Size}}'`: the part of Go's `text/template` that people write on a command line.
//!
//! Fields, variables, pipelines, `if`/`else`, `range`, `with`, and the functions that Docker adds
//! (`json`, `join`, `split`, `lower`, `upper`, `title`, `pad`, `truncate`). Data is JSON, so a field that is not there
//! is an error that says which fields are. Source: <https://pkg.go.dev/text/template>, and
//! Docker's "Format command and log output".

mod eval;
mod functions;
mod lexer;
mod parser;
mod printf;

use serde_json::Value;
use std::fmt;

/// A template that was read and can be filled in any number of times.
#[derive(Debug)]
pub(crate) struct Template {
    nodes: Vec<parser::Node>,
}

/// Why a template could not be read or filled in; the text says what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateError(String);

impl TemplateError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Template {
    /// Reads a template. As with Docker, `\t` and `\n` written as two characters mean tab and
    /// new line.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let nodes = parser::parse(&text)?;
        Ok(Self { nodes })
    }

    /// Fills it in with `data` as the dot.
    pub(crate) fn render(&self, data: &Value) -> Result<String, TemplateError> {
        eval::render(&self.nodes, data)
    }
}

#[cfg(test)]
mod tests;
