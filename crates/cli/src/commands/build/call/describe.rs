//! `--call=subrequests.describe`: which methods there are.

use super::{Format, print_json};
use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::output;
use crate::report::table::Table;
use serde_json::{Value, json};

/// Name and description of each method; all of them are of one version.
const METHODS: [(&str, &str); 4] = [
    (
        "outline",
        "List all parameters current build target supports",
    ),
    ("targets", "List all targets current build supports"),
    ("lint", "Lint a Dockerfile"),
    ("subrequests.describe", "List available subrequest types"),
];

const VERSION: &str = "1.0.0";

/// Lists them.
pub(super) fn run(format: Format) -> Result<Exit, CommandError> {
    match format {
        Format::Text => output::result(&text())?,
        Format::Json => print_json(&METHODS.map(json).to_vec().into())?,
    }
    Ok(Exit::Success)
}

fn text() -> String {
    let mut table = Table::new(["NAME", "VERSION", "DESCRIPTION"]).gap(1);
    for (name, description) in METHODS {
        table.push([name, VERSION, description]);
    }
    table.render()
}

fn json((name, description): (&str, &str)) -> Value {
    let target = json!({ "name": "target", "description": "Target build stage" });
    let options = match name {
        "outline" => json!([target]),
        "subrequests.describe" => Value::Null,
        _ => json!([]),
    };
    let document = |name: &str| json!({ "name": name, "description": "" });
    json!({
        "name": format!("frontend.{name}"),
        "version": VERSION,
        "type": "rpc",
        "description": description,
        "opts": options,
        "inputs": null,
        "metadata": [document("result.json"), document("result.txt")],
        "refs": null,
    })
}
