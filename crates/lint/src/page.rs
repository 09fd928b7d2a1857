//! The page of a rule: what, why, bad, good, how to configure.

use std::fmt::Write as _;

use crate::fix::Safety;
use crate::rule::{Activation, Rule, Set};

impl Rule {
    /// Where its page is: for Docker's checks in Docker's documentation.
    pub fn url(&self) -> String {
        match self.set {
            Set::Docker => format!(
                "https://docs.docker.com/go/dockerfile/rule/{}/",
                kebab(self.name)
            ),
            Set::Hadolint | Set::ShellCheck | Set::Carafe => {
                format!(
                    "{}/blob/main/docs/lint/{}.md",
                    env!("CARGO_PKG_REPOSITORY"),
                    self.name
                )
            }
        }
    }
}

/// `json-args-recommended` of `JSONArgsRecommended`.
fn kebab(name: &str) -> String {
    let mut page = String::new();
    let signs: Vec<char> = name.chars().collect();
    for (at, sign) in signs.iter().enumerate() {
        let is_capital = |at: usize| signs.get(at).is_some_and(char::is_ascii_uppercase);
        let is_small = |at: usize| signs.get(at).is_some_and(char::is_ascii_lowercase);
        // `JSONArgs` are two words, and so are `FromAs`.
        if at > 0 && is_capital(at) && (!is_capital(at - 1) || is_small(at + 1)) {
            page.push('-');
        }
        page.push(sign.to_ascii_lowercase());
    }
    page
}

/// The page of a rule in `docs/lint`, as Markdown.
pub fn page(rule: &Rule) -> String {
    let summary = rule.summary.trim_end_matches('.');
    let mut out = format!("# {}\n\n{summary}.\n\n", rule.name);
    let _ = write!(out, "{}\n\n", wrapped(rule.page.why));
    example(&mut out, "Not so:", rule.page.bad);
    example(&mut out, "But so:", rule.page.good);
    if let Some(text) = rule.page.configure {
        let _ = write!(out, "{}\n\n", wrapped(text));
    }
    let _ = write!(out, "{}\n\n", origin(rule));
    let directive = match rule.activation {
        Activation::Experimental => "experimental",
        Activation::On | Activation::Off => "skip",
    };
    let _ = write!(out, "{}\n\n", switch(rule.activation));
    let _ = writeln!(out, "```dockerfile\n# check={directive}={}\n```", rule.name);
    out
}

/// Paragraphs in lines of at most 120 characters; lines that begin with a blank, a table's or a block's are left as they are.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 120;
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        let words = line.split(' ');
        for (nth, word) in words.enumerate() {
            let length = word.chars().count();
            let is_prose = !line.starts_with([' ', '|']) && !line.starts_with("```");
            if nth > 0 && is_prose && column + 1 + length > WIDTH {
                out.push('\n');
                column = 0;
            } else if nth > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

fn example(out: &mut String, title: &str, text: &str) {
    let _ = write!(out, "{title}\n\n```dockerfile\n{text}```\n\n");
}

/// Where the rule comes from, how bad it is, and who says the same.
fn origin(rule: &Rule) -> String {
    let whose = match rule.set {
        Set::Docker => "A build check of Docker",
        Set::Hadolint => "A rule of hadolint",
        Set::ShellCheck => "A check of ShellCheck",
        Set::Carafe => "A rule of carafe",
    };
    let severity = rule.severity;
    let activation = match rule.activation {
        Activation::On => "",
        Activation::Experimental => ", experimental",
        Activation::Off => ", off unless the configuration gives it a severity",
    };
    let twins = match rule.twins {
        [] => String::new(),
        twins => format!(" Says the same as {}.", twins.join(", ")),
    };
    let fix = match rule.fix {
        Some(Safety::Safe) => " `carafe lint --fix` mends it.",
        Some(Safety::Unsafe) => {
            " `carafe lint --fix --unsafe-fixes` mends it; look at what it does first (`--diff`)."
        }
        None => "",
    };
    format!("{whose} ({severity}{activation}).{twins}{fix}")
}

fn switch(activation: Activation) -> &'static str {
    match activation {
        Activation::Experimental => {
            "The rule is experimental: it only runs where a file asks for it at its top (or the build argument \
             `BUILDKIT_DOCKERFILE_CHECK` does):"
        }
        Activation::On | Activation::Off => {
            "To switch the rule off for a file, put this at its top; for one instruction, right above it:"
        }
    }
}
