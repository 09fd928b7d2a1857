//! What each fuzz target does with its bytes. `crates/lint/tests/corpus.rs` does the same with the corpus, in every
//! test run.

#![forbid(unsafe_code)]

#[path = "../../crates/lint/tests/corpus/bodies.rs"]
mod bodies;

/// The body of each target, by its name.
macro_rules! targets {
    ($($name:ident),*) => {
        $(
            /// The body of the target of this name.
            pub fn $name(data: &[u8]) {
                bodies::$name(data);
            }
        )*
    };
}

targets!(ignore, mounts, parse, rules, shell, words);
