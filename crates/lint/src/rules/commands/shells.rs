//! The shells of `RUN`s, and whether a pipe fails in them where any of its programs does.

use std::collections::BTreeSet;

use dockerfile::ast::Kind;

use crate::file::File;
use crate::runs::RunStep;

/// Whether the shell of a `RUN` was started with `pipefail`, or nobody knows how it was.
pub(crate) fn has_pipefail(file: &File<'_>, run: &RunStep<'_>, root: usize) -> bool {
    if run.is_exec() {
        return false;
    }
    let body = run
        .run
        .heredocs
        .first()
        .map(|heredoc| heredoc.body.as_str());
    if let Some(line) = body.filter(|body| body.starts_with("#!")) {
        let line = line.lines().next().unwrap_or_default();
        return is_set(line.split_whitespace());
    }
    is_set(run.shell.iter().map(String::as_str)) || is_of_base(file, run, root)
}

/// Whether words of a shell's command line switch `pipefail` on: `-o pipefail`, `-euo pipefail`, `-opipefail`.
pub(crate) fn is_set<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let mut is_option = false;
    for word in words {
        if is_option && word == "pipefail" {
            return true;
        }
        let is_flag = word.starts_with('-') && !word.starts_with("--");
        if is_flag && word.ends_with("pipefail") {
            return true;
        }
        is_option = is_flag && word.contains('o');
    }
    false
}

/// Whether the shell is that of an image which has chosen one.
fn is_of_base(file: &File<'_>, run: &RunStep<'_>, root: usize) -> bool {
    let is_default = run.shell.iter().eq(["/bin/sh", "-c"]);
    let base = file.facts.bases.get(&root);
    is_default && base.is_some_and(|base| base.has_shell)
}

/// A `SHELL` with `pipefail` that fits the base.
pub(crate) fn better(file: &File<'_>, run: &RunStep<'_>) -> String {
    let mut words: Vec<String> = run.shell.to_vec();
    if words.iter().eq(["/bin/sh", "-c"]) {
        let stages = &file.dockerfile.stages;
        let base = stages.get(run.stage).map_or("", |stage| &stage.base.text);
        let is_busybox = base.contains("alpine") || base.contains("busybox");
        let shell = if is_busybox { "/bin/ash" } else { "/bin/bash" };
        shell.clone_into(&mut words[0]);
    }
    let at = words.len().min(1);
    words.splice(at..at, ["-o".to_owned(), "pipefail".to_owned()]);
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("SHELL [{}]", words.join(", "))
}

/// The starts of the instructions whose shell has `pipefail` for hadolint, or is none that it knows: it looks at the
/// `SHELL`s of the stage itself.
pub(crate) fn alike(file: &File<'_>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for stage in &file.dockerfile.stages {
        let mut is_good = false;
        for instruction in &stage.instructions {
            if let Kind::Shell(words) = &instruction.kind {
                is_good = is_good_alike(&words.join(" "));
            }
            if is_good {
                found.insert(instruction.span.start);
            }
        }
    }
    found
}

fn is_good_alike(shell: &str) -> bool {
    const SHELLS: [&str; 6] = ["/bin/bash", "/bin/zsh", "/bin/ash", "bash", "zsh", "ash"];
    const OTHERS: [&str; 3] = ["pwsh", "powershell", "cmd"];
    let mut words = shell.split_whitespace();
    let is_known = words.next().is_some_and(|first| SHELLS.contains(&first));
    let is_option =
        |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('o');
    let has_option = words.clone().any(is_option);
    OTHERS.iter().any(|other| shell.starts_with(other))
        || is_known && has_option && words.any(|word| word.trim_end_matches(';') == "pipefail")
}
