//! All nodes of a tree alike, to walk over them.

use dockerfile::Span;

use super::{
    AndOr, Arithmetic, Assignment, CaseItem, Command, CommandKind, Condition, ConditionKind,
    IfBranch, List, Part, PartKind, Pipeline, Redirection, Word,
};

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// A list.
    List(&'a List),
    /// An and-or list.
    AndOr(&'a AndOr),
    /// A pipeline.
    Pipeline(&'a Pipeline),
    /// A command.
    Command(&'a Command),
    /// An assignment.
    Assignment(&'a Assignment),
    /// A redirection.
    Redirection(&'a Redirection),
    /// A branch of an `if`.
    IfBranch(&'a IfBranch),
    /// An item of a `case`.
    CaseItem(&'a CaseItem),
    /// A condition of `[[ … ]]`.
    Condition(&'a Condition),
    /// A word.
    Word(&'a Word),
    /// A part of a word.
    Part(&'a Part),
}

impl<'a> Node<'a> {
    /// Where it stands.
    pub fn span(self) -> Span {
        match self {
            Self::List(node) => node.span,
            Self::AndOr(node) => node.span,
            Self::Pipeline(node) => node.span,
            Self::Command(node) => node.span,
            Self::Assignment(node) => node.span,
            Self::Redirection(node) => node.span,
            Self::IfBranch(node) => node.span,
            Self::CaseItem(node) => node.span,
            Self::Condition(node) => node.span,
            Self::Word(node) => node.span,
            Self::Part(node) => node.span,
        }
    }

    /// The nodes directly in it, in the order of the text. The body of a here-document is in none.
    pub fn children(self) -> Vec<Self> {
        match self {
            Self::List(node) => node
                .items
                .iter()
                .map(|item| Self::AndOr(&item.and_or))
                .collect(),
            Self::AndOr(node) => std::iter::once(&node.first)
                .chain(node.rest.iter().map(|(_, pipeline)| pipeline))
                .map(Self::Pipeline)
                .collect(),
            Self::Pipeline(node) => node.commands.iter().map(Self::Command).collect(),
            Self::Command(node) => of_command(node),
            Self::Assignment(node) => [&node.subscript, &node.value]
                .into_iter()
                .flatten()
                .map(Self::Word)
                .collect(),
            Self::Redirection(node) => node.target.iter().map(Self::Word).collect(),
            Self::IfBranch(node) => vec![Self::List(&node.condition), Self::List(&node.body)],
            Self::CaseItem(node) => words(&node.patterns)
                .chain([Self::List(&node.body)])
                .collect(),
            Self::Condition(node) => of_condition(&node.kind),
            Self::Word(node) => parts(&node.parts),
            Self::Part(node) => of_part(&node.kind),
        }
    }
}

fn words(words: &[Word]) -> impl Iterator<Item = Node<'_>> {
    words.iter().map(Node::Word)
}

fn parts(parts: &[Part]) -> Vec<Node<'_>> {
    parts.iter().map(Node::Part).collect()
}

fn of_command(command: &Command) -> Vec<Node<'_>> {
    let mut nodes = of_kind(&command.kind);
    nodes.extend(command.redirections.iter().map(Node::Redirection));
    if matches!(command.kind, CommandKind::Simple(_)) {
        nodes.sort_by_key(|node| node.span().start);
    }
    nodes
}

fn of_kind(kind: &CommandKind) -> Vec<Node<'_>> {
    match kind {
        CommandKind::Simple(simple) => { simple.assignments.iter().map(Node::Assignment) }
            .chain(words(&simple.words))
            .collect(),
        CommandKind::BraceGroup(list) | CommandKind::Subshell(list) => vec![Node::List(list)],
        CommandKind::For {
            name,
            words: list,
            body,
        }
        | CommandKind::Select {
            name,
            words: list,
            body,
        } => std::iter::once(Node::Word(name))
            .chain(words(list.as_deref().unwrap_or_default()))
            .chain([Node::List(body)])
            .collect(),
        CommandKind::ArithmeticFor { header, body } => {
            let mut nodes = of_arithmetic(header);
            nodes.push(Node::List(body));
            nodes
        }
        CommandKind::Case { word, items } => std::iter::once(Node::Word(word))
            .chain(items.iter().map(Node::CaseItem))
            .collect(),
        CommandKind::If {
            branches,
            otherwise,
        } => { branches.iter().map(Node::IfBranch) }
            .chain(otherwise.iter().map(Node::List))
            .collect(),
        CommandKind::While { condition, body } | CommandKind::Until { condition, body } => {
            vec![Node::List(condition), Node::List(body)]
        }
        CommandKind::Conditional(condition) => { condition.iter() }
            .map(|condition| Node::Condition(condition))
            .collect(),
        CommandKind::Arithmetic(arithmetic) => of_arithmetic(arithmetic),
        CommandKind::Function { name, body } => std::iter::once(Node::Word(name))
            .chain(body.iter().map(|body| Node::Command(body)))
            .collect(),
        CommandKind::Coprocess { name, body } => words(name.as_slice())
            .chain(body.iter().map(|body| Node::Command(body)))
            .collect(),
    }
}

fn of_arithmetic(arithmetic: &Arithmetic) -> Vec<Node<'_>> {
    parts(&arithmetic.parts)
}

fn of_condition(kind: &ConditionKind) -> Vec<Node<'_>> {
    match kind {
        ConditionKind::Or(left, right) | ConditionKind::And(left, right) => {
            vec![Node::Condition(left), Node::Condition(right)]
        }
        ConditionKind::Not(condition) | ConditionKind::Group(condition) => {
            vec![Node::Condition(condition)]
        }
        ConditionKind::Unary(operator, word) => vec![Node::Word(operator), Node::Word(word)],
        ConditionKind::Binary(left, operator, right) => {
            [left, operator, right].map(Node::Word).to_vec()
        }
        ConditionKind::Word(word) => vec![Node::Word(word)],
    }
}

fn of_part(kind: &PartKind) -> Vec<Node<'_>> {
    match kind {
        PartKind::Literal(_)
        | PartKind::Escaped(_)
        | PartKind::SingleQuoted(_)
        | PartKind::DollarSingleQuoted(_) => Vec::new(),
        PartKind::DoubleQuoted(inner) | PartKind::DollarDoubleQuoted(inner) => parts(inner),
        PartKind::Parameter(parameter) => {
            let behind = parameter.substitution.as_ref().map(|found| &found.word);
            let words = parameter.subscript.iter().chain(behind);
            words.map(Node::Word).collect()
        }
        PartKind::Command(list) | PartKind::Backquoted(list) | PartKind::Process(list) => {
            vec![Node::List(list)]
        }
        PartKind::Arithmetic(arithmetic) => of_arithmetic(arithmetic),
        PartKind::Array(elements) => words(elements).collect(),
    }
}
