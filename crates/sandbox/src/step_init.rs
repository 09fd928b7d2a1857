//! The child: this same executable, started again in the new namespaces. It builds the sandbox around itself and
//! then executes the program in its own place. It has one thread and nothing of its parent but some descriptors.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, RawFd};

use rootfs::Root;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::devices::{self, Console, Dev};
use crate::kernel_files::Processes;
use crate::privileges::{self, Grant};
use crate::protocol::{At, Failure, Order, Place, Report};
use crate::scratch::Scratch;
use crate::step::Step;
use crate::{
    Isolation, KernelAccess, Process, Sandbox, cgroup, chroot, entry, kernel_files, network, pivot,
    processes, program, reaper, stdio, sys, ulimit, volumes, working_directory,
};

/// First argument of the child.
pub(crate) const NAME: &str = "step-init";

/// Exit code of a child that could not even read its order, or report.
const BROKEN: i32 = Report::BROKEN;

/// Is the child. `argument` is the number of the order's descriptor.
pub(crate) fn run(argument: Option<&OsStr>) -> ! {
    let number = argument
        .and_then(OsStr::to_str)
        .and_then(|text| text.parse().ok());
    let order = number.ok_or(Errno::INVAL).and_then(read_order);
    let Ok(order) = order else {
        // Somebody has called a program "step-init".
        let _ = writeln!(std::io::stderr(), "{NAME} is not for calling by hand");
        std::process::exit(BROKEN);
    };
    let Err((report, failure)) = start(order);
    match report.failed(&failure) {
        Ok(()) => std::process::exit(1),
        Err(_) => std::process::exit(BROKEN),
    }
}

fn read_order(number: RawFd) -> Result<Order, Errno> {
    let mut file = File::from(sys::adopt(number)?);
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
    drop(file);
    Order::read(&bytes)
}

fn start(order: Order) -> Result<Infallible, (Report, Failure)> {
    let arranged = stdio::arrange(&order);
    let Order {
        place,
        process,
        stdio: _,
        filter,
        devpts,
        report,
        supervisor,
        recorder,
        namespaces,
    } = order;
    let report = Report(report);
    let confinement = (filter.as_slice(), supervisor.as_ref().map(AsFd::as_fd));
    let recorder = recorder
        .as_ref()
        .map(|(socket, last)| (socket.as_fd(), *last));
    if supervisor.is_some() {
        rootfs::record_owners();
    }
    let console = devpts.as_ref().map(|devpts| Console {
        devpts: devpts.as_fd(),
        end: rustix::stdio::stdin(),
    });
    let built = arranged
        .and_then(|()| survive_only_with_parent(&report))
        .and_then(|()| stdio::start_session(&process))
        .and_then(|()| match place {
            Place::New(sandbox) if sandbox.isolation == Isolation::Chroot => {
                chroot::build(*sandbox, &process, &filter, &report).map(|()| false)
            }
            Place::New(sandbox) => {
                let init = sandbox.init;
                let grant = Grant {
                    capabilities: sandbox.capabilities,
                    no_new_privileges: sandbox.no_new_privileges,
                    filter: &filter,
                    supervisor: confinement.1,
                    recorder,
                };
                let processes = match namespaces {
                    0 => Ok(Processes::Own),
                    namespaces => {
                        processes::part(namespaces, &process, &report).map(|()| Processes::Callers)
                    }
                };
                processes
                    .and_then(|processes| build(*sandbox, &process, (console, processes), grant))
                    .map(|()| init)
            }
            Place::Existing(entry) => entry::enter(&entry, &process, confinement).map(|()| false),
        });
    // The change of user has unset it: prctl(2), PR_SET_PDEATHSIG.
    let failure = match built.and_then(|init| survive_only_with_parent(&report).map(|()| init)) {
        Ok(init) => execute(&process, init, &report),
        Err(failure) => failure,
    };
    Err((report, failure))
}

/// Has the kernel kill this process when its parent ends, and makes sure that it has not ended before.
fn survive_only_with_parent(report: &Report) -> Result<(), Failure> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).at(Step::DeathSignal)?;
    if report.is_orphaned() {
        std::process::exit(BROKEN);
    }
    Ok(())
}

/// Everything from mounts to credentials, in the one order that works.
fn build(
    sandbox: Sandbox,
    process: &Process,
    (console, processes): (Option<Console<'_>>, Processes),
    grant: Grant<'_>,
) -> Result<(), Failure> {
    // First of all, so that what is made here counts to it.
    cgroup::enter(&sandbox.cgroups)?;
    if sandbox.kernel == KernelAccess::Guarded {
        cgroup::hide_place()?;
    }
    if let Some(namespace) = &sandbox.network_namespace {
        namespace.enter()?;
    }
    pivot::make_mounts_private()?;
    let mut scratch = Scratch::new()?;
    let root = Root::from_fd(sandbox.root);
    pivot::attach_root(root.fd(), sandbox.kernel)?;
    // A fresh /proc and /sys can only be had while the old ones are in sight, if in a user namespace.
    match sandbox.kernel {
        KernelAccess::Guarded => {
            kernel_files::mount_proc(&root, processes, sandbox.network, &scratch)?;
            kernel_files::mount_sys(&root, &scratch)?;
        }
        KernelAccess::Open => kernel_files::mount_open(&root, processes, sandbox.network)?,
    }
    let dev = Dev {
        access: sandbox.kernel,
        devices: &sandbox.devices,
        shm_size: sandbox.shm_size,
        console,
    };
    devices::mount(&root, &dev)?;
    volumes::mount_file(&root, "/etc/hosts", &sandbox.hosts, &mut scratch)?;
    volumes::mount_file(
        &root,
        "/etc/resolv.conf",
        &sandbox.resolv_conf,
        &mut scratch,
    )?;
    volumes::mount(&root, sandbox.mounts, &mut scratch)?;
    network::prepare(sandbox.network)?;
    rustix::system::sethostname(sandbox.hostname.as_bytes())
        .on(Step::Hostname, &sandbox.hostname)?;

    pivot::pivot(&root)?;
    working_directory::enter(&root, &process.cwd)?;
    if sandbox.read_only_root {
        pivot::make_root_read_only(&root)?;
    }
    stdio::give_to(process)?;
    match grant.supervisor {
        Some(_) => ulimit::set_under_supervisor(&sandbox.ulimits)?,
        None => ulimit::set(&sandbox.ulimits)?,
    }
    if let Some(namespace) = sandbox.user_namespace {
        move_into_thread_name_spaces(namespace.as_fd(), ThreadNameSpaceType::USER)
            .at(Step::EnterUserNamespace)?;
    }
    privileges::become_user(&process.user, grant)
}

/// Says that all is ready, and executes the program. Returns only if that fails.
fn execute(process: &Process, init: bool, report: &Report) -> Failure {
    // What programs and image builds count on.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    if init && let Err(failure) = reaper::split(process) {
        return failure;
    }
    sys::reset_signals();
    let ready = sys::close_on_execute().at(Step::Descriptors);
    match ready.and_then(|()| report.ready().at(Step::Execute)) {
        Ok(()) => program::execute(process),
        Err(failure) => failure,
    }
}
