//! The IM REST surface, one file a command.

mod account_import;
