//! The attribute `test`: async and sync functions, on every runtime, beside other attributes.

/// Sleeps in Python, on the loop that the harness runs.
macro_rules! sleep_in_python {
    ($runtime:ident, $seconds:expr) => {
        Python::attach(|py| {
            let asyncio = py.import("asyncio")?;
            pyo3_aio::$runtime::into_future(asyncio.call_method1("sleep", ($seconds,))?)
        })?
        .await?
    };
}

mod guide {
    use std::thread;
    use std::time::Duration;

    use pyo3::prelude::*;

    /// Two tests that each sleep for a second: together they take one, with two threads.
    #[pyo3_aio::tokio::test]
    async fn sleeps_asynchronously() -> PyResult<()> {
        sleep_in_python!(tokio, 1);
        Ok(())
    }

    #[pyo3_aio::tokio::test]
    fn sleeps_synchronously() -> PyResult<()> {
        thread::sleep(Duration::from_secs(1));
        Ok(())
    }
}

mod runtimes {
    use std::time::Duration;

    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test]
    async fn tokio_finds_its_own_timer_and_the_loop() -> PyResult<()> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        sleep_in_python!(tokio, 0.001);
        Ok(())
    }

    #[pyo3_aio::async_std::test]
    async fn async_std_finds_its_own_timer_and_the_loop() -> PyResult<()> {
        async_std::task::sleep(Duration::from_millis(1)).await;
        sleep_in_python!(async_std, 0.001);
        Ok(())
    }

    #[pyo3_aio::smol::test]
    async fn smol_finds_its_own_timer_and_the_loop() -> PyResult<()> {
        smol::Timer::after(Duration::from_millis(1)).await;
        sleep_in_python!(smol, 0.001);
        Ok(())
    }

    #[pyo3_aio::tokio::test]
    fn a_sync_test_has_tokio_around_it() {
        let handle = tokio::runtime::Handle::current();
        assert_eq!(handle.block_on(async { 1 }), 1);
    }
}

mod sync {
    use std::thread;

    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test]
    fn may_take_the_event_loop(event_loop: Py<PyAny>) -> PyResult<()> {
        Python::attach(|py| {
            assert!(
                event_loop
                    .bind(py)
                    .call_method0("is_running")?
                    .extract::<bool>()?
            );
            assert!(
                event_loop
                    .bind(py)
                    .is(&pyo3_aio::tokio::get_current_loop(py)?)
            );
            Ok(())
        })
    }

    #[pyo3_aio::async_std::test]
    fn has_a_thread_that_bears_its_name() {
        assert_eq!(
            thread::current().name(),
            Some("attributes::sync::has_a_thread_that_bears_its_name")
        );
    }
}

mod returns {
    use std::fmt;

    #[derive(Debug)]
    struct OwnError;

    impl fmt::Display for OwnError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("own")
        }
    }

    impl std::error::Error for OwnError {}

    type Alias = Result<(), OwnError>;

    #[pyo3_aio::tokio::test]
    async fn nothing() {}

    #[pyo3_aio::tokio::test]
    async fn a_result_of_any_error() -> Result<(), OwnError> {
        Ok(())
    }

    #[pyo3_aio::tokio::test]
    fn an_alias() -> Alias {
        Ok(())
    }

    #[pyo3_aio::tokio::test]
    async fn a_boxed_error() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

mod marks {
    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test]
    #[ignore]
    fn ignored() {
        panic!("this ran");
    }

    #[ignore = "not here"]
    #[pyo3_aio::tokio::test]
    async fn ignored_with_a_reason() {
        panic!("this ran");
    }

    #[pyo3_aio::tokio::test]
    #[should_panic]
    async fn panics() {
        panic!("as it should");
    }

    #[pyo3_aio::tokio::test]
    #[should_panic(expected = "it should")]
    fn panics_with_a_text() {
        panic!("as it should");
    }

    #[pyo3_aio::tokio::test]
    #[cfg_attr(all(), ignore = "decided by cfg_attr")]
    async fn ignored_by_cfg_attr() {
        panic!("this ran");
    }

    #[pyo3_aio::tokio::test]
    #[cfg(any())]
    async fn left_out_by_cfg() {
        no_such_function();
    }

    #[pyo3_aio::tokio::test]
    async fn skips_itself() -> PyResult<()> {
        sleep_in_python!(tokio, 0);
        pyo3_aio::testing::skip!("because of {}", "a reason");
    }

    #[pyo3_aio::tokio::test]
    fn skips_itself_from_a_function_that_it_calls() {
        fn helper() -> u32 {
            pyo3_aio::testing::skip!("deep down")
        }
        panic!("{}", helper());
    }
}

mod cases {
    use pyo3::prelude::*;
    use rstest::rstest;
    use test_case::test_case;

    #[rstest]
    #[case(1, 2)]
    #[case::named(2, 4)]
    #[pyo3_aio::tokio::test]
    async fn of_rstest(#[case] number: u8, #[case] double: u8) -> PyResult<()> {
        sleep_in_python!(tokio, 0);
        assert_eq!(number * 2, double);
        Ok(())
    }

    #[rstest::fixture]
    fn three() -> u8 {
        3
    }

    #[rstest]
    #[pyo3_aio::smol::test(timeout = "1m")]
    fn with_a_fixture(three: u8, #[values(4, 5)] more: u8) {
        assert!(three < more);
    }

    #[test_case(1, 2)]
    #[test_case(2, 4; "with a name")]
    #[pyo3_aio::async_std::test]
    async fn of_test_case(number: u8, double: u8) -> PyResult<()> {
        sleep_in_python!(async_std, 0);
        assert_eq!(number * 2, double);
        Ok(())
    }

    /// The macros of cases give each the attribute; this looks for the tests that they make.
    #[pyo3_aio::tokio::test]
    fn each_case_is_a_test() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--list", "attributes::cases::"])
            .output()
            .unwrap();
        let list = String::from_utf8(output.stdout).unwrap();
        let expected = "\
attributes::cases::each_case_is_a_test: test
attributes::cases::of_rstest::case_1: test
attributes::cases::of_rstest::case_2_named: test
attributes::cases::of_test_case::test_case_1_1_2_expects: test
attributes::cases::of_test_case::test_case_2_with_a_name: test
attributes::cases::with_a_fixture::more_1_4: test
attributes::cases::with_a_fixture::more_2_5: test
";
        assert!(list.starts_with(expected), "{list}");
    }
}

mod names {
    #[pyo3_aio::tokio::test(crate = "::pyo3_aio")]
    async fn the_crate_can_be_named() {}

    #[pyo3_aio::tokio::test]
    async fn r#match() {}
}
