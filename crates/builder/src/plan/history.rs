//! The lines of an image's history, in BuildKit's shape.

use dockerfile::ast::Form;
use oci::Healthcheck;

use crate::StepId;

/// A line of history that a build adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What `docker history` shows.
    pub created_by: String,
    /// The step that made its layer; `None` for a line without one.
    pub step: Option<StepId>,
}

impl HistoryEntry {
    /// A line with a layer.
    pub(super) fn layer(created_by: &str, step: StepId) -> Self {
        Self {
            created_by: format!("{created_by} # buildkit"),
            step: Some(step),
        }
    }

    /// A line that changes the config only.
    pub(super) fn empty(created_by: String) -> Self {
        Self {
            created_by,
            step: None,
        }
    }
}

/// Go's `%q` list of a command: `["a" "b"]`.
pub(super) fn quoted(arguments: &[String]) -> String {
    let quoted: Vec<String> = arguments.iter().map(|a| go_quoted(a)).collect();
    format!("[{}]", quoted.join(" "))
}

/// Go's `strconv.Quote`: what cannot be printed is `\x07`, `\u200b` or `\U000e0001`.
fn go_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if code < 0x20 || code == 0x7f => quoted.push_str(&format!("\\x{code:02x}")),
            _ if !c.escape_debug().to_string().starts_with("\\u{") => quoted.push(c),
            _ if code > 0xffff => quoted.push_str(&format!("\\U{code:08x}")),
            _ => quoted.push_str(&format!("\\u{code:04x}")),
        }
    }
    quoted.push('"');
    quoted
}

/// A command as written, for instructions that have no step.
pub(super) fn command(form: &Form, shell: &[String]) -> Vec<String> {
    match form {
        Form::Exec(arguments) => arguments.clone(),
        Form::Shell(text) => shell.iter().cloned().chain([text.text.clone()]).collect(),
    }
}

/// Go's `%+v` of a health check.
pub(super) fn healthcheck(check: &Healthcheck) -> String {
    format!(
        "HEALTHCHECK {{Test:[{}] Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
        check.test.join(" "),
        duration(check.interval),
        duration(check.timeout),
        duration(check.start_period),
        duration(check.start_interval),
        check.retries,
    )
}

/// Go's text of a duration in nanoseconds, for the whole and half units that people write.
fn duration(total: i64) -> String {
    if total != 0 && total.abs() < 1_000_000_000 {
        return format!("{}ms", total as f64 / 1e6);
    }
    let seconds = total / 1_000_000_000;
    let rest = (total % 1_000_000_000) as f64 / 1e9 + (seconds % 60) as f64;
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_as_go_does() {
        assert_eq!(go_quoted("a'b\"\\é"), r#""a'b\"\\é""#);
        assert_eq!(go_quoted("\0\u{7}\n\u{7f}"), r#""\x00\a\n\x7f""#);
        assert_eq!(go_quoted("\u{200b}\u{e0001}"), r#""\u200b\U000e0001""#);
    }

    #[test]
    fn durations_read_as_go_writes_them() {
        let of = |seconds: f64| duration((seconds * 1e9) as i64);
        assert_eq!(of(0.0), "0s");
        assert_eq!(of(5.0), "5s");
        assert_eq!(of(1.5), "1.5s");
        assert_eq!(of(0.25), "250ms");
        assert_eq!(of(90.0), "1m30s");
        assert_eq!(of(3600.0), "1h0m0s");
    }
}
