//! Stream messages: a text that grows chunk by chunk, as a language model writes it.
//!
//! A stream is a message with one `TIMStreamElem`. A call brings a [`Part`]: the first opens the stream, the others
//! name it and add to it. What is stored is the [`Stream`]: one element whose chunks are joined into one, so that the
//! message reads the same for those who saw it grow and for those who come later. It ends with the chunk that says
//! so, or when none comes for [`limit::STREAM_SILENCE_MS`].

use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::limit;
use crate::message::{element_parts, elements};

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number; chunks follow each other without gaps.
    pub index: u32,
    /// The text.
    pub markdown: String,
    /// Nothing follows it.
    pub is_last: bool,
}

/// What one call brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What clients show that do not know streams; whoever opens a stream gives it.
    pub compatible: Option<String>,
    /// Which stream is continued; none opens one.
    pub id: Option<String>,
    /// The chunks in their order, at least one.
    pub chunks: Vec<Chunk>,
}

impl Part {
    /// Reads `MsgBody` of a stream call.
    pub fn parse(body: &Value) -> Result<Self, Fault> {
        let [element] = elements(body)? else { return Err(Fault::MsgBodyInvalid) };
        let (kind, content) = element_parts(element).ok_or(Fault::MsgBodyInvalid)?;
        if kind != "TIMStreamElem" {
            return Err(Fault::MsgBodyInvalid);
        }
        let text = |field: &str, what| match content.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Fault::MsgElementInvalid { what }),
        };
        let compatible = text("CompatibleText", "CompatibleText of TIMStreamElem is a string")?;
        let id = text("StreamMsgID", "StreamMsgID is a string")?.filter(|id| !id.is_empty());
        let chunks = content.get("Chunks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if chunks.is_empty() || chunks.len() > limit::STREAM_CHUNKS {
            return Err(Fault::MsgElementInvalid { what: "TIMStreamElem needs 1 to 100 Chunks" });
        }
        let chunks = chunks.iter().map(chunk).collect::<Result<Vec<_>, _>>()?;
        check_order(&chunks)?;
        Ok(Self { compatible, id, chunks })
    }
}

fn chunk(value: &Value) -> Result<Chunk, Fault> {
    let bad = |what| Fault::MsgElementInvalid { what };
    if value.get("EventType").and_then(Value::as_str) != Some("data") {
        return Err(bad("EventType of a chunk is data"));
    }
    let index = value.get("Index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
    let markdown = value.get("Markdown").and_then(Value::as_str);
    let is_last = match value.get("IsLast") {
        None | Some(Value::Null) => Some(false),
        Some(Value::Bool(is_last)) => Some(*is_last),
        Some(number) => number.as_i64().map(|number| number == 1),
    };
    Ok(Chunk {
        index: index.ok_or(bad("a chunk needs Index as a number"))?,
        markdown: markdown.ok_or(bad("a chunk needs Markdown as a string"))?.to_owned(),
        is_last: is_last.ok_or(bad("IsLast of a chunk is 0 or 1"))?,
    })
}

/// Chunks of one call follow each other, and only the last of them may end the stream.
pub fn check_order(chunks: &[Chunk]) -> Result<(), Fault> {
    let follow = |pair: &[Chunk]| pair[0].index.checked_add(1) == Some(pair[1].index) && !pair[0].is_last;
    if chunks.windows(2).all(follow) {
        Ok(())
    } else {
        Err(Fault::MsgElementInvalid { what: "chunks follow each other, and none follows the last" })
    }
}

/// A stream as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What clients show that do not know streams.
    pub compatible: String,
    /// The chunks so far, joined: the number of the newest, the whole text, and whether it has ended.
    pub whole: Chunk,
}

impl Stream {
    /// Opens a stream with its first chunks.
    pub fn open(compatible: String, chunks: &[Chunk]) -> Option<Self> {
        let (first, rest) = chunks.split_first()?;
        let mut stream = Self { compatible, whole: first.clone() };
        for chunk in rest {
            stream.add(chunk);
        }
        Some(stream)
    }

    /// Reads the body of a stored message; none if it is no stream.
    pub fn parse(body: &str) -> Option<Self> {
        let part = Part::parse(&serde_json::from_str(body).ok()?).ok()?;
        Self::open(part.compatible?, &part.chunks)
    }

    /// Adds what is new of some chunks, and answers it. A chunk that is there already was sent twice.
    pub fn append(&mut self, chunks: &[Chunk]) -> Result<Vec<Chunk>, Fault> {
        let new: Vec<Chunk> = chunks.iter().filter(|chunk| chunk.index > self.whole.index).cloned().collect();
        if new.is_empty() {
            return Ok(new);
        }
        if self.whole.is_last {
            return Err(Fault::StreamEnded);
        }
        if self.whole.index.checked_add(1) != new.first().map(|chunk| chunk.index) {
            return Err(Fault::MsgElementInvalid { what: "a chunk before this one is missing" });
        }
        for chunk in &new {
            self.add(chunk);
        }
        Ok(new)
    }

    fn add(&mut self, chunk: &Chunk) {
        self.whole.index = chunk.index;
        self.whole.markdown.push_str(&chunk.markdown);
        self.whole.is_last = chunk.is_last;
    }

    /// The JSON text of `MsgBody`.
    pub fn body(&self) -> String {
        let Chunk { index, markdown, is_last } = &self.whole;
        let chunk = json!({ "EventType": "data", "Index": index, "Markdown": markdown, "IsLast": u8::from(*is_last) });
        let mut content = Map::new();
        content.insert("CompatibleText".into(), self.compatible.clone().into());
        content.insert("Chunks".into(), Value::Array(vec![chunk]));
        json!([{ "MsgType": "TIMStreamElem", "MsgContent": content }]).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(chunks: &Value) -> Result<Part, Fault> {
        Part::parse(&json!([{ "MsgType": "TIMStreamElem", "MsgContent": { "CompatibleText": "c", "Chunks": chunks } }]))
    }

    fn data(index: u32, markdown: &str, is_last: u8) -> Value {
        json!({ "EventType": "data", "Index": index, "Markdown": markdown, "IsLast": is_last })
    }

    #[test]
    fn a_stream_grows_in_order_and_takes_nothing_twice() {
        let first = part(&json!([data(1, "a", 0), data(2, "b", 0)])).expect("fits");
        let mut stream = Stream::open(first.compatible.expect("given"), &first.chunks).expect("has chunks");
        let chunk = |index, text: &str, is_last| Chunk { index, markdown: text.into(), is_last };
        assert_eq!(stream.append(&[chunk(2, "b", false), chunk(3, "c", false)]), Ok(vec![chunk(3, "c", false)]));
        assert_eq!(stream.append(&[chunk(3, "c", false)]), Ok(vec![]));
        assert!(matches!(stream.append(&[chunk(5, "e", false)]), Err(Fault::MsgElementInvalid { .. })));
        assert_eq!(stream.append(&[chunk(4, "d", true)]), Ok(vec![chunk(4, "d", true)]));
        assert_eq!(stream.append(&[chunk(5, "e", false)]), Err(Fault::StreamEnded));
        assert_eq!(stream.whole, chunk(4, "abcd", true));
        assert_eq!(Stream::parse(&stream.body()), Some(stream));
        assert_eq!(Stream::parse("[]"), None);
    }

    #[test]
    fn a_part_is_one_stream_element_with_chunks_in_order() {
        let invalid =
            |chunks: Value| assert!(matches!(part(&chunks), Err(Fault::MsgElementInvalid { .. })), "{chunks}");
        invalid(json!([]));
        invalid(json!(null));
        invalid(json!([data(1, "a", 0), data(3, "b", 0)]));
        invalid(json!([data(1, "a", 1), data(2, "b", 0)]));
        invalid(json!([{ "EventType": "data", "Index": -1, "Markdown": "a" }]));
        invalid(json!([{ "EventType": "data", "Index": 1 }]));
        invalid(json!([{ "EventType": "end", "Index": 1, "Markdown": "a" }]));
        invalid(json!([{ "EventType": "data", "Index": 1, "Markdown": "a", "IsLast": "1" }]));
        let text = json!({ "MsgType": "TIMTextElem", "MsgContent": { "Text": "a" } });
        assert_eq!(Part::parse(&json!([text])), Err(Fault::MsgBodyInvalid));
        assert_eq!(Part::parse(&json!([])), Err(Fault::MsgBodyInvalid));
        assert_eq!(Part::parse(&json!({})), Err(Fault::MsgBodyNotList));
    }
}
