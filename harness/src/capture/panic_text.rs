//! The text of a panic, as std's own hook writes it (`library/std/src/panicking.rs`, `default_hook`).

use std::backtrace::Backtrace;
use std::env;
use std::fmt::Write;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::unwind::panic_text;

/// Marks the frames of std that a short backtrace starts and ends with.
const SHORT_END: &str = "__rust_end_short_backtrace";
const SHORT_BEGIN: &str = "__rust_begin_short_backtrace";

/// Puts `test` in the place of `thread` in a text that std's hook wrote. Other texts stay.
pub(super) fn rename(text: Vec<u8>, thread: &str, test: &str) -> Vec<u8> {
    let from = format!("\nthread '{thread}' ").into_bytes();
    match text.strip_prefix(from.as_slice()) {
        Some(rest) => [format!("\nthread '{test}' ").as_bytes(), rest].concat(),
        None => text,
    }
}

/// Returns the text for a panic in a test, or thread, of this name.
pub(super) fn render(info: &PanicHookInfo<'_>, name: &str) -> String {
    let mut text = format!("\nthread '{name}'{} panicked at ", thread_id());
    match info.location() {
        Some(location) => {
            let _ = write!(text, "{location}");
        }
        None => text.push_str("<unknown>"),
    }
    let message = panic_text(info.payload()).unwrap_or("Box<dyn Any>");
    let _ = writeln!(text, ":\n{message}");
    backtrace(&mut text);
    text
}

fn backtrace(text: &mut String) {
    static IS_FIRST: AtomicBool = AtomicBool::new(true);
    match env::var("RUST_BACKTRACE").as_deref() {
        Ok("full") => {
            let _ = write!(text, "stack backtrace:\n{}", Backtrace::force_capture());
        }
        Ok("0") | Err(_) => {
            if IS_FIRST.swap(false, Ordering::Relaxed) {
                text.push_str(
                    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
                );
            }
        }
        Ok(_) => {
            let _ = write!(
                text,
                "stack backtrace:\n{}note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n",
                short(&Backtrace::force_capture().to_string())
            );
        }
    }
}

/// Cuts a backtrace down to the frames between std's two marks.
fn short(full: &str) -> String {
    let mut text = String::new();
    let mut is_inside = !full.contains(SHORT_END);
    let mut is_kept = is_inside;
    let mut number = 0;
    for line in full.lines() {
        let Some((_, frame)) = line.split_once(": ").filter(|_| !is_place(line)) else {
            if is_kept {
                let _ = writeln!(text, "{line}");
            }
            continue;
        };
        if frame.contains(SHORT_BEGIN) {
            break;
        }
        is_kept = is_inside;
        if is_kept {
            let _ = writeln!(text, "{number:4}: {frame}");
            number += 1;
        }
        is_inside |= frame.contains(SHORT_END);
    }
    text
}

/// Says whether the line has the location of the frame before it: `             at src/lib.rs:1:2`.
fn is_place(line: &str) -> bool {
    line.trim_start().starts_with("at ")
}

#[cfg(target_os = "linux")]
fn thread_id() -> String {
    format!(" ({})", super::layer::thread_id())
}

#[cfg(not(target_os = "linux"))]
fn thread_id() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_in_the_first_line_changes() {
        let text = b"\nthread 'tokio' (7) panicked at a.rs:1:2:\nthread 'tokio' \n".to_vec();
        assert_eq!(
            rename(text, "tokio", "m::test"),
            b"\nthread 'm::test' (7) panicked at a.rs:1:2:\nthread 'tokio' \n"
        );
        assert_eq!(rename(b"other".to_vec(), "tokio", "t"), b"other");
    }

    #[test]
    fn a_short_backtrace_has_the_frames_between_the_marks() {
        let full = "   0: std::panicking\n   1: std::__rust_end_short_backtrace\n             at lib.rs:1:1\n   2: core::panic\n             at panic.rs:2:3\n   3: my::test\n   4: x::__rust_begin_short_backtrace\n   5: main\n";
        assert_eq!(
            short(full),
            "   0: core::panic\n             at panic.rs:2:3\n   1: my::test\n"
        );
    }
}
