//! What the surroundings say: where the store is, how to show things, which registries there are. The only
//! place that reads the environment.

mod credentials;
mod file;

use crate::command_error::CommandError;
use crate::terminal::clean;
use crate::terminal::style::Style;
use crate::{output, terminal};
use builder::remote::GitSettings;
use file::File;
use registry::{Certificates, Client, Credentials, Observer, Proxies, Registries};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

/// Longer ones are cut.
const RESOLV_CONF_LIMIT: u64 = 64 << 10;

/// The user's surroundings. Nothing is read before it is asked for.
#[derive(Debug)]
pub(crate) struct Config {
    root: Option<PathBuf>,
    /// Whether root called; later everybody is root.
    called_by_root: bool,
    /// Who called; later it is another number.
    user: u32,
}

impl Config {
    /// `root` is what `--root` said.
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        let user = rustix::process::geteuid();
        Self {
            root,
            called_by_root: user.is_root(),
            user: user.as_raw(),
        }
    }

    /// Lets an ordinary user own files as several users, and mount: in a user namespace, for the rest of the process.
    /// Must be called while there is one thread.
    pub(crate) fn become_root_of_own_namespace(&self) -> Result<(), CommandError> {
        if !self.called_by_root {
            sandbox::enter_user_namespace()?;
        }
        Ok(())
    }

    /// How to paint standard error.
    pub(crate) fn style(&self) -> Style {
        if terminal::is_terminal(io::stderr()) && self.wants_colour() {
            Style::coloured()
        } else {
            Style::plain()
        }
    }

    /// How to paint standard output.
    pub(crate) fn output_style(&self) -> Style {
        if terminal::is_terminal(io::stdout()) && self.wants_colour() {
            Style::coloured()
        } else {
            Style::plain()
        }
    }

    /// Whether people read standard output, or standard error.
    pub(crate) fn has_terminal(&self, is_stderr: bool) -> bool {
        match is_stderr {
            true => terminal::is_terminal(io::stderr()),
            false => terminal::is_terminal(io::stdout()),
        }
    }

    /// <https://no-color.org>: set and not empty means none.
    fn wants_colour(&self) -> bool {
        set("NO_COLOR").is_none() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether the terminal understands a live view.
    pub(crate) fn has_live_terminal(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        terminal::is_terminal(io::stderr()) && !dumb
    }

    /// The store's directory: `--root`, `CARAFE_ROOT`, `/var/lib/carafe` for root, else
    /// `$XDG_DATA_HOME/carafe`.
    pub(crate) fn store_path(&self) -> Result<PathBuf, CommandError> {
        if let Some(root) = &self.root {
            return Ok(root.clone());
        }
        if let Some(root) = set("CARAFE_ROOT") {
            return Ok(root.into());
        }
        if self.called_by_root {
            return Ok(PathBuf::from("/var/lib/carafe"));
        }
        if let Some(data) = set("XDG_DATA_HOME").filter(|dir| Path::new(dir).is_absolute()) {
            return Ok(Path::new(&data).join("carafe"));
        }
        match set("HOME") {
            Some(home) => Ok(Path::new(&home).join(".local/share/carafe")),
            None => Err(
                CommandError::new("cannot tell where the store is: HOME is not set")
                    .hint("name a directory with --root DIR or CARAFE_ROOT"),
            ),
        }
    }

    /// Opens the store, whatever it may take.
    pub(crate) fn unlimited_store(&self) -> Result<store::Store, CommandError> {
        // Also of who was started as root of such a namespace: the owner of a container, or by `unshare -r`.
        if sandbox::has_single_id() {
            rootfs::record_owners();
        } else if let Some(last) = sandbox::last_ids() {
            rootfs::record_owners_beyond(last);
        }
        let store = store::Store::open(self.store_path()?)?;
        if self.wants_chroot()? {
            store.use_copies();
        }
        Ok(store)
    }

    /// Whether steps run in a chroot: as `CARAFE_ISOLATION` says, else where nothing better is allowed.
    pub(crate) fn wants_chroot(&self) -> Result<bool, CommandError> {
        match set("CARAFE_ISOLATION") {
            None => Ok(sandbox::survey::needs_chroot()),
            Some(word) if word == "chroot" => Ok(true),
            Some(word) if word == "namespaces" => Ok(false),
            Some(word) => {
                let word = word.to_string_lossy().into_owned();
                let message = format!("CARAFE_ISOLATION is `{}`", clean::line(word.as_bytes()));
                Err(CommandError::new(message).hint("it can be `namespaces` or `chroot`"))
            }
        }
    }

    /// Refuses what takes mounts and processes of its own, which a container does, where there are none: before anything is
    /// pulled or made for it.
    pub(crate) fn check_containers(&self) -> Result<(), CommandError> {
        if self.wants_chroot()? {
            let error =
                CommandError::new("containers need namespaces and mounts, which are refused here");
            let why = match sandbox::survey::needs_chroot() {
                true => sandbox::survey::why_denied(),
                false => {
                    "CARAFE_ISOLATION asks for a chroot; without it containers have namespaces here"
                }
            };
            return Err(error.hint(format!("images are built all the same, in a chroot; {why}")));
        }
        match sandbox::survey::shares_processes() {
            true => Err(CommandError::new(
                "containers need a /proc of their own, which is refused here: parts of this container's are covered",
            )
            .hint(
                "images are built all the same; who starts this container can uncover it: docker run --security-opt \
                 systempaths=unconfined; in Kubernetes, securityContext.procMount: Unmasked",
            )),
            false => Ok(()),
        }
    }

    /// Opens the store.
    pub(crate) fn store(&self) -> Result<store::Store, CommandError> {
        let store = self.unlimited_store()?;
        if let Some(bytes) = self.max_size()? {
            store.limit_to(bytes);
        }
        Ok(store)
    }

    /// How much the store may take on the disk: `CARAFE_MAX_SIZE`, else what the user's configuration file says, else the
    /// machine's. None is no limit, and so is a size of 0.
    pub(crate) fn max_size(&self) -> Result<Option<u64>, CommandError> {
        let given = match set("CARAFE_MAX_SIZE") {
            Some(text) => Some(file::size(&text.to_string_lossy(), "CARAFE_MAX_SIZE")?),
            None => File::load(config_home().as_deref())?.max_size,
        };
        Ok(given.filter(|bytes| *bytes > 0))
    }

    /// A client for registries; nothing is connected before it is needed. It stops when `cancel` is set, and tells `observer`
    /// what happens.
    pub(crate) fn registry(
        &self,
        cancel: Arc<AtomicBool>,
        observer: Observer,
    ) -> Result<Client, CommandError> {
        let registries = self.registries()?;
        let keyring = self.keyring(&registries, &observer, &cancel, None);
        Ok(self.client(registries, Arc::new(keyring), cancel, observer))
    }

    /// A client that shows these credentials.
    pub(crate) fn client(
        &self,
        registries: Registries,
        credentials: Arc<dyn Credentials>,
        cancel: Arc<AtomicBool>,
        observer: Observer,
    ) -> Client {
        // As with curl, the lower-case name goes first.
        let either = |lower: &str, upper: &str| {
            set(lower)
                .or_else(|| set(upper))
                .and_then(|value| value.into_string().ok())
        };
        Client::new(registry::Config {
            registries,
            credentials,
            proxies: Proxies {
                http: either("http_proxy", "HTTP_PROXY"),
                https: either("https_proxy", "HTTPS_PROXY"),
                none: either("no_proxy", "NO_PROXY").unwrap_or_default(),
            },
            certificates: self.certificates(),
            cancel,
            observer,
            ..registry::Config::default()
        })
    }

    /// Whose certificates count: what OpenSSL's variables name, and `certs.d` as containers' tools, docker and
    /// containerd have it.
    fn certificates(&self) -> Certificates {
        let own = |folder: &str| config_home().map(|home| home.join(folder).join("certs.d"));
        let of_all = ["/etc/containers", "/etc/docker", "/etc/containerd"];
        let of_all = of_all.map(|folder| Path::new(folder).join("certs.d"));
        let of_user = [own("containers"), own("docker"), own("containerd")];
        Certificates {
            file: set("SSL_CERT_FILE").map(PathBuf::from),
            folders: set("SSL_CERT_DIR")
                .map_or_else(Vec::new, |list| std::env::split_paths(&list).collect()),
            of_hosts: of_user.into_iter().flatten().chain(of_all).collect(),
        }
    }

    /// Where registries are: containers-registries.conf(5).
    pub(crate) fn registries(&self) -> Result<Registries, CommandError> {
        static WARNED: Once = Once::new();
        let registries = match set("CONTAINERS_REGISTRIES_CONF") {
            Some(path) => Registries::load(Path::new(&path))?,
            None => Registries::load_default(config_home().as_deref())?,
        };
        WARNED.call_once(|| {
            for warning in registries.warnings() {
                output::note(&format!("warning: {}\n", clean::line(warning.as_bytes())));
            }
        });
        Ok(registries)
    }

    /// What `git` sees of the user's surroundings: how to get out. What opens doors is given with
    /// `--secret` and `--ssh`.
    pub(crate) fn git(&self) -> GitSettings {
        const PASSED: [&str; 8] = [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
        ];
        let passed = PASSED
            .iter()
            .filter_map(|name| Some(((*name).into(), set(name)?)));
        GitSettings {
            search_path: set("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
            home: set("HOME").map(PathBuf::from),
            environment: passed.collect(),
            certificates: set("SSL_CERT_FILE").map(PathBuf::from),
        }
    }

    /// What containers and RUN steps get as `/etc/resolv.conf`.
    pub(crate) fn resolv_conf(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Without one, names are not resolved; addresses still work.
        let _ = std::fs::File::open("/etc/resolv.conf")
            .and_then(|file| file.take(RESOLV_CONF_LIMIT).read_to_end(&mut text));
        text
    }

    /// Docker's folder of configuration and plug-ins: the one given, `DOCKER_CONFIG`, else `~/.docker`.
    pub(crate) fn docker_folder(&self, given: Option<PathBuf>) -> Result<PathBuf, CommandError> {
        let home = || Some(Path::new(&set("HOME")?).join(".docker"));
        given
            .or_else(|| set("DOCKER_CONFIG").map(PathBuf::from))
            .or_else(home)
            .ok_or_else(|| {
                CommandError::new("cannot tell where docker's configuration is: HOME is not set")
                    .hint("name its folder with --config DIR or DOCKER_CONFIG")
            })
    }

    /// Whether this is a plug-in that the docker command called.
    pub(crate) fn is_called_by_docker(&self) -> bool {
        set("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND").is_some()
    }

    /// The socket that the docker command closes when its plug-in shall end.
    pub(crate) fn docker_socket(&self) -> Option<String> {
        set("DOCKER_CLI_PLUGIN_SOCKET")?.into_string().ok()
    }

    /// How progress is shown, if the environment says: `BUILDKIT_PROGRESS`, as with Docker.
    pub(crate) fn progress(&self) -> Option<String> {
        set("BUILDKIT_PROGRESS")?.into_string().ok()
    }

    /// <https://reproducible-builds.org/specs/source-date-epoch/>.
    pub(crate) fn source_date_epoch(&self) -> Option<String> {
        set("SOURCE_DATE_EPOCH")?.into_string().ok()
    }

    /// Where the host's programs are.
    pub(crate) fn programs(&self) -> Vec<PathBuf> {
        let path = set("PATH").unwrap_or_else(|| sandbox::DEFAULT_PATH.into());
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .collect()
    }

    /// The platform that docker's commands take when none is named.
    pub(crate) fn default_platform(&self) -> Option<String> {
        set("DOCKER_DEFAULT_PLATFORM")?.into_string().ok()
    }

    /// Where the user's configuration is: `$XDG_CONFIG_HOME`, else `~/.config`.
    pub(crate) fn config_home(&self) -> Option<PathBuf> {
        config_home()
    }

    /// A variable of the environment, for `--build-arg NAME`, `-e NAME` and secrets.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// Where the user's configuration is: `$XDG_CONFIG_HOME`, else `~/.config`.
fn config_home() -> Option<PathBuf> {
    let own = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    own.or_else(|| Some(Path::new(&set("HOME")?).join(".config")))
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
