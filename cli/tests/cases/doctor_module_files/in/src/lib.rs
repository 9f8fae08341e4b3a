//! A crate.

mod python;
mod unfinished;

#[cfg(test)]
mod tests {
    #[cfg(not(test))]
    #[test]
    fn never() {}
}
