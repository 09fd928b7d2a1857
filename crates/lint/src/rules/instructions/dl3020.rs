//! Files are copied, not added.

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::{Add, CopySource};

use super::archives::{is_archive, may_be_archive};
use super::seen::{Seen, seen};
use super::words::{base_name, trimmed};
use crate::file::File;
use crate::fix::{Edit, Fix, Safety};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::keyword;

pub(crate) const RULE: Rule = Rule {
    name: "DL3020",
    summary: "Use COPY instead of ADD for files and folders",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`ADD` does more than `COPY`: it fetches URLs and git repositories and unpacks archives. For files and folders that is only a surprise in waiting. Let pass are `ADD`s with a URL, a repository, a name that may be an archive's, a source that begins with a variable, and those with `--checksum`, `--keep-git-dir` or `--unpack`. The fix is safe where the source is a folder or has an ending that no archive has.",
        bad: "FROM debian:bookworm\nADD app.conf /etc/app.conf\n",
        good: "FROM debian:bookworm\nCOPY app.conf /etc/app.conf\nADD app.tar.gz /opt/\n",
        configure: None,
    },
    find,
};

/// How sources begin that are not of the build context.
const REMOTE: [&str; 5] = ["http://", "https://", "git://", "ssh://", "git@"];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for seen in seen(file) {
        if let Kind::Add(add) = seen.kind()
            && is_copy(file, add)
        {
            let fix = is_plain(add).then(|| fix(file, seen, add));
            found.push(
                seen.found(seen.instruction.keyword.span, RULE.summary)
                    .help("write COPY")
                    .fix(fix),
            );
        }
    }
    found
}

/// Whether nothing of it is for `ADD` only. hadolint says so if anything is for `COPY`.
fn is_copy(file: &File<'_>, add: &Add) -> bool {
    let mut sources = add.arguments.sources.iter();
    if file.options.compatible {
        return sources.any(|source| match source {
            CopySource::Path(word) => {
                let text = trimmed(&word.text);
                !is_archive(text) && !text.starts_with("http://") && !text.starts_with("https://")
            }
            CopySource::Heredoc(_) => false,
        });
    }
    is_plain(add)
}

/// Whether `COPY` does the same.
fn is_plain(add: &Add) -> bool {
    let has_flags = add.checksum.is_some() || add.keep_git_dir.is_some() || add.unpack.is_some();
    is_local(add) && !has_flags
}

/// Whether all sources are of the build context, and none is an archive.
fn is_local(add: &Add) -> bool {
    add.arguments.sources.iter().all(|source| match source {
        CopySource::Path(word) => {
            let text = trimmed(&word.text).to_ascii_lowercase();
            let is_remote = REMOTE.iter().any(|scheme| text.starts_with(scheme));
            !is_remote
                && !text.starts_with('$')
                && !may_be_archive(trimmed(&word.text))
                && !may_be_archive(&text)
        }
        CopySource::Heredoc(_) => true,
    })
}

fn fix(file: &File<'_>, seen: Seen<'_>, add: &Add) -> Fix {
    let word = &seen.instruction.keyword;
    let sources = &add.arguments.sources;
    let safety = match sources.iter().all(|source| is_no_archive(file, source)) {
        true => Safety::Safe,
        false => Safety::Unsafe,
    };
    let edits = vec![Edit::replace(word.span, keyword("COPY", word))];
    let title = "write COPY".to_owned();
    Fix {
        title,
        safety,
        edits,
    }
}

/// Whether a source is surely no archive: `ADD` looks into files, whatever their names are.
fn is_no_archive(file: &File<'_>, source: &CopySource) -> bool {
    let CopySource::Path(word) = source else {
        return true;
    };
    let text = trimmed(&word.text);
    let name = base_name(text);
    let is_directory = || {
        let mut entries = file
            .facts
            .context
            .iter()
            .flat_map(|context| &context.entries);
        entries.any(|entry| entry.is_directory && entry.name == text.trim_start_matches("./"))
    };
    let ending = name
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty());
    let is_known = matches!(name, "" | "." | "..") || ending || is_directory();
    is_known && !text.contains(['*', '?', '[', '$', '\\'])
}
