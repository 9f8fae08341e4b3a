//! The functions for futures, coroutines, streams and event loops.

/// Defines them for one runtime; they call those of the module `generic`.
macro_rules! runtime_functions {
    ($runtime:ty) => {
        /// Returns the event loop of the current task, else the running loop.
        ///
        /// # Errors
        ///
        /// `RuntimeError: no running event loop`.
        pub fn get_current_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
            generic::get_current_loop::<$runtime>(py)
        }

        /// Returns the locals of the current task, else the running loop with a copy of the current context.
        ///
        /// # Errors
        ///
        /// `RuntimeError: no running event loop`.
        pub fn get_current_locals(py: Python<'_>) -> PyResult<TaskLocals> {
            generic::get_current_locals::<$runtime>(py)
        }

        /// Converts a Rust future into a Python future, and starts it on the runtime at once.
        ///
        /// [`generic::future_into_py`] says what happens on cancel, on a panic and on a closed loop.
        ///
        /// # Errors
        ///
        /// `RuntimeError`: there is no running event loop, or it is closed.
        pub fn future_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::future_into_py::<$runtime, F, T>(py, fut)
        }

        /// Converts a Rust future into a Python future on the loop of the locals, and starts it on the runtime at once.
        ///
        /// [`generic::future_into_py`] says what happens on cancel, on a panic and on a closed loop.
        ///
        /// # Errors
        ///
        /// `RuntimeError: Event loop is closed`.
        pub fn future_into_py_with_locals<F, T>(
            py: Python<'_>,
            locals: TaskLocals,
            fut: F,
        ) -> PyResult<Bound<'_, PyAny>>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::future_into_py_with_locals::<$runtime, F, T>(py, locals, fut)
        }

        /// Converts a Rust future into a Python coroutine, which starts when it is first awaited.
        ///
        /// [`generic::into_coroutine`] says where it is polled, and what happens on cancel and on a panic.
        ///
        /// # Errors
        ///
        /// Only when Python has no memory left.
        pub fn into_coroutine<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::into_coroutine::<$runtime, F, T>(py, fut)
        }

        /// Returns a builder for coroutines with a name.
        pub fn coroutine_builder() -> generic::CoroutineBuilder<$runtime> {
            generic::CoroutineBuilder::new()
        }

        /// Converts a Rust future into a Python coroutine, and tells the future when Python cancels it; see
        /// [`CancelHandle`](crate::CancelHandle).
        ///
        /// # Errors
        ///
        /// Only when Python has no memory left.
        pub fn into_coroutine_cancellable<C, F, T>(
            py: Python<'_>,
            make: C,
        ) -> PyResult<Bound<'_, PyAny>>
        where
            C: FnOnce(crate::CancelHandle) -> F,
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::into_coroutine_cancellable::<$runtime, C, F, T>(py, make)
        }

        /// Converts a Rust future into a Python future, and tells the Rust future when Python cancels it; see
        /// [`CancelHandle`](crate::CancelHandle).
        ///
        /// # Errors
        ///
        /// `RuntimeError`: there is no running event loop, or it is closed.
        pub fn future_into_py_cancellable<C, F, T>(
            py: Python<'_>,
            make: C,
        ) -> PyResult<Bound<'_, PyAny>>
        where
            C: FnOnce(crate::CancelHandle) -> F,
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::future_into_py_cancellable::<$runtime, C, F, T>(py, make)
        }

        /// Runs a Rust future on the runtime, and waits for it on this thread, detached from Python.
        ///
        /// # Errors
        ///
        /// The errors of [`generic::block_on`].
        pub fn block_on<F, T>(py: Python<'_>, fut: F) -> PyResult<T>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: Send + 'static,
        {
            generic::block_on::<$runtime, F, T>(py, fut)
        }

        /// Runs a Rust future on the runtime, and waits for it on this thread, also where an event loop runs on it: for
        /// synchronous functions that are called in a notebook. [`generic::block_on_background`] has the limits.
        ///
        /// # Errors
        ///
        /// The errors of [`generic::block_on_background`].
        pub fn block_on_background<F, T>(py: Python<'_>, fut: F) -> PyResult<T>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: Send + 'static,
        {
            generic::block_on_background::<$runtime, F, T>(py, fut)
        }

        /// Converts a Python awaitable into a Rust future; the awaitable runs on the loop of [`get_current_locals`].
        ///
        /// # Errors
        ///
        /// `TypeError`: the object is not awaitable. `RuntimeError`: there is no running event loop, or it is closed.
        pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<PyFuture> {
            generic::into_future::<$runtime>(awaitable)
        }

        /// Calls an async function of Python's; awaiting the call gives its result, extracted as `T`.
        ///
        /// [`generic::call`] has an example, and [`PyCall`](crate::PyCall) says where the function is called, and what
        /// happens on drop and on an error.
        pub fn call<T>(
            function: &Py<impl Sized>,
            args: impl for<'py> PyCallArgs<'py> + Send + 'static,
        ) -> crate::PyCall<'_, T> {
            generic::call::<$runtime, T>(function, args)
        }

        /// Calls an async method of a Python object, as [`call`] does a function.
        pub fn call_method<'a, T>(
            object: &'a Py<impl Sized>,
            name: &str,
            args: impl for<'py> PyCallArgs<'py> + Send + 'static,
        ) -> crate::PyCall<'a, T> {
            generic::call_method::<$runtime, T>(object, name, args)
        }

        /// Runs a Rust future within Python's `async with manager as entered`.
        ///
        /// [`generic::async_with`] has an example, and says what happens on cancel, on drop and on a panic.
        ///
        /// # Errors
        ///
        /// The errors of the future, of `__aenter__`, of `__aexit__` and of the extraction. `RuntimeError`: there is no running
        /// event loop, or it is closed.
        pub async fn async_with<E, F, T>(
            manager: &Py<impl Sized>,
            body: impl FnOnce(E) -> F + Send + 'static,
        ) -> PyResult<Option<T>>
        where
            E: for<'py> pyo3::conversion::FromPyObjectOwned<'py> + Send + 'static,
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: Send + 'static,
        {
            generic::async_with::<$runtime, E, F, T>(manager, body).await
        }

        /// Runs a function on the thread of the event loop of [`get_current_locals`], and returns its result.
        ///
        /// [`generic::run_on_loop`] says in which context, and what happens on drop, on a panic and on a closed loop.
        ///
        /// # Errors
        ///
        /// The errors of the function. `RuntimeError`: there is no running event loop, or it is closed.
        pub async fn run_on_loop<F, T>(f: F) -> PyResult<T>
        where
            F: FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
            T: Send + 'static,
        {
            generic::run_on_loop::<$runtime, F, T>(f).await
        }

        /// Converts a Python asynchronous generator into a Rust stream, on the loop of [`get_current_locals`].
        ///
        /// How far the generator runs ahead, and what happens on an error, on drop and on a closed loop:
        /// [`PyStream`](crate::PyStream).
        ///
        /// # Errors
        ///
        /// The errors of [`generic::into_stream`].
        pub fn into_stream(async_gen: Bound<'_, PyAny>) -> PyResult<crate::PyStream> {
            generic::into_stream::<$runtime>(async_gen)
        }

        /// Converts a Python asynchronous generator into a Rust stream, on the loop and in the context of the locals.
        ///
        /// # Errors
        ///
        /// The errors of [`generic::into_stream_with_locals`].
        pub fn into_stream_with_locals(
            locals: TaskLocals,
            async_gen: Bound<'_, PyAny>,
        ) -> PyResult<crate::PyStream> {
            generic::into_stream_with_locals(locals, async_gen)
        }

        /// Does what [`into_stream`] does, under its name in pyo3-async-runtimes.
        ///
        /// # Errors
        ///
        /// The errors of [`into_stream`].
        pub fn into_stream_v1(async_gen: Bound<'_, PyAny>) -> PyResult<crate::PyStream> {
            generic::into_stream_v1::<$runtime>(async_gen)
        }

        /// Does what [`into_stream_with_locals`] does, under its name in pyo3-async-runtimes.
        ///
        /// # Errors
        ///
        /// The errors of [`into_stream_with_locals`].
        pub fn into_stream_with_locals_v1(
            locals: TaskLocals,
            async_gen: Bound<'_, PyAny>,
        ) -> PyResult<crate::PyStream> {
            generic::into_stream_with_locals_v1::<$runtime>(locals, async_gen)
        }

        /// Converts a Python asynchronous generator into a Rust stream of its items alone; see
        /// [`generic::into_stream_v2`].
        ///
        /// # Errors
        ///
        /// The errors of [`into_stream`].
        pub fn into_stream_v2(async_gen: Bound<'_, PyAny>) -> PyResult<crate::PyItems> {
            generic::into_stream_v2::<$runtime>(async_gen)
        }

        /// Converts a Python asynchronous generator into a Rust stream of its items alone, on the loop and in the
        /// context of the locals; see [`generic::into_stream_v2`].
        ///
        /// # Errors
        ///
        /// The errors of [`into_stream_with_locals`].
        pub fn into_stream_with_locals_v2(
            locals: TaskLocals,
            async_gen: Bound<'_, PyAny>,
        ) -> PyResult<crate::PyItems> {
            generic::into_stream_with_locals_v2::<$runtime>(locals, async_gen)
        }

        /// Converts a Rust stream into a Python asynchronous generator.
        ///
        /// [`generic::stream_into_py`] says where it is polled, and what happens on cancel, on an error and on a panic.
        ///
        /// # Errors
        ///
        /// Only when Python has no memory left.
        pub fn stream_into_py<S, T>(py: Python<'_>, stream: S) -> PyResult<Bound<'_, PyAny>>
        where
            S: futures_core::Stream<Item = PyResult<T>> + Send + 'static,
            T: for<'py> IntoPyObject<'py> + Send + 'static,
        {
            generic::stream_into_py::<$runtime, S, T>(py, stream)
        }

        /// Runs a future with these locals current: conversions inside it use their loop and context.
        pub fn scope<F, R>(locals: TaskLocals, fut: F) -> impl Future<Output = R> + Send + 'static
        where
            F: Future<Output = R> + Send + 'static,
        {
            task_locals::scope(locals, fut)
        }

        /// Runs a future that is not `Send` with these locals current.
        pub fn scope_local<F, R>(locals: TaskLocals, fut: F) -> impl Future<Output = R> + 'static
        where
            F: Future<Output = R> + 'static,
        {
            task_locals::scope(locals, fut)
        }

        /// Runs an event loop on this thread until a Rust future is done, and returns its output.
        ///
        /// # Errors
        ///
        /// The errors of [`generic::run_until_complete`].
        pub fn run_until_complete<F, T>(event_loop: Bound<'_, PyAny>, fut: F) -> PyResult<T>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: Send + Sync + 'static,
        {
            generic::run_until_complete::<$runtime, F, T>(&event_loop, fut)
        }

        /// Runs a Rust future on the runtime and a new event loop on this thread, as `asyncio.run` does.
        ///
        /// # Errors
        ///
        /// The errors of [`generic::run`].
        pub fn run<F, T>(py: Python<'_>, fut: F) -> PyResult<T>
        where
            F: Future<Output = PyResult<T>> + Send + 'static,
            T: Send + Sync + 'static,
        {
            generic::run::<$runtime, F, T>(py, fut)
        }
    };
}

pub(crate) use runtime_functions;
