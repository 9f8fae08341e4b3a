//! The macro that makes a whole test binary.

/// Defines `main`, which runs the trials that the expression gives, and captures their output.
///
/// The expression is evaluated after the command line has been parsed, and may be anything that
/// converts into an iterator of [`Trial`](crate::Trial)s: an array, a vector, a call.
///
/// ```no_run
/// use libtest_async::Trial;
///
/// fn trials() -> Vec<Trial> {
///     (0..3).map(|n| Trial::test(format!("number_{n}"), move || Ok(()))).collect()
/// }
///
/// libtest_async::main!(trials());
/// ```
///
/// `setup` and `teardown` are async functions without arguments that return a `Result` whose error
/// converts into [`Failed`](crate::Failed). They may be left out. They are polled on the main thread, before the first
/// test and after the last one, if a test is to run at all: not for `--list`, not for an empty selection or one
/// of ignored tests only; with `--isolate`, in each worker process, unless that is killed. If `setup` fails or
/// panics then no test runs (none starts any more, if it is that of a worker process). If either fails or panics then that is printed, and the exit code is 101. `teardown`
/// comes after failures too, and after the values of [`Shared`](crate::Shared) are closed. Where tests have not
/// ended, after a timeout, `--fail-fast` or Ctrl-C, it runs beside them on another thread, and closing and
/// `teardown` have four seconds together. What they print is not captured.
///
/// ```no_run
/// use libtest_async::{Failed, Trial};
///
/// async fn create_schema() -> Result<(), Failed> {
///     Ok(())
/// }
///
/// async fn drop_schema() -> Result<(), Failed> {
///     Ok(())
/// }
///
/// libtest_async::main!(
///     setup = create_schema,
///     teardown = drop_schema,
///     [Trial::test("adds", || Ok(()))],
/// );
/// ```
#[macro_export]
macro_rules! main {
    (setup = $setup:expr, teardown = $teardown:expr, $trials:expr $(,)?) => {
        $crate::__main!($trials, .with_setup($setup).with_teardown($teardown));
    };
    (setup = $setup:expr, $trials:expr $(,)?) => {
        $crate::__main!($trials, .with_setup($setup));
    };
    (teardown = $teardown:expr, $trials:expr $(,)?) => {
        $crate::__main!($trials, .with_teardown($teardown));
    };
    ($trials:expr $(,)?) => {
        $crate::__main!($trials,);
    };
}

/// Defines `main`, with calls that add functions to its hooks.
#[doc(hidden)]
#[macro_export]
macro_rules! __main {
    ($trials:expr, $($hooks:tt)*) => {
        $crate::capture!();

        fn main() -> ::std::process::ExitCode {
            let args = $crate::Arguments::from_args();
            args.reserve_stdout();
            let trials = ::std::iter::IntoIterator::into_iter($trials);
            let hooks = $crate::__private::Hooks::default()$($hooks)*;
            hooks.run(&args, ::std::iter::Iterator::collect(trials))
        }
    };
}
