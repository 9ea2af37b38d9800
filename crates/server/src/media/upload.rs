//! The way in: bytes are counted, digested and handed on as they come; nothing is there before all of it is right.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use contract::{AppId, Error, Fault, Millis, Result};
use http_body_util::BodyExt;
use md5::Md5;
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use store::apps::App;
use store::media::{self, File, State};
use store::{Tx, accounts};
use tokio::sync::Notify;
use tracing::warn;

use super::parts::PartDigests;
use super::{CHUNK_BYTES, Media, file_key, trouble};
use crate::node::Node;

/// Kinds with the lower bound: pictures and sounds, as the gateway's contract numbers them.
const SMALL_KINDS: [i64; 2] = [1, 2];

/// The bound of a kind.
pub(super) fn bytes_max(app: &App, kind: i64) -> u64 {
    if SMALL_KINDS.contains(&kind) { app.settings.picture_bytes } else { app.settings.file_bytes }
}

/// Takes an upload's place in the list of those under way, and leaves it.
struct UnderWay<'a> {
    media: &'a Media,
    key: (AppId, String),
    given_up: Arc<Notify>,
}

impl<'a> UnderWay<'a> {
    /// Refuses a second transfer of the same file at the same time.
    fn begin(media: &'a Media, app: AppId, id: &str) -> Result<Self, Fault> {
        let (key, given_up) = ((app, id.to_owned()), Arc::new(Notify::new()));
        let mut under_way = media.under_way.lock();
        if under_way.contains_key(&key) {
            return Err(Fault::TransferInvalid { field: "id" });
        }
        under_way.insert(key.clone(), Arc::clone(&given_up));
        Ok(Self { media, key, given_up })
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.media.under_way.lock().remove(&self.key);
    }
}

/// Receives the bytes of a file that was asked for, and compares them with the digests of parts that were announced.
/// Answers what is known of it now.
pub(super) async fn receive(
    node: &Node,
    app: &App,
    file: File,
    parts: Option<PartDigests>,
    body: &mut Body,
) -> Result<File> {
    match file.state {
        State::Begun => {}
        State::Stored => return Err(Fault::TransferInvalid { field: "id" }.into()),
        State::GivenUp => return Err(Fault::TransferCanceled.into()),
    }
    let _place = node.media.uploads.try_acquire().map_err(|_| Fault::NodeBusy)?;
    let under_way = UnderWay::begin(&node.media, app.id, &file.id)?;
    let max = bytes_max(app, file.kind);
    let key = file_key(app.id, &file.id);
    let upload = node.media.objects.put_multipart(&key).await.map_err(trouble)?;
    let mut sink = Sink::new(WriteMultipart::new_with_chunk_size(upload, CHUNK_BYTES), max, parts);
    let wait = Duration::from_millis(node.bounds.body_ms);
    let took = tokio::select! {
        took = sink.take(body, wait) => took,
        () = under_way.given_up.notified() => Err(Fault::TransferCanceled.into()),
    };
    let done = match took.and_then(|()| sink.end(&file)) {
        Ok((size, md5, sha256)) => {
            let expires_at = match app.settings.file_days {
                Some(days) => node.clock.now().plus(days * 86_400_000),
                None => Millis(i64::MAX),
            };
            let done = File { size, md5, sha256, state: State::Stored, expires_at, ..file };
            admit(node, app.id, &done).await.map(|()| done)
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(done) => {
            // The row comes first: of two nodes that receive the same file, one alone makes it whole.
            if let Err(error) = sink.out.finish().await {
                let ids = vec![done.id.clone()];
                node.store.write(app.id, move |tx| media::remove(tx, &ids)).await?;
                return Err(trouble(error).into());
            }
            metrics::counter!("noroshi_media_bytes_total", "way" => "in").increment(done.size as u64);
            Ok(done)
        }
        Err(error) => {
            if let Err(error) = sink.out.abort().await {
                warn!(%error, "the rest of an upload could not be removed");
            }
            Err(error)
        }
    }
}

/// Lets a complete file in, unless it is forbidden or nobody may finish it any more.
async fn admit(node: &Node, app: AppId, file: &File) -> Result<()> {
    if let Some(filter) = node.moderation.filter(app)
        && (filter.is_blocked("sha256", &file.sha256) || filter.is_blocked("md5", &file.md5))
    {
        return Err(Fault::FileForbidden.into());
    }
    let done = file.clone();
    let finish = move |tx: &mut Tx<'_>| {
        let owner = accounts::get(tx, &done.owner)?;
        let is_here = owner.is_some_and(|owner| owner.is_alive() && owner.epoch == done.epoch);
        if is_here && media::finish(tx, &done)? { Ok(()) } else { Err(Error::Fault(Fault::TransferCanceled)) }
    };
    node.store.write(app, finish).await
}

/// Where the bytes go, with what is known of them so far.
struct Sink {
    out: WriteMultipart,
    max: u64,
    size: u64,
    md5: Md5,
    sha256: Sha256,
    parts: Option<PartDigests>,
}

impl Sink {
    fn new(out: WriteMultipart, max: u64, parts: Option<PartDigests>) -> Self {
        Self { out, max, size: 0, md5: Md5::new(), sha256: Sha256::new(), parts }
    }

    /// Takes all there is. Whoever sends a byte now and then holds a place, so silence is bounded.
    async fn take(&mut self, body: &mut Body, wait: Duration) -> Result<()> {
        loop {
            let frame = match tokio::time::timeout(wait, body.frame()).await {
                Err(_) => return Err(Fault::TransferTimeout.into()),
                Ok(None) => return Ok(()),
                Ok(Some(Err(_))) => return Err(Fault::FileReadFailed.into()),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(bytes) = frame.into_data() else { continue };
            self.size += bytes.len() as u64;
            if self.size > self.max {
                return Err(Fault::FileTooLarge { max: self.max }.into());
            }
            if let Some(parts) = &mut self.parts {
                parts.take(&bytes)?;
            }
            self.md5.update(&bytes);
            self.sha256.update(&bytes);
            self.out.wait_for_capacity(2).await.map_err(trouble)?;
            self.out.put(bytes);
        }
    }

    /// Compares with what was announced. Answers size and digests.
    fn end(&mut self, announced: &File) -> Result<(i64, String, String)> {
        let size = self.size as i64;
        if self.size == 0 {
            return Err(Fault::TransferInvalid { field: "size" }.into());
        }
        if size < announced.size {
            return Err(Fault::FileReadFailed.into());
        }
        if announced.size > 0 && size > announced.size {
            return Err(Fault::TransferInvalid { field: "size" }.into());
        }
        self.parts.as_mut().map_or(Ok(()), PartDigests::end)?;
        let md5 = hex::encode(self.md5.finalize_reset());
        if !announced.md5.is_empty() && md5 != announced.md5 {
            return Err(Fault::FileDigestMismatch.into());
        }
        Ok((size, md5, hex::encode(self.sha256.finalize_reset())))
    }
}

/// Gives an upload up, wherever it is under way.
pub(super) async fn give_up(node: &Node, app: AppId, id: &str) -> Result<()> {
    let own = id.to_owned();
    let given_up = node
        .store
        .write(app, move |tx| {
            let known = media::get(tx, &own)?;
            Ok(if media::give_up(tx, &own)? { Ok(()) } else { Err(known.map(|file| file.state)) })
        })
        .await?;
    if let Err(state) = given_up {
        return match state {
            None => Err(Fault::FileUnknown.into()),
            Some(State::Stored) => Err(Fault::TransferInvalid { field: "id" }.into()),
            // Twice is as good as once.
            Some(State::Begun | State::GivenUp) => Ok(()),
        };
    }
    if let Some(waiting) = node.media.under_way.lock().get(&(app, id.to_owned())) {
        waiting.notify_one();
    }
    Ok(())
}
