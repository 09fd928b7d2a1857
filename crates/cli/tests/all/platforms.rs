//! Builds for several platforms, and for other machines.

use std::env;
use std::fs;
use std::process::Command;

use oci::{Index, MediaType};
use serde_json::Value;
use testkit::{Image, ImageBuilder, Registry, foreign, index};

use crate::support::{Carafe, Said, said};

const THREE: &str = "--platform=linux/amd64,linux/arm64,arm";

/// A stage for this machine that is the same for all platforms, and one that is not.
const STAGES: &str = "\
FROM --platform=$BUILDPLATFORM base AS common
RUN cat /proc/sys/kernel/random/uuid > /random
FROM common AS own
ARG TARGETPLATFORM TARGETVARIANT
RUN echo \"$TARGETPLATFORM [$TARGETVARIANT]\" > /for
FROM scratch
COPY --from=common /random /
COPY --from=own /for /
";

/// The names in a tar.
fn members(carafe: &Carafe, tar: &str) -> String {
    let listed = Command::new("tar")
        .arg("-tf")
        .arg(carafe.path(tar))
        .output()
        .unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

#[test]
fn several_platforms_are_one_build() {
    let carafe = Carafe::new();
    let context = carafe.context(STAGES);
    let outputs = [
        "-o",
        "out",
        "-o",
        "type=tar,dest=out.tar",
        "-o",
        "type=oci,dest=oci.tar",
    ];
    let built = carafe.run(
        [
            "build",
            THREE,
            "-t",
            "app",
            "--iidfile=id",
            "--load",
            &context,
        ]
        .into_iter()
        .chain(outputs),
    );
    assert_eq!(built.code, 0, "{built:#?}");
    // What does not know its platform is done once, what does once for each.
    assert_eq!(
        built.stderr.matches("] RUN cat /proc").count(),
        1,
        "{}",
        built.stderr
    );
    for platform in ["linux/arm64", "linux/arm/v7"] {
        let step = format!("[{platform} stage-2 1/1] COPY --from=own");
        assert!(built.stderr.contains(&step), "{}", built.stderr);
    }
    let read = |name: &str| fs::read_to_string(carafe.path(name)).unwrap();
    assert_eq!(read("out/linux_amd64/for"), "linux/amd64 []\n");
    assert_eq!(read("out/linux_arm_v7/for"), "linux/arm/v7 [v7]\n");
    assert_eq!(
        read("out/linux_arm64/random"),
        read("out/linux_amd64/random")
    );
    let members = members(&carafe, "out.tar");
    assert!(
        members.contains("linux_arm64/\nlinux_arm64/for\n"),
        "{members}"
    );

    // The name leads to the index, and the archive's index to all images.
    assert!(
        built
            .stderr
            .contains(&format!("built index {}", &read("id")[7..19])),
        "{}",
        built.stderr
    );
    let other = Carafe::empty();
    let loaded = other.run(["load", "-q", "-i", carafe.path("oci.tar").to_str().unwrap()]);
    assert_eq!(loaded.code, 0, "{loaded:#?}");
    for carafe in [&carafe, &other] {
        let images = carafe.ok(["images", "--format", "{{.Repository}} {{.Platform}}"]);
        let mut images: Vec<&str> = images
            .lines()
            .filter(|line| line.starts_with("app"))
            .collect();
        images.sort_unstable();
        assert_eq!(
            images,
            ["app linux/amd64", "app linux/arm/v7", "app linux/arm64"]
        );
        let own = carafe.ok(["inspect", "--format", "{{.Architecture}}", "app"]);
        assert_eq!(own, "amd64\n");
    }
}

#[test]
fn one_platform_is_an_index_if_asked_for() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM scratch\nCOPY <<E /f\nE\n");
    carafe.ok([
        "build",
        "-o",
        "one",
        "-o",
        "type=local,dest=split,platform-split=true",
        &context,
    ]);
    assert!(carafe.path("one/f").is_file() && carafe.path("split/linux_amd64/f").is_file());
    let argument = |value: &str| format!("--build-arg=BUILDKIT_MULTI_PLATFORM={value}");
    carafe.ok([
        "build",
        &argument("1"),
        "--metadata-file=meta",
        "-o",
        "index",
        "--load",
        &context,
    ]);
    assert!(carafe.path("index/linux_amd64/f").is_file());
    let meta: Value = serde_json::from_slice(&fs::read(carafe.path("meta")).unwrap()).unwrap();
    assert_eq!(
        meta["containerimage.descriptor"]["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    for (flags, words) in [
        ([argument("maybe"), "-q".to_owned()], "true or false"),
        ([argument("false"), THREE.to_owned()], "several platforms"),
        (
            ["-otype=docker,dest=x".to_owned(), THREE.to_owned()],
            "one platform only",
        ),
        (["--platform=linux/".to_owned(), "-q".to_owned()], "linux/"),
    ] {
        let [first, second] = &flags;
        let said = carafe.run(["build", first, second, &context]);
        assert!(said.code != 0 && said.stderr.contains(words), "{said:#?}");
    }
}

#[test]
fn without_folders_nothing_is_there_twice() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM scratch\nCOPY <<E /f\nE\n");
    let together = "-otype=local,dest=together,platform-split=false";
    let said = carafe.run(["build", THREE, together, &context]);
    assert!(
        said.code == 1 && said.stderr.contains("cannot export f"),
        "{said:#?}"
    );
    let context =
        carafe.context("FROM scratch\nARG TARGETARCH\nCOPY <<E /bin/app-$TARGETARCH\nE\n");
    let tar = "-otype=tar,dest=together.tar,platform-split=false";
    carafe.ok(["build", THREE, together, tar, &context]);
    assert!(
        carafe.path("together/bin/app-arm64").is_file()
            && carafe.path("together/bin/app-arm").is_file()
    );
    assert_eq!(
        members(&carafe, "together.tar"),
        "bin/\nbin/app-amd64\nbin/app-arm64\nbin/app-arm\n"
    );
}

/// A registry with an image for three platforms, and its name there.
fn three() -> (Registry, String, [Image; 3]) {
    let registry = Registry::start();
    let images = ["linux/amd64", "linux/arm64", "linux/arm/v6"].map(|platform| {
        ImageBuilder::new()
            .platform(platform)
            .files(&[("platform", platform)])
            .build()
    });
    let (root, blobs) = index(&images.each_ref());
    registry.push_blobs("base:1", &root, &blobs);
    let name = format!("{}/base:1", registry.host());
    (registry, name, images)
}

#[test]
fn a_base_of_several_platforms_has_one_name() {
    let (registry, name, images) = three();
    let (root, _) = index(&images.each_ref());
    let carafe = Carafe::empty();
    let context = carafe.context(&format!("FROM {name}\nLABEL a=b\n"));
    let platform = |folder: &str| fs::read_to_string(carafe.path(folder).join("platform")).unwrap();
    // One after the other: the second is asked for at the registry, the first is still there afterwards.
    carafe.ok(["build", "--platform=linux/arm64", "-o", "arm64", &context]);
    carafe.ok(["build", THREE, "-o", "all", &context]);
    assert_eq!(platform("arm64"), "linux/arm64");
    assert_eq!(platform("all/linux_arm64"), "linux/arm64");
    assert_eq!(
        platform("all/linux_arm_v7"),
        "linux/arm/v6",
        "an older variant will do"
    );
    let requests = registry.requests().len();
    carafe.ok(["build", THREE, "-o", "again", &context]);
    assert_eq!(
        registry.requests().len(),
        requests,
        "all of them are in the store"
    );
    let inspect = [
        "inspect",
        "--platform=arm64",
        "--format",
        "{{.Architecture}}",
        &name,
    ];
    assert_eq!(carafe.ok(inspect), "arm64\n");
    let table = carafe.ok(["images", &name]);
    assert!(
        table.contains("PLATFORM") && table.contains("linux/arm/v6"),
        "{table}"
    );
    let digests = carafe.ok(["inspect", "--format", "{{index .RepoDigests 0}}", &name]);
    assert_eq!(
        digests.trim(),
        format!("{}/base@{}", registry.host(), root.digest)
    );

    let said = carafe.run(["build", "--platform=linux/s390x", &context]);
    assert!(
        said.code == 1 && said.stderr.contains("only for linux/amd64"),
        "{said:#?}"
    );
    // What was built here is known nowhere else.
    let local = format!("{}/local", registry.host());
    carafe.ok(["build", "-t", &local, &context]);
    let context = carafe.context(&format!("FROM {local}\n"));
    let said = carafe.run(["build", "--platform=linux/arm64", &context]);
    assert!(
        said.code == 1
            && said
                .stderr
                .contains("not in the store for platform linux/arm64"),
        "{said:#?}"
    );
}

#[test]
fn an_index_of_which_one_image_is_here_is_saved_as_that() {
    let (_registry, name, images) = three();
    let carafe = Carafe::empty();
    let default = ("DOCKER_DEFAULT_PLATFORM", "linux/arm64");
    let pulled = carafe
        .command(["pull", &name])
        .env(default.0, default.1)
        .output()
        .unwrap();
    assert!(pulled.status.success(), "{pulled:?}");
    carafe.ok(["save", "-o", "saved.tar", &name]);
    let loaded = Carafe::empty();
    loaded.ok([
        "load",
        "-q",
        "-i",
        carafe.path("saved.tar").to_str().unwrap(),
    ]);
    assert_eq!(
        loaded.ok(["images", "--format", "{{.Platform}}"]),
        "linux/arm64\n"
    );
    assert_eq!(
        loaded.ok(["inspect", "--format", "{{.Id}}", &name]).trim(),
        images[1].manifest.config.digest.to_string()
    );
}

#[test]
fn an_index_of_indexes_is_passed_over() {
    let registry = Registry::start();
    let image = ImageBuilder::new().files(&[("f", "deep")]).build();
    let (inner, blobs) = index(&[&image]);
    registry.push_blobs("nested:inner", &inner, &blobs);
    let outer = Index::new(vec![inner]).to_bytes();
    registry.push_bytes("nested:1", MediaType::OciIndex, &outer);
    let name = format!("{}/nested:1", registry.host());
    let carafe = Carafe::empty();
    carafe.ok(["pull", "-q", &name]);
    let requests = registry.requests().len();
    let context = carafe.context(&format!("FROM {name}\n"));
    carafe.ok(["build", "-o", "out", &context]);
    assert_eq!(fs::read_to_string(carafe.path("out/f")).unwrap(), "deep");
    assert_eq!(registry.requests().len(), requests, "it is in the store");
}

/// carafe where these folders are all of PATH.
fn with_path(carafe: &Carafe, path: &str, args: &[&str]) -> Said {
    said(&carafe.command(args).env("PATH", path).output().unwrap())
}

#[test]
fn programs_of_another_machine_run() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM scratch\nCOPY --chmod=755 uname /uname\nRUN [\"/uname\"]\nENTRYPOINT [\"/uname\"]\n",
    );
    carafe.write("context/uname", &foreign::uname());
    let build = [
        "build",
        "--progress=plain",
        "--platform=linux/arm64",
        "-t",
        "app",
        &context,
    ];
    let path = env::join_paths(foreign::emulators()).unwrap();
    let path = path.to_str().unwrap();
    let built = with_path(&carafe, path, &build);
    assert!(
        built.code == 0 && built.stderr.contains(" aarch64\n"),
        "{built:#?}"
    );
    let run = with_path(&carafe, path, &["run", "--rm", "app"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "aarch64"), "{run:#?}");

    let run = with_path(&carafe, "/nowhere", &["run", "--rm", "app"]);
    if run.code == 0 {
        println!("left out: the kernel of this machine has a handler for arm64");
        return;
    }
    assert_eq!(run.code, 126, "{run:#?}");
    let no_cache = build.iter().copied().chain(["--no-cache"]);
    let built = with_path(&carafe, "/nowhere", &no_cache.collect::<Vec<_>>());
    assert_eq!(built.code, 1);
    for said in [built, run] {
        for words in [
            "programs for arm64 do not run on this machine",
            "qemu-user-static",
        ] {
            assert!(said.stderr.contains(words), "{said:#?}");
        }
    }
}

#[test]
fn run_needs_linux() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM scratch\nRUN [\"x\"]\n");
    let error = carafe.fails(1, ["build", "--platform=windows/amd64", &context]);
    assert!(
        error.contains("windows/amd64") && error.contains(":2:1"),
        "{error}"
    );
}
