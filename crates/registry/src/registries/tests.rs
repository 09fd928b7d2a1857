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

#[test]
fn names_without_a_registry() {
    let expand = |config: &str, text: &str| {
        let references = Registries::parse(config).unwrap().expand(text).unwrap();
        references
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
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
        ("[registries.search]\nregistries = ['a']", "version 1"),
        ("[[registry]]\nlocation = 'a'\ninsecure = 'yes'", "TOML"),
    ] {
        let error = Registries::parse(bad).unwrap_err();
        assert!(error.contains(word), "{bad}: {error}");
    }
}

#[test]
fn files() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("containers/registries.conf.d");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    fs::write(
        folder.join("../registries.conf"),
        "[[registry]]\nlocation = 'a.io'",
    )
    .unwrap();
    write("2.conf", "[[registry]]\nprefix = 'a.io'\nlocation = 'two'");
    write("1.conf", "[[registry]]\nprefix = 'a.io'\nlocation = 'one'");
    write("3.off", "this is not read");
    let registries = Registries::load_default(Some(home.path())).unwrap();
    let endpoints = registries.endpoints(&"a.io/x".parse().unwrap()).unwrap();
    assert_eq!(endpoints[0].host(), "two");
    write("4.conf", "this is");
    let error = Registries::load_default(Some(home.path())).unwrap_err();
    assert!(matches!(error, Error::ConfigInvalid { .. }));
    let error = Registries::load(Path::new("/nowhere")).unwrap_err();
    assert!(matches!(error, Error::ConfigRead { .. }));
}
