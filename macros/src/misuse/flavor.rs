//! The arguments that choose a runtime of tokio.

use super::{error_of, main_error, test_error};
use crate::runtime::Runtime;
use crate::test_attribute;

/// Checks an error of both attributes. `TOKIO` in the message stands for the attribute's path.
#[track_caller]
fn both(arguments: &str, message: &str, spot: &str) {
    let for_test = message.replace("TOKIO", "pyo3_aio::tokio::test");
    test_error(arguments, "async fn t() {}", &for_test, spot);
    let for_main = message.replace("TOKIO", "pyo3_aio::tokio::main");
    main_error(
        Runtime::Tokio,
        arguments,
        "async fn main() {}",
        &for_main,
        spot,
    );
}

/// The texts and positions are those of tokio 1.54, but for the attribute's path.
#[test]
fn a_flavor_has_tokio_s_errors() {
    let message = "No such runtime flavor `threaded`. The runtime flavors are `current_thread` and \
        `multi_thread`.";
    both("flavor = \"threaded\"", message, "\"threaded\"");
    let message = "The `basic_scheduler` runtime flavor has been renamed to `current_thread`.";
    both(
        "flavor = \"basic_scheduler\"",
        message,
        "\"basic_scheduler\"",
    );
    let message = "The `threaded_scheduler` runtime flavor has been renamed to `multi_thread`.";
    both(
        "flavor = \"threaded_scheduler\"",
        message,
        "\"threaded_scheduler\"",
    );
    let message = "The single threaded runtime flavor is called `current_thread`.";
    both("flavor = \"single_thread\"", message, "\"single_thread\"");
    let message = "The `local` runtime flavor is not supported. Use `current_thread`, which polls the \
        function on one thread as well.";
    both("flavor = \"local\"", message, "\"local\"");
    let message = "Failed to parse value of `flavor` as string.";
    both("flavor = 5", message, "5");
    both("flavor = a::b", "Must be a literal", "a::b");
    both(
        "flavor",
        "The `flavor` attribute requires an argument.",
        "flavor",
    );
    let twice = "flavor = \"multi_thread\", flavor = \"current_thread\"";
    both(twice, "`flavor` set multiple times.", "\"current_thread\"");
}

/// The texts and positions are those of tokio 1.54, but for the attribute's path.
#[test]
fn other_arguments_of_tokio_have_its_errors() {
    both("worker_threads = -1", "Must be a literal", "-1");
    let message = "Failed to parse value of `worker_threads` as integer.";
    both("worker_threads = \"2\"", message, "\"2\"");
    let message = "Failed to parse value of `worker_threads` as integer: number too large to fit in \
        target type";
    let number = "99999999999999999999999";
    both(&format!("worker_threads = {number}"), message, number);
    let zero = "flavor = \"multi_thread\", worker_threads = 0";
    both(zero, "`worker_threads` may not be 0.", "0");
    let message = "The `worker_threads` option requires the `multi_thread` runtime flavor. Use \
        `#[TOKIO(flavor = \"multi_thread\")]`";
    both(
        "flavor = \"current_thread\", worker_threads = 2",
        message,
        "2",
    );
    let message = "Set the runtime flavor with #[TOKIO(flavor = \"multi_thread\")].";
    both("threaded_scheduler", message, "threaded_scheduler");
    both("multi_thread", message, "multi_thread");
    let message = "Set the runtime flavor with #[TOKIO(flavor = \"current_thread\")].";
    both("basic_scheduler", message, "basic_scheduler");
    let message = "Attribute `core_threads` is renamed to `worker_threads`";
    both("core_threads = 2", message, "core_threads = 2");
}

#[test]
fn a_test_has_one_thread_unless_it_asks_for_more() {
    let item = "async fn t() {}";
    let message = "The `worker_threads` option requires the `multi_thread` runtime flavor. Use \
        `#[pyo3_aio::tokio::test(flavor = \"multi_thread\")]`";
    test_error("worker_threads = 2", item, message, "2");
    let message = "The `start_paused` option requires the `current_thread` runtime flavor. Use \
        `#[pyo3_aio::tokio::test(flavor = \"current_thread\")]`";
    for paused in ["true", "false"] {
        let arguments = format!("flavor = \"multi_thread\", start_paused = {paused}");
        test_error(&arguments, item, message, paused);
    }
    let message = "Failed to parse value of `start_paused` as bool.";
    test_error("start_paused = 1", item, message, "1");
}

#[test]
fn only_async_tests_of_tokio_choose_their_runtime() {
    let message = "`flavor` is for async tests: a sync one has no runtime of its own, and uses the \
        library's";
    let arguments = "flavor = \"multi_thread\", worker_threads = 2";
    test_error(arguments, "fn t() {}", message, "flavor");
    for runtime in [Runtime::AsyncStd, Runtime::Smol] {
        for name in ["flavor", "worker_threads", "start_paused", "core_threads"] {
            let arguments = format!("{name} = 1");
            let item = "async fn t() {}";
            let (message, spot) = error_of(test_attribute::expand, runtime, &arguments, item);
            let start = format!("unknown argument `{name}`; there is `timeout = ");
            assert!(message.starts_with(&start), "{message}");
            assert!(!message.contains("flavor = "), "{message}");
            assert_eq!(spot, name);
        }
    }
}
