//! `analyze` and `check`: where bytes went, and whether an image starts. Each thing that `check` says fails is run, and does.

use serde_json::Value;

use crate::support::Carafe;

#[test]
fn every_byte_has_a_layer_and_a_fate() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\nRUN busybox seq 100000 > /big && busybox mkdir /d && busybox seq 1000 > /d/x\n\
         RUN busybox rm -r /d && busybox chmod 600 /big\nRUN busybox cp /big /copy\n",
    );
    carafe.ok(["build", "-t", "app", &context]);
    let report: Value =
        serde_json::from_str(&carafe.ok(["analyze", "--format", "json", "app"])).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let layers = report["Layers"].as_array().unwrap();
    let sizes: u64 = layers
        .iter()
        .map(|layer| number(&layer["Bytes"]["Total"]))
        .sum();
    assert_eq!(sizes, number(&report["Bytes"]["Total"]));
    let big = (1..=100_000)
        .map(|n: u32| n.to_string().len() as u64 + 1)
        .sum::<u64>();
    let small = (1..=1000)
        .map(|n: u32| n.to_string().len() as u64 + 1)
        .sum::<u64>();
    let bytes = |kind: &str| number(&report["Bytes"][kind]);
    assert_eq!(
        (bytes("Deleted"), bytes("Touched"), bytes("Duplicate")),
        (small, big, big)
    );
    assert_eq!(bytes("Rewritten"), 0);
    let made = layers[layers.len() - 2]["CreatedBy"].as_str().unwrap();
    assert!(made.contains("chmod 600 /big"), "{made}");
    let paths: Vec<&str> = report["Wasted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["Path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/big", "/copy", "/d/x"]);
    let text = carafe.ok(["analyze", "app"]);
    assert!(
        text.contains("changes its mode") && text.contains("deleted by layer"),
        "{text}"
    );
}

/// What `check` says of an image, and what running it comes to.
fn checked_and_run(carafe: &Carafe, dockerfile: &str) -> (String, i32) {
    let context = carafe.context(dockerfile);
    carafe.ok(["build", "-t", "app", &context]);
    let said = carafe.run(["check", "app"]);
    let run = carafe.run(["run", "--rm", "--network", "none", "app"]);
    assert_eq!(
        said.code != 0,
        said.stdout.contains("fails: "),
        "{}",
        said.stdout
    );
    (said.stdout, run.code)
}

#[test]
fn what_fails_by_check_fails_when_run_and_what_does_not_runs() {
    let carafe = Carafe::new();
    for (instructions, kind) in [
        ("ENTRYPOINT [\"/nothing\"]", "program-missing"),
        ("ENTRYPOINT [\"nothing\"]", "program-missing"),
        ("RUN busybox mkdir /d\nENTRYPOINT [\"/d\"]", "not-a-file"),
        (
            "RUN busybox touch /x\nENTRYPOINT [\"/x\"]",
            "not-executable",
        ),
        (
            "RUN printf '#!/none\\n' > /x && busybox chmod +x /x\nCMD [\"/x\"]",
            "interpreter-missing",
        ),
        (
            "RUN printf '#!/bin/sh\\r\\n' > /x && busybox chmod +x /x\nCMD [\"/x\"]",
            "carriage-return",
        ),
        (
            "RUN printf 'x' > /x && busybox chmod +x /x\nCMD [\"/x\"]",
            "unknown-format",
        ),
        (
            "USER nobody-of-this-name\nCMD [\"busybox\", \"true\"]",
            "user-unknown",
        ),
        (
            "RUN busybox touch /x\nWORKDIR /\nCMD [\"busybox\", \"true\"]",
            "",
        ),
        ("CMD [\"busybox\", \"true\"]", ""),
        ("CMD true", ""),
    ] {
        let (said, code) = checked_and_run(&carafe, &format!("FROM base\n{instructions}\n"));
        if kind.is_empty() {
            assert_eq!(
                (said.as_str(), code),
                ("app: nothing keeps it from starting\n", 0),
                "{instructions}"
            );
        } else {
            assert!(said.contains(kind), "{instructions}: {said}");
            assert_ne!(code, 0, "{instructions}");
        }
    }
}

#[test]
fn a_shell_form_without_a_shell_is_told() {
    let carafe = Carafe::new();
    let (said, code) = checked_and_run(&carafe, "FROM scratch\nCOPY Dockerfile /\nCMD app\n");
    assert!(
        said.contains("shell-missing") && said.contains("line: CMD"),
        "{said}"
    );
    assert_eq!(code, 127);
}

#[test]
fn builds_tell_what_will_not_start() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM scratch AS first\nCOPY Dockerfile /x\nFROM scratch\nCOPY Dockerfile /x\nCMD app\n",
    );
    let said = carafe.run(["build", "-t", "app", &context]);
    assert_eq!(said.code, 0, "it is built all the same");
    let wanted = "warning: the image will not start: the shell form needs /bin/sh, which is not in the image (shell-missing)";
    assert!(said.stderr.contains(wanted), "{}", said.stderr);
    for quiet in [
        &["build", "-t", "app", &context][..],
        &["build", "--target", "first", &context],
    ] {
        let said = carafe.run(quiet.iter().copied());
        assert!(!said.stderr.contains("will not start"), "{}", said.stderr);
    }
}
