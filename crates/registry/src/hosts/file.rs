use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;

use super::{Capabilities, HostSettings, Hosts, place};

/// The file as it is written. Keys that mean nothing here (`dial_timeout`) are let be, as containerd's own versions differ.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    server: Option<String>,
    host: BTreeMap<String, Table>,
    #[serde(flatten)]
    of_server: Table,
}

/// What is said of one host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Table {
    capabilities: Option<Vec<String>>,
    ca: Strings,
    client: Option<Client>,
    skip_verify: bool,
    override_path: bool,
    header: BTreeMap<String, Strings>,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Strings {
    One(String),
    Many(Vec<String>),
}

/// A file with certificate and key, or several of which the first counts, or pairs of files.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Client {
    One(String),
    Many(Vec<String>),
    Pairs(Vec<(String, String)>),
}

impl Default for Strings {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Strings {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(all) => all,
        }
    }
}

/// Reads what a file says of a registry.
pub(super) fn parse(text: &str, registry: &str, path: &Path) -> Result<Hosts, String> {
    let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut hosts = Vec::new();
    for name in in_order(text) {
        if let Some(table) = written.host.get(&name) {
            hosts.push(table.settings(&name, registry, path)?);
        }
    }
    // Last, whatever else there is.
    let server = written.server.as_deref().filter(|name| !name.is_empty());
    let server = written
        .of_server
        .settings(server.unwrap_or(registry), registry, path)?;
    // A registry that stands among the hosts needs no second try without what is said of it there.
    let known =
        |host: &HostSettings| (&host.authority, host.plain) == (&server.authority, server.plain);
    if written.server.is_some() || !hosts.iter().any(known) {
        hosts.push(server);
    }
    Ok(Hosts(hosts))
}

/// The hosts in the order of the text, which is the order in which they are asked.
fn in_order(text: &str) -> Vec<String> {
    let Ok(table) = DeTable::parse(text) else {
        return Vec::new();
    };
    let hosts = table.get_ref().get("host");
    let hosts = hosts.and_then(|hosts| hosts.get_ref().as_table());
    let mut names: Vec<(usize, String)> = hosts
        .into_iter()
        .flatten()
        .map(|(name, _)| (name.span().start, name.get_ref().to_string()))
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

impl Table {
    fn settings(&self, name: &str, registry: &str, file: &Path) -> Result<HostSettings, String> {
        let (plain, authority, path) = place(name)?;
        let prefix = match self.override_path {
            true => path,
            false if path.ends_with("/v2") => path,
            false => format!("{path}/v2"),
        };
        // Relative to the file.
        let beside = |name: &String| file.with_file_name("").join(name);
        let own = match &self.client {
            None => None,
            Some(Client::One(both)) => Some((beside(both), beside(both))),
            Some(Client::Many(files)) => files.first().map(|both| (beside(both), beside(both))),
            Some(Client::Pairs(pairs)) => pairs
                .first()
                .map(|(certificate, key)| (beside(certificate), beside(key))),
        };
        let (_, itself, _) = place(registry)?;
        let is_itself = authority == itself;
        Ok(HostSettings {
            plain,
            authority,
            prefix,
            skip_verify: self.skip_verify,
            headers: self.headers()?,
            authorities: self.ca.all().iter().map(beside).collect(),
            own,
            capabilities: capabilities(self.capabilities.as_deref())?,
            namespace: (!is_itself).then(|| registry.to_owned()),
            file: file.to_owned(),
        })
    }

    fn headers(&self) -> Result<Vec<(String, String)>, String> {
        let mut headers = Vec::new();
        for (name, values) in &self.header {
            for value in values.all() {
                let is_name = ureq::http::HeaderName::try_from(name.as_str()).is_ok();
                if !is_name || ureq::http::HeaderValue::try_from(value.as_str()).is_err() {
                    return Err(format!("header `{name}` cannot be sent"));
                }
                headers.push((name.clone(), value.clone()));
            }
        }
        Ok(headers)
    }
}

fn capabilities(named: Option<&[String]>) -> Result<Capabilities, String> {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(Capabilities::ALL);
    };
    let mut capabilities = Capabilities {
        pull: false,
        resolve: false,
        push: false,
    };
    for name in named {
        match name.as_str() {
            "pull" => capabilities.pull = true,
            "resolve" => capabilities.resolve = true,
            "push" => capabilities.push = true,
            // containerd's newer ones are for what carafe does not ask for.
            "referrers" => {}
            other => {
                return Err(format!(
                    "there is no capability `{other}`: it is pull, resolve or push"
                ));
            }
        }
    }
    Ok(capabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<HostSettings>, String> {
        let path = Path::new("/c/certs.d/reg.example:5000/hosts.toml");
        parse(text, "reg.example:5000", path).map(|hosts| hosts.0)
    }

    #[test]
    fn what_containerd_documents() {
        let hosts = read(
            r#"
            server = "https://upstream.example"
            ca = "server.pem"
            [host."https://z.example/v2/proxy"]
              capabilities = ["pull", "resolve"]
              override_path = true
              ca = ["/etc/a.pem", "b.pem"]
              client = [["me.cert", "me.key"], ["other.cert", "other.key"]]
              [host."https://z.example/v2/proxy".header]
                x-one = "1"
                x-two = ["2", "3"]
            [host."http://127.0.0.1:5001"]
              skip_verify = true
              dial_timeout = "1s"
            [host."a.example/sub"]
              client = "both.pem"
            "#,
        );
        let hosts = hosts.unwrap();
        let shown: Vec<String> = hosts
            .iter()
            .map(|host| {
                let scheme = if host.plain { "http" } else { "https" };
                format!("{scheme}://{}{}", host.authority, host.prefix)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "https://z.example/v2/proxy",
                "http://127.0.0.1:5001/v2",
                "https://a.example/sub/v2",
                "https://upstream.example/v2"
            ]
        );
        let first = &hosts[0];
        assert!(first.capabilities.pull && !first.capabilities.push);
        assert_eq!(first.authorities[0], Path::new("/etc/a.pem"));
        assert_eq!(
            first.authorities[1],
            Path::new("/c/certs.d/reg.example:5000/b.pem")
        );
        let (certificate, key) = first.own.as_ref().unwrap();
        assert!(certificate.ends_with("me.cert") && key.ends_with("me.key"));
        assert_eq!(first.headers.len(), 3);
        assert_eq!(first.namespace.as_deref(), Some("reg.example:5000"));
        assert!(hosts[1].skip_verify && hosts[1].capabilities.push);
        assert_eq!(
            hosts[2].own.as_ref().unwrap().0,
            hosts[2].own.as_ref().unwrap().1
        );
        assert!(hosts[3].authorities[0].ends_with("server.pem"));
    }

    #[test]
    fn the_registry_itself() {
        // Nothing else is said: it is asked as ever, and once.
        let hosts = read("").unwrap();
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].authority, "reg.example:5000");
        assert_eq!(hosts[0].namespace, None);
        let hosts = read("[host.\"https://reg.example:5000\"]\nskip_verify = true\n").unwrap();
        assert_eq!((hosts.len(), hosts[0].skip_verify), (1, true));
        let hosts = read("[host.\"https://mirror\"]\n").unwrap();
        assert_eq!(
            (hosts.len(), hosts[1].authority.as_str()),
            (2, "reg.example:5000")
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, words) in [
            ("[host.\"ftp://x\"]\n", "`ftp://x` is no URL"),
            ("[host.\"https://me:pw@x\"]\n", "is no URL"),
            ("server = \"https://\"\n", "is no URL"),
            (
                "[host.\"x\"]\ncapabilities = [\"fly\"]\n",
                "no capability `fly`",
            ),
            ("[host.\"x\"]\nskip_verify = 3\n", "line 2"),
            ("[host.\"x\".header]\n\"a b\" = \"c\"\n", "header `a b`"),
            ("[host", "line 1"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
