//! Folders of the kernel are the kernel's.

use dockerfile::ast::{Kind, Word};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::{absolute, is_within, unquoted};

pub(crate) const RULE: Rule = Rule {
    name: "SystemDirectory",
    summary: "No program works in the folders of the kernel, and no volume lies over those of the system",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "/proc, /sys and /dev are made anew for every container: what is stored there is gone, and a volume over them hides what programs need; a volume over /bin, /etc, /lib, /sbin, /usr or / hides the system. Found are WORKDIRs, VOLUMEs and targets of RUN --mount in or above them: for WORKDIR /proc, /sys, /dev, /boot, /bin, /sbin and /lib themselves and what is below the first three; for VOLUME these and /etc, /usr, /var and /. Let pass is /dev/shm.",
        bad: "FROM debian:bookworm-slim\nWORKDIR /proc\nVOLUME /dev\n",
        good: "FROM debian:bookworm-slim\nWORKDIR /srv\nVOLUME /var/lib/app\n",
        configure: None,
    },
    find,
};

const OF_THE_KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
const OF_THE_SYSTEM: [&str; 6] = ["/boot", "/bin", "/sbin", "/lib", "/lib64", "/usr/bin"];
const NOT_FOR_VOLUMES: [&str; 4] = ["/", "/etc", "/usr", "/var"];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for instruction in file.instructions() {
        let (words, is_volume): (&[Word], bool) = match &instruction.kind {
            Kind::Workdir(word) => (std::slice::from_ref(word), false),
            Kind::Volume(words) => (words, true),
            Kind::Run(run) => {
                found.extend(
                    run.mounts
                        .iter()
                        .filter_map(|mount| mounted(instruction.span, mount)),
                );
                continue;
            }
            _ => continue,
        };
        for word in words {
            let path = absolute(None, &word.text).unwrap_or_default();
            let is_wrong =
                is_of_system(&path) || is_volume && NOT_FOR_VOLUMES.contains(&path.as_str());
            if is_wrong {
                found.push(wrong(instruction.span, word.span, unquoted(&word.text)));
            }
        }
    }
    found
}

fn mounted(instruction: Span, mount: &dockerfile::ast::MountFlag) -> Option<Found> {
    let (_, target) = mount
        .fields
        .iter()
        .find(|(key, _)| matches!(key.as_str(), "target" | "dst" | "destination"))?;
    let target = absolute(None, target.as_deref()?)?;
    is_of_system(&target).then(|| wrong(instruction, mount.span, &target))
}

fn is_of_system(path: &str) -> bool {
    let is_kernel = OF_THE_KERNEL.iter().any(|folder| is_within(path, folder));
    (is_kernel || OF_THE_SYSTEM.contains(&path)) && !is_within(path, "/dev/shm")
}

fn wrong(instruction: Span, place: Span, path: &str) -> Found {
    Found::new(
        instruction,
        place,
        format!("{path} belongs to the system, not to a program"),
    )
    .help("take a folder of the program's own: /srv, /app, /var/lib/NAME")
}
