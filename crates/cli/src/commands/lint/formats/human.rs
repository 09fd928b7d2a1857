//! For people: each finding with its lines, the place marked, and a sum at the end.

use super::View;
use crate::commands::lint::report::{FileReport, Issue, Report};
use crate::diagnostic::{self, Notice};
use crate::terminal::clean;
use dockerfile::Severity;
use lint::Safety;
use std::collections::BTreeSet;

/// Rules about secrets that stand in the text: the lines of such an instruction are not shown, for logs are kept.
const ABOUT_SECRETS: [&str; 2] = ["PasswordInRun", "SecretInText"];

/// Of more in one file nobody reads the rest.
const SHOWN: usize = 500;

pub(super) fn render(view: &View<'_>) -> String {
    let mut out = String::new();
    for file in &view.report.files {
        let secrets = file.issues.iter();
        let secrets = secrets.filter(|issue| ABOUT_SECRETS.contains(&issue.code.as_ref()));
        let secrets: BTreeSet<u32> = secrets.map(|issue| issue.instruction.start).collect();
        for issue in file.issues.iter().take(SHOWN) {
            out.push_str(&match secrets.contains(&issue.instruction.start) {
                true => without_text(file, issue),
                false => shown(view, file, issue),
            });
            out.push('\n');
        }
        if let Some(more) = file
            .issues
            .len()
            .checked_sub(SHOWN)
            .filter(|more| *more > 0)
        {
            out.push_str(&format!("… and {more} more in {}\n\n", file.name()));
        }
    }
    out + &sum(view.report)
}

/// The same without the lines that it is about.
fn without_text(file: &FileReport, issue: &Issue) -> String {
    let (source, place) = (&file.source, issue.place.start);
    let (line, column) = (source.line(place), source.column(place));
    let clean = |text: &str| clean::line(text.as_bytes());
    let mut out = format!(
        "{}: {} ({})\n",
        issue.severity,
        clean(&issue.message),
        issue.code
    );
    out.push_str(&format!(
        " --> {}:{line}:{column} (not shown: there is a secret)\n",
        clean(source.name())
    ));
    if let Some(help) = &issue.help {
        out.push_str(&format!("  = help: {}\n", clean(help)));
    }
    out
}

fn shown(view: &View<'_>, file: &FileReport, issue: &Issue) -> String {
    let fix = issue.fix.as_ref().map(|fix| match fix.safety {
        Safety::Safe => format!("{} (--fix)", fix.title),
        Safety::Unsafe => format!("{} (--fix --unsafe-fixes)", fix.title),
    });
    let notice = Notice {
        code: Some(&issue.code),
        severity: issue.severity,
        place: issue.place,
        message: &issue.message,
        help: issue.help.as_deref(),
        fix: fix.as_deref(),
    };
    diagnostic::render_notice(&notice, &file.source, view.style)
}

/// How much was found, and how much of it can be mended.
fn sum(report: &Report) -> String {
    let files = counted(report.files.len(), "file");
    let count = |severity| {
        let issues = report.issues();
        issues
            .filter(|(_, issue)| issue.severity == severity)
            .count()
    };
    let counts = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Info), "info"),
        (count(Severity::Style), "style"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| match *what {
            "info" | "style" => format!("{count} {what}"),
            _ => counted(*count, what),
        })
        .collect();
    if counts.is_empty() {
        return format!("Nothing found in {files}.\n");
    }
    format!(
        "Found {} in {files}.{}\n",
        counts.join(", "),
        fixable(report)
    )
}

fn fixable(report: &Report) -> String {
    let count = |safety| {
        let fixes = report.issues().filter_map(|(_, issue)| issue.fix.as_ref());
        fixes.filter(|fix| fix.safety == safety).count()
    };
    match (count(Safety::Safe), count(Safety::Unsafe)) {
        (0, 0) => String::new(),
        (safe, 0) => format!(" {safe} can be fixed by --fix."),
        (0, guesses) => {
            format!(" {guesses} can be fixed by --fix --unsafe-fixes; look at --diff first.")
        }
        (safe, guesses) => format!(
            " {safe} can be fixed by --fix, {guesses} more with --unsafe-fixes; look at --diff first."
        ),
    }
}

/// `1 file`, `2 files`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
