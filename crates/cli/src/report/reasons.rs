//! Why the steps of a build were executed, or were not: `build --explain`.

use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{Explained, FileChange, FileChangeKind, Reason, StepTitle, Verdict};
use serde_json::{Value, json};

/// More files than this are only counted in text.
const FILES: usize = 20;

/// A longer value is shown by its beginning, which is where people look, and its end.
const VALUE: usize = 120;

/// The lines for people.
pub(crate) fn text(explained: &[Explained], style: Style) -> String {
    let mut out = style.bold("Why each step was executed, or was not") + "\n";
    for step in explained {
        let verdict = match &step.verdict {
            Verdict::Hit | Verdict::Imported(_) => style.green("hit "),
            Verdict::Miss(_) => style.red("miss"),
            Verdict::NotReached => style.dim("not reached"),
        };
        out.push_str(&format!("  {verdict} {}\n", title(&step.title)));
        if let Verdict::Imported(cache) = &step.verdict {
            let cache = clean::line(cache.as_bytes());
            out.push_str(&format!("         from the cache {cache}\n"));
        }
        if let Verdict::Miss(reasons) = &step.verdict {
            for line in reasons.iter().flat_map(lines) {
                out.push_str(&format!("         {line}\n"));
            }
        }
    }
    out
}

fn lines(reason: &Reason) -> Vec<String> {
    let line = match reason {
        Reason::Files(changes) => return file_lines(changes),
        Reason::FirstBuild => "never built before".to_owned(),
        Reason::NewStep => "the last build had no such step".to_owned(),
        Reason::NoCache => "--no-cache or --no-cache-filter".to_owned(),
        Reason::Value { name, before, now } => {
            let shown = |value: &Option<String>| {
                value.as_deref().map_or_else(|| "(none)".to_owned(), short)
            };
            let name = clean::line(name.as_bytes());
            return vec![
                format!("{name} changed"),
                format!("  from  {}", shown(before)),
                format!("  to    {}", shown(now)),
            ];
        }
        Reason::UnknownFiles => "other files of the context".to_owned(),
        Reason::Below(below) => format!("what is below it is another: {}", title(below)),
        Reason::Input { name } => {
            format!("the files of {} are others", clean::line(name.as_bytes()))
        }
        Reason::NotUnpacked => "its layers were not unpacked yet".to_owned(),
        Reason::NotFinished => "it was not finished the last time".to_owned(),
        Reason::LayerGone => "its layer is not in the store any more".to_owned(),
        Reason::RecordGone => "its cache record is not in the store any more".to_owned(),
    };
    vec![line]
}

fn file_lines(changes: &[FileChange]) -> Vec<String> {
    let count = match changes.len() {
        1 => "1 file of the context".to_owned(),
        count => format!("{count} files of the context"),
    };
    let mut lines = vec![count];
    for change in changes.iter().take(FILES) {
        let path = clean::line(change.path.as_bytes());
        let what = match &change.kind {
            FileChangeKind::Added => "added".to_owned(),
            FileChangeKind::Removed => "removed".to_owned(),
            FileChangeKind::Kind { before, now } => format!("was a {before}, is a {now}"),
            FileChangeKind::Changed { content, mode } => {
                let content = content.then(|| "content".to_owned());
                let mode = mode.map(|(before, now)| format!("mode {before:04o} → {now:04o}"));
                content
                    .into_iter()
                    .chain(mode)
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        };
        lines.push(format!("  {path}: {what}"));
    }
    if changes.len() > FILES {
        lines.push(format!("  and {} more", changes.len() - FILES));
    }
    lines
}

/// A value on one line, the middle left out of a long one.
fn short(value: &str) -> String {
    let value = clean::line(value.replace('\n', "⏎").as_bytes());
    if value.chars().count() <= VALUE {
        return value;
    }
    let start: String = value.chars().take(VALUE / 2).collect();
    let end: Vec<char> = value.chars().rev().take(VALUE / 2).collect();
    let end: String = end.into_iter().rev().collect();
    format!("{start} … {end}")
}

/// `[builder 2/5] RUN make`.
fn title(title: &StepTitle) -> String {
    let text = clean::line(title.text.as_bytes());
    let stage = clean::line(title.stage.as_bytes());
    match title.position {
        Some((at, of)) => format!("[{stage} {at}/{of}] {text}"),
        None => text,
    }
}

/// The document for programs.
pub(crate) fn document(explained: &[Explained]) -> Value {
    let steps = explained.iter().map(|step| {
        let (result, reasons) = match &step.verdict {
            Verdict::Hit | Verdict::Imported(_) => ("hit", Vec::new()),
            Verdict::Miss(reasons) => ("miss", reasons.iter().map(reason).collect()),
            Verdict::NotReached => ("not-reached", Vec::new()),
        };
        let cache = match &step.verdict {
            Verdict::Imported(cache) => Some(cache),
            _ => None,
        };
        json!({
            "step": step.title.text,
            "stage": step.title.stage,
            "position": step.title.position.map(|(at, _)| at),
            "line": step.title.line,
            "result": result,
            "reasons": reasons,
            "cache": cache,
        })
    });
    json!({ "steps": steps.collect::<Vec<_>>() })
}

fn reason(reason: &Reason) -> Value {
    match reason {
        Reason::FirstBuild => json!({ "reason": "first-build" }),
        Reason::NewStep => json!({ "reason": "new-step" }),
        Reason::NoCache => json!({ "reason": "no-cache" }),
        Reason::Value { name, before, now } => {
            json!({ "reason": "value", "name": name, "before": before, "now": now })
        }
        Reason::Files(changes) => {
            let files: Vec<Value> = changes.iter().map(file).collect();
            json!({ "reason": "files", "files": files })
        }
        Reason::UnknownFiles => json!({ "reason": "files" }),
        Reason::Below(step) => json!({ "reason": "below", "step": step.text }),
        Reason::Input { name } => json!({ "reason": "input", "name": name }),
        Reason::NotUnpacked => json!({ "reason": "not-unpacked" }),
        Reason::NotFinished => json!({ "reason": "not-finished" }),
        Reason::LayerGone => json!({ "reason": "layer-gone" }),
        Reason::RecordGone => json!({ "reason": "record-gone" }),
    }
}

fn file(change: &FileChange) -> Value {
    let path = &change.path;
    match &change.kind {
        FileChangeKind::Added => json!({ "path": path, "change": "added" }),
        FileChangeKind::Removed => json!({ "path": path, "change": "removed" }),
        FileChangeKind::Kind { before, now } => {
            json!({ "path": path, "change": "kind", "before": before, "now": now })
        }
        FileChangeKind::Changed { content, mode } => json!({
            "path": path,
            "change": "changed",
            "content": content,
            "mode": mode.map(|(before, now)| [format!("{before:04o}"), format!("{now:04o}")]),
        }),
    }
}
