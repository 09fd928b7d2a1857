//! A program runs where the C library is that it was linked to.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::images::{ImageName, Libc};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::{Copied, CopyOrigin, absolute, is_within};

use super::system_packages;

pub(crate) const RULE: Rule = Rule {
    name: "LibcMismatch",
    summary: "A program is copied to an image with the C library that it was linked to, or linked statically",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A program that was linked to glibc does not start on Alpine (musl), on scratch or on distroless' static: the shell says \"not found\", though the file is there. Looked at is each COPY --from a stage whose C library is known by the name of its image to a stage with another one that has a CMD or ENTRYPOINT: others hold files for later. Found are what go build makes with cgo, which is on where there is a C compiler, unless CGO_ENABLED=0 or a static link is asked for (a Go program that uses net or os/user is then linked to the C library); what cargo build makes for the gnu target; what gcc and its like make without -static; and the installed packages of Python and Node (venv, site-packages, node_modules), whose native modules are built for one of them. The copied path must be that of what was built.",
        bad: "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\nCMD [\"/app\"]\n",
        good: "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\nCMD [\"/app\"]\n",
        configure: None,
    },
    find,
};

/// A copy from one C library to another.
struct Crossing<'c> {
    from: usize,
    here: Libc,
    there: Libc,
    path: &'c str,
}

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for stage in 0..file.dockerfile.stages.len() {
        let Some(there) = file.image_below(stage).and_then(ImageName::libc) else {
            continue;
        };
        if !file.is_started(stage) {
            continue;
        }
        for copied in file.copies_of(&[stage]) {
            let CopyOrigin::Stage(from) = copied.origin else {
                continue;
            };
            let Some(here) = file.image_below(from).and_then(ImageName::libc) else {
                continue;
            };
            if here != there && here != Libc::Missing {
                found.extend(crossings(file, &copied, |path| Crossing {
                    from,
                    here,
                    there,
                    path,
                }));
            }
        }
    }
    found
}

fn crossings<'c>(
    file: &File<'_>,
    copied: &Copied<'c>,
    crossing: impl Fn(&'c str) -> Crossing<'c>,
) -> Vec<Found> {
    let paths = copied.paths();
    paths
        .filter_map(|(word, path)| {
            let crossing = crossing(path);
            let (message, help, fix) = crossing.packages().or_else(|| crossing.program(file))?;
            Some(
                Found::new(copied.instruction.span, word.span, message)
                    .help(help)
                    .fix(fix),
            )
        })
        .collect()
}

impl Crossing<'_> {
    /// Packages with native modules.
    fn packages(&self) -> Option<Crossed> {
        let mut parts = self.path.split('/');
        let what = parts.find_map(|part| match part {
            "node_modules" => Some("native modules of Node"),
            "site-packages" | "venv" | ".venv" => Some("native modules of Python"),
            _ => None,
        })?;
        let message = format!(
            "{what} that were built for {} do not load with {}",
            self.here.name(),
            self.there.name()
        );
        (self.there != Libc::Missing).then(|| {
            (
                message,
                "let both stages stand on the same distribution".to_owned(),
                None,
            )
        })
    }

    /// A program that a command of the other stage made.
    fn program(&self, file: &File<'_>) -> Option<Crossed> {
        let lineage = file.lineage(self.from);
        let path = absolute(Some("/"), self.path)?;
        let mut runs = file.runs_of(&lineage).peekable();
        for placed in file.placed(&lineage) {
            let Some(run) = runs.next_if(|run| std::ptr::eq(run.instruction, placed.instruction))
            else {
                continue;
            };
            let workdir = placed.workdir.as_deref();
            let text = file.source.slice(run.instruction.span);
            for command in run.invocations() {
                let link = Link {
                    file,
                    lineage: &lineage,
                    run,
                    command,
                    workdir,
                    text,
                };
                if let Some(found) = self.linked(&link, &path) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn linked(&self, link: &Link<'_, '_>, path: &str) -> Option<Crossed> {
        let (here, there) = (self.here.name(), self.there.name());
        if link.is_dynamic_go(self.here) && link.makes(path) {
            let message = format!(
                "This Go program is linked to {here} if it uses net, os/user or C, and {there} is here"
            );
            return Some((
                message,
                "build it with CGO_ENABLED=0".to_owned(),
                link.fix(),
            ));
        }
        let is_built = path.contains("/release/") || path.contains("/debug/");
        if is_built && self.here == Libc::Glibc && link.is_gnu_rust() {
            let message = format!("This Rust program is linked to {here}, and {there} is here");
            let help = "build it for a musl target (`rustup target add x86_64-unknown-linux-musl`, `cargo build --target …`), or end with debian:bookworm-slim or gcr.io/distroless/cc";
            return Some((message, help.to_owned(), None));
        }
        if link.is_dynamic_c() && link.makes(path) {
            let message = format!("This program is linked to {here}, and {there} is here");
            return Some((
                message,
                "link it with -static, or let both stages stand on the same distribution"
                    .to_owned(),
                None,
            ));
        }
        None
    }
}

/// What is wrong, what to write, and how to mend it.
type Crossed = (String, String, Option<Fix>);

/// A command that links a program.
struct Link<'l, 'f> {
    file: &'l File<'f>,
    lineage: &'l [usize],
    run: &'l RunStep<'f>,
    command: &'l Invocation,
    workdir: Option<&'l str>,
    text: &'l str,
}

impl Link<'_, '_> {
    fn is_dynamic_go(&self, here: Libc) -> bool {
        let is_build = self.command.is(&["go"])
            && self
                .command
                .words()
                .next()
                .is_some_and(|word| word.text == "build");
        let says = |text: &str| self.text.contains(text);
        let is_off =
            says("CGO_ENABLED") || self.file.variable(self.lineage, "CGO_ENABLED").is_some();
        let is_static =
            says("-static") || says("osusergo") || says("netgo") || says("GOOS=windows");
        is_build && !is_off && !is_static && (here == Libc::Glibc || self.has_compiler())
    }

    /// The Go image of Alpine has no C compiler, and without one cgo is off.
    fn has_compiler(&self) -> bool {
        let runs = self.file.runs_of(self.lineage);
        let mut packages = runs
            .flat_map(RunStep::invocations)
            .flat_map(system_packages::installed);
        packages.any(|package| {
            matches!(
                system_packages::plain_name(package),
                "gcc" | "build-base" | "clang"
            )
        })
    }

    fn is_gnu_rust(&self) -> bool {
        let is_build = self.command.is(&["cargo"]) && self.command.has_word(&["build"]);
        let says = |text: &str| self.text.contains(text);
        let flags = self.file.variable(self.lineage, "RUSTFLAGS").is_some()
            || self
                .file
                .variable(self.lineage, "CARGO_BUILD_TARGET")
                .is_some();
        is_build
            && !flags
            && !self.command.has_flag(&["target"])
            && !says("crt-static")
            && !says("musl")
    }

    fn is_dynamic_c(&self) -> bool {
        let is_linker = self
            .command
            .is(&["gcc", "g++", "cc", "c++", "clang", "clang++"]);
        is_linker
            && !self.command.has_flag(&["c", "S", "E", "shared", "version"])
            && !self.text.contains("-static")
    }

    /// Whether what is copied is what the command makes: the file behind `-o`, or one in that folder.
    fn makes(&self, path: &str) -> bool {
        let target = self.command.flag_value(&["o"]);
        let made = target.and_then(|target| absolute(self.workdir, target));
        made.is_some_and(|made| is_within(path, &made) || is_within(&made, path) && path != "/")
    }

    fn fix(&self) -> Option<Fix> {
        let is_plain = self.command.through.is_none()
            && self.command.name.span.start == self.command.span.start;
        let edit = Edit::insert(self.command.span.start, "CGO_ENABLED=0 ");
        is_plain
            .then(|| self.run.fix(Fix::guess("build with CGO_ENABLED=0", [edit])))
            .flatten()
    }
}
