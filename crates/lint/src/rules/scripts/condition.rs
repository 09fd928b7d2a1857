//! Whether somebody looks at whether a command fails.

use crate::shell::ast::{AndOr, CommandKind, List, Node};

/// Whether what happens next depends on a node: it stands left of `&&` or `||`, or is the condition of an `if` or a
/// loop; or what it is a part of does.
pub(super) fn is_condition(trail: &[Node<'_>], node: Node<'_>) -> bool {
    let parents = trail.iter().rev();
    let children = std::iter::once(&node).chain(trail.iter().rev());
    let mut item = None;
    for (parent, child) in parents.zip(children) {
        if let Node::AndOr(and_or) = child {
            item = Some(*and_or);
        }
        let decides = match (parent, child) {
            (Node::AndOr(and_or), Node::Pipeline(pipeline)) => {
                !std::ptr::eq(last(and_or), *pipeline)
            }
            (Node::IfBranch(branch), Node::List(list)) => {
                std::ptr::eq(&raw const branch.condition, *list) && is_last(list, item)
            }
            (Node::Command(command), Node::List(list)) => {
                is_loop_condition(&command.kind, list) && is_last(list, item)
            }
            _ => false,
        };
        if decides {
            return true;
        }
    }
    false
}

fn is_loop_condition(kind: &CommandKind, list: &List) -> bool {
    match kind {
        CommandKind::While { condition, .. } | CommandKind::Until { condition, .. } => {
            std::ptr::eq(condition, list)
        }
        _ => false,
    }
}

fn last(and_or: &AndOr) -> &crate::shell::ast::Pipeline {
    let rest = and_or.rest.last().map(|(_, pipeline)| pipeline);
    rest.unwrap_or(&and_or.first)
}

fn is_last(list: &List, item: Option<&AndOr>) -> bool {
    match (list.items.last(), item) {
        (Some(last), Some(item)) => std::ptr::eq(&raw const last.and_or, item),
        _ => false,
    }
}
