"""What a build costs: time, memory and bytes written."""

import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time


class Failed(Exception):
    """A builder did not build."""


def observed(tool, product, *args, fresh=True, sync=False, memory=False):
    """One build's {"ms", "written": MB}, and "memory" and "idle": MB if asked for, which disturbs the time; None for what cannot be known.

    `fresh`: what an earlier build wrote there is removed first. `sync`: until it is on the disk.
    """
    if fresh:
        remove(tool.archive), remove(tool.layout)
    os.sync()
    before = [written_by(pid) for pid in daemons(tool)]
    resettable = memory and [reset_peak(pid) for pid in daemons(tool)]
    idle = megabytes(sum(status(pid, "VmHWM") for pid in daemons(tool)) if resettable else None)
    written, peak, began = 0, 0, time.perf_counter()
    for argv in tool.build(product, *args):
        one_written, one_peak = run(argv, tool.environment(), memory)
        written, peak = written + one_written, max(peak, one_peak)
    if sync:
        os.sync()
    result = {"ms": (time.perf_counter() - began) * 1e3, "idle": idle}
    if tool.daemons:
        after = [written_by(pid) for pid in daemons(tool)]
        known = before and len(before) == len(after) and None not in before + after
        written = written + sum(after) - sum(before) if known else None
        if memory:
            peak = sum(status(pid, "VmHWM") for pid in daemons(tool)) if resettable and all(resettable) else None
    return {**result, "written": megabytes(written), "memory": megabytes(peak if memory else None)}


def syscalls(tool, product, *args):
    """How many system calls a build makes, its commands' included: strace's count."""
    remove(tool.archive)
    with tempfile.NamedTemporaryFile() as counts:
        for argv in tool.build(product, *args):
            try:
                run(["strace", "-f", "-c", "-o", counts.name, *argv], tool.environment(), False)
            except FileNotFoundError:
                raise Failed("strace is not here: no system calls are counted") from None
        lines = counts.read().decode().splitlines()
    # "100.00    0.123456          12     10217       532 total"
    return next(int(line.split()[3]) for line in reversed(lines) if line.endswith(" total"))


def remove(path):
    """Remove a file or a folder, if it is there."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.unlink(path)


def megabytes(count):
    return None if count is None else count / 1e6


def run(argv, environment, memory):
    """(bytes written, peak bytes of the processes) of one command and its children."""
    # A file: a pipe that nobody reads while we wait would stop the builder when it is full.
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        watch = Watch(child.pid) if memory else None
        try:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        except BaseException:
            end(child)
            raise
        # A process that has ended, but was not waited for, still tells its counters, with those of its children.
        written = written_by(child.pid) or 0
        if child.wait():
            output.seek(0)
            raise Failed(f"{shlex.join(argv)}: exit code {child.returncode}\n{output.read().decode(errors='replace')[-3000:]}")
    return written, watch.stop() if watch else 0


def end(child):
    """Let a builder that is not wanted any more clean up and end."""
    child.terminate()
    try:
        child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Watch(threading.Thread):
    """The most memory that a process and its descendants have at one time.

    Not wait4's ru_maxrss: that is of one process, and starts with what the process had before exec, which is this Python.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.005):
            self.most = max(self.most, sum(status(pid, "VmRSS") for pid in descendants(self.pid)))

    def stop(self):
        self.ended.set()
        self.join()
        return self.most


def descendants(pid):
    """A process and all below it."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as f:
                    found += map(int, f.read().split())
        except OSError:
            pass  # it has ended
    return found


def status(pid, field):
    """Bytes in a field of /proc/PID/status; 0 for a process that has ended."""
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith(field + ":")), 0)
    except OSError:
        return 0


def daemons(tool):
    """The processes that work for the tool's client, by their names."""
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc") if tool.daemons else []):
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() in tool.daemons:
                    pids.append(int(pid))
        except OSError:
            pass  # it has ended
    return sorted(pids)


def written_by(pid):
    """write_bytes of /proc/PID/io; None where that may not be read."""
    try:
        with open(f"/proc/{pid}/io") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("write_bytes:"))
    except OSError:
        return None


def reset_peak(pid):
    """Make VmHWM what the process has now; False if that is not permitted."""
    try:
        with open(f"/proc/{pid}/clear_refs", "w") as f:
            f.write("5")
        return True
    except OSError:
        return False
