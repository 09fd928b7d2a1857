//! Tests on the real kernel: namespaces, mounts, credentials. They need root.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program"
)]

mod chroot;
mod cost;
mod devices;
mod emulation;
mod entry;
mod escapes;
mod files;
mod harness;
mod lifetime;
mod limits;
mod mounts;
mod network;
mod ordinary_user;
mod privileges;
mod process;
mod programs;
mod recording;
mod sharing;
mod supervision;
mod support;
mod survey;
mod terminal;

fn main() -> std::process::ExitCode {
    sandbox::run_if_child();
    if let Some(code) = support::role::run() {
        support::clean_up();
        return code;
    }
    assert!(
        rustix::process::geteuid().is_root(),
        "these tests make namespaces and mounts: run them as root"
    );
    let suites = [
        process::TESTS,
        programs::TESTS,
        devices::TESTS,
        files::TESTS,
        mounts::TESTS,
        privileges::TESTS,
        escapes::TESTS,
        network::TESTS,
        terminal::TESTS,
        lifetime::TESTS,
        chroot::TESTS,
        limits::TESTS,
        ordinary_user::TESTS,
        supervision::TESTS,
        recording::TESTS,
        sharing::TESTS,
        survey::TESTS,
        emulation::TESTS,
        entry::TESTS,
        cost::TESTS,
    ];
    let code = harness::run(&suites.concat());
    support::clean_up();
    code
}
