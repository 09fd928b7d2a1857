//! The simple commands of a script, wherever they stand: what rules ask for.

use super::Parsed;
use super::ast::{Command, CommandKind, Node, SimpleCommand, Word};
use super::script::name;

/// All simple commands of a script, in the order of the text: those of lists, of compound commands and functions, of
/// substitutions in words, and at last those of the substitutions in here-documents.
///
/// What `sudo`, `env` or `exec` run is part of their words, as it is for the shell.
pub fn simple_commands(parsed: &Parsed) -> Vec<Simple<'_>> {
    let mut found = Vec::new();
    push_commands(Node::List(&parsed.list), &mut found);
    let bodies = parsed.heredocs.iter().flat_map(|heredoc| &heredoc.parts);
    bodies.for_each(|part| push_commands(Node::Part(part), &mut found));
    found
}

/// A simple command.
#[derive(Clone, Copy, Debug)]
pub struct Simple<'a> {
    /// With its redirections and its place.
    pub command: &'a Command,
    /// Its assignments and words.
    pub simple: &'a SimpleCommand,
}

impl<'a> Simple<'a> {
    /// The name of the command without its folder, where it is known: `apt-get` of `/usr/bin/apt-get`.
    pub fn name(&self) -> Option<String> {
        let program = self.simple.words.first()?.literal()?;
        Some(name(&program).to_owned())
    }

    /// The words behind the name, with their text where it is known.
    pub fn arguments(&self) -> impl Iterator<Item = (&'a Word, Option<String>)> {
        let words: &'a [Word] = &self.simple.words;
        words.iter().skip(1).map(|word| (word, word.literal()))
    }
}

fn push_commands<'a>(node: Node<'a>, found: &mut Vec<Simple<'a>>) {
    if let Node::Command(command) = node
        && let CommandKind::Simple(simple) = &command.kind
    {
        found.push(Simple { command, simple });
    }
    for child in node.children() {
        push_commands(child, found);
    }
}

#[cfg(test)]
mod tests {
    use super::simple_commands;
    use crate::shell::{Dialect, Script, parse};

    /// The words of each command, `?` where they are not known.
    fn commands(text: &str) -> Vec<String> {
        let parsed = parse(&Script::whole(text), Dialect::Bash);
        let commands = simple_commands(&parsed);
        let words = commands.iter().map(|command| {
            let arguments = command.arguments().map(|(_, text)| text);
            let words = std::iter::once(command.name()).chain(arguments);
            let words = words.map(|word| word.unwrap_or_else(|| "?".to_owned()));
            words.collect::<Vec<_>>().join(" ")
        });
        words.collect()
    }

    #[test]
    fn commands_are_found_wherever_they_stand() {
        for (text, found) in [
            ("a && b || c; d & e | f", vec!["a", "b", "c", "d", "e", "f"]),
            (
                "if a; then b; elif c; then d; else e; fi",
                vec!["a", "b", "c", "d", "e"],
            ),
            ("for i in $(a); do (b; { c; }); done", vec!["a", "b", "c"]),
            ("while ! a; do case x in y) b;; esac; done", vec!["a", "b"]),
            ("f() { a; }; f 'b'\"c\"\\d", vec!["a", "f bcd"]),
            (
                "A=$(a) \"$(b `c`)\" <(d) > $(e)",
                vec!["? ?", "a", "b ?", "c", "d", "e"],
            ),
            ("[[ $(a) ]] && ((1 + $(b)))", vec!["a", "b"]),
            ("cat <<E | a\n$(b)\nE", vec!["cat", "a", "b"]),
            (
                "sudo -E env A=b /usr/bin/apt-get install",
                vec!["sudo -E env A=b /usr/bin/apt-get install"],
            ),
            ("/usr/bin/apt-get -y \"$x\" $y", vec!["apt-get -y ? ?"]),
        ] {
            assert_eq!(commands(text), found, "{text}");
        }
    }

    #[test]
    fn what_is_broken_hides_no_others() {
        for text in [
            "a; if b; done; c",
            "a; ) b; c",
            "a && && b; c",
            "a; for b; c",
            "a; case x b) b;; esac; c",
            "a; [[ x y ]]; b; c",
            "a; { b; ) c",
            "a > ; b; fi; c",
        ] {
            let found = commands(text);
            assert_eq!(found.first().map(String::as_str), Some("a"), "{text}");
            assert_eq!(found.last().map(String::as_str), Some("c"), "{text}");
        }
    }
}
