//! Keys and values of a `--mount`, as far as they can be told without the variables.

use super::csv;
use crate::Diagnostic;
use crate::ast::{MountFlag, Word};

/// Takes the value of a `--mount` apart.
pub(crate) fn fields(word: &Word) -> Result<MountFlag, Diagnostic> {
    let error = |message: String| Diagnostic::error("invalid-mount", word.span, message);
    let columns = csv::split(&word.text).map_err(|reason| {
        let message = format!("--mount cannot be read: {reason}: {}", word.text);
        error(message).with_help("write it like --mount=type=bind,target=/x")
    })?;
    let fields: Vec<_> = columns.iter().map(|column| field(column)).collect();
    for (key, value) in &fields {
        if let (true, Some(value)) = (key == "from", value)
            && has_variable(value)
        {
            let message = format!("mount option from takes no variable: {value}");
            let mut error = error(message);
            error.code = "variable-in-from";
            return Err(error.with_help("define a new stage with FROM, and name that"));
        }
    }
    Ok(MountFlag {
        span: word.span,
        fields,
    })
}

fn field(column: &str) -> (String, Option<String>) {
    match column.split_once('=') {
        Some((key, value)) => (key.to_lowercase(), Some(value.to_owned())),
        None => (column.to_lowercase(), None),
    }
}

/// A dollar with anything behind it.
fn has_variable(value: &str) -> bool {
    value.find('$').is_some_and(|at| at + 1 < value.len())
}
