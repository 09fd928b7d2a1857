//! What would make it better, with the command and who can give it.

use super::Remedy;
use super::facts::Facts;
use super::judge::{is_root, version};
use super::mode::Mode;
use crate::container::pasta::NoWayOut;
use sandbox::{Error, Refusal};

const ROOT: &str = "root of this machine";
const STARTER: &str = "who starts this container";
const USER: &str = "you";

/// What a container has to be started with in order that user namespaces can be made in it.
const CONTAINER: &str = "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
     --security-opt systempaths=unconfined …";

/// The remedies for a machine, the most important first.
pub(super) fn of(facts: &Facts, mode: &Mode) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    remedies.extend(for_namespaces(facts));
    remedies.extend(for_sandbox(facts));
    remedies.extend(for_store(facts));
    if matches!(mode, Mode::Single { .. } | Mode::Subordinate { .. }) {
        remedies.extend(for_ids(facts));
    }
    if !facts.controllers.iter().any(|one| one.usable) && !is_root(facts) {
        remedies.push(Remedy {
            gain: "limits of memory and processors (--memory, --cpus): a delegated control group"
                .into(),
            command: Some("systemd-run --user --scope -p Delegate=yes carafe build …".into()),
            by: USER,
        });
    }
    if matches!(facts.sandbox, Some(Ok(_))) && !has_emulator(facts) {
        remedies.push(Remedy {
            gain: "images for other architectures: a static QEMU".into(),
            command: install(
                facts,
                ["qemu-user-static", "qemu-user-static", "qemu-aarch64"],
            ),
            by: ROOT,
        });
    }
    if matches!(facts.way_out, Some(Err(NoWayOut::NotInstalled))) {
        remedies.push(Remedy {
            gain: "containers that reach other machines: pasta".into(),
            command: install(facts, ["passt", "passt", "passt"]),
            by: ROOT,
        });
    }
    if facts.program("git").is_none() {
        remedies.push(Remedy {
            gain: "repositories as contexts and sources of ADD: git".into(),
            command: install(facts, ["git", "git", "git"]),
            by: ROOT,
        });
    }
    remedies
}

fn has_emulator(facts: &Facts) -> bool {
    facts
        .foreign
        .iter()
        .any(|foreign| foreign.runs && !matches!(foreign.architecture, "386" | "arm"))
}

fn for_namespaces(facts: &Facts) -> Option<Remedy> {
    let Err(Error::UserNamespace { refusal, .. }) = &facts.identity else {
        return None;
    };
    let sysctl = |setting: &str| Some(format!("sysctl -w {setting}"));
    let (by, command) = match refusal {
        Refusal::Switched => (ROOT, sysctl("kernel.unprivileged_userns_clone=1")),
        Refusal::LimitIsZero | Refusal::LimitReached => {
            (ROOT, sysctl("user.max_user_namespaces=15000"))
        }
        Refusal::AppArmor => (
            ROOT,
            sysctl("kernel.apparmor_restrict_unprivileged_userns=0"),
        ),
        Refusal::Filtered => (STARTER, Some(CONTAINER.to_owned())),
        _ if facts.contained => (STARTER, None),
        _ => (ROOT, None),
    };
    Some(hint(facts.identity.as_ref().err()?, by, command))
}

fn for_sandbox(facts: &Facts) -> Option<Remedy> {
    if matches!(facts.sandbox, Some(Ok(_))) && facts.shares_processes {
        return Some(Remedy {
            gain: "processes of a step's own, and containers: a /proc that nothing covers".into(),
            command: Some("docker run --security-opt systempaths=unconfined …".into()),
            by: STARTER,
        });
    }
    let Some(Err(error)) = &facts.sandbox else {
        return None;
    };
    let by = match facts.contained || facts.filters.confined {
        true => STARTER,
        false => ROOT,
    };
    Some(hint(error, by, None))
}

/// The error's own advice.
fn hint(error: &Error, by: &'static str, command: Option<String>) -> Remedy {
    Remedy {
        gain: error.hint().unwrap_or_else(|| error.to_string()),
        command,
        by,
    }
}

fn for_store(facts: &Facts) -> Option<Remedy> {
    let (gain, by) = match &facts.site {
        Err(_) => (
            "a place for the store that you may write to: --root DIR or CARAFE_ROOT",
            USER,
        ),
        // Nothing would be mounted from a better place, either.
        Ok(_) if facts.has_chroot() => return None,
        Ok(site) if site.overlay.is_err() && facts.identity.is_ok() => match &*site.file_system {
            "overlay" | "fuse.overlayfs" | "fuse-overlayfs" => (
                "overlays cannot be stacked: a volume or a tmpfs for the store, and CARAFE_ROOT that names it",
                STARTER,
            ),
            _ => (
                "a store on ext4, xfs, btrfs or tmpfs (Linux 6.6): --root DIR or CARAFE_ROOT",
                USER,
            ),
        },
        Ok(_) => return None,
    };
    Some(Remedy {
        gain: gain.into(),
        command: None,
        by,
    })
}

/// What an ordinary user lacks who can build.
fn for_ids(facts: &Facts) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let maps = &facts.maps;
    if maps.programs.iter().any(|program| program.path.is_none()) {
        remedies.push(Remedy {
            gain: "files of all users, as root has them: newuidmap and newgidmap".into(),
            command: install(facts, ["uidmap", "shadow-utils", "shadow-subids"]),
            by: ROOT,
        });
    }
    for program in &maps.programs {
        if let (Some(path), false) = (&program.path, program.privileged) {
            remedies.push(Remedy {
                gain: format!("power for {}", program.name),
                command: Some(format!("chmod u+s {}", path.display())),
                by: ROOT,
            });
        }
    }
    let (first, last) = (maps.next, maps.next.saturating_add(65_535));
    match &maps.user {
        None => remedies.push(Remedy {
            gain: "a name for this user, without which newuidmap does nothing, and subordinate ids"
                .into(),
            command: Some(format!("useradd --uid {} carafe", facts.user)),
            by: ROOT,
        }),
        Some(user) if maps.uids.min(maps.gids) < 65_535 => remedies.push(Remedy {
            gain: "files of all users, as root has them: 65536 subordinate ids".into(),
            command: Some(format!(
                "usermod --add-subuids {first}-{last} --add-subgids {first}-{last} {user}"
            )),
            by: ROOT,
        }),
        Some(_) => {}
    }
    if facts.filters.no_new_privileges {
        remedies.push(Remedy {
            gain: "power for newuidmap and newgidmap: start carafe without no_new_privs \
                   (docker's no-new-privileges, Kubernetes' allowPrivilegeEscalation: false)"
                .into(),
            command: None,
            by: STARTER,
        });
    }
    if version(&facts.kernel) < (6, 7) {
        remedies.push(Remedy {
            gain: "more than some 200 layers, and emulators without root: Linux 6.7 or newer"
                .into(),
            command: None,
            by: ROOT,
        });
    }
    remedies
}

/// How a package is installed here; its names in Debian, Fedora and Alpine.
fn install(facts: &Facts, names: [&str; 3]) -> Option<String> {
    let commands = [
        ("apt-get", "apt-get install"),
        ("dnf", "dnf install"),
        ("apk", "apk add"),
    ];
    commands
        .iter()
        .zip(names)
        .find(|((program, _), _)| facts.program(program).is_some())
        .map(|((_, command), package)| format!("{command} {package}"))
}
