//! The table of options and the help text, both libtest's.

use getopts::Options;

/// Returns the options that the help text names.
pub(crate) fn documented() -> Options {
    let mut options = Options::new();
    selection(&mut options);
    reporting(&mut options);
    unstable(&mut options);
    options
}

/// Returns every option that is accepted.
pub(crate) fn accepted() -> Options {
    let mut options = documented();
    own(&mut options);
    options.optflag("", "nocapture", "Deprecated, use `--no-capture`");
    options
}

/// Returns the whole help text.
pub(crate) fn help(program: &str) -> String {
    let brief = format!("Usage: {program} [OPTIONS] [FILTERS...]");
    let mut own_options = Options::new();
    own(&mut own_options);
    let own_options = own_options.usage("Beyond libtest:");
    format!(
        "{}\n\n{EXPLANATION}\n\n{own_options}",
        documented().usage(&brief)
    )
}

fn own(options: &mut Options) {
    options
        .optflag("x", "", "Stop after the first failure, as --fail-fast does")
        .optopt(
            "",
            "tag",
            "Run only the tests whose tags match, for example \"db and not (slow or flaky)\"",
            "EXPR",
        )
        .optflag(
            "",
            "last-failed",
            "Run only the tests that failed when they last ran",
        )
        .optflag(
            "",
            "failed-first",
            "Run the tests that failed when they last ran before the others",
        )
        .optopt(
            "",
            "shard",
            "Run the tests of part I out of N, which names decide, for example 2/3",
            "I/N",
        )
        .optopt(
            "",
            "retries",
            "Run a test that fails up to N times more",
            "N",
        )
        .optflag(
            "",
            "fail-on-flaky",
            "Fail tests that pass after having failed",
        )
        .optopt("", "maxfail", "Start no test after N failures", "N")
        .optopt(
            "",
            "junit",
            "Write a JUnit document to PATH, a file if it ends in .xml and else a folder",
            "PATH",
        )
        .optopt("", "durations", "List the N slowest tests at the end", "N")
        .optopt(
            "",
            "timeout",
            "Fail tests that take longer, for example 500ms, 5s or 2m",
            "TIME",
        )
        .optflag(
            "",
            "isolate",
            "Run tests in worker processes, so that a crash fails one test only",
        )
        .optflag(
            "",
            "reuse-threads",
            "Run tests on threads that stay instead of on one each, which is faster",
        );
}

fn selection(options: &mut Options) {
    options
        .optflag("", "include-ignored", "Run ignored and not ignored tests")
        .optflag("", "ignored", "Run only ignored tests")
        .optflag(
            "",
            "force-run-in-process",
            "Forces tests to run in-process when panic=abort",
        )
        .optflag(
            "",
            "exclude-should-panic",
            "Excludes tests marked as should_panic",
        )
        .optflag("", "test", "Run tests and not benchmarks")
        .optflag("", "bench", "Run benchmarks instead of tests")
        .optflag("", "list", "List all tests and benchmarks")
        .optflag(
            "",
            "fail-fast",
            "Don't start new tests after the first failure",
        )
        .optflag("h", "help", "Display this message");
}

fn reporting(options: &mut Options) {
    options
        .optopt(
            "",
            "logfile",
            "Write logs to the specified file (deprecated)",
            "PATH",
        )
        .optflag(
            "",
            "no-capture",
            "don't capture stdout/stderr of each task, allow printing directly",
        )
        .optmulti(
            "",
            "test-threads",
            "Number of threads used for running tests in parallel",
            "n_threads",
        )
        .optmulti(
            "",
            "skip",
            "Skip tests whose names contain FILTER (this flag can be used multiple times)",
            "FILTER",
        )
        .optflag(
            "q",
            "quiet",
            "Display one character per test instead of one line. Alias to --format=terse",
        )
        .optflag(
            "",
            "exact",
            "Exactly match filters rather than by substring",
        )
        .optmulti("", "color", COLOR, "auto|always|never")
        .optopt("", "format", FORMAT, "pretty|terse|json|junit")
        .optflag(
            "",
            "show-output",
            "Show captured stdout of successful tests",
        );
}

fn unstable(options: &mut Options) {
    options
        .optopt("Z", "", UNSTABLE, "unstable-options")
        .optflag("", "report-time", REPORT_TIME)
        .optflag("", "ensure-time", ENSURE_TIME)
        .optflag("", "shuffle", "Run tests in random order")
        .optopt(
            "",
            "shuffle-seed",
            "Run tests in random order; seed the random number generator with SEED",
            "SEED",
        );
}

const COLOR: &str = "Configure coloring of output:
auto = colorize if stdout is a tty and tests are run on serially (default);
always = always colorize output;
never = never colorize output;";

const FORMAT: &str = "Configure formatting of output:
pretty = Print verbose output;
terse = Display one character per test;
json = Output a json document;
junit = Output a JUnit document";

const UNSTABLE: &str = "Enable nightly-only flags:
unstable-options = Allow use of experimental features";

const REPORT_TIME: &str = "Show execution time of each test.
Threshold values for colorized output can be configured via
`RUST_TEST_TIME_UNIT`, `RUST_TEST_TIME_INTEGRATION` and
`RUST_TEST_TIME_DOCTEST` environment variables.
Expected format of environment variable is `VARIABLE=WARN_TIME,CRITICAL_TIME`.
Durations must be specified in milliseconds, e.g. `500,2000` means that the warn time
is 0.5 seconds, and the critical time is 2 seconds.
Not available for --format=terse";

const ENSURE_TIME: &str = "Treat excess of the test execution time limit as error.
Threshold values for this option can be configured via
`RUST_TEST_TIME_UNIT`, `RUST_TEST_TIME_INTEGRATION` and
`RUST_TEST_TIME_DOCTEST` environment variables.
Expected format of environment variable is `VARIABLE=WARN_TIME,CRITICAL_TIME`.
`CRITICAL_TIME` here means the limit that should not be exceeded by test.";

const EXPLANATION: &str = r#"The FILTER string is tested against the name of all tests, and only those
tests whose names contain the filter are run. Multiple filter strings may
be passed, which will run all tests matching any of the filters.

By default, all tests are run in parallel. This can be altered with the
--test-threads flag when running tests (set it to 1).

By default, the tests are run in alphabetical order. Use --shuffle to run
the tests in random order. Pass the generated "shuffle seed" to
--shuffle-seed to run the tests in the same order again. Note that
--shuffle and --shuffle-seed do not affect whether the tests are run in
parallel.

All tests have their standard output and standard error captured by default.
This can be overridden with the --no-capture flag to a value other than "0".
Logging is not captured by default.

Test Attributes:

    `#[test]`        - Indicates a function is a test to be run. This function
                       takes no arguments.
    `#[bench]`       - Indicates a function is a benchmark to be run. This
                       function takes one argument (test::Bencher).
    `#[should_panic]` - This function (also labeled with `#[test]`) will only pass if
                        the code causes a panic (an assertion failure or panic!)
                        A message may be provided, which the failure string must
                        contain: #[should_panic(expected = "foo")].
    `#[ignore]`       - When applied to a function which is already attributed as a
                        test, then the test runner will ignore these tests during
                        normal test runs. Running with --ignored or --include-ignored will run
                        these tests."#;
