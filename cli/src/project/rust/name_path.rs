//! Paths, as they are written.

use syn::ext::IdentExt;

/// A path, as it is written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct NamePath {
    pub(super) names: Vec<String>,
    /// Whether it begins with `::`, so that its first name is that of a crate.
    pub(super) is_absolute: bool,
}

impl NamePath {
    pub(super) fn new(path: &syn::Path) -> Self {
        let names = path.segments.iter();
        Self {
            names: names
                .map(|segment| segment.ident.unraw().to_string())
                .collect(),
            is_absolute: path.leading_colon.is_some(),
        }
    }

    /// Whether the path is this name alone.
    pub(super) fn is_name(&self, name: &str) -> bool {
        self.names == [name]
    }

    /// Whether the path ends with this name.
    pub(super) fn is_last(&self, name: &str) -> bool {
        self.names.last().is_some_and(|last| last == name)
    }

    /// The path with more names at its end.
    pub(super) fn join(&self, rest: &[String]) -> Self {
        Self {
            names: self.names.iter().chain(rest).cloned().collect(),
            is_absolute: self.is_absolute,
        }
    }
}
