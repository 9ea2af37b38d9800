//! Files over HTTP: up by a link or by UserSig, down by links that run out, refused as the situation demands.

use client::{Client, FileKind, NewFile, Settings};
use contract::UserId;
use contract::codes::{Account, Common, Resource};
use contract::frame::wire::UploadRequest;
use contract::limit;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use store::apps::Status;
use store::testing::TestEngine;

use crate::harness::{APP, Answer, Im, elements};
use crate::raw::{Raw, until};

/// The path of a link, as the node's own listener takes it.
pub(crate) fn path(link: &str) -> &str {
    link.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).expect("a URL")
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.head().status, 200, "{:?}", answer.body());
    let value: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(value["ErrorCode"], 0, "{value}");
    value
}

/// Uploads by UserSig; answers what is said of the file.
pub(crate) async fn upload(im: &Im, user: &str, name: &str, bytes: &[u8]) -> Value {
    json_of(&post(im, user, &format!("name={name}"), bytes.to_vec()).await)
}

async fn post(im: &Im, user: &str, more: &str, bytes: Vec<u8>) -> Answer {
    let target = format!("/media/{APP}?identifier={user}&usersig={}&{more}", im.sig(user));
    im.send("POST", &target, bytes).await
}

/// Asks as the gateway does.
async fn offer(im: &Im, user: &str, size: u64, md5: &str) -> contract::Result<contract::frame::wire::UploadAnswer> {
    let app = im.node().apps.get(APP).expect("the app");
    let request = UploadRequest { name: "a.png".into(), size, md5: md5.into(), kind: FileKind::Picture.into() };
    let (media, store) = (&im.node().media, &im.node().store);
    media.offer(store, &app, &UserId::trusted(user), im.clock.now(), request).await
}

async fn upload_path(im: &Im, user: &str, size: u64, md5: &str) -> String {
    path(&offer(im, user, size, md5).await.expect("an offer").upload_url).to_owned()
}

async fn link(im: &Im, url: &str) -> String {
    let body = json!({ "RawURLs": [{ "ResourceID": 1, "RawURL": url }] });
    let signed = im.call("im_cos_msg/get_cos_sig", body).await.ok();
    path(signed["PreSigURLs"][0]["PreSigURL"].as_str().expect("a link")).to_owned()
}

async fn client(im: &Im, user: &str) -> Client {
    let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, format!("{user}-phone"));
    let client = Client::new(settings).expect("a client");
    client.login(user, &im.sig(user)).await.expect("logs in");
    client
}

both! {
    async fn a_file_goes_from_one_device_to_another(im: Im) {
        im.import(&["alice", "bob"]).await;
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let alice = client(&im, "alice").await;
        let file = NewFile {
            name: "Über uns.png".into(), size: bytes.len() as u64, md5: md5(&bytes), kind: FileKind::Picture,
        };
        let upload = alice.request_upload(file).await.expect("an upload");
        assert!(upload.expires_at > im.clock.now().secs());
        let stored = json_of(&im.send("PUT", path(&upload.upload_url), bytes.clone()).await);
        assert_eq!((&stored["Url"], &stored["FileSize"]), (&json!(upload.url), &json!(bytes.len())));
        assert_eq!((&stored["UUID"], &stored["MD5"]), (&json!(md5(&bytes)), &json!(md5(&bytes))));
        alice.send_text("bob", &upload.url).await.expect("the message is sent");

        let bob = client(&im, "bob").await;
        let links = bob.file_links(&[&upload.url, "https://elsewhere.test/a.png"]).await.expect("links");
        assert_eq!(links[1].code, Resource::FileUnknown.row().number().expect("a number"));
        let link = path(&links[0].link).to_owned();
        let got = im.send("GET", &link, "").await;
        assert_eq!(got.head().status, 200);
        assert!(got.body()[..] == bytes[..], "the bytes come back");
        let header = |answer: &Answer, name: &str| answer.head().headers[name].to_str().expect("text").to_owned();
        assert_eq!(header(&got, "content-type"), "image/png");
        assert_eq!(header(&got, "content-disposition"), "attachment; filename*=UTF-8''%C3%9Cber%20uns.png");
        assert_eq!(header(&got, "x-content-type-options"), "nosniff");
        let head = im.send("HEAD", &link, "").await;
        assert_eq!((header(&head, "content-length"), head.body().len()), (bytes.len().to_string(), 0));
        im.clock.advance(limit::LINK_S * 1_000);
        im.send("GET", &link, "").await.is_refused(403, Resource::FileForbidden);
        alice.shutdown().await;
        bob.shutdown().await;
    }

    async fn an_upload_by_user_sig_is_one_request(im: Im) {
        im.import(&["alice"]).await;
        let stored = upload(&im, "alice", "notes.txt", b"hello").await;
        assert_eq!((&stored["MD5"], &stored["FileName"]), (&json!(md5(b"hello")), &json!("notes.txt")));
        let url = stored["Url"].as_str().expect("a URL");
        let got = im.send("GET", &link(&im, url).await, "").await;
        assert_eq!((got.head().status.as_u16(), &got.body()[..]), (200, &b"hello"[..]));
        // Without a signature a URL opens nothing.
        im.send("GET", path(url), "").await.is_refused(403, Resource::FileForbidden);
        let target = |query: &str| format!("/media/{APP}?{query}");
        im.send("POST", &target("name=a"), "x").await.is_refused(400, Common::CallerInvalid);
        im.send("POST", &target("name=a&identifier=alice"), "x").await.is_refused(401, Common::UserSigMissing);
        let forged = contract::user_sig::sign(APP, "another key of nobody", "alice", im.clock.now(), 100);
        let query = format!("name=a&identifier=alice&usersig={forged}");
        im.send("POST", &target(&query), "x").await.is_refused(401, Account::UserSigForged);
        post(&im, "carol", "name=a", b"x".to_vec()).await.is_refused(403, Account::AccountUnknown);
        im.send("POST", "/media/1400000009?name=a", "x").await.is_refused(404, Account::AppUnknown);
        im.app(|settings, _| settings.status = Status::Stopped).await;
        post(&im, "alice", "name=a", b"x".to_vec()).await.is_refused(403, Common::AppDisabled);
    }

    async fn a_part_of_a_file_is_answered_as_asked(im: Im) {
        im.import(&["alice"]).await;
        let stored = upload(&im, "alice", "a.bin", b"0123456789").await;
        let link = link(&im, stored["Url"].as_str().expect("a URL")).await;
        let ranged = async |range: &str| {
            let raw = format!("GET {link} HTTP/1.1\r\nhost: x\r\nrange: {range}\r\nconnection: close\r\n\r\n");
            Raw::open(&im).await.write(raw.as_bytes()).await.read_end().await
        };
        let got = ranged("bytes=2-4").await;
        assert!(got.starts_with("HTTP/1.1 206") && got.contains("content-range: bytes 2-4/10") && got.ends_with("\r\n234"), "{got}");
        assert!(ranged("bytes=-3").await.ends_with("\r\n789"));
        assert!(ranged("bytes=20-").await.starts_with("HTTP/1.1 416"));
        assert!(ranged("rows=1-2").await.starts_with("HTTP/1.1 200"));
    }

    async fn what_is_wrong_with_an_upload_is_said(im: Im) {
        im.import(&["alice"]).await;
        let fault = |outcome: contract::Result<_>| match outcome {
            Err(contract::Error::Fault(fault)) => fault,
            other => panic!("{other:?}"),
        };
        let max = limit::PICTURE_BYTES;
        assert_eq!(fault(offer(&im, "alice", max + 1, "").await), contract::Fault::FileTooLarge { max });
        assert_eq!(fault(offer(&im, "alice", 0, "").await), contract::Fault::TransferInvalid { field: "size" });
        assert_eq!(fault(offer(&im, "alice", 1, "xyz").await), contract::Fault::TransferInvalid { field: "md5" });
        // Other bytes, fewer, more, none.
        let own = upload_path(&im, "alice", 5, &md5(b"hello")).await;
        im.send("PUT", &own, "jello").await.is_refused(422, Resource::FileDigestMismatch);
        im.send("PUT", &own, "hell").await.is_refused(400, Resource::FileReadFailed);
        im.send("PUT", &own, "hello!").await.is_refused(400, Resource::TransferInvalid);
        im.send("PUT", &own, "").await.is_refused(400, Resource::TransferInvalid);
        post(&im, "alice", "name=a&kind=rumour", b"x".to_vec()).await.is_refused(400, Resource::TransferInvalid);
        post(&im, "alice", "kind=file", b"x".to_vec()).await.is_refused(400, Resource::TransferInvalid);
        post(&im, "alice", "name=%00", b"x".to_vec()).await.is_refused(400, Resource::TransferInvalid);
        // What failed may be tried again, what is there may not be replaced.
        json_of(&im.send("PUT", &own, "hello").await);
        im.send("PUT", &own, "hello").await.is_refused(400, Resource::TransferInvalid);
        im.send("DELETE", &own, "").await.is_refused(400, Resource::TransferInvalid);
        // A link for one thing opens nothing else.
        im.send("GET", &own, "").await.is_refused(403, Resource::FileForbidden);
        im.send("PUT", &own.replace("p=put", "p=get"), "hello").await.is_refused(403, Resource::FileForbidden);
        im.clock.advance(limit::UPLOAD_S * 1_000);
        im.send("PUT", &own, "hello").await.is_refused(403, Resource::FileForbidden);
    }

    async fn a_part_that_came_otherwise_than_announced_ends_the_upload_at_once(im: Im) {
        im.import(&["alice"]).await;
        let part = |byte: u8| vec![byte; 65_536];
        let (good, bad) = ([part(1), part(2), vec![3; 5]].concat(), [part(1), part(9), vec![3; 5]].concat());
        let announced = format!("65536;{},{},{}", md5(&part(1)), md5(&part(2)), md5(&[3; 5]));
        let digests = |text: &str| [("x-part-md5".to_owned(), text.to_owned())];
        let own = upload_path(&im, "alice", good.len() as u64, "").await;
        let refused = im.send_with("PUT", &own, &digests(&announced), bad.clone()).await;
        refused.is_refused(422, Resource::PartDigestMismatch);
        assert!(String::from_utf8_lossy(refused.body()).contains("part digest does not match: 2"), "{:?}", refused.body());
        for wrong in ["", "65536", "10;00", &announced[..70], &format!("{announced},{}", md5(b"x"))] {
            im.send_with("PUT", &own, &digests(wrong), good.clone()).await.is_refused(400, Resource::TransferInvalid);
        }
        // Nothing of it was kept, so the same upload may be tried again.
        json_of(&im.send_with("PUT", &own, &digests(&announced), good.clone()).await);
        let target = format!("/media/{APP}?identifier=alice&usersig={}&name=a", im.sig("alice"));
        im.send_with("POST", &target, &digests(&announced), bad).await.is_refused(422, Resource::PartDigestMismatch);
        json_of(&im.send_with("POST", &target, &digests(&announced), good).await);
    }

    async fn the_bounds_of_an_app_hold_for_what_is_announced_and_for_what_comes(im: Im) {
        im.import(&["alice"]).await;
        im.app(|settings, _| { settings.picture_bytes = 1_000; settings.file_bytes = 2_000; }).await;
        post(&im, "alice", "name=a&kind=sound", vec![0; 1_001]).await.is_refused(413, Resource::FileTooLarge);
        json_of(&post(&im, "alice", "name=a&kind=sound", vec![0; 1_000]).await);
        json_of(&post(&im, "alice", "name=a&kind=video", vec![0; 2_000]).await);
        post(&im, "alice", "name=a", vec![0; 2_001]).await.is_refused(413, Resource::FileTooLarge);
        // Chunks announce no size, so they are counted.
        let own = format!("/media/{APP}?identifier=alice&usersig={}&name=a", im.sig("alice"));
        let head = format!("POST {own} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
        let mut chunks = head.into_bytes();
        for _ in 0..3 {
            chunks.extend(b"320\r\n");
            chunks.extend([b'x'; 800]);
            chunks.extend(b"\r\n");
        }
        chunks.extend(b"0\r\n\r\n");
        let answer = Raw::open(&im).await.write(&chunks).await.read_end().await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }

    async fn an_upload_ends_when_it_is_given_up_or_its_owner_is_kicked(im: Im) {
        im.import(&["alice"]).await;
        let own = upload_path(&im, "alice", 10, "").await;
        let head = |own: &str| format!("PUT {own} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
        let canceled = Resource::TransferCanceled.row().number().expect("a number").to_string();
        let mut half = Raw::open(&im).await.write(head(&own).as_bytes()).await;
        // The second transfer of the same file is refused as long as the first one lasts.
        until(async || im.node().media.uploads() == 1).await;
        im.send("PUT", &own, "1234567890").await.is_refused(400, Resource::TransferInvalid);
        json_of(&im.send("DELETE", &own, "").await);
        json_of(&im.send("DELETE", &own, "").await);
        let answer = half.read_answer().await;
        assert!(answer.starts_with("HTTP/1.1 409") && answer.contains(&canceled), "{answer}");
        im.send("PUT", &own, "1234567890").await.is_refused(409, Resource::TransferCanceled);

        let own = upload_path(&im, "alice", 10, "").await;
        im.call("im_open_login_svc/kick", json!({ "UserID": "alice" })).await.ok();
        im.send("PUT", &own, "1234567890").await.is_refused(409, Resource::TransferCanceled);
    }

    async fn files_and_uploads_go_after_their_time(im: Im) {
        im.import(&["alice"]).await;
        im.app(|settings, _| settings.file_days = Some(1)).await;
        let begun = upload_path(&im, "alice", 1, "").await;
        let stored = upload(&im, "alice", "a.txt", b"soon gone").await;
        let url = stored["Url"].as_str().expect("a URL").to_owned();
        im.clock.advance(23 * 3_600_000);
        server::media::round(im.node()).await.expect("a round");
        assert_eq!(im.send("GET", &link(&im, &url).await, "").await.head().status, 200);
        im.send("PUT", &begun, "x").await.is_refused(403, Resource::FileForbidden);
        im.clock.advance(3_600_000 - 60_000);
        let late = link(&im, &url).await;
        im.clock.advance(60_000);
        im.send("GET", &late, "").await.is_refused(404, Resource::FileUnknown);
        server::media::round(im.node()).await.expect("a round");
        let body = json!({ "RawURLs": [{ "ResourceID": 1, "RawURL": url }] });
        let signed = im.call("im_cos_msg/get_cos_sig", body).await.ok();
        assert_eq!(signed["PreSigURLs"][0]["Code"].as_i64(), Resource::FileUnknown.row().number().map(i64::from));
    }

    async fn what_a_process_that_died_left_half_written_is_removed_at_the_next_start(im: Im) {
        im.import(&["alice"]).await;
        let own = upload_path(&im, "alice", 10, "").await;
        let head = format!("PUT {own} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
        let half = Raw::open(&im).await.write(head.as_bytes()).await;
        let folder = im.media().join("files").join(APP.to_string());
        let names = || {
            let entries = std::fs::read_dir(&folder).into_iter().flatten();
            let mut names: Vec<_> = entries.map(|it| it.expect("an entry").file_name().into_string().expect("text")).collect();
            names.sort_unstable();
            names
        };
        until(async || names().len() == 1).await;
        let staged = folder.join(&names()[0]);
        let left = folder.join("0123456789abcdef0123456789abcdef#2");
        std::fs::copy(&staged, &left).expect("a copy of what was left");
        drop(half);
        until(async || names().len() == 1).await;
        let done = upload(&im, "alice", "a.txt", b"a whole one").await;
        // The files carry the time of the machine; all of it is long ago.
        im.clock.advance(4_000_000_000_000 - im.clock.now().0);
        let im = im.restart().await;
        until(async || names().len() == 1 && !left.exists()).await;
        assert_eq!(im.send("GET", &link(&im, done["Url"].as_str().expect("a URL")).await, "").await.head().status, 200);
    }

    async fn a_forbidden_file_is_neither_read_nor_sent_nor_uploaded_again(im: Im) {
        im.import(&["alice", "bob"]).await;
        let stored = upload(&im, "alice", "bad.png", b"a bad picture").await;
        let url = stored["Url"].as_str().expect("a URL").to_owned();
        let bob = client(&im, "bob").await;
        let before = path(&bob.file_links(&[&url]).await.expect("links")[0].link).to_owned();
        assert_eq!(im.send("GET", &before, "").await.head().status, 200);
        im.call("im_cos_msg/forbid_illegal_object", json!({ "RawURL": url })).await.ok();
        im.send("GET", &before, "").await.is_refused(403, Resource::FileForbidden);
        let links = bob.file_links(&[&url]).await.expect("links");
        assert_eq!(Some(links[0].code), Resource::FileForbidden.row().number());
        post(&im, "alice", "name=other.png", b"a bad picture".to_vec()).await.is_refused(403, Resource::FileForbidden);
        // Who decides about it may look at it.
        assert_eq!(im.send("GET", &link(&im, &url).await, "").await.head().status, 200);
        let image = |url: &str, uuid: &str| json!([{ "MsgType": "TIMImageElem", "MsgContent": { "UUID": uuid,
            "ImageFormat": 3, "ImageInfoArray": [{ "Type": 1, "Size": 1, "Width": 1, "Height": 1, "URL": url }] } }]);
        let send = async |random: u32, body: Value| {
            let call = json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": random, "MsgBody": body });
            im.call("openim/sendmsg", call).await
        };
        send(1, image(&url, "x")).await.fails(Common::ImageForbidden);
        send(2, image(&format!("{url}?x=1"), "x")).await.fails(Common::ImageForbidden);
        send(3, image("https://elsewhere.test/1.png", &md5(b"a bad picture"))).await.fails(Common::ImageForbidden);
        send(4, image("https://elsewhere.test/1.png", "x")).await.ok();
        send(5, elements("no file at all")).await.ok();
        im.call("im_cos_msg/allow_banned_object", json!({ "RawURL": url })).await.ok();
        assert_eq!(im.send("GET", &before, "").await.head().status, 200);
        send(6, image(&url, "x")).await.ok();
        bob.shutdown().await;
    }
}

#[tokio::test]
async fn an_upload_that_stalls_is_given_up() {
    let im = Im::start_with(TestEngine::Sqlite, |config| config.bounds.body_ms = 200).await.expect("SQLite is tested");
    im.import(&["alice"]).await;
    let own = upload_path(&im, "alice", 10, "").await;
    let head = format!("PUT {own} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
    let answer = Raw::open(&im).await.write(head.as_bytes()).await.read_answer().await;
    let row = Resource::TransferTimeout.row();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains(row.text), "{answer}");
    contract::ledger::note(row, contract::ledger::How::Request);
    // Nothing of it stays: the same link takes the whole file.
    until(async || im.send("PUT", &own, "1234567890").await.head().status == 200).await;
}

#[tokio::test]
async fn more_transfers_than_a_node_takes_are_refused() {
    let im = Im::start_with(TestEngine::Sqlite, |config| config.bounds.transfers = 1).await.expect("SQLite is tested");
    im.import(&["alice"]).await;
    let (one, other) = (upload_path(&im, "alice", 10, "").await, upload_path(&im, "alice", 10, "").await);
    let head = format!("PUT {one} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
    let half = Raw::open(&im).await.write(head.as_bytes()).await;
    until(async || im.node().media.uploads() == 1).await;
    im.send("PUT", &other, "1234567890").await.is_refused(503, Common::NodeBusy);
    drop(half);
    until(async || im.send("PUT", &other, "1234567890").await.head().status == 200).await;
}
