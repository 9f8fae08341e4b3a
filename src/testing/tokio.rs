//! Tests put together by hand, to run on tokio.

use super::by_hand::by_hand;
use super::runtime::TOKIO;

by_hand!(TOKIO, "tokio");
