//! `RUN`: its command, environment and mounts.

use dockerfile::ast::{Form, Instruction, MountFlag, Network, Run, Security, Word};
use dockerfile::{ExpandError, Mount, Span};
use oci::Platform;

use super::from::Named;
use super::problem::Problem;
use super::{Places, Planner, Stage};
use crate::Error;
use crate::context::ContextName;
use crate::scope::DEFAULT_PATH;
use crate::step::{BOUND_FILES, Filesystem, MountKind, Operation, RunMount, RunOperation, Script};

/// Where BuildKit puts a heredoc that is a program.
const SCRIPTS: &str = "/dev/pipes";

impl Planner<'_> {
    /// `RUN`.
    pub(super) fn run(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        run: &Run,
    ) -> Result<(), Error> {
        let span = stage.span_of(instruction);
        let devices = self.consented(run, span)?;
        let foreign = foreign(&stage.image.platform, span)?;
        let (arguments, script) = command(stage, run);
        let mut mounts = Vec::with_capacity(run.mounts.len());
        for flag in &run.mounts {
            mounts.push(self.mount(stage, flag)?);
        }
        let mut env = environment(stage);
        env.extend(agent_variable(&mut mounts, &env));
        let created_by = self.run_history(stage, &arguments);
        let operation = RunOperation {
            arguments,
            env,
            proxies: self.undeclared_proxies(stage),
            workdir: absolute_workdir(stage),
            user: stage.config().user.clone(),
            network: self.network(run.network),
            insecure: run.security == Security::Insecure,
            hostname: self.hostname(),
            hosts: self
                .options
                .add_hosts
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            devices,
            mounts,
            foreign,
            script,
        };
        self.layer(
            stage,
            instruction,
            Operation::Run(Box::new(operation)),
            &created_by,
        );
        Ok(())
    }

    fn network(&self, network: Network) -> Network {
        match network {
            Network::Default => self.options.network,
            named => named,
        }
    }

    /// Scripts have come to know the name that BuildKit gives.
    fn hostname(&self) -> String {
        let given = self.scope.build_arg("BUILDKIT_SANDBOX_HOSTNAME");
        given
            .filter(|name| !name.is_empty())
            .unwrap_or("buildkitsandbox")
            .to_owned()
    }

    /// Proxy values that no `ARG` or `ENV` of the stage names.
    fn undeclared_proxies(&self, stage: &Stage) -> Vec<(String, String)> {
        let mut proxies = self.scope.proxies();
        proxies.retain(|(name, _)| stage.image.variables.get(name).is_none());
        proxies
    }

    /// `RUN |2 A=1 B=2 /bin/sh -c …`: the arguments that the stage declares, with what they hold by now.
    fn run_history(&self, stage: &Stage, arguments: &[String]) -> String {
        let image = &stage.image;
        let declared: Vec<String> = image
            .arguments
            .iter()
            .map(|name| format!("{name}={}", image.variables.get(name).unwrap_or("")))
            .collect();
        let mut words = vec!["RUN".to_owned()];
        if !declared.is_empty() {
            words.push(format!("|{}", declared.len()));
            words.extend(declared);
        }
        words.extend(arguments.iter().cloned());
        words.join(" ")
    }

    /// `--mount`: its values expanded, its names resolved.
    fn mount(&mut self, stage: &mut Stage, flag: &MountFlag) -> Result<RunMount, Error> {
        let span = stage.trigger_of.unwrap_or(flag.span);
        let escape = self.file.directives.escape;
        let variables = stage.image.variables.clone();
        let expand = |text: &str| -> Result<String, ExpandError> { variables.expand(text, escape) };
        let mount = Mount::read(flag, &expand)
            .map_err(|error| Problem::new("mount", span, error.to_string()))?;
        self.resolve_mount(stage, mount, span)
    }

    fn resolve_mount(
        &mut self,
        stage: &mut Stage,
        mount: Mount,
        span: Span,
    ) -> Result<RunMount, Error> {
        let (target, kind) = match mount {
            Mount::Bind {
                target,
                from,
                source,
                read_write,
            } => {
                let source = source.unwrap_or_else(|| "/".to_owned());
                let (from, source) = self.bind_source(stage, from.as_deref(), &source, span)?;
                (
                    target,
                    MountKind::Bind {
                        from,
                        source,
                        writable: read_write,
                    },
                )
            }
            Mount::Cache { .. } => return self.cache_mount(stage, mount, span),
            Mount::Tmpfs { target, size } => (target, MountKind::Tmpfs { size }),
            Mount::Secret {
                id,
                target,
                env,
                required,
                mode,
                uid,
                gid,
            } => {
                let target = match (target, &env) {
                    (Some(target), _) => target,
                    // A secret that is a variable is a file only where it is asked to be one.
                    (None, Some(_)) => return Ok(secret_variable(id, env, required)),
                    (None, None) => {
                        format!("/run/secrets/{}", id.rsplit('/').next().unwrap_or(&id))
                    }
                };
                let mode = mode.unwrap_or(0o400);
                let owner = (uid.unwrap_or(0), gid.unwrap_or(0));
                (
                    target,
                    MountKind::Secret {
                        id,
                        env,
                        required,
                        mode,
                        owner,
                    },
                )
            }
            Mount::Ssh {
                id,
                target,
                required,
                mode,
                uid,
                gid,
            } => {
                let kind = MountKind::Ssh {
                    id: id.unwrap_or_else(|| "default".to_owned()),
                    required,
                    mode: mode.unwrap_or(0o600),
                    owner: (uid.unwrap_or(0), gid.unwrap_or(0)),
                };
                match target {
                    Some(target) => (target, kind),
                    None => {
                        let target = String::new();
                        return Ok(RunMount { target, kind });
                    }
                }
            }
        };
        Ok(RunMount {
            target: mount_target(stage, &target, span)?,
            kind,
        })
    }

    /// A cache is named by its target where it has no name.
    fn cache_mount(
        &mut self,
        stage: &mut Stage,
        mount: Mount,
        span: Span,
    ) -> Result<RunMount, Error> {
        let Mount::Cache {
            target,
            id,
            from,
            source,
            sharing,
            mode,
            uid,
            gid,
            read_only,
        } = mount
        else {
            unreachable!("the caller looked")
        };
        let seed = match &from {
            Some(from) => self.bind_source(stage, Some(from), "/", span)?.0,
            None => None,
        };
        // The target as it is written: a relative one names the same cache in every directory.
        let id = id.unwrap_or_else(|| dockerfile::glob::clean(&target));
        let target = mount_target(stage, &target, span)?;
        let namespace = self.scope.build_arg("BUILDKIT_CACHE_MOUNT_NS");
        let kind = MountKind::Cache {
            id: namespace.map_or_else(|| id.clone(), |ns| format!("{ns}/{id}")),
            seed,
            source: source.unwrap_or_else(|| "/".to_owned()),
            sharing,
            mode: mode.unwrap_or(0o755),
            owner: (uid.unwrap_or(0), gid.unwrap_or(0)),
            read_only,
        };
        Ok(RunMount { target, kind })
    }

    /// The files that a mount's `from` and `source` name. A context becomes a step that copies
    /// what is asked for.
    fn bind_source(
        &mut self,
        stage: &Stage,
        from: Option<&str>,
        source: &str,
        span: Span,
    ) -> Result<(Filesystem, String), Error> {
        let source = dockerfile::glob::clean(&format!("/{source}"));
        let Some(from) = from else {
            return Ok(self.bound_context(ContextName::Main, &source, span));
        };
        let word = Word {
            text: from.to_owned(),
            span,
        };
        Ok(match self.named(stage, &word)? {
            Named::Context(context) => self.bound_context(context, &source, span),
            Named::Filesystem(filesystem) => (filesystem, source),
            Named::Stage(index) => (self.stage(index)?.filesystem, source),
        })
    }

    /// Files of a context; `span` is the place to name if they are not there.
    fn bound_context(
        &mut self,
        context: ContextName,
        source: &str,
        span: Span,
    ) -> (Filesystem, String) {
        let step = self.context_step(context, source, BOUND_FILES);
        let places = self.places.entry(step);
        places.or_insert_with(|| Places::flag(span));
        (Some(step), BOUND_FILES.to_owned())
    }
}

/// The platform of a stage, if it is not this machine's. Variants are left to the processor.
fn foreign(platform: &Platform, span: Span) -> Result<Option<Platform>, Problem> {
    let host = Platform::host();
    if platform.os != host.os {
        let message = format!("this stage is for {platform}, whose programs cannot run here");
        return Err(Problem::new("foreign-run", span, message)
            .help("RUN needs a stage for linux: FROM --platform=$BUILDPLATFORM makes one"));
    }
    Ok((platform.architecture != host.architecture).then(|| platform.clone()))
}

/// The program and its arguments. A heredoc alone is a script for the shell, or a program if it
/// says so with `#!`; behind a command it is the shell's to read.
fn command(stage: &mut Stage, run: &Run) -> (Vec<String>, Option<Script>) {
    let text = match &run.command {
        Form::Exec(arguments) => return (arguments.clone(), None),
        Form::Shell(text) => &text.text,
    };
    let shell = stage.shell();
    let with_shell = |text: String| shell.iter().cloned().chain([text]).collect();
    match run.heredocs.as_slice() {
        [] => (with_shell(text.clone()), None),
        [only] if text.trim_start().starts_with("<<") && is_only_a_heredoc(text) => {
            // As in BuildKit: tabs before `#!` make it a script for the shell, though `<<-` takes them off, and it
            // is the shell that starts a program.
            if only.written.starts_with("#!") {
                let path = format!("{SCRIPTS}/{}", only.name);
                let script = Script {
                    path: path.clone(),
                    content: only.body.clone(),
                };
                return (with_shell(path), Some(script));
            }
            (with_shell(only.body.clone()), None)
        }
        several => {
            let mut whole = text.clone();
            for heredoc in several {
                whole.push('\n');
                whole.push_str(&heredoc.written);
                whole.push_str(&heredoc.name);
            }
            (with_shell(whole), None)
        }
    }
}

/// Whether a command's text is nothing but one `<<WORD`.
fn is_only_a_heredoc(text: &str) -> bool {
    let word = text
        .trim()
        .trim_start_matches("<<")
        .trim_start_matches('-')
        .trim_start();
    !word.is_empty() && !word.contains(char::is_whitespace)
}

/// The variables of a `RUN`: there is always a search path.
fn environment(stage: &Stage) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = stage.image.variables.iter().cloned().collect();
    if stage.image.variables.get("PATH").is_none() {
        env.push(("PATH".to_owned(), DEFAULT_PATH.to_owned()));
    }
    env
}

/// Says where the sockets of agents are that name no place, and which variable leads to the first. It is set whether
/// or not there is an agent, as BuildKit has it; a value that the image has stays.
fn agent_variable(mounts: &mut [RunMount], env: &[(String, String)]) -> Option<(String, String)> {
    const NAME: &str = "SSH_AUTH_SOCK";
    let is_ssh = |mount: &&mut RunMount| matches!(mount.kind, MountKind::Ssh { .. });
    for (number, mount) in mounts.iter_mut().filter(is_ssh).enumerate() {
        if mount.target.is_empty() {
            mount.target = format!("/run/buildkit/ssh_agent.{number}");
        }
    }
    let first = mounts
        .iter()
        .find(|mount| matches!(mount.kind, MountKind::Ssh { .. }))?;
    let is_set = env.iter().any(|(name, _)| name == NAME);
    (!is_set).then(|| (NAME.to_owned(), first.target.clone()))
}

fn absolute_workdir(stage: &mut Stage) -> String {
    let workdir = stage.config().working_dir.clone();
    dockerfile::glob::clean(&format!("/{workdir}"))
}

/// A secret that mounts nothing.
fn secret_variable(id: String, env: Option<String>, required: bool) -> RunMount {
    let kind = MountKind::Secret {
        id,
        env,
        required,
        mode: 0o400,
        owner: (0, 0),
    };
    RunMount {
        target: String::new(),
        kind,
    }
}

fn mount_target(stage: &mut Stage, target: &str, span: Span) -> Result<String, Error> {
    let path = stage.absolute(target);
    let path = path.trim_end_matches('/');
    if path.is_empty() || target.is_empty() {
        let message = format!("`{target}` cannot be the target of a mount");
        return Err(Problem::new("mount-target", span, message).into());
    }
    Ok(path.to_owned())
}
