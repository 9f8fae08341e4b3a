//! Tests put together by hand, to run on async-std.

use super::by_hand::by_hand;
use super::runtime::ASYNC_STD;

by_hand!(ASYNC_STD, "async_std");
