//! What a container runs gets its signals itself, not a shell around it.

use dockerfile::Severity;
use dockerfile::ast::{Form, Kind};

use crate::analysis::Origin;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::exec_form::to_exec;

pub(crate) const RULE: Rule = Rule {
    name: "JSONArgsRecommended",
    summary: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &["DL3025"],
    page: Page {
        why: "In the shell form the program runs below a shell, and the shell gets the signals: `stop` has to wait, and then kills. In the exec form the program is process 1 itself. Who chooses a shell with `SHELL` means it: then nothing is said.",
        bad: "FROM debian:stable
CMD server --port 80
",
        good: r#"FROM debian:stable
CMD ["server", "--port", "80"]
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let commands = file.steps().filter(|at| {
        matches!(
            at.instruction.kind,
            Kind::Cmd(Form::Shell(_)) | Kind::Entrypoint(Form::Shell(_))
        )
    });
    // Who chose the shell means it.
    let unintended = commands.filter(|at| !at.step.has_shell);
    unintended
        .map(|at| {
            let fix = match (&at.instruction.kind, &at.step.origin) {
                (Kind::Cmd(Form::Shell(command)) | Kind::Entrypoint(Form::Shell(command)), Origin::Text(_)) => {
                    to_exec(file, command)
                }
                _ => None,
            };
            let message = format!(
                "JSON arguments recommended for {} to prevent unintended behavior related to OS signals",
                at.instruction.keyword.text
            );
            Found::new(at.step.place, at.step.place, message)
                .help("write [\"program\", \"argument\"], or choose a shell with SHELL")
                .fix(fix)
        })
        .collect()
}
