//! What Docker 28 printed for the same templates of the same image.

use super::Template;
use serde_json::{Value, json};

fn data() -> Value {
    json!({
        "Id": "sha256:0123456789abcdef",
        "Size": 3974,
        "Os": "linux",
        "RepoTags": ["app:slim", "app:latest"],
        "Config": {
            "User": "5:6",
            "Cmd": ["one", "two"],
            "Env": ["PATH=/usr/bin:/bin", "FOO=a b"],
            "Entrypoint": null,
            "Shell": null,
            "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
            "Labels": {"b": "2", "a": "1", "org.x": "dotted v"},
            "Healthcheck": null,
            "Tty": false,
        },
        "RootFS": {"Type": "layers", "Layers": ["sha256:b4", "sha256:b6"]},
    })
}

fn render(text: &str) -> String {
    match Template::parse(text).and_then(|t| t.render(&data())) {
        Ok(out) => out,
        Err(error) => {
            let text = error.to_string();
            let prefix = "template parsing error: template: :";
            text.strip_prefix(prefix)
                .map_or(text.clone(), |rest| format!("ERROR {rest}"))
        }
    }
}

/// Templates and what becomes of them, line by line.
fn check(pairs: &[(&str, &str)]) {
    for (template, expected) in pairs {
        assert_eq!(render(template), *expected, "{template}");
    }
}

#[test]
fn fields_and_text() {
    check(&[
        ("{{.Size}}", "3974"),
        ("id={{ .Id }}!", "id=sha256:0123456789abcdef!"),
        ("{{.Config.Tty}} {{.Config.Cmd}}", "false [one two]"),
        ("{{.Config.Labels}}", "map[a:1 b:2 org.x:dotted v]"),
        ("{{.Config.ExposedPorts}}", "map[53/udp:{} 80/tcp:{}]"),
        ("{{.Config.Shell}} {{.Config.Healthcheck}}", "[] <nil>"),
        (
            "{{.Config.Labels.a}} {{.Config.Labels.zzz}}",
            "1 <no value>",
        ),
        ("{{.RootFS}}", "{layers [sha256:b4 sha256:b6]}"),
        (r"a\tb", r"a\tb"),
        ("a  {{- .Os -}}  b", "alinuxb"),
        ("a {{- /* note */ -}} b{{/* x */}}", "ab"),
        (r#"{{"quo\"ted\n"}}{{`ra\w`}}{{'a'}}"#, "quo\"ted\nra\\w97"),
        (
            "{{1}} {{-5}} {{0x10}} {{1.5}} {{1e3}} {{true}}",
            "1 -5 16 1.5 1000 true",
        ),
        ("{{ .Size | }}", "3974"),
    ]);
    let rows = Template::for_rows(r#"{{.Os}}\t{{join .RepoTags "\t"}}"#).unwrap();
    assert_eq!(rows.render(&data()).unwrap(), "linux\tapp:slim\tapp:latest");
}

#[test]
fn functions_of_docker() {
    check(&[
        ("{{json .RepoTags}}", r#"["app:slim","app:latest"]"#),
        (
            "{{.Config.Cmd | json}} {{json .Config.Shell}}",
            r#"["one","two"] null"#,
        ),
        (
            "{{json .Config}}",
            r#"{"User":"5:6","Cmd":["one","two"],"Env":["PATH=/usr/bin:/bin","FOO=a b"],"ExposedPorts":{"53/udp":{},"80/tcp":{}},"Labels":{"a":"1","b":"2","org.x":"dotted v"}}"#,
        ),
        (
            r#"{{json "a<b>&"}} {{json 1.0}} {{json nil}}"#,
            r#""a<b>&" 1 null"#,
        ),
        (
            r#"{{join .Config.Cmd " "}}|{{join .Config.Entrypoint " "}}"#,
            "one two|",
        ),
        (
            r#"{{split .Os "n"}} {{(split .Id ":") | len}}"#,
            "[li ux] 2",
        ),
        (
            r#"{{upper .Os}} {{lower "ABC"}} {{title "hello world"}}"#,
            "LINUX abc Hello World",
        ),
        (
            "{{truncate .Os 3}} {{truncate .Os 30}}|{{pad .Os 2 3}}|",
            "lin linux|  linux   |",
        ),
        (r#"{{ (index .RepoTags 0) | split ":" }}"#, "[:]"),
    ]);
}

#[test]
fn functions_of_go() {
    check(&[
        (
            r#"{{index .Config.Labels "org.x"}}{{index .Config.Labels "nope"}}"#,
            "dotted v",
        ),
        ("{{index .RepoTags 1}} {{index .Os 1}}", "app:latest 105"),
        (
            "{{len .RepoTags}} {{len .Config.Labels}} {{len .Size}}",
            "2 3 4",
        ),
        ("{{slice .Os 1 3}} {{slice .Os 3}}", "in ux"),
        (
            r#"{{print 1 2 "a" "b" 3}} {{println "x" 1}}"#,
            "1 2ab3 x 1\n",
        ),
        (
            r#"{{html "<a>"}} {{js "it's"}} {{urlquery "a b&c"}}"#,
            r"&lt;a&gt; it\'s a+b%26c",
        ),
        (
            r#"{{and 1 0 2}} {{or 0 "" "x"}} {{not 0}} {{not .Config.Shell}}"#,
            "0 x true true",
        ),
        (
            r#"{{eq .Os "linux" "windows"}} {{ne .Os "x"}} {{eq .Size "x"}}"#,
            "true true false",
        ),
        (
            r#"{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 1}} {{lt "a" "b"}}"#,
            "true true false true true",
        ),
        ("{{eq .Config.Shell nil}} {{eq .Config nil}}", "true false"),
    ]);
}

#[test]
fn printf_is_go_s() {
    check(&[
        (
            r#"{{printf "%s %d %q %v %x %T" .Os .Size .Os .Config.Cmd .Os .Size}}"#,
            r#"linux 3974 "linux" [one two] 6c696e7578 int64"#,
        ),
        (
            r#"{{printf "%10s|%-10s|%05d|%.2f" .Os .Os 42 3.14159}}"#,
            "     linux|linux     |00042|3.14",
        ),
        (
            r#"{{printf "%d" .Os}}{{printf "%s" .Size}}"#,
            "%!d(string=linux)%!s(int64=3974)",
        ),
        (
            r#"{{printf "%!"}}{{printf "%d %d" 1}}"#,
            "%!!(MISSING)1 %!d(MISSING)",
        ),
        (r#"{{printf "%d" 1 2}}"#, "1%!(EXTRA int=2)"),
        (
            r#"{{printf "%q %s" .Config.Cmd .Config.Cmd}}"#,
            r#"["one" "two"] [one two]"#,
        ),
        (
            r#"{{printf "%5.1f%%" 99.55}} {{printf "%c" 65}}"#,
            " 99.5% A",
        ),
        (
            r#"{{printf "%*d" 5 42}} {{printf "%[2]d %[1]d" 1 2}}"#,
            "   42 2 1",
        ),
        (
            r#"{{printf "%o %b %X %e %g" 8 5 255 1.5 2.5}}"#,
            "10 101 FF 1.500000e+00 2.5",
        ),
        (
            r#"{{printf "%+v" .RootFS}}"#,
            "{Type:layers Layers:[sha256:b4 sha256:b6]}",
        ),
        (
            r##"{{printf "%#v" .Os}} {{.Os | printf "%s-%s" "a"}}"##,
            "\"linux\" a-linux",
        ),
    ]);
}

#[test]
fn blocks() {
    check(&[
        (
            "{{range .RepoTags}}<{{.}}>{{end}}",
            "<app:slim><app:latest>",
        ),
        (
            "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}",
            "a=1;b=2;org.x=dotted v;",
        ),
        (
            "{{range $p, $c := .Config.ExposedPorts}}{{$p}} {{end}}",
            "53/udp 80/tcp ",
        ),
        ("{{range .Config.Entrypoint}}x{{else}}none{{end}}", "none"),
        (
            "{{range 3}}{{.}}{{end}}{{range $i := 3}}{{$i}}{{end}}",
            "012012",
        ),
        ("{{range .RepoTags}}{{break}}{{end}}ok", "ok"),
        (
            "{{range $i, $e := .RepoTags}}{{if eq $i 0}}{{continue}}{{end}}{{$e}}{{end}}",
            "app:latest",
        ),
        ("{{range .RepoTags}}{{$.Os}}{{end}}", "linuxlinux"),
        ("{{if .Config.Shell}}yes{{else}}no{{end}}", "no"),
        (
            r#"{{if eq .Os "x"}}X{{else if eq .Os "linux"}}L{{end}}"#,
            "L",
        ),
        ("{{with .Config.User}}u={{.}}{{end}}", "u=5:6"),
        ("{{with $x := .Config.User}}{{$x}}{{end}}", "5:6"),
        (
            "{{with .Config.Shell}}a{{else with .Config.User}}b={{.}}{{end}}",
            "b=5:6",
        ),
        (r#"{{$x := .Os}}{{$x}}{{$x = "y"}}{{$x}}"#, "linuxy"),
        (
            r#"{{define "t"}}<{{.}}>{{end}}{{template "t" .Os}}"#,
            "<linux>",
        ),
        (r#"{{block "t" .Os}}[{{.}}]{{end}}"#, "[linux]"),
    ]);
}

#[test]
fn mistakes_of_reading() {
    check(&[
        ("{{$y}}", "ERROR 1: undefined variable \"$y\""),
        ("a\n{{jsn .}}", "ERROR 2: function \"jsn\" not defined"),
        ("{{.Size", "ERROR 1: unclosed action"),
        ("{{if .Size}}", "ERROR 1: unexpected EOF"),
        ("{{end}}", "ERROR 1: unexpected {{end}}"),
        ("{{else}}", "ERROR 1: unexpected {{else}}"),
        ("{{}}", "ERROR 1: missing value for command"),
        ("{{ if }}x{{end}}", "ERROR 1: missing value for if"),
        ("{{(.Size}}", "ERROR 1: unclosed left paren"),
        ("{{.Size)}}", "ERROR 1: unexpected right paren"),
        ("{{break}}", "ERROR 1: {{break}} outside {{range}}"),
        (
            "{{1 | 2}}",
            "ERROR 1: non executable command in pipeline stage 2",
        ),
        (
            "{{ \"unterminated }}",
            "ERROR 1: unterminated quoted string",
        ),
        ("{{ /* a */ .Os}}", "ERROR 1: unexpected \"/\" in command"),
        ("{{ .Config.Env[0] }}", "ERROR 1: bad character U+005B '['"),
        ("{{ @ }}", "ERROR 1: unexpected \"@\" in command"),
    ]);
    let error = Template::parse("{{printn .}}").unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `print`?"));
}

#[test]
fn mistakes_of_filling_in() {
    check(&[
        (
            "{{.Nope}}",
            "ERROR 1:2: executing \"\" at <.Nope>: map has no entry for key \"Nope\"",
        ),
        (
            "x\n {{.Config.Nope}}",
            "ERROR 2:10: executing \"\" at <.Config.Nope>: map has no entry for key \"Nope\"",
        ),
        (
            "{{.Os.Nope}}",
            "ERROR 1:5: executing \"\" at <.Os.Nope>: can't evaluate field Nope in type interface {}",
        ),
        (
            "{{ $x := 1 }}{{ $x.y }}",
            "ERROR 1:18: executing \"\" at <$x.y>: can't evaluate field y in type int",
        ),
        (
            "{{index .Config.Env 9}}",
            "ERROR 1:2: executing \"\" at <index .Config.Env 9>: error calling index: index out of range: 9",
        ),
        (
            "{{index .Config.Env \"x\"}}",
            "ERROR 1:2: executing \"\" at <index .Config.Env \"x\">: error calling index: cannot index slice/array with type string",
        ),
        (
            "{{eq 1 1.0}}",
            "ERROR 1:2: executing \"\" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64",
        ),
        (
            "{{and}}",
            "ERROR 1:2: executing \"\" at <and>: wrong number of args for and: want at least 1 got 0",
        ),
        (
            "{{not 1 2}}",
            "ERROR 1:2: executing \"\" at <not>: wrong number of args for not: want 1 got 2",
        ),
        (
            "{{join .Os \",\"}}",
            "ERROR 1:7: executing \"\" at <.Os>: wrong type for value; expected []string; got string",
        ),
        (
            "{{upper 5}}",
            "ERROR 1:8: executing \"\" at <5>: expected string; found 5",
        ),
        (
            "{{.Config.Cmd | join \",\"}}",
            "ERROR 1:21: executing \"\" at <\",\">: can't handle \",\" for arg of type []string",
        ),
        (
            "{{.Os \"x\"}}",
            "ERROR 1:2: executing \"\" at <.Os>: Os is not a method but has arguments",
        ),
        (
            "{{3 \"x\"}}",
            "ERROR 1:2: executing \"\" at <3>: can't give argument to non-function 3",
        ),
        (
            "{{nil}}",
            "ERROR 1:2: executing \"\" at <nil>: nil is not a command",
        ),
        (
            "{{range .Os}}x{{end}}",
            "ERROR 1:8: executing \"\" at <.Os>: range can't iterate over linux",
        ),
        (
            "{{$x = 1}}",
            "ERROR 1:7: executing \"\" at <1>: undefined variable: $x",
        ),
        (
            "{{template \"nope\"}}",
            "ERROR 1:11: executing \"\" at <{{template \"nope\"}}>: template \"nope\" not defined",
        ),
    ]);
}

#[test]
fn hostile_templates_end() {
    let deep = "{{".to_owned() + &"(".repeat(100_000) + "}}";
    assert_eq!(render(&deep), "ERROR 1: the template nests too deep");
    let deep = "{{".to_owned() + &"(".repeat(100_000) + "1" + &")".repeat(100_000) + "}}";
    assert_eq!(render(&deep), "ERROR 1: the template nests too deep");
    let deep = "{{if .}}".repeat(100_000);
    assert_eq!(render(&deep), "ERROR 1: the template nests too deep");
    let endless = "{{range 9000000000000}}{{end}}";
    assert!(render(endless).ends_with("its loops take too many turns"));
    let long = r#"{{range 999999}}{{printf "%1024d" .}}{{end}}"#;
    assert!(render(long).ends_with("it writes more than 16 MiB"));
    let itself = r#"{{define "t"}}{{template "t"}}{{end}}{{template "t"}}"#;
    assert!(render(itself).ends_with("exceeded maximum template depth (100)"));
}
