//! Shows a diagnostic with the lines of the Dockerfile that it is about, the place marked.

use crate::terminal::clean;
use crate::terminal::style::Style;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dockerfile::{Diagnostic, Severity, Source, Span};
use std::ops::Range;

/// What is shown of something wrong.
#[derive(Debug)]
pub(crate) struct Notice<'a> {
    /// A rule's name.
    pub(crate) code: Option<&'a str>,
    pub(crate) severity: Severity,
    pub(crate) place: Span,
    pub(crate) message: &'a str,
    pub(crate) help: Option<&'a str>,
    /// What would be done to mend it.
    pub(crate) fix: Option<&'a str>,
}

/// The lines that show it, with a line end.
pub(crate) fn render(diagnostic: &Diagnostic, source: &Source, style: Style) -> String {
    let code = diagnostic.code;
    let notice = Notice {
        // Rules are known by their names; the parser's codes would only be noise.
        code: code.starts_with(char::is_uppercase).then_some(code),
        severity: diagnostic.severity,
        place: diagnostic.span,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        fix: None,
    };
    render_notice(&notice, source, style)
}

/// The same for what is no diagnostic of the parser or a rule.
pub(crate) fn render_notice(notice: &Notice<'_>, source: &Source, style: Style) -> String {
    let level = match notice.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::NOTE.with_name("style"),
    };
    let cleaned = |text: &str| clean::line(text.as_bytes());
    let message = match notice.code {
        Some(code) => format!("{} ({code})", cleaned(notice.message)),
        None => cleaned(notice.message),
    };
    let (help, fix) = (notice.help.map(cleaned), notice.fix.map(cleaned));
    let name = cleaned(source.name());
    let (shown, place) = excerpt(notice.place, source);
    let snippet = Snippet::source(&source.text()[shown])
        .line_start(source.lines_of(notice.place).0 as usize)
        .path(name.as_str())
        .annotation(AnnotationKind::Primary.span(place));
    let mut group = level.primary_title(message.as_str()).element(snippet);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    if let Some(fix) = &fix {
        group = group.element(Level::HELP.with_name("fix").message(fix.as_str()));
    }
    let renderer = if style.is_coloured() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group]) + "\n"
}

/// The lines that show several, up to what anybody reads.
pub(crate) fn render_all(diagnostics: &[Diagnostic], source: &Source, style: Style) -> String {
    const SHOWN: usize = 100;
    let shown = diagnostics.iter().take(SHOWN);
    let mut blocks: Vec<String> = shown.map(|d| render(d, source, style)).collect();
    if diagnostics.len() > SHOWN {
        blocks.push(format!("… and {} more\n", diagnostics.len() - SHOWN));
    }
    blocks.join("\n")
}

/// The lines that are shown, the first ones of a long instruction, and the place in them: on character boundaries,
/// without what is blank at its end. Only they are given to the renderer, which goes through all that it gets.
fn excerpt(shown: Span, source: &Source) -> (Range<usize>, Range<usize>) {
    const LINES: usize = 5;
    let text = source.text();
    let start = text.floor_char_boundary(shown.start as usize);
    let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let lines = text[first..].split_inclusive('\n').take(LINES);
    let last = first + lines.map(str::len).sum::<usize>();
    let end = text
        .ceil_char_boundary(shown.end as usize)
        .clamp(start, last.max(start));
    let end = start + text[start..end].trim_ascii_end().len();
    let line_end = text[end..]
        .find('\n')
        .map_or(text.len(), |newline| end + newline);
    (first..line_end, start - first..end - first)
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
    fn of_many_the_first_are_shown() {
        let source = Source::new("Dockerfile", "FROM a\n");
        let one = Diagnostic::error("x", Span { start: 0, end: 4 }, "wrong");
        let all = super::render_all(&vec![one; 1000], &source, Style::plain());
        assert!(all.ends_with("\n… and 900 more\n") && all.matches("wrong").count() == 100);
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
