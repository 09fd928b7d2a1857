//! TLS and proxies, with a server whose certificate nobody knows. Its key is no secret.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::Proxies;

fn tls_path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// A server that answers everything with `hi`, by TLS, for as long as the test runs.
fn tls_server() -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(tls_path("server.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(tls_path("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // What is not TLS, or does not trust the certificate, fails here.
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
                drop(stream.write_all(answer).and_then(|()| stream.flush()));
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
    let certificates = Some(tls_path("authority.pem"));
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
    let certificates = Some(tls_path("server.key"));
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
    let certificates = Some(tls_path("authority.pem"));
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
