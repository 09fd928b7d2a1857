//! apt's lists do not stay in the layer that fetched them.

use dockerfile::Severity;

use super::endings::clean_up;
use super::looking::in_runs;
use super::stages;
use crate::file::File;
use crate::fix::{Fix, Safety};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3009",
    summary: "Delete the apt lists (/var/lib/apt/lists) after installing something",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`apt-get update` leaves some 20 to 40 MB of package lists. They are in the image for good unless the same `RUN` deletes them: a later one only hides them. Looked at are `RUN`s of the last stage and of those that it stands on (what is left in other stages is not in the image), and triggers. A deletion of `/var/lib/apt/lists` or of a folder above it behind the last update is let pass, whichever program does it, and so is `--mount=type=cache` or `type=tmpfs` on it. The fix is a guess where a later step installs something without an update of its own.",
        bad: "FROM debian:bookworm\nRUN apt-get update && apt-get install -y --no-install-recommends git=1:2.39.5-0+deb12u2\n",
        good: "FROM debian:bookworm\nRUN apt-get update && apt-get install -y --no-install-recommends git=1:2.39.5-0+deb12u2 \\\n    && rm -rf /var/lib/apt/lists/*\n",
        configure: None,
    },
    find,
};

const LISTS: &str = "/var/lib/apt/lists";
const CLEAN: &str = "rm -rf /var/lib/apt/lists/*";
const PROGRAMS: [&str; 3] = ["apt-get", "apt", "aptitude"];

fn find(file: &File<'_>) -> Vec<Found> {
    let kept = stages::kept(file);
    let last_use = last_use(file);
    in_runs(file, |run| {
        let is_kept = run.is_trigger || kept.contains(&run.stage);
        let programs = run.invocations().iter();
        let mut updates = programs.filter(|one| one.is(&PROGRAMS) && one.has_word(&["update"]));
        let Some(update) = updates.next_back().filter(|_| is_kept) else {
            return Vec::new();
        };
        let is_clean = match file.options.compatible {
            true => is_clean_alike(run),
            false => is_clean(run, update),
        };
        if is_clean {
            return Vec::new();
        }
        let found = Found::new(run.instruction.span, update.span, RULE.summary)
            .help(format!("end the `RUN` with `&& {CLEAN}`"));
        vec![found.fix(fix(file, run, update, last_use))]
    })
}

/// Whether the lists are deleted behind the last update, or are never in the layer.
fn is_clean(run: &RunStep<'_>, update: &Invocation) -> bool {
    let behind = run.invocations().iter().rev();
    let mut behind = behind.take_while(|one| !std::ptr::eq(*one, update));
    let is_above = |target: &str| is_above_lists(target.trim_end_matches('/'));
    behind.any(deletes) || run.kept_out().any(is_above)
}

/// Whether a program deletes the lists, or goes where they are, or nobody can say.
fn deletes(program: &Invocation) -> bool {
    let of_lists = |text: &str| {
        text.contains("/var/lib/apt") || text.contains("/var/lib/{") || text.contains('$')
    };
    let is_it = program.is(&["rm", "find", "unlink", "cd"]);
    is_it && program.arguments.iter().any(|word| of_lists(&word.text))
        || program.is(&PROGRAMS) && program.has_word(&["distclean"])
}

fn is_above_lists(target: &str) -> bool {
    LISTS
        .strip_prefix(target)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_clean_alike(run: &RunStep<'_>) -> bool {
    let is_rm = |one: &Invocation| {
        let mut words = one.arguments.iter();
        one.is(&["rm"])
            && words.any(|word| word.text == "-rf" || word.text == "/var/lib/apt/lists/*")
    };
    let mounted = |path: &str| run.kept_out().any(|target| target.contains(path));
    run.invocations().iter().any(is_rm)
        || mounted(LISTS)
        || mounted("/var/lib/apt") && mounted("/var/cache/apt")
}

/// Where the last `RUN` is that installs something without an update of its own.
fn last_use(file: &File<'_>) -> Option<u32> {
    let uses_lists = |run: &&RunStep<'_>| {
        let programs = run.invocations();
        let is_apt = |word| {
            programs
                .iter()
                .any(|one| one.is(&PROGRAMS) && one.has_word(&[word]))
        };
        is_apt("install") && !is_apt("update")
    };
    let last = file.runs().iter().rfind(uses_lists)?;
    Some(last.instruction.span.start)
}

fn fix(
    file: &File<'_>,
    run: &RunStep<'_>,
    update: &Invocation,
    last_use: Option<u32>,
) -> Option<Fix> {
    let fix = clean_up(file, run, update, CLEAN)?;
    let is_used = last_use.is_some_and(|last| last > run.instruction.span.start);
    let safety = if is_used { Safety::Unsafe } else { fix.safety };
    Some(Fix { safety, ..fix })
}
