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
#[macro_export]
macro_rules! main {
    ($trials:expr $(,)?) => {
        $crate::capture!();

        fn main() -> ::std::process::ExitCode {
            let args = $crate::Arguments::from_args();
            args.reserve_stdout();
            let trials = ::std::iter::IntoIterator::into_iter($trials);
            $crate::run(&args, ::std::iter::Iterator::collect(trials)).exit_code()
        }
    };
}
