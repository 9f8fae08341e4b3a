//! Thread-local state across awaits: a test is polled on one thread.

use std::time::Duration;

/// Waits in many ways, so that a future that could move to another thread does.
async fn hop() {
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
    }
}

/// Tests of the same body, so that several run at once.
macro_rules! tests {
    ($body:ident: $($name:ident)*) => {
        $(
            #[gtest]
            #[pyo3_aio::tokio::test]
            async fn $name() {
                $body().await;
            }
        )*
    };
}

/// A failing assertion is noted for the thread.
mod assertions {
    use googletest::prelude::{eq, expect_that, gtest};

    use super::hop;

    async fn fail_between_hops() {
        hop().await;
        expect_that!(1, eq(2));
        hop().await;
    }

    tests!(fail_between_hops: a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd);
}

/// A subscriber is that of the thread as long as its guard lives.
mod subscribers {
    use std::sync::{Arc, Mutex};

    use googletest::prelude::gtest;
    use tracing_subscriber::fmt::MakeWriter;

    use super::hop;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    async fn see_their_own_events() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        hop().await;
        tracing::info!("between two hops");
        hop().await;
        drop(guard);
        tracing::info!("after the guard");
        let seen = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(seen.lines().count(), 1, "{seen}");
        assert!(seen.contains("between two hops"), "{seen}");
    }

    tests!(see_their_own_events: a b c d e f g h i j k l m n o p q r s t);
}

/// Values that are not `Send` may live across an await.
mod not_send {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use serial_test::serial;

    use super::hop;

    #[pyo3_aio::tokio::test]
    async fn shared_values() {
        let counter = Rc::new(RefCell::new(0));
        hop().await;
        *counter.borrow_mut() += 1;
        hop().await;
        assert_eq!(*counter.borrow(), 1);
    }

    #[pyo3_aio::async_std::test]
    async fn shared_values_on_async_std() {
        let counter = Rc::new(());
        async_std::task::sleep(Duration::from_millis(1)).await;
        assert_eq!(Rc::strong_count(&counter), 1);
    }

    #[pyo3_aio::smol::test]
    async fn shared_values_on_smol() {
        let counter = Rc::new(());
        smol::Timer::after(Duration::from_millis(1)).await;
        assert_eq!(Rc::strong_count(&counter), 1);
    }

    #[pyo3_aio::tokio::test]
    #[serial]
    async fn turns_of_serial_test() {
        hop().await;
    }

    #[serial]
    #[pyo3_aio::tokio::test]
    async fn turns_above_it_that_fail() {
        hop().await;
        panic!("the turn goes on to the next");
    }

    #[pyo3_aio::tokio::test]
    async fn snapshots() {
        let settings = insta::Settings::clone_current();
        let bound = settings.bind_to_scope();
        hop().await;
        insta::assert_snapshot!("text", @"text");
        drop(bound);
    }

    #[pyo3_aio::tokio::test]
    #[tracing_test::traced_test]
    async fn spans() {
        hop().await;
        tracing::info!("logged");
        hop().await;
        assert!(logs_contain("logged"));
    }

    #[pyo3_aio::tokio::test]
    #[tracing_test::traced_test]
    async fn spans_that_fail() {
        hop().await;
        assert!(logs_contain("never logged"));
    }
}

/// The runtime of a test is the one that `#[tokio::test]` would make.
mod flavors {
    use std::time::Duration;

    use tokio::runtime::{Handle, RuntimeFlavor};
    use tokio::time::{self, Instant};

    #[pyo3_aio::tokio::test]
    async fn one_thread() {
        let flavor = Handle::current().runtime_flavor();
        assert_eq!(flavor, RuntimeFlavor::CurrentThread);
    }

    #[pyo3_aio::tokio::test(flavor = "current_thread")]
    async fn one_thread_by_name() {
        let flavor = Handle::current().runtime_flavor();
        assert_eq!(flavor, RuntimeFlavor::CurrentThread);
    }

    #[pyo3_aio::tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn three_threads() {
        let runtime = Handle::current();
        assert_eq!(runtime.runtime_flavor(), RuntimeFlavor::MultiThread);
        assert_eq!(runtime.metrics().num_workers(), 3);
    }

    /// An hour of a clock that stands still.
    #[pyo3_aio::tokio::test(start_paused = true, timeout = "1m")]
    async fn leaping_clock() {
        let started = Instant::now();
        time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(started.elapsed().as_secs(), 3600);
    }
}
