//! The form in which words and texts are compared, in the manner of NFKC.
//!
//! Full-width and other compatible forms become the plain ones, letters become small, and characters that are not seen
//! (zero-width, variation selectors) are left out. It goes piece by piece — a character with the marks that combine with
//! it — so that every find is known in the text as it was written, and a replacement leaves the rest of it alone.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// A text in its normal form.
pub(super) fn normal_form(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_small { text.into() } else { text.to_ascii_lowercase().into() };
    }
    let mut out = String::with_capacity(text.len());
    fold(text, |piece, _, _| out.push(piece));
    out.into()
}

/// The way back from the normal form: few texts need it, so it is made for those that do.
pub(super) enum WayBack {
    /// Both have the same bytes, but for their case.
    Same,
    /// For each byte of the normal form the piece of the text that it comes from.
    Pieces(Vec<(u32, u32)>),
}

impl WayBack {
    pub(super) fn of(text: &str, folded: &str) -> Self {
        if text.is_ascii() {
            return Self::Same;
        }
        let (mut from, mut length) = (Vec::with_capacity(folded.len()), 0);
        fold(text, |piece, start, end| {
            length += piece.len_utf8();
            from.resize(length, (start as u32, end as u32));
        });
        Self::Pieces(from)
    }

    /// The span of the text as it was written.
    pub(super) fn written(&self, start: usize, end: usize) -> (usize, usize) {
        match self {
            Self::Same => (start, end),
            Self::Pieces(from) => {
                let first = from.get(start).map_or(0, |piece| piece.0 as usize);
                (first, from.get(end.saturating_sub(1)).map_or(first, |piece| piece.1 as usize))
            }
        }
    }
}

/// A word in its normal form, without what surrounds it.
pub fn normal(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    fold(word.trim(), |piece, _, _| out.push(piece));
    out
}

/// Tells every character of the normal form with the bytes of the text that it comes from.
fn fold(text: &str, mut tell: impl FnMut(char, usize, usize)) {
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let mut end = start + first.len_utf8();
        // Ideographs and kana have one form and no case; most texts that are not ASCII are made of them.
        if matches!(first, '\u{4e00}'..='\u{9fff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}')
            && chars.peek().is_none_or(|(_, next)| !joins(*next))
        {
            tell(first, start, end);
            continue;
        }
        if first.is_ascii() && chars.peek().is_none_or(|(_, next)| next.is_ascii()) {
            tell(first.to_ascii_lowercase(), start, end);
            continue;
        }
        let mut is_plain = is_nfkc_quick(std::iter::once(first)) == IsNormalized::Yes;
        while let Some((at, next)) = chars.peek().copied().filter(|(_, next)| joins(*next)) {
            end = at + next.len_utf8();
            is_plain = false;
            chars.next();
        }
        let mut small = |piece: char| {
            if !is_unseen(piece) {
                piece.to_lowercase().for_each(|piece| tell(piece, start, end));
            }
        };
        if is_plain {
            small(first);
        } else {
            text[start..end].nfkc().for_each(small);
        }
    }
}

/// Whether a character may become one with what stands before it.
fn joins(next: char) -> bool {
    !matches!(next, '\0'..='\u{2ff}' | '\u{4e00}'..='\u{9fff}')
        && (is_combining_mark(next) || matches!(next, '\u{1160}'..='\u{11ff}'))
}

/// Whether a character shows nothing: put between letters it would hide a word.
fn is_unseen(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
