//! A build that downloads keeps what it downloaded from one time to the next.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "BuildWithoutCache",
    summary: "A build that downloads its dependencies does so before the sources are copied, or has a cache mount",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "mvn, gradle, cargo and go build fetch what is missing. Directly behind a copy of all sources they fetch everything again for each change of a line, and compile it, too. Looked at are mvn package, install and verify, gradle build and its like, cargo build, and go build (if the context is known and has a go.sum and no vendor folder), in a RUN behind a COPY or ADD of `.` in the same stage. Let pass are RUNs with a cache mount, stages in which the same program ran before the sources came, and offline builds.",
        bad: "FROM maven:3.9-eclipse-temurin-21 AS build\nWORKDIR /src\nCOPY . .\nRUN mvn -B package\n",
        good: "FROM maven:3.9-eclipse-temurin-21 AS build\nWORKDIR /src\nCOPY . .\nRUN --mount=type=cache,target=/root/.m2 mvn -B package\n",
        configure: None,
    },
    find,
};

/// A program that builds and downloads.
struct Builder {
    programs: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Texts in a RUN that show that nothing is downloaded.
    offline: &'static [&'static str],
    /// What to mount.
    mounts: &'static str,
    /// What can be done before the sources come instead.
    instead: &'static str,
}

const BUILDERS: [Builder; 4] = [
    Builder {
        programs: &["mvn", "mvnw"],
        verbs: &["package", "install", "verify", "deploy"],
        offline: &[" -o ", "--offline"],
        mounts: "--mount=type=cache,target=/root/.m2",
        instead: "`COPY pom.xml .` and `RUN mvn -B dependency:go-offline` before the sources",
    },
    Builder {
        programs: &["gradle", "gradlew"],
        verbs: &[
            "build",
            "assemble",
            "bootJar",
            "shadowJar",
            "jar",
            "installDist",
        ],
        offline: &["--offline", "GRADLE_USER_HOME"],
        mounts: "--mount=type=cache,target=/root/.gradle",
        instead: "the build files and `RUN gradle dependencies` before the sources",
    },
    Builder {
        programs: &["cargo"],
        verbs: &["build", "install"],
        offline: &["--offline", "--frozen"],
        mounts: "--mount=type=cache,target=/usr/local/cargo/registry",
        instead: "cargo-chef, which builds the dependencies before the sources come",
    },
    Builder {
        programs: &["go"],
        verbs: &["build", "install"],
        offline: &["-mod=vendor", "GOPROXY=off", "GOFLAGS"],
        mounts: "--mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build",
        instead: "`COPY go.mod go.sum ./` and `RUN go mod download` before the sources",
    },
];

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = 0..file.dockerfile.stages.len();
    stages.filter_map(|stage| in_stage(file, stage)).collect()
}

fn in_stage(file: &File<'_>, stage: usize) -> Option<Found> {
    let copies = file.copies_of(&[stage]);
    let copied = copies
        .iter()
        .find(|copied| copied.whole_context().is_some())?;
    let at = copied.instruction.span.start;
    let lineage = file.lineage(stage);
    let mut before: Vec<&str> = Vec::new();
    for run in file.runs_of(&lineage) {
        let is_behind = run.stage == stage && run.instruction.span.start > at;
        for command in run.invocations() {
            let name = command.name.text.as_str();
            let is_first = !before.contains(&name);
            let builder = builder(file, command).filter(|_| is_behind && is_first);
            if let Some(builder) = builder {
                return wrong(file, run, command, builder);
            }
            let is_one = BUILDERS.iter().any(|builder| command.is(builder.programs));
            if is_one && is_first && !is_behind {
                before.push(name);
            }
        }
    }
    None
}

/// What the command builds with.
fn builder(file: &File<'_>, command: &Invocation) -> Option<&'static Builder> {
    let is_it =
        |builder: &&Builder| command.is(builder.programs) && command.has_word(builder.verbs);
    let builder = BUILDERS.iter().find(is_it)?;
    let is_go = command.is(&["go"]);
    (!is_go || downloads_modules(file)).then_some(builder)
}

/// Whether a Go program has modules to download: without dependencies there is no `go.sum`.
fn downloads_modules(file: &File<'_>) -> bool {
    let context = file.facts.context.as_ref();
    let has = |name: &str| {
        context.is_some_and(|context| context.entries.iter().any(|entry| entry.name == name))
    };
    has("go.sum") && !has("vendor")
}

fn wrong(
    file: &File<'_>,
    run: &RunStep<'_>,
    command: &Invocation,
    builder: &Builder,
) -> Option<Found> {
    let text = file.source.slice(run.instruction.span);
    let is_offline = builder.offline.iter().any(|word| text.contains(word));
    if text.contains("type=cache") || is_offline {
        return None;
    }
    let program = &command.name.text;
    let message =
        format!("Each change of the context makes {program} download all dependencies again");
    let help = format!(
        "write `RUN {} {program} …`; or {}",
        builder.mounts, builder.instead
    );
    Some(Found::new(run.instruction.span, command.span, message).help(help))
}
