//! The generator of filter programs (`linux/filter.h`, classic BPF).
//!
//! The kernel runs the program for every system call, and once for each number when it is installed. A list of
//! comparisons would take some 400 of them; a binary search over ranges of equal answer takes seven.

/// `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    /// How many instructions to skip if the comparison holds.
    pub(super) then: u8,
    /// How many to skip if not.
    pub(super) otherwise: u8,
    pub(super) k: u32,
}

/// `BPF_LD | BPF_W | BPF_ABS`: loads the word at an offset of `struct seccomp_data`.
pub(super) const LOAD: u16 = 0x20;
/// `BPF_JMP | BPF_JA`: skips k instructions.
pub(super) const JUMP: u16 = 0x05;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
pub(super) const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JGE | BPF_K`.
pub(super) const IF_AT_LEAST: u16 = 0x35;
/// `BPF_JMP | BPF_JSET | BPF_K`.
pub(super) const IF_ANY_BIT: u16 = 0x45;
/// `BPF_RET | BPF_K`.
pub(super) const RETURN: u16 = 0x06;

/// Offset of `nr` in `struct seccomp_data`.
pub(super) const NUMBER: u32 = 0;
/// Offset of `arch`.
pub(super) const ARCHITECTURE: u32 = 4;
/// Offset of the low half of `args[0]`: all of what the kernel looks at in the arguments that are tested.
pub(super) const FIRST_ARGUMENT: u32 = 16;
/// What the next argument is away.
const ARGUMENT: u32 = 8;

/// `SECCOMP_RET_ALLOW`.
pub(super) const ALLOW: u32 = 0x7FFF_0000;
/// `SECCOMP_RET_ERRNO`, to which the errno is added.
pub(super) const ERRNO: u32 = 0x0005_0000;
/// `SECCOMP_RET_USER_NOTIF`.
pub(super) const ASK: u32 = 0x7FC0_0000;
/// `SECCOMP_RET_KILL_PROCESS`.
pub(super) const KILL: u32 = 0x8000_0000;

/// What is answered to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made.
    Allow,
    /// It fails with this errno.
    Fail(u16),
    /// It is made if its first argument fits, else refused.
    AllowIf(Condition),
    /// The supervisor is asked.
    Ask,
    /// The supervisor is asked if this argument, counted from 0, fits; else it is made.
    AskIf(u32, Fit),
    /// The same if one of two fits.
    AskIfEither([(u32, Fit); 2]),
}

impl Verdict {
    /// Not permitted.
    pub(super) const REFUSE: Self = Self::Fail(libc::EPERM as u16);
}

/// A test of the first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// None of these bits is set.
    FirstHasNone(u32),
    /// It is in one of these ranges (with both ends), which ascend and do not touch.
    FirstIn(&'static [(u32, u32)]),
}

/// A test of any argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// One of these bits is set.
    HasAny(u32),
    /// It is this.
    Is(u32),
    /// It is a user or group ID at least as great as this. The last number is none: chown(2).
    IsIdFrom(u32),
}

/// The answer from `start` up to the next range's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) verdict: Verdict,
}

impl Instruction {
    const fn new(code: u16, then: u8, otherwise: u8, k: u32) -> Self {
        Self {
            code,
            then,
            otherwise,
            k,
        }
    }

    /// As the kernel reads it.
    pub(super) fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..2].copy_from_slice(&self.code.to_ne_bytes());
        bytes[2] = self.then;
        bytes[3] = self.otherwise;
        bytes[4..].copy_from_slice(&self.k.to_ne_bytes());
        bytes
    }
}

/// A program that chooses a block by architecture. A call of none of them kills the process: the kernel has no
/// further architecture, so this cannot happen.
pub(super) fn by_architecture(blocks: &[(u32, Vec<Instruction>)]) -> Vec<Instruction> {
    let mut program = vec![Instruction::new(LOAD, 0, 0, ARCHITECTURE)];
    for (architecture, block) in blocks {
        program.push(Instruction::new(IF_EQUAL, 1, 0, *architecture));
        program.push(Instruction::new(JUMP, 0, 0, length(block)));
        program.extend(block);
    }
    program.push(Instruction::new(RETURN, 0, 0, KILL));
    program
}

/// A block that answers by the number of the call. `ranges` starts at 0 and ascends.
pub(super) fn by_number(ranges: &[Range]) -> Vec<Instruction> {
    let mut block = vec![Instruction::new(LOAD, 0, 0, NUMBER)];
    block.extend(search(ranges));
    block
}

/// A binary search for the range of the loaded word; every way through it ends in a return.
fn search(ranges: &[Range]) -> Vec<Instruction> {
    let (left, right) = match ranges {
        [] => return answer(Verdict::REFUSE),
        [only] => return answer(only.verdict),
        more => more.split_at(more.len() / 2),
    };
    let pivot = right[0].start;
    let (left, right) = (search(left), search(right));
    let mut block = match u8::try_from(left.len()) {
        Ok(skip) => vec![Instruction::new(IF_AT_LEAST, skip, 0, pivot)],
        Err(_) => vec![
            Instruction::new(IF_AT_LEAST, 0, 1, pivot),
            Instruction::new(JUMP, 0, 0, length(&left)),
        ],
    };
    block.extend(left);
    block.extend(right);
    block
}

fn answer(verdict: Verdict) -> Vec<Instruction> {
    match verdict {
        Verdict::Allow => vec![Instruction::new(RETURN, 0, 0, ALLOW)],
        Verdict::Fail(errno) => vec![Instruction::new(RETURN, 0, 0, ERRNO | u32::from(errno))],
        Verdict::AllowIf(condition) => test(condition),
        Verdict::Ask => vec![Instruction::new(RETURN, 0, 0, ASK)],
        Verdict::AskIf(argument, fit) => [ask_if(argument, fit), answer(Verdict::Allow)].concat(),
        Verdict::AskIfEither(both) => {
            let [first, second] = both.map(|(argument, fit)| ask_if(argument, fit));
            [first, second, answer(Verdict::Allow)].concat()
        }
    }
}

/// Asks if the argument fits, and goes on if not.
fn ask_if(argument: u32, fit: Fit) -> Vec<Instruction> {
    let load = Instruction::new(LOAD, 0, 0, FIRST_ARGUMENT + ARGUMENT * argument);
    let mut block = vec![load];
    match fit {
        Fit::HasAny(bits) => block.push(Instruction::new(IF_ANY_BIT, 0, 1, bits)),
        Fit::Is(value) => block.push(Instruction::new(IF_EQUAL, 0, 1, value)),
        Fit::IsIdFrom(first) => block.extend([
            Instruction::new(IF_AT_LEAST, 0, 2, first),
            Instruction::new(IF_EQUAL, 1, 0, u32::MAX),
        ]),
    }
    block.push(Instruction::new(RETURN, 0, 0, ASK));
    block
}

fn test(condition: Condition) -> Vec<Instruction> {
    let mut block = vec![Instruction::new(LOAD, 0, 0, FIRST_ARGUMENT)];
    match condition {
        Condition::FirstHasNone(bits) => {
            block.push(Instruction::new(IF_ANY_BIT, 1, 0, bits));
            block.extend(answer(Verdict::Allow));
            block.extend(answer(Verdict::REFUSE));
        }
        Condition::FirstIn(allowed) => block.extend(search(&partition(allowed))),
    }
    block
}

/// The whole number line, allowed inside `allowed` and refused outside.
fn partition(allowed: &[(u32, u32)]) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut next = Some(0);
    for &(start, end) in allowed {
        if next.is_some_and(|next| next < start) {
            ranges.push(Range {
                start: next.unwrap_or(0),
                verdict: Verdict::REFUSE,
            });
        }
        ranges.push(Range {
            start,
            verdict: Verdict::Allow,
        });
        next = end.checked_add(1);
    }
    ranges.extend(next.map(|start| Range {
        start,
        verdict: Verdict::REFUSE,
    }));
    ranges
}

fn length(block: &[Instruction]) -> u32 {
    u32::try_from(block.len()).expect("a filter has some hundred instructions")
}
