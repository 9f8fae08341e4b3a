//! Placeholder root, filled by the commits that follow.
