//! Python, and no tests of it.
