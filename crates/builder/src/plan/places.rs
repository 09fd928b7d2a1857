//! Where the words of a step stand in the Dockerfile, to be marked in messages.

use dockerfile::Span;
use dockerfile::ast::{CopyArguments, CopySource, Instruction, Kind};

/// The places of a step's words. A step that a base image's trigger made has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The instruction, or the flag that a step of its own does the work of.
    pub(crate) whole: Option<Span>,
    /// The sources of a `COPY` or `ADD`, in order.
    pub(crate) sources: Vec<Span>,
    /// Its destination.
    pub(crate) destination: Option<Span>,
    /// The value of `--chown`.
    pub(crate) chown: Option<Span>,
    /// The `--mount`s of a `RUN`, in order.
    pub(crate) mounts: Vec<Span>,
}

impl Places {
    /// The places of an instruction's words.
    pub(super) fn of(instruction: &Instruction) -> Self {
        let whole = Some(instruction.span);
        let mut places = Self {
            whole,
            ..Self::default()
        };
        match &instruction.kind {
            Kind::Add(add) => places.arguments(&add.arguments),
            Kind::Copy(copy) => places.arguments(&copy.arguments),
            Kind::Run(run) => places.mounts = run.mounts.iter().map(|flag| flag.span).collect(),
            _ => {}
        }
        places
    }

    fn arguments(&mut self, arguments: &CopyArguments) {
        let place = |source: &CopySource| match source {
            CopySource::Path(word) => word.span,
            CopySource::Heredoc(heredoc) => heredoc.body_span,
        };
        self.sources = arguments.sources.iter().map(place).collect();
        self.destination = Some(arguments.destination.span);
        self.chown = arguments.chown.as_ref().map(|word| word.span);
    }

    /// The place of a flag that a step of its own does the work of.
    pub(super) fn flag(span: Span) -> Self {
        Self {
            whole: Some(span),
            ..Self::default()
        }
    }
}
