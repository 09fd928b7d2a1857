//! A document that is open in the editor, and what there is to say about it.

use std::cell::OnceCell;

use dockerfile::{Diagnostic, Parsed, Source, Span};
use lint::{Finding, Settings};

use super::mentions::Mentions;
use super::params::Change;
use super::position::{Encoding, Lines, Position, Range};
use super::surroundings::Surroundings;
use super::uri;

/// The longest Dockerfile, as in `carafe build`.
const LIMIT: usize = 16 << 20;

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its name.
    pub(super) uri: String,
    /// Its version, by the client's count.
    pub(super) version: Option<i64>,
    /// What its rules are told.
    pub(super) surroundings: Surroundings,
    text: String,
    encoding: Encoding,
    reading: OnceCell<Reading>,
}

/// What a text says, as far as anybody asks.
#[derive(Debug)]
pub(super) struct Reading {
    /// The text.
    pub(super) source: Source,
    /// The tree.
    pub(super) parsed: Parsed,
    /// What the rules find.
    pub(super) findings: Vec<Finding>,
    /// What else is wrong.
    pub(super) errors: Vec<Diagnostic>,
    lines: Lines,
    encoding: Encoding,
    /// How far in the first line the source's text begins: behind a byte order mark, which is no part of it.
    indent: u32,
    mentions: OnceCell<Mentions>,
}

impl Document {
    /// A document as the client opens it.
    pub(super) fn open(
        uri: String,
        version: Option<i64>,
        text: String,
        encoding: Encoding,
    ) -> Self {
        let surroundings = Surroundings::of(uri::path(&uri).as_deref());
        Self {
            uri,
            version,
            surroundings,
            text,
            encoding,
            reading: OnceCell::new(),
        }
    }

    /// Applies changes of the client, one after the other.
    pub(super) fn change(&mut self, version: Option<i64>, changes: Vec<Change>) {
        for change in changes {
            apply(&mut self.text, change, self.encoding);
        }
        self.version = version;
        self.reading = OnceCell::new();
    }

    /// Reads the surroundings again.
    pub(super) fn look_around(&mut self) {
        self.surroundings = Surroundings::of(uri::path(&self.uri).as_deref());
        self.reading = OnceCell::new();
    }

    /// What the text says.
    pub(super) fn reading(&self) -> &Reading {
        self.reading.get_or_init(|| Reading::of(self))
    }
}

impl Reading {
    fn of(document: &Document) -> Self {
        let text = &document.text;
        let name = uri::path(&document.uri);
        let name = name.map_or_else(|| document.uri.clone(), |path| path.display().to_string());
        let is_too_long = text.len() > LIMIT;
        let source = Source::new(name, if is_too_long { "" } else { text });
        let indent = match (text.starts_with('\u{feff}'), document.encoding) {
            (false, _) => 0,
            (true, Encoding::Utf8) => 3,
            (true, Encoding::Utf16) => 1,
        };
        let parsed = dockerfile::parse(&source);
        let mut reading = Self {
            lines: Lines::of(source.text()),
            encoding: document.encoding,
            indent,
            errors: parsed.diagnostics.clone(),
            findings: Vec::new(),
            mentions: OnceCell::new(),
            source,
            parsed,
        };
        if is_too_long {
            let message = format!("a Dockerfile has at most {} MiB", LIMIT >> 20);
            reading.errors = vec![Diagnostic::error("too-long", Span::new(0, 0), message)];
        } else {
            reading.lint(&document.surroundings);
        }
        reading
    }

    /// Asks the rules. What could not be read is not in the tree: they look at the rest, so that findings do not come and go
    /// with every word that is half typed.
    fn lint(&mut self, surroundings: &Surroundings) {
        let settings = Settings::of(&self.parsed).unwrap_or_else(|wrong| {
            self.errors.push(wrong);
            Settings::default()
        });
        self.findings = lint::lint(
            &self.source,
            &self.parsed,
            &settings,
            &surroundings.options,
            &surroundings.facts(),
        );
    }

    /// Stages and variables, and where they stand.
    pub(super) fn mentions(&self) -> &Mentions {
        self.mentions
            .get_or_init(|| Mentions::of(&self.source, &self.parsed.dockerfile))
    }

    /// A place of the source as the client counts.
    pub(super) fn range(&self, place: Span) -> Range {
        Range {
            start: self.position(place.start),
            end: self.position(place.end),
        }
    }

    /// The byte of the source at a place of the client.
    pub(super) fn byte(&self, mut place: Position) -> u32 {
        if place.line == 0 {
            place.character = place.character.saturating_sub(self.indent);
        }
        let byte = self.lines.byte(self.source.text(), place, self.encoding);
        u32::try_from(byte).unwrap_or_else(|_| self.source.end())
    }

    /// The part of the source that a place of the client's is.
    pub(super) fn span(&self, range: Range) -> Span {
        Span::new(self.byte(range.start), self.byte(range.end))
    }

    fn position(&self, byte: u32) -> Position {
        let text = self.source.text();
        let mut place = self.lines.position(text, byte as usize, self.encoding);
        if place.line == 0 {
            place.character += self.indent;
        }
        place
    }
}

/// Puts a change into a text.
fn apply(text: &mut String, change: Change, encoding: Encoding) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let lines = Lines::of(text);
    let start = lines.byte(text, range.start, encoding);
    let end = lines.byte(text, range.end, encoding).max(start);
    text.replace_range(start..end, &change.text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENCODINGS: [Encoding; 2] = [Encoding::Utf8, Encoding::Utf16];

    fn changed(text: &str, changes: Vec<Change>, encoding: Encoding) -> String {
        let mut document = Document::open("untitled:1".to_owned(), None, text.to_owned(), encoding);
        document.change(Some(2), changes);
        document.text
    }

    fn change(start: (u32, u32), end: (u32, u32), text: &str) -> Change {
        let at = |(line, character)| Position { line, character };
        Change {
            range: Some(Range {
                start: at(start),
                end: at(end),
            }),
            text: text.to_owned(),
        }
    }

    #[test]
    fn changes_come_one_after_the_other() {
        let changes = vec![
            change((0, 5), (0, 6), "debian"),
            change((0, 11), (0, 11), ":12"),
            change((9, 9), (9, 9), "RUN x\n"),
            change((1, 4), (0, 0), "y"),
        ];
        let text = changed("FROM a\n", changes, Encoding::Utf16);
        assert_eq!(text, "FROM debian:12\nRUN yx\n");
        let all = Change {
            range: None,
            text: "FROM b".to_owned(),
        };
        assert_eq!(changed("FROM a\n", vec![all], Encoding::Utf16), "FROM b");
    }

    #[test]
    fn a_byte_order_mark_takes_room_in_its_line() {
        for (encoding, column) in [(Encoding::Utf8, 8), (Encoding::Utf16, 6)] {
            let text = "\u{feff}FROM 😀 AS b\nCPOY a b\n".to_owned();
            let document = Document::open("untitled:1".to_owned(), None, text, encoding);
            let reading = document.reading();
            let base = reading.parsed.dockerfile.stages[0].base.span;
            let range = reading.range(base);
            assert_eq!((range.start.line, range.start.character), (0, column));
            assert_eq!(reading.span(range), base);
            let start = Position::default();
            assert_eq!(reading.byte(start), 0);
            let error = reading.range(reading.errors[0].span);
            assert_eq!((error.start.line, error.start.character), (1, 0));
        }
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let text = "FROM a\n".repeat(LIMIT / 7 + 1);
        let document = Document::open("untitled:1".to_owned(), None, text, Encoding::Utf8);
        let reading = document.reading();
        assert_eq!(reading.errors[0].code, "too-long");
        assert_eq!(reading.findings.len(), 0);
    }

    /// Texts of what there is to trip over.
    fn texts() -> impl Strategy<Value = String> {
        const PARTS: &[&str] = &[
            "FROM", "a", "é", "😀", "\n", "\r\n", "\r", " ", "\\", "\u{feff}",
        ];
        prop::collection::vec(prop::sample::select(PARTS), 0..20).prop_map(|parts| parts.concat())
    }

    proptest! {
        /// A client that changes parts has the same text as one that sends all of it.
        #[test]
        fn changes_of_parts_give_the_whole(
            text in texts(),
            edits in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64, texts()), 0..6),
        ) {
            for encoding in ENCODINGS {
                let mut whole = text.clone();
                let mut changes = Vec::new();
                for (from, to, new) in &edits {
                    let lines = Lines::of(&whole);
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
                    let place = |part: f64| {
                        let at = (part * (whole.len() + 1) as f64) as usize;
                        lines.position(&whole, at, encoding)
                    };
                    let (start, end) = (place(*from).min(place(*to)), place(*from).max(place(*to)));
                    let bytes = lines.byte(&whole, start, encoding)..lines.byte(&whole, end, encoding);
                    changes.push(Change { range: Some(Range { start, end }), text: new.clone() });
                    whole.replace_range(bytes, new);
                }
                prop_assert_eq!(changed(&text, changes, encoding), whole);
            }
        }

        /// Whatever a client says, there is a text afterwards, and something to say about it.
        #[test]
        fn any_change_is_survived(
            text in texts(),
            edits in prop::collection::vec((0_u32..9, 0_u32..20, 0_u32..9, 0_u32..20, texts()), 0..6),
        ) {
            for encoding in ENCODINGS {
                let changes = edits.iter().map(|(a, b, c, d, new)| change((*a, *b), (*c, *d), new)).collect();
                let text = changed(&text, changes, encoding);
                let document = Document::open("file:///Dockerfile".to_owned(), None, text, encoding);
                let reading = document.reading();
                for error in &reading.errors {
                    let range = reading.range(error.span);
                    prop_assert!(range.start <= range.end);
                }
            }
        }
    }
}
