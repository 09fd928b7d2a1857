//! The hidden verb behind `run -d`: owns a container until it ends.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::Streams;
use crate::container::directory::Container;
use crate::container::monitor::{self, Launched};
use crate::container::owner;
use crate::exit::Exit;
use crate::signals::Forwarder;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The container's whole ID
    container: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let (ownership, report) = Launched::take_over()?.into_parts();
    let signals = Forwarder::start();
    let store = config.store()?;
    let started = Container::load(&store, &args.container).and_then(|container| {
        let surroundings = super::run::surroundings(&container.record, &store, config)?;
        signals.hold();
        let running = owner::start(container, ownership, surroundings, Streams::Detached)?;
        monitor::end_with(&running, &signals)?;
        Ok(running)
    });
    match started {
        Ok(running) => {
            Launched::report(report, Ok(&running.warnings));
            running.wait(&store, &mut |running| monitor::end_with(running, &signals))
        }
        Err(error) => {
            Launched::report(report, Err(&error));
            Ok(error.exit())
        }
    }
}
