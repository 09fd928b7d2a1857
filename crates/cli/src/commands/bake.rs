//! `carafe bake`.

mod inputs;
mod list;
mod parallel;

use super::build::{self, Args as BuildArgs};
use crate::bake::problem::Problem;
use crate::bake::resolve::{Resolved, in_order, resolve};
use crate::bake::set::Set;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::key_values::pair;
use crate::output;
use std::path::PathBuf;

/// Build the targets of a bake file or a compose file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read this file; `-` is standard input [default: docker-bake.hcl, compose.yaml and the like, all that are there]
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<String>,

    /// Set a value of targets: TARGET.KEY=VALUE, or TARGET.args.NAME=VALUE; `*` in TARGET stands for any text
    #[arg(long = "set", value_name = "VALUE")]
    sets: Vec<String>,

    /// Set a variable of the file
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,

    /// Print what would be built, as a bake file in JSON
    #[arg(long)]
    print: bool,

    /// List `targets` or `variables`
    #[arg(long, value_name = "WHAT")]
    list: Option<String>,

    /// Use no results of earlier builds
    #[arg(long)]
    no_cache: bool,

    /// Ask the registry for base images even if the store has them
    #[arg(long)]
    pull: bool,

    /// Keep the images in carafe's store, also those that go elsewhere
    #[arg(long)]
    load: bool,

    /// Choose how progress is shown: auto, tty, plain, quiet
    #[arg(long, value_name = "KIND")]
    progress: Option<String>,

    /// Write what is known of the results to a file, as JSON
    #[arg(long, value_name = "FILE")]
    metadata_file: Option<PathBuf>,

    /// Allow targets what they may not ask for else: network.host, security.insecure
    #[arg(long, value_name = "ENTITLEMENT")]
    allow: Vec<String>,

    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    provenance: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sbom: Option<String>,
    /// Push the images to their names
    #[arg(long)]
    push: bool,
    #[arg(long, hide = true)]
    call: Option<String>,
    #[arg(long, hide = true)]
    check: bool,
    #[arg(long, hide = true)]
    builder: Option<String>,

    /// Targets and groups; `default` if none is named
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    super::buildx::check_builder(args.builder.as_deref())?;
    let shown = |problem: Box<Problem>| problem.into_error(config.style());
    let definition = inputs::definition(args, config)?;
    if let Some(what) = &args.list {
        output::result(&list::list(what, &definition)?)?;
        return Ok(Exit::Success);
    }
    let sets = sets(args, config).map_err(shown)?;
    let resolved = resolve(&definition, &args.targets, &sets).map_err(shown)?;
    if args.print {
        output::result(&format!("{:#}\n", resolved.to_json()))?;
        return Ok(Exit::Success);
    }
    let order = in_order(&resolved.targets).map_err(shown)?;
    let builds = builds(&resolved, &order, args)?;
    if let Some(exit) = ask(&builds, config)? {
        return Ok(exit);
    }
    parallel::run(&builds, args, config)
}

/// `call` and `--check`: questions about the targets are answered one after another. `None` if all are to be built.
fn ask(builds: &[Build], config: &Config) -> Result<Option<Exit>, CommandError> {
    let mut worst = None;
    let mut asking = Vec::new();
    for build in builds {
        if build.args.asks()? {
            asking.push(build);
        }
    }
    if !asking.is_empty() && asking.len() < builds.len() {
        return Err(
            CommandError::new("some of the targets have a `call`, others are to be built")
                .hint("bake them one after the other, or use --call for all of them"),
        );
    }
    for build in asking {
        output::note(&format!("{}\n", config.style().bold(&build.name)));
        let exit = build::run(&build.args, config)?;
        if worst.is_none_or(|worst| worst == Exit::Success) {
            worst = Some(exit);
        }
    }
    Ok(worst)
}

/// `--set`, and the flags that are short for it.
fn sets(args: &Args, config: &Config) -> Result<Vec<Set>, Box<Problem>> {
    let lookup = |name: &str| config.variable(name)?.into_string().ok();
    let mut sets = Vec::new();
    for text in &args.sets {
        sets.extend(Set::read(text, &lookup)?);
    }
    let mut all = |key: &str, value: &str| sets.push(Set::all(key, value));
    if args.no_cache {
        all("no-cache", "true");
    }
    if args.pull {
        all("pull", "true");
    }
    if args.check {
        all("call", "check");
    }
    if let Some(call) = &args.call {
        all("call", call);
    }
    for (kind, value) in [("sbom", &args.sbom), ("provenance", &args.provenance)] {
        match value.as_deref() {
            None => {}
            Some("true") => all("attest", &format!("type={kind}")),
            Some("false") => all("attest", &format!("type={kind},disabled=true")),
            Some(words) => all("attest", &format!("type={kind},{words}")),
        }
    }
    if args.load {
        all("load", "true");
    }
    if args.push {
        all("push", "true");
    }
    Ok(Set::joined(sets))
}

/// One target on its way.
struct Build {
    name: String,
    args: BuildArgs,
    /// Names of contexts, and the place of the build in the order whose result they are.
    uses: Vec<(String, usize)>,
}

fn builds(resolved: &Resolved, order: &[String], args: &Args) -> Result<Vec<Build>, CommandError> {
    let mut builds = Vec::new();
    for name in order {
        let target = &resolved.targets[name];
        let request = BuildArgs::of_target(target);
        request
            .check_allowed(&args.allow)
            .map_err(|error| error.about(&format!("target {name}")))?;
        let uses = target.contexts.iter().filter_map(|(context, value)| {
            let used = value.strip_prefix("target:")?;
            let at = order.iter().position(|known| known == used)?;
            Some((context.clone(), at))
        });
        builds.push(Build {
            name: name.clone(),
            args: request,
            uses: uses.collect(),
        });
    }
    Ok(builds)
}
