//! Verbs about images.

use serde_json::Value;
use testkit::Registry;

use crate::support::Carafe;

#[test]
fn names_come_and_go() {
    let carafe = Carafe::new();
    carafe.ok(["tag", "base", "example.com/team/app:1"]);
    let id = carafe.ok(["inspect", "--format", "{{.Id}}", "example.com/team/app:1"]);
    assert_eq!(carafe.ok(["images", "-q", "--no-trunc"]), id);
    assert_eq!(carafe.ok(["rmi", "base"]), "Untagged: base:latest\n");
    let removed = carafe.ok(["rmi", id.trim()]);
    assert_eq!(
        removed,
        format!("Untagged: example.com/team/app:1\nDeleted: {id}")
    );
    assert_eq!(carafe.ok(["images", "-qa"]), "");
    let error = carafe.fails(1, ["tag", "base", "again"]);
    assert!(
        error.contains("no such image") && error.contains("hint:"),
        "{error}"
    );
    assert_eq!(carafe.run(["rmi", "base"]).code, 1);
}

#[test]
fn filters_and_formats() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nLABEL a=1\n");
    let mut old = carafe.command(["build", "-t", "team/app:1", &context]);
    assert!(
        old.env("SOURCE_DATE_EPOCH", "1000")
            .status()
            .unwrap()
            .success()
    );
    carafe.ok(["tag", "team/app:1", "team/app:2", "other"]);
    let names = |args: &[&str]| {
        let format = ["images", "--format", "{{.Repository}}:{{.Tag}}"];
        let text = carafe.ok(format.iter().chain(args));
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names.join(" ")
    };
    let all = "base:latest other:latest team/app:1 team/app:2";
    assert_eq!(names(&[]), all);
    assert_eq!(names(&["team/app"]), "team/app:1 team/app:2");
    assert_eq!(names(&["team/*:1"]), "team/app:1");
    assert_eq!(
        names(&["-f", "reference=*e*", "-f", "label=a"]),
        "other:latest"
    );
    assert_eq!(
        names(&["-f", "before=base"]),
        "other:latest team/app:1 team/app:2"
    );
    assert_eq!(names(&["-f", "since=team/app:1"]), "base:latest");
    assert_eq!(names(&["-f", "until=1h", "other"]), "other:latest");
    assert_eq!(
        names(&["-f", "dangling=false", "-f", "label!=a"]),
        "base:latest"
    );
    // Built again, the name moves on, and what had it is still there.
    let context = carafe.context("FROM base\nLABEL a=2\n");
    carafe.ok(["build", "-t", "base", &context]);
    assert_eq!(names(&["-f", "dangling=true"]), "<none>:<none>");
    for filter in ["nope=1", "dangling=maybe", "until=xx", "reference=["] {
        carafe.fails(2, ["images", "-f", filter]);
    }
    let digest = carafe.ok(["inspect", "-f", "{{.Descriptor.digest}}", "other"]);
    let removed = carafe.ok(["rmi", &format!("other@{}", digest.trim())]);
    assert_eq!(removed, "Untagged: other:latest\n");
    let error = carafe.fails(2, ["inspect", "-f", "{{.Sise}}", "base"]);
    assert!(
        error.contains("at <.Sise>: map has no entry for key \"Sise\"")
            && error.contains("did you mean `.Size`?"),
        "{error}"
    );
}

#[test]
fn save_and_load_keep_the_image() {
    let carafe = Carafe::new();
    carafe.ok(["save", "-o", "saved.tar", "base"]);
    let archive = carafe.path("saved.tar");
    let other = Carafe::empty();
    other.ok(["load", "-q", "-i", archive.to_str().unwrap()]);
    let describe = ["inspect", "--format", "{{.Id}} {{json .RepoTags}}", "base"];
    assert_eq!(other.ok(describe), carafe.ok(describe));
    let piped = carafe.command(["save", "base"]).output().unwrap();
    assert_eq!(
        piped.stdout,
        std::fs::read(&archive).unwrap(),
        "the same image, the same bytes"
    );
    assert!(
        carafe
            .fails(1, ["save", "-o", "x.tar", "nothing"])
            .contains("nothing")
    );
    assert!(!carafe.path("x.tar").exists(), "no half archive");
    let broken = carafe.feed(["load"], &piped.stdout[..5000]);
    assert_eq!(broken.code, 1, "{broken:#?}");
}

#[test]
fn inspect_and_history() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nENV A=1\nRUN echo x > /x\nLABEL l=v\nCMD [\"sh\"]\n");
    carafe.ok(["build", "-t", "app", &context]);
    let json: Value = serde_json::from_str(&carafe.ok(["inspect", "app", "base"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(json[0]["Config"]["Cmd"][0], "sh");
    assert_eq!(json[0]["RootFS"]["Layers"].as_array().unwrap().len(), 2);
    let format =
        "{{index .Config.Labels \"l\"}} {{range .Config.Env}}<{{.}}>{{end}} {{len .RootFS.Layers}}";
    let shown = carafe.ok(["inspect", "-f", format, "app"]);
    assert!(
        shown.starts_with("v ") && shown.contains("<A=1>") && shown.ends_with(" 2\n"),
        "{shown}"
    );
    let size: u64 = carafe
        .ok(["inspect", "--format", "{{.Size}}", "app"])
        .trim()
        .parse()
        .unwrap();
    assert!(size > 500_000);
    let history = carafe.ok([
        "history",
        "--no-trunc",
        "--format",
        "{{.CreatedBy}}|{{.Size}}",
        "app",
    ]);
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 5, "{history}");
    assert!(
        lines[0].starts_with("CMD") && lines[2].ends_with("|2B"),
        "{history}"
    );
    assert!(
        carafe
            .fails(2, ["inspect", "-f", "{{.Sise}}", "app"])
            .contains("did you mean `.Size`?")
    );
    assert!(
        carafe
            .fails(1, ["inspect", "nothing"])
            .contains("no such image")
    );
}

#[test]
fn diff_tells_where_the_bytes_are() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base AS naive\nRUN mkdir -p /opt/tool && head -c 5000000 /dev/zero > /opt/tool/big\nFROM base AS slim\nRUN echo x > /x\n",
    );
    for stage in ["naive", "slim"] {
        carafe.ok(["build", "--target", stage, "-t", stage, &context]);
    }
    let shown = carafe.ok(["diff", "naive", "slim"]);
    assert!(shown.contains("times smaller than naive"), "{shown}");
    let line = shown
        .lines()
        .find(|line| line.starts_with("/opt/tool"))
        .unwrap();
    assert!(line.contains("5 MB") && line.ends_with("-5 MB"), "{line}");
    let json: Value =
        serde_json::from_str(&carafe.ok(["diff", "--format", "json", "naive", "slim"])).unwrap();
    assert_eq!(json["Differences"][0]["Directory"], "/opt/tool");
    assert_eq!(json["Differences"][0]["Before"], 5_000_000);
    assert!(
        carafe
            .fails(1, ["diff", "naive", "nothing"])
            .contains("nothing")
    );
}

#[test]
fn tables_and_templates() {
    let carafe = Carafe::new();
    let table = carafe.ok(["images"]);
    assert!(
        table.starts_with("REPOSITORY   TAG      IMAGE ID"),
        "{table}"
    );
    let json: Value = serde_json::from_str(&carafe.ok(["images", "--format", "json"])).unwrap();
    assert_eq!(json["Repository"], "base");
    assert_eq!(carafe.ok(["images", "nothing"]).lines().count(), 1);
    assert!(
        carafe
            .ok(["version", "--format", "{{.Version}}"])
            .starts_with("0.")
    );
    assert!(
        carafe
            .fails(2, ["images", "--format", "{{.X"])
            .contains("unclosed action")
    );
    assert_eq!(carafe.run(["nonsense"]).code, 2);
    assert!(carafe.ok(["--version"]).starts_with("carafe "));
    assert!(carafe.ok(["build", "--help"]).contains("--build-context"));
}

#[test]
fn archives_in_every_format() {
    let carafe = Carafe::new();
    let id = carafe.ok(["inspect", "-f", "{{.Id}}", "base"]);
    for (args, name) in [
        (&["--format", "docker-archive"][..], "d.tar"),
        (
            &["--format", "oci-archive", "--compression", "zstd"],
            "o.tar",
        ),
        (&["--format", "oci-dir"], "layout"),
        (&["--format", "oci-dir", "--compression", "none"], "plain"),
        (&[], "whole.tar.gz"),
        (&["--platform", "linux/amd64"], "whole.tzst"),
    ] {
        let mut words = vec!["save", "-o", name];
        words.extend(args);
        words.push("base");
        carafe.ok(&words);
        let path = carafe.path(name);
        let other = Carafe::empty();
        let said = other.ok(["load", "-q", "-i", path.to_str().unwrap()]);
        assert_eq!(said, "Loaded image: base:latest\n", "{name}");
        assert_eq!(other.ok(["inspect", "-f", "{{.Id}}", "base"]), id, "{name}");
        assert_eq!(
            other.ok(["run", "--rm", "base", "echo", "hi"]),
            "hi\n",
            "{name}"
        );
    }
    let start = |name| std::fs::read(carafe.path(name)).unwrap()[..2].to_vec();
    assert_eq!(
        (start("whole.tar.gz"), start("whole.tzst")),
        (vec![0x1f, 0x8b], vec![0x28, 0xb5])
    );
    for (args, words) in [
        (
            &["save", "--format", "oci-dir", "base"][..],
            "name the directory",
        ),
        (&["save", "-o", "layout", "base"], "is a directory"),
        (
            &["save", "--format", "oci-dir", "-o", "d.tar", "base"],
            "is a file",
        ),
    ] {
        let error = carafe.fails(2, args);
        assert!(error.contains(words), "{error}");
    }
    let error = carafe.fails(1, ["load", "--platform", "linux/s390x", "-i", "d.tar"]);
    assert!(
        error.contains("no image for platform linux/s390x"),
        "{error}"
    );
}

#[test]
fn imports_are_changed_and_come_from_the_web() {
    let (carafe, web) = (Carafe::new(), Registry::start());
    let tar = carafe.path("base.tar");
    web.put_file("/root.tar", &std::fs::read(&tar).unwrap(), &[]);
    let url = format!("http://{}/root.tar", web.host());
    let changes = [
        "-c",
        "CMD [\"cat\", \"/etc/group\"]",
        "--change",
        "ENV A=1 B=$A",
        "-c",
        "LABEL l=v",
    ];
    let mut words = vec!["import"];
    words.extend(changes);
    words.extend([url.as_str(), "app:1"]);
    carafe.ok(&words);
    let config = carafe.ok([
        "inspect",
        "-f",
        "{{json .Config.Env}} {{.Config.Labels.l}} {{.Comment}}",
        "app:1",
    ]);
    assert_eq!(config, format!("[\"A=1\",\"B=\"] v Imported from {url}\n"));
    assert!(carafe.ok(["run", "--rm", "app:1"]).starts_with("root:x:0:"));
    let piped = carafe.feed(["import", "-", "piped"], &std::fs::read(&tar).unwrap());
    assert_eq!(piped.code, 0, "{piped:#?}");
    for (source, change, words) in [
        (tar.to_str().unwrap(), "RUN true", "`RUN true` is wrong"),
        (
            tar.to_str().unwrap(),
            "CMD x\nCMD y",
            "is not one instruction",
        ),
    ] {
        let error = carafe.fails(2, ["import", "-c", change, source]);
        assert!(error.contains(words), "{error}");
    }
    let error = carafe.fails(1, ["import", &format!("http://{}/nothing", web.host())]);
    assert!(error.contains("404"), "{error}");
}

#[test]
fn containers_are_exported_as_they_are() {
    let carafe = Carafe::new();
    let script = "echo new > /tmp/new; rm /etc/group";
    carafe.ok(["run", "--name", "box", "base", "sh", "-c", script]);
    carafe.ok(["export", "-o", "box.tar", "box"]);
    carafe.ok(["import", "box.tar", "from-box"]);
    assert_eq!(
        carafe.ok(["run", "--rm", "from-box", "cat", "/tmp/new"]),
        "new\n"
    );
    assert_ne!(
        carafe
            .run(["run", "--rm", "from-box", "cat", "/etc/group"])
            .code,
        0
    );
    // An image as ever; and what is neither is told so.
    carafe.ok(["export", "-o", "base-files.tar", "base"]);
    let error = carafe.fails(1, ["export", "-o", "x.tar", "nothing"]);
    assert!(
        error.contains("no container nothing, and no image"),
        "{error}"
    );
    let sizes = carafe.ok(["inspect", "--size", "-f", "{{.SizeRw}}", "box"]);
    assert_eq!(sizes, "4\n");
}

#[test]
fn one_platform_of_several_goes() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n");
    carafe.ok([
        "build",
        "-q",
        "--platform",
        "linux/amd64,linux/arm64",
        "-t",
        "two",
        &context,
    ]);
    let of = |platform: &str| {
        carafe
            .run(["image", "inspect", "--platform", platform, "two"])
            .code
    };
    assert_eq!((of("linux/amd64"), of("linux/arm64")), (0, 0));
    carafe.ok(["save", "--platform", "linux/arm64", "-o", "arm.tar", "two"]);
    let deleted = carafe.ok(["rmi", "--platform", "linux/arm64", "two"]);
    assert!(deleted.starts_with("Deleted: sha256:"), "{deleted}");
    assert_eq!((of("linux/amd64"), of("linux/arm64")), (0, 1));
    // The last one takes the name along.
    let deleted = carafe.ok(["rmi", "--platform", "linux/amd64", "two"]);
    assert!(deleted.starts_with("Untagged: two:latest\n"), "{deleted}");
    carafe.ok(["load", "-i", "arm.tar"]);
    assert_eq!((of("linux/amd64"), of("linux/arm64")), (1, 0));
    carafe.fails(1, ["rmi", "nothing"]);
    assert_eq!(carafe.run(["rmi", "-f", "nothing"]).code, 0);
}
