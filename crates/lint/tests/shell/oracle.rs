//! What is a script, asked of bash and dash, which read it and run nothing (`-n`). Where they disagree with the parser,
//! `differences.txt` says why; nothing else may differ, and nothing in that file may agree.

use std::collections::BTreeSet;
use std::process::Command;

use lint::shell::{Dialect, Script, parse};

use crate::bodies;

#[test]
fn dash_agrees() {
    check(Dialect::Sh, "sh");
}

#[test]
fn bash_agrees() {
    check(Dialect::Bash, "bash");
}

fn check(dialect: Dialect, name: &str) {
    let mut scripts = bodies::written("snippets.txt");
    assert!(scripts.len() > 150, "{}", scripts.len());
    let bodies = bodies::of_dockerfiles();
    assert!(bodies.len() > 300, "{}", bodies.len());
    scripts.extend(bodies);
    let differs = |text: &String| {
        is_accepted(text, dialect) != parse(&Script::whole(text), dialect).is_accepted()
    };
    let found: BTreeSet<String> = scripts.into_iter().filter(differs).collect();
    let expected = differences(name);
    let surprising: Vec<_> = found.difference(&expected).collect();
    let agreeing: Vec<_> = expected.difference(&found).collect();
    assert!(
        surprising.is_empty(),
        "{name} differs about {surprising:#?}"
    );
    assert!(agreeing.is_empty(), "{name} agrees about {agreeing:#?}");
}

/// The scripts about which a shell and the parser differ, behind `SHELL: REASON`.
fn differences(shell: &str) -> BTreeSet<String> {
    let blocks = bodies::written("differences.txt").into_iter();
    let blocks = blocks.filter_map(|block| {
        let (head, script) = block
            .split_once('\n')
            .expect("a reason stands above the script");
        let (shells, reason) = head
            .split_once(": ")
            .expect("shells stand before the reason");
        assert!(!reason.is_empty());
        shells
            .split(", ")
            .any(|named| named == shell)
            .then(|| script.to_owned())
    });
    blocks.collect()
}

/// Whether the shell takes a script. bash says so of some errors, and goes on.
fn is_accepted(text: &str, dialect: Dialect) -> bool {
    let shell = match dialect {
        Dialect::Sh => "dash",
        Dialect::Bash => "bash",
    };
    let output = Command::new(shell)
        .args(["-n", "-c", "--", text])
        .env("LC_ALL", "C")
        .env_remove("BASH_ENV")
        .output()
        .expect("the shells of the tests are installed: dash, bash");
    let messages = String::from_utf8_lossy(&output.stderr);
    let has_error = messages.contains("unexpected") || messages.contains("conditional");
    output.status.success() && !has_error
}
