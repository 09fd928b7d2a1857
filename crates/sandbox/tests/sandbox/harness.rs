//! A small stand-in for the standard test harness, with as much of its command line as cargo and nextest use.

use std::panic::catch_unwind;
use std::process::ExitCode;

/// A test: its name and what it does.
pub(crate) type Test = (&'static str, fn());

/// The tests of a module, named after their functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[crate::harness::Test] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use tests;

/// Measurements are only run when they are asked for by `--ignored`.
fn is_ignored(name: &str) -> bool {
    name.contains("::cost::")
}

pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-') && *argument != "terse")
        .collect();
    let chosen = tests.iter().filter(|(name, _)| {
        is_ignored(name) == has("--ignored")
            && (names.is_empty()
                || names.iter().any(|wanted| match has("--exact") {
                    true => wanted == name,
                    false => name.contains(wanted.as_str()),
                }))
    });
    if has("--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, test) in chosen {
        // Not on a thread for each: the kernel ties a sandbox to the thread that starts it.
        match catch_unwind(test) {
            Ok(()) => {
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(_) => {
                println!("test {name} ... FAILED");
                failed.push(name);
            }
        }
    }
    println!("\n{passed} passed; {} failed {failed:?}\n", failed.len());
    match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(101),
    }
}
