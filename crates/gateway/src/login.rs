//! How a connection gets an account: LOGIN with a user sig, RESUME with a ticket and its key.
//!
//! The order of the checks is the contract's: the app, the command, sealing, the fields, the proof, the rate, then
//! the rules of `chat` inside one write.

use std::sync::Arc;

use contract::codes::Family;
use contract::frame::wire::{LoginAnswer, LoginRequest, ResumeRequest};
use contract::frame::{Command, Frame};
use contract::ticket::{self, Grant};
use contract::{AppId, DeviceId, Error, Fault, Millis, Platform, Result, UserId};
use store::apps::{App, Sealing, Status};
use store::devices::{self, Login};
use store::{Tx, broadcasts};

use crate::bucket::Rate;
use crate::drive::Outcome;
use crate::group;
use crate::hub::Hub;
use crate::link::Link;
use crate::refusal;
use crate::registry::Session;
use crate::state::Identity;

/// A device that was let in.
pub(crate) struct Admission {
    pub(crate) presence: Presence,
    pub(crate) identity: Identity,
    pub(crate) answer: Frame,
    pub(crate) epoch: i64,
    pub(crate) silence_ms: i64,
}

/// Stands for a session wherever it is noted. Its end takes the notes away, however the connection ended.
pub(crate) struct Presence {
    hub: Arc<Hub>,
    session: Arc<Session>,
}

impl Presence {
    /// Notes a session that is on its way in, so that no kick passes it by.
    fn new(hub: &Arc<Hub>, session: Arc<Session>) -> Result<Self> {
        if !hub.registry.add(&session) {
            return Err(Fault::LoginThrottled.into());
        }
        Ok(Self { hub: Arc::clone(hub), session })
    }

    pub(crate) const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Lets the session hear everything; ends it at once if it was kicked on its way.
    pub(crate) fn come_in(&self, epoch: i64) {
        let (hub, session) = (&self.hub, &self.session);
        hub.registry.bind(session);
        if let Some(fault) = session.come_in(epoch) {
            hub.kick(session, fault);
        }
        // Two logins of one device may both have been on their way when the other's notice came.
        for other in hub.registry.of_account(session.app, &session.account) {
            if other.device == session.device && other.began() < session.began() && other.is_in() {
                hub.kick(&other, Fault::Replaced);
            }
        }
        hub.front.arrived(session.app, &session.account, &session.device);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.hub.registry.remove(&self.session);
        self.hub.leave_groups(&self.session);
        self.hub.chores.leave(&self.session, self.hub.front.now());
    }
}

/// Serves a LOGIN or a RESUME, within the time that a verification may take.
pub(crate) async fn enter(hub: Arc<Hub>, link: Arc<Link>, frame: Frame, is_sealed: bool) -> Outcome {
    let entering = async {
        match frame.command() {
            Command::Login => log_in(&hub, &link, &frame, is_sealed).await,
            _ => resume(&hub, &link, &frame, is_sealed).await,
        }
    };
    let entered = match tokio::time::timeout(hub.settings.verify_wait, entering).await {
        Ok(entered) => entered,
        Err(_) => Err(Fault::VerifyTimeout.into()),
    };
    match entered {
        Ok(admission) => Outcome::Admitted(Box::new(admission)),
        Err(error) => Outcome::Refused(refusal::refuse(&frame, Family::Access, &error)),
    }
}

async fn log_in(hub: &Arc<Hub>, link: &Arc<Link>, frame: &Frame, is_sealed: bool) -> Result<Admission> {
    let app = open_app(hub, frame, is_sealed)?;
    let request: LoginRequest = frame.read()?;
    let account = UserId::parse(&frame.account)?;
    let device = DeviceId::parse(&request.device)?;
    let platform =
        Platform::from_number(i64::from(request.platform)).ok_or(Fault::FieldInvalid { field: "platform" })?;
    let claim = hub.front.verify(Arc::clone(&app), account.clone(), request.user_sig).await?;
    check_rate(hub, app.id, &account)?;
    let (presence, login) = arrive(hub, link, app.id, account, device, platform)?;
    let (rules, entry, origin) = (Arc::clone(&app), login.clone(), presence.session.origin());
    let write = |now: Millis| {
        let job = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            Ok((chat::login::log_in(tx, now, &rules, &entry, claim.signed_at)?, broadcasts::newest_kept(tx)?))
        };
        hub.store.write(app.id, job)
    };
    let (epoch, broadcast) = hub.write_login(&presence.session, write).await?;
    presence.session.note_stored();
    group::load(hub, &presence.session).await?;
    let grant = Grant {
        app: app.id,
        account: login.account,
        device: login.device,
        epoch,
        signed_at: claim.signed_at,
        expires_at: claim.expires_at,
        platform: platform as i32,
    };
    Ok(admit(hub, frame, presence, &grant, platform, broadcast))
}

async fn resume(hub: &Arc<Hub>, link: &Arc<Link>, frame: &Frame, is_sealed: bool) -> Result<Admission> {
    let app = open_app(hub, frame, is_sealed)?;
    let request: ResumeRequest = frame.read()?;
    let now = hub.front.now();
    let secrets = &hub.settings.ticket_secrets;
    let grant = ticket::verify(secrets, &request.ticket, &request.key, &frame.account, app.id, now)?;
    if grant.device.as_str() != request.device {
        // A pair that was copied to another device is worth as much as a forged one.
        return Err(Fault::TicketForged.into());
    }
    let platform = Platform::from_number(i64::from(grant.platform)).ok_or(Fault::TicketForged)?;
    check_rate(hub, app.id, &grant.account)?;
    let (presence, login) = arrive(hub, link, app.id, grant.account.clone(), grant.device.clone(), platform)?;
    let (rules, shown, origin) = (Arc::clone(&app), grant.clone(), presence.session.origin());
    let write = |now: Millis| {
        let job = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            chat::login::resume(tx, now, &rules, &login, &shown)?;
            broadcasts::newest_kept(tx)
        };
        hub.store.write(app.id, job)
    };
    let resumed = hub.write_login(&presence.session, write).await;
    if matches!(resumed, Err(Error::Fault(Fault::Replaced | Fault::WebInstanceReplaced))) {
        // Its user learns so once; who logs in again after that means it.
        let device = grant.device.clone();
        hub.store.write(app.id, move |tx| devices::clear_replaced(tx, &device)).await?;
    }
    let broadcast = resumed?;
    presence.session.note_stored();
    group::load(hub, &presence.session).await?;
    Ok(admit(hub, frame, presence, &grant, platform, broadcast))
}

/// The app that a frame speaks of, if it may be spoken for.
fn open_app(hub: &Hub, frame: &Frame, is_sealed: bool) -> Result<Arc<App>, Fault> {
    let id = i64::try_from(frame.app).map_err(|_| Fault::AppUnknown)?;
    let app = hub.front.app(AppId(id)).ok_or(Fault::AppUnknown)?;
    check_app(&app, hub.front.now())?;
    let is_off = app.settings.commands_off.iter().any(|off| off == frame.command().as_str_name());
    // No published number speaks of sealing. A login in the form that the app's operator does not allow is a command
    // that the operator switched off: the device must not try again as it is.
    let is_form_off = match app.settings.sealing {
        Sealing::Required => !is_sealed,
        Sealing::Allowed => false,
        Sealing::Off => is_sealed,
    };
    if is_off || is_form_off { Err(Fault::CommandDisabled) } else { Ok(app) }
}

/// Refuses devices of an app that is not served.
pub(crate) fn check_app(app: &App, now: Millis) -> Result<(), Fault> {
    match app.settings.status {
        Status::Blocked => Err(Fault::AppDisabled),
        Status::Disabled | Status::Stopped => Err(Fault::AppStopped),
        Status::Arrears => Err(Fault::PlanExpired),
        Status::Active if !app.is_paid(now) => Err(Fault::PlanExpired),
        Status::Active => Ok(()),
    }
}

/// Counts only what was proven: nobody can lock another's account out.
fn check_rate(hub: &Hub, app: AppId, account: &UserId) -> Result<(), Fault> {
    let rate = Rate::per_minute(hub.settings.logins_per_minute);
    if hub.logins.take(app, account, hub.front.now(), rate) { Ok(()) } else { Err(Fault::LoginThrottled) }
}

fn arrive(
    hub: &Arc<Hub>,
    link: &Arc<Link>,
    app: AppId,
    account: UserId,
    device: DeviceId,
    platform: Platform,
) -> Result<(Presence, Login)> {
    // Random, so that it differs from every connection that any node ever had; never 0.
    let id = i64::from_ne_bytes(rand::random()) | 1;
    let login = Login {
        device: device.clone(),
        account: account.clone(),
        platform: platform as i64,
        node: hub.settings.node,
        session: id,
    };
    let session = Session::new(Arc::clone(link), app, account, device, platform, id);
    Ok((Presence::new(hub, Arc::new(session))?, login))
}

fn admit(hub: &Hub, frame: &Frame, presence: Presence, grant: &Grant, platform: Platform, broadcast: i64) -> Admission {
    let now = hub.front.now();
    let secrets = &hub.settings.ticket_secrets;
    let (key, key_expires_at) = ticket::key(secrets, grant, now);
    let cookie: [u8; 8] = rand::random();
    let (silence_ms, heartbeat_ms) = hub.settings.rhythm(platform == Platform::Web);
    let answer = LoginAnswer {
        ticket: ticket::ticket(secrets, grant),
        ticket_expires_at: grant.expires_at.0,
        key,
        key_expires_at: key_expires_at.0,
        cookie: cookie.to_vec(),
        server_time: now.0,
        heartbeat_ms: heartbeat_ms as u32,
        frame_bytes: hub.settings.frame_bytes as u32,
        broadcast: broadcast as u64,
        life: hub.settings.life as u64,
    };
    let identity = Identity { app: grant.app, account: grant.account.clone(), cookie };
    Admission { presence, identity, answer: frame.answer(&answer), epoch: grant.epoch, silence_ms }
}
