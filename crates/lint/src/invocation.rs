//! The programs that a script starts, as rules about programs see them: a name, flags and words, with their places.

use dockerfile::Span;

use crate::shell::ast::{Part, PartKind, Word};
use crate::shell::commands::simple_commands;
use crate::shell::{self, Dialect, Script};

/// Programs that run the program behind them, and their flags that take a word.
const WRAPPERS: [(&str, &[&str]); 18] = [
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-r", "-t"]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "-S"]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("busybox", &[]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n"]),
    ("nohup", &[]),
    ("setsid", &[]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("time", &["-f", "-o"]),
    ("timeout", &["-k", "-s"]),
    ("xargs", &["-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s"]),
    ("eatmydata", &[]),
    ("gosu", &[]),
    ("su-exec", &[]),
];

/// Those of them that take a word of their own before the program: a user, a time.
const WITH_OPERAND: [&str; 3] = ["gosu", "su-exec", "timeout"];

/// Programs that run others that are looked into, one within the other, at most.
const DEEPEST: usize = 4;

/// A program that is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Its name without its folder: `apt-get`.
    pub(crate) name: Argument,
    /// The words behind it.
    pub(crate) arguments: Vec<Argument>,
    /// `NAME=value` before it.
    pub(crate) assignments: Vec<String>,
    /// What runs it, if it is not the shell itself: `sudo`, `env`, `bash`.
    pub(crate) through: Option<String>,
    /// Whether its words stand in the text as they are, so that they can be edited.
    pub(crate) is_placed: bool,
    /// From the name to the last word.
    pub(crate) span: Span,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    /// Its text without quotes. What is expanded in it stands there as `$NAME` or `$(…)`.
    pub(crate) text: String,
    /// Whether nothing is expanded in it.
    pub(crate) is_literal: bool,
    /// Where it stands.
    pub(crate) span: Span,
}

/// The programs that a script starts, in the order of the text. What `sudo` and others like it run comes behind them, as a
/// program of its own, and so does what `sh -c` runs.
pub(crate) fn invocations(parsed: &shell::Parsed) -> Vec<Invocation> {
    let mut found = Vec::new();
    push_all(parsed, None, 0, &mut found);
    found
}

/// What a script starts: that of the `RUN`, or one that a shell in it is given.
fn push_all(
    parsed: &shell::Parsed,
    through: Option<&str>,
    depth: usize,
    found: &mut Vec<Invocation>,
) {
    for command in simple_commands(parsed) {
        let words = &command.simple.words;
        let assignments = command.simple.assignments.iter();
        let assignments: Vec<String> = assignments.map(|one| one.name.clone()).collect();
        let first = found.len();
        let arguments: Vec<Argument> = words.iter().map(Argument::of).collect();
        push(arguments, &assignments, through.map(str::to_owned), found);
        let inner = { found[first..].iter() }
            .find_map(|one| inner_script(one, words).map(|script| (one.name.text.clone(), script)));
        if let Some((shell, (script, place))) = inner
            && depth < DEEPEST
        {
            let parsed = shell::parse(&script, Dialect::of(&shell).unwrap_or_default());
            let is_sudo = found[first..].iter().any(|one| one.is(&["sudo"]));
            let through = if is_sudo { "sudo" } else { &shell };
            let first = found.len();
            push_all(&parsed, Some(through), depth + 1, found);
            if let Some(place) = place {
                found[first..]
                    .iter_mut()
                    .for_each(|one| one.set_place(place));
            }
        }
    }
}

/// The script that a shell gets with `-c`, where it is known; and the place of all of it, where its parts have none.
fn inner_script(invocation: &Invocation, words: &[Word]) -> Option<(Script, Option<Span>)> {
    Dialect::of(&invocation.name.text)?;
    let mut flags = invocation.arguments.iter();
    let is_script = |flag: &Argument| !flag.text.starts_with("--") && flag.has_flag("c");
    let at = flags.position(is_script)? + 1;
    let argument = invocation.arguments.get(at).filter(|one| one.is_literal)?;
    let word = words.iter().find(|word| word.span == argument.span)?;
    let is_quoted = matches!(
        word.parts.as_slice(),
        [Part {
            kind: PartKind::SingleQuoted(_) | PartKind::DoubleQuoted(_),
            ..
        }]
    );
    let length = (word.span.end - word.span.start) as usize;
    Some(match is_quoted && argument.text.len() + 2 == length {
        true => (Script::placed(&argument.text, word.span.start + 1), None),
        false => (Script::unplaced(&argument.text, word.span), Some(word.span)),
    })
}

/// A program and, if it is a wrapper, what it runs.
fn push(
    words: Vec<Argument>,
    assignments: &[String],
    through: Option<String>,
    found: &mut Vec<Invocation>,
) {
    let mut next = Some((words, through));
    for _ in 0..=DEEPEST {
        let Some((words, through)) = next else { return };
        let mut words = words.into_iter();
        let Some(mut name) = words.next() else { return };
        let last = name.text.rfind('/').map_or(0, |slash| slash + 1);
        name.text.drain(..last);
        let arguments: Vec<Argument> = words.collect();
        let inner = wrapped(&name, &arguments);
        next = inner.map(|words| (words, Some(name.text.clone())));
        found.push(Invocation::new(
            name,
            arguments,
            assignments.to_vec(),
            through,
        ));
    }
}

/// The words of the program that a wrapper runs.
fn wrapped(name: &Argument, arguments: &[Argument]) -> Option<Vec<Argument>> {
    let (_, with_value) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name.text)?;
    let first = arguments.first()?.text.as_str();
    // `command -v x` asks where x is.
    if name.text == "command" && matches!(first, "-v" | "-V") {
        return None;
    }
    let mut operands = usize::from(WITH_OPERAND.contains(&name.text.as_str()));
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        match argument.text.as_str() {
            flag if with_value.contains(&flag) => at += 2,
            text if text.starts_with('-') || is_assignment(text) => at += 1,
            _ if operands > 0 => {
                operands -= 1;
                at += 1;
            }
            _ => return Some(arguments[at..].to_vec()),
        }
    }
    None
}

/// Whether a word is `NAME=value`.
pub(crate) fn is_assignment(text: &str) -> bool {
    let name = text.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    })
}

impl Invocation {
    /// A program with its words.
    pub(crate) fn new(
        name: Argument,
        arguments: Vec<Argument>,
        assignments: Vec<String>,
        through: Option<String>,
    ) -> Self {
        let end = arguments.last().map_or(name.span, |last| last.span);
        Self {
            span: name.span.to(end),
            name,
            arguments,
            assignments,
            through,
            is_placed: true,
        }
    }

    /// Gives all of it one place, for words that have none of their own.
    pub(crate) fn set_place(&mut self, place: Span) {
        let words = self.arguments.iter_mut().chain([&mut self.name]);
        words.for_each(|word| word.span = place);
        self.span = place;
        self.is_placed = false;
    }

    /// Whether it is one of these programs.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.text.as_str())
    }

    /// Its words that are no flags, in order: the first one of many programs is what they are to do. Values of flags that
    /// stand alone are among them.
    pub(crate) fn words(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| !argument.is_flag())
    }

    /// Whether one of its words that are no flags is one of these.
    pub(crate) fn has_word(&self, words: &[&str]) -> bool {
        self.words().any(|word| words.contains(&word.text.as_str()))
    }

    /// The first word that is no flag and is one of these.
    pub(crate) fn word(&self, words: &[&str]) -> Option<&Argument> {
        self.words()
            .find(|word| words.contains(&word.text.as_str()))
    }

    /// Whether it has one of these flags: `y` is found in `-y` and `-qy`, `yes` in `--yes` and `--yes=1`.
    pub(crate) fn has_flag(&self, names: &[&str]) -> bool {
        self.flag(names).is_some()
    }

    /// The first argument that has one of these flags.
    pub(crate) fn flag(&self, names: &[&str]) -> Option<&Argument> {
        let has = |argument: &&Argument| names.iter().any(|name| argument.has_flag(name));
        self.arguments.iter().find(has)
    }

    /// The value of one of these flags: behind its `=`, or the argument behind it.
    pub(crate) fn flag_value(&self, names: &[&str]) -> Option<&str> {
        let at = self.arguments.iter();
        let at = at
            .clone()
            .position(|a| names.iter().any(|name| a.has_flag(name)))?;
        match self.arguments[at].text.split_once('=') {
            Some((_, value)) => Some(value),
            None => self.arguments.get(at + 1).map(|value| value.text.as_str()),
        }
    }
}

impl Argument {
    fn of(word: &Word) -> Self {
        let mut text = String::new();
        push_text(&word.parts, &mut text);
        Self {
            text,
            is_literal: word.literal().is_some(),
            span: word.span,
        }
    }

    /// Whether it begins with `-` and is more than that.
    pub(crate) fn is_flag(&self) -> bool {
        self.text.len() > 1 && self.text.starts_with('-')
    }

    /// Whether it is or holds the flag: a single character in `-abc`, a longer name in `--name` or `--name=value`.
    pub(crate) fn has_flag(&self, name: &str) -> bool {
        match (self.text.strip_prefix("--"), self.text.strip_prefix('-')) {
            (Some(long), _) => long.split('=').next() == Some(name),
            (None, Some(short)) => name.len() == 1 && short.contains(name) || short == name,
            (None, None) => false,
        }
    }
}

/// The text of parts without quotes; what is expanded by its name.
fn push_text(parts: &[Part], text: &mut String) {
    for part in parts {
        match &part.kind {
            PartKind::Literal(part)
            | PartKind::SingleQuoted(part)
            | PartKind::DollarSingleQuoted(part) => text.push_str(part),
            PartKind::Escaped(sign) => text.push(*sign),
            PartKind::DoubleQuoted(parts) | PartKind::DollarDoubleQuoted(parts) => {
                push_text(parts, text);
            }
            PartKind::Parameter(parameter) => {
                text.push('$');
                text.push_str(&parameter.name);
            }
            _ => text.push_str("$(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::invocations;
    use crate::shell::{Dialect, Script, parse};

    /// The programs of a script, with what runs them.
    fn programs(text: &str) -> String {
        let found = invocations(&parse(&Script::whole(text), Dialect::Bash));
        let words = found.iter().map(|one| {
            let place = &text[one.span.start as usize..one.span.end as usize];
            let through = one.through.as_deref().unwrap_or_default();
            let sign = if one.is_placed { "" } else { "?" };
            format!("{through}>{}{sign}:{place}", one.name.text)
        });
        words.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn wrappers_are_looked_into() {
        for (text, expected) in [
            ("/bin/a b", ">a:/bin/a b"),
            ("sudo -u x a b", ">sudo:sudo -u x a b | sudo>a:a b"),
            ("env X=1 a", ">env:env X=1 a | env>a:a"),
            ("timeout 5 a", ">timeout:timeout 5 a | timeout>a:a"),
            ("command -v a", ">command:command -v a"),
            ("command a", ">command:command a | command>a:a"),
            ("sh -c 'a && b'", ">sh:sh -c 'a && b' | sh>a:a | sh>b:b"),
            (
                r#"bash -c "a \"b\"""#,
                r#">bash:bash -c "a \"b\"" | bash>a?:"a \"b\"""#,
            ),
            (
                "sudo sh -ec 'a'",
                ">sudo:sudo sh -ec 'a' | sudo>sh:sh -ec 'a' | sudo>a:a",
            ),
            ("sh -c \"$x\"", ">sh:sh -c \"$x\""),
        ] {
            assert_eq!(programs(text), expected, "{text}");
        }
    }

    #[test]
    fn wrappers_within_wrappers_have_an_end() {
        let text = format!("{}a", "sudo ".repeat(10_000));
        assert_eq!(
            invocations(&parse(&Script::whole(&text), Dialect::Bash)).len(),
            5
        );
    }
}
