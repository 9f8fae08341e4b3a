//! The types that PyO3's introspection shows of functions which the attributes make, with feature `experimental-inspect`.
//!
//! A crate cannot ask which features PyO3 has, so that this library has a feature of the same name, which switches PyO3's on.

#[cfg(feature = "experimental-inspect")]
pub use described::OutputType;
#[cfg(not(feature = "experimental-inspect"))]
pub use unknown::OutputType;

#[cfg(feature = "experimental-inspect")]
mod described {
    use pyo3::impl_::introspection::PyReturnType;
    use pyo3::inspect::PyStaticExpr;
    use pyo3::type_object::PyTypeInfo;
    use pyo3::types::PyNone;
    use pyo3::{type_hint_identifier, type_hint_subscript};

    /// The output of an async function, as type checkers see it.
    #[doc(hidden)]
    pub trait OutputType {
        /// The type of the value.
        const VALUE: PyStaticExpr;
        /// The type of a coroutine that returns it.
        const COROUTINE: PyStaticExpr;
        /// The type of a future that has it as its result.
        const FUTURE: PyStaticExpr;
    }

    impl<O: PyReturnType> OutputType for O {
        const VALUE: PyStaticExpr = none_for_unit(O::OUTPUT_TYPE);
        const COROUTINE: PyStaticExpr = type_hint_subscript!(
            type_hint_identifier!("collections.abc", "Coroutine"),
            type_hint_identifier!("typing", "Any"),
            type_hint_identifier!("typing", "Any"),
            O::VALUE
        );
        const FUTURE: PyStaticExpr =
            type_hint_subscript!(type_hint_identifier!("asyncio", "Future"), O::VALUE);
    }

    /// Makes None of `tuple[()]`, which only `()` has: the attributes return None for it.
    const fn none_for_unit(output: PyStaticExpr) -> PyStaticExpr {
        match output {
            PyStaticExpr::Subscript {
                slice: PyStaticExpr::Tuple { elts: [] },
                ..
            } => PyNone::TYPE_HINT,
            output => output,
        }
    }
}

#[cfg(not(feature = "experimental-inspect"))]
mod unknown {
    /// The output of an async function, as type checkers see it: described with feature `experimental-inspect` alone.
    #[doc(hidden)]
    pub trait OutputType {}

    impl<O> OutputType for O {}
}
