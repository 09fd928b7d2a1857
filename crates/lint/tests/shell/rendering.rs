//! Trees as text: one line for each and-or list, words in brackets, quotes and expansions as they are written.

use lint::shell::Parsed;
use lint::shell::ast::{
    AndOrOperator, Command, CommandKind, Condition, ConditionKind, List, Parameter, Part, PartKind,
    Pipeline, Redirection, Separator, Word,
};

/// The tree, the here-documents, what is wrong and what is only bash's.
pub(crate) fn render(parsed: &Parsed) -> String {
    let mut out = String::new();
    for item in &parsed.list.items {
        let one = List {
            items: vec![item.clone()],
            span: parsed.list.span,
        };
        out += &format!("{}\n", list(&one));
    }
    for heredoc in &parsed.heredocs {
        let end = if heredoc.is_terminated {
            ""
        } else {
            ", no end"
        };
        out += &format!(
            "<<{:?} {:?}{end}\n",
            heredoc.delimiter,
            parts(&heredoc.parts)
        );
    }
    for error in &parsed.errors {
        out += &format!("{}-{}: {error}\n", error.span.start, error.span.end);
    }
    for extension in &parsed.extensions {
        out += &format!(
            "{}-{}: {:?}\n",
            extension.span.start, extension.span.end, extension.kind
        );
    }
    out
}

fn list(list: &List) -> String {
    let items = list.items.iter().map(|item| {
        let mut text = pipeline(&item.and_or.first);
        for (operator, behind) in &item.and_or.rest {
            let sign = if matches!(operator, AndOrOperator::And(_)) {
                "&&"
            } else {
                "||"
            };
            text = format!("{text} {sign} {}", pipeline(behind));
        }
        let end = match item.separator {
            None => "",
            Some(Separator::Semicolon) => ";",
            Some(Separator::Ampersand) => " &",
            Some(Separator::Newline) => " ¶",
        };
        text + end
    });
    items.collect::<Vec<_>>().join(" ")
}

fn pipeline(pipeline: &Pipeline) -> String {
    let commands: Vec<_> = pipeline.commands.iter().map(command).collect();
    let bang = pipeline.bang.map_or("", |_| "! ");
    let time = pipeline.time.map_or("", |_| "time ");
    format!("{bang}{time}{}", commands.join(" | "))
}

fn command(command: &Command) -> String {
    let redirections: Vec<_> = command.redirections.iter().map(redirection).collect();
    let behind = if redirections.is_empty() {
        String::new()
    } else {
        format!(" {}", redirections.join(" "))
    };
    format!("({}{behind})", kind(&command.kind))
}

fn kind(kind: &CommandKind) -> String {
    match kind {
        CommandKind::Simple(simple) => {
            let assignments = simple.assignments.iter().map(|assignment| {
                let subscript = assignment.subscript.as_ref().map_or(String::new(), word);
                let sign = if assignment.appends { "+=" } else { "=" };
                format!(
                    "{}{subscript}{sign}{}",
                    assignment.name,
                    assignment.value.as_ref().map_or(String::new(), word)
                )
            });
            assignments
                .chain(simple.words.iter().map(word))
                .collect::<Vec<_>>()
                .join(" ")
        }
        CommandKind::BraceGroup(body) => format!("group {}", list(body)),
        CommandKind::Subshell(body) => format!("subshell {}", list(body)),
        CommandKind::Case {
            word: subject,
            items,
        } => {
            let items: Vec<_> = items
                .iter()
                .map(|item| {
                    let patterns: Vec<_> = item.patterns.iter().map(word).collect();
                    format!(
                        "{}) {}{}",
                        patterns.join("|"),
                        list(&item.body),
                        item.terminator.map_or("", |_| " ;;")
                    )
                })
                .collect();
            format!("case {} in {}", word(subject), items.join(" "))
        }
        CommandKind::If {
            branches,
            otherwise,
        } => {
            let branches: Vec<_> = branches
                .iter()
                .map(|branch| format!("if {} then {}", list(&branch.condition), list(&branch.body)))
                .collect();
            let otherwise = otherwise
                .as_ref()
                .map_or(String::new(), |body| format!(" else {}", list(body)));
            format!("{}{otherwise}", branches.join(" el"))
        }
        CommandKind::Conditional(inner) => format!(
            "test {}",
            inner
                .as_ref()
                .map_or(String::new(), |inner| condition(inner))
        ),
        CommandKind::Arithmetic(arithmetic) => format!("let {}", parts(&arithmetic.parts)),
        CommandKind::Function { name, body } => {
            format!("function {} {}", word(name), optional(body.as_deref()))
        }
        CommandKind::Coprocess { name, body } => format!(
            "coproc {} {}",
            name.as_ref().map_or(String::new(), word),
            optional(body.as_deref())
        ),
        kind => loops(kind),
    }
}

fn loops(kind: &CommandKind) -> String {
    match kind {
        CommandKind::For {
            name,
            words: over,
            body,
        } => format!("for {} in {} do {}", word(name), words(over), list(body)),
        CommandKind::Select {
            name,
            words: over,
            body,
        } => format!("select {} in {} do {}", word(name), words(over), list(body)),
        CommandKind::ArithmeticFor { header, body } => {
            format!("for (({})) do {}", parts(&header.parts), list(body))
        }
        CommandKind::While { condition, body } => {
            format!("while {} do {}", list(condition), list(body))
        }
        CommandKind::Until { condition, body } => {
            format!("until {} do {}", list(condition), list(body))
        }
        _ => unreachable!("the others are rendered above"),
    }
}

fn optional(body: Option<&Command>) -> String {
    body.map_or(String::new(), command)
}

fn words(words: &Option<Vec<Word>>) -> String {
    let words = words
        .as_ref()
        .map(|words| words.iter().map(word).collect::<Vec<_>>().join(" "));
    words.unwrap_or_else(|| "\"$@\"".to_owned())
}

fn condition(node: &Condition) -> String {
    match &node.kind {
        ConditionKind::Or(left, right) => format!("({} || {})", condition(left), condition(right)),
        ConditionKind::And(left, right) => format!("({} && {})", condition(left), condition(right)),
        ConditionKind::Not(inner) => format!("! {}", condition(inner)),
        ConditionKind::Group(inner) => format!("( {} )", condition(inner)),
        ConditionKind::Unary(operator, operand) => format!("{} {}", word(operator), word(operand)),
        ConditionKind::Binary(left, operator, right) => {
            format!("{} {} {}", word(left), word(operator), word(right))
        }
        ConditionKind::Word(inner) => word(inner),
    }
}

fn redirection(node: &Redirection) -> String {
    let descriptor = node.descriptor.as_deref().unwrap_or_default();
    format!(
        "{descriptor}{:?} {}",
        node.operator,
        node.target.as_ref().map_or(String::new(), word)
    )
}

fn word(node: &Word) -> String {
    format!("[{}]", parts(&node.parts))
}

fn parts(parts: &[Part]) -> String {
    parts.iter().map(part).collect()
}

fn part(part: &Part) -> String {
    match &part.kind {
        PartKind::Literal(text) => text.clone(),
        PartKind::Escaped(sign) => format!("\\{sign}"),
        PartKind::SingleQuoted(text) => format!("'{text}'"),
        PartKind::DollarSingleQuoted(text) => format!("$'{text}'"),
        PartKind::DoubleQuoted(inner) => format!("\"{}\"", parts(inner)),
        PartKind::DollarDoubleQuoted(inner) => format!("$\"{}\"", parts(inner)),
        PartKind::Parameter(node) => parameter(node),
        PartKind::Command(body) => format!("$({})", list(body)),
        PartKind::Backquoted(body) => format!("`{}`", list(body)),
        PartKind::Arithmetic(node) => format!("$(({}))", parts(&node.parts)),
        PartKind::Process(body) => format!("<({})", list(body)),
        PartKind::Array(elements) => format!(
            "({})",
            elements.iter().map(word).collect::<Vec<_>>().join(" ")
        ),
    }
}

fn parameter(node: &Parameter) -> String {
    if !node.is_braced {
        return format!("${}", node.name);
    }
    let length = if node.is_length { "length of " } else { "" };
    let indirect = if node.is_indirect { "value of " } else { "" };
    let subscript = node.subscript.as_ref().map_or(String::new(), word);
    let substitution = node.substitution.as_ref().map_or(String::new(), |found| {
        format!(" {} {}", found.operator, word(&found.word))
    });
    format!(
        "${{{length}{indirect}{}{subscript}{substitution}}}",
        node.name
    )
}
