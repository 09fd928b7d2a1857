//! Verbs about images.

use serde_json::Value;

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
    let by_digest = "{{index .RepoDigests 0}}";
    let digest = carafe.ok(["inspect", "-f", by_digest, "other"]);
    let removed = carafe.ok(["rmi", digest.trim()]);
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
