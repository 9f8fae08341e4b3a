//! The suites that child processes run.

mod alone;
mod hostile;
mod locks;
mod noisy;
#[cfg(not(unix))]
mod other;
mod per_module;
mod per_test;
mod retried;
mod runs;
mod shared;
mod threads;
#[cfg(unix)]
mod unix;
mod wakers;
mod workers;

use std::future;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use libtest_async::{Arguments, Completion, Conclusion, Failed, Measurement, Trial};

pub(crate) use self::alone::FOLDER as LOCK_FOLDER;
#[cfg(not(unix))]
use self::other as system;
pub(crate) use self::retried::FOLDER as ATTEMPTS;
pub(crate) use self::shared::FAULT;
#[cfg(unix)]
use self::unix as system;
#[cfg(unix)]
pub(crate) use self::unix::{LINES, line};
pub(crate) use self::workers::FIFO;
use crate::yielding::yield_now;

/// Names the fixture that a child process is to be.
pub(crate) const VARIABLE: &str = "LIBTEST_ASYNC_FIXTURE";
/// Names a file that a test opens in the place of others.
pub(crate) const FILE: &str = "LIBTEST_ASYNC_FILE";
/// Tells from which descriptor on, if it is not 3.
pub(crate) const FIRST: &str = "LIBTEST_ASYNC_FIRST";

/// Returns the file that a test has open in the place of others when Ctrl-C comes.
pub(crate) fn interrupted_file() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("stop-file-of-a-test")
}

/// Runs a fixture if this process is to be one.
pub(crate) fn run_as_child() -> Option<ExitCode> {
    let fixture = std::env::var(VARIABLE).ok()?;
    let args = Arguments::from_args();
    let conclusion = match fixture.as_str() {
        "fails_by_its_runtime" => libtest_async::run(&args, alone::fails_by_its_runtime()),
        "given_up" => alone::given_up(&args),
        "serial" => libtest_async::run(&args, alone::serial()),
        "one_thread_a_test" => libtest_async::run(&args, alone::one_thread_a_test()),
        "ends_with_its_runtime" => libtest_async::run(&args, alone::ends_with_its_runtime()),
        "returned_in_time" => libtest_async::run(&args, alone::returned_in_time()),
        "thread_locals" => libtest_async::run(&args, alone::thread_locals()),
        "described" => libtest_async::run(&args, alone::described()),
        "benchmarks" => libtest_async::run(&args, benchmarks()),
        "mixed" => libtest_async::run(&args, mixed()),
        "tagged" => libtest_async::run(&args, tagged()),
        "passing" => libtest_async::run(&args, passing()),
        "noisy" => libtest_async::run(&args, noisy::noisy()),
        "half_a_line" => libtest_async::run(&args, noisy::half_a_line()),
        "half_lines" => libtest_async::run(&args, noisy::half_lines(args.isolate)),
        "half_a_line_and_blocks" => libtest_async::run(&args, noisy::half_a_line_and_blocks()),
        "says" => libtest_async::run(&args, noisy::says()),
        "yielding" => libtest_async::run(&args, noisy::noisy_async()),
        "dropped" => libtest_async::run(&args, dropped()),
        "crashing" => libtest_async::run(&args, workers::crashing()),
        "many" => libtest_async::run(&args, workers::many()),
        "queued" => libtest_async::run(&args, workers::queued()),
        "endless" => libtest_async::run(&args, endless()),
        "endless_prints" => libtest_async::run(&args, endless_prints()),
        "awkward" => libtest_async::run(&args, awkward()),
        "flaky" => libtest_async::run(&args, flaky()),
        "flaky_reports" => libtest_async::run(&args, retried::flaky_reports()),
        "own_retries" => libtest_async::run(&args, retried::own_retries()),
        "skips_later" => libtest_async::run(&args, skips_later()),
        "interrupted" => libtest_async::run(&args, interrupted()),
        "mimic" => libtest_async::run(&args, mimic()),
        "hooked" => hooked(&args),
        "prints_a_panic" => libtest_async::run(&args, hostile::prints_a_panic()),
        "kinds" => libtest_async::run(&args, hostile::kinds()),
        "one_fails_many_block" => libtest_async::run(&args, hostile::one_fails_many_block()),
        "payloads" => libtest_async::run(&args, hostile::payloads()),
        "bodies" => libtest_async::run(&args, hostile::bodies()),
        "nested" => libtest_async::run(&args, hostile::nested()),
        "fails_elsewhere" => libtest_async::run(&args, hostile::fails_elsewhere()),
        "moves" => libtest_async::run(&args, hostile::moves()),
        "shared" => libtest_async::run(&args, hostile::shared()),
        "stuck_in_hook" => hostile::stuck_in_hook(&args),
        "threads" => libtest_async::run(&args, threads::trials()),
        "two_runs" => runs::two(&args),
        "two_runs_at_once" => runs::two_at_once(&args),
        "in_one_process_only" => runs::in_one_process_only(&args),
        "waker_of_a_run" => wakers::of_a_run(&args),
        "waker_of_a_cancelled_test" => wakers::of_a_cancelled_test(&args),
        "run_within_a_test" => libtest_async::run(&args, runs::within_a_test()),
        "stalled" => libtest_async::run(&args, locks::stalled()),
        "dropped_in_time" => libtest_async::run(&args, alone::dropped_in_time()),
        "locked_stdout_and_another" => libtest_async::run(&args, locks::stdout_and_another()),
        "locked_stdout" => libtest_async::run(&args, locks::stdout()),
        "locked_stdout_in_first_run" => locks::two_runs(&args),
        "left_locked" => libtest_async::run(&args, locks::left_locked()),
        "locked_stderr" => libtest_async::run(&args, locks::stderr()),
        "kept_runtime" => locks::one_thread(&args),
        "sharing" => return Some(shared::run(&args)),
        "sharing_in_two_runs" => shared::two_runs(&args),
        "sharing_after_another_run" => shared::after_another(&args),
        "sharing_in_interruptible_run" => shared::interruptible(&args),
        "interrupted_while_closing" => shared::interrupted_while_closing(&args),
        "opened_in_setup" => return Some(shared::opened_in_setup(&args)),
        "per_module" => libtest_async::run(&args, per_module::trials()),
        "per_test" => libtest_async::run(&args, per_test::trials()),
        "removed" => removed(&args),
        "counting" => libtest_async::run(&args, counting()),
        other => system::run(other, &args).unwrap_or_else(|| panic!("there is no fixture {other}")),
    };
    Some(conclusion.exit_code())
}

fn tagged() -> Vec<Trial> {
    let trial = |name: &str, tags: &[&'static str]| {
        Trial::test(name, || Ok(())).with_tags(tags.iter().copied())
    };
    vec![
        trial("a_db", &["db"]),
        trial("b_slow_db", &["slow", "db"]),
        trial("c_slow", &["slow"]),
        trial("d_plain", &[]),
    ]
}

fn passing() -> Vec<Trial> {
    vec![Trial::test("b", || Ok(())), Trial::test("a", || Ok(()))]
}

fn benchmarks() -> Vec<Trial> {
    let bench = |name: &str| {
        let measurement = Measurement {
            avg: 1234,
            variance: 5,
        };
        Trial::bench(name, move |once| Ok((!once).then_some(measurement)))
    };
    vec![
        bench("b_short"),
        bench("c_lengthy"),
        bench("d_ignored").with_ignored_flag(true),
        bench("e_the_longest"),
        Trial::test("a_test_of_a_long_name", || Ok(())),
    ]
}

fn mixed() -> Vec<Trial> {
    vec![
        Trial::test("passes", || Ok(())),
        Trial::test("errs", || Err(Failed::from_debug("text"))),
        Trial::test("displays", || Err("text".into())),
        Trial::test("fails_silently", || Err(Failed::without_message())),
        Trial::test("panics", || panic!("with a text")),
        Trial::test("ignored", || Ok(())).with_ignored_reason("needs a network"),
        Trial::test("should_panic", || panic!("expected")).with_should_panic(Some("expected")),
        Trial::test("should_have_panicked", || Ok(()))
            .with_should_panic(None::<&str>)
            .with_source("file.rs", 7),
        Trial::ignorable_test("skips", || Ok(Completion::ignored_with("not here"))),
        Trial::async_test("async_passes", async { Ok(()) }),
        Trial::async_test("async_panics", async { panic!("async text") }),
        Trial::bench("bench", |_once| Ok(None)),
    ]
}

/// Runtimes that drop what they are given, return before it is through, or panic.
fn dropped() -> Vec<Trial> {
    vec![
        Trial::async_test("dropped", future::pending()).with_block_on(drop),
        Trial::async_test("polled_once", future::pending()).with_block_on(|mut future| {
            let _ = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        }),
        Trial::async_test("refused", future::pending())
            .with_block_on(|_| -> () { panic!("no runtime") }),
        Trial::test("runs", || Ok(())),
    ]
}

/// Tests that do not end, and some that do.
fn endless() -> Vec<Trial> {
    struct SaysWhenDropped(mpsc::Sender<()>);
    impl Drop for SaysWhenDropped {
        fn drop(&mut self) {
            // Nobody listens if the test that does is ignored.
            let _ = self.0.send(());
        }
    }
    let (sender, dropped) = mpsc::channel();
    let says_when_dropped = SaysWhenDropped(sender);
    vec![
        Trial::test("a_blocks", || {
            loop {
                println!("before blocking");
                thread::park();
            }
        }),
        Trial::async_test("b_is_pending", async {
            println!("before waiting");
            let _says_when_dropped = says_when_dropped;
            future::pending().await
        }),
        Trial::test("c_has_less_time", || {
            loop {
                thread::park();
            }
        })
        .with_timeout(Duration::from_millis(50)),
        Trial::test("d_passes", || Ok(())),
        Trial::test("e_awaits_the_drop", move || {
            dropped.recv().map_err(Failed::from)
        })
        .with_ignored_flag(true),
    ]
}

/// Removes the program's file, and then needs workers.
fn removed(args: &Arguments) -> Conclusion {
    let is_there = std::env::current_exe().is_ok_and(|path| std::fs::remove_file(path).is_ok());
    let is_worker = std::env::var_os("LIBTEST_ASYNC_WORKER_OF").is_some();
    assert!(is_there || is_worker);
    libtest_async::run(args, passing())
}

/// A test that does not stop to print, and one that waits until it has been given up.
fn endless_prints() -> Vec<Trial> {
    let (sender, lines) = mpsc::sync_channel(0);
    vec![
        Trial::test("a_prints", move || {
            loop {
                println!("on and on");
                let _ = sender.try_send(());
            }
        }),
        Trial::test("b_passes", move || {
            for _ in 0..3 {
                lines.recv()?;
            }
            Ok(())
        }),
    ]
}

/// Tests with texts that formats have to escape.
fn awkward() -> Vec<Trial> {
    const TEXT: &str = "]]> <?xml & \u{1b}[31m";
    vec![
        Trial::test("a \"quoted\"\nname", || Err(TEXT.into())),
        Trial::test("in::modules::nested", || Err(TEXT.into())),
        Trial::test("mismatch", || panic!("{TEXT}")).with_should_panic(Some("other")),
        Trial::test("ignored", || Ok(())).with_ignored_reason("why \"not\"\n?"),
    ]
}

/// Tests that pass at their second attempt, or never.
fn flaky() -> Vec<Trial> {
    let attempts = Arc::new(AtomicUsize::new(0));
    let async_attempts = Arc::new(AtomicUsize::new(0));
    vec![
        Trial::repeatable(move || {
            let attempts = attempts.clone();
            let attempt = move || match attempts.fetch_add(1, Ordering::SeqCst) {
                0 => Err("not yet".into()),
                _ => Ok(()),
            };
            Trial::test("a_passes_later", attempt)
        }),
        Trial::repeatable(move || {
            let attempts = async_attempts.clone();
            Trial::async_test("b_passes_later", async move {
                let attempt = attempts.fetch_add(1, Ordering::SeqCst);
                println!("attempt with number {attempt}");
                assert!(attempt > 0);
                Ok(())
            })
        }),
        Trial::repeatable(|| Trial::test("c_always_fails", || Err("no".into()))),
        Trial::test("d_runs_once", || Err("never".into())),
    ]
}

/// Tests that fail at first, and then find that they cannot run.
fn skips_later() -> Vec<Trial> {
    let attempt = |attempts: &AtomicUsize| match attempts.fetch_add(1, Ordering::SeqCst) {
        0 => Err("not yet".into()),
        _ => Ok(Completion::ignored_with("no network")),
    };
    let attempts = Arc::new(AtomicUsize::new(0));
    let async_attempts = Arc::new(AtomicUsize::new(0));
    vec![
        Trial::repeatable(move || {
            let attempts = attempts.clone();
            Trial::ignorable_test("a_skips_later", move || attempt(&attempts))
        }),
        Trial::repeatable(move || {
            let attempts = async_attempts.clone();
            Trial::ignorable_async_test("b_skips_later", move || async move { attempt(&attempts) })
        }),
    ]
}

/// A test that waits for the end of the process, between others.
fn interrupted() -> Vec<Trial> {
    vec![
        Trial::test("a_fails", || Err("before".into())),
        Trial::test("b_waits", || {
            loop {
                println!("ready");
                thread::park();
            }
        }),
        Trial::test("c_never_starts", || Ok(())),
    ]
}

/// Trials that were made for another harness.
fn mimic() -> Vec<Trial> {
    use libtest_mimic::{Completion, Measurement, Trial as Theirs};
    vec![
        Theirs::test("a_passes", || Ok(())).into(),
        Theirs::test("b_fails", || {
            println!("printed");
            Err("a \"message\"\nof two lines".into())
        })
        .into(),
        Theirs::test("c_panics", || panic!("a panic")).into(),
        Theirs::test("d_is_ignored", || Ok(()))
            .with_ignored_flag(true)
            .into(),
        Theirs::ignorable_test("e_skips", || Ok(Completion::ignored_with("why"))).into(),
        Theirs::test("f_has_a_kind", || Ok(()))
            .with_kind("tidy")
            .into(),
        Theirs::bench("g_measures", |once| {
            Ok((!once).then_some(Measurement {
                avg: 1234,
                variance: 5,
            }))
        })
        .into(),
        Trial::test("h_ours", || Ok(())),
    ]
}

/// Runs tests under a panic hook of its own, and then panics itself.
fn hooked(args: &Arguments) -> Conclusion {
    panic::set_hook(Box::new(|info| {
        let text = info
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or_default();
        eprintln!("hook of the user's: {text}");
    }));
    let conclusion = libtest_async::run(args, vec![Trial::test("panics", || panic!("in a test"))]);
    let _ = panic::catch_unwind(|| panic!("after the run"));
    conclusion
}

/// Tests that fail when more than three of them are pending.
fn counting() -> Vec<Trial> {
    let pending = Arc::new(AtomicUsize::new(0));
    let counting = |number: usize| {
        let pending = pending.clone();
        Trial::async_test(number.to_string(), async move {
            assert!(pending.fetch_add(1, Ordering::SeqCst) < 3);
            yield_now().await;
            pending.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        })
    };
    (0..20).map(counting).collect()
}

/// Awaits `future` on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let std::task::Poll::Ready(output) =
            future.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return output;
        }
        thread::park();
    }
}
