//! A script with all that the rules know of it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use dockerfile::ast::Kind;
use dockerfile::{Source, Span};

use super::compatible::Ground;
use super::interpreter::{Interpreter, interpreter};
use crate::file::File;
use crate::fix::Fix;
use crate::rule::Found;
use crate::runs::RunStep;
use crate::scripts::PROXIES;
use crate::shell::Parsed;
use crate::shell::ast::{CommandKind, Node, PartKind, SimpleCommand, Word};
use crate::shell::commands::simple_commands;
use crate::shell::flow::Flow;
use crate::shell::walk::walk;

/// The script of a `RUN`.
pub(super) struct Scene<'a> {
    pub(super) source: &'a Source,
    pub(super) step: &'a RunStep<'a>,
    /// The tree.
    pub(super) parsed: &'a Parsed,
    /// What runs it.
    pub(super) interpreter: Interpreter,
    /// Whether hadolint's exact behaviour is wanted.
    pub(super) is_compatible: bool,
    /// What variables hold.
    pub(super) flow: Flow,
    /// The variables that `ARG` and `ENV` set before it begins, and others that are set then.
    known: Known<'a>,
    /// Whether a command that fails ends it: `set -e`, or a `SHELL` with `-e`.
    pub(super) is_strict: bool,
    /// `# shellcheck disable=`: the codes, and where they count.
    disabled: Vec<(Vec<&'a str>, Span)>,
    /// Whether all of it stands in the file as it is, once somebody asked for it.
    is_placed: OnceCell<bool>,
}

/// The variables that are set before a script begins.
struct Known<'a> {
    step: Option<&'a RunStep<'a>>,
    ground: Option<&'a Ground<'a>>,
    others: BTreeSet<&'a str>,
}

impl Known<'_> {
    fn has(&self, name: &str) -> bool {
        PROXIES.contains(&name)
            || self.step.is_some_and(|step| step.variables.contains(name))
            || self
                .ground
                .is_some_and(|ground| ground.variables.contains(name))
            || self.others.contains(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let of_step = self.step.iter().flat_map(|step| step.variables.iter());
        let of_ground = self
            .ground
            .iter()
            .flat_map(|ground| ground.variables.iter());
        let of_step = of_step.map(String::as_str).chain(of_ground.copied());
        let others = self.others.iter().copied();
        of_step.chain(others).chain(PROXIES)
    }
}

impl<'a> Scene<'a> {
    /// The scene of a `RUN`; nothing where its script cannot be read, or is no script: the exec form.
    /// With `ground` it is the one that hadolint sees, and `reread` the script as it reads it.
    pub(super) fn of(
        file: &'a File<'_>,
        step: &'a RunStep<'a>,
        ground: Option<&'a Ground<'a>>,
        reread: Option<&'a Parsed>,
    ) -> Option<Self> {
        let parsed = match (reread, &step.script) {
            (Some(reread), _) => reread,
            (None, script) => &script.as_ref()?.parsed,
        };
        if step.is_exec() || !parsed.errors.is_empty() {
            return None;
        }
        let is_compatible = ground.is_some();
        let known = Known {
            step: ground.is_none().then_some(step),
            ground,
            others: if is_compatible {
                BTreeSet::new()
            } else {
                others(file, step)
            },
        };
        let interpreter = match ground {
            Some(ground) => Interpreter::for_hadolint(ground.shell)?,
            None => interpreter(file, step, step.script.as_ref()?.dialect),
        };
        Some(Self {
            source: file.source,
            step,
            parsed,
            interpreter,
            is_compatible,
            flow: Flow::of(parsed, &|name| known.has(name)),
            known,
            is_strict: sets_errexit(parsed) || !is_compatible && shell_has_errexit(step),
            disabled: disabled(file.source, parsed, is_compatible),
            is_placed: OnceCell::new(),
        })
    }

    /// Whether a variable is set before the script begins.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.known.has(name)
    }

    /// The variables that are set before the script begins.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.known.names()
    }

    /// Something that is wrong with a part of the script.
    pub(super) fn found(&self, place: Span, message: impl Into<String>) -> Found {
        // Where a part of a word is counted, a continuation may stand within it.
        let text = self.source.text();
        let floor = |at: u32| u32::try_from(text.floor_char_boundary(at as usize)).unwrap_or(at);
        let place = Span::new(floor(place.start), floor(place.end));
        Found::new(self.step.instruction.span, place, message)
    }

    /// A fix, where the script can have one: all of it must stand in the file as it is.
    pub(super) fn fix(&self, fix: Fix) -> Option<Fix> {
        let is_placed = *self.is_placed.get_or_init(|| is_placed(self.parsed));
        self.step.fix(fix).filter(|_| is_placed)
    }

    /// Whether a comment for ShellCheck switches a rule off at a place.
    pub(super) fn is_switched_off(&self, rule: &str, place: Span) -> bool {
        self.disabled.iter().any(|(codes, span)| {
            span.start <= place.start
                && place.start < span.end
                && codes.iter().any(|code| *code == rule || *code == "all")
        })
    }
}

/// Variables that are set when a `RUN` begins beside those of `ARG` and `ENV`: by the base image, where that is known, and
/// for what is behind `ONBUILD` by other `ONBUILD`s.
fn others<'a>(file: &'a File<'_>, step: &RunStep<'_>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    if let Some(base) = file.facts.bases.get(&step.stage) {
        let pairs = base.env.iter().filter_map(|pair| pair.split_once('='));
        names.extend(pairs.map(|(name, _)| name));
    }
    if !step.is_trigger {
        return names;
    }
    let instructions = file.dockerfile.stages[step.stage].instructions.iter();
    for instruction in instructions.take_while(|one| one.span.start < step.instruction.span.start) {
        let Kind::Onbuild(onbuild) = &instruction.kind else {
            continue;
        };
        match &onbuild.instruction.kind {
            Kind::Env(pairs) => names.extend(pairs.iter().map(|pair| pair.name.text.as_str())),
            Kind::Arg(args) => names.extend(args.iter().map(|arg| arg.name.text.as_str())),
            _ => {}
        }
    }
    names
}

/// The literal name of a command without its folder, with the words behind it. `exec`, `command` and `builtin` before it
/// do not count.
pub(super) fn command(simple: &SimpleCommand) -> Option<(String, &[Word])> {
    let (name, arguments) = plain_command(simple)?;
    if !matches!(name.as_str(), "exec" | "command" | "builtin") {
        return Some((name, arguments));
    }
    match arguments.split_first() {
        Some((inner, behind)) => {
            let inner = inner.literal().filter(|text| !text.starts_with('-'));
            Some(inner.map_or((name, arguments), |inner| (base_name(&inner), behind)))
        }
        None => Some((name, arguments)),
    }
}

/// The literal name of a command without its folder, with the words behind it.
pub(super) fn plain_command(simple: &SimpleCommand) -> Option<(String, &[Word])> {
    let (name, arguments) = simple.words.split_first()?;
    Some((base_name(&name.literal()?), arguments))
}

/// Whether something is in a function.
pub(super) fn is_in_function(trail: &[Node<'_>]) -> bool {
    trail.iter().any(|node| {
        matches!(node, Node::Command(command) if matches!(command.kind, CommandKind::Function { .. }))
    })
}

fn base_name(program: &str) -> String {
    program.rsplit('/').next().unwrap_or(program).to_owned()
}

/// Whether the literals of a script have room where they are said to stand.
fn is_placed(parsed: &Parsed) -> bool {
    let mut is_placed = true;
    walk(parsed, &mut |_, node| {
        if let Node::Part(part) = node
            && let PartKind::Literal(text) = &part.kind
        {
            is_placed &= (part.span.end - part.span.start) as usize >= text.len();
        }
    });
    is_placed
}

/// Whether a script says `set -e` anywhere.
fn sets_errexit(parsed: &Parsed) -> bool {
    simple_commands(parsed).iter().any(|command| {
        command
            .simple
            .words
            .first()
            .and_then(Word::literal)
            .as_deref()
            == Some("set")
            && is_errexit(command.arguments().filter_map(|(_, text)| text))
    })
}

/// Whether the shell is started with `-e`: `SHELL ["/bin/bash", "-eo", "pipefail", "-c"]`.
fn shell_has_errexit(step: &RunStep<'_>) -> bool {
    is_errexit(step.shell.iter().skip(1).cloned())
}

fn is_errexit(words: impl Iterator<Item = String>) -> bool {
    let mut is_option = false;
    for word in words {
        if is_option && word == "errexit" {
            return true;
        }
        let flags = word
            .strip_prefix('-')
            .filter(|flags| !flags.starts_with('-'));
        if flags.is_some_and(|flags| flags.contains('e')) {
            return true;
        }
        is_option = flags.is_some_and(|flags| flags.ends_with('o'));
    }
    false
}

/// The comments `# shellcheck disable=…`, each with the command behind it; one before all commands counts for all, but not
/// for hadolint, which puts commands of its own before them.
fn disabled<'a>(
    source: &'a Source,
    parsed: &Parsed,
    is_compatible: bool,
) -> Vec<(Vec<&'a str>, Span)> {
    let mut directives: Vec<(Vec<&str>, Span)> = Vec::new();
    for comment in &parsed.comments {
        let text = source.slice(*comment).trim_start_matches('#').trim_start();
        let Some(rest) = text.strip_prefix("shellcheck ") else {
            continue;
        };
        let lists = rest
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("disable="));
        let codes: Vec<&str> = lists.flat_map(|list| list.split(',')).collect();
        if !codes.is_empty() {
            directives.push((codes, *comment));
        }
    }
    if directives.is_empty() {
        return directives;
    }
    let mut items = Vec::new();
    walk(parsed, &mut |_, node| {
        if let Node::AndOr(item) = node {
            items.push(item.span);
        }
    });
    for (_, place) in &mut directives {
        let is_first = !is_compatible && parsed.list.span.start >= place.end;
        let next = items.iter().find(|item| item.start >= place.end);
        *place = match next {
            _ if is_first => parsed.list.span.to(Span::new(u32::MAX, u32::MAX)),
            Some(next) => *next,
            None => Span::new(place.end, place.end),
        };
    }
    directives
}
