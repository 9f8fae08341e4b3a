//! The time during which a thread works for a test.

use std::sync::Arc;

use super::flush;
use super::scope::{Entry, Role, Scope, swap, with_entry};

/// Makes this thread work for `scope` until the guard is dropped.
pub(crate) fn enter(scope: Option<Arc<Scope>>, role: Role) -> ScopeGuard {
    let entry = scope.map(|scope| Entry { scope, role });
    ScopeGuard {
        former: swap(entry),
        flushes: true,
    }
}

/// Like [`enter`], but the guard does not flush std's standard output.
pub(crate) fn enter_without_flush(scope: Option<Arc<Scope>>, role: Role) -> ScopeGuard {
    let entry = scope.map(|scope| Entry { scope, role });
    ScopeGuard {
        former: swap(entry),
        flushes: false,
    }
}

/// Makes the thread work for its former scope again when it is dropped, after a flush of std's standard output.
pub(crate) struct ScopeGuard {
    former: Option<Entry>,
    flushes: bool,
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        // Half a line in std's buffer belongs to the scope that ends here. If the test has ended
        // meanwhile, as it timed out, the half line is another test's.
        let is_open = || with_entry(|entry| entry.is_some_and(|entry| entry.scope.is_open()));
        if self.flushes && is_open() {
            flush::flush_stdout();
        }
        drop(swap(self.former.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::scope::{Destination, current};
    use super::*;

    #[test]
    fn scopes_nest_and_the_former_one_comes_back() {
        let (outer, inner) = (
            Scope::new("outer".to_owned(), Destination::Scope),
            Scope::new("inner".to_owned(), Destination::Scope),
        );
        let entered = enter(Some(outer.clone()), Role::Thread);
        {
            let _entered = enter(Some(inner.clone()), Role::Poll);
            assert!(current().is_some_and(|scope| scope.append(b"in")));
        }
        assert!(current().is_some_and(|scope| scope.append(b"out")));
        drop(entered);
        assert!(current().is_none());
        assert_eq!(
            (outer.close(), inner.close()),
            (b"out".to_vec(), b"in".to_vec())
        );
    }
}
