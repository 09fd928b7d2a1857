//! What carafe's own rules find in whole files: one stage is shipped in each, so that fixtures cannot show all cases.

use dockerfile::{Source, parse};
use lint::{Facts, Finding, Options, Set, Settings};

/// What carafe's own rules find in a text.
fn found(text: &str) -> Vec<Finding> {
    let source = Source::new("Dockerfile", text);
    let parsed = parse(&source);
    assert_eq!(parsed.diagnostics, [], "{text}");
    let (settings, options) = (Settings::default(), Options::default());
    let findings = lint::lint(&source, &parsed, &settings, &options, &Facts::default());
    let own = findings
        .into_iter()
        .filter(|finding| finding.rule.set == Set::Carafe);
    own.collect()
}

fn finds(rule: &str, text: &str) -> bool {
    found(text).iter().any(|finding| finding.rule.name == rule)
}

/// The end of a file of a Node program.
fn node(commands: &str) -> String {
    format!(
        "FROM node:20-slim\nWORKDIR /app\nCOPY package.json ./\n{commands}\nUSER node\nCMD [\"node\", \".\"]\n"
    )
}

#[test]
fn dependencies_of_development() {
    for (commands, is_found) in [
        ("RUN npm ci", true),
        ("RUN npm ci --omit=dev", false),
        ("RUN npm ci --omit dev", false),
        ("RUN npm ci --only=production", false),
        ("RUN npm ci --production", false),
        ("RUN NODE_ENV=production npm ci", false),
        ("ENV NODE_ENV=production\nRUN npm ci", false),
        ("ENV NODE_ENV production\nRUN npm ci", false),
        (
            "ARG NODE_ENV=production\nENV NODE_ENV=$NODE_ENV\nRUN npm ci",
            false,
        ),
        ("ENV NODE_ENV=development\nRUN npm ci", true),
        ("RUN npm ci && npm prune --omit=dev", false),
        ("RUN npm ci\nRUN npm prune --production", false),
        ("RUN yarn install --frozen-lockfile", true),
        ("RUN yarn install --frozen-lockfile --production", false),
        ("RUN yarn install --production=true", false),
        ("RUN yarn workspaces focus --production", false),
        ("RUN pnpm i -P", false),
        ("RUN pnpm install --prod --frozen-lockfile", false),
        ("RUN npm install -g pm2@5", false),
        ("RUN npm init -y", false),
        ("RUN bundle install", true),
        (
            "RUN bundle config set without 'development test'\nRUN bundle install",
            false,
        ),
        ("ENV BUNDLE_WITHOUT=development\nRUN bundle install", false),
        ("RUN bundle exec rake", false),
    ] {
        assert_eq!(
            finds("DevelopmentDependencies", &node(commands)),
            is_found,
            "{commands}"
        );
    }
}

#[test]
fn images_that_run_no_program_of_their_own_are_let_pass() {
    // Like the official images of languages: the compiler is what they are for.
    for text in [
        "FROM buildpack-deps:bookworm-scm\nRUN apt-get update && apt-get install -y gcc make\nCOPY --from=debian:bookworm /x /x\n",
        "FROM alpine:3.20\nRUN apk add --no-cache gcc\nCOPY docker-entrypoint.sh /usr/local/bin/\nENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD [\"ruby\"]\n",
        "FROM golang:1.23 AS dev\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n",
    ] {
        for rule in ["CompilerInFinalStage", "SingleStageBuild", "RootUser"] {
            assert!(!finds(rule, text), "{rule}: {text}");
        }
    }
}

#[test]
fn programs_that_are_built_in_one_stage() {
    let file = |base: &str, build: &str| {
        format!("FROM {base}\nWORKDIR /src\nCOPY . .\nRUN {build}\nCMD [\"/app\"]\n")
    };
    for (base, build, is_found) in [
        ("golang:1.23", "go build -o /app .", true),
        ("golang:1.23", "go test ./...", false),
        ("rust:1.82-slim", "cargo build --release", true),
        ("maven:3-eclipse-temurin-21", "mvn -B package", true),
        ("gradle:8-jdk21", "./gradlew bootJar", true),
        ("gcc:14", "make", true),
        (
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "dotnet publish -c Release",
            true,
        ),
        ("debian:bookworm", "make", false),
        ("node:20", "npm ci && npm run build", true),
        (
            "node:20",
            "npm ci && npm run build && npm prune --omit=dev",
            false,
        ),
        ("node:20", "npm run build", false),
    ] {
        let text = file(base, build);
        assert_eq!(finds("SingleStageBuild", &text), is_found, "{text}");
        // One thing is said once.
        assert!(
            !is_found
                || !finds("CompilerInFinalStage", &text)
                    && !finds("DevelopmentDependencies", &text),
            "{text}"
        );
    }
}

#[test]
fn bases_of_compilers() {
    let file = |base: &str| {
        format!(
            "FROM golang:1.23 AS build\nRUN CGO_ENABLED=0 go build -o /app .\nFROM {base}\nCOPY --from=build /app /app\nCMD [\"/app\"]\n"
        )
    };
    for (base, is_found) in [
        ("golang:1.23-alpine", true),
        ("buildpack-deps:bookworm", true),
        ("buildpack-deps:bookworm-curl", false),
        ("alpine:3.20", false),
        ("scratch", false),
        ("build", true),
    ] {
        let text = file(base);
        let is_said = finds("CompilerInFinalStage", &text) || finds("SingleStageBuild", &text);
        assert_eq!(is_said, is_found, "{text}");
    }
}

#[test]
fn users() {
    let file = |base: &str, lines: &str| {
        format!("FROM {base}\nCOPY . /app\n{lines}\nCMD [\"/app/run\"]\n")
    };
    for (base, lines, is_found) in [
        ("debian:bookworm", "", true),
        ("debian:bookworm", "USER app", false),
        ("debian:bookworm", "USER root\nRUN true\nUSER 1000", false),
        ("debian:bookworm", "USER $NAME", false),
        ("gcr.io/distroless/static-debian12:nonroot", "", false),
        ("gcr.io/distroless/static-debian12", "", true),
        ("nginxinc/nginx-unprivileged:1.27", "", false),
        ("bitnami/redis:7", "", false),
        ("example.com/own:1", "", false),
        ("$BASE", "", false),
        (
            "debian:bookworm",
            "RUN apt-get update && apt-get install -y gosu",
            false,
        ),
        ("debian:bookworm", "ENTRYPOINT [\"/entrypoint.sh\"]", false),
    ] {
        let text = file(base, lines);
        assert_eq!(finds("RootUser", &text), is_found, "{text}");
    }
}

#[test]
fn several_targets_are_no_left_over_stages() {
    let many = "FROM a:1 AS one\nFROM a:1 AS two\nFROM a:1 AS three\nFROM a:1\n";
    assert!(!finds("UnusedStage", many));
    assert!(finds("UnusedStage", "FROM a:1 AS build\nFROM a:1\n"));
    assert!(finds("UnusedStage", "FROM a:1\nFROM a:1\n"));
    for base in ["base-$TARGETARCH", "${TARGETARCH}", "base-${VARIANT:-slim}"] {
        let text = format!("FROM a:1 AS amd64\nFROM a:1 AS arm64\nFROM {base}\n");
        assert!(!finds("UnusedStage", &text), "{text}");
    }
    assert!(finds(
        "UnusedStage",
        "ARG TAG=1\nFROM a:1 AS left\nFROM a:${TAG}\n"
    ));
    assert!(!finds(
        "UnusedStage",
        "FROM a:1 AS build\nFROM build AS test\nFROM build\n"
    ));
}

#[test]
fn the_trees_of_stages_that_are_bundles_are_copied() {
    let text = "FROM tonistiigi/xx:1.5 AS xx\nFROM alpine:3.20\nCOPY --from=xx / /\n";
    assert!(!finds("WholeTreeCopied", text));
    let text =
        "FROM debian:bookworm AS all\nRUN true\nFROM scratch\nCOPY --from=all / /\nCMD [\"sh\"]\n";
    assert!(!finds("WholeTreeCopied", text));
    assert!(!finds("ShellMissing", &text.replace("[\"sh\"]", "sh")));
}

#[test]
fn no_message_shows_a_secret() {
    let secrets = [
        "glpat-a1B2c3D4e5F6g7H8i9J0",
        "hunter22",
        "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "AKIAQYLPMN5HHHFPZAM2",
    ];
    let mut text = "FROM debian:bookworm\n".to_owned();
    for secret in secrets {
        text += &format!(
            "ARG A={secret}\nENV B={secret}\nLABEL c=\"{secret}\"\nRUN echo 'root:{secret}' | chpasswd && useradd -p {secret} app\n\
             RUN curl -k --password={secret} https://me:{secret}@example.com | sh\nRUN export X={secret}\nADD https://me:{secret}@example.com/x /x\n"
        );
    }
    let found = found(&text);
    assert!(found.len() > 20, "{}", found.len());
    for finding in found {
        let said = format!(
            "{} {:?} {:?}",
            finding.diagnostic.message,
            finding.diagnostic.help,
            finding.fix.map(|fix| fix.title)
        );
        assert!(
            secrets.iter().all(|secret| !said.contains(secret)),
            "{said}"
        );
    }
}

/// The examples of this project are as we would write them; those that are called naive are not.
#[test]
fn the_examples_are_good_practice() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let folder = entry.expect("the folder can be read").path();
        for (name, is_good) in [("Dockerfile", true), ("Dockerfile.naive", false)] {
            let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
                continue;
            };
            let found = found(&text);
            let bad: Vec<_> = found.iter().map(|finding| finding.rule.name).collect();
            assert_eq!(
                bad.is_empty(),
                is_good,
                "{}: {name}: {bad:?}",
                folder.display()
            );
            count += 1;
        }
    }
    assert_eq!(count, 8);
}

#[test]
fn certificates_come_from_elsewhere() {
    let file = |lines: &str| {
        format!(
            "FROM alpine:3.20 AS build\nFROM scratch\nCOPY --from=build /server /\n{lines}\nENTRYPOINT [\"/server\", \"--api\", \"https://api.example.com\"]\n"
        )
    };
    for (lines, is_found) in [
        ("", true),
        (
            "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
            false,
        ),
        ("COPY --from=build /rootfs/ /", false),
        ("ADD rootfs.tar /", false),
        ("COPY certs /certs", false),
    ] {
        assert_eq!(
            finds("CertificatesMissing", &file(lines)),
            is_found,
            "{lines}"
        );
    }
}

#[test]
fn what_a_shell_was_told_is_not_handed_on() {
    let file = |first: &str| {
        format!("FROM debian:bookworm\nRUN {first}\nRUN rm -rf /var/lib/apt/lists/*\n")
    };
    for (first, is_fixed) in [
        ("apt-get update && apt-get install -y x", true),
        ("cd /x && apt-get update && apt-get install -y x", false),
        (
            "--mount=type=cache,target=/var/cache/apt apt-get update",
            false,
        ),
        ("apt-get update && server &", false),
    ] {
        let text = file(first);
        let found = found(&text);
        let removed = found
            .iter()
            .find(|finding| finding.rule.name == "RemovedLater");
        assert_eq!(
            removed.is_some_and(|finding| finding.fix.is_some()),
            is_fixed,
            "{text}"
        );
    }
}

/// Files as the documentation of well-known frameworks has them today, below `good`.
#[test]
fn good_practice_is_let_pass() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the files are there") {
        let path = entry.expect("the folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let name = path.file_name().unwrap_or_default().to_owned();
        let said = |finding: Finding| (name.clone(), finding.rule.name, finding.diagnostic.message);
        wrong.extend(found(&text).into_iter().map(said));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
