//! What the caller mounts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use sandbox::{Error, Mount, MountKind, Step};

use crate::harness::tests;
use crate::support::{Fixture, bind_of, chain, overlay, temporary};

tests![
    binds,
    binds_of_files,
    bind_of_a_path_inside_a_detached_mount,
    bind_paths_stay_inside,
    binds_of_what_is_missing,
    tmpfs_with_size_and_mode,
    files_with_content,
    the_last_mount_is_on_top,
    mounts_below_mounts_and_below_dev,
    targets_stay_inside,
    scripts_can_be_executed,
];

fn bind(source: &Path, path: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: target.into(),
        kind: MountKind::Bind {
            source: bind_of(source),
            path: path.into(),
            read_only,
        },
    }
}

fn file(target: &str, content: &str, mode: u32) -> Mount {
    Mount {
        target: target.into(),
        kind: MountKind::File {
            content: content.into(),
            mode,
            uid: 0,
            gid: 0,
        },
    }
}

fn tmpfs(target: &str, size: Option<u64>, mode: u32) -> Mount {
    Mount {
        target: target.into(),
        kind: MountKind::Tmpfs {
            size,
            mode,
            no_execute: false,
        },
    }
}

fn binds() {
    let host = temporary();
    fs::write(host.path().join("f"), "old\n").unwrap();
    let mut fixture = Fixture::new("cat /ro/f /rw/f; echo x > /ro/f; echo new > /rw/f; cat /ro/f");
    fixture.sandbox.mounts = vec![
        bind(host.path(), "", "/ro", true),
        bind(host.path(), "", "/rw", false),
    ];
    let output = fixture.run().unwrap();
    assert_eq!(output.stdout, "old\nold\nnew\n");
    assert!(
        output.stderr.contains("Read-only file system"),
        "{}",
        output.stderr
    );
    assert_eq!(fs::read_to_string(host.path().join("f")).unwrap(), "new\n");
}

fn binds_of_files() {
    let host = temporary();
    fs::write(host.path().join("f"), "content\n").unwrap();
    let mut fixture = Fixture::new("cat /new/dir/file");
    fixture.sandbox.mounts = vec![bind(&host.path().join("f"), "", "/new/dir/file", true)];
    assert_eq!(fixture.stdout(), "content\n");
}

/// As for `--mount=from=stage,source=/sub`: the source is an overlay that is attached nowhere.
fn bind_of_a_path_inside_a_detached_mount() {
    let host = temporary();
    for name in ["lower", "upper", "work"] {
        fs::create_dir(host.path().join(name)).unwrap();
    }
    fs::create_dir(host.path().join("lower/sub")).unwrap();
    fs::write(host.path().join("lower/sub/f"), "deep\n").unwrap();
    symlink("/sub", host.path().join("lower/link")).unwrap();
    let path = |name| host.path().join(name);
    for source in ["sub", "/sub", "link", "sub/f", "../../sub"] {
        let mut fixture = Fixture::new("cat /mnt/f 2>/dev/null || cat /mnt");
        let source = MountKind::Bind {
            source: overlay(&path("lower"), &path("upper"), &path("work")),
            path: source.into(),
            read_only: true,
        };
        fixture.sandbox.mounts = vec![Mount {
            target: "/mnt".into(),
            kind: source,
        }];
        assert_eq!(fixture.stdout(), "deep\n");
    }
}

/// CVE-2024-1753, CVE-2024-23651: a source that is a link to somewhere outside.
fn bind_paths_stay_inside() {
    let host = temporary();
    symlink("/", host.path().join("root")).unwrap();
    symlink("../../../../../..", host.path().join("up")).unwrap();
    fs::write(host.path().join("mine"), "").unwrap();
    for source in ["root", "up", "../../..", "root/.."] {
        let mut fixture = Fixture::new("ls /mnt");
        fixture.sandbox.mounts = vec![bind(host.path(), source, "/mnt", true)];
        assert_eq!(fixture.stdout(), "mine\nroot\nup\n", "{source}");
    }
    let mut fixture = Fixture::new("true");
    fixture.sandbox.mounts = vec![bind(Path::new("/proc"), "self/root/etc", "/mnt", true)];
    let error = fixture.run().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Kernel {
                step: Step::BindSource,
                ..
            }
        ),
        "{}",
        chain(&error)
    );
}

fn binds_of_what_is_missing() {
    let host = temporary();
    let mut fixture = Fixture::new("true");
    fixture.sandbox.mounts = vec![bind(host.path(), "no/such", "/mnt", true)];
    let text = "cannot find bind mount source `no/such`: No such file or directory (os error 2)";
    assert_eq!(chain(&fixture.run().unwrap_err()), text);
}

fn tmpfs_with_size_and_mode() {
    let mut fixture = Fixture::new(
        "df -k /t | tail -1 | tr -s ' ' | cut -d' ' -f2; stat -c %a /t /u
        printf '#!/bin/sh\\necho runs\\n' > /t/x; chmod +x /t/x; /t/x",
    );
    fixture.sandbox.mounts = vec![tmpfs("/t", Some(1 << 20), 0o1777), tmpfs("/u", None, 0o700)];
    assert_eq!(fixture.stdout(), "1024\n1777\n700\nruns\n");
}

fn files_with_content() {
    let mut fixture = Fixture::new(
        "stat -c %a:%u:%g:%n /run/secrets/*; cat /run/secrets/s; echo x > /run/secrets/s",
    );
    fixture.sandbox.mounts = vec![
        file("/run/secrets/s", "hunter2", 0o400),
        Mount {
            target: "/run/secrets/t".into(),
            kind: MountKind::File {
                content: vec![0; 100_000],
                mode: 0o640,
                uid: 5,
                gid: 7,
            },
        },
    ];
    let output = fixture.run().unwrap();
    assert_eq!(
        output.stdout,
        "400:0:0:/run/secrets/s\n640:5:7:/run/secrets/t\nhunter2"
    );
    assert!(
        output.stderr.contains("Read-only file system"),
        "{}",
        output.stderr
    );
    let bytes = fs::read(fixture.upper().join("run/secrets/s")).unwrap();
    assert!(bytes.is_empty(), "the secret is not in the layer");
}

fn the_last_mount_is_on_top() {
    let mut fixture = Fixture::new("cat /f");
    fixture.sandbox.mounts = vec![file("/f", "first\n", 0o644), file("/f", "second\n", 0o644)];
    assert_eq!(fixture.stdout(), "second\n");
}

fn mounts_below_mounts_and_below_dev() {
    let mut fixture = Fixture::new("cat /t/a/b /dev/pipes/EOF");
    fixture.sandbox.mounts = vec![
        tmpfs("/t", None, 0o755),
        file("/t/a/b", "below\n", 0o644),
        file("/dev/pipes/EOF", "heredoc\n", 0o755),
    ];
    assert_eq!(fixture.stdout(), "below\nheredoc\n");
    assert!(!fixture.upper().join("t/a").exists() && !fixture.upper().join("dev").exists());
}

/// CVE-2024-23653-like: a target that leads out through links.
fn targets_stay_inside() {
    let mut fixture = Fixture::prepared("cat /tmp/inside", |root| {
        symlink("/../../../../../../tmp", root.join("t")).unwrap();
    });
    fixture.sandbox.mounts = vec![file("/t/inside", "content\n", 0o644)];
    assert_eq!(fixture.stdout(), "content\n");
    assert!(!Path::new("/tmp/inside").exists());
    for target in ["/proc/self/root/x", "/proc/self/cwd/x"] {
        let mut fixture = Fixture::new("true");
        fixture.sandbox.mounts = vec![file(target, "", 0o644)];
        let error = fixture.run().unwrap_err();
        assert!(
            matches!(
                error,
                Error::Kernel {
                    step: Step::MountPoint,
                    ..
                }
            ),
            "{}",
            chain(&error)
        );
    }
}

fn scripts_can_be_executed() {
    let mut fixture = Fixture::new("/dev/pipes/script a");
    fixture.sandbox.mounts = vec![file("/dev/pipes/script", "#!/bin/sh\necho $1\n", 0o755)];
    assert_eq!(fixture.stdout(), "a\n");
}
