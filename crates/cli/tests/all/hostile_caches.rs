//! Caches that lie: the image is right all the same.

use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::Path;

use oci::compression::{Encoder, decoder};
use oci::{Compression, Digest};
use serde_json::{Value, json};
use testkit::{Fault, Registry};

use crate::support::{Carafe, Said};

const DOCKERFILE: &str = "FROM base AS build
RUN echo made > /made
FROM base
RUN echo first > /first
COPY --from=build /made /app/
RUN cat /app/made /first > /both
";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn machine() -> Carafe {
    let machine = Carafe::new();
    machine.context(DOCKERFILE);
    machine
}

fn build(machine: &Carafe, flags: &[&str]) -> Said {
    machine.build(&[&["-t", "x"], flags].concat())
}

fn assert_right(machine: &Carafe, what: &str) {
    let files = machine.ok(["run", "--rm", "x", "cat", "/both", "/first", "/app/made"]);
    assert_eq!(files, "made\nfirst\nfirst\nmade\n", "{what}");
}

#[test]
fn a_registry_that_lies_or_breaks() {
    let registry = Registry::start();
    let name = format!("{}/cache:1", registry.host());
    let one = machine();
    let to = format!("type=registry,mode=max,ref={name}");
    build(&one, &["--cache-to", &to]);
    let base = one.path("base-image.tar");
    one.ok(["save", "-o", text(&base), "base"]);
    let elsewhere = Registry::start();
    let status = |code, retry_after: Option<&str>| Fault::Status {
        code,
        retry_after: retry_after.map(str::to_owned),
    };
    let faults = [
        ("/manifests/", 1, Fault::Corrupt),
        ("/manifests/", 1, Fault::Content(vec![b'['; 5 << 20])),
        (
            "/manifests/",
            1,
            Fault::Content(br#"{"schemaVersion":2,"layers":[]}"#.to_vec()),
        ),
        ("/manifests/", 1, status(429, Some("0"))),
        ("/manifests/", 1, status(429, Some("3600"))),
        ("/manifests/", 1, status(503, Some("0"))),
        ("/manifests/", 9, status(403, None)),
        ("/manifests/", 1, Fault::Cut(10)),
        ("/blobs/", 1, Fault::Corrupt),
        ("/blobs/", 9, Fault::Corrupt),
        ("/blobs/", 1, Fault::Cut(100)),
        ("/blobs/", 9, Fault::Longer(100)),
        ("/blobs/", 9, Fault::NoLength),
        ("/blobs/", 9, status(404, None)),
        ("/blobs/", 2, status(503, Some("0"))),
        (
            "/blobs/",
            9,
            Fault::Redirect(format!("http://{}", elsewhere.host())),
        ),
    ];
    for (path, times, fault) in faults {
        let what = format!("{path} {times} {fault:?}");
        let other = machine();
        other.ok(["load", "-i", text(&base)]);
        registry.fail(&format!("GET /v2/cache{path}"), times, fault);
        let said = build(&other, &["--cache-from", &name]);
        assert_right(&other, &what);
        // What was not used up is not for the next.
        while build(&machine(), &["--cache-from", &name])
            .stderr
            .contains("is not used")
        {}
        drop(said);
    }
}

/// A folder with a cache, and its document.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn blob(&self, descriptor: &Value) -> std::path::PathBuf {
        let digest = descriptor["digest"].as_str().unwrap();
        self.0.join("blobs/sha256").join(&digest[7..])
    }

    fn read(&self, descriptor: &Value) -> Vec<u8> {
        fs::read(self.blob(descriptor)).unwrap()
    }

    fn write(&self, descriptor: &mut Value, bytes: &[u8]) {
        descriptor["digest"] = json!(Digest::sha256(bytes).to_string());
        descriptor["size"] = json!(bytes.len());
        fs::write(self.blob(descriptor), bytes).unwrap();
    }

    /// Changes the document, so that everything that names it fits again.
    fn change(&self, change: impl Fn(&mut Value)) {
        let path = self.0.join("index.json");
        let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut manifest: Value =
            serde_json::from_slice(&self.read(&index["manifests"][0])).unwrap();
        let packed = self.read(&manifest["config"]);
        let mut plain = String::new();
        let (_, mut reader) = decoder(&*packed).unwrap();
        reader.read_to_string(&mut plain).unwrap();
        let mut document: Value = serde_json::from_str(&plain).unwrap();
        change(&mut document);
        let encoder = Encoder::new(Compression::Zstd, None, Vec::new(), NonZeroUsize::MIN);
        let mut encoder = encoder.unwrap();
        std::io::Write::write_all(&mut encoder, document.to_string().as_bytes()).unwrap();
        self.write(&mut manifest["config"], &encoder.finish().unwrap());
        self.write(&mut index["manifests"][0], manifest.to_string().as_bytes());
        fs::write(path, index.to_string()).unwrap();
    }
}

fn swap(list: &mut Value, member: &str) {
    let one = list[0][member].take();
    list[0][member] = list[1][member].take();
    list[1][member] = one;
}

#[test]
fn a_document_that_lies() {
    type Lie = fn(&mut Value);
    let lies: [(&str, Lie); 9] = [
        ("nothing", |_| {}),
        ("diff IDs of others", |it| swap(&mut it["layers"], "diffId")),
        ("blobs of others", |it| swap(&mut it["layers"], "blob")),
        ("layers that are not there", |it| {
            for layer in it["layers"].as_array_mut().unwrap() {
                layer["blob"]["digest"] = json!(Digest::sha256(b"nothing").to_string());
            }
        }),
        ("lengths", |it| it["layers"][0]["blob"]["size"] = json!(1)),
        ("endless lengths", |it| {
            it["layers"][0]["blob"]["size"] = json!(i64::MAX);
        }),
        ("what is below", |it| {
            for record in it["records"].as_array_mut().unwrap() {
                record["below"] = json!("ab");
            }
        }),
        ("layers that are not listed", |it| {
            it["records"][0]["layer"] = json!(99);
        }),
        ("keys", |it| {
            for record in it["records"].as_array_mut().unwrap() {
                record["key"] = json!("00".repeat(32));
                record["content"] = json!("00".repeat(32));
            }
        }),
    ];
    for (what, lie) in lies {
        let one = machine();
        let base = one.path("base-image.tar");
        one.ok(["save", "-o", text(&base), "base"]);
        let cache = one.path("cache");
        let to = format!("type=local,mode=max,dest={}", text(&cache));
        build(&one, &["--cache-to", &to]);
        Folder(&cache).change(lie);
        let other = Carafe::empty();
        other.context(DOCKERFILE);
        other.ok(["load", "-i", text(&base)]);
        let from = format!("type=local,src={}", text(&cache));
        let said = build(&other, &["--cache-from", &from]);
        assert_right(&other, what);
        let hit = said
            .stderr
            .lines()
            .filter(|line| line.contains("RUN"))
            .all(|line| line.ends_with("cached"));
        assert_eq!(hit, what == "nothing", "{what}: {said:#?}");
    }
}
