//! `--call` and `--check`: to ask about a Dockerfile instead of building it.

use super::call::{Asked, Format, Method};
use crate::command_error::CommandError;
use crate::key_values::{self, boolean};

/// What is asked.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct CallFlags {
    /// Do not build, but: check, outline, targets, subrequests.describe [,format=json]
    #[arg(long, value_name = "METHOD")]
    pub(super) call: Option<String>,

    /// Do not build, but look for mistakes (as --call=check)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", value_parser = boolean,
          hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    check: bool,
}

impl CallFlags {
    /// What is asked, if it is not a build.
    pub(super) fn read(&self) -> Result<Option<Asked>, CommandError> {
        let asked = match &self.call {
            Some(text) => read(text)?,
            None => None,
        };
        Ok(match (asked, self.check) {
            (None, true) => Some(Asked {
                method: Method::Check,
                format: Format::Text,
            }),
            (asked, _) => asked,
        })
    }
}

/// Reads `METHOD[,format=text|json]`.
fn read(text: &str) -> Result<Option<Asked>, CommandError> {
    let wrong = |message: String| {
        CommandError::usage(format!("--call {text}: {message}"))
            .hint("for example --call=check, or --call=outline,format=json")
    };
    let (mut method, mut format) = (None, Format::Text);
    for (key, value) in key_values::fields(text).map_err(wrong)? {
        match (key.as_str(), value.as_deref()) {
            (name, None) if method.is_none() => {
                method = Some(Method::named(name).ok_or_else(|| {
                    let names = "build, check, outline, targets, subrequests.describe";
                    wrong(format!("there is no method `{name}`: it is one of {names}"))
                })?);
            }
            ("format", Some("json")) => format = Format::Json,
            ("format", Some("text" | "")) => format = Format::Text,
            ("format", Some(other)) => {
                return Err(wrong(format!(
                    "there is no format `{other}`: it is text or json"
                )));
            }
            (other, _) => return Err(wrong(format!("there is no field `{other}`"))),
        }
    }
    Ok(method.flatten().map(|method| Asked { method, format }))
}

#[cfg(test)]
mod tests {
    use super::{CallFlags, read};
    use crate::commands::build::call::{Format, Method};

    #[test]
    fn methods_and_formats() {
        let asked = |text| {
            read(text)
                .unwrap()
                .map(|asked| (asked.method, asked.format))
        };
        assert_eq!(asked("check"), Some((Method::Check, Format::Text)));
        assert_eq!(
            asked("lint,format=text"),
            Some((Method::Check, Format::Text))
        );
        assert_eq!(
            asked("outline,format=json"),
            Some((Method::Outline, Format::Json))
        );
        assert_eq!(asked("targets"), Some((Method::Targets, Format::Text)));
        assert_eq!(asked("build"), None);
        for wrong in ["chek", "check,format=xml", "outline,x=y", "check,outline"] {
            assert_eq!(read(wrong).unwrap_err().exit().code(), 2, "{wrong}");
        }
    }

    #[test]
    fn check_is_a_method() {
        let flags = CallFlags {
            call: None,
            check: true,
        };
        assert_eq!(flags.read().unwrap().unwrap().method, Method::Check);
        assert!(CallFlags::default().read().unwrap().is_none());
    }
}
