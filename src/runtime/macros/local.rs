//! The deprecated functions for futures that are not `Send`.

/// Defines them for a runtime that can run local tasks; they call those of the module `generic`.
macro_rules! local_functions {
    ($runtime:ty) => {
        /// Converts a Rust future that is not `Send` into a Python future; see [`generic::local_future_into_py`].
        ///
        /// # Errors
        ///
        /// `RuntimeError`: there is no running event loop, or it is closed.
        ///
        /// # Panics
        ///
        /// Where the runtime's `spawn_local` does.
        #[deprecated(note = "convert a future that is `Send`: the event loop runs on another thread than the future")]
        pub fn local_future_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
        where
            F: Future<Output = PyResult<T>> + 'static,
            T: for<'py> IntoPyObject<'py>,
        {
            #[expect(deprecated, reason = "so is this one")]
            generic::local_future_into_py::<$runtime, F, T>(py, fut)
        }

        /// Converts a Rust future that is not `Send` into a Python future on the loop of the locals; see
        /// [`generic::local_future_into_py_with_locals`].
        ///
        /// # Errors
        ///
        /// `RuntimeError: Event loop is closed`.
        ///
        /// # Panics
        ///
        /// Where the runtime's `spawn_local` does.
        #[deprecated(note = "convert a future that is `Send`: the event loop runs on another thread than the future")]
        pub fn local_future_into_py_with_locals<F, T>(
            py: Python<'_>,
            locals: TaskLocals,
            fut: F,
        ) -> PyResult<Bound<'_, PyAny>>
        where
            F: Future<Output = PyResult<T>> + 'static,
            T: for<'py> IntoPyObject<'py>,
        {
            #[expect(deprecated, reason = "so is this one")]
            generic::local_future_into_py_with_locals::<$runtime, F, T>(py, locals, fut)
        }
    };
}

pub(crate) use local_functions;
