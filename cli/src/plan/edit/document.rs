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

/// Moves a comment at the end of the file in front of a table that is about to be appended, so
/// that the comment stays where it is.
pub(super) fn move_trailing_comment(document: &mut DocumentMut, table: &mut Table) {
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    if !trailing.trim().is_empty() {
        document.set_trailing("");
        table
            .decor_mut()
            .set_prefix(format!("{}\n\n", trailing.trim_end()));
    }
}
