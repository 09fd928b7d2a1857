//! `/dev`.

use crate::harness::tests;
use crate::support::Fixture;

tests![
    names,
    devices_work,
    devices_made_by_root_do_not_work,
    the_image_cannot_redirect_dev,
    shared_memory,
];

fn names() {
    let stdout =
        Fixture::new("cd /dev; for f in *; do stat -c '%n %F %t:%T' $f; done; ls pts").stdout();
    let expected = "fd symbolic link 0:0
full character special file 1:7
mqueue directory 0:0
null character special file 1:3
ptmx symbolic link 0:0
pts directory 0:0
random character special file 1:8
shm directory 0:0
stderr symbolic link 0:0
stdin symbolic link 0:0
stdout symbolic link 0:0
tty character special file 5:0
urandom character special file 1:9
zero character special file 1:5
ptmx
";
    assert_eq!(stdout, expected);
}

fn devices_work() {
    let script = "echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c
        echo x > /dev/full || echo full; echo y > /dev/shm/f && cat /dev/shm/f";
    assert_eq!(
        Fixture::new(script).user(1000, 1000, &[]).stdout(),
        "3\n5\nfull\ny\n"
    );
}

/// Root has `CAP_MKNOD` as in Docker, and no device cgroup stands behind it: the mounts must not honour nodes.
fn devices_made_by_root_do_not_work() {
    let script = "for d in / /dev /dev/shm /tmp /work /mnt; do
            mknod $d/disk b 7 0 && mknod $d/zero2 c 1 5 || echo cannot make in $d
            cat $d/disk 2>&1; head -c 1 $d/zero2 2>&1
        done";
    let mut fixture = Fixture::new(script);
    let host = crate::support::temporary();
    fixture.sandbox.mounts = vec![
        sandbox::Mount {
            target: "/work".into(),
            kind: sandbox::MountKind::Tmpfs {
                size: None,
                mode: 0o755,
                no_execute: false,
            },
        },
        sandbox::Mount {
            target: "/mnt".into(),
            kind: sandbox::MountKind::Bind {
                source: crate::support::bind_of(host.path()),
                path: "".into(),
                read_only: false,
            },
        },
    ];
    let stdout = fixture.run().unwrap().stdout;
    assert_eq!(stdout.matches("Permission denied").count(), 12, "{stdout}");
    assert!(!stdout.contains("cannot make"), "{stdout}");
}

fn the_image_cannot_redirect_dev() {
    let fixture = Fixture::prepared("true", |root| {
        std::os::unix::fs::symlink("/tmp", root.join("devices")).unwrap();
        // The overlay's upper hides the base's directory.
        std::os::unix::fs::symlink("/tmp", root.join("dev")).unwrap();
    });
    let error = fixture.run().unwrap_err();
    assert_eq!(error.to_string(), "cannot prepare mount point `/dev`");
}

fn shared_memory() {
    let mut fixture =
        Fixture::new("df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; stat -c %a /dev/shm");
    fixture.sandbox.shm_size = 1 << 20;
    assert_eq!(fixture.stdout(), "1024\n1777\n");
}
