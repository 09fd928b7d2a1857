//! Nothing that a RUN starts is still running when it is over.

use dockerfile::{Severity, Span};

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::shell::ast::Separator;

pub(crate) const RULE: Rule = Rule {
    name: "BackgroundProcess",
    summary: "What a RUN starts in the background ends with it, and does not run in the container",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "An image holds files, no processes: when the command of a RUN is over, everything that it started is ended. Found is a RUN whose last command is put into the background with `&`, or starts a service (service NAME start, systemctl start, /etc/init.d/NAME start). Let pass is a service that the commands behind it in the same RUN use.",
        bad: "FROM debian:bookworm-slim\nRUN service nginx start\n",
        good: "FROM debian:bookworm-slim\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let runs = file.runs().iter().filter(|run| !run.is_exec());
    runs.filter_map(|run| wrong(file, run)).collect()
}

fn wrong(file: &File<'_>, run: &RunStep<'_>) -> Option<Found> {
    let list = &run.script.as_ref()?.parsed.list;
    let last = list.items.last()?;
    let help = "start it with CMD or ENTRYPOINT; to use it while the image is built, start, use and stop it in one RUN";
    if last.separator == Some(Separator::Ampersand) {
        let found = Found::new(
            run.instruction.span,
            trimmed(file, last.and_or.span),
            "What runs in the background is ended with this RUN",
        );
        return Some(found.help(help));
    }
    let command = run
        .invocations()
        .last()
        .filter(|command| starts_service(command))?;
    let message = "The service is ended with this RUN";
    Some(Found::new(run.instruction.span, command.span, message).help(help))
}

fn starts_service(command: &Invocation) -> bool {
    let words: Vec<&str> = command.words().map(|word| word.text.as_str()).collect();
    match command.name.text.as_str() {
        "service" => words.len() == 2 && matches!(words[1], "start" | "restart"),
        "systemctl" => words
            .first()
            .is_some_and(|word| matches!(*word, "start" | "restart")),
        _ => false,
    }
}

/// A place without the blanks at its end.
fn trimmed(file: &File<'_>, place: Span) -> Span {
    let length = file.source.slice(place).trim_end().len();
    Span::new(
        place.start,
        u32::try_from(length).map_or(place.end, |length| place.start + length),
    )
}
