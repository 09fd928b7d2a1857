use std::fmt;
use std::net::IpAddr;

/// The proxies to go through, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For plain HTTP.
    pub http: Option<String>,
    /// For HTTPS.
    pub https: Option<String>,
    /// Hosts that are reached without: names with their subdomains, `.suffix`, addresses, networks
    /// `10.0.0.0/8`, each perhaps with a port, or `*`; separated by commas.
    pub none: String,
}

impl Proxies {
    /// The proxy for a URL's scheme, host and port.
    pub(crate) fn find(&self, scheme: &str, host: &str, port: u16) -> Option<&str> {
        let proxy = if scheme == "https" {
            &self.https
        } else {
            &self.http
        };
        let proxy = proxy.as_deref().filter(|proxy| !proxy.is_empty())?;
        let direct = is_loopback(host)
            || self
                .none
                .split(',')
                .any(|rule| matches(rule.trim(), host, port));
        (!direct).then_some(proxy)
    }
}

impl fmt::Debug for Proxies {
    /// Without the passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<String>| proxy.as_deref().map(without_password);
        f.debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("none", &self.none)
            .finish()
    }
}

/// A URL as it may be shown.
pub(crate) fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => url.to_owned(),
    }
}

/// Is it this machine? `host` has no port; an IPv6 address may be in brackets.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse().ok()
}

fn matches(rule: &str, host: &str, port: u16) -> bool {
    if rule.is_empty() || rule == "*" {
        return rule == "*";
    }
    if let Some((network, bits)) = rule.split_once('/') {
        let parts = (network.parse().ok(), bits.parse().ok(), address(host));
        return matches!(parts, (Some(network), Some(bits), Some(address)) if contains(network, bits, address));
    }
    let (name, wanted) = match rule.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            (name, digits.parse::<u16>().ok())
        }
        _ => (rule, None),
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Some(wanted) = address(name) {
        return address(host) == Some(wanted);
    }
    let host = host.to_ascii_lowercase();
    let name = name.trim_start_matches('*').to_ascii_lowercase();
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(&name),
        None => host
            .strip_suffix(&name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    }
}

fn contains(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    let same = |left: u128, right: u128, width: u32| {
        bits <= width && (bits == 0 || (left ^ right) >> (width - bits) == 0)
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(u32::from(network).into(), u32::from(address).into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => same(network.into(), address.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_without() {
        let proxies = |none: &str| Proxies {
            http: None,
            https: Some("http://proxy:3128".into()),
            none: none.into(),
        };
        for (none, host, through) in [
            ("", "example.com", true),
            ("*", "example.com", false),
            ("example.com", "example.com", false),
            ("example.com", "EXAMPLE.com", false),
            ("example.com", "a.example.com", false),
            ("example.com", "anexample.com", true),
            (".example.com", "a.example.com", false),
            (".example.com", "example.com", true),
            ("*.example.com", "a.example.com", false),
            ("other, example.com", "example.com", false),
            ("example.com:443", "example.com", false),
            ("example.com:5000", "example.com", true),
            ("10.0.0.0/8", "10.1.2.3", false),
            ("10.0.0.0/8", "11.1.2.3", true),
            ("0.0.0.0/0", "11.1.2.3", false),
            ("10.0.0.0/99", "10.0.0.0", true),
            ("fd00::/8", "[fd00::1]", false),
            ("10.1.2.3", "10.1.2.3", false),
            ("[::2]:443", "[::2]", false),
            ("", "localhost", false),
            ("", "127.0.0.1", false),
            ("", "[::1]", false),
        ] {
            let found = proxies(none).find("https", host, 443).is_some();
            assert_eq!(found, through, "{none:?} {host}");
        }
        assert_eq!(proxies("").find("http", "example.com", 80), None);
    }

    #[test]
    fn passwords_are_not_shown() {
        let proxies = Proxies {
            https: Some("http://me:secret@proxy:1".into()),
            ..Proxies::default()
        };
        assert!(!format!("{proxies:?}").contains("secret"));
        assert_eq!(without_password("me:secret@proxy"), "…@proxy");
        assert_eq!(without_password("http://proxy"), "http://proxy");
    }
}
