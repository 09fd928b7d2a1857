//! The system call filter (seccomp(2), `SECCOMP_SET_MODE_FILTER`): Docker's default profile as a BPF program.

mod bpf;
mod questions;
mod rule;
mod table;

use crate::Capabilities;
pub(crate) use bpf::Fit;
use bpf::{Range, Verdict};
pub(crate) use questions::{Foreign, Question, questions};
use rule::NO_SUCH_CALL;
use table::{CALLS, NONE};

/// The newest call that the profile was written with. What is newer than that does not exist for the sandboxed
/// program, so that its libraries fall back to what does; runc does the same for calls its profile predates.
const NEWEST: u32 = 466;

/// A processor architecture: its own calls, and those of the 32-bit programs that it runs too.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "each build makes filters for its own architecture only"
    )
)]
enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    #[cfg(target_arch = "x86_64")]
    const HOST: Self = Self::X86_64;
    #[cfg(target_arch = "aarch64")]
    const HOST: Self = Self::Aarch64;

    /// The `AUDIT_ARCH_*` numbers (`linux/audit.h`) with the table's columns: native first, then 32-bit.
    const fn abis(self) -> [(u32, usize); 2] {
        match self {
            Self::X86_64 => [(0xC000_003E, 0), (0x4000_0003, 1)],
            Self::Aarch64 => [(0xC000_00B7, 2), (0x4000_0028, 3)],
        }
    }
}

/// The filter for a process that can have `capabilities`, as the bytes of `struct sock_filter[]`.
pub(crate) fn program(capabilities: Capabilities) -> Vec<u8> {
    compile(Architecture::HOST, capabilities)
        .iter()
        .flat_map(|instruction| instruction.to_bytes())
        .collect()
}

fn compile(architecture: Architecture, capabilities: Capabilities) -> Vec<bpf::Instruction> {
    let abis = architecture
        .abis()
        .map(|(audit, column)| (audit, bpf::by_number(&ranges(column, capabilities))));
    bpf::by_architecture(&abis)
}

/// What is answered to each number of an ABI, as ranges in ascending order without gaps.
fn ranges(column: usize, capabilities: Capabilities) -> Vec<Range> {
    let mut calls: Vec<(u32, Verdict)> = CALLS
        .iter()
        .map(|call| (call.numbers[column], call.rule.verdict(capabilities)))
        .filter(|&(number, _)| number != NONE)
        .collect();
    calls.sort_unstable_by_key(|&(number, _)| number);
    let mut ranges = Vec::new();
    let mut next = 0;
    for (number, verdict) in calls {
        push_gap(&mut ranges, next, number);
        push(&mut ranges, number, verdict);
        next = number + 1;
    }
    push_gap(&mut ranges, next, NONE);
    ranges
}

/// The numbers from `start` up to `end` that are in no list: refused, or unknown if they are too new.
fn push_gap(ranges: &mut Vec<Range>, start: u32, end: u32) {
    let border = (NEWEST + 1).clamp(start, end.max(start));
    if start < border {
        push(ranges, start, Verdict::REFUSE);
    }
    if border < end {
        push(ranges, border, Verdict::Fail(NO_SUCH_CALL));
    }
}

fn push(ranges: &mut Vec<Range>, start: u32, verdict: Verdict) {
    if ranges.last().is_none_or(|last| last.verdict != verdict) {
        ranges.push(Range { start, verdict });
    }
}

#[cfg(test)]
mod tests;
