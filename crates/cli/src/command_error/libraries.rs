//! Every library's errors: what they become for the user. All in this file, so that equal troubles read alike.

use super::{Body, CommandError, chain};
use crate::diagnostic;
use crate::exit::Exit;
use crate::report::sizes;
use crate::signals;
use crate::template::TemplateError;
use crate::terminal::style::Style;
use dockerfile::{Diagnostic, Severity, Source};
use rustix::io::Errno;
use std::io;

/// What a command that was asked to stop says.
pub(crate) fn interrupted() -> CommandError {
    let (exit, by) = match signals::exit() {
        Some(exit) if exit == Exit::of_signal(2) => (exit, " by Ctrl-C"),
        Some(exit) => (exit, " by a signal"),
        None => (Exit::Failure, ""),
    };
    CommandError::new(format!("stopped{by}")).exit_with(exit)
}

impl From<oci::Error> for CommandError {
    fn from(error: oci::Error) -> Self {
        let usage = matches!(
            error,
            oci::Error::InvalidReference { .. } | oci::Error::InvalidPlatform { .. }
        );
        let this = Self::new(chain(&error));
        if usage {
            this.exit_with(Exit::Usage)
        } else {
            this
        }
    }
}

impl From<oci::BlobError> for CommandError {
    fn from(error: oci::BlobError) -> Self {
        with_io_hint(&error)
    }
}

impl From<TemplateError> for CommandError {
    fn from(error: TemplateError) -> Self {
        let this = Self::usage(error.to_string());
        let this = match error.hint() {
            Some(hint) => this.hint(hint),
            None => this,
        };
        this.hint("`--format json` shows all fields")
    }
}

impl From<store::Error> for CommandError {
    fn from(error: store::Error) -> Self {
        if let store::Error::Source {
            source: oci::BlobError::NotFound { digest },
        } = &error
        {
            let message = format!("layer {digest} is not in the store any more, nor anywhere else");
            return Self::new(message).hint("build, pull or load the image again");
        }
        if let store::Error::Full {
            used,
            growth,
            limit,
        } = &error
        {
            let [used, growth, limit] = [used, growth, limit].map(|bytes| sizes::spaced(*bytes));
            let message = format!(
                "the store is full: it takes {used}, would grow by {growth}, and may take {limit}"
            );
            return Self::new(message).hint(
                "all that is left is needed by images with a name, containers and what runs now: remove images \
                 (carafe image prune -a, carafe rmi), or raise max-size (CARAFE_MAX_SIZE)",
            );
        }
        let hint = match &error {
            store::Error::NoSuchImage { name } => Some(format!(
                "carafe images lists what is there; carafe pull {name} asks the registry"
            )),
            store::Error::AmbiguousId { .. } => Some("give more digits".to_owned()),
            store::Error::NoSuchPlatform { .. } => {
                Some("pull or build it for that platform with --platform".to_owned())
            }
            store::Error::SeveralNames { .. } => {
                Some("remove its names one by one, or all with --force".to_owned())
            }
            store::Error::Owners { recorded, .. } => Some(match recorded {
                true => "files in it have their owners noted beside them, where now the kernel knows them: use another directory \
                         (--root DIR), or remove this one"
                    .to_owned(),
                false => "this user has no subordinate IDs now (/etc/subuid, /etc/subgid, newuidmap): give them back, use \
                          another directory (--root DIR), or remove this one"
                    .to_owned(),
            }),
            store::Error::Version { .. } => Some(
                "use another directory (--root DIR), or the carafe that made this one".to_owned(),
            ),
            other => cause_hint(other).map(str::to_owned),
        };
        let this = Self::new(chain(&error));
        match hint {
            Some(hint) => this.hint(hint),
            None => this,
        }
    }
}

impl From<store::LayerError> for CommandError {
    fn from(error: store::LayerError) -> Self {
        with_io_hint(&error)
    }
}

impl From<rootfs::Error> for CommandError {
    fn from(error: rootfs::Error) -> Self {
        with_io_hint(&error)
    }
}

impl From<inspect::Error> for CommandError {
    fn from(error: inspect::Error) -> Self {
        with_io_hint(&error)
    }
}

impl From<sandbox::Error> for CommandError {
    fn from(error: sandbox::Error) -> Self {
        let exit = match error.exit_code() {
            Some(127) => Exit::NotFound,
            Some(126) => Exit::NotExecutable,
            _ => Exit::Failure,
        };
        let this = Self::new(chain(&error)).exit_with(exit);
        let this = match error.hint() {
            Some(hint) => this.hint(hint),
            None => this,
        };
        match error {
            sandbox::Error::UserNamespace { .. } | sandbox::Error::Kernel { .. } => {
                this.hint("`carafe doctor` shows what this machine allows")
            }
            _ => this,
        }
    }
}

impl From<registry::Error> for CommandError {
    fn from(error: registry::Error) -> Self {
        if error.is_cancelled() && signals::exit().is_some() {
            return interrupted();
        }
        // The messages say what to do already.
        Self::new(chain(&error))
    }
}

impl From<registry::CredentialError> for CommandError {
    fn from(error: registry::CredentialError) -> Self {
        // So do these.
        Self::new(chain(&error))
    }
}

/// Errors of the builder's that `run` meets: users, mount points.
impl From<builder::Error> for CommandError {
    fn from(error: builder::Error) -> Self {
        let this = with_io_hint(&error);
        match remote_hint(&error) {
            Some(hint) => this.hint(hint),
            None => this,
        }
    }
}

/// A Dockerfile that cannot be built, with the lines that are wrong.
pub(crate) fn of_diagnostics(
    diagnostics: &[Diagnostic],
    source: &Source,
    style: Style,
) -> CommandError {
    CommandError::block(diagnostic::render_all(diagnostics, source, style))
}

/// A failed build, with the lines of the Dockerfile that it is about.
pub(crate) fn of_build(error: builder::Error, source: &Source, style: Style) -> CommandError {
    match error {
        builder::Error::Cancelled => interrupted(),
        builder::Error::Dockerfile(diagnostics) => of_diagnostics(&diagnostics, source, style),
        builder::Error::Step {
            span: Some(span),
            source: cause,
            ..
        } => {
            let inner = CommandError::from_cause(*cause);
            let diagnostic = Diagnostic {
                code: "step",
                severity: Severity::Error,
                span,
                message: inner.message().to_owned(),
                help: None,
            };
            let hints = inner.hints;
            CommandError {
                hints,
                ..CommandError::block(diagnostic::render(&diagnostic, source, style))
            }
        }
        builder::Error::Step { source: cause, .. } => CommandError::from_cause(*cause),
        builder::Error::NoStages => CommandError::new(format!(
            "{}: there is no FROM, so there is nothing to build",
            source.name()
        )),
        other => CommandError::from_cause(other),
    }
}

impl CommandError {
    /// The builder's error itself, or the library's that it passes on.
    fn from_cause(error: builder::Error) -> Self {
        match error {
            builder::Error::Store(error) => error.into(),
            builder::Error::Pull { source, .. } => source.into(),
            builder::Error::SourceMissing(missing) => {
                let hints = missing.hints.iter().cloned();
                let this = Self::new(missing.to_string());
                hints.fold(this, Self::hint)
            }
            // The Dockerfile's lines, which show the command, stand below.
            builder::Error::Exit { code, .. } => {
                Self::new(format!("the command failed with exit code {code}"))
            }
            builder::Error::Signal { signal, .. } => {
                Self::new(format!("the command was ended by signal {signal}"))
            }
            builder::Error::Sandbox(error) => Self::from(error).exit_with(Exit::Failure),
            builder::Error::Start { command, source } => {
                let inner = Self::from(source);
                let message = format!("cannot run `{command}`: {}", inner.message());
                Self {
                    body: Body::Message(message),
                    exit: Exit::Failure,
                    ..inner
                }
            }
            builder::Error::Unreadable { .. } if is_denied(&error) => Self::new(chain(&error))
                .hint("make it readable for yourself, or leave it out with .dockerignore"),
            builder::Error::NeedsNamespaces { .. } => {
                let why = match sandbox::survey::needs_chroot() {
                    true => sandbox::survey::why_denied(),
                    false => {
                        "CARAFE_ISOLATION asks for that; without it steps have namespaces here"
                    }
                };
                Self::new(error.to_string()).hint(why)
            }
            builder::Error::SshMissing { ref id } => {
                let hint = format!(
                    "--ssh {id} forwards the agent that SSH_AUTH_SOCK names, --ssh {id}=FILE lets a key be used"
                );
                Self::new(error.to_string()).hint(hint)
            }
            other => other.into(),
        }
    }
}

fn is_denied(error: &(dyn std::error::Error + 'static)) -> bool {
    io_cause(error).is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}

fn with_io_hint(error: &(dyn std::error::Error + 'static)) -> CommandError {
    let this = CommandError::new(chain(error));
    match cause_hint(error) {
        Some(hint) => this.hint(hint),
        None => this,
    }
}

/// What helps against what the system says at the bottom.
fn cause_hint(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    match find::<rootfs::Error>(error) {
        Some(error @ rootfs::Error::Overlay { .. }) => overlay_hint(error.raw_os_error()?),
        _ => io_cause(error).and_then(super::io_hint),
    }
}

/// What helps where layers cannot be mounted.
fn overlay_hint(errno: i32) -> Option<&'static str> {
    match Errno::from_raw_os_error(errno) {
        Errno::PERM => Some(sandbox::survey::why_denied()),
        Errno::NODEV => Some("the kernel has no overlayfs; root can load it: `modprobe overlay`"),
        Errno::INVAL | Errno::OPNOTSUPP => Some(
            "the store must be on a file system that layers can be mounted from (ext4, xfs, btrfs, tmpfs; in a container, \
             a volume): --root DIR or CARAFE_ROOT; `carafe doctor` tries it",
        ),
        _ => None,
    }
}

/// What helps where something could not be fetched.
fn remote_hint(error: &builder::Error) -> Option<String> {
    match error {
        builder::Error::GitMissing { .. } => {
            Some("install git, for example with `apt-get install git`".to_owned())
        }
        builder::Error::Download { cause, .. } => match **cause {
            registry::Error::Tls { .. } => {
                Some("name the certificate of its authority with SSL_CERT_FILE".to_owned())
            }
            registry::Error::UnknownHost { .. } | registry::Error::Network { .. } => {
                Some("check the URL, the network, and HTTP_PROXY and HTTPS_PROXY".to_owned())
            }
            registry::Error::Status {
                status: 401 | 403, ..
            } => Some(
                "give a token with --secret id=HTTP_AUTH_TOKEN_<host>, or a header with HTTP_AUTH_HEADER_<host>"
                    .to_owned(),
            ),
            _ => None,
        },
        builder::Error::Git { reason, .. } => {
            let hints = [
                ("could not read Username", "give a token with --secret id=GIT_AUTH_TOKEN"),
                ("Authentication failed", "give a token with --secret id=GIT_AUTH_TOKEN"),
                ("Permission denied", "let git use your agent with --ssh default"),
                (
                    "Could not read from remote repository",
                    "let git use your agent with --ssh default, and have the host in ~/.ssh/known_hosts",
                ),
            ];
            let hint = hints.iter().find(|(words, _)| reason.contains(words));
            hint.map(|(_, hint)| (*hint).to_owned())
        }
        _ => None,
    }
}

/// The operating system's error at the bottom, if there is one.
fn io_cause<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e io::Error> {
    find(error)
}

/// The first error of a kind among an error and its causes.
fn find<'e, E: std::error::Error + 'static>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e E> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        at = error.source();
    }
    None
}
