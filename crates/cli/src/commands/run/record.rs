//! What a new container is to be.

use super::Args;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::record::Record;
use crate::container::restart::Restart;
use crate::container::{environment, image_config, names};
use oci::timestamp;
use std::time::SystemTime;
use store::{Image, Store};

/// What the container is to be: the image's config with the flags on top.
pub(super) fn of(
    args: &Args,
    image: &Image,
    store: &Store,
    config: &Config,
) -> Result<Record, CommandError> {
    let of_image = store.config(&image.config)?.config;
    let id = names::id()?;
    let short: String = id.chars().take(12).collect();
    let mut variables = of_image.env.clone();
    for file in &args.env_files {
        for (name, value) in environment::read_file(file)? {
            environment::apply(&mut variables, &name, value.as_deref(), config);
        }
    }
    for (name, value) in &args.env {
        environment::apply(&mut variables, name, value.as_deref(), config);
    }
    let command = image_config::command(&of_image, args.entrypoint.as_deref(), &args.arguments)?;
    let stop_signal = match (args.stop_signal, of_image.stop_signal.as_str()) {
        (Some(signal), _) => signal,
        (None, "") => image_config::SIGTERM,
        (None, name) => image_config::signal(name).map_err(CommandError::new)?,
    };
    let mut labels = of_image.labels.clone();
    labels.extend(
        args.labels
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().unwrap_or_default())),
    );
    let health = args.health.read(&of_image);
    let working_directory = args.workdir.clone().unwrap_or(of_image.working_dir);
    if args.rm && args.restart != Restart::No {
        return Err(CommandError::usage("--rm and --restart exclude each other")
            .hint("a container that is removed when it ends cannot be started again"));
    }
    Ok(Record {
        name: args.name.clone().unwrap_or_else(|| names::from_id(&id)),
        image: args.image.clone(),
        image_id: image.id.to_string(),
        manifest: image.manifest.digest.to_string(),
        created: timestamp::format(SystemTime::now()),
        command,
        environment: variables,
        working_directory: if working_directory.is_empty() {
            "/".to_owned()
        } else {
            working_directory
        },
        user: args.user.clone().unwrap_or(of_image.user),
        hostname: args.names.hostname.clone().unwrap_or(short),
        network: args.network,
        hosts: args.names.hosts()?,
        resolver: args.names.resolver(),
        ports: args.publish.clone(),
        mounts: args.mounts.read()?,
        read_only: args.read_only,
        terminal: args.tty,
        interactive: args.interactive,
        auto_remove: args.rm,
        stop_signal,
        stop_timeout: args.stop_timeout,
        privileges: args.security.read(),
        limits: args.limits.read()?,
        init: args.init,
        restart: args.restart,
        health,
        labels: labels.into_iter().collect(),
        id,
    })
}
