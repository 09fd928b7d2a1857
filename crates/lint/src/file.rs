//! The file that rules look at.

use std::cell::OnceCell;
use std::collections::HashMap;

use dockerfile::ast::{Instruction, Kind, Stage};
use dockerfile::{Diagnostic, Dockerfile, Parsed, Source, Span};

use crate::analysis::{self, Analysis, Origin, Step};
use crate::rules::scripts::{self, Reported};
use crate::runs::{RunStep, runs};
use crate::{Facts, Options, alike};

/// A file: its text, its tree, what its instructions come to, and what else is known.
#[derive(Debug)]
pub(crate) struct File<'a> {
    /// The text.
    pub(crate) source: &'a Source,
    /// The syntax tree.
    pub(crate) dockerfile: &'a Dockerfile,
    /// What is wrong with the text, so that it cannot be built.
    pub(crate) errors: &'a [Diagnostic],
    /// What is known beside the text.
    pub(crate) facts: &'a Facts<'a>,
    /// What the rules were told to do.
    pub(crate) options: &'a Options,
    /// What the instructions come to.
    pub(crate) analysis: Analysis,
    /// The comment on a line, as an index into those of the tree.
    comments: HashMap<u32, usize>,
    /// The `RUN`s, once somebody asked for them.
    runs: OnceCell<Vec<RunStep<'a>>>,
    /// What is found in their scripts, once somebody asked for it.
    scripts: OnceCell<Vec<Reported>>,
}

/// An instruction that the build needs, and what it comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    /// The instruction.
    pub(crate) instruction: &'a Instruction,
    /// What it comes to.
    pub(crate) step: &'a Step,
}

impl At<'_> {
    /// The place of a part of it: a trigger has no text of its own in this file.
    pub(crate) fn place_of(self, part: Span) -> Span {
        match self.step.origin {
            Origin::Text(_) => part,
            Origin::Trigger(_) => self.step.place,
        }
    }
}

impl<'a> File<'a> {
    /// A file that was parsed.
    pub(crate) fn new(
        source: &'a Source,
        parsed: &'a Parsed,
        facts: &'a Facts<'a>,
        options: &'a Options,
    ) -> Self {
        let dockerfile = &parsed.dockerfile;
        let lines = dockerfile.comments.iter().enumerate();
        Self {
            source,
            dockerfile,
            errors: &parsed.diagnostics,
            facts,
            options,
            runs: OnceCell::new(),
            scripts: OnceCell::new(),
            analysis: analysis::analyse(dockerfile, facts),
            comments: lines
                .map(|(index, comment)| (source.line(comment.span.start), index))
                .collect(),
        }
    }

    /// The stages that the build needs, with their instructions, the base's triggers first.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&Stage, Vec<At<'_>>)> {
        let stages = self.dockerfile.stages.iter().zip(&self.analysis.stages);
        stages
            .filter(|(_, analysed)| analysed.is_needed)
            .map(|(stage, analysed)| {
                let steps = analysed.steps.iter();
                let at = steps.map(|step| At {
                    instruction: match &step.origin {
                        Origin::Text(index) => &stage.instructions[*index],
                        Origin::Trigger(instruction) => instruction,
                    },
                    step,
                });
                (stage, at.collect())
            })
    }

    /// All instructions that the build needs.
    pub(crate) fn steps(&self) -> impl Iterator<Item = At<'_>> {
        self.stages().flat_map(|(_, steps)| steps)
    }

    /// The `RUN`s of all stages, in the order of the text, those behind `ONBUILD` among them.
    pub(crate) fn runs(&self) -> &[RunStep<'a>] {
        self.runs.get_or_init(|| {
            let mut runs = runs(self.source, self.dockerfile);
            if self.options.compatible {
                alike::read_alike(self.source, self.dockerfile, &mut runs);
            }
            runs
        })
    }

    /// What ShellCheck's rules find in the scripts of the `RUN`s: they look at them together.
    pub(crate) fn in_scripts(&self) -> &[Reported] {
        self.scripts.get_or_init(|| scripts::report(self))
    }

    /// All instructions of the text but `FROM`, those of no stage first.
    pub(crate) fn instructions(&self) -> impl Iterator<Item = &'a Instruction> {
        let file = self.dockerfile;
        let of_stages = file.stages.iter().flat_map(|stage| &stage.instructions);
        file.global_args.iter().chain(of_stages)
    }

    /// A place in the text, or the start of the character that it lies in.
    pub(crate) fn floor(&self, at: u32) -> u32 {
        let floor = self.source.text().floor_char_boundary(at as usize);
        u32::try_from(floor).unwrap_or(at)
    }

    /// The comment lines directly above a place, from the top down, without their `#` and the blanks around.
    pub(crate) fn comments_above(&self, place: Span) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut line = self.source.line(place.start);
        while let Some(&index) = line
            .checked_sub(1)
            .and_then(|above| self.comments.get(&above))
        {
            let text = self.dockerfile.comments[index].text.as_str();
            found.push(text.strip_prefix('#').unwrap_or(text).trim());
            line -= 1;
        }
        found.reverse();
        found
    }
}

/// The place of the first heredoc body of an instruction.
pub(crate) fn first_body(instruction: &Instruction) -> Option<Span> {
    use dockerfile::ast::CopySource::{Heredoc, Path};
    let sources = match &instruction.kind {
        Kind::Run(run) => return run.heredocs.first().map(|heredoc| heredoc.body_span),
        Kind::Onbuild(onbuild) => return first_body(&onbuild.instruction),
        Kind::Copy(copy) => &copy.arguments.sources,
        Kind::Add(add) => &add.arguments.sources,
        _ => return None,
    };
    sources.iter().find_map(|source| match source {
        Heredoc(heredoc) => Some(heredoc.body_span),
        Path(_) => None,
    })
}
