//! What `inspect` says of a container.

use crate::command_error::CommandError;
use crate::container::directory::Container;
use crate::container::health::Check;
use crate::container::mounts::{Mount, Source};
use crate::container::record::Record;
use crate::container::state::Phase;
use crate::container::volumes::Volumes;
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
    let mounts = record.mounts.iter().map(|mount| mounted(store, mount));
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
    let mut shown = json!({
        "Id": record.id,
        "Created": record.created,
        "Path": program,
        "Args": arguments,
        "State": {
            "Status": state.phase.word(),
            "Running": matches!(state.phase, Phase::Running | Phase::Restarting),
            "Paused": false,
            "Restarting": state.phase == Phase::Restarting,
            "OOMKilled": false,
            "Dead": false,
            "Pid": state.pid,
            "ExitCode": state.exit_code,
            "Error": state.error,
            "StartedAt": moment(&state.started),
            "FinishedAt": moment(&state.finished),
        },
        "Image": record.image_id,
        "Name": format!("/{}", record.name),
        "RestartCount": state.restarts,
        "Driver": "overlayfs",
        "Platform": "linux",
        "LogPath": container.log_path(),
        "HostConfig": host_config(record, &ports),
        "Mounts": mounts.collect::<Vec<_>>(),
        "Config": {
            "Hostname": record.hostname,
            "User": record.user,
            "Tty": record.terminal,
            "OpenStdin": record.interactive,
            "Healthcheck": record.health.as_ref().map(healthcheck),
            "StopTimeout": record.stop_timeout,
            "Env": record.environment,
            "Cmd": record.command,
            "Image": record.image,
            "WorkingDir": record.working_directory,
            "Labels": labels,
            "StopSignal": record.stop_signal.to_string(),
        },
        "NetworkSettings": {"Ports": ports},
        "Store": store.path(),
    });
    if let Some(health) = container.health()? {
        shown["State"]["Health"] = json!(health);
    }
    Ok(shown)
}

/// What was asked of the surroundings.
fn host_config(record: &Record, ports: &Map<String, Value>) -> Value {
    let (policy, most) = record.restart.words();
    let (privileges, limits) = (&record.privileges, &record.limits);
    let mut options = Vec::new();
    if privileges.no_new_privileges {
        options.push("no-new-privileges");
    }
    if privileges.unfiltered {
        options.push("seccomp=unconfined");
    }
    let resolver = |keyword: &str| -> Vec<&str> {
        let lines = record.resolver.iter();
        let values = lines.filter_map(|line| line.strip_prefix(keyword)?.strip_prefix(' '));
        values.flat_map(|value| value.split(' ')).collect()
    };
    let binds = record.mounts.iter().filter_map(|mount| {
        let from = match &mount.source {
            Source::Bind(host) => host.display().to_string(),
            Source::Volume { name, .. } => name.clone(),
            Source::Tmpfs { .. } => return None,
        };
        let how = if mount.read_only { ":ro" } else { "" };
        Some(format!("{from}:{}{how}", mount.target.display()))
    });
    json!({
        "AutoRemove": record.auto_remove,
        "Binds": binds.collect::<Vec<_>>(),
        "NetworkMode": record.network.word(),
        "ReadonlyRootfs": record.read_only,
        "PortBindings": ports,
        "RestartPolicy": {"Name": policy, "MaximumRetryCount": most},
        "CapAdd": privileges.added,
        "CapDrop": privileges.dropped,
        "SecurityOpt": options,
        "Privileged": false,
        "Init": record.init,
        "Dns": resolver("nameserver"),
        "DnsSearch": resolver("search"),
        "DnsOptions": resolver("options"),
        "ExtraHosts": record.hosts.iter().map(|line| line.replace('\t', " ")).collect::<Vec<_>>(),
        "Memory": limits.memory.unwrap_or(0),
        "MemorySwap": limits.memory_swap.unwrap_or(0),
        "NanoCpus": limits.nano_cpus.unwrap_or(0),
        "CpuShares": limits.cpu_shares.unwrap_or(0),
        "CpusetCpus": limits.cpuset_cpus.clone().unwrap_or_default(),
        "PidsLimit": limits.pids,
        "ShmSize": limits.shm_size.unwrap_or(64 << 20),
        "Ulimits": limits.ulimits,
    })
}

fn mounted(store: &Store, mount: &Mount) -> Value {
    let mut shown = json!({
        "Type": mount.source.word(),
        "Source": "",
        "Destination": mount.target,
        "Mode": "",
        "RW": !mount.read_only,
        "Propagation": "",
    });
    match &mount.source {
        Source::Bind(host) => {
            shown["Source"] = json!(host);
            shown["Propagation"] = json!("rprivate");
        }
        Source::Volume { name, .. } => {
            shown["Name"] = json!(name);
            shown["Driver"] = json!("local");
            if let Ok(volume) = Volumes::new(store).find(name) {
                shown["Source"] = json!(volume.data());
            }
        }
        Source::Tmpfs { .. } => {}
    }
    shown
}

fn healthcheck(check: &Check) -> Value {
    json!({
        "Test": check.test,
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
        "Retries": check.retries,
    })
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
