//! What makes a step another one, and what does not: BuildKit's rules, where it has the better ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::support::Carafe;

/// What is done between two builds, and whether the step that is named is executed again.
struct Rule {
    name: &'static str,
    dockerfile: &'static str,
    first: &'static [&'static str],
    change: fn(&Path),
    second: &'static [&'static str],
    step: &'static str,
    hits: bool,
}

const NOTHING: fn(&Path) = |_| {};

const fn rule(name: &'static str, dockerfile: &'static str, step: &'static str) -> Rule {
    Rule {
        name,
        dockerfile,
        step,
        first: &[],
        change: NOTHING,
        second: &[],
        hits: true,
    }
}

/// Another Dockerfile for the second build.
fn replace(context: &Path, from: &str, to: &str) {
    let path = context.join("Dockerfile");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
}

fn rename(context: &Path, from: &str, to: &str) {
    fs::create_dir_all(context.join(to).parent().unwrap()).unwrap();
    fs::rename(context.join(from), context.join(to)).unwrap();
}

const RULES: &[Rule] = &[
    Rule {
        change: |context| {
            let file = fs::File::options()
                .write(true)
                .open(context.join("a/f"))
                .unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        },
        ..rule("only a time", "FROM base\nCOPY a /x\n", "COPY a /x")
    },
    Rule {
        change: |context| {
            fs::set_permissions(context.join("a/f"), PermissionsExt::from_mode(0o600)).unwrap();
        },
        hits: false,
        ..rule("a mode", "FROM base\nCOPY a/f /x\n", "COPY a/f /x")
    },
    Rule {
        change: |context| {
            rename(context, "a/f", "b/f");
            replace(context, "a/f", "b/f");
        },
        ..rule(
            "moved, with the same name",
            "FROM base\nCOPY a/f /x\n",
            "COPY b/f /x",
        )
    },
    Rule {
        change: |context| {
            rename(context, "a/f", "a/g");
            replace(context, "a/f", "a/g");
        },
        hits: false,
        ..rule("renamed", "FROM base\nCOPY a/f /x\n", "COPY a/g /x")
    },
    Rule {
        change: |context| rename(context, "a/sub", "a/bus"),
        hits: false,
        ..rule(
            "a folder that a wildcard finds is renamed",
            "FROM base\nCOPY a/*s* /x/\n",
            "COPY a/*s* /x/",
        )
    },
    Rule {
        change: |context| fs::write(context.join("other"), "changed").unwrap(),
        ..rule(
            "a file that is not copied",
            "FROM base\nCOPY a /x\n",
            "COPY a /x",
        )
    },
    Rule {
        change: |context| {
            rename(context, "a", "c");
            replace(context, "source=a", "source=c");
        },
        ..rule(
            "the source of a bind mount is renamed",
            "FROM base\nRUN --mount=source=a,target=/m cat /m/f\n",
            "RUN --mount=source=c,target=/m cat /m/f",
        )
    },
    Rule {
        change: |context| replace(context, "target=/m", "target=/m,rw"),
        hits: false,
        ..rule(
            "a bind mount becomes writable",
            "FROM base\nRUN --mount=source=a,target=/m true\n",
            "RUN --mount=source=a,target=/m,rw true",
        )
    },
    Rule {
        change: |context| replace(context, "id=one,sharing=locked", "id=two,sharing=private"),
        ..rule(
            "id and sharing of a cache",
            "FROM base\nRUN --mount=type=cache,target=/c,id=one,sharing=locked true\n",
            "RUN --mount=type=cache,target=/c,id=two,sharing=private true",
        )
    },
    Rule {
        change: |context| replace(context, "target=/c", "target=/d"),
        hits: false,
        ..rule(
            "target of a cache",
            "FROM base\nRUN --mount=type=cache,target=/c true\n",
            "RUN --mount=type=cache,target=/d true",
        )
    },
    Rule {
        second: &[
            "--build-arg=HTTP_PROXY=http://127.0.0.1:9",
            "--build-arg=UNDECLARED=1",
        ],
        ..rule(
            "a proxy, and an argument that is not declared",
            "FROM base\nRUN true\n",
            "RUN true",
        )
    },
    Rule {
        second: &["--build-arg=DECLARED=1"],
        hits: false,
        ..rule(
            "an argument",
            "FROM base\nARG DECLARED\nRUN true\n",
            "RUN true",
        )
    },
    Rule {
        first: &["--secret=id=s,src=context/a/f"],
        second: &["--secret=id=s,src=context/other"],
        ..rule(
            "a secret's value",
            "FROM base\nRUN --mount=type=secret,id=s cat /run/secrets/s\n",
            "RUN --mount=type=secret,id=s cat /run/secrets/s",
        )
    },
    Rule {
        first: &["--add-host=h:1.2.3.4"],
        second: &["--add-host=h:4.3.2.1"],
        ..rule("the address of a host", "FROM base\nRUN true\n", "RUN true")
    },
    Rule {
        second: &["--add-host=h:1.2.3.4"],
        hits: false,
        ..rule(
            "one more host",
            "FROM base\nRUN echo more\n",
            "RUN echo more",
        )
    },
    Rule {
        second: &["--build-arg=BUILDKIT_SANDBOX_HOSTNAME=other"],
        hits: false,
        ..rule("the name of the host", "FROM base\nRUN true\n", "RUN true")
    },
    Rule {
        change: |context| replace(context, "RUN true", "# a comment\nRUN    true"),
        ..rule(
            "comments, and blanks before the command",
            "FROM base\nRUN true\n",
            "RUN true",
        )
    },
    Rule {
        change: |context| replace(context, "echo a", "echo  a"),
        hits: false,
        ..rule(
            "blanks in the command",
            "FROM base\nRUN echo a\n",
            "RUN echo a",
        )
    },
    Rule {
        change: |context| replace(context, "one", "two"),
        ..rule(
            "a stage's name",
            "FROM base AS one\nRUN true\nFROM one\nRUN echo b\n",
            "RUN echo b",
        )
    },
    Rule {
        change: |context| replace(context, "FROM one\n", ""),
        ..rule(
            "two stages become one",
            "FROM base AS one\nRUN true\nFROM one\nRUN echo b\n",
            "RUN echo b",
        )
    },
    Rule {
        second: &["--no-cache-filter=one"],
        ..rule(
            "what is made again and comes out the same",
            "FROM base AS one\nRUN echo 1 > /f\nFROM base\nCOPY --from=one /f /\n",
            "COPY --from=one /f /",
        )
    },
    Rule {
        second: &["--no-cache-filter=ONE"],
        hits: false,
        ..rule(
            "a stage that is not to be taken from the cache",
            "FROM base AS one\nRUN echo 1 > /f\nFROM base\nCOPY --from=one /f /\n",
            "RUN echo 1 > /f",
        )
    },
    Rule {
        second: &["--no-cache"],
        hits: false,
        ..rule(
            "nothing is to be taken from the cache",
            "FROM base\nCOPY a /a\n",
            "COPY a /a",
        )
    },
];

fn hits(carafe: &Carafe, args: &[&str], step: &str) -> bool {
    let said = carafe.run([&["build", "--explain=json"], args, &["context"]].concat());
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:#?}"));
    let steps = document["steps"].as_array().unwrap();
    // Blanks are shown as one.
    let found = steps.iter().find(|found| found["step"] == step);
    found.unwrap_or_else(|| panic!("{step}: {document:#}"))["result"] == "hit"
}

#[test]
fn what_makes_a_step_another_one() {
    let carafe = Carafe::new();
    for rule in RULES {
        let context = carafe.path("context");
        let _ = fs::remove_dir_all(&context);
        carafe.write("context/a/f", b"f");
        carafe.write("context/a/sub/g", b"g");
        carafe.write("context/other", b"other");
        carafe.context(rule.dockerfile);
        let first = carafe.run([&["build"], rule.first, &["context"]].concat());
        assert_eq!(first.code, 0, "{}: {first:#?}", rule.name);
        (rule.change)(&context);
        assert_eq!(
            hits(&carafe, rule.second, rule.step),
            rule.hits,
            "{}",
            rule.name
        );
    }
}

#[test]
fn equal_steps_of_one_build_are_executed_once_even_without_a_cache() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base AS one\nRUN echo ran >&2\nFROM base AS two\nRUN echo ran >&2\nFROM base\nCOPY --from=one /etc /1\nCOPY --from=two /etc /2\n",
    );
    for _ in 0..2 {
        let said = carafe.run(["build", "--no-cache", "--progress=plain", &context]);
        let ran = said
            .stderr
            .lines()
            .filter(|line| line.ends_with(" ran"))
            .count();
        assert_eq!(ran, 1, "{}", said.stderr);
    }
}
