use super::Template;
use serde_json::{Value, json};

fn data() -> Value {
    json!({
        "Id": "sha256:0123456789abcdef",
        "Size": 7_900_000,
        "RepoTags": ["app:slim", "app:latest"],
        "Config": {
            "Cmd": ["sh", "-c"],
            "Entrypoint": null,
            "Labels": {"b": "2", "a": "1", "org.x": "dotted"},
            "Tty": false,
        },
    })
}

fn render(text: &str) -> String {
    match Template::parse(text).and_then(|t| t.render(&data())) {
        Ok(out) => out,
        Err(error) => format!("ERROR {error}"),
    }
}

#[test]
fn fields_and_text() {
    assert_eq!(render("{{.Size}}"), "7900000");
    assert_eq!(render("id={{ .Id }}!"), "id=sha256:0123456789abcdef!");
    assert_eq!(render("{{.Config.Tty}} {{.Config.Cmd}}"), "false [sh -c]");
    assert_eq!(render("{{.Config.Labels}}"), "map[a:1 b:2 org.x:dotted]");
    assert_eq!(render(r"a\tb"), "a\tb");
}

#[test]
fn functions_of_docker() {
    assert_eq!(render("{{json .RepoTags}}"), r#"["app:slim","app:latest"]"#);
    assert_eq!(render("{{.Config.Cmd | json}}"), r#"["sh","-c"]"#);
    assert_eq!(render(r#"{{join .Config.Cmd " "}}"#), "sh -c");
    assert_eq!(render(r#"{{join .Config.Entrypoint " "}}"#), "");
    assert_eq!(render(r#"{{index .Config.Labels "org.x"}}"#), "dotted");
    assert_eq!(render(r#"{{index .Config.Labels "nope"}}"#), "");
    assert_eq!(render("{{index .RepoTags 1}}"), "app:latest");
    assert_eq!(render("{{upper (index .RepoTags 0)}}"), "APP:SLIM");
    assert_eq!(
        render(r#"{{(index (split .Id ":") 1) | printf "%.3s"}}"#),
        "012"
    );
    assert_eq!(
        render("{{truncate .Id 10}}|{{title \"ab cd\"}}|{{pad \"x\" 1 2}}"),
        "sha256:012|Ab Cd| x  "
    );
    assert_eq!(render("{{len .RepoTags}} {{slice .Id 7 11}}"), "2 0123");
    assert_eq!(
        render(r#"{{printf "%-6s|%4d|%q" "ab" 12 "c"}}"#),
        r#"ab    |  12|"c""#
    );
}

#[test]
fn blocks() {
    assert_eq!(
        render("{{range .RepoTags}}<{{.}}>{{end}}"),
        "<app:slim><app:latest>"
    );
    assert_eq!(
        render("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}"),
        "a=1;b=2;org.x=dotted;"
    );
    assert_eq!(
        render("{{range .Config.Entrypoint}}x{{else}}none{{end}}"),
        "none"
    );
    assert_eq!(
        render("{{if .Config.Entrypoint}}yes{{else}}no{{end}}"),
        "no"
    );
    assert_eq!(
        render("{{if .Config.Tty}}a{{else if .Size}}b{{else}}c{{end}}"),
        "b"
    );
    assert_eq!(
        render("{{with .Config}}{{len .Cmd}} {{$.Size}}{{end}}"),
        "2 7900000"
    );
    assert_eq!(render("{{$x := .Config}}{{$x.Tty}}"), "false");
    assert_eq!(render("a {{- /* note */ -}} b"), "ab");
    assert_eq!(render("a  {{- .Size -}}  b"), "a7900000b");
}

#[test]
fn logic() {
    assert_eq!(
        render("{{eq .Size 7900000}} {{ne .Id \"x\"}} {{gt .Size 5}}"),
        "true true true"
    );
    assert_eq!(
        render("{{and .Config.Entrypoint .Config.Entrypoint.X}}"),
        "<no value>"
    );
    assert_eq!(render("{{or .Config.Entrypoint .Size}}"), "7900000");
    assert_eq!(render("{{not .Config.Tty}}"), "true");
}

#[test]
fn mistakes_are_named() {
    assert_eq!(
        render("{{.Sise}}"),
        "ERROR there is no field `.Sise` (did you mean `.Size`?)"
    );
    assert_eq!(render("{{.Size.X}}"), "ERROR `7900000` has no field `.X`");
    assert_eq!(
        render("{{jsn .}}"),
        "ERROR there is no function `jsn` (did you mean `json`?)"
    );
    assert_eq!(render("{{.Size"), "ERROR `{{` without `}}`");
    assert_eq!(render("{{if .Size}}"), "ERROR `{{if}}` without `{{end}}`");
    assert_eq!(render("{{end}}"), "ERROR `{{end}}` without a block");
    assert_eq!(render("{{(.Size}}"), "ERROR `(` without `)`");
    assert_eq!(render("{{}}"), "ERROR an empty command");
    assert_eq!(render("{{$y}}"), "ERROR there is no variable `$y`");
    assert_eq!(
        render("{{len .Size}}"),
        "ERROR `len` does not take these arguments"
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "{{".to_owned() + &"(".repeat(100_000) + "}}";
    assert_eq!(render(&deep), "ERROR parentheses are nested too deep");
    let deep = "{{if .}}".repeat(100_000);
    assert_eq!(render(&deep), "ERROR blocks are nested too deep");
}
