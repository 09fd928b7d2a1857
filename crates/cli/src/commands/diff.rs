//! `carafe diff`: of two images. (Docker's `diff` of a container comes later, under the same verb.)

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::sizes;
use crate::report::table::Table;
use crate::template::Template;
use crate::terminal::clean;
use crate::terminal::style::Style;
use inspect::{Comparison, Difference, Tree};
use serde_json::{Value, json};
use store::{Image, Store};

/// Compare the sizes of two images: what is in one and not in the other
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show a table, JSON (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show this many directories
    #[arg(short = 'n', long, value_name = "LINES", default_value_t = 12)]
    lines: usize,
    /// The one image: a name or an ID
    before: String,
    /// The other image
    after: String,
}

/// One of the two.
struct Side<'a> {
    name: &'a str,
    image: Image,
    size: u64,
    tree: Tree,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let (before, after) = (side(&args.before, &store)?, side(&args.after, &store)?);
    let comparison = inspect::compare(&before.tree, &after.tree, args.lines);
    let text = match args.format.as_deref() {
        None | Some("table") => table(&before, &after, &comparison, config.output_style()),
        Some("json") => format!("{:#}\n", value(&before, &after, &comparison)),
        Some(text) => {
            Template::for_rows(text)?.render(&value(&before, &after, &comparison))? + "\n"
        }
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

fn side<'a>(name: &'a str, store: &Store) -> Result<Side<'a>, CommandError> {
    let image = store.resolve(name)?;
    let tree = Tree::read(store, &image)?;
    Ok(Side {
        name,
        size: store.image_size(&image)?,
        tree,
        image,
    })
}

fn table(before: &Side<'_>, after: &Side<'_>, comparison: &Comparison, style: Style) -> String {
    let mut head = Table::new(["IMAGE", "SIZE", "FILES"]).right_aligned(&[1, 2]);
    for side in [before, after] {
        let size = sizes::spaced(side.size);
        head.push([side.name.to_owned(), size, side.tree.files.to_string()]);
    }
    let mut out = head.render();
    let sentence = sentence(before, after);
    out.push_str(&format!("\n{}\n", style.bold(&sentence)));
    if comparison.differences.is_empty() {
        return out;
    }
    let mut table = Table::new(["DIRECTORY", before.name, after.name, "CHANGE"]);
    for difference in &comparison.differences {
        let path = match difference.directory.to_str() {
            Some("/") => "files in /".to_owned(),
            _ => difference.directory.display().to_string(),
        };
        table.push([
            clean::line(path.as_bytes()),
            bytes(difference.before),
            bytes(difference.after),
            change(difference),
        ]);
    }
    let (rest_before, rest_after) = comparison.rest;
    if (rest_before, rest_after) != (0, 0) {
        let rest = Difference {
            directory: "everything else".into(),
            before: Some(rest_before),
            after: Some(rest_after),
        };
        let change = if rest.bytes() == 0 {
            "the same".to_owned()
        } else {
            change(&rest)
        };
        table.push([
            "everything else".to_owned(),
            bytes(rest.before),
            bytes(rest.after),
            change,
        ]);
    }
    out.push('\n');
    out.push_str(&table.right_aligned(&[1, 2, 3]).render());
    out
}

/// `app:slim is 115 times smaller than app:naive`.
fn sentence(before: &Side<'_>, after: &Side<'_>) -> String {
    let (big, small, word) = match after.size <= before.size {
        true => (before.size, after.size, "smaller"),
        false => (after.size, before.size, "bigger"),
    };
    if big == small {
        return format!("{} is as big as {}", after.name, before.name);
    }
    let by = sizes::spaced(big - small);
    match factor(big, small) {
        Some(factor) => {
            format!(
                "{} is {factor} times {word} than {} ({by})",
                after.name, before.name
            )
        }
        None => format!("{} is {by} {word} than {}", after.name, before.name),
    }
}

/// Two digits, if it is a factor that people would call one.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn factor(big: u64, small: u64) -> Option<String> {
    let factor = big as f64 / small.max(1) as f64;
    match factor {
        _ if small == 0 => None,
        f if f < 1.1 => None,
        f if f < 10.0 => Some(format!("{f:.1}")),
        f => Some(format!("{f:.0}")),
    }
}

fn bytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), sizes::spaced)
}

fn change(difference: &Difference) -> String {
    let less = difference.after.unwrap_or(0) < difference.before.unwrap_or(0);
    let sign = if less { '-' } else { '+' };
    format!("{sign}{}", sizes::spaced(difference.bytes()))
}

fn value(before: &Side<'_>, after: &Side<'_>, comparison: &Comparison) -> Value {
    let side = |side: &Side<'_>| {
        json!({
            "Name": side.name,
            "Id": side.image.id,
            "Size": side.size,
            "Files": side.tree.files,
            "FileBytes": side.tree.bytes,
        })
    };
    let differences = comparison.differences.iter().map(|difference| {
        json!({
            "Directory": difference.directory.to_string_lossy(),
            "Before": difference.before,
            "After": difference.after,
        })
    });
    json!({
        "Before": side(before),
        "After": side(after),
        "Differences": differences.collect::<Vec<_>>(),
        "Rest": {"Before": comparison.rest.0, "After": comparison.rest.1},
    })
}

#[cfg(test)]
mod tests {
    use super::factor;

    #[test]
    fn factors() {
        let of = |big, small| factor(big, small).unwrap_or_default();
        assert_eq!(of(912, 8), "114");
        assert_eq!(of(15, 10), "1.5");
        assert_eq!(of(100, 99), "");
        assert_eq!(of(5, 0), "");
    }
}
