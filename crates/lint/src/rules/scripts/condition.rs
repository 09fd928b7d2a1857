//! Whether somebody looks at whether a command fails.

use crate::shell::ast::{AndOr, CommandKind, List, Node};

/// Whether what happens next depends on a node: it stands left of `&&` or `||`, or is the condition of an `if` or a
/// loop; or what it is a part of does.
pub(super) fn is_condition(trail: &[Node<'_>], node: Node<'_>) -> bool {
    let parents = trail.iter().rev();
    let children = std::iter::once(&node).chain(trail.iter().rev());
    let mut item = None;
    for (parent, child) in parents.zip(children) {
        match (parent, child) {
            (Node::AndOr(and_or), Node::Pipeline(pipeline)) => {
                if !std::ptr::eq(last(and_or), *pipeline) {
                    return true;
                }
            }
            (Node::List(_), Node::AndOr(and_or)) => item = Some(*and_or),
            (Node::IfBranch(branch), Node::List(list)) => {
                if std::ptr::eq(&raw const branch.condition, *list) && is_last(list, item) {
                    return true;
                }
            }
            (Node::Command(command), Node::List(list)) => {
                let (CommandKind::While { condition, .. } | CommandKind::Until { condition, .. }) =
                    &command.kind
                else {
                    continue;
                };
                if std::ptr::eq(condition, *list) && is_last(list, item) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
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
