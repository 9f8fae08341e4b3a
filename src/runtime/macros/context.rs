//! The implementation of `ContextExt`.

/// Implements [`ContextExt`](crate::runtime::ContextExt) and [`LocalContextExt`](crate::runtime::LocalContextExt) for a
/// runtime: its tasks keep their locals in the thread-local of `task_locals.rs` while they are polled.
macro_rules! runtime_context {
    ($runtime:ty) => {
        impl ContextExt for $runtime {
            fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
            where
                F: Future<Output = R> + Send + 'static,
            {
                Box::pin(task_locals::scope(locals, fut))
            }

            fn get_task_locals() -> Option<TaskLocals> {
                task_locals::polled()
            }
        }

        impl LocalContextExt for $runtime {
            fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
            where
                F: Future<Output = R> + 'static,
            {
                Box::pin(task_locals::scope(locals, fut))
            }
        }
    };
}

pub(crate) use runtime_context;
