//! The text that a shell is given, every byte of which knows where it stands in the Dockerfile.

use std::ops::Range;

use dockerfile::ast::{Form, Run, Word};
use dockerfile::{Escape, Heredoc, Source, Span};

/// The text that a shell is given, and where its bytes come from.
///
/// The two differ: the Dockerfile's continuation signs, and the comments and blank lines between continued lines, never
/// reach the shell; a `<<-` loses its tabs; and between backquotes backslashes go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    text: String,
    pieces: Vec<Piece>,
}

/// A run of bytes that stands in one piece in the Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: usize,
    source: u32,
}

impl Script {
    /// A text that is the whole source.
    pub fn whole(text: &str) -> Self {
        let mut script = Self::default();
        script.push(0, text);
        script
    }

    /// A text that does not stand in the source as it is: each of its bytes is at the start of `span`.
    pub(crate) fn unplaced(text: &str, span: Span) -> Self {
        let mut script = Self::default();
        script.push_unplaced(text, span);
        script
    }

    /// A text that stands in one piece in the source, from `start` on.
    pub(crate) fn placed(text: &str, start: u32) -> Self {
        let mut script = Self::default();
        script.push(start, text);
        script
    }

    /// What the shell form of a `RUN` gives to the shell: its text with the heredocs behind it, or, where it is nothing
    /// but a heredoc, the lines of that. Nothing for the exec form.
    ///
    /// An instruction of a base's `ONBUILD` has no text in this file, and its places mean nothing here.
    pub fn of_run(source: &Source, run: &Run, escape: Escape) -> Option<Self> {
        let Form::Shell(command) = &run.command else {
            return None;
        };
        let mut script = Self::default();
        if let [only] = run.heredocs.as_slice()
            && is_only_a_heredoc(&command.text)
        {
            script.push_body(source, only, &only.body);
            return Some(script);
        }
        script.push_joined(source, command, escape);
        for heredoc in &run.heredocs {
            script.push(heredoc.span.end, "\n");
            script.push_body(source, heredoc, &heredoc.written);
            script.push(end_line(source, heredoc), &heredoc.name);
        }
        Some(script)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The program that a `#!` on the first line names, without its folder: the shell does not read the text then, if it
    /// is a heredoc alone. `env` and its flags are left out.
    pub fn interpreter(&self) -> Option<&str> {
        let line = self.text.lines().next()?.strip_prefix("#!")?;
        let is_program = |word: &&str| !word.starts_with('-') && name(word) != "env";
        line.split_whitespace().find(is_program).map(name)
    }

    /// Where a part of the text stands in the Dockerfile. An empty part stands directly behind what is before it.
    pub fn place(&self, range: Range<usize>) -> Span {
        let end = range.end.checked_sub(1).map(|last| self.source(last) + 1);
        let end = end.unwrap_or_else(|| self.source(0));
        let start = if range.is_empty() {
            end
        } else {
            self.source(range.start)
        };
        Span::new(start, end)
    }

    /// Puts a text behind what is there, which stands in one piece in the source.
    pub(super) fn push(&mut self, source: u32, text: &str) {
        let start = self.text.len();
        self.pieces.push(Piece { start, source });
        self.text.push_str(text);
    }

    /// Puts a part of another script behind what is there, with its places.
    pub(super) fn push_part(&mut self, other: &Self, range: Range<usize>) {
        let mut start = range.start;
        let behind = other
            .pieces
            .partition_point(|piece| piece.start <= range.start);
        let ends = other.pieces[behind..].iter().map(|piece| piece.start);
        for end in ends.take_while(|end| *end < range.end).chain([range.end]) {
            self.push(other.source(start), &other.text[start..end]);
            start = end;
        }
    }

    /// Where the byte at `offset` stands in the source.
    fn source(&self, offset: usize) -> u32 {
        let behind = self.pieces.partition_point(|piece| piece.start <= offset);
        let Some(piece) = behind.checked_sub(1).map(|index| self.pieces[index]) else {
            return 0;
        };
        piece.source.saturating_add(length(offset - piece.start))
    }

    /// Puts the joined text of an instruction behind what is there: the source is joined once more, the way the
    /// Dockerfile's parser does it, to see which lines went into it.
    fn push_joined(&mut self, source: &Source, word: &Word, escape: Escape) {
        let mut joined = Self::default();
        let mut at = word.span.start;
        let mut is_continued = false;
        // What the last line lost: no newline comes behind its sign, if blanks of other kinds were taken off there.
        let mut lost = (at, "");
        for whole in source.slice(word.span).split_inclusive('\n') {
            let line = whole.trim_end_matches('\n').trim_end_matches('\r');
            let content = line.trim_start();
            if !is_continued || !(content.is_empty() || content.starts_with('#')) {
                let kept = without_continuation(line, escape);
                joined.push(at, kept);
                lost = (at + length(kept.len()), &line[kept.len()..]);
                is_continued = true;
            }
            at += length(whole.len());
        }
        if joined.text != word.text {
            joined.push(lost.0, lost.1);
        }
        match joined.text == word.text {
            true => self.push_part(&joined, 0..word.text.len()),
            false => self.push_unplaced(&word.text, word.span),
        }
    }

    /// Puts the lines of a heredoc behind what is there: those of the source, or what is left of them without tabs.
    fn push_body(&mut self, source: &Source, heredoc: &Heredoc, body: &str) {
        let mut at = heredoc.body_span.start;
        let mut lines = body.split_inclusive('\n');
        for written in source.slice(heredoc.body_span).split_inclusive('\n') {
            let Some(line) = lines.next() else { break };
            match written.strip_suffix(line) {
                Some(tabs) => self.push(at + length(tabs.len()), line),
                None => self.push_unplaced(line, heredoc.body_span),
            }
            at += length(written.len());
        }
        lines.for_each(|line| self.push_unplaced(line, heredoc.body_span));
    }

    /// Puts a text behind what is there that does not stand in the source: each of its bytes is at the start of `span`.
    fn push_unplaced(&mut self, text: &str, span: Span) {
        for sign in text.split_inclusive(|_: char| true) {
            self.push(span.start, sign);
        }
    }
}

/// The name of a program, without its folder.
pub(super) fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Where the word of the line that ends a heredoc stands: before it may be tabs.
fn end_line(source: &Source, heredoc: &Heredoc) -> u32 {
    let behind = Span::new(heredoc.body_span.end, source.end());
    let line = source.slice(behind);
    let tabs = line.len() - line.trim_start_matches('\t').len();
    behind.start + if heredoc.strip_tabs { length(tabs) } else { 0 }
}

/// Whether a command's text is nothing but one `<<WORD`.
fn is_only_a_heredoc(text: &str) -> bool {
    let Some(word) = text.trim().strip_prefix("<<") else {
        return false;
    };
    let word = word.trim_start_matches('-').trim_start();
    !word.is_empty() && !word.contains(char::is_whitespace)
}

/// A line without its continuation sign and the blanks behind that.
fn without_continuation(line: &str, escape: Escape) -> &str {
    let sign = escape.sign();
    match line.trim_end_matches([' ', '\t']).strip_suffix(sign) {
        Some(text) if !text.ends_with(sign) => text,
        _ => line,
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
