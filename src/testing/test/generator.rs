//! Tests that a function makes when the binary starts.

use std::fmt::Debug;
use std::panic;

use super::failure::TestFailure;
use super::test::{Test, TestWork, full_name};
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::source_file::SourceLocation;

/// The result of a generator that did not panic.
pub(crate) type GeneratedTests = Result<Vec<Test>, TestFailure>;

/// A return type of generators: `Vec<Test>`, or a `Result` of it whose error can be debug-printed.
#[diagnostic::on_unimplemented(
    message = "a test generator cannot return `{Self}`",
    label = "a test generator returns `Vec<Test>`, or `Result<Vec<Test>, E>` with `E: Debug + 'static`"
)]
pub trait GeneratorOutput {
    /// Converts the value for the harness.
    #[doc(hidden)]
    fn into_tests(self) -> GeneratedTests;
}

impl GeneratorOutput for Vec<Test> {
    fn into_tests(self) -> GeneratedTests {
        Ok(self)
    }
}

impl<E: Debug + 'static> GeneratorOutput for Result<Vec<Test>, E> {
    fn into_tests(self) -> GeneratedTests {
        self.map_err(TestFailure::new)
    }
}

/// Converts the output of a generator. The attribute calls this, since the trait need not be in scope there.
#[doc(hidden)]
pub fn generated<R: GeneratorOutput>(output: R) -> GeneratedTests {
    output.into_tests()
}

/// A generator that an attribute submits to `inventory`.
#[doc(hidden)]
pub struct GeneratorRegistration {
    module: &'static str,
    name: &'static str,
    source: SourceLocation,
    runtime: &'static TestRuntime,
    generate: fn() -> GeneratedTests,
}

inventory::collect!(GeneratorRegistration);

impl GeneratorRegistration {
    /// Takes `module_path!()`, the function's name, `(file!(), line!(), column!())`, the runtime and the function.
    #[must_use]
    pub const fn new(
        module: &'static str,
        name: &'static str,
        source: (&'static str, u32, u32),
        runtime: &'static TestRuntime,
        generate: fn() -> GeneratedTests,
    ) -> Self {
        let (file, line, column) = source;
        Self {
            module,
            name,
            source: SourceLocation { file, line, column },
            runtime,
            generate,
        }
    }

    /// Calls the generator. For one that fails or panics stands a test of its name that fails; where a filter asks for a test
    /// of the generator, of that name.
    fn to_tests(&self, filters: &[String]) -> Vec<Test> {
        let name = full_name(self.module, self.name);
        let failure = match panic::catch_unwind(self.generate) {
            Ok(Ok(tests)) => {
                let tests = tests.into_iter();
                return tests.map(|test| self.complete(&name, test)).collect();
            }
            Ok(Err(failure)) => Some(failure),
            // The text of the panic is on standard error.
            Err(_payload) => None,
        };
        let start = format!("{name}::");
        let asked_for = filters.iter().find(|filter| filter.starts_with(&start));
        let name = asked_for.cloned().unwrap_or(name);
        let work = TestWork::Sync(Box::new(|| match failure {
            Some(failure) => Err(failure),
            None => panic!("the function that generates the tests has panicked"),
        }));
        vec![Test {
            source: Some(self.source),
            ..Test::new(name, work, Some(self.runtime))
        }]
    }

    /// Gives a test the generator's path, runtime and, unless it has one, location.
    fn complete(&self, path: &str, test: Test) -> Test {
        Test {
            name: format!("{path}::{}", test.name),
            runtime: test.runtime.or(Some(self.runtime)),
            source: test.source.or(Some(self.source)),
            ..test
        }
    }
}

/// Returns the tests of all generators.
pub(super) fn tests(filters: &[String]) -> impl Iterator<Item = Test> {
    inventory::iter::<GeneratorRegistration>().flat_map(|generator| generator.to_tests(filters))
}
