//! Connections that can be given up: looking up a name, connecting, reading and writing all look at the
//! user's wish to stop several times a second.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Timeout, config};

use super::obstacle::Obstacle;

/// How often somebody who waits looks whether to go on.
const LOOK: Duration = Duration::from_millis(200);

/// Looks up names as the system does.
#[derive(Debug)]
pub(super) struct Lookup {
    cancel: Arc<AtomicBool>,
}

impl Lookup {
    pub(super) fn new(cancel: Arc<AtomicBool>) -> Self {
        Self { cancel }
    }
}

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        _: &config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let bad = || ureq::Error::BadUri(uri.to_string());
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or_else(bad)?;
        let place = DefaultResolver::host_and_port(scheme, authority).ok_or_else(bad)?;
        let found = patiently(&self.cancel, timeout, move || place.to_socket_addrs())?;
        let mut addresses = self.empty();
        let unknown = |reason| {
            let host = authority.host().to_owned();
            ureq::Error::Io(Obstacle::UnknownHost { host, reason }.into())
        };
        match found {
            // There is room for so many.
            Ok(found) => found.take(16).for_each(|address| addresses.push(address)),
            Err(error) => return Err(unknown(without_prefix(&error))),
        }
        if addresses.is_empty() {
            return Err(unknown("it has no address".to_owned()));
        }
        Ok(addresses)
    }
}

/// The resolver's words without those that say that it is the resolver.
fn without_prefix(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.strip_prefix("failed to lookup address information: ");
    words.map_or(text.clone(), str::to_owned)
}

/// Makes TCP connections, unless there is one already: through a proxy.
#[derive(Debug)]
pub(super) struct Tcp {
    cancel: Arc<AtomicBool>,
}

impl Tcp {
    pub(super) fn new(cancel: Arc<AtomicBool>) -> Self {
        Self { cancel }
    }

    /// The first address that answers. Each gets its share of the time.
    fn connect_any(&self, details: &ConnectionDetails<'_>) -> Result<TcpStream, ureq::Error> {
        let addresses: Vec<SocketAddr> = details.addrs.iter().copied().collect();
        let mut last = ureq::Error::HostNotFound;
        for (index, address) in addresses.iter().enumerate() {
            let (address, left) = (*address, (addresses.len() - index) as u32);
            let mut share = details.timeout;
            if !share.after.is_not_happening() {
                share.after = (*share.after / left).into();
            }
            let timeout = share.not_zero().map(|timeout| *timeout);
            let connected = patiently(&self.cancel, share, move || match timeout {
                Some(timeout) => TcpStream::connect_timeout(&address, timeout),
                None => TcpStream::connect(address),
            });
            match connected {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    last = ureq::Error::Timeout(Timeout::Connect);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    let host = details.uri.authority().map(ToString::to_string);
                    let host = host.unwrap_or_else(|| address.to_string());
                    last = ureq::Error::Io(Obstacle::Refused { host }.into());
                }
                Ok(Err(error)) => last = error.into(),
                Err(error @ ureq::Error::Timeout(_)) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

impl<In: Transport> Connector<In> for Tcp {
    type Out = Either<In, Stream>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(chained) = chained {
            return Ok(Some(Either::A(chained)));
        }
        let stream = self.connect_any(details)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        let config = details.config;
        Ok(Some(Either::B(Stream {
            stream,
            cancel: Arc::clone(&self.cancel),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        })))
    }
}

/// Does what cannot be interrupted on a thread of its own, which is left alone with it if the user or the
/// time says so.
fn patiently<T: Send + 'static>(
    cancel: &AtomicBool,
    timeout: NextTimeout,
    act: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ureq::Error> {
    let wait = Wait::new(cancel, timeout);
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody listens once it was given up.
    thread::Builder::new().spawn(move || drop(sender.send(act())))?;
    loop {
        wait.check()?;
        match receiver.recv_timeout(LOOK) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(ureq::Error::ConnectionFailed),
        }
    }
}

/// Somebody who waits until there is something, or no time, or no wish any more.
struct Wait<'a> {
    cancel: &'a AtomicBool,
    since: Instant,
    timeout: NextTimeout,
}

impl<'a> Wait<'a> {
    fn new(cancel: &'a AtomicBool, timeout: NextTimeout) -> Self {
        let since = Instant::now();
        Self {
            cancel,
            since,
            timeout,
        }
    }

    fn check(&self) -> Result<(), ureq::Error> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ureq::Error::Io(io::Error::other("cancelled")));
        }
        let limit = self.timeout.not_zero();
        match limit.is_some_and(|limit| self.since.elapsed() >= *limit) {
            true => Err(ureq::Error::Timeout(self.timeout.reason)),
            false => Ok(()),
        }
    }

    /// Tries something that comes back after [`LOOK`] at the latest, until it does something.
    fn until<T>(&self, mut act: impl FnMut() -> io::Result<T>) -> Result<T, ureq::Error> {
        use io::ErrorKind::{Interrupted, WouldBlock};
        loop {
            self.check()?;
            match act() {
                Err(error) if matches!(error.kind(), Interrupted | WouldBlock) => {}
                done => return Ok(done?),
            }
        }
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    cancel: Arc<AtomicBool>,
    buffers: LazyBuffers,
}

impl Transport for Stream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let mut left = &self.buffers.output()[..amount];
        while !left.is_empty() {
            let wait = Wait::new(&self.cancel, timeout.for_write());
            let written = wait.until(|| (&self.stream).write(left))?;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            left = &left[written..];
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let wait = Wait::new(&self.cancel, timeout.for_read());
        let space = self.buffers.input_append_buf();
        let read = wait.until(|| (&self.stream).read(space))?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    /// Nothing is to come before the next request, not even the end.
    fn is_open(&mut self) -> bool {
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        quiet && self.stream.set_nonblocking(false).is_ok()
    }
}
