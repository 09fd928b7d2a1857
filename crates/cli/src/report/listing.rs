//! `--format` of the listing verbs: `table`, `json`, a template, or `table TEMPLATE`.

use super::table::Table;
use crate::template::{Template, TemplateError};
use serde_json::{Map, Value};

/// A column: the row's field and its header.
pub(crate) type Column = (&'static str, &'static str);

/// Rows with Docker's field names, and how they become a table.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// Every field that a template may name, with its header.
    pub(crate) fields: &'a [Column],
    /// The fields of the table that is shown without `--format`.
    pub(crate) shown: &'a [&'static str],
    /// JSON objects.
    pub(crate) rows: Vec<Value>,
}

impl Listing<'_> {
    /// What goes to standard output.
    pub(crate) fn render(&self, format: Option<&str>) -> Result<String, TemplateError> {
        match format.map(str::trim) {
            None | Some("table" | "") => Ok(self.table()),
            Some("json") => Ok(self.rows.iter().map(|row| format!("{row}\n")).collect()),
            Some(text) => match text.strip_prefix("table ") {
                Some(template) => self.table_of(template.trim_start()),
                None => self.lines_of(text),
            },
        }
    }

    fn header(&self, field: &str) -> &'static str {
        self.fields
            .iter()
            .find(|(f, _)| *f == field)
            .map_or("", |(_, header)| header)
    }

    fn table(&self) -> String {
        let mut table = Table::new(self.shown.iter().map(|field| self.header(field)));
        for row in &self.rows {
            table.push(self.shown.iter().map(|field| cell(&row[*field])));
        }
        table.render()
    }

    /// The template is filled in with the headers first; a tab ends a column.
    fn table_of(&self, template: &str) -> Result<String, TemplateError> {
        let template = Template::for_rows(template)?;
        let headers: Map<String, Value> = self
            .fields
            .iter()
            .map(|(f, h)| ((*f).to_owned(), Value::from(*h)))
            .collect();
        let headers = template.render(&Value::Object(headers))?;
        let mut table = Table::new(headers.split('\t'));
        for row in &self.rows {
            table.push(template.render(row)?.split('\t'));
        }
        Ok(table.render())
    }

    fn lines_of(&self, template: &str) -> Result<String, TemplateError> {
        let template = Template::for_rows(template)?;
        let mut out = String::new();
        for row in &self.rows {
            out.push_str(&template.render(row)?);
            out.push('\n');
        }
        Ok(out)
    }
}

fn cell(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Listing;
    use serde_json::json;

    fn listing() -> Listing<'static> {
        Listing {
            fields: &[("ID", "IMAGE ID"), ("Size", "SIZE")],
            shown: &["ID", "Size"],
            rows: vec![
                json!({"ID": "abc", "Size": "7.9MB"}),
                json!({"ID": "d", "Size": "1B"}),
            ],
        }
    }

    #[test]
    fn all_formats() {
        let of = |format| listing().render(format).unwrap();
        assert_eq!(
            of(None),
            "IMAGE ID   SIZE\nabc        7.9MB\nd          1B\n"
        );
        assert_eq!(of(Some("{{.ID}}")), "abc\nd\n");
        assert_eq!(
            of(Some("json")).lines().next(),
            Some(r#"{"ID":"abc","Size":"7.9MB"}"#)
        );
        assert_eq!(
            of(Some(r"table {{.Size}}\t{{.ID}}")),
            "SIZE    IMAGE ID\n7.9MB   abc\n1B      d\n"
        );
        assert!(listing().render(Some("{{.Nope}}")).is_err());
    }
}
