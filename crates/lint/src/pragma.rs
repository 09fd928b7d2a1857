//! hadolint's comments: `# hadolint ignore=DL3006,SC2086 # why` above an instruction, `# hadolint stage ignore=…` above a
//! `FROM`, `# hadolint global ignore=…` anywhere.
//!
//! Source: hadolint's README, section "Ignoring Rules", and what version 2.15.1 does.

use dockerfile::Span;

use crate::file::File;

/// What the comments of a file leave out.
#[derive(Debug, Default)]
pub(crate) struct Pragmas<'a> {
    /// In all of the file.
    global: Vec<&'a str>,
    /// In stages: from where to where.
    stages: Vec<(Span, Vec<&'a str>)>,
}

/// How far a comment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the instruction below.
    Instruction,
    /// To all of the stage.
    Stage,
    /// To all of the file.
    Global,
}

impl<'a> Pragmas<'a> {
    pub(crate) fn of(file: &File<'a>) -> Self {
        let mut pragmas = Self::default();
        if file.options.ignores_pragmas {
            return pragmas;
        }
        for comment in &file.dockerfile.comments {
            if let Some((Reach::Global, names)) = read(without_sign(&comment.text)) {
                pragmas.global.extend(names);
            }
        }
        let stages = &file.dockerfile.stages;
        for (index, stage) in stages.iter().enumerate() {
            let end = stages
                .get(index + 1)
                .map_or(u32::MAX, |next| next.span.start);
            let above = file.comments_above(stage.span).into_iter().filter_map(read);
            let of_stage = above.filter(|(reach, _)| *reach == Reach::Stage);
            let names: Vec<&str> = of_stage.flat_map(|(_, names)| names).collect();
            pragmas
                .stages
                .push((Span::new(stage.span.start, end), names));
        }
        pragmas
    }

    /// Whether a comment leaves out what one of these rules finds in an instruction.
    pub(crate) fn ignore(
        &self,
        file: &File<'a>,
        place: Span,
        is_it: impl Fn(&str) -> bool,
    ) -> bool {
        let of_stage = self
            .stages
            .iter()
            .filter(|(stage, _)| stage.start <= place.start && place.start < stage.end);
        let mut names = self
            .global
            .iter()
            .chain(of_stage.flat_map(|(_, names)| names));
        names.any(|name| is_it(name)) || self.is_ignored_above(file, place, is_it)
    }

    fn is_ignored_above(&self, file: &File<'a>, place: Span, is_it: impl Fn(&str) -> bool) -> bool {
        if file.options.ignores_pragmas {
            return false;
        }
        let comments = file.comments_above(place);
        // hadolint looks at the line directly above only.
        let first = match file.options.compatible {
            true => comments.len().saturating_sub(1),
            false => 0,
        };
        let above = comments[first..].iter().filter_map(|comment| read(comment));
        let mut names = above
            .filter(|(reach, _)| *reach == Reach::Instruction)
            .flat_map(|(_, names)| names);
        names.any(is_it)
    }
}

fn without_sign(comment: &str) -> &str {
    comment.strip_prefix('#').unwrap_or(comment).trim()
}

/// Reads a comment without its `#`. One with a sign in its list that no code has says nothing.
pub(crate) fn read(comment: &str) -> Option<(Reach, Vec<&str>)> {
    let rest = comment.strip_prefix("hadolint")?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let (reach, rest) = match (rest.strip_prefix("global"), rest.strip_prefix("stage")) {
        (Some(rest), _) => (Reach::Global, rest),
        (_, Some(rest)) => (Reach::Stage, rest),
        _ => (Reach::Instruction, rest),
    };
    let list = rest.trim_start().strip_prefix("ignore")?.trim_start();
    let list = list.strip_prefix('=')?;
    let list = list.split('#').next().unwrap_or(list);
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let is_code = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    names.iter().all(is_code).then_some((reach, names))
}

#[cfg(test)]
mod tests {
    use super::{Reach, read};

    #[test]
    fn comments_are_read() {
        let read = |text| read(text).map(|(reach, names)| (reach, names.join("+")));
        let is = |reach, names: &str| Some((reach, names.to_owned()));
        assert_eq!(
            read("hadolint ignore=DL3006"),
            is(Reach::Instruction, "DL3006")
        );
        assert_eq!(
            read("hadolint ignore = DL1, SC2 # why"),
            is(Reach::Instruction, "DL1+SC2")
        );
        assert_eq!(read("hadolint global ignore=DL1"), is(Reach::Global, "DL1"));
        assert_eq!(read("hadolint stage ignore=DL1"), is(Reach::Stage, "DL1"));
        assert_eq!(read("hadolint ignore=DL1;DL2"), None);
        assert_eq!(read("hadolint ignore="), None);
        assert_eq!(read("hadolint shell=bash"), None);
        assert_eq!(read("ignore=DL1"), None);
    }
}
