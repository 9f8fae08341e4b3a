//! Line endings: toml_edit writes `\n` only.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Restores the line endings of the original in the edited text. A line that is unchanged gets its old ending, and a new
/// line the ending that most lines have.
pub(crate) fn restore(original: &str, edited: &str) -> String {
    if !original.contains("\r\n") {
        return edited.to_owned();
    }
    let old: Vec<&str> = original.split_inclusive('\n').collect();
    let new: Vec<&str> = edited.split_inclusive('\n').collect();
    let old_text: Vec<&str> = old.iter().map(|line| without_ending(line)).collect();
    let new_text: Vec<&str> = new.iter().map(|line| without_ending(line)).collect();
    let ending = common_ending(&old);
    let mut restored = String::with_capacity(edited.len() + new.len());
    for operation in capture_diff_slices(Algorithm::Myers, &old_text, &new_text) {
        let is_old = matches!(operation, DiffOp::Equal { .. });
        for (offset, line) in new[operation.new_range()].iter().enumerate() {
            let old = old
                .get(operation.old_range().start + offset)
                .filter(|_| is_old);
            match old.filter(|old| old.ends_with('\n')) {
                Some(old) => restored.push_str(old),
                None => restored.push_str(&line.replace('\n', ending)),
            }
        }
    }
    restored
}

fn without_ending(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

fn common_ending(lines: &[&str]) -> &'static str {
    let with_return = lines.iter().filter(|line| line.ends_with("\r\n")).count();
    if with_return * 2 >= lines.len() {
        "\r\n"
    } else {
        "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::restore;

    #[test]
    fn new_lines_get_the_ending_of_the_others() {
        assert_eq!(restore("a\r\nc\r\n", "a\nb\nc\n"), "a\r\nb\r\nc\r\n");
        assert_eq!(restore("a\nc\n", "a\nb\nc\n"), "a\nb\nc\n");
    }

    #[test]
    fn a_last_line_without_an_ending_gets_one() {
        assert_eq!(restore("a\r\nb", "a\nb\n\nc\n"), "a\r\nb\r\n\r\nc\r\n");
    }

    #[test]
    fn mixed_lines_stay_mixed() {
        assert_eq!(
            restore("a\nb\r\nc\r\n", "a\nb\nx\nc\n"),
            "a\nb\r\nx\r\nc\r\n"
        );
    }
}
