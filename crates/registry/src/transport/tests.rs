//! TLS and proxies, with a server whose certificate nobody knows. Its key is no secret.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::hosts::{Capabilities, HostSettings};
use crate::{Certificates, Proxies};

fn tls_path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// The server's authority alone is trusted.
fn authority() -> Certificates {
    Certificates {
        file: Some(tls_path("authority.pem")),
        ..Certificates::default()
    }
}

/// A server that answers everything with `hi`, by TLS, for as long as the test runs.
fn tls_server() -> SocketAddr {
    tls_server_for(Builder::with_no_client_auth)
}

/// One that asks who is there.
fn strict_tls_server() -> SocketAddr {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(tls_path("client-authority.pem")).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    tls_server_for(|builder| builder.with_client_cert_verifier(verifier))
}

type Builder<State> = rustls::ConfigBuilder<ServerConfig, State>;

/// What such a server says.
const HI: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

fn tls_server_for(
    clients: impl FnOnce(Builder<rustls::WantsVerifier>) -> Builder<rustls::server::WantsServerCert>,
) -> SocketAddr {
    tls_server_that_says(HI, clients)
}

fn tls_server_that_says(
    answer: impl Into<Vec<u8>>,
    clients: impl FnOnce(Builder<rustls::WantsVerifier>) -> Builder<rustls::server::WantsServerCert>,
) -> SocketAddr {
    let answer = answer.into();
    let chain = CertificateDer::pem_file_iter(tls_path("server.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(tls_path("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = clients(builder).with_single_cert(chain, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // What is not TLS, or does not trust the certificate, fails here.
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                drop(stream.write_all(&answer).and_then(|()| stream.flush()));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    address
}

/// A proxy that leads everything to `server`.
fn proxy(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let head = BufReader::new(client.try_clone().unwrap()).lines();
        let head: Vec<String> = head
            .map_while(Result::ok)
            .take_while(|l| !l.is_empty())
            .collect();
        assert_eq!(head[0], "CONNECT registry.test:443 HTTP/1.1");
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
        let server = TcpStream::connect(server).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut from, mut to) = (server, client);
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Both));
    });
    address
}

fn transport(config: Config) -> Transport {
    Transport::new(Arc::new(config))
}

fn ask(transport: &Transport, host: &str, trust: Trust) -> Result<Vec<u8>, Error> {
    let action = Action::new("ask", host);
    let uri = format!("https://{host}/v2/").parse().unwrap();
    let answer = transport.follow(&action, uri, trust, &Request::get())?;
    answer.read(&action, 100)
}

#[test]
fn a_certificate_must_be_vouched_for() {
    let host = tls_server().to_string();
    let stranger = transport(Config::default());
    let error = ask(&stranger, &host, Trust::Authorities).unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    assert_eq!(ask(&stranger, &host, Trust::Anyone).unwrap(), b"hi");
    let certificates = authority();
    let friend = transport(Config {
        certificates,
        ..Config::default()
    });
    assert_eq!(ask(&friend, &host, Trust::Authorities).unwrap(), b"hi");
    // It is for the address, not for this name.
    let name = host.replace("127.0.0.1", "localhost");
    assert!(matches!(
        ask(&friend, &name, Trust::Authorities),
        Err(Error::Tls { .. })
    ));
}

#[test]
fn certificates_that_are_none() {
    let certificates = Certificates {
        file: Some(tls_path("server.key")),
        ..Certificates::default()
    };
    let transport = transport(Config {
        certificates,
        ..Config::default()
    });
    let error = ask(&transport, "127.0.0.1:1", Trust::Authorities).unwrap_err();
    assert!(matches!(error, Error::Certificates { .. }), "{error}");
}

#[test]
fn this_machine_may_have_any_certificate() {
    let host = tls_server().to_string();
    let endpoint = Endpoint::of(&format!("{host}/app").parse().unwrap());
    let transport = transport(Config::default());
    let action = Action::new("ask", "this machine");
    for _ in 0..2 {
        let answer = transport
            .send(&action, &endpoint, Place::Path("/v2/"), &Request::get())
            .unwrap();
        assert_eq!(answer.read(&action, 100).unwrap(), b"hi");
    }
    assert_eq!(transport.known_access()[&host], Access::AnyHttps);
}

#[test]
fn through_a_proxy() {
    let proxy = proxy(tls_server());
    let proxies = Proxies {
        https: Some(format!("http://{proxy}")),
        ..Proxies::default()
    };
    let certificates = authority();
    let transport = transport(Config {
        proxies,
        certificates,
        ..Config::default()
    });
    assert_eq!(
        ask(&transport, "registry.test", Trust::Authorities).unwrap(),
        b"hi"
    );
}

#[test]
fn a_proxy_that_is_none() {
    let proxies = Proxies {
        https: Some("http://me:secret@".into()),
        ..Proxies::default()
    };
    let transport = transport(Config {
        proxies,
        ..Config::default()
    });
    let error = ask(&transport, "registry.test", Trust::Authorities).unwrap_err();
    assert!(matches!(error, Error::InvalidProxy { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

/// A folder `certs.d` with these files for a host.
fn certs_d(host: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Certificates) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(host);
    fs::create_dir(&folder).unwrap();
    for (name, from) in files {
        fs::copy(tls_path(from), folder.join(name)).unwrap();
    }
    let of_hosts = vec!["/nowhere".into(), place.path().to_owned()];
    let certificates = Certificates {
        of_hosts,
        ..Certificates::default()
    };
    (place, certificates)
}

fn with_certificates(certificates: Certificates) -> Transport {
    transport(Config {
        certificates,
        ..Config::default()
    })
}

#[test]
fn an_authority_for_one_host() {
    let (host, other) = (tls_server().to_string(), tls_server().to_string());
    let (_place, certificates) = certs_d(&host, &[("any-name.crt", "authority.pem")]);
    let transport = with_certificates(certificates);
    let ask = |host| ask(&transport, host, Trust::Authorities);
    assert_eq!(ask(&host).unwrap(), b"hi");
    assert!(matches!(ask(&other), Err(Error::Tls { .. })));
    assert_eq!(ask(&host).unwrap(), b"hi");
}

#[test]
fn a_host_that_asks_who_is_there() {
    let host = strict_tls_server().to_string();
    let stranger = with_certificates(authority());
    let error = ask(&stranger, &host, Trust::Authorities).unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(error.to_string().contains("certs.d"), "{error}");
    let own = [("me.cert", "client.cert"), ("me.key", "client.key")];
    let (_place, certificates) = certs_d(&host, &own);
    let known = with_certificates(Certificates {
        file: authority().file,
        ..certificates
    });
    assert_eq!(ask(&known, &host, Trust::Authorities).unwrap(), b"hi");
    assert_eq!(ask(&known, &host, Trust::Anyone).unwrap(), b"hi");
    // Shown to nobody else, though it would be taken.
    let other = strict_tls_server().to_string();
    assert!(ask(&known, &other, Trust::Authorities).is_err());
    // Any other will not do.
    let wrong = [("me.cert", "server.pem"), ("me.key", "server.key")];
    let (_place, certificates) = certs_d(&host, &wrong);
    let wrong = with_certificates(certificates);
    assert!(ask(&wrong, &host, Trust::Anyone).is_err());
}

#[test]
fn folders_of_certificates_that_are_not_whole() {
    for (files, words) in [
        (&[("me.cert", "client.cert")][..], "me.key is missing"),
        (&[("me.key", "client.key")], "me.cert is missing"),
        (&[("ca.crt", "server.key")], "ca.crt: there are none"),
        (
            &[("me.cert", "client.cert"), ("me.key", "client.cert")],
            "me.key: there is no private key",
        ),
        (
            &[("me.cert", "client.key"), ("me.key", "client.key")],
            "me.cert: there are none",
        ),
        (
            &[("me.cert", "client.cert"), ("me.key", "server.key")],
            "me.cert: its key is another one's",
        ),
        (
            &[("me.cert", "client-v1.cert"), ("me.key", "client.key")],
            "has to be of X.509 version 3",
        ),
    ] {
        let (_place, certificates) = certs_d("registry.test", files);
        let transport = with_certificates(certificates);
        let error = ask(&transport, "registry.test", Trust::Authorities).unwrap_err();
        assert!(matches!(error, Error::Certificates { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn folders_of_authorities() {
    let host = tls_server().to_string();
    let place = tempfile::tempdir().unwrap();
    // As c_rehash names them.
    fs::copy(tls_path("authority.pem"), place.path().join("0123abcd.0")).unwrap();
    let folders = vec!["/nowhere".into(), place.path().to_owned()];
    let transport = with_certificates(Certificates {
        folders,
        ..Certificates::default()
    });
    assert_eq!(ask(&transport, &host, Trust::Authorities).unwrap(), b"hi");
}

#[test]
fn a_redirect_does_not_take_tls_away() {
    let plain = testkit::Registry::start();
    plain.put_file("/v2/", b"hi", &[]);
    let head = "HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\nConnection: close";
    let answer = format!("{head}\r\nLocation: http://{}/v2/\r\n\r\n", plain.host());
    let host = tls_server_that_says(answer, Builder::with_no_client_auth).to_string();
    let transport = with_certificates(authority());
    let error = ask(&transport, &host, Trust::Authorities).unwrap_err();
    assert!(matches!(error, Error::Redirect { .. }), "{error}");
    assert!(error.to_string().contains("https to http"), "{error}");
    assert!(plain.received().is_empty());
    // Where no certificate counts there is nothing to take away.
    assert_eq!(ask(&transport, &host, Trust::Anyone).unwrap(), b"hi");
}

#[test]
fn a_proxy_that_wants_a_password() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let (client, _) = proxy.accept().unwrap();
        let head = BufReader::new(client).lines().map_while(Result::ok);
        head.take_while(|line| !line.is_empty()).collect::<Vec<_>>()
    });
    let transport = transport(Config {
        proxies: Proxies {
            https: Some(format!("http://me:s%40cret@{address}")),
            ..Proxies::default()
        },
        ..Config::default()
    });
    let error = ask(&transport, "registry.test", Trust::Authorities).unwrap_err();
    assert!(!error.to_string().contains("cret"), "{error}");
    let asked = asked.join().unwrap();
    // `me:s@cret`
    let header = "Proxy-Authorization: Basic bWU6c0BjcmV0";
    assert!(asked.iter().any(|line| line == header), "{asked:?}");
}

#[test]
fn what_hosts_toml_names() {
    let settings = |host: SocketAddr, own: Option<&str>| HostSettings {
        plain: false,
        authority: host.to_string(),
        prefix: "/v2".to_owned(),
        skip_verify: false,
        headers: Vec::new(),
        authorities: Vec::new(),
        own: own.map(|own| (tls_path(own), tls_path("client.key"))),
        capabilities: Capabilities::ALL,
        namespace: None,
        file: "/c/hosts.toml".into(),
    };
    let ask = |settings: HostSettings| {
        let action = Action::new("ask", "it");
        let reference = "registry.example/app:1".parse().unwrap();
        let endpoint = Endpoint::of(&reference).with_settings(Arc::new(settings));
        let transport = with_certificates(Certificates::default());
        let answer = transport.send(&action, &endpoint, Place::Path("/"), &Request::get())?;
        answer.read(&action, 100)
    };
    // Loopback, too, is asked as it is said.
    assert!(matches!(
        ask(settings(tls_server(), None)),
        Err(Error::Tls { .. })
    ));
    let trusting = HostSettings {
        skip_verify: true,
        ..settings(tls_server(), None)
    };
    assert_eq!(ask(trusting).unwrap(), b"hi");
    let knowing = |own| HostSettings {
        authorities: vec![tls_path("authority.pem")],
        ..settings(strict_tls_server(), own)
    };
    assert!(ask(knowing(None)).is_err());
    assert_eq!(ask(knowing(Some("client.cert"))).unwrap(), b"hi");
    let missing = HostSettings {
        authorities: vec!["/nowhere/a.pem".into()],
        ..settings(tls_server(), None)
    };
    assert!(matches!(ask(missing), Err(Error::Certificates { .. })));
}
