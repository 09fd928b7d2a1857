//! Against the `tar` program: what it writes is read right, and it reads what is written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oci::tar::{Entry, Kind, Time, Writer};

use super::read_all;

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tar-{name}"));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn tar(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("tar");
    command
        .current_dir(folder)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8");
    let output = command.output().expect("the tar program");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Some of everything that an archive can hold.
fn populate(folder: &Path) {
    let long = format!("{}/{}", "l".repeat(150), "n".repeat(120));
    for directory in ["dir", &long] {
        fs::create_dir_all(folder.join(directory)).unwrap();
    }
    fs::write(folder.join("dir/file"), b"content\n").unwrap();
    fs::write(folder.join("dir/empty"), b"").unwrap();
    fs::write(folder.join("ünïcode"), vec![b'x'; 1537]).unwrap();
    fs::write(folder.join(&long).join("deep"), b"deep").unwrap();
    fs::set_permissions(folder.join("dir/file"), PermissionsExt::from_mode(0o4755)).unwrap();
    symlink("dir/file", folder.join("short")).unwrap();
    symlink(format!("{long}/deep"), folder.join("far")).unwrap();
    fs::hard_link(folder.join("dir/file"), folder.join("same")).unwrap();
    let fifo = Command::new("mkfifo")
        .arg(folder.join("fifo"))
        .status()
        .unwrap();
    assert!(fifo.success());
}

/// What must be read of `path`, going by the file system.
fn check(folder: &Path, entry: &Entry, content: &[u8], whole_seconds: bool) {
    let path = folder.join(std::str::from_utf8(&entry.path).unwrap());
    let metadata = fs::symlink_metadata(&path).unwrap();
    match &entry.kind {
        Kind::File => {
            assert!(metadata.is_file());
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        Kind::Directory => assert!(metadata.is_dir()),
        Kind::Symlink(target) => {
            let read = fs::read_link(&path).unwrap();
            assert_eq!(read.to_str().unwrap().as_bytes(), target);
        }
        Kind::Hardlink(target) => {
            let target = folder.join(std::str::from_utf8(target).unwrap());
            assert_eq!(fs::symlink_metadata(target).unwrap().ino(), metadata.ino());
        }
        Kind::Fifo => assert_eq!(metadata.mode() & 0o170_000, 0o010_000),
        other => panic!("{other:?}"),
    }
    assert_eq!(entry.mode, metadata.mode() & 0o7777);
    assert_eq!(
        (entry.uid, entry.gid),
        (metadata.uid().into(), metadata.gid().into())
    );
    let nanos = if whole_seconds {
        0
    } else {
        u32::try_from(metadata.mtime_nsec()).unwrap()
    };
    assert_eq!(
        entry.mtime,
        Time {
            seconds: metadata.mtime(),
            nanos
        }
    );
}

#[test]
fn every_format_of_gnu_tar() {
    let folder = Folder::new("formats");
    populate(&folder.0);
    for (format, whole_seconds) in [
        ("gnu", true),
        ("oldgnu", true),
        ("posix", false),
        ("ustar", true),
        ("v7", true),
    ] {
        let option = format!("--format={format}");
        let mut arguments = vec!["-c", &option, "dir"];
        if format != "v7" {
            arguments.push("fifo");
        }
        if !["v7", "ustar"].contains(&format) {
            arguments.extend(["short", "far", "same", "ünïcode", "."]);
        }
        let archive = tar(&folder.0, &arguments);
        let members = read_all(&archive).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert!(members.len() >= 3, "{format}");
        for (entry, content) in &members {
            check(&folder.0, entry, content, whole_seconds);
        }
    }
}

#[test]
fn every_kind_of_sparse_file() {
    let folder = Folder::new("sparse");
    let file = fs::File::create(folder.0.join("holes")).unwrap();
    for n in 0..60 {
        file.write_all_at(&[b'a' + (n % 26) as u8; 4096], n * 65_536)
            .unwrap();
    }
    file.set_len(5 << 20).unwrap();
    fs::File::create(folder.0.join("all"))
        .unwrap()
        .set_len(1 << 20)
        .unwrap();
    for format in [
        ["--format=gnu", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ] {
        let archive = tar(
            &folder.0,
            &["-c", "-S", format[0], format[1], "holes", "all"],
        );
        assert!(archive.len() < 1 << 20, "{format:?} is not sparse");
        let members = read_all(&archive).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!(members.len(), 2);
        for (entry, content) in &members {
            check(&folder.0, entry, content, format[0] == "--format=gnu");
        }
    }
}

#[test]
fn gnu_tar_reads_what_is_written() {
    let folder = Folder::new("written");
    let long = format!("{}/{}", "d".repeat(140), "f".repeat(60));
    let longer = "x".repeat(230);
    let file = |path: &str| {
        let mut entry = Entry::new(path, Kind::File, 0o640);
        (entry.size, entry.mtime) = (5, Time::seconds(1_234_567_890));
        entry
    };
    let mut early = file("early");
    early.mtime = Time {
        seconds: -3,
        nanos: 250_000_000,
    };
    let mut directory = Entry::new("d".repeat(140), Kind::Directory, 0o751);
    directory.mtime = Time::seconds(1);
    let members = [
        directory,
        file(&long),
        file(&longer),
        file("näme"),
        early,
        Entry::new("link", Kind::Symlink(longer.clone().into_bytes()), 0o777),
        Entry::new("hard", Kind::Hardlink(long.clone().into_bytes()), 0o640),
    ];
    let mut writer = Writer::new(Vec::new());
    for entry in &members {
        writer.append(entry, &mut b"12345".as_slice()).unwrap();
    }
    let archive = writer.finish().unwrap();
    let mut child = Command::new("tar")
        .args(["-x", "-p", "--same-owner", "-C"])
        .arg(&folder.0)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&archive).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for path in [long.as_str(), &longer, "näme", "early", "link", "hard"] {
        let metadata = fs::symlink_metadata(folder.0.join(path)).unwrap();
        let expected = match path {
            "link" => (0o777, 0),
            "early" => (0o640, -3),
            _ => (0o640, 1_234_567_890),
        };
        assert_eq!(
            (metadata.mode() & 0o7777, metadata.mtime()),
            expected,
            "{path}"
        );
    }
    assert_eq!(fs::metadata(folder.0.join(&long)).unwrap().nlink(), 2);
}
