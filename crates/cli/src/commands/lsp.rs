//! `carafe lsp`: what the linter knows, in an editor.
//!
//! One thread reads messages into an [`Inbox`], this one answers them in their order. What editors hear of by themselves
//! (findings) is looked for when nothing waits any more, so that of many changes in a row only the last text is looked at.
//! Framing and messages are a few lines of our own: the crates there are end with the first message that is no JSON, and
//! believe every length.
//!
//! Source: the Language Server Protocol 3.17 <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/>.

mod actions;
mod client;
mod diagnostics;
mod document;
mod hover;
mod ignore;
mod inbox;
mod mentions;
mod message;
mod params;
mod parent;
mod position;
mod server;
mod surroundings;
mod symbols;
mod uri;
mod wire;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::{output, terminal};
use inbox::{Arrival, Inbox};
use message::{Failure, Message};
use server::Server;
use std::io::{self, BufRead};
use std::sync::Arc;
use wire::Incoming;

/// Lint Dockerfiles in an editor: a language server on standard input and output
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Speak on standard input and output, as always: editors give this flag to all servers
    #[arg(long)]
    stdio: bool,
}

pub(crate) fn run(_args: &Args, _config: &Config) -> Result<Exit, CommandError> {
    if terminal::is_terminal(io::stdin()) {
        output::note("carafe lsp speaks the Language Server Protocol: let an editor start it\n");
    }
    let inbox = Arc::new(Inbox::default());
    let reader = Arc::clone(&inbox);
    std::thread::spawn(move || {
        receive(&mut io::stdin().lock(), &reader);
        reader.close();
    });
    match serve(&inbox, io::stdout().lock()) {
        // An editor that went away is no error of ours.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Failure),
        done => done.map_err(|error| CommandError::io("write to standard output", error)),
    }
}

/// Reads until the input ends.
fn receive(input: &mut impl BufRead, inbox: &Inbox) {
    loop {
        let (arrival, bytes) = match wire::read(input) {
            Ok(Incoming::Body(body)) => {
                let arrival = Message::read(&body).map_or_else(Arrival::Broken, Arrival::Message);
                (arrival, body.len())
            }
            Ok(Incoming::TooLong(length)) => {
                let text = format!("a message of {length} bytes; {} are allowed", wire::LIMIT);
                (Arrival::Broken(Failure::invalid_request(text)), 0)
            }
            Ok(Incoming::End) | Err(_) => return,
        };
        inbox.push(arrival, bytes);
    }
}

/// Answers until the client says `exit`, or is gone.
fn serve(inbox: &Inbox, out: impl io::Write) -> io::Result<Exit> {
    let mut server = Server::new(out);
    while let Some(arrival) = inbox.next() {
        if let Some(exit) = server.take(arrival, inbox)? {
            return Ok(exit);
        }
        if inbox.is_idle() {
            server.publish()?;
        }
    }
    Ok(server.exit())
}

#[cfg(test)]
mod tests;
