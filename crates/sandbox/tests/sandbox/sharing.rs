//! Sandboxes of an ordinary user where parts of `/proc` are covered, as in a container of Docker's: they have no processes of their own.

use std::fs;

use crate::harness::tests;
use crate::ordinary_user::{as_user, home, with_ranges};

tests![
    programs_find_themselves,
    a_signal_to_all_stays_inside,
    what_is_left_is_killed,
    owners_are_made_up,
    nobody_gets_out_through_the_supervisor,
    owners_beyond_are_recorded,
];

/// What the kernel lets nobody get around, if there is no other `/proc`.
const COVERED: &str = "awk '$3 == \"proc\" && $2 != \"/proc\" { print $2 }' /proc/mounts | while read -r other; do umount -l \"$other\"; done
    mount -t tmpfs -o ro none /proc/fs; mount --bind /proc/irq /proc/irq";

fn says(role: &str, script: &str, uid: &str) -> String {
    let home = home();
    as_user(role, &[home.path().to_str().unwrap(), script, uid], COVERED)
}

fn programs_find_themselves() {
    let script = "readlink /proc/self/exe; [ $$ -gt 1 ] && echo shared; ls /proc/fs | wc -l; hostname; ls -d /sys/class
        cat /proc/timer_list; echo x 2> /dev/null > /proc/sys/kernel/domainname || echo protected";
    let said = says("ordinary-user", script, "0");
    let (_, said) = said.split_once('\n').unwrap();
    let once = "/bin/busybox\nshared\n0\nlocalhost\n/sys/class\nprotected\n";
    assert_eq!(said, format!("{once}{once}"));
}

fn a_signal_to_all_stays_inside() {
    let script = "trap 'echo caught' TERM; kill 0; echo after; exit 3";
    let said = says("ordinary-user", script, "0");
    let (_, said) = said.split_once('\n').unwrap();
    assert_eq!(said, "caught\nafter\n".repeat(2));
}

fn what_is_left_is_killed() {
    let script = "sleep 87654 & setsid sleep 87655 & (setsid setsid sleep 87656 &) ; exit 0";
    says("ordinary-user", script, "0");
    for process in fs::read_dir("/proc").unwrap() {
        let line = fs::read(process.unwrap().path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains("sleep\08765"), "{line}");
    }
}

fn owners_are_made_up() {
    let script = "cd /tmp; touch f; mkdir d; ln -s f l; chown 5:6 f; chown 7 d; chown -h 8:9 l; stat -c '%n %u:%g' f d l
        printf 'root:x:0:0::/:/bin/sh\\nann:x:7:7::/:/bin/sh\\n' > /etc/passwd; su ann -c 'id -u; touch d/g'; stat -c %u d/g
        echo a > /dev/stderr; ls -d /proc/self/cwd";
    let said = says("supervised", script, "0");
    assert_eq!(said, "f 5:6\nd 7:0\nl 8:9\n7\n7\n/proc/self/cwd\na\n");
}

/// The `/proc` of the sandbox leads to the roots of all processes; but nobody further than the sandbox itself could go.
fn nobody_gets_out_through_the_supervisor() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let target = home.path().join("escaped");
    let script = "for p in OUTSIDE self; do for w in /proc/$p/root /proc/$p/cwd /proc/self/../$p/root; do \
        echo x > ${w}TARGET; mkdir ${w}TARGET; ln -s x ${w}TARGET; mkfifo ${w}TARGET; chown 5 ${w}HOME; done; done; \
        ln -s /proc/OUTSIDE/rootTARGET /tmp/l; echo x > /tmp/l; cd /proc; echo x > OUTSIDE/rootTARGET; \
        ls /proc/OUTSIDE/root/ > /dev/null && echo seen > /tmp/seen; [ -e /tmp/seen ] && echo seen; [ -d /proc/OUTSIDE ] && echo there";
    let script = script
        .replace("TARGET", target.to_str().unwrap())
        .replace("HOME", path);
    for uid in ["5", "0"] {
        let script = format!("({script}) 2> /dev/null; true");
        assert_eq!(
            as_user("supervised", &[path, &script, uid], COVERED),
            "there\n"
        );
        assert!(fs::symlink_metadata(&target).is_err());
    }
    let mut value = [0; 64];
    assert!(rustix::fs::getxattr(home.path(), rootfs::OWNER, &mut value).is_err());
}

fn owners_beyond_are_recorded() {
    let home = home();
    let (_tools, setup) = with_ranges();
    let script = "cd /tmp; touch f; chown 5000:6000 f; chown 7 f; echo $(($$ > 1))";
    let arguments = [home.path().to_str().unwrap(), script, "0", ""];
    let said = as_user("recorded", &arguments, &format!("{COVERED}\n{setup}"));
    assert_eq!(said, "1\nf=7:6000\n");
}
