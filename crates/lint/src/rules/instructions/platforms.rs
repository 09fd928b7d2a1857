//! `FROM --platform`.

use dockerfile::ast::Stage;

use crate::file::File;
use crate::fix::{Edit, Fix, Safety};
use crate::rules::edits::flag;

/// Takes the flag out. That is safe where it says what holds without it.
pub(crate) fn without_platform(file: &File<'_>, stage: &Stage, safety: Safety) -> Option<Fix> {
    let place = flag(file, "platform", stage.platform.as_ref()?.span)?;
    let edits = vec![Edit::delete(place)];
    let title = "remove --platform".to_owned();
    Some(Fix {
        title,
        safety,
        edits,
    })
}
