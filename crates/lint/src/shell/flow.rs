//! What the variables of a script hold where they are expanded: whether an unquoted expansion is split.
//!
//! The commands are followed in the order in which a shell runs them, both ways of a branch, loops until nothing
//! changes, functions where they are called. It is told once how a value came to be; what programs do is not known.

mod arithmetic;
mod command;
mod value;

use std::collections::{HashMap, HashSet};

use super::Parsed;
use super::ast::{Command, Node, Part, PartKind};

pub(crate) use arithmetic::{assigned, names};
pub(crate) use value::Value;

/// Variables whose value is a number, or has no blanks.
const PLAIN: [&str; 21] = [
    "BASHPID",
    "BASH_ARGC",
    "BASH_LINENO",
    "BASH_SUBSHELL",
    "COLUMNS",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "HISTFILESIZE",
    "HISTSIZE",
    "LINENO",
    "LINES",
    "OPTIND",
    "PPID",
    "RANDOM",
    "READLINE_POINT",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
];

/// How much work there may be for each node of the tree: loops in loops and calls in calls stop being followed then.
const STEPS_PER_NODE: usize = 16;

/// How many variables are followed; of others nothing is known.
const MAX_VARIABLES: usize = 1000;

/// What variables hold where they are expanded.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// By the address of the part.
    values: HashMap<*const Part, Value>,
}

impl Flow {
    /// Follows a script in which the variables `known` are set to something without blanks.
    pub(crate) fn of<'a>(parsed: &'a Parsed, known: impl Iterator<Item = &'a str>) -> Self {
        let mut follower = Follower {
            parsed,
            names: HashMap::new(),
            functions: HashMap::new(),
            called: HashSet::new(),
            calls: Vec::new(),
            steps: STEPS_PER_NODE * (size(parsed) + 100),
            values: HashMap::new(),
        };
        let mut state = Some(State::default());
        for name in known.chain(PLAIN) {
            follower.set(&mut state, name, Value::Plain);
        }
        follower.list(&parsed.list, &mut state);
        follower.left_over(&state);
        Self {
            values: follower.values,
        }
    }

    /// What the variable of an expansion holds there.
    pub(crate) fn value(&self, part: &Part) -> Value {
        let found = self.values.get(&std::ptr::from_ref(part));
        found.copied().unwrap_or(Value::Unknown)
    }
}

/// How many nodes a script has.
fn size(parsed: &Parsed) -> usize {
    let mut count = 0;
    super::walk::walk(parsed, &mut |_, _| count += 1);
    count
}

/// The values of variables by their numbers; nobody said anything of those that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State(Vec<Value>);

/// A state, or nothing where the script never comes.
type Reached = Option<State>;

/// A function that is being called.
#[derive(Debug, Default)]
struct Call {
    /// Its name.
    name: String,
    /// The states with which it returned.
    returns: Reached,
    /// Its own variables, and what they were before.
    locals: Vec<(usize, Value)>,
}

struct Follower<'a> {
    parsed: &'a Parsed,
    names: HashMap<String, usize>,
    functions: HashMap<String, &'a Command>,
    called: HashSet<String>,
    calls: Vec<Call>,
    steps: usize,
    values: HashMap<*const Part, Value>,
}

impl<'a> Follower<'a> {
    /// Takes one of the steps that are left.
    fn take_step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    fn set(&mut self, state: &mut Reached, name: &str, value: Value) {
        let next = self.names.len();
        let number = match self.names.get(name) {
            Some(number) => *number,
            None if next >= MAX_VARIABLES => return,
            None => *self.names.entry(name.to_owned()).or_insert(next),
        };
        if let Some(State(values)) = state {
            if values.len() <= number {
                values.resize(number + 1, Value::Unknown);
            }
            values[number] = value;
        }
    }

    fn get(&self, state: &Reached, name: &str) -> Value {
        let number = self.names.get(name);
        let values = state.as_ref().map(|State(values)| values);
        let found = number.and_then(|number| values?.get(*number));
        found.copied().unwrap_or(Value::Unknown)
    }

    /// Notes what an expansion gives. Where it is reached more than once, it is all of that.
    fn note(&mut self, part: &'a Part, name: &str, state: &Reached) {
        let value = self.get(state, name);
        let place = std::ptr::from_ref(part);
        let noted = self.values.entry(place).or_insert(value);
        *noted = noted.or(value);
    }

    /// What stands in words and their like, in the order of the text.
    fn inside(&mut self, node: Node<'a>, state: &mut Reached) {
        match node {
            Node::List(list) => {
                let mut inner = state.clone();
                self.list(list, &mut inner);
                return;
            }
            Node::Part(part) => self.part(part, state),
            _ => {}
        }
        for child in node.children() {
            self.inside(child, state);
        }
    }

    fn part(&mut self, part: &'a Part, state: &mut Reached) {
        match &part.kind {
            PartKind::Parameter(parameter) => self.note(part, &parameter.name, state),
            PartKind::Arithmetic(arithmetic) => self.arithmetic(arithmetic, state),
            _ => {}
        }
    }

    /// Functions that nobody called.
    fn left_over(&mut self, state: &Reached) {
        let functions: Vec<(String, &Command)> = self.functions.drain().collect();
        for (name, body) in functions {
            if !self.called.contains(&name) {
                let mut inner = state.clone();
                self.command(body, &mut inner);
            }
        }
    }
}

/// What holds where two ways come together.
fn join(one: Reached, other: Reached) -> Reached {
    let (mut one, other) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return one.or(other),
    };
    let length = one.0.len().max(other.0.len());
    one.0.resize(length, Value::Unknown);
    for (number, value) in one.0.iter_mut().enumerate() {
        *value = value.or(other.0.get(number).copied().unwrap_or(Value::Unknown));
    }
    Some(one)
}

#[cfg(test)]
mod tests {
    use super::{Flow, Value};
    use crate::shell::ast::{Node, PartKind};
    use crate::shell::walk::walk;
    use crate::shell::{Dialect, Script, parse};

    /// What the last expansion of `x` gives.
    fn last(text: &str) -> Value {
        let parsed = parse(&Script::whole(text), Dialect::Bash);
        let flow = Flow::of(&parsed, ["KNOWN"].into_iter());
        let mut found = Value::Unknown;
        walk(&parsed, &mut |_, node| {
            if let Node::Part(part) = node
                && matches!(&part.kind, PartKind::Parameter(one) if one.name == "x")
            {
                found = flow.value(part);
            }
        });
        found
    }

    #[test]
    fn values_are_followed() {
        for (text, value) in [
            ("$x", Value::Unknown),
            ("x=a; $x", Value::Plain),
            ("x=; $x", Value::Empty),
            ("x='a b'; $x", Value::Several),
            ("x=*; $x", Value::Several),
            ("x=$(a); $x", Value::Unknown),
            ("x=$KNOWN/$#; $x", Value::Plain),
            ("x=${KNOWN:-a}; $x", Value::Unknown),
            ("x=$((1)); $x", Value::Plain),
            ("((x++)); $x", Value::Plain),
            ("x=a; x+=b; $x", Value::Plain),
            ("x+=b; $x", Value::Unknown),
            ("x=a b; $x", Value::Unknown),
            ("x=a; unset x; $x", Value::Unknown),
            ("declare -i x; $x", Value::Plain),
            ("read x; $x", Value::Unknown),
        ] {
            assert_eq!(last(text), value, "{text}");
        }
    }

    #[test]
    fn ways_come_together() {
        for (text, value) in [
            ("if a; then x=1; else x=2; fi; $x", Value::Plain),
            ("if a; then x=1; fi; $x", Value::Unknown),
            ("if a; then x=1; else exit; fi; $x", Value::Plain),
            ("x=1; a && x=$y; $x", Value::Unknown),
            ("x=1; a && { x=$y; exit; }; $x", Value::Plain),
            ("x=1; while a; do $x; x=$y; done", Value::Unknown),
            ("for x in a b; do $x; done", Value::Plain),
            ("for x in a; do :; done; $x", Value::Unknown),
            ("for x in *; do $x; done", Value::Unknown),
            ("case a in a) x=1;; *) x=2;; esac; $x", Value::Plain),
            ("case a in a) x=1;; esac; $x", Value::Unknown),
            ("x=1; (x=$y); a | x=$y; x=$y & $x", Value::Plain),
            ("f() { x=1; }; f; $x", Value::Plain),
            ("f() { local x=1; }; f; $x", Value::Unknown),
            ("f() { $x; }; x=1; f; x=$y; f", Value::Unknown),
            ("f() { $x; }; x=1", Value::Plain),
            ("f() { x=1; return; x=$y; }; f; $x", Value::Plain),
            ("x=1; exit; $x", Value::Unknown),
        ] {
            assert_eq!(last(text), value, "{text}");
        }
    }

    #[test]
    fn nothing_takes_for_ever() {
        let loops = "while a; do ".repeat(60) + "x=1; " + &"done; ".repeat(60) + "$x";
        assert_eq!(last(&loops), Value::Unknown);
        let calls = (0..40).map(|n| format!("f{n}() {{ f{0}; f{0}; }}; ", n + 1));
        last(&(calls.collect::<String>() + "f0; $x"));
        last("f() { g; }; g() { f; }; f; $x");
    }
}
