//! `carafe lint`: which files, with which settings, what is written and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Carafe, Said, said};

const FAULTY: &str = "FROM debian:latest\nRUN apt-get install -y git=1\n";

/// Runs it where nobody's configuration is.
fn lint(carafe: &Carafe, args: &[&str]) -> Said {
    let mut command = carafe.command([&["lint"], args].concat());
    command
        .env("HOME", carafe.path(""))
        .env_remove("XDG_CONFIG_HOME");
    said(&command.output().unwrap())
}

#[test]
fn findings_fail_and_can_be_let_pass() {
    let carafe = Carafe::empty();
    assert_eq!(lint(&carafe, &[]).code, 2);
    carafe.write("Dockerfile", FAULTY.as_bytes());
    carafe.write("clean", b"FROM scratch\n");
    let found = lint(&carafe, &[]);
    assert_eq!(found.code, 1, "{found:?}");
    let first = "Dockerfile:1 DL3007 warning: Using latest is prone to errors if the image will ever update. \
                 Pin the version explicitly to a release tag\n";
    assert!(found.stdout.starts_with(first), "{found:?}");
    for (args, code) in [
        (&["clean"][..], 0),
        (&["-t", "error", "Dockerfile"], 0),
        (&["--no-fail", "Dockerfile"], 0),
        (&["--no-fail", "-o", "report", "missing"], 1),
        (&["-f", "codeclimate", "Dockerfile"], 0),
        (&["-t", "worst", "Dockerfile"], 2),
        (&["--hadolint-compat"], 1),
        (&["--explain", "DL3007"], 0),
        (&["--explain", "nothing"], 2),
        (&["--list-rules"], 0),
    ] {
        assert_eq!(lint(&carafe, args).code, code, "{args:?}");
    }
    let both = lint(&carafe, &["missing", "Dockerfile"]);
    assert!(both.stderr.contains("cannot read missing"), "{both:?}");
    assert!(both.stdout.contains("DL3007"), "{both:?}");
    let formats = lint(
        &carafe,
        &["-f", "json", "-f", "gnu", "-o", "found.json", "Dockerfile"],
    );
    assert!(
        formats.stdout.starts_with("carafe:Dockerfile:1:6: DL3007"),
        "{formats:?}"
    );
    let json = fs::read(carafe.path("found.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json[0]["code"], "DL3007");
}

#[test]
fn configurations_are_found() {
    let carafe = Carafe::empty();
    let file = carafe.write("app/Dockerfile", FAULTY.as_bytes());
    let file = file.to_str().unwrap();
    carafe.write("app/.git/HEAD", b"");
    carafe.write("app/ignored/Dockerfile", b"nonsense\n");
    carafe.write("app/.gitignore", b"/ignored/\n");
    carafe.write("app/carafe.toml", b"[lint]\nignored = ['DL3007']\n");
    let found = lint(&carafe, &["-V", "app"]);
    assert!(
        !found.stdout.contains("DL3007") && found.stdout.contains("DL3015"),
        "{found:?}"
    );
    assert!(found.stderr.contains("configuration: ") && found.stderr.contains("app/carafe.toml"));
    carafe.write(".hadolint.yaml", b"override:\n  style: [DL3015]\n");
    let style = lint(&carafe, &[file]);
    assert!(style.stdout.contains("DL3015 style:"), "{style:?}");
    carafe.write(".hadolint.yaml", b"ignored: [DL3015]\nno-fail: yes\n");
    let wrong = lint(&carafe, &[file]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong
            .stderr
            .contains(".hadolint.yaml:2: no-fail is a text; write true or false"),
        "{wrong:?}"
    );
    let goes_on = lint(&carafe, &["--hadolint-compat", file]);
    assert!(
        goes_on.code == 1 && goes_on.stdout.contains("DL3015"),
        "{goes_on:?}"
    );
    let named = lint(&carafe, &["-c", "app/carafe.toml", file]);
    assert!(named.stdout.contains("DL3015"), "{named:?}");
}

#[test]
fn files_are_mended() {
    let carafe = Carafe::empty();
    let file = carafe.write("Dockerfile", FAULTY.as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    let mended = FAULTY.replace("install", "install --no-install-recommends");
    let diff = lint(&carafe, &["--diff", "--unsafe-fixes"]);
    assert_eq!(diff.code, 1);
    assert!(
        diff.stdout
            .contains("\n+RUN apt-get install --no-install-recommends"),
        "{diff:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), FAULTY);
    let safe = lint(&carafe, &["--fix"]);
    assert!(safe.stdout.contains("DL3015"), "{safe:?}");
    let fixed = lint(&carafe, &["--fix", "--unsafe-fixes", "--ignore=DL3007"]);
    assert_eq!(fixed.code, 0, "{fixed:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), mended);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o604
    );
    let args = ["lint", "--fix", "--unsafe-fixes", "-"];
    let piped = carafe.feed(args, FAULTY.as_bytes());
    assert_eq!(piped.stdout, mended);
    assert!(piped.stderr.contains("-:1 DL3007"), "{piped:?}");
}

#[test]
fn shellcheck_can_look_too() {
    let carafe = Carafe::empty();
    carafe.write(
        "Dockerfile",
        b"FROM a:1\nARG X\nRUN echo && \\\n  cat $y\n# hadolint ignore=SC9999\nRUN cat\n",
    );
    let answer = r#"#!/bin/sh
for file; do :; done
line=$(grep -n 'cat $y' "${file%/*}/0.sh" | cut -d: -f1)
column=$(sed -n "${line}p" "${file%/*}/0.sh" | awk '{ print index($0, "$y") }')
echo "{\"comments\":["
for nth in 0 1; do
  test $nth = 0 || echo ,
  echo "{\"file\":\"$nth.sh\",\"line\":$line,\"endLine\":$line,\"column\":$column,\"endColumn\":$((column + 2)),"
  echo "\"level\":\"info\",\"code\":9999,\"message\":\"quote it\",\"fix\":null}"
done
echo "]}"
exit 1
"#;
    let program = carafe.write("checker", answer.as_bytes());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let flag = format!("--shellcheck={}", program.display());
    let found = lint(&carafe, &[&flag, "-f", "gnu"]);
    let lines: Vec<&str> = found
        .stdout
        .lines()
        .filter(|line| line.contains("SC9999"))
        .collect();
    assert_eq!(
        lines,
        ["carafe:Dockerfile:4:7: SC9999 info: quote it"],
        "{found:?}"
    );
    let missing = lint(&carafe, &["--shellcheck=./nothing-there"]);
    assert!(
        missing.code == 1 && missing.stderr.contains("install ShellCheck"),
        "{missing:?}"
    );
}

/// Safe fixes change the text, and nothing of the image but what was found.
#[test]
fn safe_fixes_keep_the_image() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "from base as Tools\nRUN busybox mkdir /t && busybox touch `busybox echo /t/x`\n\
         FROM base as final\nMAINTAINER somebody@example.com\nENV a b\nWORKDIR /w\n\
         ADD one.txt /w/data\nCOPY one two /w\n\
         RUN [ \"x\" == \"x\" ] && busybox touch /w/same\nCOPY --from=tools /t/x \\\n\n  /w/x\n\
         EXPOSE 80/TCP\nCMD [\"one\"]\nENTRYPOINT [\"none\"]\nENTRYPOINT [\"busybox\"]\nCMD [\"true\"]\n",
    );
    let file = format!("{context}/Dockerfile");
    fs::write(format!("{context}/one"), "1").unwrap();
    fs::write(format!("{context}/two"), "2").unwrap();
    fs::write(format!("{context}/one.txt"), "3").unwrap();
    let build = |name: &str| {
        carafe.ok(["build", "--reproducible", "-t", name, &context]);
        let format = "{{json .RootFS}} {{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.Env}} \
                      {{json .Config.ExposedPorts}} {{.Config.WorkingDir}}";
        carafe.ok(["inspect", "--format", format, name])
    };
    let before = build("before");
    let fixed = lint(&carafe, &["--fix", "--no-fail", &file]);
    assert_eq!(fixed.code, 0, "{fixed:?}");
    let text = fs::read_to_string(&file).unwrap();
    for part in [
        "FROM base AS tools",
        "COPY one.txt /w/data",
        "one two /w/",
        "ENV a=b",
        "$(busybox echo /t/x)",
        "80/tcp",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for gone in ["MAINTAINER", "\"none\"", "[\"one\"]", "`", "== "] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert_eq!(build("after"), before, "{text}");
}

#[test]
fn secrets_are_found_and_not_shown() {
    let carafe = Carafe::empty();
    let secret = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let text = format!("FROM debian:bookworm\nENV API_TOKEN={secret}\nRUN echo 1\n");
    carafe.write("Dockerfile", text.as_bytes());
    for format in [
        "human",
        "tty",
        "json",
        "sarif",
        "github",
        "junit",
        "checkstyle",
    ] {
        let said = lint(&carafe, &["-f", format, "Dockerfile"]);
        let all = said.stdout + &said.stderr;
        assert!(all.contains("SecretInText"), "{format}: {all}");
        assert!(!all.contains(&secret[..20]), "{format}: {all}");
    }
}
