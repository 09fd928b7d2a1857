//! Programs on a terminal.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;

use sandbox::{Child, Exit, WindowSize};

use crate::harness::tests;
use crate::support::Fixture;

tests![a_terminal_of_its_own, typing, control_c, sizes, none];

const SIZE: WindowSize = WindowSize {
    rows: 33,
    columns: 99,
};

fn start(fixture: &mut Fixture) -> (Child, File) {
    fixture.process.terminal = Some(SIZE);
    let child = fixture.spawn().unwrap();
    let terminal: OwnedFd = child.terminal().unwrap().try_clone_to_owned().unwrap();
    (child, File::from(terminal))
}

/// All that is shown until the program ends.
fn read_all(terminal: &mut File) -> String {
    let mut bytes = Vec::new();
    match terminal.read_to_end(&mut bytes) {
        // How a terminal without programs answers.
        Err(error) if error.raw_os_error() == Some(5) => {}
        Ok(_) => {}
        Err(error) => panic!("{error}"),
    }
    String::from_utf8(bytes).unwrap().replace('\r', "")
}

fn read_until(terminal: &mut File, end: &str) {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with(end) {
        match terminal.read(&mut byte) {
            Ok(0) => panic!("{text}"),
            Ok(_) => text.push(byte[0].into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

fn a_terminal_of_its_own() {
    let script = "tty; stty size; stat -c '%u %F' $(tty); echo x > /dev/tty; echo y > /dev/console; ls -1 /dev/pts";
    let mut fixture = Fixture::new(script).user(1000, 1000, &[]);
    let (mut child, mut terminal) = start(&mut fixture);
    let shown = read_all(&mut terminal);
    assert_eq!(
        shown,
        "/dev/pts/0\n33 99\n1000 character special file\nx\ny\n0\nptmx\n"
    );
    assert_eq!(child.wait().unwrap(), Exit::Code(0));
}

fn typing() {
    let mut fixture = Fixture::new("read line; echo got $line");
    let (mut child, mut terminal) = start(&mut fixture);
    terminal.write_all(b"words\n").unwrap();
    assert_eq!(read_all(&mut terminal), "words\ngot words\n");
    assert!(child.wait().unwrap().success());
}

fn control_c() {
    let mut fixture = Fixture::new("trap 'exit 9' INT; echo ready; while :; do sleep 0.01; done");
    let (mut child, mut terminal) = start(&mut fixture);
    read_until(&mut terminal, "ready");
    terminal.write_all(b"\x03").unwrap();
    assert_eq!(child.wait().unwrap(), Exit::Code(9));
}

fn sizes() {
    let mut fixture = Fixture::new("echo ready; read x; stty size");
    let (mut child, mut terminal) = start(&mut fixture);
    read_until(&mut terminal, "ready");
    child
        .resize(WindowSize {
            rows: 10,
            columns: 20,
        })
        .unwrap();
    terminal.write_all(b"\n").unwrap();
    assert!(read_all(&mut terminal).ends_with("10 20\n"));
    child.wait().unwrap();
}

fn none() {
    let fixture =
        Fixture::new("tty; echo x > /dev/tty || echo no terminal; [ -e /dev/console ] || exit 4");
    let output = fixture.run().unwrap();
    assert_eq!(
        (output.exit, output.stdout.as_str()),
        (Exit::Code(4), "not a tty\nno terminal\n")
    );
}
