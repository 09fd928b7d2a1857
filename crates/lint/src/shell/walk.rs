//! A walk over all nodes of a script, each with the nodes around it.

use super::Parsed;
use super::ast::Node;

/// Visits every node in the order of the text, those in the bodies of here-documents behind the redirection that has
/// them. The visitor is given the nodes around it, the outermost first.
pub(crate) fn walk<'a>(parsed: &'a Parsed, visit: &mut dyn FnMut(&[Node<'a>], Node<'a>)) {
    let mut trail = Vec::new();
    step(parsed, Node::List(&parsed.list), &mut trail, visit);
}

fn step<'a>(
    parsed: &'a Parsed,
    node: Node<'a>,
    trail: &mut Vec<Node<'a>>,
    visit: &mut dyn FnMut(&[Node<'a>], Node<'a>),
) {
    visit(trail, node);
    trail.push(node);
    for child in node.children() {
        step(parsed, child, trail, visit);
    }
    if let Node::Redirection(redirection) = node
        && let Some(heredoc) = { redirection.heredoc }.and_then(|at| parsed.heredocs.get(at))
    {
        for part in &heredoc.parts {
            step(parsed, Node::Part(part), trail, visit);
        }
    }
    trail.pop();
}
