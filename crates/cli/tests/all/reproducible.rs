//! `SOURCE_DATE_EPOCH`, `--reproducible` and `--verify-reproducible`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use oci::tar::{Entry, Kind, Time};
use serde_json::Value;

use crate::support::layout::Layout;
use crate::support::{Carafe, copy_program, said};

/// Everything that makes files: from the context, from an archive, from the Dockerfile, by programs, and on the way.
const DOCKERFILE: &str = "\
FROM base AS build
WORKDIR /src/deep
COPY . .
RUN mkdir -p /out/made && cat tree/a > /out/made/a && touch tree/b
FROM base
COPY tree /opt/new/tree/
COPY tree/run.sh /opt/one/two/run
WORKDIR /app/data
ADD old.tar /old
COPY <<END /etc/motd
hello
END
COPY --from=build /out /out
COPY --from=build /src /src
RUN echo made > /made && touch /etc/passwd
";

/// Writes the context, and gives all its files a time and permissions as a umask leaves them.
fn context(carafe: &Carafe, time: SystemTime, umask: u32) -> String {
    let old = Entry {
        mtime: Time::seconds(981_173_106),
        ..Entry::new("inside", Kind::File, 0o640)
    };
    let old = testkit::layer([(old, b"old".to_vec())]);
    let files: [(&str, &[u8], u32); 5] = [
        ("Dockerfile", DOCKERFILE.as_bytes(), 0o666),
        ("tree/a", b"a", 0o666),
        ("tree/b", b"b", 0o666),
        ("tree/run.sh", b"#!/bin/sh\n", 0o777),
        ("old.tar", &old, 0o666),
    ];
    let set = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & !umask)).unwrap();
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    };
    for (name, content, mode) in files {
        set(&carafe.write(&format!("context/{name}"), content), mode);
    }
    let folder = carafe.path("context");
    set(&folder.join("tree"), 0o777);
    set(&folder, 0o777);
    folder.to_str().unwrap().to_owned()
}

/// Another store with the same base image.
fn another(first: &Carafe) -> Carafe {
    let archive = first.path("base-image.tar");
    first.ok(["save", "-o", archive.to_str().unwrap(), "base"]);
    let other = Carafe::empty();
    other.ok(["load", "-i", archive.to_str().unwrap()]);
    other
}

fn built(carafe: &Carafe, epoch: Option<&str>, args: &[&str]) -> String {
    let mut command = carafe.command(["build", "-q"].iter().chain(args));
    command.envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)));
    let said = said(&command.output().unwrap());
    assert_eq!(said.code, 0, "{said:#?}");
    said.stdout.trim().to_owned()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn the_same_files_make_the_same_image() {
    let one = Carafe::new();
    let two = another(&one);
    let first = context(&one, at(1_200_000_000), 0o022);
    let second = context(&two, SystemTime::now(), 0o022);
    let epoch = Some("1500000000");
    let image = built(&one, epoch, &[&first]);
    assert_eq!(built(&two, epoch, &[&second]), image);
    assert_eq!(built(&one, epoch, &[&second]), image, "another folder");
    // Later than now, so that no file made now is later, and what is in the cache is older.
    let later = Some("4000000000");
    assert_eq!(
        built(&one, later, &[&first]),
        built(&two, later, &["--no-cache", &second])
    );

    let unmasked = context(&two, at(1_300_000_000), 0o077);
    let image = built(&one, None, &["--reproducible", &first]);
    assert_eq!(built(&two, None, &["--reproducible", &unmasked]), image);
    let ordinary = built(&one, None, &[&first]);
    assert_ne!(ordinary, image);
    assert_eq!(built(&one, None, &[&first]), ordinary, "from the cache");
}

#[test]
fn whoever_builds_makes_the_same_image() {
    let one = Carafe::empty();
    let dockerfile =
        "FROM scratch\nCOPY tree /a/tree\nWORKDIR /b/c\nADD old.tar /old\nCOPY <<E /e\nx\nE\n";
    let first = context(&one, at(1_200_000_000), 0o022);
    one.write("context/Dockerfile", dockerfile.as_bytes());
    let image = built(&one, None, &["--reproducible", &first]);

    let other = Carafe::empty();
    let second = context(&other, SystemTime::now(), 0o077);
    other.write("context/Dockerfile", dockerfile.as_bytes());
    let program = other.path("carafe");
    copy_program(&program);
    let mut command = Command::new(&program);
    command
        .args(["build", "-q", "--reproducible", &second])
        .env("CARAFE_ROOT", other.path("store"))
        .env("CONTAINERS_REGISTRIES_CONF", "/dev/null")
        .env_remove("SOURCE_DATE_EPOCH");
    if rustix::process::geteuid().is_root() {
        let mut chown = Command::new("chown");
        let chown = chown.args(["-R", "4712:4712"]).arg(other.path("")).status();
        assert!(chown.unwrap().success());
        command.uid(4712).gid(4712);
    }
    let built = said(&command.output().unwrap());
    assert_eq!(
        (built.code, built.stdout.trim()),
        (0, &*image),
        "{built:#?}"
    );
}

#[test]
fn the_epoch_is_in_history_and_files() {
    let carafe = Carafe::new();
    let folder = context(&carafe, at(1_200_000_000), 0o022);
    let outputs = [
        "-o",
        "type=oci,dest=settled.tar",
        "-o",
        "type=oci,dest=clamped.tar,rewrite-timestamp=true,source-date-epoch=1600000000",
        "-o",
        "type=oci,dest=kept.tar,rewrite-timestamp=false",
        "-o",
        "type=tar,dest=files.tar",
    ];
    let args = [&outputs[..], &[&folder]].concat();
    built(&carafe, Some("1500000000"), &args);

    let settled = Layout::read(&carafe.path("settled.tar"));
    let base: Value = serde_json::from_str(&carafe.ok(["inspect", "base"])).unwrap();
    assert_eq!(settled.config["created"], "2017-07-14T02:40:00Z");
    let history = settled.config["history"].as_array().unwrap();
    assert_eq!(
        history[0]["created"], base[0]["Created"],
        "the base's is left alone"
    );
    let own = history[1..].iter().map(|line| &line["created"]);
    assert!(
        own.clone().all(|created| created == "2017-07-14T02:40:00Z"),
        "{history:#?}"
    );
    let created = &settled.index["manifests"][0]["annotations"]["org.opencontainers.image.created"];
    assert_eq!(created, "2017-07-14T02:40:00Z");

    let times = |layout: &Layout, name: &str| layout.entry(name).mtime.seconds;
    for name in [
        "opt/new/tree/a",
        "opt/new",
        "opt/new/tree",
        "app/data",
        "etc/motd",
        "made",
        "etc",
    ] {
        // With an output that keeps times, a context's files keep theirs until then: what is later or has a fraction goes.
        assert!(times(&settled, name) <= 1_500_000_000, "{name}");
    }
    assert_eq!(times(&settled, "made"), 1_500_000_000);
    assert_eq!(
        times(&settled, "old/inside"),
        981_173_106,
        "an archive's times are its content"
    );
    let clamped = Layout::read(&carafe.path("clamped.tar"));
    assert_eq!(clamped.config["created"], "2020-09-13T12:26:40Z");
    assert_eq!(times(&clamped, "made"), 1_600_000_000);
    assert_eq!(
        times(&clamped, "opt/new/tree/a"),
        1_200_000_000,
        "as BuildKit has it"
    );
    let kept = Layout::read(&carafe.path("kept.tar"));
    assert!(times(&kept, "made") > 1_600_000_000);
    assert_eq!(kept.config["created"], "2017-07-14T02:40:00Z");
    let files = fs::read(carafe.path("files.tar")).unwrap();
    let mut reader = oci::tar::Reader::new(&*files);
    while let Some(entry) = reader.next_entry().unwrap() {
        assert_eq!(entry.mtime, Time::seconds(1_500_000_000), "{entry:?}");
    }

    // Without another output's wish, nothing of a context's times is left; and the store's image is that one, too.
    built(&carafe, Some("1500000000"), &["-t", "app", &folder]);
    carafe.ok([
        "save",
        "-o",
        carafe.path("app.tar").to_str().unwrap(),
        "app",
    ]);
    let app = Layout::read(&carafe.path("app.tar"));
    assert_eq!(times(&app, "opt/new/tree/a"), 1_500_000_000);
    assert_eq!(
        carafe.ok(["run", "--rm", "app", "cat", "/etc/motd"]),
        "hello\n"
    );
}

/// When an image says that it was made that is built so.
fn created(carafe: &Carafe, args: &[&str]) -> Value {
    let output = ["build", "-q", "-o", "type=oci,dest=created.tar"];
    carafe.ok(output.iter().chain(args));
    let layout = Layout::read(&carafe.path("created.tar"));
    assert!(layout.names().iter().all(|name| !name.contains(".git")));
    layout.config["created"].clone()
}

#[test]
fn the_dockerfile_may_know_the_epoch() {
    let carafe = Carafe::new();
    let inner = "FROM base\nARG SOURCE_DATE_EPOCH\nRUN test $SOURCE_DATE_EPOCH = 1000000000\n";
    let folder = carafe.context(&format!("ARG SOURCE_DATE_EPOCH=1000000000\n{inner}"));
    let time = "2001-09-09T01:46:40Z";
    assert_eq!(created(&carafe, &[&folder]), time);
    assert_eq!(created(&carafe, &["--reproducible", &folder]), time);
    let wrong = ["build", "--build-arg=SOURCE_DATE_EPOCH=yesterday", &folder];
    let error = carafe.fails(1, wrong);
    assert!(
        error.contains("`yesterday`") && error.contains("since 1970"),
        "{error}"
    );
    let output = "-otype=image,rewrite-timestamp=false";
    let both = carafe.fails(2, ["build", "--reproducible", output, &folder]);
    assert!(both.contains("contradict"), "{both}");
}

#[test]
fn git_knows_the_epoch() {
    let carafe = Carafe::new();
    let folder = carafe.context("FROM base\nCOPY . /src\n");
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=n", "-c", "user.email=n", "-C", &folder])
            .env("GIT_COMMITTER_DATE", "1234567890 +0100");
        let done = git.args(args).output().unwrap();
        assert!(done.status.success(), "{done:#?}");
    };
    git(&["init", "-q"]);
    let reproducible = ["--reproducible", &folder];
    let nothing_committed = created(&carafe, &reproducible);
    assert_eq!(nothing_committed, "1970-01-01T00:00:00Z");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "c"]);
    // What a repository may say must not run.
    let hook = carafe.path("ran");
    let run = format!("touch {}", hook.display());
    git(&["config", "core.fsmonitor", &run]);
    git(&["config", "gpg.program", &run]);
    git(&["config", "log.showSignature", "true"]);
    let time = "2009-02-13T23:31:30Z";
    assert_eq!(created(&carafe, &reproducible), time);
    assert!(!hook.exists());
    carafe.write("context/.dockerignore", b".git\n");
    let of_context = ["--build-arg=SOURCE_DATE_EPOCH=context", &folder];
    assert_eq!(created(&carafe, &of_context), time);
}

#[test]
fn what_differs_is_named_by_step() {
    let carafe = Carafe::new();
    let folder = carafe.context(
        "FROM base\nRUN echo same > /same\n\
         RUN cat /proc/sys/kernel/random/uuid > /stamp && echo x > /x-$(cat /proc/sys/kernel/random/uuid)\n\
         RUN mkdir /d && touch /d/f\n",
    );
    let error = carafe.fails(
        1,
        ["build", "-t", "never", "--verify-reproducible", &folder],
    );
    let verdict = error.split("error:").nth(1).unwrap();
    for words in [
        "Dockerfile:3 RUN cat /proc",
        "/stamp: content\n",
        ": only in the first build",
    ] {
        assert!(verdict.contains(words), "{words}: {verdict}");
    }
    assert!(
        !verdict.contains("/same") && !verdict.contains("/d"),
        "{verdict}"
    );
    assert!(!carafe.ok(["images"]).contains("never"));

    let folder = carafe.context("FROM base\nRUN mkdir /d && touch /d/f\nCOPY Dockerfile /e/\n");
    let args = [
        "build",
        "-t",
        "app",
        "--verify-reproducible",
        "--reproducible",
        &folder,
    ];
    let said = carafe.run(args);
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.stderr.contains("verified"), "{}", said.stderr);
}
