//! `build`, from the command line to the image.

use std::fs;
use std::process::Stdio;

use testkit::{ImageBuilder, Registry};

use crate::support::{Carafe, eventually, processes_with, said};

const TWO_STAGES: &str = "\
FROM base AS builder
RUN head -c 3000000 /dev/zero > /tmp/toolchain && echo '#!/bin/sh' > /program && echo 'echo it works' >> /program
FROM base
COPY --from=builder --chmod=755 /program /program
CMD [\"/program\"]
";

#[test]
fn what_stays_behind_and_what_ships() {
    let carafe = Carafe::new();
    let context = carafe.context(TWO_STAGES);
    let built = carafe.run(["build", "-t", "app:slim", "-t", "other", &context]);
    assert_eq!(
        (built.code, built.stdout.as_str()),
        (0, ""),
        "{}",
        built.stderr
    );
    assert!(
        built.stderr.contains("] RUN head -c 3000000"),
        "{}",
        built.stderr
    );
    let table: Vec<&str> = built
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("What stayed"))
        .collect();
    assert!(
        table[2].contains("builder") && table[2].contains("→ "),
        "{table:#?}"
    );
    assert!(
        table
            .iter()
            .any(|line| line.contains("app:slim") && line.ends_with("MB"))
    );
    assert_eq!(carafe.ok(["run", "--rm", "app:slim"]), "it works\n");
    let names = carafe.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    for name in ["app:slim", "other:latest", "base:latest"] {
        assert!(names.lines().any(|line| line == name), "{names}");
    }

    let id = carafe.ok(["inspect", "--format", "{{.Id}}", "app:slim"]);
    let again = carafe.run(["build", "-q", &context]);
    assert_eq!(
        (again.stdout, again.stderr),
        (id, String::new()),
        "cached, and nothing but the ID"
    );
}

#[test]
fn outputs_and_files() {
    let carafe = Carafe::new();
    let context = carafe.context(TWO_STAGES);
    let said = carafe.run([
        "build",
        "-t",
        "app:1",
        "-o",
        "type=oci,dest=app.tar",
        "-o",
        "type=tar,dest=root.tar",
        "-o",
        "folder",
        "--iidfile",
        "id",
        "--metadata-file",
        "meta.json",
        &context,
    ]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("wrote app.tar"), "{}", said.stderr);
    let program = fs::read_to_string(carafe.path("folder/program")).unwrap();
    assert_eq!(program, "#!/bin/sh\necho it works\n");
    assert!(
        !carafe.ok(["images"]).contains("app"),
        "only --output or the store, as with Docker"
    );

    let other = Carafe::empty();
    let archive = carafe.path("app.tar");
    let loaded = other.ok(["load", "-i", archive.to_str().unwrap()]);
    assert_eq!(loaded, "Loaded image: app:1\n");
    assert_eq!(other.ok(["run", "--rm", "app:1"]), "it works\n");
    let id = fs::read_to_string(carafe.path("id")).unwrap();
    assert_eq!(
        other.ok(["inspect", "--format", "{{.Id}}", "app:1"]).trim(),
        id
    );
    assert!(
        fs::read_to_string(carafe.path("meta.json"))
            .unwrap()
            .contains(&id)
    );

    let imported = carafe.path("root.tar");
    other.ok(["import", imported.to_str().unwrap(), "imported"]);
    assert_eq!(
        other.ok(["run", "--rm", "imported", "/program"]),
        "it works\n"
    );
}

#[test]
fn a_failed_step_shows_its_line_and_keeps_its_log() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN echo one; echo two >&2; exit 3\n");
    let error = carafe.fails(1, ["build", "--progress=quiet", &context]);
    for words in [
        "  one\n",
        "  two\n",
        "exit code 3",
        "Dockerfile:2:1",
        "RUN echo one; echo two",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
    let log = error
        .lines()
        .find_map(|line| line.strip_prefix("log: "))
        .unwrap();
    assert_eq!(fs::read_to_string(log).unwrap(), "one\ntwo\n");

    let plain = carafe.fails(1, ["build", "--progress=plain", &context]);
    assert_eq!(
        plain.matches("two\n").count(),
        1,
        "what was just shown is not shown again: {plain}"
    );
}

#[test]
fn mistakes_in_the_dockerfile_are_marked() {
    let carafe = Carafe::new();
    let text = b"FROM base\nCPOY a b\n";
    let said = carafe.feed(["build", "-f", "-", "."], text);
    assert_eq!(said.code, 1);
    for words in ["CPOY", ":2:1", "^^^^", "did you mean COPY?"] {
        assert!(said.stderr.contains(words), "{}", said.stderr);
    }
    let context = carafe.context("# check=error=true\nFROM base as lower\n");
    let error = carafe.fails(1, ["build", &context]);
    assert!(error.contains("FromAsCasing"), "{error}");
    let context = carafe.context("FROM base AS builder\n");
    let error = carafe.fails(1, ["build", "--target", "bulider", &context]);
    assert!(error.contains("did you mean `builder`?"), "{error}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\n");
    for (flag, words) in [
        ("--push", "without a name cannot be pushed"),
        ("--cache-from=type=gha", "type=gha is not supported"),
        ("--output=type=registry", "without a name"),
        ("--network=bridge", "no network `bridge`"),
        ("--secret=id=x,src=/nowhere", "/nowhere"),
        ("--tag=UPPER", "must be lowercase"),
        ("--progress=fancy", "no progress display `fancy`"),
        ("--nonsense", "unexpected argument"),
    ] {
        let said = carafe.run(["build", flag, &context]);
        let code = if flag.starts_with("--secret") { 1 } else { 2 };
        assert!(
            said.code == code && said.stderr.contains(words),
            "{flag}: {said:#?}"
        );
    }
    // What BuildKit ignores does no harm, and what its user may count on is said.
    let old = "-D --rm --force-rm=false --compress -m 1g --squash --cpu-quota -1 --security-opt x";
    let command = ["build"].into_iter().chain(old.split(' '));
    let said = carafe.run(command.chain([&*context]));
    assert!(said.code == 0, "{said:#?}");
    let warned = said.stderr.matches("has no effect, as with BuildKit");
    assert_eq!(warned.count(), 4, "{said:#?}");
    assert!(said.stderr.contains("--resource memory=1g"), "{said:#?}");
    // What is done anyway may be asked for.
    carafe.ok([
        "build",
        "--provenance=false",
        "--load",
        "--pull=false",
        &context,
    ]);
    for (context, words) in [
        ("-", "standard input"),
        ("https://x/y.git", "remote"),
        ("nowhere", "nowhere"),
    ] {
        assert!(carafe.run(["build", context]).stderr.contains(words));
    }
}

#[test]
fn ctrl_c_stops_it_and_leaves_nothing() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN echo begun; sleep 4711.25\n");
    let child = carafe.spawn(["build", &context], Stdio::null());
    eventually("the step", || !processes_with("4711.25").is_empty());
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{said:#?}");
    assert!(
        said.stderr.ends_with("error: stopped by Ctrl-C\n"),
        "{}",
        said.stderr
    );
    eventually("the end of the step", || {
        processes_with("4711.25").is_empty()
    });
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(
        !mounts.contains(carafe.path("store").to_str().unwrap()),
        "{mounts}"
    );
    let tmp = fs::read_dir(carafe.path("store/tmp")).unwrap().count();
    assert_eq!(tmp, 0, "unfinished work is gone");
}

#[test]
fn base_images_come_from_a_registry() {
    let registry = Registry::start();
    let image = ImageBuilder::new().files(&[("hello", "from afar")]).build();
    registry.push("greeting:1", &image);
    let name = format!("{}/greeting:1", registry.host());
    let carafe = Carafe::empty();
    let context = carafe.context(&format!("FROM {name}\nLABEL a=b\n"));
    carafe.ok(["build", "-t", "mine", "-o", "out", &context]);
    assert_eq!(
        fs::read_to_string(carafe.path("out/hello")).unwrap(),
        "from afar"
    );

    let other = Carafe::empty();
    let pulled = other.run(["pull", &name]);
    assert_eq!(
        (pulled.code, pulled.stdout.trim()),
        (0, name.as_str()),
        "{}",
        pulled.stderr
    );
    assert!(other.ok(["images", "-q"]).lines().count() == 1);
    let error = other.fails(1, ["pull", &format!("{}/nothing", registry.host())]);
    assert!(error.contains("nothing"), "{error}");
    let error = other.fails(125, ["run", "--pull=never", "nothing"]);
    assert!(error.contains("no such image"), "{error}");
}
