//! Sandboxes of a user who is not root.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, ExitCode};

use sandbox::{Identity, Network, Sandbox, enter_user_namespace};

use crate::harness::tests;
use crate::support::{chain, make_base, overlay, run, shell, temporary};

tests![
    root_needs_none,
    a_single_id,
    subordinate_ids,
    not_with_threads
];

/// A user that the machine does not have.
const USER: u32 = 54321;

fn root_needs_none() {
    assert_eq!(enter_user_namespace().unwrap(), Identity::Root);
}

/// Makes a user namespace, runs a script in a sandbox in it, and tells about both.
pub(crate) fn ordinary_user() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (directory, script) = (arguments.next().unwrap(), arguments.next().unwrap());
    let user: u32 = arguments.next().unwrap().parse().unwrap();
    match enter_user_namespace() {
        Ok(Identity::Single { reason }) => println!("single: {reason}"),
        Ok(identity) => println!("{identity:?}"),
        Err(error) => {
            println!("{}\nhint: {:?}", chain(&error), error.hint());
            return ExitCode::FAILURE;
        }
    }
    for network in [Network::None, Network::Host] {
        let path = |name: &str| Path::new(&directory).join(name);
        let mut sandbox = Sandbox::new(overlay(&path("base"), &path("upper"), &path("work")));
        sandbox.network = network;
        let mut process = shell(&script);
        process.user.uid = user;
        match run(&sandbox, &process) {
            Ok(output) => print!("{}{}", output.stdout, output.stderr),
            Err(error) => println!("{}\nhint: {:?}", chain(&error), error.hint()),
        }
    }
    ExitCode::SUCCESS
}

/// Has a thread when it asks for a user namespace.
pub(crate) fn user_with_threads() -> ExitCode {
    let thread = std::thread::spawn(std::thread::park);
    let error = enter_user_namespace().unwrap_err();
    thread.thread().unpark();
    thread.join().unwrap();
    print!("{error}");
    ExitCode::SUCCESS
}

/// Runs `role` with `arguments` as the ordinary user, after `setup` in a mount namespace of its own.
pub(crate) fn as_user(role: &str, arguments: &[&str], setup: &str) -> String {
    // A checkout may lie where only root gets to.
    let place = temporary();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = place.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let script = format!(
        "{setup}\nprogram=$1; shift\nexec setpriv --reuid {USER} --regid {USER} --clear-groups --inh-caps=-all \
         bash -c 'exec -a \"$0\" \"$@\"' {role} \"$program\" \"$@\""
    );
    let output = Command::new("unshare")
        .args(["--mount", "bash", "-ec", &script, "setup"])
        .arg(program)
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.is_empty(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// A directory of the user's with a base and what an overlay needs.
pub(crate) fn home() -> tempfile::TempDir {
    let home = temporary();
    for name in ["base", "upper", "work"] {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    make_base(&home.path().join("base"));
    let status = Command::new("chown")
        .args(["-R", &format!("{USER}:{USER}")])
        .arg(home.path())
        .status();
    assert!(status.unwrap().success());
    home
}

fn a_single_id() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let script = "id -u; touch /made; stat -c %u /made; echo x > /dev/null; grep CapEff /proc/self/status; \
        ls -d /sys/class /dev/pts/ptmx; hostname; chown 5 /made; rm /made";
    let stdout = as_user("ordinary-user", &[path, script, "0"], "");
    let once = "0\n0\nCapEff:\t00000000a80425fb\n/dev/pts/ptmx\n/sys/class\nlocalhost\n\
        chown: /made: Invalid argument\n";
    assert_eq!(
        stdout,
        format!("single: /etc/subuid has no line for this user\n{once}{once}")
    );

    let stdout = as_user("ordinary-user", &[path, "id", "5"], "");
    assert!(
        stdout.contains("cannot become user `5`: Invalid argument"),
        "{stdout}"
    );
    assert!(stdout.contains("/etc/subuid"), "{stdout}");
}

fn not_with_threads() {
    let stdout = as_user("user-with-threads", &[], "");
    assert_eq!(
        stdout,
        "cannot make a user namespace: this process has several threads"
    );
}

/// newuidmap(1) and newgidmap(1), as far as they are needed: set-user-ID programs that write a map.
pub(crate) fn stand_in_for_newuidmap() -> ExitCode {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap();
    let file = if name.ends_with("newuidmap") {
        "uid_map"
    } else {
        "gid_map"
    };
    let process = arguments.next().unwrap();
    let numbers: Vec<String> = arguments.collect();
    let map: String = numbers
        .chunks(3)
        .map(|line| line.join(" ") + "\n")
        .collect();
    fs::write(format!("/proc/{process}/{file}"), map).unwrap();
    ExitCode::SUCCESS
}

/// A directory with stand-ins for newuidmap and newgidmap, and what makes an own `/etc` that has ranges for the user: in a mount namespace,
/// as [`as_user`] takes it.
pub(crate) fn with_ranges() -> (tempfile::TempDir, String) {
    let tools = temporary();
    fs::set_permissions(tools.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["newuidmap", "newgidmap"] {
        let tool = tools.path().join(name);
        fs::copy(std::env::current_exe().unwrap(), &tool).unwrap();
        chown(&tool, Some(0), Some(0)).unwrap();
        fs::set_permissions(&tool, PermissionsExt::from_mode(0o4755)).unwrap();
    }
    let path = tools.path().to_str().unwrap();
    let setup = format!(
        "mkdir -p {path}/etc; cp -a /etc/passwd /etc/group {path}/etc
        echo {USER}:200000:1000 > {path}/etc/subuid
        echo {USER}:300000:500 > {path}/etc/subgid; echo {USER}:400000:500 >> {path}/etc/subgid
        mount --bind {path}/etc /etc
        PATH={path}:$PATH"
    );
    (tools, setup)
}

fn subordinate_ids() {
    let home = home();
    let path = home.path().to_str().unwrap();
    let (_tools, setup) = with_ranges();
    let script = "id -u; touch /made; chown 5:700 /made; stat -c %u:%g /made; grep Groups /proc/self/status; rm /made";
    let stdout = as_user("ordinary-user", &[path, script, "0"], &setup);
    let once = "0\n5:700\nGroups:\t \n";
    assert_eq!(
        stdout,
        format!("Subordinate {{ uids: 1001, gids: 1001 }}\n{once}{once}")
    );

    let script = "id -u; grep CapEff /proc/self/status";
    let stdout = as_user("ordinary-user", &[path, script, "7"], &setup);
    let once = "7\nCapEff:\t0000000000000000\n";
    assert_eq!(
        stdout,
        format!("Subordinate {{ uids: 1001, gids: 1001 }}\n{once}{once}")
    );
}
