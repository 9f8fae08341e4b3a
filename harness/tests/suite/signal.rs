//! Output that is made where it is hard to.

use crate::child::{run, section};
use crate::fixtures::{LINES, line};

crate::tests!(
    a_handler_may_print_at_any_time,
    a_forked_child_may_print_at_any_time,
    a_signal_that_is_watched_still_kills,
);

fn a_handler_may_print_at_any_time() {
    let output = run("signals", &["--timeout=40s", "a_is_interrupted"]);
    let shown = section(&output.stdout, "a_is_interrupted");
    let ordinary: String = (0..LINES).map(|number| line(number) + "\n").collect();
    let rest = shown.replace("!\n", "");
    let count = shown.matches("!\n").count();
    assert!(count > 0, "no signal came");
    let expected = format!("{ordinary}Error: {count} signals\n");
    assert!(
        rest == expected,
        "{} bytes of {}, {}",
        rest.len(),
        expected.len(),
        &rest[rest.len().saturating_sub(200)..]
    );
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn a_forked_child_may_print_at_any_time() {
    let output = run("signals", &["--timeout=40s", "b_forks"]);
    assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_signal_that_is_watched_still_kills() {
    let output = run("signals", &["c_raises"]);
    let expected = "\n---- c_raises stdout ----\nbefore the signal\n\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, None));
}
