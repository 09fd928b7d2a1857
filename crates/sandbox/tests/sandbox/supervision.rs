//! Users and owners in a user namespace of a single ID, as a supervisor makes them up.

use std::path::Path;
use std::process::{Command, ExitCode};

use sandbox::{
    Error, Identity, Mount, MountKind, Sandbox, Seccomp, Stdio, User, enter_user_namespace,
};

use crate::harness::tests;
use crate::ordinary_user::{as_user, home};
use crate::support::{bind_of, chain, overlay, run, shell};

tests![
    owners_are_seen_and_recorded,
    owners_are_kept_by_later_sandboxes,
    what_a_user_makes_is_the_users,
    directories_pass_their_group_on,
    umasks_and_modes,
    identities,
    only_root_gives_away,
    programs_set_ids,
    a_failed_execution_sets_nothing,
    the_record_is_hidden,
    times_of_links_leave_their_owners,
    sockets_have_owners_and_peers,
    the_token_is_hidden,
    other_roots,
    devices,
    links_are_followed_as_the_process_would,
    no_way_past_the_supervisor,
    no_way_out_through_the_supervisor,
    every_process_has_its_own_identity,
    a_lost_supervisor_is_an_error,
    a_failed_start_is_told,
    supervisors_end,
];

/// Runs a script in a sandbox under a supervisor: the directory, the script, the user, then `perl` for a script of perl's.
pub(crate) fn supervised() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, script, uid, rest @ ..] = arguments.as_slice() else {
        return ExitCode::FAILURE;
    };
    let entered = enter_user_namespace();
    assert!(
        matches!(entered, Ok(Identity::Single { .. })),
        "{entered:?}"
    );
    rootfs::record_owners();
    let mut sandbox = place(Path::new(directory));
    // Hostile scripts know the number of a process outside.
    let script = &script.replace("OUTSIDE", &std::process::id().to_string());
    let mut process = shell(script);
    let uid = uid.parse().unwrap();
    process.user = User {
        uid,
        gid: uid,
        groups: vec![uid],
    };
    match rest.first().map(String::as_str) {
        Some("perl") => {
            sandbox.mounts = of_host(&["usr", "lib", "lib64"]);
            process.args = ["/usr/bin/perl", "-e", script].map(Into::into).into();
        }
        Some("unconfined") => {
            sandbox.mounts = of_host(&["usr", "lib", "lib64"]);
            sandbox.seccomp = Seccomp::Unconfined;
            sandbox.capabilities = sandbox::Capabilities::ALL;
            process.args = ["/usr/bin/perl", "-e", script].map(Into::into).into();
        }
        Some("nowhere") => process.cwd = "/etc/passwd".into(),
        Some("lose") => return lose_supervisor(&sandbox, &process),
        _ => {}
    }
    match run(&sandbox, &process) {
        Ok(output) => print!("{}{}", output.stdout, output.stderr),
        Err(error) => println!("{}\nhint: {:?}", chain(&error), error.hint()),
    }
    assert_eq!(supervisors(), Vec::<i32>::new());
    ExitCode::SUCCESS
}

fn place(directory: &Path) -> Sandbox {
    let path = |name| directory.join(name);
    Sandbox::new(overlay(&path("base"), &path("upper"), &path("work")))
}

fn of_host(names: &[&str]) -> Vec<Mount> {
    let paths = names.iter().map(|name| Path::new("/").join(name));
    paths
        .filter(|path| path.exists())
        .map(|path| Mount {
            kind: MountKind::Bind {
                source: bind_of(&path),
                path: "".into(),
                read_only: true,
            },
            target: path,
        })
        .collect()
}

/// The supervisors that this process has started and that are there.
fn supervisors() -> Vec<i32> {
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    let is_supervisor = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with(b"step-supervisor")
    };
    let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
    children.filter(is_supervisor).collect()
}

fn lose_supervisor(sandbox: &Sandbox, process: &sandbox::Process) -> ExitCode {
    let mut child = sandbox::spawn(sandbox, process, Stdio::null().unwrap()).unwrap();
    for pid in supervisors() {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    match child.wait() {
        Err(error @ Error::SupervisorLost { .. }) => print!("{error}"),
        other => print!("{other:?}"),
    }
    ExitCode::SUCCESS
}

/// What a shell's script says, run by `uid` in a directory of the user's.
fn says_in(home: &Path, script: &str, uid: &str) -> String {
    as_user("supervised", &[home.to_str().unwrap(), script, uid], "")
}

fn says(script: &str, uid: &str) -> String {
    says_in(home().path(), script, uid)
}

fn perl(script: &str, uid: &str) -> String {
    let home = home();
    let path = home.path().to_str().unwrap();
    as_user("supervised", &[path, script, uid, "perl"], "")
}

fn owners_are_seen_and_recorded() {
    let home = home();
    let script = "cd /tmp; touch f; mkdir d; ln -s f l; mkfifo p; chown 5:6 f; chown 7 d; chown -h 8:9 l; chown :10 p
        chown 12 l; stat -c '%n %u:%g' f d l p /etc/passwd; chown :3 f; stat -c %u:%g f; chown 0:0 d; stat -c %u:%g d
         chmod 4755 f; chown 5 f; stat -c %a f";
    let expected = "f 12:9\nd 7:0\nl 8:9\np 0:10\n/etc/passwd 0:0\n12:3\n0:0\n755\n";
    assert_eq!(says_in(home.path(), script, "0"), expected);
    let of = |name: &str| {
        let mut value = [0; 64];
        let path = home.path().join("upper/tmp").join(name);
        rustix::fs::getxattr(path, rootfs::OWNER, &mut value)
            .map(|length| String::from_utf8(value[..length].to_vec()).unwrap())
    };
    assert_eq!(of("f").unwrap(), "5:3");
    assert!(of("d").is_err());
    let link = std::os::unix::fs::MetadataExt::atime(
        &std::fs::symlink_metadata(home.path().join("upper/tmp/l")).unwrap(),
    );
    assert!(link >= 1 << 33, "{link}");
}

/// The layer becomes a base, and what changes is copied up.
fn owners_are_kept_by_later_sandboxes() {
    let home = home();
    let script =
        "echo a > /work/f; chown 5:6 /work/f; chown 7:8 /work; ln -s f /work/l; chown -h 9 /work/l";
    assert_eq!(says_in(home.path(), script, "0"), "");
    let path = |name| home.path().join(name);
    for name in ["work/f", "work/l"] {
        let copied = Command::new("mv")
            .arg(path("upper").join(name))
            .arg(path("base/work"))
            .status();
        assert!(copied.unwrap().success());
    }
    std::fs::remove_dir_all(path("upper/work")).unwrap();
    let script = "cd /work; stat -c %u:%g f l; echo b >> f; mv l m; chmod 600 f; stat -c '%u:%g %a' f m; cat f";
    let said = says_in(home.path(), script, "0");
    assert_eq!(said, "5:6\n9:0\n5:6 600\n9:0 777\na\nb\n");
}

fn what_a_user_makes_is_the_users() {
    let script = "cd /tmp; echo a > f; mkdir d; ln -s f l; mkfifo p; cp f d/g; mv d/g h; echo b >> f
        stat -c '%n %u:%g %F' f d l p h; cat f; id -u; id -G; touch /work/new && stat -c %u /work/new";
    let expected = "f 5:5 regular file\nd 5:5 directory\nl 5:5 symbolic link\np 5:5 fifo\nh 5:5 regular file\na\nb\n5\n5\n5\n";
    assert_eq!(says(script, "5"), expected);
}

fn directories_pass_their_group_on() {
    let script = "cd /tmp; mkdir d; chown 3:4 d; chmod 2775 d; touch d/f; mkdir d/e; touch d/e/g
        stat -c '%n %u:%g %a' d/f d/e d/e/g";
    assert_eq!(
        says(script, "0"),
        "d/f 0:4 644\nd/e 0:4 2755\nd/e/g 0:4 644\n"
    );
}

fn umasks_and_modes() {
    let script = "cd /tmp; umask 027; touch f; mkdir d; umask 0; mkfifo p; mkdir -m 1777 t; stat -c '%n %a' f d p t";
    assert_eq!(says(script, "5"), "f 640\nd 750\np 666\nt 1777\n");
}

fn identities() {
    let script = "use POSIX; $) = '6 6 7 8'; print $), ' '; $( = 6; $> = 5; print \"$<,$> \"; open F, '>', '/tmp/f'; \
        print join(':', (stat F)[4, 5]), ' '; $> = 0; print \"$> \"; POSIX::setuid(9); print \"$<,$> \"; $> = 0; \
        print \"$> $!\"";
    assert_eq!(
        perl(script, "0"),
        "6 6 7 8 0,5 5:6 0 9,9 9 Operation not permitted"
    );
}

fn only_root_gives_away() {
    let script =
        "cd /tmp; touch f; chown 6 f; chown :6 f; chown :5 f && echo own; chown 5 /etc/passwd";
    let said = says(script, "5");
    assert_eq!(said.matches("not permitted").count(), 3, "{said}");
    assert!(said.starts_with("own\n"), "{said}");
}

fn programs_set_ids() {
    let home = home();
    let prepare = "mkdir /suid; cp /bin/busybox /suid/; chmod 4755 /suid/busybox; cp /bin/busybox /suid/games; ln -s games /suid/id
        chown :60 /suid/games; chmod 2755 /suid/games; printf '#!/bin/sh\\nid -u\\n' > /suid/script; chmod 4755 /suid/script
        printf 'root::0:0::/root:/bin/sh\\nann:x:1000:1000::/:/bin/sh\\n' > /etc/passwd; cat /etc/passwd > /dev/null
        su ann -c '/suid/busybox su -c \"id -u\"; /suid/script; id -u; /suid/id -g; sh -c \"id -g\"'";
    // busybox gives the group up in applets that do not need it.
    let said = says_in(home.path(), prepare, "0");
    assert!(said.starts_with("0\n1000\n1000\n"), "{said}");
}

fn a_failed_execution_sets_nothing() {
    let script = "chdir '/tmp'; open F, '>', 'x'; print F \"\\x7fnothing\"; close F; chmod 04755, 'x'; $( = $) = 5; \
        POSIX::setuid(5); $x = './x'; syscall(EXECVE, $x, 0, 0); print $!{ENOEXEC} > 0, ' ', $>";
    let script = script.replace("EXECVE", &libc::SYS_execve.to_string());
    assert_eq!(perl(&format!("use POSIX; use Errno; {script}"), "0"), "1 5");
}

fn the_record_is_hidden() {
    let [list, get, set, remove] = [
        libc::SYS_listxattr,
        libc::SYS_getxattr,
        libc::SYS_setxattr,
        libc::SYS_removexattr,
    ];
    let script = format!(
        "use Errno; chdir '/tmp'; open F, '>', 'f'; chown 5, 6, 'f'; ($p, $o, $b, $x, $y) = ('f', 'user.carafe.owner', ' ' x 99, 'x', '1:1'); \
         print syscall({list}, $p, $b, 99), ' '; $e = 'user.else'; syscall({set}, $p, $e, $x, 1, 0); \
         $n = syscall({list}, $p, $b, 99); print substr($b, 0, $n - 1), ' '; print syscall({list}, $p, 0, 0), ' '; \
         syscall({list}, $p, $b, 3); print $!{{ERANGE}} > 0, ' '; \
         syscall({get}, $p, $o, $b, 99); print $!{{ENODATA}} > 0, ' '; syscall({set}, $p, $o, $y, 3, 0); \
         print $!{{EPERM}} > 0, ' '; syscall({remove}, $p, $o); print $!{{ENODATA}} > 0, ' ', (stat 'f')[4]"
    );
    assert_eq!(perl(&script, "0"), "0 user.else 10 1 1 1 1 5");
}

fn times_of_links_leave_their_owners() {
    let script = "cd /tmp; ln -s x l; chown -h 5:6 l; touch -h -d @1000 l; stat -c '%u:%g %X %Y' l
        mkfifo p; chown 7 p; touch -d @2000 p; stat -c '%u %X %Y' p; cp -a l m; cp -a p q; stat -c %u:%g m q";
    assert_eq!(says(script, "0"), "5:6 1000 1000\n7 2000 2000\n5:6\n7:0\n");
}

fn sockets_have_owners_and_peers() {
    let script = "use Socket; chdir '/tmp'; socket(S, PF_UNIX, SOCK_STREAM, 0); $) = $( = 6; $> = $< = 5; \
        bind(S, pack_sockaddr_un('s')) or die $!; listen(S, 1); print join(':', (lstat 's')[4, 5]), ' '; \
        print unpack_sockaddr_un(getsockname(S)), ' '; \
        if (!fork) { socket(C, PF_UNIX, SOCK_STREAM, 0); connect(C, pack_sockaddr_un('/tmp/s')); sleep 9; exit } \
        accept(A, S); ($p, $u, $g) = unpack('iII', getsockopt(A, SOL_SOCKET, SO_PEERCRED)); \
        print \"$u:$g \", kill(9, $p)";
    assert_eq!(perl(script, "0"), "5:6 s 5:6 1");
}

fn the_token_is_hidden() {
    let script = format!(
        "$b = '-' x 16; $n = pack('QQ', 7, 7); syscall({}, 10, $b); print join(',', unpack('qq', $b)), ' '; \
         print syscall({}, 0, 10, $n, 0), ' '; $b = '-' x 16; syscall({}, 0, 10, 0, $b); \
         print join(',', unpack('qq', $b)), ' ', $>",
        libc::SYS_getrlimit,
        libc::SYS_prlimit64,
        libc::SYS_prlimit64,
    );
    assert_eq!(perl(&script, "5"), "-1,-1 0 -1,-1 5");
}

/// A file of a chroot is not the one of the same name outside.
fn other_roots() {
    let script = "mkdir -p /jail/bin /jail/tmp; cp /bin/busybox /jail/bin/; touch /tmp/f /jail/tmp/f
        chroot /jail /bin/busybox chown 5:6 /tmp/f; stat -c %u:%g /tmp/f /jail/tmp/f
        chroot /jail /bin/busybox stat -c %u /tmp/f; touch /jail/only; chroot /jail /bin/busybox chown 7 /only; stat -c %u /jail/only";
    assert_eq!(says(script, "0"), "0:0\n5:6\n5\n7\n");
    assert!(says("chroot / true", "5").contains("not permitted"));
}

/// They are files that stand for devices. A device 0:0 would be a deleted file in a layer.
fn devices() {
    let script = "cd /tmp; mknod -m 660 c c 1 3; mknod b b 8 300; chown 5:6 b; cp -a b d; mv d e; chmod 4711 e
        stat -c '%n %F %t:%T %u:%g %a' c b e; mknod n c 0 0; ls; echo x > c; stat -c %s c";
    let expected = "c character special file 1:3 0:0 660\nb block special file 8:12c 5:6 644\n\
        e block special file 8:12c 5:6 4711\nb\nc\ne\n0\nmknod: n: Operation not permitted\n";
    assert_eq!(says(script, "0"), expected);
    assert!(says("mknod /tmp/c c 1 3", "5").contains("not permitted"));
}

fn no_way_past_the_supervisor() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let script = format!(
        "use Errno; for $n ({}, 463, 464, 465, 466) {{ syscall($n, 9, 9, 9, 9); print $!{{ENOSYS}} > 0 ? 1 : 0 }}",
        libc::SYS_io_uring_setup
    );
    let said = as_user("supervised", &[path, &script, "0", "unconfined"], "");
    assert_eq!(said, "11111");
    #[cfg(target_arch = "x86_64")]
    {
        // chown of the x32 ABI.
        let script = "use Errno; $p = '/tmp'; syscall(0x40000000 + 92, $p, 5, 5); print $!{ENOSYS} > 0 ? 1 : 0";
        assert_eq!(perl(script, "0"), "1");
    }
}

fn links_are_followed_as_the_process_would() {
    let script = "cd /tmp; mkdir d; ln -s d/to l; ln -s /tmp/d/last d/to; echo a > l; stat -c '%n %u' d/last; cat l
        ln -s /dev/stdout log; echo b > log; ln -s /proc/self/fd/1 out; echo c > out; ls d";
    assert_eq!(says(script, "5"), "d/last 5\na\nb\nc\nlast\nto\n");
    let script = "cd /tmp; ln -s /dev/stdout log; chown 5 log && stat -L -c %u /dev/stdout; stat -c %u /dev/stdout; stat -c %u log";
    assert_eq!(says(script, "0"), "5\n0\n0\n");
}

/// The supervisor sees all processes of the user's; a path of the sandbox must not lead there.
fn no_way_out_through_the_supervisor() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let target = home.path().join("escaped");
    let script = "for w in /proc/self/.. /proc/self/fd/../.. /proc/thread-self/../../.. /dev/fd/../.. /proc/self/task/../.. /proc; do
        for p in OUTSIDE self; do echo x > $w/$p/rootTARGET; mkdir $w/$p/rootTARGET; chown 5 $w/$p/rootTARGET/..; done; done; \
        cd /proc/self; echo x > ../OUTSIDE/rootTARGET; ln -s /proc/self/../OUTSIDE/rootTARGET /tmp/l; echo x > /tmp/l; \
        ln -s ../../../../../../../../..TARGET /tmp/m; echo x > /tmp/m";
    let script = script.replace("TARGET", target.to_str().unwrap());
    for uid in ["5", "0"] {
        let script = format!("({script}) 2> /dev/null; true");
        as_user("supervised", &[path, &script, uid], "");
        assert!(!target.exists());
    }
    let mut value = [0; 64];
    assert!(rustix::fs::getxattr(home.path(), rootfs::OWNER, &mut value).is_err());
}

fn every_process_has_its_own_identity() {
    let script = "printf 'root:x:0:0::/:/bin/sh\\nann:x:7:7::/:/bin/sh\\nbob:x:8:8::/:/bin/sh\\n' > /etc/passwd
        for user in ann bob; do su $user -c 'for i in 1 2 3 4 5 6 7 8; do touch /tmp/$(id -u).$i; done' & done; wait
        (su ann -c 'sleep 0.2; id -u > /tmp/orphan' &); sleep 0.5; cat /tmp/orphan; stat -c %u /tmp/orphan
        stat -c '%u' /tmp/7.* | sort -u; stat -c %u /tmp/8.* | sort -u; id -u";
    assert_eq!(says(script, "0"), "7\n7\n7\n8\n0\n");
}

fn a_lost_supervisor_is_an_error() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let said = as_user("supervised", &[path, "sleep 100; id -u", "0", "lose"], "");
    assert_eq!(
        said,
        "the supervisor of users and owners ended before the program did (signal 9)"
    );
}

/// What keeps a sandbox from being made is told, and not that its supervisor has nothing to do.
fn a_failed_start_is_told() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let said = as_user("supervised", &[path, "true", "0", "nowhere"], "");
    assert!(
        said.starts_with("cannot enter working directory `/etc/passwd`"),
        "{said}"
    );
}

fn supervisors_end() {
    // Also when processes are left behind in the sandbox, and when the program is not there.
    assert_eq!(says("sleep 100 & exit 0", "0"), "");
    let home = home();
    let said = says_in(home.path(), "exec /nothing", "5");
    assert!(said.contains("not found"), "{said}");
}
