//! The value of `--shard`.

use std::num::NonZeroU32;
use std::str::FromStr;

/// One of several parts of the tests, as `--shard` has it: `2/3` is the second of three.
///
/// A test belongs to a part by a hash of its name, so that it stays there when other tests are added or removed. Parts
/// differ in size, by chance, and may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 1.
    index: u32,
    count: NonZeroU32,
}

impl Shard {
    /// Says whether the test of this title belongs to this part.
    pub(crate) fn has(self, title: &str) -> bool {
        hash(title) % u64::from(self.count.get()) == u64::from(self.index - 1)
    }
}

/// Hashes by 64-bit FNV-1a: std's hashers may change with the compiler, and the machines that run the parts may have
/// different ones.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl FromStr for Shard {
    /// There is one error: the text is not of this form.
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (index, count) = text.split_once('/').ok_or(())?;
        let index: NonZeroU32 = index.parse().map_err(drop)?;
        let count: NonZeroU32 = count.parse().map_err(drop)?;
        match index <= count {
            true => Ok(Self {
                index: index.get(),
                count,
            }),
            false => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_fnv_page() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_test_is_in_one_part_and_the_parts_are_of_about_the_same_size() {
        let shards: Vec<Shard> = (1..=3).map(|i| format!("{i}/3").parse().unwrap()).collect();
        let mut sizes = [0; 3];
        for number in 0..3000 {
            let title = format!("module::test_{number}");
            let mut having = (0..3).filter(|i| shards[*i].has(&title));
            let (first, second) = (having.next(), having.next());
            sizes[first.unwrap()] += 1;
            assert_eq!(second, None);
        }
        assert!(
            sizes.iter().all(|size| (900..1100).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn a_part_has_a_number_and_how_many_there_are() {
        for text in [
            "",
            "1",
            "/",
            "0/1",
            "2/1",
            "1/0",
            "a/b",
            "-1/2",
            "1/2/3",
            "1/99999999999",
        ] {
            assert_eq!(text.parse::<Shard>(), Err(()), "{text}");
        }
        assert!("1/1".parse::<Shard>().unwrap().has("anything"));
    }
}
