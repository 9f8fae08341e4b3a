//! The `[lints]` of a manifest.

use toml_edit::Item;

/// Reads the names of the lints that are on, such as `missing_docs` and `clippy::pedantic`; `None` with
/// `workspace = true`.
pub(super) fn read(lints: Option<&Item>) -> Option<Vec<String>> {
    let Some(tools) = lints.and_then(Item::as_table_like) else {
        return Some(Vec::new());
    };
    if tools.get("workspace").and_then(Item::as_bool) == Some(true) {
        return None;
    }
    let mut names = Vec::new();
    for (tool, entries) in tools.iter() {
        for (name, level) in entries
            .as_table_like()
            .into_iter()
            .flat_map(|table| table.iter())
        {
            let name = name.replace('-', "_");
            match tool {
                _ if !is_on(level) => {}
                "rust" => names.push(name),
                tool => names.push(format!("{tool}::{name}")),
            }
        }
    }
    Some(names)
}

/// Whether a level, or the one in `{ level = ".." }`, is not `allow`.
fn is_on(level: &Item) -> bool {
    let level = level.as_str().or_else(|| level.get("level")?.as_str());
    level.is_some_and(|level| level != "allow")
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    fn read(text: &str) -> Option<Vec<String>> {
        let document: DocumentMut = text.parse().unwrap();
        super::read(document.get("lints"))
    }

    #[test]
    fn lints_are_read_with_their_levels() {
        let some = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(read(""), some(&[]));
        assert_eq!(read("lints.workspace = true"), None);
        let text = "[lints.rust]\nmissing-docs = 'deny'\nunused = 'allow'\n\
                    [lints.clippy]\npedantic = { level = 'warn', priority = -1 }";
        assert_eq!(read(text), some(&["missing_docs", "clippy::pedantic"]));
    }
}
