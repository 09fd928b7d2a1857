//! Joins a port of the host with one in a container's network: accepts here, connects there, copies both ways.

use sandbox::Dialer;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Copying needs little.
const STACK: usize = 128 << 10;

/// Where connections lead to: another network after each start of the container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target(Arc<Mutex<Option<Arc<Dialer>>>>);

impl Target {
    /// From now on they lead here.
    pub(crate) fn set(&self, dialer: Dialer) {
        *self.lock() = Some(Arc::new(dialer));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Dialer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forwards until the process ends.
pub(crate) fn start(listener: TcpListener, port: u16, target: Target) -> io::Result<()> {
    spawn(move || {
        for stream in listener.incoming() {
            let stream = match stream {
                Ok(stream) => stream,
                // The owner does not listen any more.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
                Err(_) => continue,
            };
            let dialer = target.lock().clone();
            // Without a thread to be had the connection is closed, and the next may fare better.
            if let Some(dialer) = dialer {
                let _ = spawn(move || connection(stream, port, &dialer));
            }
        }
    })
}

fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(run)
        .map(drop)
}

/// A server that is not ready yet shows as a closed connection, as behind any proxy.
fn connection(outside: TcpStream, port: u16, dialer: &Dialer) {
    let hosts = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let dial = |host| dialer.connect(SocketAddr::from((host, port))).ok();
    let Some(inside) = hosts.into_iter().find_map(dial) else {
        return;
    };
    let _ = outside.set_nodelay(true);
    let _ = inside.set_nodelay(true);
    let (Ok(outside_again), Ok(inside_again)) = (outside.try_clone(), inside.try_clone()) else {
        return;
    };
    if spawn(move || one_way(outside_again, inside_again)).is_ok() {
        one_way(inside, outside);
    }
}

/// Copies to the end and passes the end on; an error on the way ends this direction too.
fn one_way(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
