//! The rules of conversation: accounts, profiles, ties, relations, logins, messages.
//!
//! A rule is a function of a transaction (or of a snapshot) and of the moment, which arrives as an argument. It
//! answers a fault in words of the domain; which number a caller sees is none of its business. Every surface obeys
//! the same rules, because every surface calls these functions.

pub mod account;
pub mod attributes;
pub mod conversation;
pub mod counters;
pub mod follow;
pub mod ground;
pub mod group;
pub mod live;
pub mod login;
pub mod message;
pub mod moderation;
pub mod mute;
pub mod permission;
pub mod profile;
pub mod relation;
pub mod robot;
pub mod tags;
pub mod topic;
