//! Parser directives: `# name=value` comments at the top of the file.

use super::Lexed;
use super::lines::Line;
use crate::ast::{Escape, Word};
use crate::{Diagnostic, Span};

/// Whether directives are still read: up to the first line that is none.
#[derive(Debug, Default)]
pub(super) struct Zone {
    closed: bool,
    seen: Vec<Name>,
    past_first_line: bool,
}

/// The directives there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Syntax,
    Escape,
    Check,
}

impl Zone {
    /// Takes a line if it is a directive.
    pub(super) fn read(&mut self, line: Line<'_>, lexed: &mut Lexed) -> bool {
        let is_first = !std::mem::replace(&mut self.past_first_line, true);
        if self.closed || (is_first && line.text.starts_with("#!")) {
            return false;
        }
        let Some((name, value)) = directive(line) else {
            self.closed = true;
            return false;
        };
        if self.seen.contains(&name) {
            lexed.diagnostics.push(name.twice(line.span()));
        } else {
            self.seen.push(name);
            name.set(value, lexed);
        }
        true
    }
}

/// A line that is a directive we know: `#`, blanks, a name, `=`, and a value, with blanks between.
fn directive(line: Line<'_>) -> Option<(Name, Word)> {
    let (name, value) = line.text.strip_prefix('#')?.split_once('=')?;
    let name = Name::parse(name.trim())?;
    let from_left = value.trim_start();
    let start = line.span().end - u32::try_from(from_left.len()).ok()?;
    let text = from_left.trim_end().to_owned();
    let end = start + u32::try_from(text.len()).ok()?;
    (!text.is_empty()).then(|| {
        (
            name,
            Word {
                text,
                span: Span::new(start, end),
            },
        )
    })
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "syntax" => Some(Self::Syntax),
            "escape" => Some(Self::Escape),
            "check" => Some(Self::Check),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }

    fn twice(self, span: Span) -> Diagnostic {
        let message = format!("only one {} parser directive can be used", self.as_str());
        Diagnostic::error("duplicate-directive", span, message)
    }

    fn set(self, value: Word, lexed: &mut Lexed) {
        match self {
            Self::Syntax => lexed.directives.syntax = Some(value),
            Self::Check => lexed.directives.check = Some(value),
            Self::Escape => match value.text.as_str() {
                "\\" => lexed.directives.escape = Escape::Backslash,
                "`" => lexed.directives.escape = Escape::Backtick,
                other => {
                    let message = format!("invalid escape token '{other}' does not match ` or \\");
                    let error = Diagnostic::error("invalid-escape", value.span, message);
                    lexed.diagnostics.push(error);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lexer::{Lexed, lex};
    use crate::{Escape, Source};

    fn lexed(text: &str) -> Lexed {
        lex(&Source::new("Dockerfile", text))
    }

    #[test]
    fn all_that_stand_together_at_the_top_count() {
        let lexed =
            lexed("#!/usr/bin/env carafe\n# syntax = a/b:1 \n  #  eScApE=`\n#check=skip=all\n");
        let directives = lexed.directives;
        assert_eq!(directives.syntax.expect("it is there").text, "a/b:1");
        assert_eq!(directives.escape, Escape::Backtick);
        assert_eq!(directives.check.expect("it is there").text, "skip=all");
        assert_eq!(lexed.comments.len(), 1);
    }

    #[test]
    fn anything_else_ends_them() {
        for before in [
            "\n",
            "# a note\n",
            "# note=x\n",
            "# escape=\n",
            "FROM x\n",
            " \t\n",
            "#!x\n#!x\n",
        ] {
            let lexed = lexed(&format!("{before}# escape=`\n"));
            assert_eq!(lexed.directives.escape, Escape::Backslash, "{before:?}");
        }
    }

    #[test]
    fn twice_and_unknown_values_are_errors() {
        let codes = |text: &str| -> Vec<_> {
            lexed(text)
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.code)
                .collect()
        };
        assert_eq!(codes("# escape=`\n# escape=\\\n"), ["duplicate-directive"]);
        assert_eq!(codes("# escape=%\n"), ["invalid-escape"]);
    }
}
