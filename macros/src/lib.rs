//! The attributes `main`, `pyfunction`, `pymethods` and `test` of [`pyo3-aio`](https://docs.rs/pyo3-aio), once for all runtimes.
//!
//! They are used under the names that `pyo3-aio` gives them, `#[pyo3_aio::tokio::test]` and so on,
//! and documented there.

mod arguments;
mod borrowed_types;
mod crate_path;
mod flavor;
mod function;
mod generator_attribute;
mod libtest_attributes;
mod main_attribute;
#[cfg(test)]
mod misuse;
mod pyfunction_arguments;
mod pyfunction_attribute;
mod pymethods_attribute;
mod runtime;
mod test_attribute;
mod test_settings;
mod tokio_arguments;
mod usage;
mod wrappers;

use proc_macro::TokenStream;

use runtime::Runtime;

/// Runs an async `main` under asyncio, with tokio as the runtime of its Rust futures.
///
/// `flavor = "multi_thread"` is the default, with `worker_threads = N` threads or one for each core;
/// `flavor = "current_thread"` runs all futures on one thread beside the main one, which is Python's. `crate = "path"`
/// names the library if its name cannot be read from the manifest.
#[doc = include_str!("../docs/main.md")]
#[proc_macro_attribute]
pub fn tokio_main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main_attribute::expand(Runtime::Tokio, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pyfunction.md")]
#[proc_macro_attribute]
pub fn tokio_pyfunction(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pyfunction_attribute::expand(Runtime::Tokio, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pymethods.md")]
#[proc_macro_attribute]
pub fn tokio_pymethods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pymethods_attribute::expand(Runtime::Tokio, arguments.into(), item.into()).into()
}

/// Registers a function as a test that runs on tokio.
#[doc = include_str!("../docs/test.md")]
#[proc_macro_attribute]
pub fn tokio_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test_attribute::expand(Runtime::Tokio, arguments.into(), item.into()).into()
}

/// Registers a function that makes tests, which run on tokio.
#[doc = include_str!("../docs/test_generator.md")]
#[proc_macro_attribute]
pub fn tokio_test_generator(arguments: TokenStream, item: TokenStream) -> TokenStream {
    generator_attribute::expand(Runtime::Tokio, arguments.into(), item.into()).into()
}

/// Runs an async `main` under asyncio, with async-std as the runtime of its Rust futures.
///
/// `crate = "path"` names the library if its name cannot be read from the manifest.
#[doc = include_str!("../docs/main.md")]
#[proc_macro_attribute]
pub fn async_std_main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main_attribute::expand(Runtime::AsyncStd, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pyfunction.md")]
#[proc_macro_attribute]
pub fn async_std_pyfunction(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pyfunction_attribute::expand(Runtime::AsyncStd, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pymethods.md")]
#[proc_macro_attribute]
pub fn async_std_pymethods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pymethods_attribute::expand(Runtime::AsyncStd, arguments.into(), item.into()).into()
}

/// Registers a function as a test that runs on async-std.
#[doc = include_str!("../docs/test.md")]
#[proc_macro_attribute]
pub fn async_std_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test_attribute::expand(Runtime::AsyncStd, arguments.into(), item.into()).into()
}

/// Registers a function that makes tests, which run on async-std.
#[doc = include_str!("../docs/test_generator.md")]
#[proc_macro_attribute]
pub fn async_std_test_generator(arguments: TokenStream, item: TokenStream) -> TokenStream {
    generator_attribute::expand(Runtime::AsyncStd, arguments.into(), item.into()).into()
}

/// Runs an async `main` under asyncio, with smol as the runtime of its Rust futures.
///
/// `crate = "path"` names the library if its name cannot be read from the manifest.
#[doc = include_str!("../docs/main.md")]
#[proc_macro_attribute]
pub fn smol_main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main_attribute::expand(Runtime::Smol, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pyfunction.md")]
#[proc_macro_attribute]
pub fn smol_pyfunction(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pyfunction_attribute::expand(Runtime::Smol, arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/pymethods.md")]
#[proc_macro_attribute]
pub fn smol_pymethods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pymethods_attribute::expand(Runtime::Smol, arguments.into(), item.into()).into()
}

/// Registers a function as a test that runs on smol.
#[doc = include_str!("../docs/test.md")]
#[proc_macro_attribute]
pub fn smol_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test_attribute::expand(Runtime::Smol, arguments.into(), item.into()).into()
}

/// Registers a function that makes tests, which run on smol.
#[doc = include_str!("../docs/test_generator.md")]
#[proc_macro_attribute]
pub fn smol_test_generator(arguments: TokenStream, item: TokenStream) -> TokenStream {
    generator_attribute::expand(Runtime::Smol, arguments.into(), item.into()).into()
}
