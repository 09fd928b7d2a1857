use super::*;

const SHA: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn endpoints(config: &str, reference: &str) -> Vec<String> {
    let registries = Registries::parse(config).unwrap();
    let endpoints = registries.endpoints(&reference.parse().unwrap()).unwrap();
    let text = |endpoint: &Endpoint| {
        let mark = if endpoint.is_mirror() { " mirror" } else { "" };
        let insecure = if endpoint.is_insecure() {
            " insecure"
        } else {
            ""
        };
        format!(
            "{}/{}{mark}{insecure}",
            endpoint.host(),
            endpoint.repository()
        )
    };
    endpoints.iter().map(text).collect()
}

#[test]
fn without_a_rule_it_is_where_its_name_says() {
    assert_eq!(endpoints("", "alpine"), ["docker.io/library/alpine"]);
    assert_eq!(
        endpoints("", "localhost:5000/a"),
        ["localhost:5000/a insecure"]
    );
}

#[test]
fn the_longest_prefix_counts() {
    let config = r#"
        [[registry]]
        location = "example.com"
        insecure = true
        [[registry]]
        prefix = "example.com/foo"
        location = "internal:5000/bar/"
        [[registry]]
        prefix = "example.com/foo/one:tag"
        location = "elsewhere/two"
    "#;
    assert_eq!(
        endpoints(config, "example.com/x"),
        ["example.com/x insecure"]
    );
    assert_eq!(
        endpoints(config, "example.com/foo/x/y:1"),
        ["internal:5000/bar/x/y"]
    );
    assert_eq!(
        endpoints(config, "example.com/foo:1"),
        ["internal:5000/bar"]
    );
    assert_eq!(
        endpoints(config, "example.com/food"),
        ["example.com/food insecure"]
    );
    assert_eq!(
        endpoints(config, "example.com/foo/one:tag"),
        ["elsewhere/two"]
    );
    assert_eq!(
        endpoints(config, "example.com/foo/one:tags"),
        ["internal:5000/bar/one"]
    );
    assert_eq!(
        endpoints(config, "example.com:5000/x"),
        ["example.com:5000/x"]
    );
    assert_eq!(endpoints(config, "an.example.com/x"), ["an.example.com/x"]);
}

#[test]
fn wildcards_are_for_subdomains() {
    let config = r#"
        [[registry]]
        prefix = "*.example.com"
        insecure = true
        [[registry]]
        prefix = "*.other.com"
        location = "inside/all"
    "#;
    assert_eq!(
        endpoints(config, "a.b.example.com/x"),
        ["a.b.example.com/x insecure"]
    );
    assert_eq!(endpoints(config, "example.com/x"), ["example.com/x"]);
    assert_eq!(endpoints(config, "an-example.com/x"), ["an-example.com/x"]);
    assert_eq!(
        endpoints(config, "evil.com/a.example.com/x"),
        ["evil.com/a.example.com/x"]
    );
    assert_eq!(endpoints(config, "a.other.com/x/y"), ["inside/all/x/y"]);
}

#[test]
fn mirrors_come_first() {
    let config = r#"
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.gcr.io"
        [[registry.mirror]]
        location = "localhost:5000/hub"
        pull-from-mirror = "digest-only"
        [[registry.mirror]]
        location = "tags.example.com"
        insecure = true
        pull-from-mirror = "tag-only"
    "#;
    assert_eq!(
        endpoints(config, "alpine"),
        [
            "mirror.gcr.io/library/alpine mirror",
            "tags.example.com/library/alpine mirror insecure",
            "docker.io/library/alpine"
        ]
    );
    assert_eq!(
        endpoints(config, &format!("alpine@{SHA}")),
        [
            "mirror.gcr.io/library/alpine mirror",
            "localhost:5000/hub/library/alpine mirror insecure",
            "docker.io/library/alpine"
        ]
    );
    let old = "[[registry]]\nlocation = 'q.io'\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = 'm.io'";
    assert_eq!(endpoints(old, "q.io/a"), ["q.io/a"]);
    assert_eq!(
        endpoints(old, &format!("q.io/a@{SHA}")),
        ["m.io/a mirror", "q.io/a"]
    );
}

#[test]
fn blocked() {
    let registries =
        Registries::parse("[[registry]]\nlocation = 'bad.io'\nblocked = true").unwrap();
    let error = registries
        .endpoints(&"bad.io/a".parse().unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }));
}

fn expand(config: &str, text: &str) -> Vec<String> {
    let references = Registries::parse(config).unwrap().expand(text).unwrap();
    references.iter().map(ToString::to_string).collect()
}

#[test]
fn names_without_a_registry() {
    assert_eq!(expand("", "alpine:3"), ["docker.io/library/alpine:3"]);
    let config = r#"
        unqualified-search-registries = ["quay.io", "docker.io"]
        [aliases]
        "fedora" = "registry.fedoraproject.org/fedora"
    "#;
    assert_eq!(
        expand(config, "a/b"),
        ["quay.io/a/b:latest", "docker.io/a/b:latest"]
    );
    assert_eq!(
        expand(config, "alpine")[1],
        "docker.io/library/alpine:latest"
    );
    assert_eq!(
        expand(config, "fedora:40"),
        ["registry.fedoraproject.org/fedora:40"]
    );
    assert_eq!(expand(config, "x.io/fedora"), ["x.io/fedora:latest"]);
    assert!(Registries::default().expand("A").is_err());
}

#[test]
fn refused() {
    for (bad, word) in [
        ("x", "TOML"),
        ("[[registry]]\nlocation = 'http://a'", "scheme"),
        ("[[registry]]\ninsecure = true", "neither"),
        ("[[registry]]\nprefix = 'a.*.com'", "wildcard"),
        ("[[registry]]\nprefix = '*.a.com/x'", "wildcard"),
        (
            "[[registry]]\nlocation = 'a'\n[[registry.mirror]]\ninsecure = true",
            "no location",
        ),
        (
            "unqualified-search-registries = ['b']\n[registries.search]\nregistries = ['a']",
            "version 1",
        ),
        (
            "[[registry]]\nlocation = 'a'\n\n[[registry]]\nlocation = 'http://b'",
            "line 4: ",
        ),
        (
            "[[registry]]\nlocation = 'a'\nmirror-by-digest-only = true\n[[registry.mirror]]\n\
             location = 'b'\npull-from-mirror = 'all'",
            "mirror-by-digest-only",
        ),
        ("short-name-mode = 'strict'", "line 1"),
        ("[aliases]\na = 'b'", "host/repository"),
        ("[aliases]\na = 'b.io/c:1'", "host/repository"),
        ("[aliases]\n'a.io/b' = 'b.io/c'", "no short name"),
        ("[[registry]]\nlocation = 'a'\ninsecure = 'yes'", "TOML"),
    ] {
        let error = Registries::parse(bad).unwrap_err();
        assert!(error.contains(word), "{bad}: {error}");
    }
}

#[test]
fn files() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let load = || Registries::load_from(&home.path().join("etc"), Some(&home.path().join("own")));
    let host = || {
        let endpoints = load().unwrap().endpoints(&"a.io/x".parse().unwrap());
        endpoints.unwrap()[0].host().to_owned()
    };
    assert_eq!(host(), "a.io");
    let rule = |location: &str| format!("[[registry]]\nprefix = 'a.io'\nlocation = '{location}'");
    for (name, location) in [
        ("etc/containers/registries.conf", "system"),
        ("etc/containers/registries.conf.d/2.conf", "system-two"),
        ("own/containers/registries.conf.d/1.conf", "one"),
        ("own/containers/registries.conf.d/2.conf", "two"),
    ] {
        write(name, &rule(location));
        assert_eq!(host(), location);
    }
    write("own/containers/registries.conf.d/1.conf", &rule("one"));
    write("own/containers/registries.conf.d/3.off", "this is not read");
    assert_eq!(host(), "two");
    fs::remove_dir_all(home.path().join("own/containers/registries.conf.d")).unwrap();
    assert_eq!(host(), "system-two");
    write("own/containers/registries.conf", &rule("own"));
    assert_eq!(host(), "own", "the system's are not read");
    write("own/containers/registries.conf.d/4.conf", "\nthis is");
    let error = load().unwrap_err();
    assert!(matches!(error, Error::ConfigInvalid { .. }));
    let text = error.to_string();
    assert!(text.contains("4.conf") && text.contains("line 2"), "{text}");
    let error = Registries::load(Path::new("/nowhere")).unwrap_err();
    assert!(matches!(error, Error::ConfigRead { .. }));
}

#[test]
fn version_1() {
    let config = r#"
        [registries.search]
        registries = ["a.io", "b.io"]
        [registries.insecure]
        registries = ["c.io"]
        [registries.block]
        registries = ["d.io"]
    "#;
    assert_eq!(expand(config, "x"), ["a.io/x:latest", "b.io/x:latest"]);
    assert_eq!(endpoints(config, "c.io/x"), ["c.io/x insecure"]);
    let registries = Registries::parse(config).unwrap();
    let error = registries.endpoints(&"d.io/x".parse().unwrap());
    assert!(matches!(error, Err(Error::Blocked { .. })));
    assert!(registries.warnings().is_empty());
}

#[test]
fn short_names_that_may_mean_several() {
    let config = |mode: &str| {
        format!("short-name-mode = '{mode}'\nunqualified-search-registries = ['a.io', 'b.io']")
    };
    for mode in ["permissive", "disabled"] {
        assert_eq!(expand(&config(mode), "x").len(), 2);
    }
    let enforcing = Registries::parse(&config("enforcing")).unwrap();
    let error = enforcing.expand("x:1").unwrap_err().to_string();
    assert!(error.contains("a.io/x:1, b.io/x:1"), "{error}");
    assert_eq!(enforcing.expand("c.io/x").unwrap().len(), 1);
    let mut aliased = enforcing.clone();
    aliased.merge(Registries::parse("aliases.x = 'c.io/x'").unwrap());
    assert_eq!(aliased.expand("x").unwrap()[0].registry(), "c.io");
    aliased.merge(Registries::parse("aliases.x = ''").unwrap());
    assert!(aliased.expand("x").is_err(), "it is switched off again");
}

#[test]
fn keys_that_mean_nothing() {
    let config = "short-names = 1\n[[registry]]\nlocation = 'a.io'\ninsecur = true\n\
                  [[registry.mirror]]\nlocation = 'b.io'\nblocked = true\n[aliases]\nx = 'a.io/x'";
    let registries = Registries::parse(config).unwrap();
    assert_eq!(
        registries.warnings(),
        [
            "line 1: there is no key `short-names`",
            "line 4: there is no key `insecur`",
            "line 7: there is no key `blocked`"
        ]
    );
}

proptest::proptest! {
    /// Whatever stands in a file, the answer is a configuration or an error.
    #[test]
    fn any_text(text in "\\PC{0,200}", reference in "[a-z]{1,5}(\\.io)?(:[0-9]{2})?/[a-z/]{0,9}[a-z]") {
        drop(Registries::parse(&text));
        if let Ok(reference) = reference.parse::<Reference>() {
            let made = format!("[[registry]]\nprefix = {text:?}\nlocation = {text:?}");
            if let Ok(registries) = Registries::parse(&made) {
                drop(registries.endpoints(&reference));
            }
        }
    }

    #[test]
    fn any_keys(keys in proptest::collection::vec(
        "(\\[\\[?)?(registry|registry\\.mirror|aliases|registries\\.search)?(\\]\\]?)?(location|prefix|mirror|insecure|registries|x)? ?=? ?('[*a-z./:@]{0,9}'|true|\\[\\]|1)?",
        0..8,
    )) {
        if let Ok(registries) = Registries::parse(&keys.join("\n")) {
            for name in ["alpine", "a.io/b:1", "x"] {
                for reference in registries.expand(name).unwrap_or_default() {
                    drop(registries.endpoints(&reference));
                }
            }
        }
    }
}
