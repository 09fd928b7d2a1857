//! Commands, in the order in which a shell runs them.

use super::{Call, Follower, Reached, Value, join};
use crate::shell::ast::{
    AndOr, Assignment, CaseItem, Command, CommandKind, IfBranch, List, Node, Pipeline, Separator,
    SimpleCommand, Word,
};
use crate::shell::declaration::{How, declared};

/// How often a loop is followed until nothing changes.
const ROUNDS: usize = 3;

/// How deep calls are followed.
const MAX_CALLS: usize = 16;

impl<'a> Follower<'a> {
    pub(super) fn list(&mut self, list: &'a List, state: &mut Reached) {
        for item in &list.items {
            if item.separator == Some(Separator::Ampersand) {
                let mut inner = state.clone();
                self.and_or(&item.and_or, &mut inner);
            } else {
                self.and_or(&item.and_or, state);
            }
        }
    }

    fn and_or(&mut self, and_or: &'a AndOr, state: &mut Reached) {
        self.pipeline(&and_or.first, state);
        for (_, pipeline) in &and_or.rest {
            let before = state.clone();
            self.pipeline(pipeline, state);
            *state = join(before, state.take());
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, state: &mut Reached) {
        if let [command] = pipeline.commands.as_slice() {
            self.command(command, state);
            return;
        }
        for command in &pipeline.commands {
            let mut inner = state.clone();
            self.command(command, &mut inner);
        }
    }

    pub(super) fn command(&mut self, command: &'a Command, state: &mut Reached) {
        for redirection in &command.redirections {
            self.inside(Node::Redirection(redirection), state);
            let heredoc = { redirection.heredoc }.and_then(|at| self.parsed.heredocs.get(at));
            for part in heredoc.iter().flat_map(|heredoc| &heredoc.parts) {
                self.inside(Node::Part(part), state);
            }
        }
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple, state),
            CommandKind::BraceGroup(list) => self.list(list, state),
            CommandKind::Subshell(list) => self.inside(Node::List(list), state),
            CommandKind::If {
                branches,
                otherwise,
            } => self.branches(branches, otherwise.as_ref(), state),
            CommandKind::While { condition, body } | CommandKind::Until { condition, body } => {
                self.repeat(Some(condition), body, None, state);
            }
            CommandKind::For { name, words, body } => {
                self.words(words.as_deref().unwrap_or_default(), state);
                let value = words.as_ref().map_or(Value::Unknown, |words| each(words));
                self.repeat(
                    None,
                    body,
                    name.literal().map(|name| (name, value)).as_ref(),
                    state,
                );
            }
            CommandKind::Select { name, words, body } => {
                self.words(words.as_deref().unwrap_or_default(), state);
                let name = name.literal().map(|name| (name, Value::Unknown));
                self.repeat(None, body, name.as_ref(), state);
            }
            CommandKind::ArithmeticFor { header, body } => {
                self.arithmetic(header, state);
                header
                    .parts
                    .iter()
                    .for_each(|part| self.inside(Node::Part(part), state));
                self.repeat(None, body, None, state);
            }
            CommandKind::Case { word, items } => {
                self.inside(Node::Word(word), state);
                self.items(items, state);
            }
            CommandKind::Arithmetic(arithmetic) => {
                self.arithmetic(arithmetic, state);
                let parts = arithmetic.parts.iter();
                parts.for_each(|part| self.inside(Node::Part(part), state));
            }
            CommandKind::Conditional(condition) => {
                let condition = condition.as_ref();
                condition.inspect(|condition| self.inside(Node::Condition(condition), state));
            }
            CommandKind::Function { name, body } => {
                if let (Some(name), Some(body)) = (name.literal(), body) {
                    self.functions.insert(name, body);
                }
            }
            CommandKind::Coprocess { body, .. } => {
                let mut inner = state.clone();
                body.iter().for_each(|body| self.command(body, &mut inner));
            }
        }
    }

    fn words(&mut self, words: &'a [Word], state: &mut Reached) {
        words
            .iter()
            .for_each(|word| self.inside(Node::Word(word), state));
    }

    fn branches(
        &mut self,
        branches: &'a [IfBranch],
        otherwise: Option<&'a List>,
        state: &mut Reached,
    ) {
        let mut end = None;
        for branch in branches {
            self.list(&branch.condition, state);
            let mut inner = state.clone();
            self.list(&branch.body, &mut inner);
            end = join(end, inner);
        }
        otherwise.inspect(|list| self.list(list, state));
        *state = join(end, state.take());
    }

    fn items(&mut self, items: &'a [CaseItem], state: &mut Reached) {
        let is_any = |word: &Word| !word.is_quoted() && word.literal().as_deref() == Some("*");
        let is_complete = items.iter().any(|item| item.patterns.iter().any(is_any));
        let mut end = None;
        for item in items {
            let mut inner = state.clone();
            self.words(&item.patterns, &mut inner);
            self.list(&item.body, &mut inner);
            end = join(end, inner);
        }
        let past = if is_complete { None } else { state.take() };
        *state = join(end, past);
    }

    /// A loop; `variable` is what it gives to its variable in each round.
    fn repeat(
        &mut self,
        condition: Option<&'a List>,
        body: &'a List,
        variable: Option<&(String, Value)>,
        state: &mut Reached,
    ) {
        for _ in 0..ROUNDS {
            condition.inspect(|list| self.list(list, state));
            let mut inner = state.clone();
            if let Some((name, value)) = variable {
                self.set(&mut inner, name, *value);
            }
            self.list(body, &mut inner);
            let before = state.clone();
            *state = join(state.take(), inner);
            if *state == before || !self.take_step() {
                break;
            }
        }
    }

    fn simple(&mut self, simple: &'a SimpleCommand, state: &mut Reached) {
        self.take_step();
        for assignment in &simple.assignments {
            self.inside(Node::Assignment(assignment), state);
            if simple.words.is_empty() {
                self.assign(assignment, state);
            }
        }
        self.words(&simple.words, state);
        let Some(name) = simple.words.first().and_then(Word::literal) else {
            return;
        };
        match name.as_str() {
            "exit" => *state = None,
            "return" => {
                if let Some(call) = self.calls.last_mut() {
                    call.returns = join(call.returns.take(), state.clone());
                }
                *state = None;
            }
            _ if self.functions.contains_key(&name) => self.call(&name, state),
            _ => self.declare(&name, simple, state),
        }
    }

    fn assign(&mut self, assignment: &Assignment, state: &mut Reached) {
        let old = self.get(state, &assignment.name);
        let value = match (&assignment.value, &assignment.subscript) {
            (_, Some(_)) => Value::Unknown,
            (None, None) => Value::Empty,
            (Some(word), None) => Value::of_word(word, &|name| self.get(state, name)),
        };
        let value = if assignment.appends {
            old.and(value)
        } else {
            value
        };
        self.set(state, &assignment.name, value);
    }

    /// What commands like `export` and `read` do to variables.
    fn declare(&mut self, command: &str, simple: &SimpleCommand, state: &mut Reached) {
        let is_local = matches!(command, "local" | "declare" | "typeset");
        for declared in declared(simple) {
            let old = self.get(state, &declared.name);
            let value = match declared.how {
                How::Named if is_local => Value::Unknown,
                how => how.value(old, &|name| self.get(state, name)),
            };
            self.set(state, &declared.name, value);
            let number = self.names.get(&declared.name).copied();
            if let (true, Some(call), Some(number)) = (is_local, self.calls.last_mut(), number) {
                call.locals.push((number, old));
            }
        }
    }

    fn call(&mut self, name: &str, state: &mut Reached) {
        let is_running = self.calls.iter().any(|call| call.name == name);
        if is_running || self.calls.len() >= MAX_CALLS || !self.take_step() {
            return;
        }
        let Some(body) = self.functions.get(name).copied() else {
            return;
        };
        self.called.insert(name.to_owned());
        let call = Call {
            name: name.to_owned(),
            ..Call::default()
        };
        self.calls.push(call);
        self.command(body, state);
        let call = self.calls.pop().unwrap_or_default();
        *state = join(state.take(), call.returns);
        if let Some(state) = state {
            for (number, old) in call.locals.into_iter().rev() {
                if let Some(value) = state.0.get_mut(number) {
                    *value = old;
                }
            }
        }
    }
}

/// The value of a loop's variable.
fn each(words: &[Word]) -> Value {
    let value = |word: &Word| {
        let is_known = !word.has_braces() && !word.has_pattern();
        let text = word.literal().filter(|_| is_known);
        text.map_or(Value::Unknown, |text| Value::of_text(&text))
    };
    let values = words.iter().map(value);
    values.reduce(Value::or).unwrap_or(Value::Unknown)
}
