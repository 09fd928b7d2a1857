//! What an editor can do about findings: mend one, mend all, or leave a comment that says to ignore it.

use dockerfile::{Source, Span};
use lint::{Edit, Finding, Safety, Settings};
use serde_json::{Value, json};

use super::client::Client;
use super::document::{Document, Reading};
use super::params::Actions;
use super::{diagnostics, ignore};

/// A fix for one finding.
pub(super) const QUICK_FIX: &str = "quickfix";

/// All fixes that are safe.
pub(super) const FIX_ALL: &str = "source.fixAll.carafe";

/// How often fixes are looked for again in what fixes made of the text.
const ROUNDS: usize = 10;

/// What can be done at a place.
pub(super) fn actions(document: &Document, wanted: &Actions, client: Client) -> Vec<Value> {
    if !client.literal_actions {
        return Vec::new();
    }
    let reading = document.reading();
    let only = wanted.context.only.as_deref();
    let mut found = Vec::new();
    if is_wanted(only, QUICK_FIX) {
        let place = reading.span(wanted.range);
        let at_place = |finding: &&Finding| touch(finding.diagnostic.span, place);
        let findings: Vec<&Finding> = reading.findings.iter().filter(at_place).collect();
        let actor = Actor {
            document,
            reading,
            client,
        };
        found.extend(findings.iter().filter_map(|finding| actor.fix(finding)));
        found.extend(findings.iter().filter_map(|finding| actor.ignore(finding)));
    }
    if is_wanted(only, FIX_ALL) {
        found.extend(
            Actor {
                document,
                reading,
                client,
            }
            .fix_all(),
        );
    }
    found
}

/// Whether a kind is asked for: by itself, or by the beginning of its name.
fn is_wanted(only: Option<&[String]>, kind: &str) -> bool {
    let is_above = |asked: &String| {
        let rest = kind.strip_prefix(asked.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || asked.is_empty())
    };
    only.is_none_or(|only| only.iter().any(is_above))
}

/// Whether two places have a character, or an end, in common.
fn touch(one: Span, other: Span) -> bool {
    one.start <= other.end && other.start <= one.end
}

/// Makes actions for one document.
struct Actor<'a> {
    document: &'a Document,
    reading: &'a Reading,
    client: Client,
}

impl Actor<'_> {
    fn fix(&self, finding: &Finding) -> Option<Value> {
        let fix = finding.fix.as_ref()?;
        let title = format!("{} ({})", fix.title, finding.rule.name);
        let mut action = self.about(finding, &title, &fix.edits);
        action["isPreferred"] = (fix.safety == Safety::Safe).into();
        Some(action)
    }

    fn ignore(&self, finding: &Finding) -> Option<Value> {
        let pragmas = !self.document.surroundings.options.ignores_pragmas;
        let edit = ignore::edit(self.reading, finding, pragmas)?;
        let title = format!("Ignore {} for this instruction", finding.rule.name);
        Some(self.about(finding, &title, &[edit]))
    }

    fn about(&self, finding: &Finding, title: &str, edits: &[Edit]) -> Value {
        let about = diagnostics::of_finding(self.reading, finding, self.client);
        json!({
            "title": title,
            "kind": QUICK_FIX,
            "diagnostics": [about],
            "edit": self.workspace_edit(edits),
        })
    }

    /// Applies all safe fixes, and those that their results have again.
    fn fix_all(&self) -> Option<Value> {
        let first = lint::apply(&self.reading.source, &self.reading.findings, Safety::Safe);
        if first.count == 0 {
            return None;
        }
        let mended = self.mended(first.text.clone());
        let edits: Vec<Edit> = match mended == first.text {
            // Editors keep the cursor where nothing changes.
            true => lint::choose(&self.reading.findings, Safety::Safe)
                .into_iter()
                .flat_map(|fix| fix.edits.clone())
                .collect(),
            false => vec![difference(self.reading.source.text(), &mended)],
        };
        Some(json!({
            "title": "Apply all safe fixes of carafe",
            "kind": FIX_ALL,
            "edit": self.workspace_edit(&edits),
        }))
    }

    fn mended(&self, mut text: String) -> String {
        let surroundings = &self.document.surroundings;
        for _ in 1..ROUNDS {
            let source = Source::new(self.reading.source.name(), text.as_str());
            let parsed = dockerfile::parse(&source);
            let settings = Settings::of(&parsed).unwrap_or_default();
            let (options, facts) = (&surroundings.options, surroundings.facts());
            let findings = lint::lint(&source, &parsed, &settings, options, &facts);
            let fixed = lint::apply(&source, &findings, Safety::Safe);
            if fixed.count == 0 {
                break;
            }
            text = fixed.text;
        }
        text
    }

    /// `WorkspaceEdit`.
    fn workspace_edit(&self, edits: &[Edit]) -> Value {
        let edit =
            |edit: &Edit| json!({"range": self.reading.range(edit.span), "newText": edit.text});
        let edits: Vec<Value> = edits.iter().map(edit).collect();
        let uri = self.document.uri.as_str();
        match self.client.versioned_edits {
            true => json!({"documentChanges": [{
                "textDocument": {"uri": uri, "version": self.document.version},
                "edits": edits,
            }]}),
            false => json!({"changes": {uri: edits}}),
        }
    }
}

/// One edit that makes one text of another: the lines at both ends that are the same are left out.
fn difference(old: &str, new: &str) -> Edit {
    let lines = |text| str::split_inclusive(text, '\n');
    let same = lines(old)
        .zip(lines(new))
        .take_while(|(one, other)| one == other);
    let start: usize = same.map(|(line, _)| line.len()).sum();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let same = { lines(old_rest).rev() }
        .zip(lines(new_rest).rev())
        .take_while(|(one, other)| one == other);
    let end: usize = same.map(|(line, _)| line.len()).sum();
    let at = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    Edit {
        span: Span::new(at(start), at(old.len() - end)),
        text: new_rest[..new_rest.len() - end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, is_wanted};

    #[test]
    fn kinds_are_asked_for_by_their_beginnings() {
        let wanted = |only: &[&str], kind| {
            let only: Vec<String> = only.iter().map(|&kind| kind.to_owned()).collect();
            is_wanted(Some(&only), kind)
        };
        assert!(is_wanted(None, "quickfix"));
        assert!(wanted(&["source.fixAll"], "source.fixAll.carafe"));
        assert!(wanted(&["source"], "source.fixAll.carafe"));
        assert!(wanted(&["refactor", ""], "quickfix"));
        assert!(!wanted(&["source.fix"], "source.fixAll.carafe"));
        assert!(!wanted(&["source.fixAll.carafe.x"], "source.fixAll.carafe"));
        assert!(!wanted(&[], "quickfix"));
    }

    #[test]
    fn the_difference_is_what_is_between_the_same_lines() {
        for (old, new, start, end, text) in [
            ("a\nb\nc\n", "a\nx\nc\n", 2, 4, "x\n"),
            ("a\na\n", "a\na\na\n", 4, 4, "a\n"),
            ("a\n", "", 0, 2, ""),
            ("a", "a\n", 0, 1, "a\n"),
            ("é\nb", "é\nbc", 3, 4, "bc"),
        ] {
            let edit = difference(old, new);
            assert_eq!((edit.span.start, edit.span.end), (start, end), "{old:?}");
            assert_eq!(edit.text, text);
        }
    }
}
