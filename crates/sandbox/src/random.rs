//! Ids and secrets as the vendors print them.

use uuid::Uuid;

const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Digits, not beginning with 0.
pub(crate) fn digits(length: usize) -> String {
    let text = pick(length, DIGITS);
    text.strip_prefix('0').map_or_else(|| text.clone(), |rest| format!("1{rest}"))
}

/// Letters and digits.
pub(crate) fn letters(length: usize) -> String {
    pick(length, LETTERS)
}

/// Hex digits in lower case.
pub(crate) fn hex(length: usize) -> String {
    pick(length, b"0123456789abcdef")
}

/// A UUID.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

fn pick(length: usize, from: &[u8]) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Of a UUID's 16 bytes two hold its version and variant; they are left out.
        let bytes = Uuid::new_v4().into_bytes();
        let free = bytes.iter().enumerate().filter(|(at, _)| *at != 6 && *at != 8).map(|(_, byte)| *byte);
        for byte in free.take(length - text.len()) {
            text.push(char::from(from[usize::from(byte) % from.len()]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_wanted_length() {
        for length in [1, 9, 24, 140] {
            assert_eq!((digits(length).len(), letters(length).len(), hex(length).len()), (length, length, length));
            assert!(!digits(length).starts_with('0'));
        }
    }
}
