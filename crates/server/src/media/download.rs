//! The way out: a file by its link, whole or in part, streamed.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::{AppId, Failure, Fault, Result};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore};
use store::media::{self, File, State};

use super::{Media, Purpose, file_key, history_key, history_named, trouble};
use crate::node::Node;

/// What is asked for.
pub(super) struct Wanted<'a> {
    /// Of which app.
    pub(super) app: AppId,
    /// Which object: the id of a file, or the name of a file of history.
    pub(super) id: &'a str,
    /// What the link allows.
    pub(super) purpose: Purpose,
    /// The `Range` header.
    pub(super) range: Option<&'a str>,
    /// The head alone.
    pub(super) is_head: bool,
}

/// Answers a download.
pub(super) async fn send(node: &Node, wanted: &Wanted<'_>) -> Result<Response> {
    let (key, headers) = match wanted.purpose {
        Purpose::History => {
            let (hour, is_group) = history_named(wanted.id).ok_or(Fault::FileUnknown)?;
            let kind = if is_group { "group" } else { "c2c" };
            let name = format!("{}-{kind}-{}.gz", wanted.app, super::hour_text(hour, 0));
            (history_key(wanted.app, hour, is_group), headers("application/gzip", &name))
        }
        Purpose::Get | Purpose::Look => {
            let file = readable(node, wanted).await?;
            let mut headers = headers(kind_of(&file.name), &file.name);
            if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", file.md5)) {
                headers.insert(header::ETAG, tag);
            }
            (file_key(wanted.app, wanted.id), headers)
        }
        Purpose::Put => return Err(Fault::FileForbidden.into()),
    };
    stream(&node.media, &key, headers, wanted).await
}

/// Finds the file and whether it may be read.
async fn readable(node: &Node, wanted: &Wanted<'_>) -> Result<File> {
    let id = wanted.id.to_owned();
    let found = node.store.read(wanted.app, move |snapshot| media::get(snapshot, &id)).await?;
    let now = node.clock.now();
    let file = found.filter(|file| file.state == State::Stored && now < file.expires_at).ok_or(Fault::FileUnknown)?;
    if wanted.purpose == Purpose::Get
        && let Some(filter) = node.moderation.filter(wanted.app)
    {
        let is_blocked = filter.is_blocked("sha256", &file.sha256)
            || filter.is_blocked("md5", &file.md5)
            || filter.is_url_blocked(&node.media.url(wanted.app, &file.id));
        if is_blocked {
            return Err(Fault::FileForbidden.into());
        }
    }
    Ok(file)
}

async fn stream(media: &Media, key: &Key, mut headers: HeaderMap, wanted: &Wanted<'_>) -> Result<Response> {
    let place = Arc::clone(&media.downloads).try_acquire_owned().map_err(|_| Fault::NodeBusy)?;
    let range = wanted.range.and_then(parse_range);
    let options = GetOptions { range: range.clone(), head: wanted.is_head, ..GetOptions::default() };
    let found = match media.objects.get_opts(key, options).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Err(Fault::FileUnknown.into()),
        // A part that lies beyond the end.
        Err(_) if range.is_some() => return Err(Fault::TransferInvalid { field: "range" }.into()),
        Err(error) => return Err(trouble(error).into()),
    };
    let number = |number: u64| HeaderValue::from(number);
    let (whole, part) = (found.meta.size, found.range.clone());
    let status = if range.is_some() {
        let text = format!("bytes {}-{}/{whole}", part.start, part.end.saturating_sub(1));
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&text).map_err(Failure::internal)?);
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    if wanted.is_head {
        headers.insert(header::CONTENT_LENGTH, number(whole));
        return Ok((status, headers, Body::empty()).into_response());
    }
    headers.insert(header::CONTENT_LENGTH, number(part.end - part.start));
    // The place is held until the last byte is on its way; a peer that stops reading loses its connection.
    let bytes = found.into_stream().inspect_ok(move |bytes| {
        let _held = &place;
        metrics::counter!("noroshi_media_bytes_total", "way" => "out").increment(bytes.len() as u64);
    });
    Ok((status, headers, Body::from_stream(bytes.boxed())).into_response())
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`. Anything else means the whole file, as HTTP wants it.
fn parse_range(text: &str) -> Option<GetRange> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Some(GetRange::Bounded(first..last.saturating_add(1))),
        (Ok(first), Err(_)) if last.is_empty() => Some(GetRange::Offset(first)),
        (Err(_), Ok(count)) if first.is_empty() => Some(GetRange::Suffix(count)),
        _ => None,
    }
}

fn headers(kind: &'static str, name: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // What an account uploaded must never run as a page of this host.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let escaped: String = name.bytes().map(escape).collect();
    let text = format!("attachment; filename*=UTF-8''{escaped}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The type of pictures, sounds and videos by the end of their name; everything else is bytes.
fn kind_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_or_the_whole() {
        let check = |text: &str, expected: Option<GetRange>| assert_eq!(parse_range(text), expected, "{text}");
        check("bytes=0-0", Some(GetRange::Bounded(0..1)));
        check("bytes=5-", Some(GetRange::Offset(5)));
        check("bytes=-5", Some(GetRange::Suffix(5)));
        for other in ["bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=", "bytes=-", "x"] {
            check(other, None);
        }
    }

    #[test]
    fn a_page_or_a_script_is_bytes() {
        for name in ["a.html", "a.svg", "a.js", "a", "a.png.html"] {
            assert_eq!(kind_of(name), "application/octet-stream", "{name}");
        }
        assert_eq!(kind_of("photo.PNG"), "image/png");
    }
}
