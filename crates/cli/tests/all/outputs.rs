//! `--output` and what goes with it.

use std::fs;

use serde_json::Value;

use crate::support::Carafe;
use crate::support::layout::Layout;

const DOCKERFILE: &str = "FROM base\nRUN echo hi > /hi\n";

const OCI: &str = "application/vnd.oci.image.";

#[test]
fn archives_are_as_they_were_asked_for() {
    let carafe = Carafe::new();
    let context = carafe.context(DOCKERFILE);
    let build = [
        "build",
        "-q",
        "-t",
        "example.org/app:1",
        "--annotation",
        "org.example.Key=value",
        "--annotation",
        "manifest,manifest-descriptor[linux/none]:other=platform",
        "-o",
        "type=oci,dest=oci.tar,annotation-manifest-descriptor.place=index.json",
        "-o",
        "type=oci,dest=zstd.tar,compression=zstd,compression-level=7,force-compression=true,name=mine",
        "-o",
        "type=docker,dest=plain.tar,compression=uncompressed",
        "-o",
        "type=oci,dest=folder,tar=false",
        "--metadata-file",
        "meta.json",
        "--iidfile",
        "id",
        &context,
    ];
    let id = carafe.ok(build);
    let read = |name: &str| Layout::read(&carafe.path(name));
    let media_types = |layout: &Layout| -> Vec<String> {
        let layers = layout.manifest["layers"].as_array().unwrap().iter();
        let types = layers.map(|layer| layer["mediaType"].as_str().unwrap().replace(OCI, ""));
        types.collect()
    };

    let oci = read("oci.tar");
    assert_eq!(media_types(&oci)[1], "layer.v1.tar+gzip");
    let notes = oci.manifest["annotations"].as_object().unwrap();
    assert_eq!(notes["org.example.Key"], "value");
    assert_eq!(
        notes["other"], "platform",
        "types have platforms of their own"
    );
    let entry = &oci.index["manifests"][0];
    let place = entry["annotations"].as_object().unwrap();
    assert_eq!(place["io.containerd.image.name"], "example.org/app:1");
    assert_eq!(place["org.opencontainers.image.ref.name"], "1");
    assert_eq!(
        (&place["place"], place.get("other")),
        (&"index.json".into(), None)
    );

    let zstd = read("zstd.tar");
    assert!(
        media_types(&zstd)
            .iter()
            .all(|one| one == "layer.v1.tar+zstd")
    );
    let name = &zstd.index["manifests"][0]["annotations"]["io.containerd.image.name"];
    assert_eq!(name, "docker.io/library/mine:latest");
    let plain = read("plain.tar");
    assert_eq!(media_types(&plain)[1], "layer.v1.tar");
    let docker: Value = serde_json::from_slice(plain.file("manifest.json")).unwrap();
    assert_eq!(docker[0]["RepoTags"][0], "example.org/app:1");
    assert!(carafe.path("folder/oci-layout").is_file());
    assert!(carafe.path("folder/blobs/sha256").is_dir());

    let metadata = fs::read(carafe.path("meta.json")).unwrap();
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    assert_eq!(metadata["containerimage.config.digest"], id.trim());
    assert_eq!(metadata["containerimage.digest"], entry["digest"]);
    assert_eq!(
        metadata["containerimage.descriptor"]["annotations"]["place"],
        "index.json"
    );
    assert_eq!(
        metadata["image.name"],
        "example.org/app:1,docker.io/library/mine:latest"
    );
    assert_eq!(fs::read_to_string(carafe.path("id")).unwrap(), id.trim());
    assert_eq!(oci.manifest["config"]["digest"], id.trim());
}

#[test]
fn images_in_the_store_are_too() {
    let carafe = Carafe::new();
    let context = carafe.context(DOCKERFILE);
    let store = r#"type=docker,"name=one,two:2",oci-mediatypes=false,unpack=true"#;
    let files = ["-o", "type=oci,dest=a.tar", "--load"];
    let build = ["build", "-q", "-t", "app", "-o", store];
    carafe.ok(build.iter().chain(&files).chain(&[&*context]));
    for name in ["app", "one", "two:2"] {
        assert_eq!(carafe.ok(["run", "--rm", name, "cat", "/hi"]), "hi\n");
    }
    carafe.ok([
        "save",
        "--compression=none",
        "-o",
        carafe.path("two.tar").to_str().unwrap(),
        "two:2",
    ]);
    let two = Layout::read(&carafe.path("two.tar"));
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(two.manifest["mediaType"], docker);
    let layer = &two.manifest["layers"][1]["mediaType"];
    assert_eq!(layer, "application/vnd.docker.image.rootfs.diff.tar");

    carafe.ok([
        "build",
        "-q",
        "-o",
        "type=image,name=noted,annotation.k=v",
        &context,
    ]);
    carafe.ok([
        "save",
        "-o",
        carafe.path("noted.tar").to_str().unwrap(),
        "noted",
    ]);
    let noted = Layout::read(&carafe.path("noted.tar"));
    assert_eq!(noted.manifest["annotations"]["k"], "v");
    assert_eq!(
        noted.config["history"], two.config["history"],
        "the image itself is the same"
    );
}

#[test]
fn a_folder_can_be_made_to_hold_nothing_else() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM scratch\nCOPY Dockerfile /a/b/\n");
    carafe.write("out/a/stale", b"x");
    carafe.write("out/other/stale", b"x");
    let output = |mode: &str| format!("type=local,dest=out,mode={mode}");
    carafe.ok(["build", "-q", "-o", &output("copy"), &context]);
    assert!(carafe.path("out/a/b/Dockerfile").exists() && carafe.path("out/a/stale").exists());
    carafe.ok(["build", "-q", "-o", &output("delete"), &context]);
    assert!(carafe.path("out/a/b/Dockerfile").exists());
    assert!(!carafe.path("out/a/stale").exists() && !carafe.path("out/other").exists());
    let here = ["build", "-o", "type=local,dest=.,mode=delete", &context];
    assert!(carafe.fails(2, here).contains("mode=delete"));
    let tar = carafe.command(["build", "-q", "-o", "type=tar,dest=-", &context]);
    let mut reader = oci::tar::Reader::new(&*{ tar }.output().unwrap().stdout.leak());
    assert_eq!(reader.next_entry().unwrap().unwrap().path, b"a");
}

#[test]
fn mistakes_come_before_the_build() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN false\n");
    for (output, words) in [
        (
            "type=oci,dest=x,compresion=zstd",
            "did you mean compression?",
        ),
        ("type=oci,dest=x,compression=estargz", "not implemented"),
        ("type=oci,dest=x,annotation-index.k=v", "for the index"),
        ("type=image,push=true", "without a name"),
        ("type=registry,name=x:1,push-by-digest=true", "by digest"),
    ] {
        let error = carafe.fails(2, ["build", "-o", output, &context]);
        assert!(error.contains(words), "{output}: {error}");
    }
    fs::write(carafe.path("file"), "").unwrap();
    for (flag, words) in [
        ("-otype=oci,dest=no/where", "make the folder no first"),
        ("-otype=tar,dest=.", "Is a directory"),
        ("-otype=local,dest=file", "Not a directory"),
        ("--iidfile=no/id", "make the folder no first"),
        ("--metadata-file=no/meta", "make the folder no first"),
    ] {
        let error = carafe.fails(1, ["build", flag, &context]);
        assert!(
            error.contains(words) && !error.contains("the command"),
            "{flag}: {error}"
        );
    }
    // An output may make the folder of another one, and an empty one is none.
    let context = carafe.context("FROM base\n");
    let outputs = ["-o", "out", "-o", "type=oci,dest=out/image.tar", "-o", ""];
    carafe.ok(["build", "-q"]
        .into_iter()
        .chain(outputs)
        .chain([&*context]));
    assert!(carafe.path("out/image.tar").exists());
}
