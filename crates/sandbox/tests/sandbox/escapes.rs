//! Ways out of a container that once worked somewhere, each tried. Those of working directories and inherited
//! descriptors are in `process`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::ExitCode;

use sandbox::Network;

use crate::harness::tests;
use crate::privileges::perl;
use crate::support::Fixture;

tests![
    helpers_of_the_kernel_cannot_be_set,
    control_groups_have_no_release_agent,
    control_groups_do_not_tell_the_host,
    masks_do_not_come_from_the_image,
    proc_cannot_be_redirected,
    nothing_is_above_the_root,
    nobody_outside_can_be_traced,
    no_way_by_sockets_and_calls,
    links_of_processes_stay_inside,
    no_capability_by_a_file,
    the_own_executable_cannot_be_written,
];

/// What the kernel executes, or obeys, on the host: CVE-2022-0492 and many more. With all capabilities but that of
/// mounting, too.
fn helpers_of_the_kernel_cannot_be_set() {
    let files = "/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug \
        /proc/sys/kernel/poweroff_cmd /proc/sys/fs/binfmt_misc/register /proc/sysrq-trigger /proc/sys/vm/panic_on_oom \
        /proc/sys/kernel/ns_last_pid /proc/irq/default_smp_affinity /proc/fs/nfsd/x /proc/bus/pci/00/00.0 \
        /sys/kernel/uevent_helper /sys/power/state /sys/kernel/mm/transparent_hugepage/enabled /sys/module/x \
        /sys/bus/pci/rescan /sys/block/vda/uevent";
    let script =
        format!("for f in {files}; do (echo '|/x' > $f) 2>/dev/null && echo $f; done; true");
    assert_eq!(Fixture::new(&script).stdout(), "");
    let mut fixture = Fixture::new(&script);
    fixture.sandbox.capabilities =
        sandbox::Capabilities::ALL.without(sandbox::Capability::SysAdmin);
    assert_eq!(fixture.stdout(), "");
}

/// Where on the host this is: nobody's business.
fn control_groups_do_not_tell_the_host() {
    let script = "cut -d: -f3 /proc/self/cgroup | sort -u; grep -c '/null .*nosuid,noexec' /proc/self/mountinfo";
    let stdout = Fixture::new(script).stdout();
    assert!(
        stdout.starts_with("/\n") && stdout.lines().count() == 2,
        "{stdout}"
    );
}

/// CVE-2022-0492: mounting cgroup version 1 gives its `release_agent`.
fn control_groups_have_no_release_agent() {
    let script = "mkdir /c; mount -t cgroup -o memory x /c 2>/dev/null && echo mounted
        unshare -rm mount -t cgroup -o memory x /c 2>/dev/null && echo mounted
        find /sys/fs/cgroup -name release_agent 2>/dev/null; mkdir /sys/fs/cgroup/x 2>/dev/null && echo made; true";
    assert_eq!(Fixture::new(script).stdout(), "");
}

/// CVE-2025-31133: a link in the image in place of `/dev/null`, which a runtime binds over what it hides.
/// CVE-2025-52565: the same for `/dev/console`.
fn masks_do_not_come_from_the_image() {
    let before = fs::read("/proc/sys/kernel/core_pattern").unwrap();
    let script =
        "wc -c < /proc/keys; readlink /dev/null; stat -c %F:%t:%T /dev/null; echo x > /dev/null
        (echo '|/x' > /proc/sys/kernel/core_pattern) 2>/dev/null || echo kept; ls /pwned";
    let fixture = Fixture::prepared(script, |root| {
        fs::create_dir(root.join("dev")).unwrap();
        for name in ["null", "console", "tty", "pts", "shm", "fd"] {
            symlink("/proc/sys/kernel/core_pattern", root.join("dev").join(name)).unwrap();
        }
        fs::create_dir(root.join("pwned")).unwrap();
    });
    let expected = "0\ncharacter special file:1:3\nkept\n";
    assert_eq!(fixture.stdout(), expected);
    assert_eq!(before, fs::read("/proc/sys/kernel/core_pattern").unwrap());
}

/// CVE-2019-19921, CVE-2023-28642, CVE-2025-52881: `/proc` of the image leads elsewhere, so that what is written to it, or
/// hidden in it, is something else.
fn proc_cannot_be_redirected() {
    for target in ["/work", "/work/../sys", "/proc", "/nowhere", "self"] {
        let fixture = Fixture::prepared("cat /proc/1/comm; wc -c < /proc/keys", |root| {
            symlink_over(root, "proc", target);
            symlink_over(root, "sys", target);
            symlink_over(root, "dev", target);
        });
        match fixture.run() {
            Ok(output) => assert_eq!(output.stdout, "cat\n0\n", "{target}: {output:?}"),
            Err(error) => assert!(error.to_string().starts_with("cannot "), "{error}"),
        }
    }
}

fn symlink_over(root: &Path, name: &str, target: &str) {
    symlink(target, root.join(name)).unwrap();
}

/// The classic way out of a chroot; and the old root, which must not be there.
fn nothing_is_above_the_root() {
    let script = "mkdir '/x'; opendir(D, '/'); chroot('/x') or print 'no chroot '; chdir('..') for 1..50; chroot('.');
        print -e '/etc/hosts' && !-e '/etc/debian_version' ? 'inside' : 'outside'; print -e '/bin/busybox' ? 1 : 0;
        print syscall(NUMBER, -1, 0) + 0";
    let script = script.replace("NUMBER", &libc::SYS_setns.to_string());
    assert_eq!(perl(&script).stdout(), "inside1-1");
}

/// ptrace(2) and process_vm_readv(2) need a number, and no process outside has one here.
fn nobody_outside_can_be_traced() {
    let own = std::process::id();
    let script = format!(
        "for $pid ({own}, getppid()) {{ print syscall({}, 16, $pid, 0, 0) + 0, kill(0, $pid) && $pid ? 'seen' : 'no', ' ' }}
        print join(',', grep {{ /^\\d+$/ }} map {{ s/.*\\///r }} glob('/proc/[0-9]*'))",
        libc::SYS_ptrace
    );
    assert_eq!(perl(&script).stdout(), "-1no -1no 1");
}

/// Families of sockets that reach the host whatever the network (`AF_VSOCK`), or much of its kernel (`AF_ALG` is in Docker's
/// profile); calls that did.
fn no_way_by_sockets_and_calls() {
    let script =
        "for $family (40, 16, 31) { print socket(S, $family, 3, 0) ? 'yes' : $! + 0, ' ' }";
    let mut fixture = perl(script);
    fixture.sandbox.network = Network::Host;
    let stdout = fixture.stdout();
    assert!(stdout.starts_with("1 "), "{stdout}");

    // open_by_handle_at(2) found the host's files by number ("shocker"); the rest had or have holes.
    let calls = [
        libc::SYS_open_by_handle_at,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_userfaultfd,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_fsopen,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_mount_setattr,
        libc::SYS_pivot_root,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_fanotify_init,
        libc::SYS_move_pages,
        libc::SYS_quotactl,
        libc::SYS_syslog,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_acct,
        libc::SYS_settimeofday,
    ];
    let numbers = calls.map(|number| number.to_string()).join(",");
    let script = format!(
        "for $n ({numbers}) {{ $! = 0; $r = syscall($n, -1, -1, -1, -1, -1); print \"$n:\", $r < 0 ? $! + 0 : 0, ' ' \
         if $r >= 0 || $! != 1 }}"
    );
    assert_eq!(
        perl(&script).stdout(),
        "",
        "these are not refused with EPERM"
    );
}

/// `/proc/PID/root`, `cwd` and `fd` of what can be seen are the sandbox's.
fn links_of_processes_stay_inside() {
    let script =
        "readlink /proc/1/root; ls /proc/1/root/ | grep -c busybox.escape; readlink /proc/self/cwd
        cat /proc/1/root/../../../etc/hosts; ls /proc/1/fd; true";
    let mut fixture = Fixture::new(script);
    fixture.sandbox.hosts = b"inside\n".into();
    assert_eq!(fixture.stdout(), "/\n0\n/\ninside\n0\n1\n2\n");
}

/// A program with file capabilities gives its user no more than the sandbox has, and with less than it asks for it does not
/// start.
fn no_capability_by_a_file() {
    let fixture = Fixture::prepared("", |root| {
        fs::create_dir(root.join("c")).unwrap();
        for (name, capabilities) in [
            ("all", "=ep"),
            ("some", "cap_chown=ep"),
            ("inherit", "all=i"),
        ] {
            fs::create_dir(root.join("c").join(name)).unwrap();
            let file = root.join("c").join(name).join("busybox");
            fs::copy(testkit::busybox(), &file).unwrap();
            let set = std::process::Command::new("setcap")
                .arg(capabilities)
                .arg(&file)
                .status();
            assert!(set.unwrap().success());
        }
    });
    let mut fixture = fixture.user(1000, 1000, &[]);
    let script = "/c/all/busybox grep CapEff /proc/self/status || echo refused; /c/some/busybox grep CapEff /proc/self/status
        /c/inherit/busybox grep CapEff /proc/self/status";
    fixture.process.args = ["/bin/sh", "-c", script].map(Into::into).into();
    let output = fixture.run().unwrap();
    assert_eq!(
        output.stdout, "refused\nCapEff:\t0000000000000001\nCapEff:\t0000000000000000\n",
        "{output:?}"
    );
}

/// CVE-2019-5736: an image whose program is the runtime's own executable, which then writes itself.
fn the_own_executable_cannot_be_written() {
    let mut fixture = perl("");
    let script = fixture.upper().join("script");
    fs::write(&script, "#!/proc/self/exe\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fixture.process.args = vec!["/script".into()];
    assert_eq!(fixture.stdout(), "Read-only file system (os error 30)\n");
}

/// Is this program as the program of a sandbox: tries to write itself.
pub(crate) fn own_executable() -> ExitCode {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    match accessat(CWD, "/proc/self/exe", Access::WRITE_OK, AtFlags::empty()) {
        Ok(()) => println!("can be written"),
        Err(errno) => println!("{errno}"),
    }
    ExitCode::SUCCESS
}
