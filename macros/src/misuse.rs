//! Misuse of the attributes: every message, and the spot that it points at.

mod flavor;

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::runtime::Runtime;
use crate::{generator_attribute, main_attribute, test_attribute};

type Expand = fn(Runtime, TokenStream, TokenStream) -> TokenStream;

/// Returns the message of the error that the expansion holds, and the source text that it points at.
fn error_of(expand: Expand, runtime: Runtime, arguments: &str, item: &str) -> (String, String) {
    let parse = |text: &str| {
        text.parse::<TokenStream>()
            .expect("the test's source has tokens")
    };
    let expanded: Vec<TokenTree> = expand(runtime, parse(arguments), parse(item))
        .into_iter()
        .collect();
    let at = expanded
        .iter()
        .position(|token| token.to_string() == "compile_error");
    let at = at.unwrap_or_else(|| panic!("no error in {expanded:?}"));
    let TokenTree::Group(group) = &expanded[at + 2] else {
        panic!("`compile_error!` has an argument");
    };
    let message = group
        .stream()
        .into_iter()
        .next()
        .expect("the argument is a string");
    let spot = join(expanded[at].span(), group.span());
    let message: syn::LitStr = syn::parse2(message.into()).expect("the argument is a string");
    (message.value(), spot)
}

fn join(start: Span, end: Span) -> String {
    start
        .join(end)
        .and_then(|span| span.source_text())
        .unwrap_or_default()
}

#[track_caller]
fn test_error(arguments: &str, item: &str, message: &str, spot: &str) {
    let (actual, at) = error_of(test_attribute::expand, Runtime::Tokio, arguments, item);
    assert_eq!((actual.as_str(), at.as_str()), (message, spot));
}

#[track_caller]
fn main_error(runtime: Runtime, arguments: &str, item: &str, message: &str, spot: &str) {
    let (actual, at) = error_of(main_attribute::expand, runtime, arguments, item);
    assert_eq!((actual.as_str(), at.as_str()), (message, spot));
}

#[test]
fn a_generator_is_a_plain_function_without_arguments() {
    let generator_error = |arguments, item, message: &str, spot: &str| {
        let expand = generator_attribute::expand;
        let (actual, at) = error_of(expand, Runtime::Tokio, arguments, item);
        assert_eq!((actual.as_str(), at.as_str()), (message, spot));
    };
    let message =
        "a test generator cannot be async: it runs before the event loop, and before Python";
    generator_error("", "async fn g() -> Vec<Test> { vec![] }", message, "async");
    let message = "a test generator takes no arguments; it returns a `Vec<Test>`";
    generator_error("", "fn g(n: u8) -> Vec<Test> { vec![] }", message, "n: u8");
    let message = "a test generator cannot be unsafe";
    generator_error(
        "",
        "unsafe fn g() -> Vec<Test> { vec![] }",
        message,
        "unsafe",
    );
    let message = "unknown argument `serial`; there is `crate = \"::pyo3_aio\"`";
    generator_error(
        "serial",
        "fn g() -> Vec<Test> { vec![] }",
        message,
        "serial",
    );
}

#[test]
fn a_test_is_a_plain_function() {
    test_error(
        "",
        "struct S;",
        "only functions can have this attribute",
        "struct",
    );
    test_error("", "unsafe fn t() {}", "a test cannot be unsafe", "unsafe");
    test_error("", "const fn t() {}", "a test cannot be const", "const");
    test_error(
        "",
        "extern \"C\" fn t() {}",
        "a test cannot be extern",
        "extern \"C\"",
    );
    let message = "a test cannot be generic: its type parameters cannot be inferred";
    test_error("", "fn t<T: Default>() {}", message, "<T: Default>");
    test_error("", "fn t<'a>() {}", message, "<'a>");
}

#[test]
fn a_test_takes_nothing_but_the_event_loop() {
    let message = "an async test takes no arguments; it finds its loop with `get_current_locals`";
    test_error(
        "",
        "async fn t(event_loop: Py<PyAny>) {}",
        message,
        "event_loop: Py<PyAny>",
    );
    let message = "a test takes at most one argument, the event loop: `event_loop: Py<PyAny>`";
    test_error(
        "",
        "fn t(event_loop: Py<PyAny>, more: u8) {}",
        message,
        "more: u8",
    );
    let message = "a test cannot be a method: move it out of the `impl`";
    test_error("", "fn t(&self) {}", message, "&self");
}

#[test]
fn a_test_returns_nothing_or_a_result() {
    let message = "a test returns nothing, `PyResult<()>` or `Result<(), E>`";
    test_error("", "fn t() -> (u8, u8) { (1, 2) }", message, "(u8, u8)");
    test_error(
        "",
        "async fn t() -> impl Future { f() }",
        message,
        "impl Future",
    );
    test_error(
        "",
        "fn t() -> &'static str { \"\" }",
        message,
        "&'static str",
    );
}

#[test]
fn tags_are_a_list_of_words() {
    let needed = "a list of strings, as in `tags = [\"slow\"]`";
    let item = "fn t() {}";
    test_error(
        "tags = \"slow\"",
        item,
        &format!("the value of `tags` must be {needed}"),
        "\"slow\"",
    );
    test_error(
        "tags = [\"slow\", 1]",
        item,
        &format!("the value of `tags` must be {needed}"),
        "1",
    );
    test_error("tags", item, &format!("`tags` needs {needed}"), "tags");
    let message = "a tag is a word without blanks and parentheses, and none of `and`, `or`, `not`";
    for wrong in ["\"\"", "\"a b\"", "\"not\"", "\"(\""] {
        test_error(&format!("tags = [\"a\", {wrong}]"), item, message, wrong);
    }
}

#[test]
fn expected_failures_have_a_reason_and_may_be_strict() {
    let item = "fn t() {}";
    let message = "unknown argument `strikt`; there is `strict`, `reason = \"issue 12\"`";
    test_error("xfail(strikt)", item, message, "strikt");
    let message = "the value of `xfail` must be a string, as in `xfail = \"issue 12\"`";
    test_error("xfail = 12", item, message, "12");
    let message = "the value of `reason` must be a string, as in `reason = \"issue 12\"`";
    test_error("xfail(strict, reason = 12)", item, message, "12");
    let message = "`strict` takes no value";
    test_error("xfail(strict = true)", item, message, "true");
}

#[test]
fn retries_and_times_are_numbers() {
    let item = "fn t() {}";
    let message = "the value of `retries` must be a whole number, as in `retries = 2`";
    test_error("retries = \"2\"", item, message, "\"2\"");
    let message = "`retries` needs a whole number, as in `retries = 2`";
    test_error("retries", item, message, "retries");
    let message = "expected a time, as in \"500ms\", \"5s\" or \"2m\"";
    test_error("max_time = \"50\"", item, message, "\"50\"");
}

#[test]
fn a_test_knows_its_arguments() {
    let message = "unknown argument `timeuot`; there is `timeout = \"5s\"`, `serial`, \
        `loop = \"uvloop\"`, `raises = \"ValueError\"`, `tags = [\"slow\"]`, `retries = 2`, `xfail = \"issue 12\"`, `max_time = \"50ms\"`, `debug`, `flavor = \"multi_thread\"`, \
        `worker_threads = 2`, `start_paused = true`, `crate = \"::pyo3_aio\"`";
    test_error("timeuot = \"5s\"", "fn t() {}", message, "timeuot");
    let message = "`crate` is given more than once";
    test_error(
        "crate = \"a\", crate = \"b\"",
        "fn t() {}",
        message,
        "crate",
    );
    test_error(
        "crate = 5",
        "fn t() {}",
        "the value of `crate` must be a string, as in `crate = \"::pyo3_aio\"`",
        "5",
    );
    test_error(
        "crate",
        "fn t() {}",
        "`crate` needs a string, as in `crate = \"::pyo3_aio\"`",
        "crate",
    );
    test_error(
        "crate = a::b",
        "fn t() {}",
        "the value of `crate` must be a literal, as in `crate = \"::pyo3_aio\"`",
        "a::b",
    );
    let message = "expected the path of a crate, as in `crate = \"::pyo3_aio\"`";
    test_error("crate = \"1+1\"", "fn t() {}", message, "\"1+1\"");
}

#[test]
fn the_form_of_an_argument_is_shown_by_an_example() {
    let message = "an argument begins with its name, as in `timeout = \"5s\"`";
    test_error("\"x\"", "fn t() {}", message, "\"x\"");
    test_error("serial, 5", "fn t() {}", message, "5");
    let message = "the value of `timeout` must be a string, as in `timeout = \"5s\"`";
    test_error("timeout = 5", "fn t() {}", message, "5");
    let message = "`timeout` needs a string, as in `timeout = \"5s\"`";
    test_error("timeout", "fn t() {}", message, "timeout");
    let message = "expected a comma, or an argument as in `timeout = \"5s\"`";
    test_error("timeout(\"5s\")", "fn t() {}", message, "(");
    test_error("timeout = \"5s\" serial", "fn t() {}", message, "serial");
    let message = "an argument begins with its name, as in `crate = \"::pyo3_aio\"`";
    let main = "async fn main() {}";
    main_error(Runtime::Smol, "\"x\"", main, message, "\"x\"");
}

#[test]
fn the_arguments_of_a_test_have_values_that_can_be_honoured() {
    let message = "expected a time, as in \"500ms\", \"5s\" or \"2m\"";
    for time in [
        "\"5\"",
        "\"s\"",
        "\"0s\"",
        "\"5h\"",
        "\"-5s\"",
        "\"1.5s\"",
        "\"99999999999999999999s\"",
    ] {
        test_error(&format!("timeout = {time}"), "fn t() {}", message, time);
    }
    test_error(
        "serial = true",
        "fn t() {}",
        "`serial` takes no value",
        "true",
    );
    let message = "unknown loop `trio`; there is `asyncio`, `uvloop` and `own`";
    test_error("loop = \"trio\"", "fn t() {}", message, "\"trio\"");
    let message =
        "expected an exception's name, as in \"ValueError\" or \"asyncio.CancelledError\"";
    test_error(
        "raises = \"a b\"",
        "fn t() -> PyResult<()> {}",
        message,
        "\"a b\"",
    );
    let message = "a test that raises has to return a `PyResult<()>`";
    test_error("raises = \"ValueError\"", "fn t() {}", message, "raises");
    let message = "a test either raises or panics: remove `raises` or `#[should_panic]`";
    test_error(
        "raises = \"ValueError\"",
        "#[should_panic] fn t() -> PyResult<()> {}",
        message,
        "raises",
    );
}

#[test]
fn marks_have_the_form_that_libtest_takes() {
    let message = "expected `#[ignore]` or `#[ignore = \"why\"]`";
    test_error("", "#[ignore(why)] fn t() {}", message, "#[ignore(why)]");
    test_error("", "#[ignore = 5] fn t() {}", "expected a string", "5");
    test_error(
        "",
        "#[should_panic(text = \"a\")] fn t() {}",
        "expected `expected = \"...\"`",
        "text",
    );
}

#[test]
fn a_function_is_registered_once() {
    let message = "this is registered twice: remove `#[test]`, which would run it without Python (if \
        it is test_log's, write `#[test_log::test]`; if rstest has added it, write this attribute as \
        `#[test_attr(..)]`)";
    test_error("", "#[test] fn t() {}", message, "#[test]");
    let message = "this is registered twice: remove one of its `test` attributes";
    for attribute in ["#[pyo3_aio::tokio::test]", "#[tokio::test(flavor = \"a\")]"] {
        test_error("", &format!("{attribute} fn t() {{}}"), message, attribute);
    }
    let message = "this is registered twice: remove `#[sqlx::test]`, which starts a runtime of its \
        own, and open the pool in the test";
    test_error(
        "",
        "#[sqlx::test] async fn t() {}",
        message,
        "#[sqlx::test]",
    );
    let message = "this is registered twice: remove one of its `test` attributes, or have one wrap \
        the other, as in `#[other::test(pyo3_aio::tokio::test)]`";
    test_error(
        "",
        "#[other::test] async fn t() {}",
        message,
        "#[other::test]",
    );
}

#[test]
fn main_is_an_async_function_without_arguments() {
    let runtime = Runtime::AsyncStd;
    let message = "the main function must be async, or have no attribute";
    main_error(runtime, "", "fn main() {}", message, "fn");
    let message = "the main function takes no arguments";
    main_error(
        runtime,
        "",
        "async fn main(a: u8, b: u8) {}",
        message,
        "a: u8, b: u8",
    );
    main_error(
        runtime,
        "",
        "async unsafe fn main() {}",
        "the main function cannot be unsafe",
        "unsafe",
    );
}

#[test]
fn main_knows_its_arguments() {
    let main = "async fn main() {}";
    let message = "unknown argument `flavor`; there is `crate = \"::pyo3_aio\"`";
    main_error(
        Runtime::Smol,
        "flavor = \"multi_thread\"",
        main,
        message,
        "flavor",
    );
    let message = "unknown argument `threads`; there is `flavor = \"current_thread\"`, \
        `worker_threads = 2`, `crate = \"::pyo3_aio\"`";
    main_error(Runtime::Tokio, "threads = 2", main, message, "threads");
}

#[test]
fn a_function_with_an_error_is_left_as_it_was() {
    let item = "async fn t(a: u8) { body() }";
    let tokens = |text: &str| {
        text.parse::<TokenStream>()
            .expect("the test's source has tokens")
    };
    let expanded =
        test_attribute::expand(Runtime::Smol, TokenStream::new(), tokens(item)).to_string();
    assert!(expanded.ends_with(&tokens(item).to_string()), "{expanded}");
}
