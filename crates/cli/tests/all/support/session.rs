//! carafe on a pseudoterminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use super::{Carafe, eventually};

/// carafe with somebody at the terminal.
pub(crate) struct Session {
    pub(crate) child: Child,
    pub(crate) keys: File,
    /// The program's end, to look at its settings.
    pub(crate) other: OwnedFd,
    pub(crate) seen: Arc<Mutex<String>>,
}

impl Session {
    pub(crate) fn start(carafe: &Carafe, arguments: &[&str]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let controlling = openpt(flags).unwrap();
        grantpt(&controlling).unwrap();
        unlockpt(&controlling).unwrap();
        let size = Winsize {
            ws_row: 33,
            ws_col: 99,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&controlling, size).unwrap();
        let other = ioctl_tiocgptpeer(&controlling, flags).unwrap();
        let mut command = carafe.command(arguments);
        command
            .stdin(other.try_clone().unwrap())
            .stdout(other.try_clone().unwrap())
            .stderr(other.try_clone().unwrap())
            .env("TERM", "vt220");
        let child = command.spawn().unwrap();
        let seen: Arc<Mutex<String>> = Arc::default();
        let mut screen = File::from(controlling.try_clone().unwrap());
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                shared.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child,
            keys: File::from(controlling),
            other,
            seen,
        }
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.keys, size).unwrap();
    }

    pub(crate) fn sees(&self, words: &str) {
        eventually(words, || self.seen.lock().unwrap().contains(words));
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn sends(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).unwrap();
    }

    /// The exit code, and all that was shown.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        // Whatever it was, the terminal is as it was before.
        let modes = tcgetattr(&self.other).unwrap().local_modes;
        let cooked = rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO;
        assert_eq!(modes.contains(cooked), code.is_some());
        let seen = self.seen.lock().unwrap().clone();
        (code, seen)
    }
}
