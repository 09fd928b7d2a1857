//! `build --explain`: why each step was executed, against the last build; and what makes a step another one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Carafe;

const STAGES: &str = "\
FROM base AS b
ARG V=1
ARG TOKEN
RUN echo $V > /prog
COPY src /src
FROM base
RUN echo hi
COPY --from=b /prog /x
";

/// Builds, and gives the steps by their instruction: the verdict alone for a hit, the reasons for a miss.
fn explained(carafe: &Carafe, args: &[&str]) -> Value {
    let said = carafe.run([&["build", "--explain=json", "--progress=quiet"], args].concat());
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:#?}"));
    let steps = document["steps"].as_array().unwrap().iter();
    let steps = steps.map(|step| {
        let verdict = match step["result"].as_str().unwrap() {
            "miss" => step["reasons"].clone(),
            other => json!(other),
        };
        (step["step"].as_str().unwrap().to_owned(), verdict)
    });
    steps.collect()
}

#[test]
fn every_reason_has_its_words() {
    let carafe = Carafe::new();
    carafe.write("context/src/a", b"a");
    carafe.write("context/src/run", b"a");
    let context = carafe.context(STAGES);
    let first = json!([{ "reason": "first-build" }]);
    let steps = explained(&carafe, &[&context]);
    assert_eq!(
        steps["FROM base:latest"],
        json!([{ "reason": "not-unpacked" }])
    );
    for step in [
        "RUN echo $V > /prog",
        "COPY src /src",
        "RUN echo hi",
        "COPY --from=b /prog /x",
    ] {
        assert_eq!(steps[step], first, "{step}");
    }
    let again = explained(&carafe, &[&context]);
    assert!(
        again
            .as_object()
            .unwrap()
            .values()
            .all(|verdict| verdict == "hit"),
        "{again:#}"
    );

    // The context's files.
    carafe.write("context/src/a", b"b");
    carafe.write("context/src/new", b"b");
    fs::set_permissions(
        carafe.path("context/src/run"),
        PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let steps = explained(&carafe, &[&context]);
    let files = json!([{ "reason": "files", "files": [
        { "path": "src/a", "change": "changed", "content": true, "mode": null },
        { "path": "src/new", "change": "added" },
        { "path": "src/run", "change": "changed", "content": false, "mode": ["0644", "0755"] },
    ]}]);
    assert_eq!(steps["COPY src /src"], files);
    assert_eq!(steps["COPY --from=b /prog /x"], "hit");

    // Variables; a secret is not shown.
    let steps = explained(
        &carafe,
        &["--build-arg=V=2", "--build-arg=TOKEN=hunter2", &context],
    );
    let variables = json!([
        { "reason": "value", "name": "variable V", "before": "1", "now": "2" },
        { "reason": "value", "name": "variable TOKEN", "before": null, "now": "(hidden)" },
    ]);
    assert_eq!(steps["RUN echo $V > /prog"], variables);
    assert_eq!(
        steps["COPY src /src"],
        json!([{ "reason": "below", "step": "RUN echo $V > /prog" }])
    );
    assert_eq!(
        steps["COPY --from=b /prog /x"],
        json!([{ "reason": "input", "name": "stage `b`" }])
    );
    assert_eq!(steps["RUN echo hi"], "hit");

    // The text.
    let context = carafe.context(
        &STAGES
            .replace("echo hi", "echo ho")
            .replace("FROM base\n", "FROM base\nRUN true\n"),
    );
    let steps = explained(&carafe, &[&context]);
    assert_eq!(
        steps["RUN true"],
        json!([{ "reason": "value", "name": "instruction", "before": "RUN echo hi", "now": "RUN true" }])
    );
    assert_eq!(steps["RUN echo ho"], json!([{ "reason": "new-step" }]));

    let steps = explained(&carafe, &["--no-cache-filter=b", &context]);
    assert_eq!(steps["COPY src /src"], json!([{ "reason": "no-cache" }]));
    assert_eq!(
        steps["COPY --from=b /prog /x"], "hit",
        "what it copies came out the same"
    );
}

#[test]
fn a_base_that_is_another_one_is_named_by_its_digests() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN echo hi\n");
    explained(&carafe, &[&context]);
    let before = carafe.ok(["inspect", "--format", "{{.Descriptor.digest}}", "base"]);
    carafe.write("other/Dockerfile", b"FROM base\nRUN echo more > /more\n");
    carafe.ok(["build", "-q", "-t", "base", "other"]);
    let steps = explained(&carafe, &[&context]);
    let reason = &steps["RUN echo hi"][0];
    assert_eq!(
        (&reason["name"], &reason["reason"]),
        (&json!("image base:latest"), &json!("value"))
    );
    assert!(
        before.contains(reason["before"].as_str().unwrap()),
        "{before} {reason}"
    );
    assert_ne!(reason["before"], reason["now"]);
}

#[test]
fn what_was_lost_or_failed_is_told() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN echo hi\nRUN test -e /never\n");
    let steps = explained(&carafe, &[&context]);
    assert_eq!(
        steps["RUN test -e /never"],
        json!([{ "reason": "first-build" }])
    );
    let steps = explained(&carafe, &[&context]);
    assert_eq!(steps["RUN echo hi"], "hit");
    assert_eq!(
        steps["RUN test -e /never"],
        json!([{ "reason": "not-finished" }])
    );

    let context = carafe.context("FROM base\nRUN echo hi\n");
    let snapshots = || -> Vec<_> {
        let entries = fs::read_dir(carafe.path("store/snapshots")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let records = carafe.path("store/records");
    fs::rename(&records, carafe.path("elsewhere")).unwrap();
    fs::create_dir(&records).unwrap();
    let before = snapshots();
    assert_eq!(
        explained(&carafe, &[&context])["RUN echo hi"],
        json!([{ "reason": "record-gone" }])
    );
    let made: Vec<_> = snapshots()
        .into_iter()
        .filter(|path| !before.contains(path))
        .collect();
    for path in made {
        fs::remove_dir_all(path).unwrap();
    }
    assert_eq!(
        explained(&carafe, &[&context])["RUN echo hi"],
        json!([{ "reason": "layer-gone" }])
    );

    // What a killed process left of the memory is no memory.
    for build in fs::read_dir(carafe.path("store/builds")).unwrap() {
        fs::write(build.unwrap().path().join("steps"), "[{\"sta").unwrap();
    }
    assert_eq!(explained(&carafe, &[&context])["RUN echo hi"], "hit");
}

#[test]
fn people_get_lines() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nCOPY . /c\n");
    carafe.ok(["build", "-q", &context]);
    for n in 0..30 {
        carafe.write(&format!("context/f{n:02}"), b"");
    }
    let said = carafe.run(["build", "-q", "--explain", &context]);
    for line in [
        "  hit  [stage-0 1/2] FROM base:latest\n",
        "  miss [stage-0 2/2] COPY . /c\n         30 files of the context\n           f00: added\n",
        "           f19: added\n           and 10 more\n",
    ] {
        assert!(said.stderr.contains(line), "{line}: {}", said.stderr);
    }
    carafe.fails(2, ["build", "-q", "--explain=json", &context]);
}

#[test]
fn programs_get_the_progress_as_buildkit_writes_it() {
    let carafe = Carafe::new();
    let context =
        carafe.context("FROM base\nRUN echo out\nCOPY none* /\nRUN echo err >&2 && false\n");
    let said = carafe.run(["build", "--progress=rawjson", &context]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    let lines = said
        .stderr
        .lines()
        .map_while(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<Value> = lines.collect();
    let all = |kind: &str| -> Vec<Value> {
        let found = lines.iter().filter_map(|line| line[kind].as_array());
        found.flatten().cloned().collect()
    };
    let vertexes = all("vertexes");
    let of = |name: &str| {
        vertexes
            .iter()
            .rfind(|vertex| vertex["name"] == name)
            .unwrap()
    };
    let run = of("[stage-0 2/4] RUN echo out");
    assert_eq!(
        run["inputs"],
        json!([of("[stage-0 1/4] FROM base:latest")["digest"]])
    );
    assert!(run["completed"].as_str().unwrap() >= run["started"].as_str().unwrap());
    assert!(of("[stage-0 4/4] RUN echo err >&2 && false")["error"].is_string());
    let logs = all("logs");
    assert_eq!(
        (&logs[0]["vertex"], &logs[0]["data"]),
        (&run["digest"], &json!("b3V0Cg=="))
    );
    assert_eq!(
        (&logs[1]["stream"], &logs[1]["data"]),
        (&json!(2), &json!("ZXJyCg=="))
    );
    let warning = &all("warnings")[0];
    assert_eq!(
        warning["range"],
        json!([{ "start": { "line": 3 }, "end": { "line": 3 } }])
    );
    let again = carafe.run(["build", "--progress=rawjson", &context]).stderr;
    assert!(again.contains("\"cached\":true"), "{again}");
}

#[test]
fn logs_are_never_clipped() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\nRUN i=0; while test $i -lt 20; do head -c 500000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; printf 'a\\rb\\r\\377\\033[2J\\n'\n",
    );
    let said = carafe.run(["build", "--progress=plain", &context]);
    assert_eq!(said.code, 0, "{}", said.stderr.len());
    let shown = said.stderr.bytes().filter(|byte| *byte == b'x').count();
    assert!(shown >= 10_000_000, "{shown}");
    assert!(
        !said.stderr.contains('\u{1b}'),
        "no sequence reaches the terminal"
    );
    let build = fs::read_dir(carafe.path("store/logs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let log = fs::read(build.join("2.log")).unwrap();
    assert_eq!(log.iter().filter(|byte| **byte == b'x').count(), 10_000_000);
    assert!(log.ends_with(b"\na\rb\r\xff\x1b[2J\n"));
}
