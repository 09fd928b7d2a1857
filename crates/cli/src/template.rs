//! `--format '{{.Size}}'`: Go's `text/template`, as Docker fills it in.
//!
//! All of the language is here: fields, variables, pipelines, `if`, `range`, `with`, `define`, and the functions that
//! Docker adds (`json`, `join`, `split`, `lower`, `upper`, `title`, `pad`, `truncate`). Mistakes are told in Go's words,
//! which people look for. Sources: <https://pkg.go.dev/text/template>, <https://pkg.go.dev/fmt>, Docker's "Format
//! command and log output", and what Docker 28 prints.
//!
//! A template comes from outside: how deep it nests, how often it loops and how much it writes is bounded.

mod compare;
mod eval;
mod functions;
mod index;
mod json;
mod lexer;
mod literal;
mod parser;
mod printf;
mod text;
mod tree;
mod value;

use serde_json::Value as Json;
use std::fmt;

/// A template that was read and can be filled in any number of times.
#[derive(Debug)]
pub(crate) struct Template {
    tree: tree::Tree,
}

/// Why a template could not be read or filled in, in Go's words, and perhaps what was meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    message: String,
    hint: Option<String>,
}

impl TemplateError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// What may have been meant.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template parsing error: template: :{}", self.message)
    }
}

impl Template {
    /// Reads a template as `inspect` takes it.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let tree = parser::parse(text, lexer::Escapes::Kept)?;
        Ok(Self { tree })
    }

    /// Reads a template for the rows of a listing. As with Docker, `\t` and `\n` written as two characters mean tab and
    /// new line.
    pub(crate) fn for_rows(text: &str) -> Result<Self, TemplateError> {
        let tree = parser::parse(text, lexer::Escapes::Read)?;
        Ok(Self { tree })
    }

    /// Fills it in with `data` as the dot.
    pub(crate) fn render(&self, data: &Json) -> Result<String, TemplateError> {
        eval::render(&self.tree, &value::Value::of_data(data))
    }
}

#[cfg(test)]
mod tests;
