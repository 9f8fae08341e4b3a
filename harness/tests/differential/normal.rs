//! Replaces what differs between any two runs of the same tests.

/// Returns `text` with times, thread ids, positions and type ids replaced by letters.
pub(crate) fn normal(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-');
    let is_word = |c: char| !c.is_whitespace() && !matches!(c, '\\' | '"' | '<');
    let text = replace(text, "finished in ", is_number, "T");
    let text = replace(&text, "\"exec_time\": ", is_number, "T");
    let text = replace(&text, " time=\"", is_number, "T");
    let text = replace(&text, " <", is_number, "T");
    let text = replace(&text, "' (", |c| c.is_ascii_digit(), "N");
    let text = replace(&text, " panicked at ", is_word, "P");
    // The start of what `dbg!` prints.
    let text = replace(&text, "[tests/", |c| !c.is_whitespace(), "P");
    let text = replace(&text, "[harness/tests/", |c| !c.is_whitespace(), "P")
        .replace("[harness/tests/P", "[tests/P");
    let text = replace(&text, "panic as expected at ", is_word, "P");
    let text = replace(&text, "TypeId(0x", |c| c.is_ascii_hexdigit(), "H");
    let text = replace(&text, "Usage: ", is_word, "EXE");
    let text = replace(&text, "\"source_path\": \"", is_word, "P");
    ["start_line", "start_col", "end_line", "end_col"]
        .iter()
        .fold(text, |text, key| {
            replace(&text, &format!("\"{key}\": "), |c| c.is_ascii_digit(), "N")
        })
}

/// Removes what tests print without a newline, and the headings of passing tests that print nothing else.
pub(crate) fn half_lines_removed(text: &str) -> String {
    let half_lines = [
        "no newline fail",
        "no newline pass",
        "no trailing newline",
        "half of stdout, ",
    ];
    let text = half_lines.iter().fold(text.to_owned(), |text, half_line| {
        text.replace(half_line, "")
    });
    let is_kept = |line: &&str| !(line.starts_with("---- ") && line.ends_with("pass stdout ----"));
    text.lines()
        .filter(is_kept)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Also replaces what depends on the order in which tests end, and sorts the lines.
pub(crate) fn unordered(text: &str) -> String {
    let note = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    let text = text
        .replace(&format!("{note}\\n"), "")
        .replace(&format!("{note}\n"), "");
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Replaces a seed that libtest took from the clock.
pub(crate) fn without_seed(text: &str) -> String {
    replace(text, "shuffle seed: ", |c| c.is_ascii_digit(), "S")
}

/// Removes the frames of backtraces; what is between the test and its thread differs.
pub(crate) fn without_frames(text: &str) -> String {
    let is_frame = |line: &str| {
        let line = line.trim_start();
        line.starts_with("at ")
            || line
                .split_once(": ")
                .is_some_and(|(n, _)| n.parse::<u32>().is_ok())
    };
    text.lines()
        .filter(|line| !is_frame(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Replaces, after every `start`, the characters that `is_part` accepts.
fn replace(text: &str, start: &str, is_part: impl Fn(char) -> bool, with: &str) -> String {
    let mut parts = text.split(start);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&is_part);
        replaced.push_str(start);
        if rest.len() < part.len() {
            replaced.push_str(with);
        }
        replaced.push_str(rest);
    }
    replaced
}
