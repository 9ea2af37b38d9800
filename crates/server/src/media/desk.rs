//! What is asked of files besides their bytes: where to send them, where to read them, and whether they may be read.

use contract::codes::{self, Family};
use contract::frame::wire::{FileKind, LinkAnswer, LinkRequest, UploadAnswer, UploadRequest, link_answer};
use contract::{AppId, Failure, Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::media::{self, File, State};
use store::words::{self, Mark};
use store::{Store, Tx, accounts};

use super::upload::bytes_max;
use super::{Media, Purpose};
use crate::moderation::Moderation;
use crate::vault::random;
use chat::moderation::{own_file, url_mark};

/// What is announced of a file.
pub(super) struct Announced {
    pub(super) name: String,
    /// 0 means that it is not known.
    pub(super) size: u64,
    /// In hex, or empty.
    pub(super) md5: String,
    pub(super) kind: i64,
}

impl Announced {
    /// Checks in the order of the fields.
    pub(super) fn check(&self, app: &App) -> Result<(), Fault> {
        let name = &self.name;
        if name.is_empty() || name.len() > limit::FILE_NAME_BYTES || name.chars().any(char::is_control) {
            return Err(Fault::TransferInvalid { field: "name" });
        }
        let max = bytes_max(app, self.kind);
        if self.size > max {
            return Err(Fault::FileTooLarge { max });
        }
        let is_hex = self.md5.len() == 32 && self.md5.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !self.md5.is_empty() && !is_hex {
            return Err(Fault::TransferInvalid { field: "md5" });
        }
        if FileKind::try_from(self.kind as i32).is_err() {
            return Err(Fault::TransferInvalid { field: "kind" });
        }
        Ok(())
    }
}

/// Notes that an account begins an upload.
pub(super) async fn begin(store: &Store, app: &App, owner: &UserId, now: Millis, announced: Announced) -> Result<File> {
    announced.check(app)?;
    let file = File {
        id: hex::encode(random::<16>()),
        owner: owner.clone(),
        kind: announced.kind,
        name: announced.name,
        size: announced.size as i64,
        md5: announced.md5.to_ascii_lowercase(),
        sha256: String::new(),
        state: State::Begun,
        epoch: 0,
        made_at: now,
        // Nobody finishes it after its link has run out, but who began in time may take as long again.
        expires_at: now.plus(2 * limit::UPLOAD_S * 1_000),
    };
    let add = move |tx: &mut Tx<'_>| {
        let account =
            accounts::get(tx, &file.owner)?.filter(accounts::Account::is_alive).ok_or(Fault::AccountUnknown)?;
        let file = File { epoch: account.epoch, ..file.clone() };
        media::add(tx, &file)?;
        Ok(file)
    };
    store.write(app.id, add).await
}

impl Media {
    /// Answers a device where it may send a file.
    pub async fn offer(
        &self,
        store: &Store,
        app: &App,
        owner: &UserId,
        now: Millis,
        request: UploadRequest,
    ) -> Result<UploadAnswer> {
        if request.size == 0 {
            return Err(Fault::TransferInvalid { field: "size" }.into());
        }
        let announced =
            Announced { size: request.size, kind: i64::from(request.kind), name: request.name, md5: request.md5 };
        let file = begin(store, app, owner, now, announced).await?;
        let until_s = now.secs() + limit::UPLOAD_S;
        Ok(UploadAnswer {
            upload_url: self.link(Purpose::Put, app.id, &file.id, until_s),
            expires_at: until_s,
            url: self.url(app.id, &file.id),
        })
    }

    /// Answers a device where it may read files.
    pub async fn links(
        &self,
        store: &Store,
        moderation: &Moderation,
        app: AppId,
        now: Millis,
        request: LinkRequest,
    ) -> Result<LinkAnswer> {
        let max = limit::LINK_BATCH;
        if request.urls.is_empty() || request.urls.len() > max {
            return Err(Fault::TransferInvalid { field: "urls" }.into());
        }
        let until_s = now.secs() + limit::LINK_S;
        let filter = moderation.filter(app);
        let found = known(store, app, now, &request.urls).await?;
        let items = request.urls.into_iter().zip(found).map(|(url, file)| {
            let outcome = file.and_then(|file| match &filter {
                Some(filter)
                    if filter.is_blocked("sha256", &file.sha256)
                        || filter.is_blocked("md5", &file.md5)
                        || filter.is_url_blocked(&url) =>
                {
                    Err(Fault::FileForbidden)
                }
                _ => Ok(self.link(Purpose::Get, app, &file.id, until_s)),
            });
            match outcome {
                Ok(link) => link_answer::Item { url, link, code: 0 },
                Err(fault) => link_answer::Item { url, link: String::new(), code: number_of(&fault).0 },
            }
        });
        Ok(LinkAnswer { items: items.collect(), expires_at: until_s })
    }
}

/// The number and the text by which this family spells a fault, for lists of items.
pub(crate) fn number_of(fault: &Fault) -> (i32, &'static str) {
    let row = codes::render(Family::Resource, fault);
    (row.number().expect("every code of this family is a number"), row.text)
}

/// Finds the uploaded files that URLs of messages name, in their order.
pub(crate) async fn known(store: &Store, app: AppId, now: Millis, urls: &[String]) -> Result<Vec<Result<File, Fault>>> {
    let ids: Vec<Option<String>> = urls.iter().map(|url| own_file(app, url).map(str::to_owned)).collect();
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let mut found = Vec::with_capacity(ids.len());
        for id in &ids {
            let file = id.as_ref().map(|id| media::get(snapshot, id)).transpose()?.flatten();
            let file = file.filter(|file| file.state == State::Stored && now < file.expires_at);
            found.push(file.ok_or(Fault::FileUnknown));
        }
        Ok(found)
    };
    store.read(app, read).await
}

/// Forbids a file, or allows it again: an uploaded one by its URL and its digests, so that it does not come back under
/// another name, any other by its URL alone.
pub(crate) async fn decide(
    store: &Store,
    moderation: &Moderation,
    app: AppId,
    now: Millis,
    url: String,
    forbids: bool,
) -> Result<()> {
    let is_url = url.len() <= limit::URL_BYTES && url.contains("://") && !url.chars().any(char::is_control);
    if !is_url {
        return Err(Fault::TransferInvalid { field: "RawURL" }.into());
    }
    let own = own_file(app, &url).map(str::to_owned);
    let change = move |tx: &mut Tx<'_>| {
        let mut marks = vec![Mark { kind: "url".into(), mark: url_mark(app, &url) }];
        if let Some(id) = &own {
            let file = media::get(tx, id)?.filter(|file| file.state == State::Stored).ok_or(Fault::FileUnknown)?;
            marks.push(Mark { kind: "sha256".into(), mark: file.sha256 });
            marks.push(Mark { kind: "md5".into(), mark: file.md5 });
        }
        if forbids { words::block(tx, now, &marks) } else { words::allow(tx, &marks) }
    };
    let lists = store.write(app, change).await.map_err(|error| match error {
        contract::Error::Fault(Fault::BatchSizeInvalid { max }) => {
            Failure::Full(format!("app {app} has {max} blocked files already")).into()
        }
        error => error,
    })?;
    debug_assert!(lists.version > 0, "a change gives a version");
    // The caller hears of it when this node obeys; the others follow within seconds.
    moderation.reload(app).await
}
