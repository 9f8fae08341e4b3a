//! The `#[pymodule]` items of a library's source.
//!
//! A line scanner, not a parser: it knows attributes, comments and the two forms of a module,
//! `mod` and `fn`, at the left margin. What is written otherwise is not found, and then nothing
//! is changed. Nor is a module below a `#[cfg(..)]`, which a test cannot name without a condition.

/// A module for Python.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PyModule {
    /// The item in Rust.
    pub(crate) item: String,
    /// What Python imports.
    pub(crate) name: String,
    /// Whether the item is `pub`, so that tests can name it.
    pub(crate) is_public: bool,
    /// The line of the item, from 1.
    pub(crate) line: usize,
    /// Where `pub ` would go, in bytes.
    pub(crate) offset: usize,
}

/// Finds the modules of a source text.
pub(crate) fn find(source: &str) -> Vec<PyModule> {
    let mut found = Vec::new();
    let mut attributes: Option<String> = None;
    let mut is_conditional = false;
    let mut offset = 0;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let text = line.trim_end();
        is_conditional |= text.starts_with("#[cfg(");
        attributes = match attributes {
            None => is_pymodule(text).then(|| text.to_owned()),
            Some(so_far) if is_between(text) => Some(so_far + text),
            Some(so_far) => {
                let item = item(text, &so_far, index + 1, offset);
                found.extend(item.filter(|_| !is_conditional));
                None
            }
        };
        is_conditional &= is_between(text);
        offset += line.len();
    }
    found
}

/// Makes the item public.
pub(crate) fn publish(source: &str, module: &PyModule) -> String {
    let (before, after) = source.split_at(module.offset);
    format!("{before}pub {after}")
}

fn is_pymodule(line: &str) -> bool {
    let attribute = line.strip_prefix("#[").filter(|_| line.ends_with(']'));
    let path = attribute.and_then(|attribute| attribute.split([']', '(']).next());
    // pyo3 may have another name.
    let name = path.map(|path| path.rsplit_once("::").map_or(path, |(_, name)| name));
    name == Some("pymodule")
}

/// Whether the line may stand between the attribute and its item.
fn is_between(line: &str) -> bool {
    line.is_empty() || line.starts_with("#[") || line.starts_with("//")
}

fn item(line: &str, attributes: &str, number: usize, offset: usize) -> Option<PyModule> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (is_public, rest) = match words.as_slice() {
        ["pub", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let [kind @ ("mod" | "fn"), name, ..] = rest else {
        return None;
    };
    let is_at_margin = line.starts_with(if is_public { "pub" } else { kind });
    let end = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    let item = name[..end].to_owned();
    let given = attributes
        .split_once("name = \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let name = given.map_or_else(|| item.clone(), |(name, _)| name.to_owned());
    is_at_margin.then_some(PyModule {
        item,
        name,
        is_public,
        line: number,
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::{find, publish};

    #[test]
    fn both_forms_are_found() {
        let source = "#[pymodule]\nmod a {\n}\n\n#[pymodule]\n/// Doc.\npub fn b(m: X) {}\n";
        let found = find(source);
        let names: Vec<_> = found
            .iter()
            .map(|m| (m.item.as_str(), m.is_public, m.line))
            .collect();
        assert_eq!(names, [("a", false, 2), ("b", true, 7)]);
    }

    #[test]
    fn the_name_for_python_may_differ() {
        let inline = find("#[pymodule(name = \"_core\")]\nfn core() {}\n");
        let beside = find("#[py::pymodule]\n#[pyo3(name = \"_core\")]\nfn core() {}\n");
        assert_eq!(
            [inline[0].name.as_str(), beside[0].name.as_str()],
            ["_core", "_core"]
        );
        assert_eq!(inline[0].item, "core");
    }

    #[test]
    fn only_the_item_changes() {
        let source = "// é\r\n#[pymodule]\r\nmod a {\r\n    fn x() {}\r\n}\r\n";
        let published = publish(source, &find(source)[0]);
        assert_eq!(published, source.replace("mod a", "pub mod a"));
    }

    #[test]
    fn what_is_not_always_there_is_left_alone() {
        let cfg = "#[cfg(feature = \"python\")]\n";
        assert_eq!(find(&format!("{cfg}#[pymodule]\nmod a {{}}\n")), []);
        assert_eq!(find(&format!("#[pymodule]\n{cfg}fn a() {{}}\n")), []);
        let other = format!("{cfg}fn other() {{}}\n#[pymodule]\nmod a {{}}\n");
        assert_eq!(find(&other).len(), 1);
    }

    #[test]
    fn what_is_written_otherwise_is_left_alone() {
        assert_eq!(find("// #[pymodule]\nmod a {}\n"), []);
        assert_eq!(find("#[pymodule]\n    mod a {}\n"), []);
        assert_eq!(find("#[pymodule_export]\nmod a {}\n"), []);
        assert_eq!(find("#[pymodule]\npub(crate) fn a() {}\n"), []);
    }
}
