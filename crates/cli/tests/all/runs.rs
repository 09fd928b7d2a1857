//! What the steps of a build get, and what they may ask for.

use crate::support::Carafe;

#[test]
fn leaving_the_sandbox_takes_consent() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\n\
         RUN --security=insecure cat /proc/self/status && ls -d /sys/firmware\n",
    );
    let refused = carafe.fails(1, ["build", &context]);
    assert!(
        refused.contains("security.insecure is not allowed") && refused.contains("Dockerfile:2"),
        "{refused}"
    );
    assert!(refused.contains("--allow security.insecure"), "{refused}");
    let said = carafe.run(["build", "--allow", "security.insecure", &context]);
    assert_eq!(said.code, 0, "{said:#?}");
    let line = |name: &str| {
        let lines = said.stderr.lines();
        let mut values =
            lines.filter_map(|line| line.split_once(name)?.1.split_whitespace().next());
        values.next().unwrap_or_default().to_owned()
    };
    assert_eq!(line("Seccomp:"), "0");
    // All that this process has itself, and that is more than the usual ones.
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    assert_eq!(line("CapEff:"), own.unwrap().trim());

    let words = carafe.fails(2, ["build", "--allow", "everything", &context]);
    assert!(words.contains("no entitlement `everything`"), "{words}");
}

#[test]
fn networks_and_devices_take_consent() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN --network=host true\n");
    carafe.ok(["build", &context]);
    let refused = carafe.fails(1, ["build", "--network=none", &context]);
    assert!(refused.contains("network.host is not allowed"), "{refused}");
    carafe.ok([
        "build",
        "--network=none",
        "--allow",
        "network.host",
        &context,
    ]);

    let context = carafe.context(
        "FROM base\n\
         RUN --device=/dev/zero,required --device=/dev/nowhere --device=example.com/gpu=0 test -c /dev/zero\n",
    );
    let refused = carafe.fails(1, ["build", "--allow", "device=/dev/zero", &context]);
    assert!(
        refused.contains("device /dev/nowhere is not allowed"),
        "{refused}"
    );
    carafe.ok(["build", "--allow", "device", &context]);
    let context = carafe.context("FROM base\nRUN --device=/dev/nowhere,required true\n");
    let missing = carafe.fails(1, ["build", "--allow", "device=/dev/nowhere", &context]);
    assert!(
        missing.contains("`/dev/nowhere` cannot be used: the machine does not have it"),
        "{missing}"
    );
}

#[test]
fn hosts_and_limits_are_set_and_what_of_them_counts() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\n\
         RUN cat /etc/hosts; hostname; ulimit -n; cat /proc/mounts\n",
    );
    let said = carafe.run([
        "build",
        "--add-host=six:[2001:db8::1]",
        "--add-host=gate:host-gateway",
        "--shm-size=3m",
        "--ulimit=nofile=70:80",
        "--resource=memory=256m",
        "--build-arg=BUILDKIT_SANDBOX_HOSTNAME=box",
        &context,
    ]);
    assert_eq!(said.code, 0, "{said:#?}");
    for words in [
        "127.0.0.1       localhost box",
        "2001:db8::1     six",
        "127.0.0.1       gate",
        "size=3072k",
        " 70\n",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    // Whether it was taken from the cache with these flags.
    let hits = |flags: &[&str]| {
        let said = carafe.run([&["build"], flags, &[context.as_str()]].concat());
        assert_eq!(said.code, 0, "{said:#?}");
        !said.stderr.contains("localhost")
    };
    assert!(!hits(&["--add-host=a:1.1.1.1"]));
    for same in [
        "--shm-size=4m",
        "--ulimit=core=0",
        "--cgroup-parent=/carafe-test",
    ] {
        assert!(hits(&[same, "--add-host=a:9.9.9.9"]), "{same}");
    }
    assert!(!hits(&["--add-host=b:1.1.1.1"]));
    assert!(!hits(&[
        "--add-host=a:1.1.1.1",
        "--build-arg=BUILDKIT_SANDBOX_HOSTNAME=x"
    ]));
    for wrong in [
        "--ulimit=x=1",
        "--shm-size=0",
        "--resource=x=1",
        "--add-host=a",
    ] {
        carafe.fails(2, ["build", wrong, &context]);
    }
}

#[test]
fn a_namespace_keeps_caches_apart() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\n\
         RUN --mount=type=cache,target=/kept ls /kept; touch /kept/found-$(ls /kept | grep -c .)\n",
    );
    let finds = |namespace: &str| {
        let given = format!("BUILDKIT_CACHE_MOUNT_NS={namespace}");
        let said = carafe.run(["build", "--no-cache", "--build-arg", &given, &context]);
        assert_eq!(said.code, 0, "{said:#?}");
        said.stderr.lines().any(|line| line.ends_with(" found-0"))
    };
    assert!(!finds("one"));
    assert!(finds("one"));
    assert!(!finds("two"));
    // It is no part of the key.
    let cached = carafe.run([
        "build",
        "--build-arg=BUILDKIT_CACHE_MOUNT_NS=three",
        &context,
    ]);
    assert!(cached.stderr.contains("cached"), "{}", cached.stderr);
}
