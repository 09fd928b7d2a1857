//! `carafe login`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::Notices;
use crate::terminal::prompt;
use crate::{output, terminal};
use registry::{Credential, Given, Kept, Keyring, Registries, RegistryKey};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// Longer ones are no passwords, nor tokens.
const LIMIT: u64 = 1 << 20;

/// Check a password for a registry, and keep it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The user's name
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// The password; others can see it in the list of processes
    #[arg(
        short,
        long,
        value_name = "PASSWORD",
        conflicts_with = "password_stdin"
    )]
    password: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Keep it in this file instead
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
    /// The registry's host, and its port; Docker Hub if there is none
    #[arg(
        value_name = "REGISTRY",
        default_value = "docker.io",
        hide_default_value = true
    )]
    registry: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let key = RegistryKey::new(&args.registry);
    let registries = config.registries()?;
    let observer = Notices::default().observer();
    let keyring = config.keyring(
        &registries,
        &observer,
        &Arc::default(),
        args.authfile.as_deref(),
    );
    let known = match &args.username {
        None if args.password.is_none() && !args.password_stdin => keyring.get(&key)?,
        _ => None,
    };
    if let Some(credential) = known {
        match check(&key, credential, &registries, config) {
            Ok(_) => {
                output::note(&format!(
                    "The credentials that are kept for {key} are accepted.\n"
                ));
                return succeeded();
            }
            Err(error) if !terminal::is_terminal(io::stdin()) => return Err(error),
            Err(error) => output::note(&format!("{}\n", error.message())),
        }
    }
    let (username, password) = args.ask()?;
    let credential = Credential::Password {
        username: username.clone(),
        password,
    };
    let token = check(&key, credential.clone(), &registries, config)?;
    let credential = token.map_or(credential, Credential::IdentityToken);
    let kept = keyring.store(&key, &username, &credential)?;
    tell(&key, &kept, &keyring)?;
    succeeded()
}

impl Args {
    /// The name and the password, from wherever they come.
    fn ask(&self) -> Result<(String, String), CommandError> {
        if self.password.is_some() {
            output::note("warning: --password can be seen by others; --password-stdin cannot\n");
        }
        if self.password_stdin {
            let Some(username) = self.username.clone() else {
                return Err(CommandError::usage("--password-stdin needs --username"));
            };
            return not_empty(username, read_password()?);
        }
        let can_ask = terminal::is_terminal(io::stdin());
        let missing = |what: &str| {
            CommandError::usage(format!("cannot ask for the {what}: there is no terminal"))
                .hint("carafe login --username NAME --password-stdin REGISTRY <FILE")
        };
        let username = match &self.username {
            Some(name) => name.clone(),
            None if can_ask => prompt::line("Username: ")?,
            None => return Err(missing("user name")),
        };
        let password = match &self.password {
            Some(password) => password.clone(),
            None if can_ask => prompt::secret("Password: ")?,
            None => return Err(missing("password")),
        };
        not_empty(username, password)
    }
}

fn not_empty(username: String, password: String) -> Result<(String, String), CommandError> {
    match (username.is_empty(), password.is_empty()) {
        (true, _) => Err(CommandError::usage("the user name is empty")),
        (_, true) => Err(CommandError::usage("the password is empty")),
        _ => Ok((username, password)),
    }
}

/// All of standard input, without the end of its last line.
fn read_password() -> Result<String, CommandError> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::io("read the password from standard input", error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Whether the registry accepts credentials, and the identity token that it gives for them.
fn check(
    key: &RegistryKey,
    credential: Credential,
    registries: &Registries,
    config: &Config,
) -> Result<Option<String>, CommandError> {
    let given = Given {
        registry: key.host().to_owned(),
        credential,
    };
    let observer = Notices::default().observer();
    let client = config.client(
        registries.clone(),
        Arc::new(given),
        Arc::default(),
        observer,
    );
    Ok(client.login(key.host())?.identity_token)
}

/// Says where they are, if that is not as safe or as effective as it seems.
fn tell(key: &RegistryKey, kept: &Kept, keyring: &Keyring) -> Result<(), CommandError> {
    let place = match kept {
        Kept::InFile(path) => {
            let path = path.display();
            output::note(&format!(
                "warning: the password is in {path}, not encrypted; a credential helper is safer\n"
            ));
            path.to_string()
        }
        Kept::ByHelper(_) => return Ok(()),
    };
    match keyring.place_of(key)? {
        Some(first) if first != place => {
            output::note(&format!(
                "warning: {first} has credentials for {key}, too, and goes first\n"
            ));
        }
        _ => {}
    }
    Ok(())
}

fn succeeded() -> Result<Exit, CommandError> {
    output::result("Login Succeeded\n")?;
    Ok(Exit::Success)
}
