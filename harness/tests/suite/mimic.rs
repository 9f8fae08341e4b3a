//! Trials of libtest-mimic among others.

use crate::child::{self, run, section};

crate::tests!(
    their_benchmarks_are_measured
    ; unix:
    their_trials_run_among_ours,
    their_output_is_captured,
);

fn their_trials_run_among_ours() {
    let output = run("mimic", &["--test-threads=1"]);
    let expected = "\nrunning 8 tests\ntest [tidy] f_has_a_kind ... ok\ntest a_passes ... ok\ntest b_fails ... FAILED\ntest c_panics ... FAILED\ntest d_is_ignored ... ignored\ntest e_skips ... ignored, why\ntest g_measures ... ok\ntest h_ours ... ok\n";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn their_output_is_captured() {
    let output = run("mimic", &["--test-threads=4"]);
    let shown = section(&output.stdout, "b_fails");
    assert_eq!(shown, "printed\nError: a \"message\"\nof two lines\n");
    let shown = child::without_thread_ids(section(&output.stdout, "c_panics"));
    assert!(
        shown.starts_with("\nthread 'c_panics' panicked at "),
        "{shown}"
    );
}

fn their_benchmarks_are_measured() {
    let output = run("mimic", &["--bench", "g_measures"]);
    let expected = "test g_measures ... bench:       1,234.00 ns/iter (+/- 5.00)\n";
    assert!(output.stdout.contains(expected), "{}", output.stdout);
}
