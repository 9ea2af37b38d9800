//! Groups as the connections of this node see them.

mod post;

pub use post::{Post, Posted};
