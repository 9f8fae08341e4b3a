//! Tests put together by hand, to run on smol.

use super::by_hand::by_hand;
use super::runtime::SMOL;

by_hand!(SMOL, "smol");
