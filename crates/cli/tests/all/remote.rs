//! `build` from what is elsewhere: files of the web, and git repositories, over HTTP from this very process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oci::tar::{Entry, Kind};
use testkit::Registry;

use crate::support::{Carafe, eventually, processes_with};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Builds, and unpacks the result.
fn built(carafe: &Carafe, arguments: &[&str]) -> PathBuf {
    let out = carafe.path("out");
    let _ = fs::remove_dir_all(&out);
    let output = format!("type=local,dest={}", out.display());
    carafe.ok([&["build", "--output", &output], arguments].concat());
    out
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A git repository that is made here and served as plain files.
struct Repository {
    tree: PathBuf,
}

impl Repository {
    fn new(carafe: &Carafe, name: &str) -> Self {
        let tree = carafe.path(name);
        fs::create_dir_all(&tree).unwrap();
        let this = Self { tree };
        this.git(&["init", "--quiet", "--initial-branch=trunk", "."]);
        this
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(&self.tree)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_COMMITTER_DATE", "2021-03-04T05:06:07Z")
            .output()
            .expect("git is there (scripts/setup test gets it)");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes files, and gives the commit.
    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, content) in files {
            let path = self.tree.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Serves it as it is now; says where.
    fn serve(&self, registry: &Registry, path: &str) -> String {
        self.git(&["update-server-info"]);
        let mut rest = vec![self.tree.join(".git")];
        while let Some(dir) = rest.pop() {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                let file = entry.path();
                if file.is_dir() {
                    rest.push(file);
                } else {
                    let name = file.strip_prefix(self.tree.join(".git")).unwrap();
                    let name = format!("{path}/{}", name.display());
                    registry.put_file(&name, &fs::read(&file).unwrap(), &[]);
                }
            }
        }
        format!("http://{}{path}", registry.host())
    }
}

#[test]
fn a_file_is_fetched_when_it_changed() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let url = format!("http://{}/dir/file", web.host());
    let headers = [("ETag", "\"1\""), ("Last-Modified", DATE)];
    web.put_file("/dir/file", b"one", &headers);
    let context = carafe.context(&format!("FROM scratch\nADD {url} /at/\nADD {url}?x /as\n"));
    let out = built(&carafe, &[&context]);
    assert_eq!(
        (read(out.join("at/file")), read(out.join("as"))),
        ("one".into(), "one".into())
    );
    assert_eq!(web.requests().len(), 2);
    let again = carafe.run(["build", &context]);
    assert!(again.stderr.contains("/at/ cached"), "{}", again.stderr);
    let asked = &web.received()[2..];
    assert!(
        asked
            .iter()
            .all(|one| one.header("if-none-match").is_some())
    );
    web.put_file("/dir/file", b"two", &[("ETag", "\"2\"")]);
    assert_eq!(read(built(&carafe, &[&context]).join("at/file")), "two");
    // A server that says nothing of versions is asked each time, and what did not change is not made again.
    web.put_file("/dir/file", b"two", &[]);
    let again = carafe.run(["build", &context]);
    assert!(again.stderr.contains("/at/ cached"), "{}", again.stderr);
}

#[test]
fn a_checksum_needs_no_asking() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    web.put_file("/f", b"abc", &[]);
    let url = format!("http://{}/f", web.host());
    let sum = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let context = carafe.context(&format!("FROM scratch\nADD --checksum={sum} {url} /\n"));
    assert_eq!(read(built(&carafe, &[&context]).join("f")), "abc");
    carafe.ok(["build", &context]);
    assert_eq!(web.requests().len(), 1);
    let wrong = sum.replace("ba78", "0000");
    let context = carafe.context(&format!("FROM scratch\nADD --checksum={wrong} {url} /\n"));
    let said = carafe.fails(1, ["build", &context]);
    assert!(
        said.contains(&wrong) && said.contains(sum) && said.contains("2 |"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_had_is_said_with_its_line() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let url = format!("http://me:secret@{}/nothing", web.host());
    let context = carafe.context(&format!("FROM scratch\n\nADD {url} /\n"));
    let said = carafe.fails(1, ["build", &context]);
    assert!(
        said.contains("404 not found") && said.contains("3 |"),
        "{said}"
    );
    let message = said.lines().find(|line| line.contains("error")).unwrap();
    assert!(!message.contains("secret"), "{said}");
    let context = carafe.context("FROM scratch\nADD http://127.0.0.1:1/x.git#--bad /\n");
    let said = carafe.fails(1, ["build", &context]);
    assert!(said.contains("`--bad` can be no branch"), "{said}");
    let context = carafe.context("FROM scratch\nADD http://127.0.0.1:1/x.git /\n");
    let mut command = carafe.command(["build", &context]);
    let no_git = command.env("PATH", carafe.path("")).output().unwrap();
    let said = String::from_utf8_lossy(&no_git.stderr).into_owned();
    assert!(said.contains("hint: install git"), "{said}");
}

#[test]
fn commits_and_submodules() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let inner = Repository::new(&carafe, "inner");
    inner.commit(&[("inner.txt", "inner")]);
    inner.serve(&web, "/git/inner.git");
    let outer = Repository::new(&carafe, "outer");
    outer.git(&["submodule", "--quiet", "add", "../inner", "modules/inner"]);
    fs::write(
        outer.tree.join(".gitmodules"),
        "[submodule \"modules/inner\"]\n\tpath = modules/inner\n\turl = ../inner.git\n",
    )
    .unwrap();
    let first = outer.commit(&[("sub/dir/file", "one"), ("top", "top")]);
    outer.git(&["tag", "--annotate", "--message=x", "v1"]);
    outer.commit(&[("sub/dir/file", "two")]);
    let url = outer.serve(&web, "/git/outer.git");
    let context = carafe.context(&format!(
        "FROM scratch\nADD {url} /new/\nADD {url}#v1 /old/\nADD {url}?subdir=sub/dir /sub/\n\
         ADD --keep-git-dir {url}#{first} /kept/\n"
    ));
    let out = built(&carafe, &[&context]);
    let text = |name: &str| read(out.join(name));
    assert_eq!(text("new/sub/dir/file"), "two");
    assert_eq!(text("new/modules/inner/inner.txt"), "inner");
    assert_eq!(
        (text("old/sub/dir/file"), text("sub/file")),
        ("one".into(), "two".into())
    );
    assert!(!out.join("new/.git").exists() && !out.join("new/modules/inner/.git").exists());
    assert_eq!(text("kept/.git/HEAD").trim(), first);
    let asked = web.requests().len();
    let again = carafe.run(["build", &context]);
    assert!(again.stderr.contains("/kept/ cached"), "{}", again.stderr);
    // The branch and the tag are asked for; the whole commit is not.
    assert!(
        web.requests().len() - asked <= 3 * 2,
        "{:?}",
        &web.requests()[asked..]
    );
}

#[test]
fn a_repository_leads_nowhere_else() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let secret = carafe.write("secret/file", b"secret");
    let repository = Repository::new(&carafe, "hostile");
    let host = secret.parent().unwrap();
    std::os::unix::fs::symlink(host, repository.tree.join("link")).unwrap();
    repository.commit(&[("x", "x")]);
    let url = repository.serve(&web, "/hostile.git");
    let context = carafe.context(&format!("FROM scratch\nADD {url}?subdir=link /\n"));
    let said = carafe.fails(1, ["build", &context]);
    assert!(said.contains("`link` is not in the repository"), "{said}");
    // A submodule of the host's files.
    let stolen = Repository::new(&carafe, "stolen");
    stolen.commit(&[("secret", "secret")]);
    repository.git(&[
        "submodule",
        "--quiet",
        "add",
        stolen.tree.to_str().unwrap(),
        "module",
    ]);
    repository.commit(&[]);
    repository.serve(&web, "/hostile.git");
    let context = carafe.context(&format!("FROM scratch\nADD {url} /\n"));
    let said = carafe.fails(1, ["build", &context]);
    assert!(said.contains("git cannot submodule"), "{said}");
}

/// The members of a context, as a tar: each a file, or a link if its name ends in `@`.
fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let members = members
        .iter()
        .map(|(name, content)| match name.strip_suffix('@') {
            Some(name) => {
                let link = Kind::Symlink(content.as_bytes().to_vec());
                (Entry::new(name, link, 0o777), Vec::new())
            }
            None => {
                let mut entry = Entry::new(*name, Kind::File, 0o640);
                (entry.uid, entry.gid) = (5, 6);
                (entry, content.as_bytes().to_vec())
            }
        });
    testkit::layer(members)
}

const COPY_ALL: &str = "FROM scratch\nCOPY . /\n";

#[test]
fn contexts_from_standard_input() {
    let carafe = Carafe::empty();
    let out = carafe.path("out");
    let output = format!("type=local,dest={}", out.display());
    let arguments = ["build", "--output", &output];
    let context = tar(&[
        ("Dockerfile", COPY_ALL),
        ("a", "a"),
        ("b", "b"),
        (".dockerignore", "b"),
    ]);
    let gzip = {
        let mut encoder = oci::compression::Encoder::new(
            oci::Compression::Gzip,
            None,
            Vec::new(),
            std::num::NonZeroUsize::MIN,
        )
        .unwrap();
        std::io::Write::write_all(&mut encoder, &context).unwrap();
        encoder.finish().unwrap()
    };
    for archive in [context, gzip] {
        let _ = fs::remove_dir_all(&out);
        let said = carafe.feed([&arguments[..], &["-"]].concat(), &archive);
        assert_eq!(said.code, 0, "{said:#?}");
        assert!(out.join("a").exists() && !out.join("b").exists());
    }
    // The other Dockerfile is in the archive.
    let _ = fs::remove_dir_all(&out);
    let context = tar(&[("sub/other", "FROM scratch\nCOPY a /only\n"), ("a", "a")]);
    let said = carafe.feed(
        [&arguments[..], &["-f", "sub/other", "-"]].concat(),
        &context,
    );
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(out.join("only").exists());
    // A Dockerfile alone has an empty context.
    let _ = fs::remove_dir_all(&out);
    let text = "FROM scratch\nCOPY . /empty/\nCOPY <<END /x\nx\nEND\n";
    let said = carafe.feed([&arguments[..], &["-"]].concat(), text.as_bytes());
    assert_eq!(said.code, 0, "{said:#?}");
    assert_eq!(fs::read_dir(out.join("empty")).unwrap().count(), 0);
    let said = carafe.feed(["build", "-f", "x", "-"], text.as_bytes());
    assert_eq!(said.code, 2, "{said:#?}");
    carafe.fails(2, ["build", "-f", "-", "-"]);
    let left = fs::read_dir(carafe.path("store/tmp")).unwrap().count();
    assert_eq!(left, 0, "contexts vanish");
}

#[test]
fn an_archive_leads_nowhere_else() {
    let carafe = Carafe::empty();
    carafe.write("host/secret", b"SECRET IN THE HOST\n");
    let host = carafe.path("host/secret");
    let host = host.to_str().unwrap();
    for members in [
        &[("Dockerfile@", host)][..],
        &[
            ("Dockerfile", COPY_ALL),
            (".dockerignore@", host),
            ("SECRET", ""),
        ],
        &[
            ("Dockerfile", "FROM scratch\nCOPY link /x\n"),
            ("link@", host),
        ],
        &[("Dockerfile", COPY_ALL), ("../../../../../../../..@", host)],
    ] {
        let said = carafe.feed(["build", "--progress=plain", "-"], &tar(members));
        assert!(!said.stderr.contains("IN THE HOST"), "{said:#?}");
        assert!(
            said.code == 1 || members[1].0 == ".dockerignore@",
            "{said:#?}"
        );
    }
}

#[test]
fn contexts_of_the_web() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let archive = tar(&[
        ("Dockerfile", COPY_ALL),
        ("a", "a"),
        ("sub/other", COPY_ALL),
    ]);
    web.put_file("/context.tar", &archive, &[("ETag", "\"1\"")]);
    web.put_file("/Dockerfile", COPY_ALL.as_bytes(), &[]);
    let url = |name: &str| format!("http://{}/{name}", web.host());
    let out = built(&carafe, &[&url("context.tar")]);
    assert!(out.join("a").exists());
    built(&carafe, &["-f", "sub/other", &url("context.tar")]);
    assert!(web.received()[1].header("if-none-match").is_some());
    let out = built(&carafe, &[&url("Dockerfile")]);
    assert_eq!(read(out.join("context")), COPY_ALL);
    let folder = carafe.context("FROM nowhere\n");
    let out = built(&carafe, &["-f", &url("Dockerfile"), &folder]);
    assert!(out.join("Dockerfile").exists());
    let said = carafe.fails(1, ["build", &url("nothing")]);
    assert!(said.contains("404 not found"), "{said}");
}

#[test]
fn a_repository_is_a_context() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let repository = Repository::new(&carafe, "repository");
    repository.commit(&[("sub/Dockerfile", COPY_ALL), ("sub/a", "a"), ("b", "b")]);
    let url = repository.serve(&web, "/repository.git");
    let out = built(&carafe, &[&format!("{url}#trunk:sub")]);
    assert!(out.join("a").exists() && !out.join("b").exists());
    let keep = [
        "--build-arg",
        "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1",
        "-f",
        "sub/Dockerfile",
    ];
    let out = built(&carafe, &[&keep[..], &[url.as_str()]].concat());
    assert!(out.join(".git/HEAD").exists() && out.join("b").exists());
}

#[test]
fn named_contexts() {
    let (carafe, web) = (Carafe::new(), Registry::start());
    let repository = Repository::new(&carafe, "repository");
    repository.commit(&[("from-git", "git")]);
    let git = repository.serve(&web, "/repository.git");
    web.put_file("/files.tar", &tar(&[("from-tar", "tar")]), &[]);
    web.put_file("/file", b"file", &[]);
    let url = |name: &str| format!("http://{}/{name}", web.host());
    let layout = carafe.path("layout");
    let saved = carafe.path("saved.tar");
    carafe.ok(["save", "-o", saved.to_str().unwrap(), "base"]);
    fs::create_dir(&layout).unwrap();
    let untar = Command::new("tar")
        .arg("xf")
        .arg(&saved)
        .arg("-C")
        .arg(&layout)
        .status();
    assert!(untar.unwrap().success());
    let context = carafe.context(
        "FROM nowhere.example/stage AS stage\nRUN exit 1\n\
         FROM nowhere.example/image:latest\nCOPY --from=git / /git/\nCOPY --from=tar / /tar/\n\
         COPY --from=file / /file/\nCOPY --from=stage /etc/passwd /passwd\nCOPY --from=suffixed / /suffixed/\n\
         RUN --mount=from=git,target=/m test -f /m/from-git\n",
    );
    let named = [
        format!("git={git}"),
        format!("tar={}", url("files.tar")),
        format!("file={}", url("file")),
        format!("stage=oci-layout://{}", layout.display()),
        "nowhere.example/image=docker-image://base".to_owned(),
        format!("suffixed::{}={git}", oci::Platform::host()),
        "suffixed=docker-image://scratch".to_owned(),
    ];
    let mut arguments: Vec<&str> = Vec::new();
    for one in &named {
        arguments.extend(["--build-context", one]);
    }
    arguments.push(&context);
    let out = built(&carafe, &arguments);
    assert_eq!(read(out.join("git/from-git")), "git");
    assert_eq!(read(out.join("tar/from-tar")), "tar");
    assert_eq!(read(out.join("file/context")), "file");
    assert!(read(out.join("passwd")).contains("app:"));
    assert!(out.join("suffixed/from-git").exists() && out.join("bin/busybox").exists());
    let said = carafe.fails(2, ["build", "--build-context", "BIG=.", &context]);
    assert!(said.contains("--build-context BIG"), "{said}");
}

#[test]
fn a_killed_build_leaves_its_context_to_the_next() {
    let carafe = Carafe::new();
    let context = tar(&[("Dockerfile", "FROM base\nRUN sleep 98765\n")]);
    let path = carafe.write("context.tar", &context);
    let mut build = carafe.spawn(["build", "-"], fs::File::open(path).unwrap().into());
    let running = || !processes_with("98765").is_empty();
    eventually("RUN", running);
    build.kill().unwrap();
    build.wait().unwrap();
    eventually("the end of RUN", || !running());
    carafe.ok(["images"]);
    let left = fs::read_dir(carafe.path("store/tmp")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn triggers_of_an_image() {
    let carafe = Carafe::new();
    let extra = carafe.write("extra/e", b"extra");
    let extra = format!("extra={}", extra.parent().unwrap().display());
    let base = "FROM base\nONBUILD COPY --from=tool /t /from-stage\nONBUILD COPY --from=extra e /e\n\
                ONBUILD RUN --mount=from=tool,target=/m cat /m/t /e > /run\n";
    carafe.ok(["build", "-t", "triggers", &carafe.context(base)]);
    let child = "FROM scratch AS tool\nCOPY <<END /t\ntool\nEND\nFROM triggers\n";
    let context = carafe.context(child);
    carafe.ok(["build", "-t", "child", "--build-context", &extra, &context]);
    assert_eq!(
        carafe.ok(["run", "--rm", "child", "cat", "/from-stage", "/run"]),
        "tool\ntool\nextra"
    );
    let left = carafe.ok(["inspect", "--format", "{{json .Config.OnBuild}}", "child"]);
    assert_eq!(left, "null\n");
    // The same image in place of a stage is what it is; whoever stands on it runs what it triggers.
    let context = carafe.context(
        "FROM scratch AS tool\nCOPY <<END /t\nx\nEND\nFROM nowhere AS stage\nFROM stage\n",
    );
    let triggers = [
        "--build-context",
        "stage=docker-image://triggers",
        "--build-context",
        &extra,
    ];
    carafe.ok([
        &["build", "-t", "child"],
        &triggers[..],
        &[context.as_str()],
    ]
    .concat());
    assert_eq!(
        carafe.ok(["run", "--rm", "child", "cat", "/run"]),
        "x\nextra"
    );
}

#[test]
fn tokens_are_given_for_a_build() {
    let (carafe, web) = (Carafe::empty(), Registry::start());
    let repository = Repository::new(&carafe, "repository");
    repository.commit(&[("a", "a")]);
    let url = repository.serve(&web, "/repository.git");
    web.put_file("/file", b"file", &[]);
    let file = format!("http://{}/file", web.host());
    let context = carafe.context(&format!("FROM scratch\nADD {url} /\nADD {file} /\n"));
    // What the user has at home is not for whoever wrote the Dockerfile.
    let home = carafe.write(
        "home/.netrc",
        b"machine 127.0.0.1 login me password secret\n",
    );
    let mut command = carafe.command(["build", &context]);
    let built = command
        .env("HOME", home.parent().unwrap())
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    let told = |received: &testkit::Received| received.header("authorization").map(str::to_owned);
    assert!(
        web.received()
            .iter()
            .all(|received| told(received).is_none())
    );
    let before = web.received().len();
    let web_token = format!("id=HTTP_AUTH_TOKEN_{},env=TOKEN", web.host());
    let secrets = [
        "--secret",
        "id=GIT_AUTH_TOKEN,env=TOKEN",
        "--secret",
        &web_token,
    ];
    let arguments = [&["build", "--no-cache"], &secrets[..], &[context.as_str()]].concat();
    let built = carafe
        .command(arguments)
        .env("TOKEN", "abc")
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    for received in &web.received()[before..] {
        let expected = match received.path.as_str() {
            "/file" => "Bearer abc",
            // `x-access-token:abc`
            _ => "Basic eC1hY2Nlc3MtdG9rZW46YWJj",
        };
        assert_eq!(
            told(received).as_deref(),
            Some(expected),
            "{}",
            received.path
        );
    }
}
