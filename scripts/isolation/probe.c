// What a process in a container sees and may do: a line for each thing, "KIND<tab>NAME<tab>VALUE". Linked statically, it needs
// nothing of the image. scripts/test-isolation compares what it says in different containers.
//
//     probe [FILE]    writes to the file, else to standard output
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void say(const char *kind, const char *name, const char *value) { printf("%s\t%s\t%s\n", kind, name, value); }

static void number(const char *kind, const char *name, long value) { printf("%s\t%s\t%ld\n", kind, name, value); }

static const char *error(int number) { return number ? strerrorname_np(number) : "ok"; }

// A file's lines, with KIND before each.
static void lines(const char *kind, const char *path) {
    char line[65536];
    FILE *file = fopen(path, "r");
    if (!file) {
        say(kind, path, error(errno));
        return;
    }
    for (int count = 1; fgets(line, sizeof line, file); count++) {
        line[strcspn(line, "\n")] = 0;
        char *value = strstr(line, ":\t");
        if (value && !strcmp(kind, "status")) {
            *value = 0;
            say(kind, line, value + 2);
        } else {
            char name[32];
            snprintf(name, sizeof name, "%d", count);
            say(kind, name, line);
        }
    }
    fclose(file);
}

static void mounts(void) {
    char line[65536], name[4096], value[16384];
    FILE *file = fopen("/proc/self/mountinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        char root[4096], point[4096], options[4096], type[256], source[4096], all[4096];
        char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s %4095s", root, point, options) != 3 ||
            sscanf(rest, " - %255s %4095s %4095s", type, source, all) != 3)
            continue;
        int shared = strstr(line, " shared:") && strstr(line, " shared:") < rest;
        int master = strstr(line, " master:") && strstr(line, " master:") < rest;
        snprintf(name, sizeof name, "%s", point);
        snprintf(value, sizeof value, "%s %s %s %s%s%s", type, options, strcmp(type, "overlay") ? all : "", root,
                 shared ? " shared" : "", master ? " master" : "");
        say("mount", name, value);
    }
    if (file) fclose(file);
}

static int device(const char *path, const struct stat *is, int kind, struct FTW *at) {
    char value[4400], target[4096];
    (void)kind;
    (void)at;
    if (!strncmp(path, "/dev/fd/", 8)) return 0;
    if (S_ISLNK(is->st_mode)) {
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        snprintf(value, sizeof value, "link %s", target);
    } else {
        snprintf(value, sizeof value, "%o %u:%u %u:%u", is->st_mode, is->st_uid, is->st_gid, major(is->st_rdev), minor(is->st_rdev));
    }
    say("dev", path, value);
    return 0;
}

// Everything below /proc and /sys that can be opened for writing, without the processes' own.
static int writable(const char *path, const struct stat *is, int kind, struct FTW *at) {
    (void)kind;
    if (at->level == 1 && path[6] >= '0' && path[6] <= '9' && !strncmp(path, "/proc/", 6)) return FTW_SKIP_SUBTREE;
    if (S_ISLNK(is->st_mode)) return FTW_CONTINUE;
    if (S_ISDIR(is->st_mode)) {
        if (access(path, W_OK) == 0 && strcmp(path, "/proc")) say("writable", path, "directory");
        return FTW_CONTINUE;
    }
    if (!S_ISREG(is->st_mode)) {
        say("masked", path, "file");
        return FTW_CONTINUE;
    }
    int file = open(path, O_WRONLY | O_NONBLOCK);
    if (file >= 0) {
        say("writable", path, "file");
        close(file);
    }
    return FTW_CONTINUE;
}

static void openings(void) {
    static const char *paths[] = {
        "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/sched_debug", "/proc/kmsg", "/proc/kallsyms",
        "/proc/interrupts", "/proc/config.gz", "/proc/sysrq-trigger", "/proc/acpi", "/proc/asound", "/proc/scsi", "/proc/bus/pci/devices",
        "/proc/vmallocinfo", "/proc/pagetypeinfo", "/proc/slabinfo", "/proc/iomem", "/proc/kpageflags", "/proc/latency_stats",
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/vm/panic_on_oom",
        "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/1/mem",
        "/proc/1/environ", "/proc/1/root/etc", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel/uevent_helper",
        "/sys/kernel/debug", "/sys/kernel/security", "/sys/fs/cgroup", "/sys/fs/bpf", "/sys/module", "/sys/class/net", "/sys/kernel/mm/transparent_hugepage/enabled",
        "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/tty", "/dev/console", "/dev/ptmx", "/dev/pts/ptmx", "/dev/sda", "/dev/vda",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[256], buffer[64];
        struct stat is;
        int read_error = 0, write_error = 0;
        long count = -1;
        int file = open(paths[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (file < 0) read_error = errno;
        else {
            if (!fstat(file, &is) && S_ISDIR(is.st_mode)) {
                DIR *directory = fdopendir(file);
                for (count = -2; directory && readdir(directory);) count++;
                closedir(directory);
            } else {
                count = read(file, buffer, sizeof buffer) > 0;
                close(file);
            }
        }
        file = open(paths[i], O_WRONLY | O_NONBLOCK | O_NOCTTY);
        if (file < 0) write_error = errno;
        else close(file);
        snprintf(text, sizeof text, "read %s %ld, write %s", error(read_error), count, error(write_error));
        say("open", paths[i], text);
    }
}

static void limits(void) {
    static const char *names[] = {"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS",
                                  "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
    for (int i = 0; i < 16; i++) {
        struct rlimit is;
        char text[64];
        getrlimit(i, &is);
        snprintf(text, sizeof text, "%ld %ld", (long)is.rlim_cur, (long)is.rlim_max);
        say("limit", names[i], text);
    }
}

static void descriptors(void) {
    char name[64], target[4096];
    for (int fd = 0; fd < 1024; fd++) {
        struct stat is;
        if (fcntl(fd, F_GETFD) < 0) continue;
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(name, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        // Pipes and sockets have numbers.
        target[strcspn(target, ":")] = 0;
        snprintf(name, sizeof name, "%d", fd);
        say("descriptor", name, fd < 3 && !fstat(fd, &is) && !S_ISCHR(is.st_mode) ? "stream" : target);
    }
}

static void sockets(void) {
    for (int family = 0; family < 46; family++) {
        for (int type = 1; type <= 3; type++) {
            char name[32];
            int fd = socket(family, type, 0);
            snprintf(name, sizeof name, "family %d type %d", family, type);
            say("socket", name, error(fd < 0 ? errno : 0));
            if (fd >= 0) close(fd);
        }
    }
}

// What a call does is done in a child. Arguments that nothing can be done with tell a filter's answer from the kernel's.
static void call(const char *kind, const char *name, long number_, const long *a) {
    char text[64];
    int answer[2];
    if (pipe(answer)) exit(3);
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        setpgid(0, 0);
        alarm(2);
        errno = 0;
        long result = syscall(number_, a[0], a[1], a[2], a[3], a[4], a[5]);
        int failure = result == -1 ? errno : 0;
        if (write(answer[1], &failure, sizeof failure)) {}
        syscall(SYS_exit_group, 0);
    }
    close(answer[1]);
    int failure, status;
    if (read(answer[0], &failure, sizeof failure) == sizeof failure) snprintf(text, sizeof text, "%s", error(failure));
    else snprintf(text, sizeof text, "no answer");
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(answer[0]);
    say(kind, name, text);
}

static void calls(void) {
    for (long n = 0; n < 480; n++) {
        char name[16];
        long arguments[6] = {-1, -1, -1, -1, -1, -1};
        // These would stop all processes, or the machine.
        if (n == SYS_kill || n == SYS_reboot) arguments[0] = 0x7fffffff;
        // Not those that make a copy of this with no stack, or wait for the disk.
        if (n == SYS_sync || n == SYS_clone || n == SYS_fork || n == SYS_vfork || n == SYS_rt_sigreturn) continue;
        snprintf(name, sizeof name, "%ld", n);
        call("call", name, n, arguments);
    }
}

static void flags(void) {
    static const struct {
        const char *name;
        long flag;
    } spaces[] = {{"NEWNS", 0x20000},       {"NEWCGROUP", 0x2000000}, {"NEWUTS", 0x4000000}, {"NEWIPC", 0x8000000},
                  {"NEWUSER", 0x10000000}, {"NEWPID", 0x20000000},   {"NEWNET", 0x40000000}, {"NEWTIME", 0x80}};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        const long unshare_arguments[6] = {spaces[i].flag};
        call("unshare", spaces[i].name, SYS_unshare, unshare_arguments);
        // SIGHAND without VM is refused by the kernel, but not by a filter.
        const long clone_arguments[6] = {spaces[i].flag | 0x800};
        call("clone", spaces[i].name, SYS_clone, clone_arguments);
    }
    const long personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff, 0x40000, 0x400000};
    for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++) {
        char name[32];
        const long arguments[6] = {personalities[i]};
        snprintf(name, sizeof name, "%lx", personalities[i]);
        call("personality", name, SYS_personality, arguments);
    }
}

static void others(void) {
    char text[4096];
    struct utsname uts;
    uname(&uts);
    say("other", "cwd", getcwd(text, sizeof text) ? text : error(errno));
    say("other", "domain name", uts.domainname);
    number("other", "pid", getpid());
    number("other", "parent", getppid());
    number("other", "session leader", getsid(0) == getpid());
    number("other", "group leader", getpgrp() == getpid());
    number("other", "nice", getpriority(PRIO_PROCESS, 0));
    number("other", "scheduler", syscall(SYS_sched_getscheduler, 0));
    number("other", "io priority", syscall(SYS_ioprio_get, 1, 0));
    number("other", "dumpable", prctl(PR_GET_DUMPABLE));
    number("other", "securebits", prctl(PR_GET_SECUREBITS));
    number("other", "timer slack", prctl(PR_GET_TIMERSLACK));
    number("other", "subreaper", ({ int is = -1; prctl(PR_GET_CHILD_SUBREAPER, &is); is; }));
    number("other", "speculation", prctl(PR_GET_SPECULATION_CTRL, 0, 0, 0, 0));
    number("other", "lower oom_score_adj", ({
               int fd = open("/proc/self/oom_score_adj", O_WRONLY);
               int is = write(fd, "-1000", 5) < 0 ? errno : 0;
               close(fd);
               is;
           }));
    number("other", "write own executable", open("/proc/self/exe", O_WRONLY) < 0 ? errno : 0);
    mode_t mask = umask(0);
    umask(mask);
    number("other", "umask", mask);
}

int main(int count, char **arguments) {
    static char buffer[1 << 20];
    if (count > 1 && !freopen(arguments[1], "w", stdout)) return 2;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    descriptors();
    for (char **variable = environ; *variable; variable++) {
        char *value = strchr(*variable, '=');
        if (value) *value = 0;
        say("environment", *variable, value ? value + 1 : "");
        if (value) *value = '=';
    }
    lines("status", "/proc/self/status");
    lines("oom_score_adj", "/proc/self/oom_score_adj");
    lines("label", "/proc/self/attr/current");
    lines("loginuid", "/proc/self/loginuid");
    lines("cgroup", "/proc/self/cgroup");
    lines("uid_map", "/proc/self/uid_map");
    mounts();
    limits();
    others();
    nftw("/dev", device, 16, FTW_PHYS);
    nftw("/proc", writable, 16, FTW_PHYS | FTW_ACTIONRETVAL);
    nftw("/sys", writable, 16, FTW_PHYS | FTW_ACTIONRETVAL);
    openings();
    sockets();
    flags();
    calls();
    fflush(stdout);
    return 0;
}
