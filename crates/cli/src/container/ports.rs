//! `-p [[ADDRESS:]HOST:]CONTAINER[/tcp]`.

use crate::command_error::CommandError;
use crate::exit::Exit;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// A port of the host that leads to one of the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublishedPort {
    /// Where the host listens; unspecified is everywhere.
    pub(crate) address: IpAddr,
    /// 0 leaves the choice to the kernel.
    pub(crate) host: u16,
    /// The port inside.
    pub(crate) container: u16,
}

impl PublishedPort {
    /// Reads a `-p`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bare = match text.rsplit_once('/') {
            None => text,
            Some((bare, "tcp")) => bare,
            Some((_, "udp" | "sctp")) => {
                return Err(format!("`{text}`: only tcp ports can be published yet"));
            }
            Some((_, other)) => return Err(format!("`{text}`: there is no protocol `{other}`")),
        };
        let (rest, container) = match bare.rsplit_once(':') {
            Some((rest, container)) => (Some(rest), container),
            None => (None, bare),
        };
        let container = port(container, text)?;
        if container == 0 {
            return Err(format!("`{text}`: a container's port is from 1 to 65535"));
        }
        let (address, host) = match rest {
            None => (None, ""),
            Some(rest) => match rest.rsplit_once(':') {
                Some((address, host)) => (Some(address), host),
                None => (None, rest),
            },
        };
        let address = match address {
            None | Some("") => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Some(address) => {
                let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
                bare.unwrap_or(address)
                    .parse()
                    .map_err(|_| format!("`{text}`: `{address}` is no IP address"))?
            }
        };
        let host = if host.is_empty() {
            0
        } else {
            port(host, text)?
        };
        Ok(Self {
            address,
            host,
            container,
        })
    }

    /// Listens, and fills in a port that was left to the kernel.
    pub(crate) fn bind(&mut self) -> Result<TcpListener, CommandError> {
        let listener = self.listen().map_err(|error| self.refused(error))?;
        if let Ok(address) = listener.local_addr() {
            self.host = address.port();
        }
        Ok(listener)
    }

    /// Everywhere means IPv6 too, where the machine has it.
    fn listen(&self) -> io::Result<TcpListener> {
        if self.address == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
            let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.host));
            match TcpListener::bind(both) {
                Err(e)
                    if !matches!(
                        e.kind(),
                        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                    ) => {}
                result => return result,
            }
        }
        TcpListener::bind(SocketAddr::from((self.address, self.host)))
    }

    fn refused(&self, error: io::Error) -> CommandError {
        let address = SocketAddr::from((self.address, self.host));
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                let other = format!(
                    "another program has that port; choose a free one: -p PORT:{}",
                    self.container
                );
                Some(other)
            }
            io::ErrorKind::PermissionDenied => Some(format!(
                "ports below 1024 are root's; choose another: -p 8080:{}",
                self.container
            )),
            io::ErrorKind::AddrNotAvailable => {
                Some("no interface of this machine has that address".to_owned())
            }
            _ => None,
        };
        let error = CommandError::io(format_args!("publish port {address}"), error);
        let error = error.exit_with(Exit::ContainerSetup);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl fmt::Display for PublishedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = SocketAddr::from((self.address, self.host));
        write!(f, "{host}->{}/tcp", self.container)
    }
}

fn port(text: &str, whole: &str) -> Result<u16, String> {
    if text.contains('-') {
        return Err(format!(
            "`{whole}`: ranges of ports cannot be published yet"
        ));
    }
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| format!("`{whole}`: `{text}` is no port (0 to 65535)"))
}

#[cfg(test)]
mod tests {
    use super::PublishedPort;
    use std::net::TcpListener;

    fn shown(text: &str) -> String {
        PublishedPort::parse(text).map_or_else(|e| e, |p| p.to_string())
    }

    #[test]
    fn forms() {
        assert_eq!(shown("8080:80"), "0.0.0.0:8080->80/tcp");
        assert_eq!(shown("80"), "0.0.0.0:0->80/tcp");
        assert_eq!(shown(":80/tcp"), "0.0.0.0:0->80/tcp");
        assert_eq!(shown("127.0.0.1:8080:80"), "127.0.0.1:8080->80/tcp");
        assert_eq!(shown("127.0.0.1::80"), "127.0.0.1:0->80/tcp");
        assert_eq!(shown("[::1]:8080:80"), "[::1]:8080->80/tcp");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            shown("8080:80/udp"),
            "`8080:80/udp`: only tcp ports can be published yet"
        );
        assert_eq!(shown("x:80"), "`x:80`: `x` is no port (0 to 65535)");
        assert_eq!(
            shown("80:99999"),
            "`80:99999`: `99999` is no port (0 to 65535)"
        );
        assert_eq!(
            shown("80:0"),
            "`80:0`: a container's port is from 1 to 65535"
        );
        assert_eq!(shown("host:80:80"), "`host:80:80`: `host` is no IP address");
        assert_eq!(
            shown("1-2:80"),
            "`1-2:80`: ranges of ports cannot be published yet"
        );
    }

    #[test]
    fn a_taken_port_says_so() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut published = PublishedPort::parse(&format!("127.0.0.1:{port}:80")).unwrap();
        let error = published.bind().unwrap_err();
        assert!(
            error
                .message()
                .contains(&format!("cannot publish port 127.0.0.1:{port}"))
        );
        assert_eq!(error.exit().code(), 125);
    }

    #[test]
    fn chance_is_filled_in() {
        let mut published = PublishedPort::parse("127.0.0.1::80").unwrap();
        let listener = published.bind().unwrap();
        assert_eq!(published.host, listener.local_addr().unwrap().port());
    }
}
