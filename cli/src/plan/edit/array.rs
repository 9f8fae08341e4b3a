//! Arrays in a layout of the user's.

use toml_edit::{Array, RawString, Value};

/// Appends a value, on a line of its own if the last one has that.
pub(crate) fn push(array: &mut Array, value: impl Into<Value>) {
    let Some(indent) = indent_of_last(array) else {
        return array.push(value);
    };
    let (comments, has_comma) = (take_comments(array), array.trailing_comma());
    let mut value = value.into();
    value
        .decor_mut()
        .set_prefix(format!("{comments}\n{indent}"));
    if has_comma {
        array.set_trailing("\n");
    } else {
        value.decor_mut().set_suffix("\n");
    }
    array.push_formatted(value);
}

/// Removes a string.
pub(crate) fn remove(array: &mut Array, text: &str) {
    let Some(index) = array.iter().position(|value| value.as_str() == Some(text)) else {
        return;
    };
    remove_at(array, index);
}

/// Removes a value. If it was the first or the last, its neighbour gets its layout.
pub(crate) fn remove_at(array: &mut Array, index: usize) {
    let removed = array.remove(index);
    let text = |raw: Option<&RawString>| {
        raw.and_then(|raw| raw.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let (prefix, suffix) = (
        text(removed.decor().prefix()),
        text(removed.decor().suffix()),
    );
    if index == array.len() {
        // A comment before the last value belongs to the one before it, as `push` has it.
        let comments = prefix
            .rsplit_once('\n')
            .map_or("", |(comments, _)| comments);
        if !array.trailing_comma() {
            if let Some(last) = array.iter_mut().last() {
                last.decor_mut().set_suffix(format!("{comments}{suffix}"));
            }
        } else if !comments.trim().is_empty() {
            array.set_trailing(format!("{comments}\n"));
        }
    }
    if let Some(next) = array.get_mut(index).filter(|_| index == 0) {
        next.decor_mut().set_prefix(prefix);
    }
}

/// The blanks before the last value, if that has a line of its own.
fn indent_of_last(array: &Array) -> Option<String> {
    let prefix = array.iter().last()?.decor().prefix()?.as_str()?;
    prefix
        .rsplit_once('\n')
        .map(|(_, indent)| indent.to_owned())
}

/// Removes the text between the last value and the bracket, and returns it: a comment there belongs to that value.
fn take_comments(array: &mut Array) -> String {
    if array.trailing_comma() {
        return array
            .trailing()
            .as_str()
            .unwrap_or_default()
            .trim_end()
            .to_owned();
    }
    let Some(last) = array.iter_mut().last() else {
        return String::new();
    };
    let comments = last
        .decor()
        .suffix()
        .and_then(|suffix| suffix.as_str())
        .unwrap_or_default();
    let comments = comments.trim_end().to_owned();
    last.decor_mut().set_suffix("");
    comments
}

#[cfg(test)]
mod tests {
    use toml_edit::{Array, DocumentMut};

    use super::{push, remove};

    fn pushed(array: &str) -> String {
        let mut document: DocumentMut = format!("a = {array}\n").parse().unwrap();
        let array: &mut Array = document["a"].as_array_mut().unwrap();
        push(array, "new");
        document.to_string()["a = ".len()..].trim_end().to_owned()
    }

    fn removed(array: &str, text: &str) -> String {
        let mut document: DocumentMut = format!("a = {array}\n").parse().unwrap();
        remove(document["a"].as_array_mut().unwrap(), text);
        document.to_string()["a = ".len()..].trim_end().to_owned()
    }

    #[test]
    fn removal_keeps_the_layout() {
        assert_eq!(removed("['a', 'b', 'c']", "a"), "['b', 'c']");
        assert_eq!(removed("['a', 'b', 'c']", "b"), "['a', 'c']");
        assert_eq!(removed("['a', 'b']", "b"), "['a']");
        assert_eq!(removed("['a', 'b']", "d"), "['a', 'b']");
        assert_eq!(removed("[\n  'a',\n  'b',\n]", "b"), "[\n  'a',\n]");
    }

    #[test]
    fn removal_takes_an_addition_back() {
        for array in ["['a']", "[\n  'a',\n]", "[\n  'a'\n]", "[\n  'a', # why\n]"] {
            assert_eq!(removed(&pushed(array), "new"), array);
        }
    }

    #[test]
    fn on_one_line() {
        assert_eq!(pushed("[]"), "[\"new\"]");
        assert_eq!(pushed("[\"a\"]"), "[\"a\", \"new\"]");
        assert_eq!(pushed("[\"a\", 'b']"), "[\"a\", 'b', \"new\"]");
    }

    #[test]
    fn on_lines_of_their_own() {
        assert_eq!(pushed("[\n  'a',\n]"), "[\n  'a',\n  \"new\",\n]");
        assert_eq!(pushed("[\n  'a'\n]"), "[\n  'a',\n  \"new\"\n]");
    }

    #[test]
    fn comments_stay_with_their_values() {
        assert_eq!(
            pushed("[\n  'a', # why\n]"),
            "[\n  'a', # why\n  \"new\",\n]"
        );
        assert_eq!(
            pushed("[\n  # why\n  'a',\n]"),
            "[\n  # why\n  'a',\n  \"new\",\n]"
        );
    }
}
