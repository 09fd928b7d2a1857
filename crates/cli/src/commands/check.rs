//! `carafe check`: will an image start?

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::template::Template;
use crate::terminal::clean;
use crate::terminal::style::Style;
use inspect::start::{Certainty, Problem};
use oci::{ImageConfig, Platform};
use serde_json::{Value, json};
use store::{Image, Store};

/// Find what would keep an image from starting, without running anything
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show sentences, JSON (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Choose the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// The image: a name or an ID
    image: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let image = store.resolve_any(&args.image, args.platform.as_ref())?;
    let document = store.config(&image.config)?;
    let problems = problems(&store, &image, &document)?;
    let text = match args.format.as_deref() {
        None | Some("table") => text(&args.image, &problems, &document, config.output_style()),
        Some("json") => format!("{:#}\n", value(&args.image, &problems, &document)),
        Some(text) => {
            Template::for_rows(text)?.render(&value(&args.image, &problems, &document))? + "\n"
        }
    };
    output::result(&text)?;
    match problems
        .iter()
        .any(|problem| problem.certainty < Certainty::May)
    {
        true => Ok(Exit::Failure),
        false => Ok(Exit::Success),
    }
}

/// What is wrong with an image.
fn problems(
    store: &Store,
    image: &Image,
    document: &ImageConfig,
) -> Result<Vec<Problem>, CommandError> {
    let stack = store.unpack_image(image)?;
    let files = store.union(&stack)?;
    Ok(inspect::start::problems(&files, document)?)
}

fn text(name: &str, problems: &[Problem], document: &ImageConfig, style: Style) -> String {
    let name = clean::line(name.as_bytes());
    if problems.is_empty() {
        return format!(
            "{name}: {}\n",
            style.green("nothing keeps it from starting")
        );
    }
    let mut out = String::new();
    for problem in problems {
        let word = match problem.certainty {
            Certainty::Fails => style.red("fails"),
            Certainty::Breaks => style.red("breaks"),
            Certainty::May => style.bold("may fail"),
        };
        let message = clean::line(problem.message.as_bytes());
        out.push_str(&format!("{word}: {message} ({})\n", problem.kind.name()));
        if let Some(line) = line(problem, document) {
            out.push_str(&format!("  line: {}\n", clean::line(line.as_bytes())));
        }
        out.push_str(&format!(
            "  {} {}\n",
            style.cyan("help:"),
            clean::line(problem.help.as_bytes())
        ));
    }
    out
}

fn value(name: &str, problems: &[Problem], document: &ImageConfig) -> Value {
    let starts = !problems
        .iter()
        .any(|problem| problem.certainty == Certainty::Fails);
    let problems = problems.iter().map(|problem| {
        json!({
            "Kind": problem.kind.name(),
            "Certainty": match problem.certainty {
                Certainty::Fails => "fails",
                Certainty::Breaks => "breaks",
                Certainty::May => "may",
            },
            "Message": problem.message,
            "Help": problem.help,
            "Instruction": problem.instruction.keyword(),
            "Line": line(problem, document),
        })
    });
    json!({ "Image": name, "Starts": starts, "Problems": problems.collect::<Vec<_>>() })
}

/// The last instruction of the history that says what is wrong.
fn line<'d>(problem: &Problem, document: &'d ImageConfig) -> Option<&'d str> {
    let keyword = problem.instruction.keyword();
    let lines = document
        .history
        .iter()
        .rev()
        .map(|entry| entry.created_by.as_str());
    let is_it = |line: &&str| {
        line.trim_start_matches("/bin/sh -c #(nop)")
            .trim_start()
            .starts_with(keyword)
    };
    lines.into_iter().find(is_it)
}
