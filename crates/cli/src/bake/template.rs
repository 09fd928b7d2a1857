//! Text with `${…}` and `%{…}` in it.

use super::evaluate::{Scope, pairs};
use super::problem::{Problem, Result};
use super::value::{as_bool, as_text};
use hcl_edit::Span;
use hcl_edit::template::{Directive, Element, ForDirective, HeredocTemplate, IfDirective, Strip};
use serde_json::Value;

/// A longer text than any that a person means.
const LIMIT: usize = 16 << 20;

impl Scope<'_> {
    /// A template's value: its text, or what its only interpolation gives.
    pub(super) fn template<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
    ) -> Result<Value> {
        let elements: Vec<&Element> = elements.collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.evaluate(&only.expr);
        }
        Ok(Value::from(self.text(&elements)?))
    }

    pub(super) fn heredoc(&self, heredoc: &HeredocTemplate) -> Result<Value> {
        let elements: Vec<&Element> = heredoc.template.iter().collect();
        Ok(Value::from(self.text(&elements)?))
    }

    fn text(&self, elements: &[&Element]) -> Result<String> {
        let mut out = String::new();
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    let before = at.checked_sub(1).and_then(|at| elements.get(at));
                    let strip_start = before.is_some_and(|element| strips(element).1);
                    let strip_end = elements
                        .get(at + 1)
                        .is_some_and(|element| strips(element).0);
                    out.push_str(strip(text, strip_start, strip_end));
                }
                Element::Interpolation(part) => {
                    let value = self.evaluate(&part.expr)?;
                    let text = as_text(&value)
                        .map_err(|problem| problem.at(self.source, part.expr.span()))?;
                    out.push_str(&text);
                }
                Element::Directive(directive) => match &**directive {
                    Directive::If(choice) => out.push_str(&self.choice(choice)?),
                    Directive::For(each) => out.push_str(&self.each_text(each)?),
                },
            }
            if out.len() > LIMIT {
                return Err(Problem::new("the text is too long"));
            }
        }
        Ok(out)
    }

    fn choice(&self, choice: &IfDirective) -> Result<String> {
        let first = &choice.if_expr;
        if as_bool(&self.evaluate(&first.cond_expr)?)? {
            let after = match &choice.else_expr {
                Some(other) => other.strip,
                None => choice.endif_expr.strip,
            };
            let elements: Vec<&Element> = first.template.iter().collect();
            return Ok(inner(&self.text(&elements)?, first.strip, after));
        }
        let Some(other) = &choice.else_expr else {
            return Ok(String::new());
        };
        let elements: Vec<&Element> = other.template.iter().collect();
        Ok(inner(
            &self.text(&elements)?,
            other.strip,
            choice.endif_expr.strip,
        ))
    }

    fn each_text(&self, each: &ForDirective) -> Result<String> {
        let intro = &each.for_expr;
        let collection = self.evaluate(&intro.collection_expr)?;
        let elements: Vec<&Element> = intro.template.iter().collect();
        let mut out = String::new();
        for (key, value) in pairs(&collection)? {
            let mut scope = self.with(intro.value_var.as_str(), value);
            if let Some(name) = &intro.key_var {
                scope.locals.push((name.to_string(), key));
            }
            self.globals.counted(Value::Null)?;
            let text = scope.text(&elements)?;
            out.push_str(&inner(&text, intro.strip, each.endfor_expr.strip));
            if out.len() > LIMIT {
                return Err(Problem::new("the text is too long"));
            }
        }
        Ok(out)
    }
}

/// Whether an element takes the blanks before it and after it away (`${~ x ~}`).
fn strips(element: &Element) -> (bool, bool) {
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(part) => (part.strip.strip_start(), part.strip.strip_end()),
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => (
                choice.if_expr.strip.strip_start(),
                choice.endif_expr.strip.strip_end(),
            ),
            Directive::For(each) => (
                each.for_expr.strip.strip_start(),
                each.endfor_expr.strip.strip_end(),
            ),
        },
    }
}

/// What stands between two directives.
fn inner(text: &str, before: Strip, after: Strip) -> String {
    strip(text, before.strip_end(), after.strip_start()).to_owned()
}

/// Blanks up to a line end go, and the line end.
fn strip(text: &str, start: bool, end: bool) -> &str {
    let text = if start { text.trim_start() } else { text };
    if end { text.trim_end() } else { text }
}
