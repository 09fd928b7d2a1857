//! Lines as the GNU coding standards have them: `PROGRAM:FILE:LINE:COLUMN: …`.

use super::View;
use crate::terminal::clean;

pub(super) fn render(view: &View<'_>) -> String {
    let lines = view.report.issues().map(|(file, issue)| {
        let place = view.region(file, issue);
        let name = clean::line(view.name_of(file, issue).as_bytes());
        let message = clean::line(issue.message.as_bytes());
        let (line, column) = (place.line, place.column);
        let (code, severity) = (&issue.code, issue.severity);
        match (view.compatible, issue.is_parse_error()) {
            (true, true) => format!("hadolint:{name}:{line}:{column}: {message}\n"),
            (true, false) => format!("hadolint:{name}:{line}: {code} {severity}: {message}\n"),
            (false, _) => format!("carafe:{name}:{line}:{column}: {code} {severity}: {message}\n"),
        }
    });
    lines.collect()
}
