//! What is done with what a group keeps besides members and messages.

/// What is done with the attributes of a group; the number is the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeChange {
    /// The pairs take the place of all.
    Replace = 1,
    /// The pairs are set, others stay.
    Modify = 2,
    /// The pairs are removed.
    Delete = 3,
    /// All pairs are removed.
    Clear = 4,
}

/// What is done with a topic; the number is the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicChange {
    /// It was made.
    Created = 1,
    /// What it says of itself changed.
    Altered = 2,
    /// It is no more.
    Deleted = 3,
}
