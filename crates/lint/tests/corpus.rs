//! What fuzzing found worth keeping, in every test run: see `fuzz/README.md`.

#[path = "corpus/bodies.rs"]
mod bodies;

use std::path::Path;

/// What the target of a name does.
type Body = fn(&[u8]);

const TARGETS: [(&str, Body); 6] = [
    ("ignore", bodies::ignore),
    ("mounts", bodies::mounts),
    ("parse", bodies::parse),
    ("rules", bodies::rules),
    ("shell", bodies::shell),
    ("words", bodies::words),
];

#[test]
fn the_corpus_is_survived() {
    for (name, body) in TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/corpus")
            .join(name);
        let inputs = std::fs::read_dir(&file).expect("the target has a corpus");
        let mut count = 0;
        for input in inputs {
            let path = input.expect("the folder can be read").path();
            body(&std::fs::read(&path).expect("the input can be read"));
            count += 1;
        }
        assert!(count > 0, "{name}");
    }
}
