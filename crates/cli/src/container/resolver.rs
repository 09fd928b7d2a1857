//! `--dns`, `--dns-search` and `--dns-option`: what a container's `/etc/resolv.conf` says (resolv.conf(5)).

/// The host's lines, but for the keywords that were given lines of their own.
pub(crate) fn content(given: &[String], host: &[u8]) -> Vec<u8> {
    if given.is_empty() {
        return host.to_vec();
    }
    let keyword = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let mut text = given
        .iter()
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    for line in String::from_utf8_lossy(host).lines() {
        let word = keyword(line);
        // `domain` is an older word for `search`.
        let word = word.map(|word| {
            if word == "domain" {
                "search".to_owned()
            } else {
                word
            }
        });
        if word.is_some() && !given.iter().any(|own| keyword(own) == word) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.into_bytes()
}

/// Where [`Pasta`](super::pasta::Pasta) takes questions, and asks the host's first name server.
pub(crate) const FORWARDER: &str = "169.254.1.1";

/// Whether [`FORWARDER`] is a name server of these lines.
pub(crate) fn asks_forwarder(content: &[u8]) -> bool {
    String::from_utf8_lossy(content)
        .lines()
        .any(|line| line.split_whitespace().eq(["nameserver", FORWARDER]))
}

/// The lines for a network of its own, from which name servers on the host's loopback interface cannot be reached.
pub(crate) fn reachable(content: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&content);
    let server = |line: &&str| line.split_whitespace().next() == Some("nameserver");
    let is_loopback = |line: &&str| {
        let address = line.split_whitespace().nth(1);
        let address = address.and_then(|text| text.parse::<std::net::IpAddr>().ok());
        server(line) && address.is_some_and(|ip| ip.is_loopback())
    };
    let (local, others): (Vec<&str>, Vec<&str>) = text.lines().partition(is_loopback);
    if local.is_empty() {
        return content;
    }
    let own = match others.iter().any(server) {
        true => String::new(),
        false => format!("nameserver {FORWARDER}\n"),
    };
    let others: String = others.iter().map(|line| format!("{line}\n")).collect();
    (own + &others).into_bytes()
}

/// The lines of the flags.
pub(crate) fn lines(servers: &[String], search: &[String], options: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = servers
        .iter()
        .map(|ip| format!("nameserver {ip}"))
        .collect();
    for (word, values) in [("search", search), ("options", options)] {
        if !values.is_empty() {
            lines.push(format!("{word} {}", values.join(" ")));
        }
    }
    lines
}

/// An address, for clap.
pub(crate) fn server(text: &str) -> Result<String, String> {
    let address: Result<std::net::IpAddr, _> = text.parse();
    address
        .map(|ip| ip.to_string())
        .map_err(|_| format!("`{text}` is no IP address"))
}

/// A word of a line, for clap.
pub(crate) fn word(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` has characters that a line of resolv.conf cannot have"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{asks_forwarder, content, lines, reachable};

    #[test]
    fn name_servers_of_the_host_alone_are_asked_by_way_of_pasta() {
        let of = |text: &str| String::from_utf8(reachable(text.into())).unwrap();
        let local = "nameserver 127.0.0.53\nsearch a.b\n";
        assert_eq!(of(local), "nameserver 169.254.1.1\nsearch a.b\n");
        assert_eq!(of("nameserver ::1\n"), "nameserver 169.254.1.1\n");
        assert!(asks_forwarder(of(local).as_bytes()) && !asks_forwarder(local.as_bytes()));
        let both = "nameserver 127.0.0.1\nnameserver 9.9.9.9\n";
        assert_eq!(of(both), "nameserver 9.9.9.9\n");
        let other = "# none\nnameserver 9.9.9.9";
        assert_eq!(of(other), other);
    }

    #[test]
    fn what_is_given_replaces_the_hosts() {
        let host = b"# note\nnameserver 9.9.9.9\ndomain a.b\noptions ndots:2\n";
        let of = |text: &str| vec![text.to_owned()];
        let given = lines(&of("1.1.1.1"), &[], &[]);
        let text = String::from_utf8(content(&given, host)).unwrap();
        assert!(text.starts_with("nameserver 1.1.1.1\n") && !text.contains("9.9.9.9"));
        assert!(text.contains("domain a.b\n") && text.contains("ndots:2"));
        let given = lines(&[], &of("x.y"), &of("rotate"));
        let text = String::from_utf8(content(&given, host)).unwrap();
        assert!(text.contains("9.9.9.9") && !text.contains("a.b") && !text.contains("ndots"));
        assert_eq!(content(&[], host), host);
    }
}
