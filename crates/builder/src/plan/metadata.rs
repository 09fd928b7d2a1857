//! Instructions that change the image's config and variables.

use dockerfile::ast::{ArgDeclaration, Form, Healthcheck, Instruction, Onbuild, Pair, Word};
use dockerfile::{Span, ports, signal};

use super::problem::Problem;
use super::{Planner, Stage, history};
use crate::Error;
use crate::scope::Variables;
use crate::step::Operation;

impl Planner<'_> {
    /// `ARG`: one line may declare several, and a later one sees an earlier one.
    pub(super) fn arg(
        &mut self,
        stage: &mut Stage,
        args: &[ArgDeclaration],
        span: Span,
    ) -> Result<(), Error> {
        let mut shown = Vec::new();
        for arg in args {
            // Only the values of ARG have variables in them, not the names.
            let name = arg.name.text.clone();
            if name.is_empty() {
                return Err(Problem::new("arg-name", span, "ARG names cannot be blank").into());
            }
            let default = match &arg.default {
                Some(default) => Some(self.expand(stage, default)?),
                None => None,
            };
            let value = match (self.scope.build_arg(&name), default) {
                (Some(given), _) => Some(given.to_owned()),
                (None, Some(default)) => Some(default),
                (None, None) => self.scope.argument(&name).map(str::to_owned),
            };
            if !stage.image.arguments.contains(&name) {
                stage.image.arguments.push(name.clone());
            }
            match value {
                Some(value) => {
                    shown.push(format!("{name}={value}"));
                    // What an SBOM scanner is told is no variable, as in BuildKit.
                    if !name.starts_with("BUILDKIT_SBOM_SCAN_") {
                        stage.image.variables.set(&name, &value);
                    }
                }
                None => shown.push(name),
            }
        }
        stage.note(format!("ARG {}", shown.join(" ")));
        Ok(())
    }

    /// `ENV`: all values of a line see the variables from before it.
    pub(super) fn env(
        &mut self,
        stage: &mut Stage,
        pairs: &[Pair],
        span: Span,
    ) -> Result<(), Error> {
        let values = self.pairs(stage, pairs, "ENV", span)?;
        let config = &stage.image.config.config;
        let env = stage
            .env
            .get_or_insert_with(|| Variables::from_env(&config.env));
        for (name, value) in &values {
            env.set(name, value);
            stage.image.variables.set(name, value);
        }
        stage.note(format!("ENV {}", joined(&values)));
        Ok(())
    }

    /// `LABEL`.
    pub(super) fn label(
        &mut self,
        stage: &mut Stage,
        pairs: &[Pair],
        span: Span,
    ) -> Result<(), Error> {
        let values = self.pairs(stage, pairs, "LABEL", span)?;
        stage.config().labels.extend(values.iter().cloned());
        stage.note(format!("LABEL {}", joined(&values)));
        Ok(())
    }

    fn pairs(
        &self,
        stage: &Stage,
        pairs: &[Pair],
        keyword: &str,
        span: Span,
    ) -> Result<Vec<(String, String)>, Error> {
        let mut values = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let name = self.expand(stage, &pair.name)?;
            if name.is_empty() {
                let message = format!("{keyword} names cannot be blank");
                return Err(Problem::new("blank-name", span, message).into());
            }
            values.push((name, self.expand(stage, &pair.value)?));
        }
        Ok(values)
    }

    /// `CMD`.
    pub(super) fn cmd(&mut self, stage: &mut Stage, form: &Form) -> Result<(), Error> {
        let command = history::command(form, &stage.shell());
        stage.note(format!("CMD {}", history::quoted(&command)));
        stage.config().cmd = command;
        stage.config().args_escaped = matches!(form, Form::Shell(_));
        stage.cmd_set = true;
        Ok(())
    }

    /// `ENTRYPOINT`: it drops a `CMD` that this stage did not set itself.
    pub(super) fn entrypoint(&mut self, stage: &mut Stage, form: &Form) -> Result<(), Error> {
        let command = history::command(form, &stage.shell());
        stage.note(format!("ENTRYPOINT {}", history::quoted(&command)));
        stage.config().entrypoint = command;
        stage.config().args_escaped = matches!(form, Form::Shell(_));
        if !stage.cmd_set {
            stage.config().cmd.clear();
        }
        Ok(())
    }

    /// `EXPOSE`.
    pub(super) fn expose(&mut self, stage: &mut Stage, words: &[Word]) -> Result<(), Error> {
        let escape = self.file.directives.escape;
        let mut written = Vec::new();
        for word in words {
            let variables = &stage.image.variables;
            let lookup = |name: &str| variables.get(name).map(str::to_owned);
            let span = stage.trigger_of.unwrap_or(word.span);
            let expanded = dockerfile::expand_words(&word.text, escape, &lookup)
                .map_err(|error| super::problem::expansion(&error, span))?;
            written.extend(expanded.into_iter().map(|port| (port, span)));
        }
        // The order of history is that of the words, and what was written twice is there twice.
        written.sort();
        let mut exposed = Vec::new();
        for (port, span) in written {
            let parsed = ports::parse(&port)
                .map_err(|error| Problem::new("expose-port", span, error.to_string()))?;
            exposed.extend(parsed);
        }
        stage.note(format!("EXPOSE [{}]", exposed.join(" ")));
        stage.config().exposed_ports.extend(exposed);
        Ok(())
    }

    /// `HEALTHCHECK`.
    pub(super) fn healthcheck(
        &mut self,
        stage: &mut Stage,
        check: &Healthcheck,
    ) -> Result<(), Error> {
        let check = match check {
            Healthcheck::None => oci::Healthcheck {
                test: vec!["NONE".to_owned()],
                ..oci::Healthcheck::default()
            },
            Healthcheck::Command {
                interval,
                timeout,
                start_period,
                start_interval,
                retries,
                command,
            } => oci::Healthcheck {
                test: health_command(command),
                interval: nanoseconds(*interval),
                timeout: nanoseconds(*timeout),
                start_period: nanoseconds(*start_period),
                start_interval: nanoseconds(*start_interval),
                retries: retries.map_or(0, i64::from),
            },
        };
        stage.note(history::healthcheck(&check));
        stage.config().healthcheck = Some(check);
        Ok(())
    }

    /// `MAINTAINER`.
    pub(super) fn maintainer(&mut self, stage: &mut Stage, author: &Word) -> Result<(), Error> {
        stage.image.config.author = Some(author.text.clone());
        stage.note(format!("MAINTAINER {}", author.text));
        Ok(())
    }

    /// `ONBUILD`: only recorded; it has no line of history.
    pub(super) fn onbuild(&mut self, stage: &mut Stage, onbuild: &Onbuild) -> Result<(), Error> {
        stage.config().on_build.push(onbuild.trigger.clone());
        Ok(())
    }

    /// `SHELL`.
    pub(super) fn shell(&mut self, stage: &mut Stage, shell: &[String]) -> Result<(), Error> {
        stage.config().shell = shell.to_vec();
        stage.note(format!("SHELL [{}]", shell.join(" ")));
        Ok(())
    }

    /// `STOPSIGNAL`.
    pub(super) fn stopsignal(&mut self, stage: &mut Stage, word: &Word) -> Result<(), Error> {
        let name = self.expand(stage, word)?;
        if !signal::is_known(&name) {
            let message = format!("`{name}` is no signal");
            let span = stage.trigger_of.unwrap_or(word.span);
            return Err(Problem::new("stop-signal", span, message)
                .help("use a name such as SIGTERM or a number from 1 to 64")
                .into());
        }
        stage.note(format!("STOPSIGNAL {name}"));
        stage.config().stop_signal = name;
        Ok(())
    }

    /// `USER`: who it is is looked up when a step needs it.
    pub(super) fn user(&mut self, stage: &mut Stage, word: &Word) -> Result<(), Error> {
        let user = self.expand(stage, word)?;
        stage.note(format!("USER {user}"));
        stage.config().user = user;
        Ok(())
    }

    /// `VOLUME`.
    pub(super) fn volume(&mut self, stage: &mut Stage, words: &[Word]) -> Result<(), Error> {
        let mut volumes = Vec::with_capacity(words.len());
        for word in words {
            let path = self.expand(stage, word)?;
            if path.trim().is_empty() {
                let span = stage.trigger_of.unwrap_or(word.span);
                return Err(Problem::new("volume", span, "VOLUME paths cannot be blank").into());
            }
            volumes.push(path);
        }
        stage.note(format!("VOLUME [{}]", volumes.join(" ")));
        stage.config().volumes.extend(volumes);
        Ok(())
    }

    /// `WORKDIR`: the config's path, and a layer with the directory.
    pub(super) fn workdir(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        word: &Word,
    ) -> Result<(), Error> {
        let written = self.expand(stage, word)?;
        let path = if written.starts_with('/') {
            written
        } else {
            stage.absolute(&written).trim_end_matches('/').to_owned()
        };
        let path = if path.is_empty() {
            "/".to_owned()
        } else {
            path
        };
        stage.config().working_dir.clone_from(&path);
        let created_by = format!("WORKDIR {path}");
        let directory = dockerfile::glob::clean(&path);
        if directory == "/" {
            stage.note(created_by);
            return Ok(());
        }
        let user = stage.config().user.clone();
        Self::check_names(stage, &user, stage.trigger_of.unwrap_or(word.span))?;
        let operation = Operation::Workdir {
            path: directory,
            user,
        };
        let step = self.layer(stage, instruction, operation, "");
        // BuildKit marks the other layers of its own, but not this one.
        stage.image.history.pop();
        stage.image.history.push(super::HistoryEntry {
            created_by,
            step: Some(step),
        });
        Ok(())
    }
}

/// `a=1 b=2`.
fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(" ")
}

fn health_command(form: &Form) -> Vec<String> {
    match form {
        Form::Exec(arguments) => [vec!["CMD".to_owned()], arguments.clone()].concat(),
        Form::Shell(text) => vec!["CMD-SHELL".to_owned(), text.text.clone()],
    }
}

/// Zero means "the default" in the config, and is left out of it.
fn nanoseconds(duration: Option<u64>) -> i64 {
    duration
        .and_then(|n| i64::try_from(n).ok())
        .unwrap_or_default()
}
