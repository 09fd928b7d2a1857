//! Every script of `snippets.txt` with its tree, read for `sh`.

use lint::shell::{Dialect, Script, parse};

use crate::{bodies, rendering};

#[test]
fn every_snippet_has_its_tree() {
    let mut out = String::new();
    for text in bodies::written("snippets.txt") {
        let parsed = parse(&Script::whole(&text), Dialect::Sh);
        out += &format!("{text}\n----\n{}\n", rendering::render(&parsed));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "." }, {
        insta::assert_snapshot!("trees", out);
    });
}
