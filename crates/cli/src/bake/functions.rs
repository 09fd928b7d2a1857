//! The functions of the language, by name: those of cty's standard library and of buildx that bake files use. Hashes that nobody
//! should rely on, networks and random values are left out.

mod collections;
mod encoding;
mod format;
mod numbers;
mod text;
mod time;

use super::problem::{Problem, Result};
use super::value::as_text;
use serde_json::Value;

/// A longer result than any that a person means.
const LIMIT: usize = 16 << 20;

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    let call = Call { name, arguments };
    let groups = [
        text::call,
        collections::call,
        numbers::call,
        encoding::call,
        time::call,
    ];
    for group in groups {
        if let Some(value) = group(&call) {
            return value.map_err(|problem| problem.prefixed(name));
        }
    }
    let known = [
        text::NAMES,
        collections::NAMES,
        numbers::NAMES,
        encoding::NAMES,
        time::NAMES,
    ];
    let problem = Problem::new(format!("there is no function `{name}`"));
    Err(
        match dockerfile::suggest(name, known.into_iter().flatten().copied()) {
            Some(near) => problem.help(format!("did you mean {near}?")),
            None => problem,
        },
    )
}

/// A function's name and arguments.
struct Call<'a> {
    name: &'a str,
    arguments: &'a [Value],
}

impl<'a> Call<'a> {
    /// The arguments, if there are as many.
    fn take<const N: usize>(&self) -> Result<&'a [Value; N]> {
        self.arguments.try_into().map_err(|_| {
            let given = self.arguments.len();
            Problem::new(format!("it takes {N} arguments, not {given}"))
        })
    }

    /// The arguments as texts, if there are as many.
    fn texts<const N: usize>(&self) -> Result<[String; N]> {
        let values = self.take::<N>()?;
        let mut texts = [const { String::new() }; N];
        for (text, value) in texts.iter_mut().zip(values) {
            *text = as_text(value)?;
        }
        Ok(texts)
    }

    /// The first argument and the others.
    fn first(&self) -> Result<(&'a Value, &'a [Value])> {
        self.arguments
            .split_first()
            .ok_or_else(|| Problem::new("an argument is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::call;
    use serde_json::{Value, json};

    #[test]
    #[rustfmt::skip]
    fn the_language() {
        let table = [
            ("join", json!([",", ["a", 1]]), json!("a,1")),
            ("split", json!(["/", "a/b"]), json!(["a", "b"])),
            ("title", json!(["hello wORLD"]), json!("Hello WORLD")),
            ("substr", json!(["häh", 1, 5]), json!("äh")),
            ("substr", json!(["hello", -3, 2]), json!("ll")),
            ("substr", json!(["hello", 2, -1]), json!("llo")),
            ("replace", json!(["a.b.c", ".", "-"]), json!("a-b-c")),
            ("regex_replace", json!(["v1.2", "v([0-9]+)", "$1"]), json!("1.2")),
            ("regex", json!(["([a-z]+)-([0-9]+)", "x-12"]), json!(["x", "12"])),
            ("regex", json!(["[0-9]+", "x-12"]), json!("12")),
            ("regexall", json!(["[0-9]", "1a2"]), json!(["1", "2"])),
            ("format", json!(["%s-%03d-%v-%q-%5.2f%%", "x", 7, true, "q\"", 1.5]), json!("x-007-true-\"q\\\"\"- 1.50%")),
            ("formatlist", json!(["%s:%s", ["a", "b"], "t"]), json!(["a:t", "b:t"])),
            ("concat", json!([["a"], [], ["b"]]), json!(["a", "b"])),
            ("coalesce", json!([null, "", "b"]), json!("")),
            ("merge", json!([{"a": 1}, {"a": 2, "b": 3}]), json!({"a": 2, "b": 3})),
            ("slice", json!([["a", "b", "c"], 1, 3]), json!(["b", "c"])),
            ("setproduct", json!([["a", "b"], [1, 2]]), json!([["a", 1], ["a", 2], ["b", 1], ["b", 2]])),
            ("range", json!([1, 8, 3]), json!([1, 4, 7])),
            ("range", json!([3, 0]), json!([3, 2, 1])),
            ("indexof", json!([["a", "b"], "b"]), json!(1)),
            ("lookup", json!([{"a": 1}, "b", 2]), json!(2)),
            ("flatten", json!([["a", ["b", ["c"]]]]), json!(["a", "b", "c"])),
            ("chunklist", json!([["a", "b", "c"], 2]), json!([["a", "b"], ["c"]])),
            ("divide", json!([7, 2]), json!(3.5)),
            ("int", json!([-1.5]), json!(-1)),
            ("parseint", json!(["-ff", 16]), json!(-255)),
            ("pow", json!([2, 10]), json!(1024)),
            ("base64decode", json!(["aGk="]), json!("hi")),
            ("urlencode", json!(["a b/ü"]), json!("a+b%2F%C3%BC")),
            ("csvdecode", json!(["a,b\n1,\"2,3\"\n"]), json!([{"a": "1", "b": "2,3"}])),
            ("sanitize", json!(["a.b/c:d"]), json!("a_b_c_d")),
            ("formatdate", json!(["DD MMM YYYY hh:mm ZZZ 'at' EEE", "2024-05-06T07:08:09Z"]), json!("06 May 2024 07:08 UTC at Mon")),
            ("timeadd", json!(["2024-05-06T07:08:09Z", "-1h30m"]), json!("2024-05-06T05:38:09Z")),
        ];
        for (name, arguments, want) in table {
            let Value::Array(arguments) = arguments else { panic!() };
            let value = call(name, &arguments).map_err(|problem| problem.message().to_owned());
            assert_eq!(value, Ok(want), "{name}{arguments:?}");
        }
    }

    #[test]
    fn mistakes_are_said() {
        for (name, arguments, words) in [
            ("joyn", json!([]), "no function `joyn`"),
            ("join", json!([","]), "join: it takes 2 arguments, not 1"),
            ("upper", json!([[]]), "a string is needed, not a list"),
            ("regex", json!(["[", "x"]), "regex: "),
            ("range", json!([1e9]), "too long"),
            ("format", json!(["%d", "x"]), "a number is needed"),
            ("format", json!(["%s"]), "an argument is missing"),
            ("slice", json!([["a"], 1, 5]), "slice: "),
            ("parseint", json!(["1", 99]), "no base"),
        ] {
            let Value::Array(arguments) = arguments else {
                panic!()
            };
            let problem = call(name, &arguments).unwrap_err();
            assert!(problem.message().contains(words), "{name}: {problem:?}");
        }
    }
}
