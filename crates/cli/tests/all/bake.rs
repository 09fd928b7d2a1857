//! `bake`: what files mean, held against buildx; and what comes of several builds at once.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Carafe, eventually, processes_with, said};

/// Each folder of `tests/bake` has files, `args`, perhaps `env`, and in `print.json` what `docker buildx bake --print ARGS` of
/// buildx 0.29.1 printed there.
#[test]
fn the_same_as_buildx() {
    let carafe = Carafe::empty();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bake");
    let mut count = 0;
    for case in fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let (args, environment) = (read("args"), read("env"));
        let mut command = carafe.command(["bake", "--print"]);
        command.args(args.split_whitespace()).current_dir(&case);
        command.envs(environment.lines().filter_map(|line| line.split_once('=')));
        let printed = said(&command.output().unwrap());
        assert_eq!(printed.code, 0, "{}: {printed:#?}", case.display());
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (got, want) = (json(&printed.stdout), json(&read("print.json")));
        assert_eq!(got, want, "{}", case.display());
        count += 1;
    }
    assert!(count >= 15, "{count}");
}

#[test]
fn mistakes_are_marked() {
    let carafe = Carafe::empty();
    for (text, words) in [
        (
            "target \"default\" {\n  contxt = \".\"\n}\n",
            "did you mean context?",
        ),
        (
            "target \"default\" {\n  args = { A = }\n}\n",
            "docker-bake.hcl:2:16",
        ),
        (
            "target \"default\" {\n  args = { A = NOPE }\n}\n",
            "there is no variable `NOPE`",
        ),
        ("target \"a\" {}\n", "there is no target `default`"),
        (
            "A = B\nB = A\ntarget \"default\" { args = { A = A } }\n",
            "needs its own value",
        ),
        (
            "function \"f\" {\n params = []\n result = f()\n}\nA = f()\ntarget \"default\" { args = { A = A } }\n",
            "without an end",
        ),
        (
            "target \"default\" { contexts = { a = \"target:b\" } }\ntarget \"b\" { contexts = { a = \"target:default\" } }\n",
            "use each other",
        ),
        (
            "variable \"V\" {\n type = number\n default = 1\n validation {\n  condition = V > 1\n  error_message = \"too small\"\n }\n}\n",
            "V: too small",
        ),
        (
            "target \"default\" {\n  tags = \"x\"\n}\n",
            "a list is needed, not a string",
        ),
        ("thing \"x\" {}\n", "there are no `thing` blocks"),
        (
            "target \"default\" {\n  entitlements = [\"security.insecure\"]\n dockerfile-inline = \"FROM scratch\\nCOPY . /\"\n}\n",
            "--allow security.insecure",
        ),
    ] {
        carafe.write("docker-bake.hcl", text.as_bytes());
        let error = carafe.fails(1, ["bake"]);
        assert!(error.contains(words), "{text}{error}");
    }
}

/// What is short to write and takes more than there is.
#[test]
fn hostile_files_are_refused() {
    let carafe = Carafe::empty();
    let names =
        |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    let chain = names(20_000, &|n| format!("V{n} = V{}\n", n + 1));
    let doubled = names(40, &|n| format!("V{n} = [V{0}, V{0}]\n", n + 1));
    let heirs = names(20_000, &|n| {
        format!("target \"t{n}\" {{ inherits = [\"t{}\"] }}\n", n + 1)
    });
    for text in [
        format!("A = {}1{}\n", "(".repeat(100_000), ")".repeat(100_000)),
        format!("A = [\"x\"]{}\nV = A\n", "[*]".repeat(100_000)),
        format!("{chain}V20000 = 1\n"),
        format!("{doubled}V40 = 1\n"),
        format!("{heirs}target \"t20000\" {{}}\nV0 = 1\n"),
    ] {
        let text = format!(
            "{text}target \"default\" {{\n inherits = [\"t0\"]\n args = {{ A = A, V = V0 }}\n}}\n"
        );
        carafe.write("docker-bake.hcl", text.as_bytes());
        carafe.fails(1, ["bake", "--print"]);
    }
}

const SEVERAL: &str = r#"
variable "WORD" { default = "hello" }
group "default" { targets = ["app", "inline"] }
target "app" {
  matrix = { n = ["1", "2"] }
  name = "app-${n}"
  context = "app"
  dockerfile = "Containerfile"
  args = { TEXT = "${WORD} ${n}" }
  tags = ["app:${n}"]
}
target "inline" {
  dockerfile-inline = "FROM base\nCMD echo inline\n"
  tags = ["inline"]
}
target "random" {
  matrix = { n = ["1", "2", "3", "4"] }
  name = "random-${n}"
  dockerfile-inline = "FROM base\nRUN sleep 0.2; head -c 16 /dev/urandom > /random\nCMD [\"cat\", \"/random\", \"${n}\"]\n"
  output = ["type=tar,dest=${n}.tar"]
}
target "on-top" {
  contexts = { below = "target:app-2", tool = "target:tool" }
  dockerfile-inline = "FROM below\nRUN cat /text > /copied\nCOPY --from=tool /tool /\nCMD cat /copied /tool\n"
  tags = ["on-top"]
}
target "tool" { dockerfile-inline = "FROM base\nRUN echo tool > /tool\n" }
target "sleeps" { dockerfile-inline = "FROM base\nRUN sleep 7311.5\n" }
target "fails" { dockerfile-inline = "FROM base\nRUN sleep 0.1; exit 3\n" }
"#;

fn several() -> Carafe {
    let carafe = Carafe::new();
    carafe.write("docker-bake.hcl", SEVERAL.as_bytes());
    let text = b"FROM base\nARG TEXT\nRUN echo $TEXT > /text\nCOPY file /\nCMD cat /text /file\n";
    carafe.write("app/Containerfile", text);
    carafe.write("app/file", b"from the context\n");
    carafe
}

#[test]
fn several_targets_at_once() {
    let carafe = several();
    let built = carafe.run(["bake", "--var", "WORD=good", "--metadata-file", "meta.json"]);
    assert_eq!(built.code, 0, "{built:#?}");
    assert!(
        built.stderr.contains("[app-2 stage-0 2/3] RUN echo $TEXT"),
        "{built:#?}"
    );
    assert_eq!(
        carafe.ok(["run", "--rm", "app:2"]),
        "good 2\nfrom the context\n"
    );
    assert_eq!(carafe.ok(["run", "--rm", "inline"]), "inline\n");
    let metadata = fs::read_to_string(carafe.path("meta.json")).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["app-1"]["image.name"], "docker.io/library/app:1");
    let built = carafe.run(["bake", "on-top"]);
    assert_eq!(built.code, 0, "{built:#?}");
    assert_eq!(carafe.ok(["run", "--rm", "on-top"]), "hello 2\ntool\n");
    let again = carafe.run(["bake", "on-top"]);
    assert!(
        !again.stderr.contains(" done "),
        "all of it is cached: {again:#?}"
    );
    let listed = carafe.ok(["bake", "--list", "variables"]);
    assert!(
        listed.contains("WORD") && listed.contains("hello"),
        "{listed}"
    );
}

#[test]
fn equal_steps_of_targets_are_made_once() {
    let carafe = several();
    let built = carafe.run(["bake", "random"]);
    assert_eq!(built.code, 0, "{built:#?}");
    let first = fs::read(carafe.path("1.tar")).unwrap();
    for n in 2..5 {
        let other = fs::read(carafe.path(&format!("{n}.tar"))).unwrap();
        assert!(first == other, "{}", built.stderr);
    }
}

#[test]
fn a_failure_and_a_signal_end_all() {
    let carafe = several();
    let failed = carafe.fails(1, ["bake", "sleeps", "fails"]);
    assert!(
        failed.contains("target fails:") && failed.contains("exit code 3"),
        "{failed}"
    );
    assert!(processes_with("7311.5").is_empty());

    let child = carafe.spawn(["bake", "sleeps", "app"], Stdio::null());
    eventually("the step", || !processes_with("7311.5").is_empty());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(said(&child.wait_with_output().unwrap()).code, 130);
    eventually("its end", || processes_with("7311.5").is_empty());
}
