//! The filter that asks a supervisor (seccomp_unotify(2)). It stands beside the profile's, and the stricter answer of the
//! two counts: what the profile refuses nobody is asked about.

use super::Architecture;
use super::bpf::{self, Fit, Instruction, Range, Verdict};
use super::rule::NO_SUCH_CALL;

/// When the supervisor is asked about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Always.
    Always,
    /// If this argument, counted from 0, fits.
    If(u32, Fit),
    /// If one of two fits.
    IfEither([(u32, Fit); 2]),
    /// Never: there is no such call.
    Absent,
}

impl Question {
    const fn verdict(self) -> Verdict {
        match self {
            Self::Always => Verdict::Ask,
            Self::If(argument, fit) => Verdict::AskIf(argument, fit),
            Self::IfEither(both) => Verdict::AskIfEither(both),
            Self::Absent => Verdict::Fail(NO_SUCH_CALL),
        }
    }
}

/// What becomes of calls that have other numbers and structures: those of 32-bit programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// They do not exist, as they would get past the supervisor.
    Absent,
    /// They are made.
    Unheard,
}

impl Foreign {
    const fn verdict(self) -> Verdict {
        match self {
            Self::Absent => Verdict::Fail(NO_SUCH_CALL),
            Self::Unheard => Verdict::Allow,
        }
    }
}

/// The first number of the x32 ABI: `__X32_SYSCALL_BIT`. The other architecture has no numbers that high.
const X32: u32 = 0x4000_0000;

/// The filter that asks about these calls of this machine, and allows all others, as the bytes of `struct sock_filter[]`.
pub(crate) fn questions(calls: impl Iterator<Item = (u32, Question)>, foreign: Foreign) -> Vec<u8> {
    compile(calls, foreign)
        .iter()
        .flat_map(|instruction| instruction.to_bytes())
        .collect()
}

pub(super) fn compile(
    calls: impl Iterator<Item = (u32, Question)>,
    foreign: Foreign,
) -> Vec<Instruction> {
    let block = bpf::by_number(&ranges(calls, foreign));
    let other = bpf::by_number(&[Range {
        start: 0,
        verdict: foreign.verdict(),
    }]);
    let [(native, _), (other_abi, _)] = Architecture::HOST.abis();
    bpf::by_architecture(&[(native, block), (other_abi, other)])
}

fn ranges(calls: impl Iterator<Item = (u32, Question)>, foreign: Foreign) -> Vec<Range> {
    let mut calls: Vec<(u32, Question)> = calls.collect();
    calls.sort_unstable_by_key(|&(number, _)| number);
    let mut ranges = Vec::new();
    let mut next = 0;
    for (number, question) in calls {
        if next < number {
            super::push(&mut ranges, next, Verdict::Allow);
        }
        super::push(&mut ranges, number, question.verdict());
        next = number + 1;
    }
    super::push(&mut ranges, next, Verdict::Allow);
    super::push(&mut ranges, X32, foreign.verdict());
    ranges
}

#[cfg(test)]
mod tests {
    use super::{Fit, Foreign, Question, Range, Verdict, ranges};

    #[test]
    fn what_is_not_asked_about_is_allowed() {
        let calls = [
            (7, Question::Absent),
            (4, Question::Always),
            (5, Question::Always),
            (6, Question::If(1, Fit::Is(10))),
        ];
        let range = |start, verdict| Range { start, verdict };
        let expected = [
            range(0, Verdict::Allow),
            range(4, Verdict::Ask),
            range(6, Verdict::AskIf(1, Fit::Is(10))),
            range(7, Verdict::Fail(38)),
            range(8, Verdict::Allow),
            range(0x4000_0000, Verdict::Fail(38)),
        ];
        assert_eq!(ranges(calls.into_iter(), Foreign::Absent), expected);
    }
}
