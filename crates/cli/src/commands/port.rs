//! `carafe port`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::state::Phase;
use crate::exit::Exit;
use crate::output;
use std::net::SocketAddr;

/// Show where a container's ports are published
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The container: its name or ID
    container: String,
    /// This port only
    #[arg(value_name = "PORT[/tcp]")]
    port: Option<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let container = Containers::new(&store).find(&args.container)?;
    let runs = container.state()?.phase == Phase::Running;
    let wanted = args
        .port
        .as_deref()
        .map(|port| port.strip_suffix("/tcp").unwrap_or(port));
    let mut text = String::new();
    for port in container.record.ports.iter().filter(|_| runs) {
        let host = SocketAddr::from((port.address, port.host));
        match wanted {
            None => text += &format!("{}/tcp -> {host}\n", port.container),
            Some(wanted) if wanted == port.container.to_string() => text += &format!("{host}\n"),
            Some(_) => {}
        }
    }
    if let (true, Some(port)) = (text.is_empty(), &args.port) {
        let name = &container.record.name;
        return Err(
            CommandError::new(format!("port {port} of container {name} is not published"))
                .hint(format!("carafe port {name} lists those that are")),
        );
    }
    output::result(&text)?;
    Ok(Exit::Success)
}
