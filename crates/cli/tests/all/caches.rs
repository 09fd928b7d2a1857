//! The build cache crosses machines: two stores that share nothing but a cache.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::{Fault, Registry};

use crate::support::{Carafe, Said};

/// Each step writes what no other execution of it writes.
const DOCKERFILE: &str = "FROM base AS build
WORKDIR /src
COPY a.txt .
RUN cat /proc/sys/kernel/random/uuid > made && cat a.txt > out
FROM base
RUN cat /proc/sys/kernel/random/uuid > /first
COPY --link a.txt /linked/a
RUN cat /proc/sys/kernel/random/uuid > /over
COPY --from=build --chown=7:8 --chmod=4711 /src/out /app/
";

/// Two machines with the same base image and context.
struct Machines {
    one: Carafe,
    other: Carafe,
    context: String,
}

impl Machines {
    fn new(dockerfile: &str) -> Self {
        let one = Carafe::new();
        let context = one.context(dockerfile);
        one.write("context/a.txt", b"hello\n");
        let base = one.path("base-image.tar");
        one.ok(["save", "-o", text(&base), "base"]);
        let other = Carafe::empty();
        other.ok(["load", "-i", text(&base)]);
        Self {
            one,
            other,
            context,
        }
    }

    /// Builds on one machine, with these flags.
    fn build(&self, machine: &Carafe, flags: &[&str]) -> Said {
        let args = [
            &["build", "--progress=plain", "-t", "x"],
            flags,
            &[&self.context],
        ]
        .concat();
        let said = machine.run(args);
        assert_eq!(said.code, 0, "{said:#?}");
        said
    }

    /// Builds on the other machine, with what became of each step.
    fn explained(&self, flags: &[&str]) -> Vec<(String, String, Option<String>)> {
        let flags = [&["--explain=json"], flags].concat();
        let said = self.build(&self.other, &flags);
        let document: Value = serde_json::from_str(&said.stdout).unwrap();
        let steps = document["steps"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let step = |step: &Value| {
            let cache = step["cache"].as_str().map(str::to_owned);
            (text(&step["step"]), text(&step["result"]), cache)
        };
        steps.iter().map(step).collect()
    }

    /// The steps that were executed.
    fn executed(&self, flags: &[&str]) -> Vec<String> {
        let steps = self.explained(flags).into_iter();
        let executed =
            steps.filter(|(step, result, _)| result == "miss" && !step.starts_with("FROM"));
        executed.map(|(step, ..)| step).collect()
    }

    /// Both have the same image, byte for byte.
    fn assert_same(&self) {
        let digests = |machine: &Carafe| machine.ok(["inspect", "--format", "{{.Id}}", "x"]);
        assert_eq!(digests(&self.one), digests(&self.other));
        let saved = |machine: &Carafe| {
            let path = machine.path("saved.tar");
            machine.ok(["save", "-o", text(&path), "x"]);
            fs::read(path).unwrap()
        };
        assert!(saved(&self.one) == saved(&self.other), "the layers differ");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn folder(machines: &Machines) -> (PathBuf, String, String) {
    let path = machines.one.path("cache");
    let to = format!("type=local,mode=max,dest={}", text(&path));
    let from = format!("type=local,src={}", text(&path));
    (path, to, from)
}

/// The blobs of a layout, the longest first.
fn blobs(layout: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    paths
}

#[test]
fn a_fresh_machine_executes_nothing() {
    let machines = Machines::new(DOCKERFILE);
    let (path, to, from) = folder(&machines);
    machines.build(&machines.one, &["--cache-to", &to]);
    let steps = machines.explained(&["--cache-from", &from]);
    assert!(machines.executed(&["--cache-from", &from]).is_empty());
    for (step, result, cache) in steps.iter().filter(|(step, ..)| !step.starts_with("FROM")) {
        assert_eq!(result, "hit", "{step}");
        // Nobody had to look at the other stage.
        let looked_at =
            !step.starts_with("WORKDIR") && !step.contains("a.txt > out") && step != "COPY a.txt .";
        let named = looked_at.then(|| text(&path).to_owned());
        assert_eq!(*cache, named, "{step}");
    }
    machines.assert_same();
    // What came is in the store now: nobody needs the cache any more.
    fs::remove_dir_all(&path).unwrap();
    assert!(machines.executed(&[]).is_empty());
}

#[test]
fn only_what_somebody_needs_is_fetched_and_sent() {
    let machines = Machines::new(DOCKERFILE);
    let registry = Registry::start();
    let name = format!("{}/cache:main", registry.host());
    let to = format!("type=registry,mode=max,ref={name}");
    machines.build(&machines.one, &["--cache-to", &to]);
    let first = registry.requests().len();
    // What is there is not sent again.
    machines.build(&machines.one, &["--cache-to", &to]);
    let requests = registry.requests();
    let sent = requests[first..]
        .iter()
        .filter(|line| line.starts_with("P"))
        .count();
    assert_eq!(sent, 1, "the manifest: {:#?}", &requests[first..]);
    let before = requests.len();
    assert!(machines.executed(&["--cache-from", &name]).is_empty());
    machines.assert_same();
    let requests = registry.requests();
    let fetched: Vec<&String> = requests[before..].iter().collect();
    let count = |word: &str| fetched.iter().filter(|line| line.contains(word)).count();
    // The document, and the four layers of the image.
    assert_eq!(
        (count("/manifests/"), count("/blobs/")),
        (1, 5),
        "{fetched:#?}"
    );
    // A build that is known here asks nobody.
    assert!(machines.executed(&["--cache-from", &name]).is_empty());
    assert_eq!(registry.requests().len(), requests.len());
}

#[test]
fn what_was_not_needed_here_is_passed_on() {
    let machines = Machines::new(DOCKERFILE);
    let (_, to, from) = folder(&machines);
    let second = machines.other.path("second");
    let second_to = format!("type=local,mode=max,dest={}", text(&second));
    machines.build(&machines.one, &["--cache-to", &to]);
    machines.build(
        &machines.other,
        &["--cache-from", &from, "--cache-to", &second_to],
    );
    let third = Machines::new(DOCKERFILE);
    let second_from = format!("type=local,src={}", text(&second));
    // Another last step: the other stage is needed now.
    let changed = DOCKERFILE.replace("/src/out", "/src/made");
    third.one.context(&changed);
    let executed = third.executed(&["--cache-from", &second_from]);
    assert_eq!(executed.len(), 1, "{executed:?}");
    assert!(executed[0].starts_with("COPY --from=build"));
}

#[test]
fn an_input_that_came_out_the_same_is_a_hit() {
    let machines = Machines::new(DOCKERFILE);
    let (_, to, from) = folder(&machines);
    machines.build(&machines.one, &["--cache-to", &to]);
    let changed = DOCKERFILE.replace("WORKDIR /src", "ENV A=1\nWORKDIR /src");
    machines.one.context(&changed);
    let executed = machines.executed(&["--cache-from", &from]);
    assert_eq!(executed.len(), 1, "only the RUN that sees A: {executed:?}");
    machines.assert_same_files();
}

impl Machines {
    fn assert_same_files(&self) {
        let id = |machine: &Carafe| machine.ok(["inspect", "--format", "{{.RootFS}}", "x"]);
        assert_eq!(id(&self.one), id(&self.other));
    }
}

#[test]
fn a_small_cache_has_the_layers_of_the_image() {
    let machines = Machines::new(DOCKERFILE);
    let (path, to, from) = folder(&machines);
    machines.build(
        &machines.one,
        &["--cache-to", &to.replace("mode=max", "mode=min")],
    );
    // Four layers, the document and its manifest.
    assert_eq!(blobs(&path).len(), 6);
    assert!(machines.executed(&["--cache-from", &from]).is_empty());
    machines.assert_same();
}

#[test]
fn an_image_tells_what_its_layers_are() {
    let machines = Machines::new(DOCKERFILE);
    let layout = machines.one.path("layout");
    let output = format!("type=oci,tar=false,dest={}", text(&layout));
    machines.build(&machines.one, &["--cache-to=type=inline", "-o", &output]);
    let from = format!("type=local,src={}", text(&layout));
    assert!(
        machines
            .executed(&["--cache-from", &from, "--cache-to=inline"])
            .is_empty()
    );
    let changed = DOCKERFILE.replace("uuid > /over", "uuid > /other");
    machines.one.context(&changed);
    let fresh = Machines {
        other: Machines::new("FROM base\n").other,
        ..machines
    };
    let executed = fresh.executed(&["--cache-from", &from]);
    assert!(
        executed
            .iter()
            .all(|step| !step.contains("/first") && !step.contains("--link")),
        "{executed:?}"
    );
}

#[test]
fn a_cache_that_is_not_there_is_told() {
    let machines = Machines::new("FROM base\nRUN true\n");
    let registry = Registry::start();
    let name = format!("{}/no/cache", registry.host());
    registry.push_bytes("other:latest", oci::MediaType::OciManifest, b"{}");
    let other = format!("{}/other", registry.host());
    let flags = [
        "--cache-from",
        &name,
        "--cache-from",
        &other,
        "--cache-from=type=local,src=/nowhere",
    ];
    let said = machines.build(&machines.other, &flags);
    for name in [&name, &other, "/nowhere"] {
        assert!(
            said.stderr
                .contains(&format!("the cache {name} is not used")),
            "{said:#?}"
        );
    }
}

#[test]
fn a_broken_cache_is_given_up() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 4] = [
        ("gone", |blob| fs::remove_file(blob).unwrap()),
        ("cut", |blob| {
            let bytes = fs::read(blob).unwrap();
            fs::write(blob, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("other bytes", |blob| {
            let mut bytes = fs::read(blob).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(blob, bytes).unwrap();
        }),
        ("a pipe", |blob| {
            fs::remove_file(blob).unwrap();
            rustix::fs::mknodat(
                rustix::fs::CWD,
                blob,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::from_raw_mode(0o644),
                0,
            )
            .unwrap();
        }),
    ];
    let machines = Machines::new(DOCKERFILE);
    let (path, to, from) = folder(&machines);
    machines.build(&machines.one, &["--cache-to", &to]);
    let count = blobs(&path).len();
    for (turn, (name, damage)) in damage.into_iter().enumerate() {
        for at in (turn..count).step_by(4) {
            let copy = machines.other.path("copy");
            let _ = fs::remove_dir_all(&copy);
            fs::create_dir_all(copy.join("blobs/sha256")).unwrap();
            fs::copy(path.join("index.json"), copy.join("index.json")).unwrap();
            for blob in blobs(&path) {
                fs::copy(
                    &blob,
                    copy.join("blobs/sha256").join(blob.file_name().unwrap()),
                )
                .unwrap();
            }
            damage(&blobs(&copy)[at]);
            let fresh = Carafe::empty();
            fresh.ok(["load", "-i", text(&machines.one.path("base-image.tar"))]);
            let from = from.replace(text(&path), text(&copy));
            let said = machines.build(&fresh, &["--cache-from", &from]);
            let files = fresh.ok(["run", "--rm", "x", "cat", "/app/out", "/linked/a"]);
            assert_eq!(files, "hello\nhello\n", "{name} {at} {said:#?}");
        }
    }
}

#[test]
fn a_registry_that_breaks_does_not_break_the_build() {
    let machines = Machines::new(DOCKERFILE);
    let registry = Registry::start();
    let name = format!("{}/cache:main", registry.host());
    let denied = Fault::Status {
        code: 403,
        retry_after: None,
    };
    registry.fail("/blobs/uploads/", 100, denied);
    let said = machines.build(&machines.one, &["--cache-to", &name]);
    assert!(
        said.stderr.contains("warning: cannot export the cache to"),
        "{said:#?}"
    );
    let fatal = format!("type=registry,ref={name},ignore-error=false");
    let context = machines.context.as_str();
    let error = machines
        .one
        .fails(1, ["build", "--cache-to", &fatal, context]);
    assert!(error.contains("cannot export the cache to"), "{error}");
}

#[test]
fn words_that_make_no_sense_are_refused() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM base\n");
    for (flag, value, why) in [
        ("--cache-to", "type=gha", "type=gha is not supported"),
        ("--cache-from", "type=inline", "cannot be read from"),
        (
            "--cache-from",
            "type=locla,src=x",
            "there is no type `locla`",
        ),
        ("--cache-from", "type=local", "src=FOLDER is missing"),
        ("--cache-to", "type=local,src=x", "has no field `src`"),
        ("--cache-to", "type=inline,mode=max", "no mode=max"),
        ("--cache-to", "type=registry,ref=A", "invalid reference"),
        ("--cache-to", "ref=x,mode=all", "there is no mode `all`"),
        (
            "--cache-to",
            "type=local,dest=x,compression=lz4",
            "there is no compression `lz4`",
        ),
        ("--cache-to", "type=local,dest=x,timeout=soon", "no time"),
    ] {
        let error = carafe.fails(2, ["build", flag, value, &context]);
        assert!(error.contains(why), "{value}: {error}");
    }
}

/// Objects by their paths, for whoever shows a signature.
fn bucket() -> String {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

    fn serve(stream: TcpStream, objects: &Objects) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let mut words = line.split_whitespace().map(str::to_owned);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let (mut length, mut signed) = (0, false);
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                signed |= header.starts_with("authorization: aws4-hmac-sha256 credential=me/");
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut objects = objects.lock().unwrap();
            let (status, content) = match (signed, method.as_str(), objects.get(&path)) {
                (false, ..) => ("403 Forbidden", Vec::new()),
                (_, "PUT", _) => {
                    objects.insert(path, body);
                    ("200 OK", Vec::new())
                }
                (_, _, Some(object)) => ("200 OK", object.clone()),
                _ => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                content.len()
            );
            writer.write_all(head.as_bytes()).unwrap();
            if method != "HEAD" {
                writer.write_all(&content).unwrap();
            }
        }
    }

    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let objects = Objects::default();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let objects = Arc::clone(&objects);
            std::thread::spawn(move || serve(stream.unwrap(), &objects));
        }
    });
    format!("http://{address}")
}

#[test]
fn a_bucket_holds_a_cache() {
    let machines = Machines::new(DOCKERFILE);
    let place = format!(
        "type=s3,bucket=b,region=r,endpoint_url={},use_path_style=true,prefix=a/ ä/,access_key_id=me,secret_access_key=hush",
        bucket()
    );
    let to = format!("{place},mode=max");
    let said = machines.build(&machines.one, &["--cache-to", &to]);
    assert!(said.stderr.contains("wrote cache s3://b/a/"), "{said:#?}");
    let said = machines.build(&machines.one, &["--cache-to", &to]);
    assert!(said.stderr.contains("sent 0 blobs"), "{said:#?}");
    assert!(machines.executed(&["--cache-from", &place]).is_empty());
    machines.assert_same();
    let nobody = place.replace("id=me", "id=you");
    let said = machines.build(&machines.one, &["--cache-to", &nobody]);
    assert!(said.stderr.contains("warning: cannot export"), "{said:#?}");
    let wrong = format!("{place},regoin=x");
    let context = machines.context.as_str();
    let error = machines
        .one
        .fails(2, ["build", "--cache-to", &wrong, context]);
    assert!(
        error.contains("regoin") && !error.contains("hush"),
        "{error}"
    );
}
