//! Networks, and connections into them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use sandbox::{Error, Network, Step};

use crate::harness::tests;
use crate::support::{Fixture, chain};

tests![only_loopback, host, low_ports, dial, dial_nobody];

const INTERFACES: &str = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '";

fn only_loopback() {
    for network in [Network::None, Network::Private] {
        let mut fixture = Fixture::new(&format!(
            "{INTERFACES}; ping -c 1 -W 1 127.0.0.1 > /dev/null && echo up; ls /sys/class/net"
        ));
        fixture.sandbox.network = network;
        assert_eq!(fixture.stdout(), "lo\nup\nlo\n");
    }
}

fn host() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Hangs up at once.
    let server = std::thread::spawn(move || listener.accept().map(drop));
    let mut fixture = Fixture::new(&format!(
        "nc 127.0.0.1 {port} && readlink /proc/self/ns/net"
    ));
    fixture.sandbox.network = Network::Host;
    let host = std::fs::read_link("/proc/self/ns/net").unwrap();
    assert_eq!(fixture.stdout(), format!("{}\n", host.display()));
    server.join().unwrap().unwrap();
    let mut fixture = Fixture::new(&format!("nc -w 1 127.0.0.1 {port} || echo out of reach"));
    fixture.sandbox.network = Network::None;
    assert_eq!(fixture.stdout(), "out of reach\n");
}

fn low_ports() {
    let mut fixture =
        Fixture::new("cat /proc/sys/net/ipv4/ip_unprivileged_port_start").user(9, 9, &[]);
    fixture.sandbox.network = Network::Private;
    assert_eq!(fixture.stdout(), "0\n");
}

fn dial() {
    let mut fixture = Fixture::new("nc -l -p 80 -e /bin/cat").user(1000, 1000, &[]);
    fixture.sandbox.network = Network::Private;
    let child = fixture.spawn().unwrap();
    let dialer = child.dialer().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let end = Instant::now() + Duration::from_secs(10);
    let mut stream = loop {
        match dialer.connect(address) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < end, "{}", chain(&error)),
        }
    };
    stream.write_all(b"through").unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"through");
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "the host has no such port"
    );
}

fn dial_nobody() {
    let mut child = Fixture::new("sleep 100").spawn().unwrap();
    let dialer = child.dialer().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let error = dialer.connect(address).unwrap_err();
    assert_eq!(
        chain(&error),
        "cannot connect inside the sandbox to `127.0.0.1:80`: Connection refused (os error 111)"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let error = dialer.connect(address).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Kernel {
                step: Step::EnterNetwork,
                ..
            }
        ),
        "{}",
        chain(&error)
    );
}
