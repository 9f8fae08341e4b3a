//! Where a runtime keeps the locals of its tasks.

/// Implements [`generic::ContextExt`](crate::generic::ContextExt) for a runtime, by the bridge's own mechanism.
macro_rules! runtime_context {
    ($runtime:ty) => {
        impl ContextExt for $runtime {
            fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
            where
                F: Future<Output = R> + Send + 'static,
            {
                Box::pin(locals::scope(locals, fut))
            }

            fn get_task_locals() -> Option<TaskLocals> {
                locals::polled()
            }
        }

        impl LocalContextExt for $runtime {
            fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
            where
                F: Future<Output = R> + 'static,
            {
                Box::pin(locals::scope(locals, fut))
            }
        }
    };
}

pub(crate) use runtime_context;
