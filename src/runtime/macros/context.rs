//! Where a runtime keeps the locals of its tasks.

/// Implements [`generic::ContextExt`](crate::runtime::ContextExt) for a runtime, by the bridge's own mechanism.
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
