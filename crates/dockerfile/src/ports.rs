//! Ports of `EXPOSE`: `8000`, `8000-8003/udp`.

/// A port that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// It is not a number from 0 to 65535, nor a range of them that runs upwards.
    #[error("invalid port \"{0}\": a port is a number from 0 to 65535, or a range of them")]
    InvalidPort(String),
    /// The protocol is none that there is.
    #[error("invalid port \"{port}\": invalid protocol \"{protocol}\" (tcp, udp or sctp)")]
    InvalidProtocol {
        /// The whole word.
        port: String,
        /// Its protocol.
        protocol: String,
    },
}

/// Reads a word of `EXPOSE` after expansion, to entries such as `8000/tcp`, one for each port.
///
/// An address and a port of the host before it (`127.0.0.1:80:80`) are checked and left out, as in
/// BuildKit: `EXPOSE` publishes nothing.
pub fn parse(word: &str) -> Result<Vec<String>, PortError> {
    let invalid = || PortError::InvalidPort(word.to_owned());
    let (ports, protocol) = word.split_once('/').unwrap_or((word, ""));
    let protocol = protocol_name(protocol).ok_or_else(|| PortError::InvalidProtocol {
        port: word.to_owned(),
        protocol: protocol.to_owned(),
    })?;
    let (host, container) = ports.rsplit_once(':').unwrap_or(("", ports));
    let (first, last) = range(container).ok_or_else(invalid)?;
    if !host_is_valid(host, last - first) {
        return Err(invalid());
    }
    Ok((first..=last)
        .map(|port| format!("{port}/{protocol}"))
        .collect())
}

fn protocol_name(text: &str) -> Option<&'static str> {
    let known = ["tcp", "udp", "sctp"].into_iter();
    let text = if text.is_empty() { "tcp" } else { text };
    known
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(text))
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some((first, last))
}

fn port(text: &str) -> Option<u16> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// `[ADDRESS:]PORTS`, with as many ports as the container has, or any number for one.
fn host_is_valid(host: &str, width: u16) -> bool {
    let (address, ports) = host.rsplit_once(':').unwrap_or(("", host));
    let address = address
        .strip_prefix('[')
        .and_then(|a| a.strip_suffix(']'))
        .unwrap_or(address);
    let address_is_valid = address.is_empty() || address.parse::<std::net::IpAddr>().is_ok();
    let ports_are_valid = match range(ports) {
        Some((first, last)) => width == 0 || last - first == width,
        None => ports.is_empty(),
    };
    address_is_valid && ports_are_valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_ranges() {
        for (word, entries) in [
            ("80", &["80/tcp"][..]),
            ("53/UDP", &["53/udp"]),
            ("7000/sctp", &["7000/sctp"]),
            ("80/", &["80/tcp"]),
            ("8000-8002", &["8000/tcp", "8001/tcp", "8002/tcp"]),
            ("9000-9001/udp", &["9000/udp", "9001/udp"]),
            ("127.0.0.1:80:81", &["81/tcp"]),
            ("8080:80", &["80/tcp"]),
            ("[::1]:8080:80", &["80/tcp"]),
            ("8080-8090:80", &["80/tcp"]),
        ] {
            assert_eq!(parse(word).unwrap(), entries, "{word}");
        }
    }

    #[test]
    fn what_is_no_port() {
        for word in [
            "",
            "/tcp",
            "eighty",
            "65536",
            "-1",
            "+80",
            "9002-9001",
            "1-",
            "x:80",
            "1-2:80-82",
            "1.2:3:80",
        ] {
            assert_eq!(
                parse(word),
                Err(PortError::InvalidPort(word.to_owned())),
                "{word}"
            );
        }
        let error = parse("80/carrier-pigeon").unwrap_err();
        assert!(
            matches!(error, PortError::InvalidProtocol { protocol, .. } if protocol == "carrier-pigeon")
        );
        assert_eq!(parse("0-65535").unwrap().len(), 65536);
    }
}
