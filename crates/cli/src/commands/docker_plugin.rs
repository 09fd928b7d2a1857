//! `carafe docker-plugin`: puts carafe where the docker command looks for plug-ins.

mod place;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::docker_plugin::Role;
use crate::docker_plugin::config_file::ConfigFile;
use crate::exit::Exit;
use crate::output;
use clap::{Subcommand, ValueEnum};
use place::{Place, Plugin};
use std::path::PathBuf;

/// Let `docker build` and `docker buildx` call carafe
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Become the plug-in: `docker build` is carafe from then on
    Install {
        #[command(flatten)]
        which: Which,
        /// Copy the program; else a link leads to it, and follows its upgrades
        #[arg(long)]
        copy: bool,
        /// Replace a plug-in of this name that is not carafe
        #[arg(long)]
        force: bool,
    },
    /// Take the plug-in away
    Uninstall {
        #[command(flatten)]
        which: Which,
    },
    /// Say what is installed
    Status {
        /// Docker's configuration folder [default: $DOCKER_CONFIG, else ~/.docker]
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// As what: `carafe` is a plug-in of its own that `docker build` leads to, `buildx` stands in for docker's own builder
    #[arg(long = "as", value_name = "NAME", default_value = "carafe")]
    role: Named,
    /// Docker's configuration folder [default: $DOCKER_CONFIG, else ~/.docker]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    Carafe,
    Buildx,
}

impl From<Named> for Role {
    fn from(named: Named) -> Self {
        match named {
            Named::Carafe => Self::Carafe,
            Named::Buildx => Self::Buildx,
        }
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    match &args.action {
        Action::Install { which, copy, force } => {
            let (place, mut file) = which.find(config)?;
            if !force {
                place.check_free()?;
            }
            match copy {
                true => place.copy()?,
                false => place.link()?,
            }
            let name = place.role.name();
            if file.set_builder(Some(name))? {
                file.write()?;
            }
            let path = place.path.display();
            output::note(&format!(
                "installed {path}\n`docker build` and `docker {name}` are carafe from now on\n"
            ));
        }
        Action::Uninstall { which } => {
            let (place, mut file) = which.find(config)?;
            let ours = file.builder() == Some(place.role.name());
            if ours && file.set_builder(None)? {
                file.write()?;
            }
            let path = place.path.display();
            match place.remove()? {
                true => output::note(&format!("removed {path}\n")),
                false => output::note(&format!("{path} was not there\n")),
            }
        }
        Action::Status { config: folder } => {
            return status(folder.clone(), config);
        }
    }
    Ok(Exit::Success)
}

impl Which {
    fn find(&self, config: &Config) -> Result<(Place, ConfigFile), CommandError> {
        let folder = config.docker_folder(self.config.clone())?;
        let file = ConfigFile::read(&folder)?;
        Ok((Place::new(&folder, self.role.into()), file))
    }
}

/// Says what is there. Fails if `docker build` does not lead to carafe.
fn status(folder: Option<PathBuf>, config: &Config) -> Result<Exit, CommandError> {
    let folder = config.docker_folder(folder)?;
    let file = ConfigFile::read(&folder)?;
    let mut found = Vec::new();
    let mut text = String::new();
    for role in [Role::Carafe, Role::Buildx] {
        let place = Place::new(&folder, role);
        let plugin = place.plugin();
        let what = match &plugin {
            Plugin::None => "not installed".to_owned(),
            Plugin::Carafe { version } => format!("carafe {version}"),
            Plugin::Other { what } => format!("not carafe: {what}"),
        };
        let path = place.path.display();
        text.push_str(&format!("{}: {what} ({path})\n", role.file_name()));
        if let Plugin::Carafe { .. } = plugin {
            found.push(role.name());
        }
    }
    let builder = file.builder();
    let leads_to = builder.unwrap_or(Role::Buildx.name());
    let path = file.path().display();
    match found.contains(&leads_to) {
        true => text.push_str("docker build: carafe\n"),
        false => text.push_str(&format!(
            "docker build: not carafe (builder `{leads_to}`, {path})\n"
        )),
    }
    output::result(&text)?;
    match found.contains(&leads_to) {
        true => Ok(Exit::Success),
        false => Ok(Exit::Failure),
    }
}
