//! From what was found to what it means.

use super::facts::Facts;
use super::mode::Mode;
use super::remedies;
use super::{Check, Report, State};
use crate::command_error::chain;
use crate::container::pasta::NoWayOut;
use crate::report::sizes;
use State::{Absent, Fatal, Good, Limited};
use sandbox::{Controller, Identity};
use std::error::Error;

/// Judges.
pub(super) fn judge(facts: &Facts) -> Report {
    let mode = Mode::of(facts);
    let checks = vec![
        kernel(facts),
        user_namespaces(facts),
        subordinate_ids(facts),
        map_programs(facts),
        sandbox_of_a_step(facts),
        store(facts),
        overlay(facts),
        reflinks(facts),
        idmapped_mounts(facts),
        control_groups(&facts.controllers),
        seccomp(facts),
        network(facts),
        other_machines(facts),
        git(facts),
    ];
    Report {
        remedies: remedies::of(facts, &mode),
        limits: mode.limits(facts.shares_processes),
        mode,
        checks,
    }
}

/// The first two numbers of the release.
pub(super) fn version(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn kernel(facts: &Facts) -> Check {
    let release = &facts.kernel;
    let (state, note) = match version(release) {
        old if old < (5, 12) => (Fatal, ": Linux 5.12 is needed at least"),
        old if old < (6, 7) => (
            Limited,
            ": before Linux 6.7 images have at most some 200 layers, and only root can register emulators",
        ),
        _ => (Good, ""),
    };
    Check::new("kernel", state, format!("Linux {release}{note}"))
}

fn user_namespaces(facts: &Facts) -> Check {
    let name = "user namespaces";
    match (&facts.namespace, &facts.identity) {
        (_, Err(error)) | (Err(error), Ok((Identity::Root, _))) => {
            let state = match facts.identity {
                Err(_) => Fatal,
                // Emulators need one.
                Ok(_) => Limited,
            };
            Check::new(name, state, words(error))
        }
        _ => Check::new(name, Good, "can be made"),
    }
}

fn subordinate_ids(facts: &Facts) -> Check {
    let name = "subordinate ids";
    let (uids, gids) = (facts.maps.uids, facts.maps.gids);
    let text = format!("{uids} in /etc/subuid, {gids} in /etc/subgid");
    let state = match uids.min(gids) {
        _ if is_root(facts) => return Check::new(name, Good, "root needs none"),
        _ if facts.maps.user.is_none() => {
            return Check::new(name, Limited, "/etc/passwd has no name for this user");
        }
        // What images count on: nobody is 65534.
        65_535.. => Good,
        _ => Limited,
    };
    Check::new(name, state, text)
}

fn map_programs(facts: &Facts) -> Check {
    let name = "newuidmap, newgidmap";
    if is_root(facts) {
        return Check::new(name, Good, "root needs none");
    }
    for program in &facts.maps.programs {
        let problem = match &program.path {
            None => format!("{} is not installed", program.name),
            Some(path) if !program.privileged => format!(
                "{} is neither set-user-ID root nor has capabilities that count",
                path.display()
            ),
            _ => continue,
        };
        return Check::new(name, Limited, problem);
    }
    match &facts.identity {
        _ if facts.filters.no_new_privileges => Check::new(
            name,
            Limited,
            "have no power: this process may not gain privileges (no_new_privs)",
        ),
        Ok((Identity::Single { reason }, _)) if facts.maps.uids > 0 => {
            Check::new(name, Limited, reason.to_string())
        }
        _ => Check::new(name, Good, "installed, with the power to map ids"),
    }
}

fn sandbox_of_a_step(facts: &Facts) -> Check {
    let name = "sandbox of a RUN";
    match &facts.sandbox {
        None => Check::new(name, Fatal, "not tried, for want of a user namespace"),
        Some(Err(error)) => match &facts.chroot {
            Some(Ok(took)) => {
                let took = took.as_secs_f64() * 1e3;
                let text = format!("{}; a chroot works, in {took:.1} ms", words(error));
                Check::new(name, Limited, text)
            }
            Some(Err(no_chroot)) => {
                let text = format!("{}; {}", words(error), words(no_chroot));
                Check::new(name, Fatal, text)
            }
            None => Check::new(name, Fatal, words(error)),
        },
        Some(Ok(took)) => {
            let took = took.as_secs_f64() * 1e3;
            match facts.shares_processes {
                true => {
                    let why = "without processes of its own, as parts of this container's /proc are covered";
                    Check::new(name, Limited, format!("works, in {took:.1} ms, {why}"))
                }
                false => Check::new(name, Good, format!("works, in {took:.1} ms")),
            }
        }
    }
}

fn store(facts: &Facts) -> Check {
    /// Less than a base image with a compiler takes.
    const LITTLE: u64 = 2_000_000_000;
    let name = "store";
    let path = facts.store.display();
    let site = match &facts.site {
        Err(error) => return Check::new(name, Fatal, words(error)),
        Ok(site) => site,
    };
    let state = match site.free {
        ..LITTLE => Limited,
        _ => Good,
    };
    let (kind, free) = (&site.file_system, sizes::spaced(site.free));
    let there = match site.exists {
        true => "",
        false => ", not made yet",
    };
    Check::new(name, state, format!("{path}{there}: {kind}, {free} free"))
}

fn overlay(facts: &Facts) -> Check {
    let name = "overlay mounts";
    match &facts.site {
        Err(_) => Check::new(name, Fatal, "not tried, for want of a place"),
        Ok(_) if facts.identity.is_err() => {
            Check::new(name, Fatal, "not tried, for want of a user namespace")
        }
        Ok(site) => match &site.overlay {
            Err(error) if facts.has_chroot() => {
                let text = format!(
                    "{}; files are copied",
                    words(error.source().unwrap_or(error))
                );
                Check::new(name, Limited, text)
            }
            Err(_) if !site.attributes => Check::new(
                name,
                Fatal,
                format!("{} has no attributes user.*", site.file_system),
            ),
            Err(error) => Check::new(name, Fatal, words(error.source().unwrap_or(error))),
            Ok(()) if version(&facts.kernel) < (6, 7) => {
                Check::new(name, Limited, "work, by mount(2): userxattr, volatile")
            }
            Ok(()) => Check::new(name, Good, "work: fsopen, lowerdir+, userxattr, volatile"),
        },
    }
}

fn reflinks(facts: &Facts) -> Check {
    match facts.site.as_ref().is_ok_and(|site| site.reflink) {
        true => Check::new("reflinks", Good, "copies of large files share their blocks"),
        false => Check::new(
            "reflinks",
            Absent,
            "large files are copied (btrfs and xfs share blocks)",
        ),
    }
}

fn idmapped_mounts(facts: &Facts) -> Check {
    match facts.idmapped {
        true => Check::new("idmapped mounts", Good, "possible (carafe needs none)"),
        false => Check::new(
            "idmapped mounts",
            Absent,
            "not for this user and file system (carafe needs none)",
        ),
    }
}

fn control_groups(controllers: &[Controller]) -> Check {
    let of = |usable: bool| -> Vec<String> {
        let chosen = controllers.iter().filter(|one| one.usable == usable);
        let named = chosen.map(|one| match one.version {
            Some(version) => format!("{} (v{version})", one.name),
            None => format!("{} (not there)", one.name),
        });
        named.collect()
    };
    let (usable, other) = (of(true), of(false));
    let (state, text) = match (usable.is_empty(), other.is_empty()) {
        (false, true) => (Good, usable.join(", ")),
        (true, _) => (
            Absent,
            format!("no limits: not delegated: {}", other.join(", ")),
        ),
        (false, false) => (
            Limited,
            format!("{}; not delegated: {}", usable.join(", "), other.join(", ")),
        ),
    };
    Check::new("control groups", state, text)
}

fn seccomp(facts: &Facts) -> Check {
    let filters = facts.filters;
    if !filters.available {
        return Check::new("seccomp", Fatal, "the kernel has no filters");
    }
    let mut text = "filters".to_owned();
    let wake = version(&facts.kernel) >= (6, 6);
    for (is_there, what) in [
        (filters.notification, ", user notification"),
        (filters.wait_killable, ", killable waits"),
        (filters.notification && wake, ", synchronous wake-up"),
        (filters.confined, "; carafe itself is under one"),
    ] {
        if is_there {
            text.push_str(what);
        }
    }
    Check::new("seccomp", Good, text)
}

fn network(facts: &Facts) -> Check {
    let (state, text) = match &facts.way_out {
        Some(Ok(())) => (Good, "containers get out, by pasta".to_owned()),
        Some(Err(NoWayOut::NotInstalled)) => (
            Absent,
            "containers with a network of their own reach no other machine: no pasta".to_owned(),
        ),
        Some(Err(NoWayOut::Failed(why))) => (
            Limited,
            format!("containers with a network of their own reach no other machine: pasta: {why}"),
        ),
        None => (Absent, "not tried".to_owned()),
    };
    Check::new("network", state, text)
}

fn other_machines(facts: &Facts) -> Check {
    let runs = facts.foreign.iter().filter(|foreign| foreign.runs);
    let runs: Vec<&str> = runs.map(|foreign| foreign.architecture).collect();
    match runs.is_empty() {
        true => Check::new(
            "other machines",
            Absent,
            "no programs of other architectures run here",
        ),
        false => Check::new(
            "other machines",
            Good,
            format!("programs for {} run", runs.join(", ")),
        ),
    }
}

fn git(facts: &Facts) -> Check {
    match facts.program("git") {
        Some(path) => Check::new("git", Good, path.display().to_string()),
        None => Check::new("git", Absent, "not installed: no repositories as sources"),
    }
}

pub(super) fn is_root(facts: &Facts) -> bool {
    facts.user == 0
}

fn words(error: &(dyn Error + 'static)) -> String {
    chain(error)
}
