//! Questions about a Dockerfile: `build --check` and `build --call`, and the rules in an ordinary build.

use testkit::{ImageBuilder, Registry};

use crate::support::Carafe;

const FAULTY: &str = "\
FROM base as builder
ENV a b
COPY $HOEM /x
FROM base
COPY --from=builder /x /x
";

#[test]
fn what_is_found_is_told_and_fails_the_check() {
    let carafe = Carafe::new();
    let context = carafe.context(FAULTY);
    let checked = carafe.run(["build", "--check", &context]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    let want = format!(
        "Check complete, 3 warnings have been found!\n\n\
         WARNING: FromAsCasing - https://docs.docker.com/go/dockerfile/rule/from-as-casing/\n\
         'as' and 'FROM' keywords' casing do not match\n\
         {context}/Dockerfile:1\n\
         --------------------\n   1 | >>> FROM base as builder\n   2 |     ENV a b\n   3 |     COPY $HOEM /x\n\
         --------------------\n\n\
         WARNING: LegacyKeyValueFormat - https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/\n"
    );
    assert!(checked.stdout.starts_with(&want), "{}", checked.stdout);
}

#[test]
fn nothing_found_is_success() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN exit 1\n");
    let said = carafe.ok(["build", "--check", &context]);
    assert_eq!(said, "Check complete, no warnings found.\n");
}

#[test]
fn findings_as_json_have_dockers_shape() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nENV a \\\n  b\nFROM nowhere.invalid/x\n");
    let checked = carafe.run(["build", "--call=check,format=json", &context]);
    assert_eq!(checked.code, 1);
    let answer: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let warning = &answer["warnings"][0];
    assert_eq!(warning["ruleName"], "LegacyKeyValueFormat");
    assert_eq!(warning["location"]["ranges"][1]["start"]["line"], 3);
    assert_eq!(answer["sources"][0]["filename"], "Dockerfile");
    let error = &answer["buildError"];
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("nowhere.invalid")
    );
    assert_eq!(error["location"]["ranges"][0]["end"]["line"], 4);
    assert!(
        checked
            .stderr
            .contains("   4 | >>> FROM nowhere.invalid/x\n")
    );
}

#[test]
fn the_base_image_is_known_to_the_rules() {
    let carafe = Carafe::empty();
    let registry = Registry::start();
    let image = ImageBuilder::new()
        .platform("linux/arm64")
        .config(|config| {
            config.env = vec!["FROM_BASE=1".to_owned()];
            config.shell = vec!["/bin/x".to_owned()];
        })
        .files(&[("x", "x")])
        .build();
    registry.push("team/base:1", &image);
    let name = format!("{}/team/base:1", registry.host());
    let text = format!("FROM {name}\nENV A=$FROM_BASE B=$NOTHING\nCMD x\n");
    let context = carafe.context(&text);
    let args = [
        "build",
        "--platform=linux/amd64",
        "--call=check,format=json",
        &context,
    ];
    let checked = carafe.run(args);
    let answer: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let found = answer["warnings"].as_array().unwrap().iter();
    let found: Vec<_> = found
        .map(|w| w["detail"].as_str().unwrap().to_owned())
        .collect();
    let mismatch = format!(
        "Base image {name} was pulled with platform \"linux/arm64\", expected \"linux/amd64\" for current build"
    );
    assert_eq!(
        found,
        [mismatch.as_str(), "Usage of undefined variable '$NOTHING'"]
    );
}

#[test]
fn findings_can_be_errors() {
    let carafe = Carafe::new();
    let context = carafe.context("# check=error=true\nFROM base as x\nRUN touch /ran\n");
    let built = carafe.run(["build", "-t", "never", &context]);
    assert_eq!(built.code, 1);
    assert!(
        built.stderr.contains("error: 'as' and 'FROM'"),
        "{}",
        built.stderr
    );
    assert!(!built.stderr.contains("RUN touch"), "{}", built.stderr);
    let checked = carafe.run(["build", "--check", &context]);
    let violation = "ERROR: lint violation found for rules: FromAsCasing\n";
    assert!(checked.stderr.contains(violation), "{}", checked.stderr);
    let argument = "BUILDKIT_DOCKERFILE_CHECK=skip=FromAsCasing";
    carafe.ok(["build", "--build-arg", argument, &context]);
    let wrong = carafe.run([
        "build",
        "--build-arg",
        "BUILDKIT_DOCKERFILE_CHECK=skp",
        &context,
    ]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

#[test]
fn a_build_tells_what_the_rules_find_in_what_it_needs() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base AS a\nENV x y\nFROM base AS b\nENV c d\n");
    let built = carafe.run(["build", "--target=b", &context]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let count = built.stderr.matches("(LegacyKeyValueFormat)").count();
    assert_eq!(count, 1, "{}", built.stderr);
    assert!(built.stderr.contains("ENV c d"));
}

const OUTLINED: &str = "\
# VERSION of the compiler
ARG VERSION=1.0
ARG UNUSED
# base has the compiler
FROM base AS base
ARG VERSION
# FLAGS for it
ARG FLAGS=-O2 MORE
RUN --mount=type=secret,id=token,required --mount=type=secret,id=other true
FROM base AS tool
ARG NAME=$FLAGS-x
FROM scratch
COPY --from=tool / /
";

#[test]
fn an_outline_says_what_a_target_takes() {
    let carafe = Carafe::new();
    let context = carafe.context(OUTLINED);
    let outline = carafe.ok(["build", "--call=outline", "--build-arg", "MORE=m", &context]);
    let want = "\
BUILD ARG   VALUE   DESCRIPTION
VERSION     1.0     of the compiler
FLAGS       -O2     for it
MORE        m
NAME        -O2-x

SECRET   REQUIRED
token    true
other
";
    assert_eq!(outline, format!("{want}\n"));
    let named = carafe.ok(["build", "--call=outline", "--target=base", &context]);
    assert!(
        named.starts_with("TARGET:      base\nDESCRIPTION: has the compiler\n\n"),
        "{named}"
    );
}

#[test]
fn targets_are_listed() {
    let carafe = Carafe::empty();
    let context = carafe.context(OUTLINED);
    let targets = carafe.ok(["build", "--call=targets", &context]);
    let want = "TARGET    DESCRIPTION\nbase      has the compiler\ntool\n(default)\n";
    assert_eq!(targets, want);
    let json = carafe.ok(["build", "--call=targets,format=json", &context]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["targets"][2]["default"], true);
    assert_eq!(answer["targets"][1]["base"], "base");
    assert_eq!(
        answer["targets"][0]["location"]["ranges"][0]["start"]["line"],
        5
    );
}

#[test]
fn the_front_end_is_built_in() {
    let carafe = Carafe::empty();
    let build = |first: &str, more: &[&str]| {
        let context = carafe.context(&format!("{first}\nFROM scratch\n"));
        carafe.run([&["build", &context], more].concat())
    };
    let newer = build("# syntax=docker/dockerfile:1.99", &[]);
    assert_eq!(newer.code, 0, "{}", newer.stderr);
    assert!(
        newer.stderr.contains("is newer than what is built in"),
        "{}",
        newer.stderr
    );
    let usual = build("# syntax=mirror.test/docker/dockerfile:1", &[]);
    assert!(
        usual.code == 0 && !usual.stderr.contains("warning"),
        "{}",
        usual.stderr
    );
    let other = build("# syntax=somebody/other:1", &[]);
    assert!(
        other.code == 1 && other.stderr.contains("somebody/other:1"),
        "{}",
        other.stderr
    );
    let told = ["--build-arg", "BUILDKIT_SYNTAX=docker/dockerfile:1"];
    assert_eq!(build("# syntax=somebody/other:1", &told).code, 0);
}
