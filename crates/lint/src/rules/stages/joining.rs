//! Two `RUN`s become one.

use dockerfile::Span;
use dockerfile::ast::Form;

use crate::file::File;
use crate::fix::Edit;
use crate::runs::RunStep;

/// Makes one `RUN` of two that stand directly one after the other, where that changes nothing but the layers.
pub(super) fn join(file: &File<'_>, first: &RunStep<'_>, second: &RunStep<'_>) -> Option<Edit> {
    let next = file.following(first.stage, first.instruction)?;
    let (Form::Shell(one), Form::Shell(other)) = (&first.run.command, &second.run.command) else {
        return None;
    };
    let is_plain = |run: &RunStep<'_>| {
        run.run.mounts.is_empty() && run.run.heredocs.is_empty() && !run.is_trigger
    };
    // Behind these signs, `&&` has no command before it.
    let is_open = one.text.trim_end().ends_with(['&', ';', '|']) || one.text.contains('#');
    let between = Span::new(first.instruction.span.end, next.span.start);
    let has_comment = !file.source.slice(between).trim().is_empty();
    // What these change would hold for the commands of the second one, too.
    let changes_shell = first.invocations().iter().any(|command| {
        command.is(&[
            "cd", "pushd", "set", "export", "umask", "exit", "exec", "alias", "unset", "trap",
        ])
    });
    let is_next = std::ptr::eq(next, second.instruction);
    (is_next && !changes_shell && is_plain(first) && is_plain(second) && !is_open && !has_comment)
        .then(|| {
            let sign = file.dockerfile.directives.escape.sign();
            Edit::replace(
                Span::new(one.span.end, other.span.start),
                format!(" {sign}\n    && "),
            )
        })
}
