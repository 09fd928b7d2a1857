//! Compilers stay behind.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::Argument;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

use super::system_packages::{installed, plain_name, removes};

pub(crate) const RULE: Rule = Rule {
    name: "CompilerInFinalStage",
    summary: "A compiler in the image is for building the program, not for running it",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Compilers and headers are often bigger than the program, and give whoever breaks in what they need. Looked at is the stage that is built last, with those that it stands on, if it is a program's: it has a CMD or ENTRYPOINT and holds sources or what another stage made, and is not called dev, test or the like. Found are base images of compilers (golang, rust, gcc, maven, gradle, dotnet/sdk …) and compilers that apt-get, apk, dnf, yum or zypper install (gcc, g++, build-essential, make, cmake, headers in -dev and -devel packages). Let pass is what the same RUN removes again. Typical sizes: build-essential about 250 MB on Debian, build-base about 200 MB on Alpine, golang 250 to 800 MB.",
        bad: "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt/lists/*\nRUN pip install --no-cache-dir -r requirements.txt\nCMD [\"python\", \"-m\", \"app\"]\n",
        good: "FROM python:3.12-slim AS build\nRUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt/lists/*\nCOPY requirements.txt .\nRUN pip install --prefix=/install --no-cache-dir -r requirements.txt\nFROM python:3.12-slim\nWORKDIR /app\nCOPY --from=build /install /usr/local\nCMD [\"python\", \"-m\", \"app\"]\n",
        configure: None,
    },
    find,
};

/// Packages that bring a compiler.
const COMPILERS: [&str; 20] = [
    "build-essential",
    "build-base",
    "gcc",
    "g++",
    "gcc-c++",
    "clang",
    "make",
    "cmake",
    "musl-dev",
    "libc-dev",
    "libc6-dev",
    "linux-headers",
    "golang",
    "golang-go",
    "cargo",
    "rustc",
    "maven",
    "gradle",
    "automake",
    "autoconf",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped_program();
    let installs = file
        .runs_of(&shipped)
        .filter_map(|run| installed_compiler(file, run));
    base(file, &shipped).into_iter().chain(installs).collect()
}

/// The image of a compiler below what is shipped, unless `SingleStageBuild` has more to say about it.
fn base(file: &File<'_>, shipped: &[usize]) -> Option<Found> {
    let lowest = *shipped.first()?;
    let image = file.image_below(lowest)?;
    let toolchain = image.toolchain()?;
    if super::single_stage_build::builds(file, shipped).is_some() {
        return None;
    }
    let stage = file.dockerfile.stages.get(lowest)?;
    let message = format!(
        "{} ({}) is in the image",
        capital(toolchain.name),
        image.size_of(toolchain)
    );
    let help = format!(
        "start the last stage FROM {}, and COPY --from the stage that builds",
        toolchain.runtime
    );
    Some(Found::new(stage.span, stage.base.span, message).help(help))
}

fn installed_compiler(file: &File<'_>, run: &RunStep<'_>) -> Option<Found> {
    let commands = run.invocations();
    if commands.iter().any(removes) {
        return None;
    }
    let packages: Vec<&Argument> = commands
        .iter()
        .flat_map(installed)
        .filter(|one| is_compiler(plain_name(one)))
        .collect();
    let first = packages
        .iter()
        .find(|one| COMPILERS.contains(&plain_name(one)))
        .or(packages.first())?;
    let names: Vec<&str> = packages.iter().map(|one| plain_name(one)).collect();
    let (listed, verb) = match names.as_slice() {
        [one] => ((*one).to_owned(), "stays"),
        several => (several.join(", "), "stay"),
    };
    let help = match removed_later(file, run) {
        true => {
            "a later RUN that removes them leaves the bytes in this layer: remove them in this RUN, or install them in a stage of their own and COPY --from it"
        }
        false => {
            "install them in a stage of their own and COPY --from it what was built, or remove them in the same RUN"
        }
    };
    Some(
        Found::new(
            run.instruction.span,
            first.span,
            format!("{listed} {verb} in the image"),
        )
        .help(help),
    )
}

fn is_compiler(name: &str) -> bool {
    COMPILERS.contains(&name) || name.ends_with("-dev") || name.ends_with("-devel")
}

fn removed_later(file: &File<'_>, run: &RunStep<'_>) -> bool {
    let later = file.runs().iter().filter(|other| other.stage == run.stage);
    let later = later.filter(|other| other.instruction.span.start > run.instruction.span.start);
    later.flat_map(RunStep::invocations).any(removes)
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(signs).collect()
    })
}
