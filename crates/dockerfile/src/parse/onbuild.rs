//! `ONBUILD INSTRUCTION`.

use super::request::Request;
use crate::Diagnostic;
use crate::ast::Onbuild;
use crate::keyword::Keyword;

/// Reads an `ONBUILD`. The trigger is kept as it stands, with the bodies of its heredocs.
pub(super) fn read(request: &Request<'_>) -> Result<Onbuild, Diagnostic> {
    if request.arguments.text().is_empty() {
        return Err(request.requires("at least one argument"));
    }
    request.no_flags()?;
    let inner = request.inner()?;
    check(&inner)?;
    let mut trigger = inner.text.text().to_owned();
    for found in inner.heredocs {
        trigger.push('\n');
        trigger.push_str(&found.heredoc.written);
        trigger.push_str(&found.heredoc.name);
    }
    let instruction = Box::new(super::instruction(&inner)?);
    Ok(Onbuild {
        trigger,
        instruction,
    })
}

/// Whether an instruction can be a trigger at all.
pub(super) fn check(inner: &Request<'_>) -> Result<(), Diagnostic> {
    match inner.keyword {
        Keyword::Onbuild | Keyword::From | Keyword::Maintainer => Err(not_allowed(inner)),
        _ => Ok(()),
    }
}

/// The error about an instruction that cannot be a trigger.
pub(super) fn not_allowed(inner: &Request<'_>) -> Diagnostic {
    let message = match inner.keyword {
        Keyword::Onbuild => "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned(),
        other => format!("{} isn't allowed as an ONBUILD trigger", other.name()),
    };
    Diagnostic::error("onbuild-trigger", inner.word.span(), message)
}
