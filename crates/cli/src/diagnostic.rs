//! Shows a diagnostic with the lines of the Dockerfile that it is about, the place marked.

use crate::terminal::clean;
use crate::terminal::style::Style;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dockerfile::{Diagnostic, Severity, Source};
use std::ops::Range;

/// The lines that show it, with a line end.
pub(crate) fn render(diagnostic: &Diagnostic, source: &Source, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::NOTE.with_name("style"),
    };
    // Rules are known by their names; the parser's codes would only be noise.
    let message = match diagnostic.code.starts_with(char::is_uppercase) {
        true => format!(
            "{} ({})",
            clean::line(diagnostic.message.as_bytes()),
            diagnostic.code
        ),
        false => clean::line(diagnostic.message.as_bytes()),
    };
    let help = diagnostic
        .help
        .as_deref()
        .map(|help| clean::line(help.as_bytes()));
    let range = range(diagnostic, source);
    let snippet = Snippet::source(source.text())
        .path(source.name())
        .annotation(AnnotationKind::Primary.span(range));
    let mut group = level.primary_title(message.as_str()).element(snippet);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if style.is_coloured() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group]) + "\n"
}

/// The place as the renderer needs it: inside the text, on character boundaries, and not more than the
/// first lines of a long instruction.
fn range(diagnostic: &Diagnostic, source: &Source) -> Range<usize> {
    const LINES: u32 = 5;
    let text = source.text();
    let start = text.floor_char_boundary(diagnostic.span.start as usize);
    let mut end = text
        .ceil_char_boundary(diagnostic.span.end as usize)
        .max(start);
    let (first, last) = source.lines_of(diagnostic.span);
    if last >= first + LINES {
        let shown = text[start..end].split_inclusive('\n').take(LINES as usize);
        end = start + shown.map(str::len).sum::<usize>();
    }
    while end > start && text.as_bytes()[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::terminal::style::Style;
    use dockerfile::{Diagnostic, Source, Span};

    fn shown(text: &str, start: u32, end: u32) -> String {
        let source = Source::new("Dockerfile", text);
        let diagnostic = Diagnostic::error(
            "unknown-instruction",
            Span { start, end },
            "unknown instruction CPOY",
        )
        .with_help("did you mean COPY?");
        render(&diagnostic, &source, Style::plain())
    }

    #[test]
    fn the_place_is_marked() {
        let want = "\
error: unknown instruction CPOY
 --> Dockerfile:2:1
  |
2 | CPOY a b
  | ^^^^
  |
  = help: did you mean COPY?
";
        assert_eq!(shown("FROM scratch\nCPOY a b\nRUN x\n", 13, 17), want);
    }

    #[test]
    fn any_place_is_survived() {
        assert!(shown("", 0, 0).contains("unknown instruction"));
        assert!(shown("FROM é", 6, 7).contains("FROM é"));
        assert!(shown("FROM a\n", 100, 4_000_000_000).contains("unknown instruction"));
        let long = "RUN a \\\n".repeat(50);
        assert!(shown(&long, 0, 400).lines().count() < 20);
        assert!(!shown("FROM \x1b[2Jx", 5, 6).contains('\x1b'));
    }
}
