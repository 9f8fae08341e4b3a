//! libtest's bugs: that they are still there, and what happens here instead.
//!
//! Each of these returns what is not as it should be.

use serde_json::Value;

use crate::normal::normal;
use crate::process::Output;

/// libtest does not escape the reasons of ignored tests in a listing.
pub(crate) fn unescaped_reason(theirs: &Output, ours: &Output) -> Option<String> {
    let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
    if theirs.stdout.lines().all(|line| parse(line).is_some()) {
        return Some("libtest's listing is JSON: its bug is gone".to_owned());
    }
    let mut listed = Vec::new();
    for line in ours.stdout.lines() {
        let Some(event) = parse(line) else {
            return Some(format!("here a line is no JSON: {line}"));
        };
        let reason = event["ignore_message"].as_str().unwrap_or_default();
        if !reason.contains(['"', '\n']) {
            listed.push(normal(line));
        }
    }
    let others = theirs.stdout.lines().filter(|line| parse(line).is_some());
    let is_same = others.map(normal).eq(listed) && theirs.exit == ours.exit;
    (!is_same).then(|| format!("{}\nhas other lines than\n{}", ours.stdout, theirs.stdout))
}

/// libtest asserts that no message has a newline.
pub(crate) fn panicking_junit(theirs: &Output, ours: &Output) -> Option<String> {
    if !theirs.stderr.contains("panicked at ") || is_xml(theirs) {
        return Some("libtest writes a document: its bug is gone".to_owned());
    }
    let is_right = is_xml(ours) && ours.exit == "exit status: 101" && ours.stderr.is_empty();
    (!is_right).then(|| format!("{ours:#?}"))
}

fn is_xml(output: &Output) -> bool {
    roxmltree::Document::parse(&output.stdout).is_ok()
}

/// libtest takes a test that calls `exit(0)` for success.
pub(crate) fn exit_zero(theirs: &Output, ours: &Output) -> Option<String> {
    if theirs.exit != "exit status: 0" || theirs.stdout.contains("test result: ") {
        return Some("libtest does not end with success: its bug is gone".to_owned());
    }
    let error = "error: the process ended with status 0 while tests were running: b_exit0\n";
    let is_right = ours.exit == "exit status: 101" && ours.stderr.contains(error);
    (!is_right).then(|| format!("{ours:#?}"))
}
