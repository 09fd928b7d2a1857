use super::bpf::{
    ALLOW, ASK, ERRNO, Fit, IF_ANY_BIT, IF_AT_LEAST, IF_EQUAL, Instruction, JUMP, LOAD, RETURN,
};
use super::table::{CALLS, NONE};
use super::{Architecture, Foreign, NEWEST, Question, compile, questions};
use crate::{Capabilities, Capability};

const EPERM: u32 = ERRNO | 1;
const ENOSYS: u32 = ERRNO | 38;

/// Runs a program as the kernel would, on `struct seccomp_data`.
fn run(program: &[Instruction], architecture: u32, number: u32, first: u64) -> u32 {
    trace(program, architecture, number, [first, 0, 0, 0, 0, 0]).0
}

/// How many instructions it takes to answer a number.
fn steps(program: &[Instruction], architecture: u32, number: u32) -> usize {
    trace(program, architecture, number, [0; 6]).1
}

fn trace(
    program: &[Instruction],
    architecture: u32,
    number: u32,
    arguments: [u64; 6],
) -> (u32, usize) {
    let mut steps = 0;
    let mut accumulator = 0;
    let mut at = 0;
    loop {
        let instruction = program[at];
        at += 1;
        steps += 1;
        let jump = |holds: bool| {
            usize::from(if holds {
                instruction.then
            } else {
                instruction.otherwise
            })
        };
        match instruction.code {
            LOAD => {
                accumulator = match instruction.k {
                    0 => number,
                    4 => architecture,
                    low if low >= 16 && low % 8 == 0 => arguments[(low as usize - 16) / 8] as u32,
                    other => panic!("loads offset {other}"),
                };
            }
            JUMP => at += instruction.k as usize,
            IF_EQUAL => at += jump(accumulator == instruction.k),
            IF_AT_LEAST => at += jump(accumulator >= instruction.k),
            IF_ANY_BIT => at += jump(accumulator & instruction.k != 0),
            RETURN => return (instruction.k, steps),
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

fn number(name: &str, column: usize) -> u32 {
    let call = CALLS.iter().find(|call| call.name == name);
    let number = call
        .unwrap_or_else(|| panic!("{name} is not in the table"))
        .numbers[column];
    assert_ne!(number, NONE, "{name} has no number in column {column}");
    number
}

const ALL: [(Architecture, usize); 4] = [
    (Architecture::X86_64, 0),
    (Architecture::X86_64, 1),
    (Architecture::Aarch64, 2),
    (Architecture::Aarch64, 3),
];

/// Calls `name` under Docker's default capabilities, in every ABI that has it.
#[track_caller]
fn assert_answer(name: &str, first: u64, expected: u32) {
    for (architecture, column) in ALL {
        let audit = architecture.abis()[column % 2].0;
        let program = compile(architecture, Capabilities::DEFAULT);
        let Some(call) = CALLS.iter().find(|call| call.name == name) else {
            panic!("{name} is not in the table")
        };
        if call.numbers[column] != NONE {
            let answer = run(&program, audit, call.numbers[column], first);
            assert_eq!(
                answer, expected,
                "{name}({first:#x}) in column {column}: {answer:#x}"
            );
        }
    }
}

#[test]
fn answers_of_the_default_profile() {
    for name in [
        "read",
        "execve",
        "chroot",
        "openat",
        "mknodat",
        "setgroups",
        "capset",
        "seccomp",
    ] {
        assert_answer(name, 0, ALLOW);
    }
    for name in [
        "mount",
        "unshare",
        "setns",
        "bpf",
        "reboot",
        "init_module",
        "syslog",
        "iopl",
    ] {
        assert_answer(name, 0, EPERM);
    }
    assert_answer("clone3", 0, ENOSYS);
    assert_answer("clone", 17, ALLOW);
    assert_answer("clone", 0x1000_0011, EPERM);
    assert_answer("clone", 0x0002_0000, EPERM);
    assert_answer("personality", 0, ALLOW);
    assert_answer("personality", 0xFFFF_FFFF, ALLOW);
    assert_answer("personality", 0x0040_0000, EPERM);
}

#[test]
fn socket_families() {
    for family in [1, 2, 10, 16, 17, 11, 18, 45] {
        assert_answer("socket", family, ALLOW);
    }
    for family in [12, 19, 38, 40, 46, 0xFFFF_FFFF] {
        assert_answer("socket", family, EPERM);
    }
}

#[test]
fn every_call_of_the_table_is_answered_by_its_rule() {
    for capabilities in [Capabilities::NONE, Capabilities::DEFAULT, Capabilities::ALL] {
        for (architecture, column) in ALL {
            let program = compile(architecture, capabilities);
            let audit = architecture.abis()[column % 2].0;
            for call in CALLS.iter().filter(|call| call.numbers[column] != NONE) {
                let allowed = run(&program, audit, call.numbers[column], 0) == ALLOW;
                let expected = match call.rule.verdict(capabilities) {
                    super::Verdict::Fail(_) => false,
                    super::Verdict::Allow | super::Verdict::AllowIf(_) => true,
                    asks => panic!("the profile asks nobody: {asks:?}"),
                };
                assert_eq!(allowed, expected, "{} in column {column}", call.name);
            }
        }
    }
}

#[test]
fn what_is_not_listed_is_refused_and_what_is_new_does_not_exist() {
    let program = compile(Architecture::X86_64, Capabilities::DEFAULT);
    let answer = |number| run(&program, 0xC000_003E, number, 0);
    assert_eq!(answer(250), EPERM, "keyctl");
    assert_eq!(answer(425), EPERM, "io_uring_setup");
    assert_eq!(answer(NEWEST + 1), ENOSYS);
    assert_eq!(answer(0x4000_0000), ENOSYS, "read of the x32 ABI");
    assert_eq!(answer(u32::MAX), ENOSYS);
}

#[test]
fn capabilities_open_their_calls() {
    let capabilities = Capabilities::DEFAULT.with(Capability::SysAdmin);
    let program = compile(Architecture::X86_64, capabilities);
    for name in ["mount", "clone3", "unshare", "syslog"] {
        assert_eq!(
            run(&program, 0xC000_003E, number(name, 0), 0),
            ALLOW,
            "{name}"
        );
    }
    assert_eq!(
        run(&program, 0xC000_003E, number("clone", 0), 0x1000_0000),
        ALLOW
    );
    assert_eq!(run(&program, 0xC000_003E, number("reboot", 0), 0), EPERM);
}

#[test]
fn another_architecture_is_killed() {
    let program = compile(Architecture::Aarch64, Capabilities::DEFAULT);
    assert_eq!(run(&program, 0xC000_003E, 0, 0), super::bpf::KILL);
}

#[test]
fn numbers_are_those_of_this_machine() {
    #[cfg(target_arch = "x86_64")]
    let column = 0;
    #[cfg(target_arch = "aarch64")]
    let column = 2;
    for (name, expected) in [
        ("read", libc::SYS_read),
        ("clone", libc::SYS_clone),
        ("clone3", libc::SYS_clone3),
        ("execveat", libc::SYS_execveat),
        ("mount_setattr", libc::SYS_mount_setattr),
        ("newfstatat", libc::SYS_newfstatat),
    ] {
        assert_eq!(i64::from(number(name, column)), expected, "{name}");
    }
}

#[test]
fn the_table_is_sorted_and_its_newest_call_is_known() {
    let names: Vec<&str> = CALLS
        .iter()
        .map(|call| call.name.trim_start_matches('_'))
        .collect();
    assert!(names.is_sorted());
    let newest = CALLS
        .iter()
        .map(|call| call.numbers[0])
        .filter(|&number| number != NONE)
        .max();
    assert_eq!(newest, Some(NEWEST));
}

#[test]
fn ids_beyond_are_asked_about() {
    let [(native, _), (other, _)] = Architecture::HOST.abis();
    let question = Question::IfEither([(1, Fit::IsIdFrom(65_536)), (2, Fit::IsIdFrom(1000))]);
    let program = questions::compile([(94, question)].into_iter(), Foreign::Unheard);
    let answer = |abi, number, uid: u32, gid: u32| {
        trace(&program, abi, number, [7, uid.into(), gid.into(), 0, 0, 0]).0
    };
    let none = u32::MAX;
    for (uid, gid) in [(0, 0), (none, none), (65_535, 999), (none, 5), (5, none)] {
        assert_eq!(answer(native, 94, uid, gid), ALLOW, "{uid}:{gid}");
    }
    for (uid, gid) in [
        (65_536, 0),
        (none, 1000),
        (none - 1, none),
        (0, none - 1),
        (70_000, 70_000),
    ] {
        assert_eq!(answer(native, 94, uid, gid), ASK, "{uid}:{gid}");
        assert_eq!(answer(native, 93, uid, gid), ALLOW);
        assert_eq!(answer(native, 0x4000_0000 + 94, uid, gid), ALLOW);
        assert_eq!(answer(other, 94, uid, gid), ALLOW);
    }
}

/// The kernel goes through this for every call, and for every number when the filter is installed.
#[test]
fn no_answer_takes_long() {
    for (architecture, column) in ALL {
        let program = compile(architecture, Capabilities::DEFAULT);
        let audit = architecture.abis()[column % 2].0;
        let longest = (0..600).map(|number| steps(&program, audit, number)).max();
        assert!(
            longest <= Some(20),
            "{longest:?} of {} instructions",
            program.len()
        );
    }
}
