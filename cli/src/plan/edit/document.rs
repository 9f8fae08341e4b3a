//! Finding and setting items of a TOML document without disturbing its layout.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

use crate::project::manifest::DependencyLocation;

/// Finds a dependency.
pub(super) fn find_dependency<'a>(
    document: &'a mut DocumentMut,
    location: &DependencyLocation,
) -> Option<&'a mut Item> {
    let tables: &mut dyn TableLike = match &location.target {
        None => document.as_table_mut(),
        Some(target) => {
            let targets = document.get_mut("target")?.as_table_like_mut()?;
            targets.get_mut(target)?.as_table_like_mut()?
        }
    };
    tables
        .get_mut(&location.table)?
        .as_table_like_mut()?
        .get_mut(&location.key)
}

/// Sets a boolean key. A key that exists keeps its position.
pub(super) fn set_bool(table: &mut dyn TableLike, key: &str, to: bool) {
    match table.get_mut(key) {
        Some(item) => replace_keeping_decor(item, to.into()),
        None => {
            table.insert(key, value(to));
        }
    }
}

/// Replaces a value. The blanks and comments around it stay.
pub(super) fn replace_keeping_decor(item: &mut Item, new: Value) {
    let decor = item.as_value().map(|old| old.decor().clone());
    let mut new = new;
    if let Some(decor) = decor {
        *new.decor_mut() = decor;
    }
    *item = Item::Value(new);
}

/// Divides the comments at the end of the file, after which a table is about to be appended.
///
/// Entries that are commented out and stand right below the last entry stay there, in front of the new table. All other
/// comments stay the last lines of the file.
pub(super) fn divide_trailing_comments(document: &mut DocumentMut, table: &mut Table) {
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let (above, below) = divide(&trailing);
    if !above.is_empty() {
        let above = above.trim_end();
        table.decor_mut().set_prefix(format!("{above}\n\n"));
    }
    match below.trim() {
        "" => document.set_trailing(""),
        _ if below.starts_with('\n') => document.set_trailing(below),
        _ => document.set_trailing(format!("\n{below}")),
    }
}

/// Splits the text after the last entry: the lines that are commented-out TOML, up to the first other line, and the rest.
fn divide(trailing: &str) -> (&str, &str) {
    let lines = trailing.split_inclusive('\n');
    let above = lines.take_while(|line| is_commented_out(line));
    trailing.split_at(above.map(str::len).sum())
}

fn is_commented_out(line: &str) -> bool {
    let entry = line.trim().strip_prefix('#').map(str::trim);
    entry.is_some_and(|entry| {
        let document = entry.parse::<DocumentMut>();
        document.is_ok_and(|document| !document.is_empty())
    })
}

/// Takes the comments in front of a table that is about to be removed: they go to the end of the file, where
/// [`divide_trailing_comments`] took them from.
pub(super) fn restore_trailing_comments(document: &mut DocumentMut, removed: &Table) {
    let prefix = removed.decor().prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default().trim_end();
    if !prefix.trim().is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{prefix}\n{trailing}"));
    }
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn commented_out_entries_stay_below_their_table() {
        for (above, below) in [
            ("", ""),
            ("", "# The end.\n"),
            ("", "\n# serde = \"1\"\n"),
            ("# serde = \"1\"\n", "\n# The end.\n"),
            ("# [features]\n# a = []\n", "# The end."),
        ] {
            assert_eq!(divide(&format!("{above}{below}")), (above, below));
        }
    }
}
