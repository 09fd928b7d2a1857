//! What `inspect` says of a container.

use crate::command_error::CommandError;
use crate::container::directory::Container;
use oci::timestamp;
use serde_json::{Map, Value, json};
use store::Store;

/// The members that Docker's have.
pub(super) fn describe(store: &Store, container: &Container) -> Result<Value, CommandError> {
    let record = &container.record;
    let state = container.state()?;
    let (program, arguments) = record
        .command
        .split_first()
        .map_or(("", &[][..]), |(p, a)| (p, a));
    let mut ports: Map<String, Value> = Map::new();
    for port in &record.ports {
        let entry = ports
            .entry(format!("{}/tcp", port.container))
            .or_insert_with(|| json!([]));
        if let Some(list) = entry.as_array_mut() {
            let (address, host) = (port.address.to_string(), port.host.to_string());
            list.push(json!({"HostIp": address, "HostPort": host}));
        }
    }
    let mounts = record.volumes.iter().map(|volume| {
        json!({
            "Type": "bind",
            "Source": volume.host,
            "Destination": volume.container,
            "RW": !volume.read_only,
        })
    });
    let labels: Map<String, Value> = record
        .labels
        .iter()
        .map(|(k, v)| (k.clone(), Value::from(v.as_str())))
        .collect();
    let zero = "0001-01-01T00:00:00Z";
    let moment = |text: &str| {
        if timestamp::parse(text).is_some() {
            text.to_owned()
        } else {
            zero.to_owned()
        }
    };
    Ok(json!({
        "Id": record.id,
        "Created": record.created,
        "Path": program,
        "Args": arguments,
        "State": {
            "Status": state.phase.word(),
            "Running": state.phase.word() == "running",
            "Pid": state.pid,
            "ExitCode": state.exit_code,
            "Error": state.error,
            "StartedAt": moment(&state.started),
            "FinishedAt": moment(&state.finished),
        },
        "Image": record.image_id,
        "Name": format!("/{}", record.name),
        "LogPath": container.log_path(),
        "HostConfig": {
            "AutoRemove": record.auto_remove,
            "NetworkMode": record.network.word(),
            "ReadonlyRootfs": record.read_only,
            "PortBindings": ports.clone(),
        },
        "Mounts": mounts.collect::<Vec<_>>(),
        "Config": {
            "Hostname": record.hostname,
            "User": record.user,
            "Tty": record.terminal,
            "OpenStdin": record.interactive,
            "Env": record.environment,
            "Cmd": record.command,
            "Image": record.image,
            "WorkingDir": record.working_directory,
            "Labels": labels,
            "StopSignal": record.stop_signal.to_string(),
        },
        "NetworkSettings": {"Ports": ports},
        "Store": store.path(),
    }))
}

/// Adds what it takes: what it wrote, and that with its image.
pub(super) fn add_sizes(
    store: &Store,
    container: &Container,
    value: &mut Value,
) -> Result<(), CommandError> {
    let written = store::bytes_in(&container.path.join("upper"))?;
    let image = match store.image(&container.record.manifest.parse()?)? {
        Some(image) => store.image_size(&image)?,
        None => 0,
    };
    value["SizeRw"] = Value::from(written);
    value["SizeRootFs"] = Value::from(written + image);
    Ok(())
}
