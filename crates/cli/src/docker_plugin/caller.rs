//! The docker command that called us, while it waits.

use std::io::Read;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

/// Waits until the docker command wants its plug-in to end: it closes a socket, whose abstract name it gave in
/// `DOCKER_CLI_PLUGIN_SOCKET` (as `@name`). Docker does so since version 25 when a signal reaches it and not us, which share no
/// terminal. False if there is no such socket.
pub(crate) fn wait_for_end(socket: &str) -> bool {
    let Some(name) = socket.strip_prefix('@') else {
        return false;
    };
    let stream = SocketAddr::from_abstract_name(name).and_then(|at| UnixStream::connect_addr(&at));
    let Ok(mut stream) = stream else {
        return false;
    };
    let mut byte = [0];
    // Nothing is ever sent; an error is an end as well.
    while matches!(stream.read(&mut byte), Ok(1..)) {}
    true
}
