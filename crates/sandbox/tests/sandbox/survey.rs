//! What the machine is said to allow.

use std::process::ExitCode;

use sandbox::survey::{self, Filters};
use sandbox::{Controller, Foreign, IdMaps, Refusal};

use crate::harness::tests;
use crate::ordinary_user::as_user;

tests![
    root_may_all,
    an_ordinary_user_may_less,
    a_chroot_is_told,
    nothing_stays
];

fn root_may_all() {
    survey::try_user_namespace().unwrap();
    survey::try_sandbox().unwrap();
    survey::try_idmapped_mount(std::path::Path::new("/tmp")).unwrap();
    let filters = Filters::survey();
    assert!(filters.available && filters.notification && !filters.confined);
    let found = Foreign::survey(&[]);
    assert_eq!(found.len(), 8);
    assert_eq!(Controller::survey()[2].name, "memory");
}

/// Tells what an ordinary user finds.
pub(crate) fn report() -> ExitCode {
    match survey::try_user_namespace() {
        Ok(()) => println!("can"),
        Err(sandbox::Error::UserNamespace { refusal, .. }) => {
            println!("{}", refusal == Refusal::Chroot);
        }
        Err(error) => println!("{error}"),
    }
    let mapped = survey::try_idmapped_mount(std::path::Path::new("/tmp")).is_ok();
    let maps = IdMaps::of(rustix::process::geteuid().as_raw());
    println!("{mapped} {} {} {:?}", maps.uids, maps.gids, maps.user);
    ExitCode::SUCCESS
}

fn an_ordinary_user_may_less() {
    assert_eq!(as_user("survey", &[], ""), "can\nfalse 0 0 None\n");
}

fn a_chroot_is_told() {
    // A directory that is no mount has all that the program needs.
    let setup = "mkdir /tmp/chroot.$$; mount -t tmpfs x /tmp/chroot.$$; cd /tmp/chroot.$$; mkdir -p r; cd r
        for d in bin sbin etc lib lib64 usr proc dev; do
            if [ -L /$d ]; then cp -a /$d .; elif [ -d /$d ]; then mkdir $d; mount --rbind /$d $d; fi
        done
        mkdir -p tmp; mkdir -p .$(dirname $1); cp $1 .$1
        set -- chroot . \"$@\"
        exec chroot . setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all bash -c 'exec -a survey \"$0\"' \"$3\"";
    let stdout = as_user("survey", &[], setup);
    assert!(stdout.starts_with("true\n"), "{stdout}");
}

fn nothing_stays() {
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = mounts();
    for _ in 0..3 {
        survey::try_user_namespace().unwrap();
        survey::try_sandbox().unwrap();
    }
    assert_eq!(before, mounts());
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    for child in children.split_whitespace() {
        // The guard of sandboxes lives as long as this process.
        let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap();
        assert!(line.starts_with(b"step-guard"), "{line:?}");
    }
}
