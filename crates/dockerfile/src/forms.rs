//! Shell form and exec form: arguments as plain text or as a JSON array of strings.

mod json;

use std::ops::Range;

use crate::ast::{Form, Word};
use crate::keyword::Keyword;
use crate::text::Part;
use crate::{Diagnostic, Span};

/// How the arguments of an instruction are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// As plain text: no JSON array, or a broken one.
    Plain,
    /// As a JSON array of strings, each with its place.
    Json(Vec<Word>),
    /// As a JSON array that holds something else than strings, here.
    NotStrings(Span),
}

impl Arguments {
    /// Reads the arguments that are left when the flags are off.
    pub(crate) fn read(arguments: Part<'_>) -> Self {
        let arguments = arguments.trim();
        let place = |range: Range<usize>| arguments.slice(range).span();
        match json::array(arguments.text()) {
            Err(json::NotAnArray) => Self::Plain,
            Ok(values) => {
                let mut words = Vec::new();
                for value in values {
                    let span = place(value.range);
                    let Some(text) = value.string else {
                        return Self::NotStrings(span);
                    };
                    words.push(Word { text, span });
                }
                Self::Json(words)
            }
        }
    }
}

/// `CMD`, `ENTRYPOINT`, `RUN`: the exec form, or all of the text for the shell.
pub(crate) fn form(arguments: Part<'_>, keyword: Keyword) -> Result<Form, Diagnostic> {
    match Arguments::read(arguments) {
        Arguments::Plain => Ok(Form::Shell(arguments.word())),
        Arguments::Json(words) => Ok(Form::Exec(
            words.into_iter().map(|word| word.text).collect(),
        )),
        Arguments::NotStrings(span) => Err(not_strings(keyword, span)),
    }
}

/// `COPY`, `ADD`, `VOLUME`: the strings of the array, or the words between blanks. In the latter no
/// quote protects a blank.
pub(crate) fn list(arguments: Part<'_>, keyword: Keyword) -> Result<Vec<Word>, Diagnostic> {
    match Arguments::read(arguments) {
        Arguments::Plain => Ok(arguments.words().into_iter().map(Part::word).collect()),
        Arguments::Json(words) => Ok(words),
        Arguments::NotStrings(span) => Err(not_strings(keyword, span)),
    }
}

fn not_strings(keyword: Keyword, span: Span) -> Diagnostic {
    let message = format!(
        "a JSON array for {} must be comprised of strings only",
        keyword.name()
    );
    Diagnostic::error("json-not-strings", span, message).with_help("put the value in double quotes")
}
