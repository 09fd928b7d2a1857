//! Pushing to registries and pulling back.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use oci::{Digest, Document};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testkit::{Fault, ImageBuilder, Registry, index};

use crate::support::{Carafe, eventually, said};

/// Something to push: a layer of the base and one of its own.
const DOCKERFILE: &str = "FROM base\nCOPY Dockerfile /x\n";

/// The manifest or index that a tag of the registry leads to.
fn document(registry: &Registry, name: &str) -> Document {
    let digest = registry.tagged(name).unwrap();
    Document::parse(&registry.blobs().get(&digest).unwrap()).unwrap()
}

/// The requests since there were `before`, without those that only look.
fn changes(registry: &Registry, before: usize) -> Vec<String> {
    let requests = registry.requests().split_off(before);
    let looks = |request: &String| request.starts_with("HEAD ") || request.starts_with("GET ");
    requests.into_iter().filter(|it| !looks(it)).collect()
}

#[test]
fn what_is_pushed_comes_back_the_same() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let name = format!("{}/team/app:1", registry.host());
    carafe.ok(["build", "-t", &name, &carafe.context(DOCKERFILE)]);
    let known =
        |carafe: &Carafe| carafe.ok(["inspect", "-f", "{{join .RepoDigests \" \"}}", &name]);
    assert_eq!(known(&carafe), "\n", "no registry has it");
    let pushed = carafe.run(["push", "--digestfile", "digest", &name]);
    assert_eq!(pushed.code, 0, "{pushed:#?}");
    let digest = fs::read_to_string(carafe.path("digest")).unwrap();
    assert_eq!(pushed.stdout, format!("{name}@{digest}\n"));
    assert_eq!(registry.tagged("team/app:1").unwrap().to_string(), digest);
    let by_digest = format!("{}/team/app@{digest}", registry.host());
    assert_eq!(known(&carafe), format!("{by_digest}\n"));
    assert!(carafe.ok(["images", "--digests"]).contains(&digest));
    assert_eq!(carafe.ok(["run", "--rm", &by_digest, "echo", "hi"]), "hi\n");
    let Document::Manifest(manifest) = document(&registry, "team/app:1") else {
        panic!("it is an image")
    };
    for layer in &manifest.layers {
        assert!(layer.media_type.to_string().ends_with("gzip"), "{layer:?}");
    }

    // Again, nothing is sent, and nothing is asked twice.
    let before = registry.requests().len();
    carafe.ok(["push", &name]);
    let again = registry.requests().split_off(before);
    assert_eq!(
        again.len(),
        4,
        "two layers, a configuration, a tag: {again:?}"
    );
    assert!(
        again.iter().all(|request| request.starts_with("HEAD ")),
        "{again:?}"
    );

    let other = Carafe::empty();
    other.ok(["pull", "--digestfile", "digest", &name]);
    assert_eq!(fs::read_to_string(other.path("digest")).unwrap(), digest);
    let id = ["inspect", "--format", "{{.Id}}", &name];
    assert_eq!(other.ok(id), carafe.ok(id));
    assert_eq!(known(&other), known(&carafe));
    // What came compressed leaves as it came.
    let copy = format!("{}/copy:2", registry.host());
    other.ok(["tag", &name, &copy]);
    let before = registry.requests().len();
    assert_eq!(
        other.ok(["push", "-q", &copy]),
        format!("{copy}@{digest}\n")
    );
    let sent = changes(&registry, before);
    let mounts = sent
        .iter()
        .filter(|it| it.ends_with("&from=team/app"))
        .count();
    assert_eq!(mounts, 2, "layers are mounted: {sent:?}");
    assert_eq!(
        sent.len(),
        2 + 2 + 1,
        "a configuration, and the tag: {sent:?}"
    );
}

#[test]
fn a_build_pushes_under_all_its_names() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let context = carafe.context(DOCKERFILE);
    let name = |name: &str| format!("{}/{name}", registry.host());
    let (one, two, other) = (name("app:1"), name("app:2"), name("other:1"));
    let metadata = |carafe: &Carafe| -> Value {
        serde_json::from_slice(&fs::read(carafe.path("meta.json")).unwrap()).unwrap()
    };
    let flags = [
        "build",
        "--push",
        "--metadata-file=meta.json",
        "-t",
        &one,
        "-t",
        &two,
    ];
    let built = carafe.run(flags.into_iter().chain(["-t", &other, &context]));
    assert_eq!(built.code, 0, "{built:#?}");
    let digest = registry.tagged("app:1").unwrap();
    assert_eq!(metadata(&carafe)["containerimage.digest"], digest.as_str());
    assert_eq!(registry.tagged("app:2").as_ref(), Some(&digest));
    assert_eq!(registry.tagged("other:1").as_ref(), Some(&digest));
    assert!(
        built.stderr.contains(&format!("pushed {one}@{digest}")),
        "{built:#?}"
    );
    // The store has the same by the same name.
    let before = registry.requests().len();
    carafe.ok(["push", &one, &two]);
    assert!(changes(&registry, before).is_empty());

    let output = format!(
        "type=registry,\"name={},{}\",compression=zstd,oci-mediatypes=true,annotation.k=v",
        name("z:1"),
        name("z:2")
    );
    carafe.ok(["build", "-o", &output, &context]);
    let Document::Manifest(manifest) = document(&registry, "z:2") else {
        panic!("it is an image")
    };
    assert_eq!(manifest.annotations["k"], "v");
    assert!(manifest.layers[0].media_type.to_string().ends_with("zstd"));
    assert_eq!(registry.tagged("z:1"), registry.tagged("z:2"));

    let by_digest = format!(
        "type=image,push=true,push-by-digest=true,name={}",
        name("d")
    );
    let flags = [
        "build",
        "--metadata-file=meta.json",
        "-o",
        &by_digest,
        &context,
    ];
    let built = carafe.run(flags);
    assert_eq!(built.code, 0, "{built:#?}");
    assert_eq!(registry.tagged("d:latest"), None);
    let digest = metadata(&carafe)["containerimage.digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let put = format!("PUT /v2/d/manifests/{digest}");
    assert!(registry.requests().contains(&put));
    let error = carafe.fails(2, ["build", "--push", &context]);
    assert!(error.contains("without a name"), "{error}");
}

#[test]
fn platforms_go_together_or_alone() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let name = format!("{}/multi:1", registry.host());
    let context = carafe.context("FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n");
    let platforms = "--platform=linux/amd64,linux/arm64";
    carafe.ok(["build", platforms, "--push", "-t", &name, &context]);
    let Document::Index(index) = document(&registry, "multi:1") else {
        panic!("it is an index")
    };
    assert_eq!(index.manifests.len(), 2);
    let put = |digest: &Digest| {
        let line = format!("PUT /v2/multi/manifests/{digest}");
        registry
            .requests()
            .iter()
            .position(|request| *request == line)
    };
    let mut requests = registry.requests().into_iter();
    let root = requests.position(|it| it == "PUT /v2/multi/manifests/1");
    for manifest in &index.manifests {
        assert!(put(&manifest.digest).unwrap() < root.unwrap());
    }
    let alone = format!("{}/alone:1", registry.host());
    carafe.ok(["tag", &name, &alone]);
    carafe.ok(["push", "--platform=linux/arm64", &alone]);
    assert_eq!(
        registry.tagged("alone:1").as_ref(),
        Some(&index.manifests[1].digest)
    );
    let error = carafe.fails(1, ["push", "--platform=linux/s390x", &alone]);
    assert!(error.contains("linux/s390x"), "{error}");
}

#[test]
fn a_pulled_index_is_pushed_on_with_what_is_here() {
    let (source, target) = (Registry::start(), Registry::start());
    let image = |platform: &str| {
        let builder = ImageBuilder::new().platform(platform);
        builder.files(&[("file", platform)]).build()
    };
    let images = [
        image("linux/amd64"),
        image("linux/arm64"),
        image("linux/s390x"),
    ];
    let (root, blobs) = index(&[&images[0], &images[1], &images[2]]);
    source.push_blobs("base:1", &root, &blobs);
    let carafe = Carafe::empty();
    let name = format!("{}/base:1", source.host());
    carafe.ok(["pull", "--platform=linux/amd64", &name]);
    let copy = format!("{}/copy:1", target.host());
    carafe.ok(["tag", &name, &copy]);
    // One of its images is here: that is what there is.
    carafe.ok(["push", "--compression=none", &copy]);
    assert_eq!(
        target.tagged("copy:1").as_ref(),
        Some(&images[0].descriptor.digest)
    );
    carafe.ok(["pull", "--platform=linux/arm64", &name]);
    carafe.ok(["tag", &name, &copy]);
    let error = carafe.fails(1, ["push", "--compression=none", &copy]);
    assert!(error.contains("linux/s390x"), "{error}");
    carafe.ok(["pull", "--platform=linux/s390x", &name]);
    carafe.ok(["push", "--compression=none", &copy]);
    assert_eq!(
        target.tagged("copy:1").as_ref(),
        Some(&root.digest),
        "byte for byte"
    );
}

#[test]
fn all_tags_of_a_repository() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let repository = format!("{}/app", registry.host());
    for tag in ["1", "2"] {
        carafe.ok(["tag", "base", &format!("{repository}:{tag}")]);
    }
    let pushed = carafe.ok(["push", "-q", "--all-tags", &repository]);
    assert_eq!(pushed.lines().count(), 2, "{pushed}");
    assert_eq!(registry.tagged("app:1"), registry.tagged("app:2"));
    let error = carafe.fails(1, ["push", "-a", &format!("{}/none", registry.host())]);
    assert!(error.contains("none"), "{error}");
}

#[test]
fn a_large_layer_is_sent_while_it_is_compressed() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    // What cannot be compressed, so that the blob is larger than what is worth it (xorshift, Marsaglia 2003).
    let mut seed = 7_u32;
    let mut noise = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as u8
    };
    let noise: Vec<u8> = (0..16 << 20).map(|_| noise()).collect();
    let context = carafe.context("FROM scratch\nCOPY noise /\n");
    carafe.write("context/noise", &noise);
    let name = format!("{}/big:1", registry.host());
    let pushed = carafe.run(["build", "--push", "-t", &name, &context]);
    assert_eq!(pushed.code, 0, "{pushed:#?}");
    let received = registry.received();
    let streamed = { received.iter() }
        .filter(|it| it.header("transfer-encoding") == Some("chunked"))
        .count();
    assert_eq!(streamed, 1);
    let before = registry.requests().len();
    carafe.ok(["push", &name]);
    assert!(changes(&registry, before).is_empty());

    // Where the stream breaks, the layer goes again when it is whole.
    let other = Registry::start();
    other.fail("PATCH", 1, Fault::Break(1 << 20));
    let fresh = Carafe::empty();
    let name = format!("{}/big:1", other.host());
    let context = fresh.context("FROM scratch\nCOPY noise /\n");
    fresh.write("context/noise", &noise);
    fresh.ok(["build", "--push", "-t", &name, &context]);
    assert!(other.tagged("big:1").is_some());
}

#[test]
fn what_fails_is_told_in_one_message() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let name = format!("{}/app:1", registry.host());
    carafe.ok(["tag", "base", &name]);
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    registry.fail("POST", 1, status(403));
    let error = carafe.fails(1, ["push", &name]);
    assert!(error.contains("carafe login"), "{error}");
    assert_eq!(error.matches("error").count(), 1, "{error}");
    registry.fail("HEAD", 1, status(500));
    let retried = carafe.run(["push", &name]);
    assert!(retried.stderr.contains("waiting"), "{retried:#?}");
    let error = carafe.fails(1, ["push", "nobody/here"]);
    assert!(error.contains("nobody/here"), "{error}");
    carafe.fails(2, ["push", &format!("{name}@{}", Digest::sha256(b""))]);
    carafe.fails(2, ["push", "--compression-level=10", &name]);
}

#[test]
fn ctrl_c_ends_a_push_that_another_takes_up() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    let name = format!("{}/app:1", registry.host());
    carafe.ok(["tag", "base", &name]);
    registry.fail("PUT", 1, Fault::Silence);
    let child = carafe.spawn(["push", &name], Stdio::null());
    eventually("an upload", || {
        registry.requests().iter().any(|it| it.starts_with("PUT "))
    });
    let id = Pid::from_raw(child.id() as i32).unwrap();
    let asked = Instant::now();
    kill_process(id, Signal::INT).unwrap();
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:#?}");
    // Within a second, and some more where the machine has other things to do.
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    carafe.ok(["push", &name]);
    assert!(registry.tagged("app:1").is_some());
}
