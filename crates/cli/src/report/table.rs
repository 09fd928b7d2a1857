//! A plain table: columns as wide as their widest cell, three blanks between them.

use crate::terminal::width;

/// Rows under a line of headers.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    right_aligned: Vec<usize>,
    /// Blanks between columns, where they are not three.
    gap: Option<usize>,
}

impl Table {
    /// A table with these headers.
    pub(crate) fn new<S: Into<String>>(headers: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self::default();
        table.push(headers);
        table
    }

    /// Columns whose cells stand at their right edge.
    pub(crate) fn right_aligned(mut self, columns: &[usize]) -> Self {
        self.right_aligned = columns.to_vec();
        self
    }

    /// Sets how many blanks stand between columns.
    pub(crate) fn gap(mut self, blanks: usize) -> Self {
        self.gap = Some(blanks);
        self
    }

    /// Adds a row.
    pub(crate) fn push<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The lines. Nothing is padded at a line's end.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|c| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(c))
                    .map(|s| width::of(s))
                    .max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let blanks = " ".repeat(widths[column] - width::of(cell));
                if self.right_aligned.contains(&column) {
                    line.push_str(&blanks);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&blanks);
                }
                line.push_str(&" ".repeat(self.gap.unwrap_or(3)));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["NAME", "SIZE", "NOTE"]).right_aligned(&[1]);
        table.push(["a", "12 MB", "x"]);
        table.push(["größer", "1 B", ""]);
        assert_eq!(
            table.render(),
            "NAME      SIZE   NOTE\na        12 MB   x\ngrößer     1 B\n"
        );
    }

    #[test]
    fn headers_alone() {
        assert_eq!(Table::new(["A", "B"]).render(), "A   B\n");
    }
}
