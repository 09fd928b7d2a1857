//! What `carafe doctor` says of a machine, and that builds agree: as root, as an ordinary user with and without
//! subordinate ids, and where nothing works.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use crate::support::{Carafe, Said, said};

/// A user that the machine does not have.
const USER: &str = "54321";

/// carafe after `setup` (a shell's words, which run as root in a mount namespace of their own) as the ordinary user, who
/// gets all that is there, unless the store is the user's already: much in it belongs to subordinate ids then.
pub(crate) fn user_command(carafe: &Carafe, setup: &str, args: &[&str]) -> Command {
    let program = carafe.program_for_others();
    let store = fs::metadata(carafe.path("store")).map(|store| store.uid().to_string());
    if !store.is_ok_and(|owner| owner == USER) {
        let everything = Command::new("chown")
            .args(["-R", USER])
            .arg(carafe.path(""))
            .status();
        assert!(everything.unwrap().success());
    }
    let command = carafe.command_of(&program, args);
    let script = format!(
        "enter=\n{setup}\nexec $enter setpriv --reuid {USER} --regid {USER} --clear-groups --inh-caps=-all \"$@\""
    );
    let mut wrapped = Command::new("unshare");
    wrapped
        .args(["--mount", "bash", "-ec", &script, "setup"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(carafe.path(""))
        .env("HOME", carafe.path(""))
        .env("CONTAINERS_REGISTRIES_CONF", "/dev/null")
        .env("CARAFE_ROOT", carafe.path("store"));
    wrapped
}

fn as_user(carafe: &Carafe, setup: &str, args: &[&str]) -> Said {
    said(&user_command(carafe, setup, args).output().unwrap())
}

/// An `/etc` of the namespace's own, in which the user has these subordinate ids.
pub(crate) fn subordinate_ids(carafe: &Carafe) -> String {
    let etc = carafe.path("etc").display().to_string();
    format!(
        "mkdir -p {etc}; cp -a /etc/passwd /etc/group /etc/resolv.conf {etc}
        echo ann:x:{USER}:{USER}::/:/bin/sh >> {etc}/passwd
        echo ann:200000:65536 | tee {etc}/subuid > {etc}/subgid
        mount --bind {etc} /etc"
    )
}

fn fact(carafe: &Carafe, setup: &str, template: &str) -> (i32, String) {
    let said = as_user(carafe, setup, &["doctor", "--format", template]);
    assert_eq!(said.stderr, "", "{said:#?}");
    (said.code, said.stdout)
}

const SUMMARY: &str =
    "{{.Mode}} {{.Works}}{{range .Remedies}}{{if .Command}}|{{.Command}} ({{.By}}){{end}}{{end}}";

/// Whether something runs that has the store in its environment.
fn has_processes(carafe: &Carafe) -> bool {
    let store = carafe.path("store").display().to_string();
    let environments = fs::read_dir("/proc").unwrap().flatten();
    environments
        .filter_map(|entry| fs::read(entry.path().join("environ")).ok())
        .any(|environment| String::from_utf8_lossy(&environment).contains(&store))
}

#[test]
fn root_builds_and_nothing_is_left() {
    let carafe = Carafe::empty();
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = mounts();
    let text = carafe.ok(["doctor"]);
    assert!(text.starts_with("mode: root\n"), "{text}");
    for line in ["sandbox of a RUN", "overlay mounts", "user namespaces"] {
        let line = text.lines().find(|found| found.starts_with(line));
        let mut words = line.unwrap().split_whitespace();
        assert!(words.any(|word| word == "ok"), "{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&carafe.ok(["doctor", "--format", "json"])).unwrap();
    assert_eq!(
        (&json["Works"], &json["Mode"]),
        (&true.into(), &"root".into())
    );
    assert_eq!(json["Limits"], serde_json::json!([]));
    assert_eq!(before, mounts());
    assert!(!has_processes(&carafe), "processes");
    assert_eq!(fs::read_dir(carafe.path("")).unwrap().count(), 0, "files");

    // In a store that is there, nothing stays either.
    carafe.ok(["images"]);
    carafe.ok(["doctor"]);
    assert_eq!(fs::read_dir(carafe.path("store/tmp")).unwrap().count(), 0);
    carafe.fails(2, ["doctor", "--format", "{{.Nope"]);
}

#[test]
fn an_ordinary_user_with_a_single_id() {
    let carafe = Carafe::empty();
    let (code, text) = fact(&carafe, "", SUMMARY);
    assert_eq!(code, 0);
    assert!(text.starts_with("single true"), "{text}");
    // newuidmap does nothing for a user without a name.
    let advice = format!("|useradd --uid {USER} carafe (root of this machine)");
    assert!(text.contains(&advice), "{text}");
    let named = subordinate_ids(&carafe).replace("ann:200000", "bob:200000");
    let (_, text) = fact(&carafe, &named, SUMMARY);
    let advice = "|usermod --add-subuids 265536-331071 --add-subgids 265536-331071 ann (root of this machine)";
    assert!(text.contains(advice), "{text}");
    let said = as_user(&carafe, "", &["doctor"]);
    assert!(
        said.stdout.contains("USER app can write what root can"),
        "{said:#?}"
    );
}

#[test]
fn an_ordinary_user_with_subordinate_ids() {
    let carafe = Carafe::empty();
    let (code, text) = fact(&carafe, &subordinate_ids(&carafe), "{{.Description}}");
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "ordinary user with subordinate ids: 65537 user ids, 65537 group ids\n"
    );
    // Privileges cannot be gained: newuidmap is set-user-ID for nothing.
    let setup = subordinate_ids(&carafe).replace("mkdir", "mkdir -p");
    let said = as_user(
        &carafe,
        &setup,
        &[
            "doctor",
            "--format",
            "{{.Mode}}|{{range .Remedies}}{{.Gain}}{{end}}",
        ],
    );
    assert!(said.stdout.starts_with("subordinate|"), "{said:#?}");
    let setup = format!("{setup}\nset -- setpriv --no-new-privs \"$@\"");
    let (code, text) = fact(
        &carafe,
        &setup,
        "{{.Mode}}|{{range .Remedies}}{{.Gain}}{{end}}",
    );
    assert_eq!(code, 0);
    assert!(text.starts_with("single|"), "{text}");
    assert!(text.contains("without no_new_privs"), "{text}");
}

/// `user.max_user_namespaces` counts in each user namespace: it is set to 0 in one that has the user's id.
const NO_NAMESPACES: &str = "unshare --user sleep 1000 & pid=$!
    until [ \"$(readlink /proc/$pid/ns/user)\" != \"$(readlink /proc/self/ns/user)\" ]; do sleep 0.01; done
    echo 0 0 100000 > /proc/$pid/uid_map; echo 0 0 100000 > /proc/$pid/gid_map
    exec 3< /proc/$pid/ns/user; kill $pid
    enter='nsenter --user=/proc/self/fd/3'
    $enter sh -c 'echo 0 > /proc/sys/user/max_user_namespaces'";

#[test]
fn no_more_user_namespaces() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY Dockerfile /\n");
    let (code, text) = fact(&carafe, NO_NAMESPACES, SUMMARY);
    assert_eq!(code, 1, "{text}");
    assert!(text.starts_with("none false|"), "{text}");
    let advice = "sysctl -w user.max_user_namespaces=15000 (root of this machine)";
    assert!(text.contains(advice), "{text}");
    let built = as_user(&carafe, NO_NAMESPACES, &["build", &context]);
    assert_eq!(built.code, 1, "{built:#?}");
    assert!(
        built.stderr.contains("user.max_user_namespaces is 0"),
        "{built:#?}"
    );
    assert!(built.stderr.contains("carafe doctor"), "{built:#?}");
}

/// What makes a `/proc` as in a container that may make user namespaces, and has Docker's covers: every one that is in sight.
pub(crate) const COVERED_PROC: &str =
    "awk '$3 == \"proc\" {print $2}' /proc/self/mounts | while read -r at; do
        mount --bind /dev/null $at/keys; done\n";

#[test]
fn a_covered_proc() {
    let carafe = Carafe::empty();
    let template = "{{.Mode}}{{range .Limits}}|{{.}}{{end}}{{range .Remedies}}|{{.Command}}{{end}}";
    let (code, text) = fact(&carafe, COVERED_PROC, template);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("single|"), "{text}");
    for told in [
        "see this container's processes",
        "no containers",
        "systempaths=unconfined",
    ] {
        assert!(text.contains(told), "{text}");
    }
    let refused = as_user(&carafe, COVERED_PROC, &["run", "--rm", "base"]);
    assert_eq!(refused.code, 125, "{refused:#?}");
    assert!(
        refused.stderr.contains("containers need a /proc"),
        "{refused:#?}"
    );
    assert!(
        refused.stderr.contains("procMount: Unmasked"),
        "{refused:#?}"
    );
}

/// The program of this test in a container of its own, with the libraries that it needs from here.
fn contained(carafe: &Carafe, flags: &[&str], args: &[&str]) -> Said {
    let program = format!("{}:/carafe:ro", env!("CARGO_BIN_EXE_carafe"));
    let mut line = vec!["run", "--rm", "--network=host", "-e", "CARAFE_ROOT=/tmp/s"];
    let folders = ["/lib", "/lib64", "/usr/lib"];
    let folders = folders.iter().filter(|folder| fs::metadata(folder).is_ok());
    let volumes: Vec<String> = folders
        .map(|folder| format!("{folder}:{folder}:ro"))
        .chain([program])
        .collect();
    line.extend(volumes.iter().flat_map(|volume| ["-v", volume.as_str()]));
    line.extend(flags);
    line.extend(["base", "/carafe"]);
    line.extend(args);
    carafe.run(line)
}

#[test]
fn inside_a_container_with_dockers_profile() {
    let carafe = Carafe::new();
    let doctor = [
        "doctor",
        "--format",
        "{{.Mode}}{{range .Remedies}}|{{.Gain}}|{{.By}}{{end}}",
    ];
    // Root without CAP_SYS_ADMIN: no namespace, and a chroot if that is allowed.
    for (flags, code, mode, missing) in [
        (&[][..], 0, "chroot|", "root lacks CAP_SYS_ADMIN here"),
        (&["--cap-drop=ALL"], 1, "none|", "capabilities.add: [CHOWN"),
    ] {
        let said = contained(&carafe, flags, &doctor);
        assert_eq!(said.code, code, "{said:#?}");
        assert!(said.stdout.starts_with(mode), "{said:#?}");
        assert!(said.stdout.contains(missing), "{said:#?}");
        let starter = "|who starts this container";
        assert!(said.stdout.contains(starter), "{said:#?}");
    }
    // An ordinary user: the filter forbids user namespaces.
    let said = contained(&carafe, &["-u", "1000"], &doctor);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.stdout.contains("seccomp=unconfined"), "{said:#?}");
    let said = contained(&carafe, &["-u", "1000"], &["build", "/"]);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(
        said.stderr
            .contains("a system call filter (seccomp) forbids it"),
        "{said:#?}"
    );
}
