//! RFC 3986, "Reference Resolution", as far as `Location` needs it.

use ureq::http::Uri;

/// Scheme, host and port: whom a request goes to.
pub(super) fn origin(uri: &Uri) -> (String, String, u16) {
    let scheme = uri.scheme_str().unwrap_or("https").to_ascii_lowercase();
    let port = port(uri);
    (
        scheme,
        uri.host().unwrap_or_default().to_ascii_lowercase(),
        port,
    )
}

/// The port, written or not.
pub(super) fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(default)
}

/// Where `location` leads from `base`.
pub(super) fn join(base: &Uri, location: &str) -> Result<Uri, &'static str> {
    let scheme = base.scheme_str().unwrap_or("https");
    let authority = base.authority().map_or("", |authority| authority.as_str());
    // The fragment is not sent.
    let location = location.split('#').next().unwrap_or_default();
    let full = if location.contains("://") && !location.starts_with('/') {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let path = base.path();
        let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        format!("{scheme}://{authority}{folder}{location}")
    };
    let uri: Uri = full.parse().map_err(|_| "its location is no URL")?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err("its location is no HTTP URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let base: Uri = "https://registry.example:5000/v2/a/blobs/x?y=1"
            .parse()
            .unwrap();
        for (location, full) in [
            (
                "https://cdn.example/b?sig=1#top",
                "https://cdn.example/b?sig=1",
            ),
            ("http://cdn.example", "http://cdn.example/"),
            ("//cdn.example/b", "https://cdn.example/b"),
            ("/b?x", "https://registry.example:5000/b?x"),
            ("z", "https://registry.example:5000/v2/a/blobs/z"),
            (
                "?z=http://h/",
                "https://registry.example:5000/v2/a/blobs/?z=http://h/",
            ),
        ] {
            let joined = join(&base, location);
            if location.starts_with('?') {
                assert!(joined.is_err() || joined.unwrap().host() == Some("registry.example"));
                continue;
            }
            assert_eq!(joined.unwrap().to_string(), full, "{location}");
        }
        for bad in [
            "ftp://h/x",
            "file:///etc/passwd",
            "https://",
            "http:// h/",
            "https:///x",
        ] {
            assert!(join(&base, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins() {
        let origin = |uri: &str| origin(&uri.parse().unwrap());
        assert_eq!(
            origin("https://A.example/x"),
            origin("https://a.example:443/y")
        );
        assert_ne!(origin("https://a.example/x"), origin("http://a.example/x"));
        assert_ne!(
            origin("https://a.example/x"),
            origin("https://a.example:444/x")
        );
        assert_ne!(origin("https://a.example/x"), origin("https://b.example/x"));
    }
}
