//! What an account may ask over its connection: the checks of the access layer, then the command.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use contract::codes::Family;
use contract::frame::wire::{PushAck, StatusAnswer, StatusRequest, status_answer};
use contract::frame::{Command, Frame};
use contract::{Error, Fault, Millis, Result, UserId, limit, rate};
use store::Tx;
use store::apps::App;

use crate::bucket::Rate;
use crate::drive::Outcome;
use crate::hub::Hub;
use crate::kinds::{family_of, is_group, is_of_group, is_push, is_relation};
use crate::message::change;
use crate::registry::Session;
use crate::{broadcast, conversation, enrolment, follow, login, message, profile, refusal, relation, token};

/// One request.
pub(crate) struct Call {
    pub(crate) hub: Arc<Hub>,
    pub(crate) session: Arc<Session>,
    pub(crate) app: Arc<App>,
    pub(crate) now: Millis,
}

impl Call {
    /// Runs a transaction in which the device acts.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let origin = self.session.origin();
        let write = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            job(tx)
        };
        self.hub.store.write(self.app.id, write).await
    }

    /// As [`Self::write`], for what is bound to the device. Its session has to hold, whatever its node has heard: of an
    /// account that was kicked or deleted a moment ago nothing is bound any more.
    pub(crate) async fn bind<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = Arc::clone(&self.session);
        self.write(move |tx| {
            chat::login::hold(tx, &session.account, session.epoch(), &session.device, session.id)?;
            job(tx)
        })
        .await
    }
}

/// Counts a request as long as it is under way.
struct UnderWay<'a>(&'a Hub);

impl<'a> UnderWay<'a> {
    fn begin(hub: &'a Hub) -> Result<Self, Fault> {
        let place = Self(hub);
        let before = hub.counts.requests.fetch_add(1, Ordering::AcqRel);
        if before < hub.settings.requests_max { Ok(place) } else { Err(Fault::NodeBusy) }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.counts.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Serves a request.
pub(crate) async fn serve(hub: Arc<Hub>, session: Arc<Session>, frame: Frame) -> Outcome {
    let refuse = |family, error: Error| refusal::refuse(&frame, family, &error);
    let counted = match UnderWay::begin(&hub) {
        Ok(counted) => counted,
        Err(fault) => return Outcome::Answer(refuse(Family::Access, fault.into())),
    };
    let call = match admit(&hub, &session, &frame) {
        Ok(call) => call,
        Err(fault @ (Fault::AppUnknown | Fault::AppDisabled | Fault::AppStopped | Fault::PlanExpired)) => {
            return Outcome::Last(refuse(Family::Access, fault.into()));
        }
        Err(fault @ Fault::AccountBlocked) => return Outcome::Last(refuse(Family::Account, fault.into())),
        Err(fault) => return Outcome::Answer(refuse(Family::Access, fault.into())),
    };
    let outcome = match run(&call, &frame).await {
        Ok(outcome) => outcome,
        // The frame was understood, its body was not: that is the wire format's matter, not the command's.
        Err(error @ Error::Fault(Fault::FrameMalformed)) => Outcome::Answer(refuse(Family::Access, error)),
        Err(error) => Outcome::Answer(refuse(family_of(frame.command()), error)),
    };
    drop(counted);
    outcome
}

/// Checks what the access layer checks of every request, in the order of the contract.
fn admit(hub: &Arc<Hub>, session: &Arc<Session>, frame: &Frame) -> Result<Call, Fault> {
    let now = hub.front.now();
    let app = hub.front.app(session.app).ok_or(Fault::AppUnknown)?;
    login::check_app(&app, now)?;
    if app.settings.accounts_off.iter().any(|off| off == session.account.as_str()) {
        return Err(Fault::AccountBlocked);
    }
    let name = frame.command().as_str_name();
    if app.settings.commands_off.iter().any(|off| off == name) {
        return Err(Fault::CommandDisabled);
    }
    if let Some(rate) = rate_of(&app, frame.command())
        && !hub.registry.take(session, frame.command, now, rate)
    {
        return Err(Fault::AccountThrottled);
    }
    Ok(Call { hub: Arc::clone(hub), session: Arc::clone(session), app, now })
}

/// An app's own rate, or the contract's where the app has a plan of the cloud.
fn rate_of(app: &App, command: Command) -> Option<Rate> {
    let own = app.settings.rates.get(command.as_str_name()).copied();
    own.map(Rate::per_second).or_else(|| rate::of_frame(command.as_str_name(), app.plan()).map(Rate::from))
}

async fn run(call: &Call, frame: &Frame) -> Result<Outcome> {
    let answer = match frame.command() {
        Command::Send => frame.answer(&message::send(call, frame.read()?).await?),
        Command::Recall => frame.answer(&message::recall(call, frame.read()?).await?),
        Command::Read => frame.answer(&message::read(call, frame.read()?).await?),
        Command::Receipt => frame.answer(&message::receipt(call, frame.read()?).await?),
        Command::History => frame.answer(&message::history(call, frame.read()?).await?),
        Command::Heads => frame.answer(&message::heads(call, frame.read()?).await?),
        Command::Since => frame.answer(&message::since(call, frame.read()?).await?),
        Command::Modify => frame.answer(&change::modify(call, frame.read()?).await?),
        Command::ExtensionSet => frame.answer(&change::extend(call, frame.read()?).await?),
        Command::ExtensionGet => frame.answer(&change::extensions(call, frame.read()?).await?),
        Command::Delete => frame.answer(&change::delete(call, frame.read()?).await?),
        Command::Stream => frame.answer(&change::stream(call, frame.read()?).await?),
        Command::Status => frame.answer(&status(call, frame.read()?).await?),
        Command::SetToken => frame.answer(&token::set(call, frame).await?),
        Command::ProfileSet => frame.answer(&profile::write(call, frame.read()?).await?),
        Command::ProfileGet => frame.answer(&profile::read(call, frame.read()?).await?),
        Command::FollowAdd => frame.answer(&follow::add(call, frame.read()?).await?),
        Command::FollowDelete => frame.answer(&follow::remove(call, frame.read()?).await?),
        Command::FollowList => frame.answer(&follow::list(call, frame.read()?).await?),
        Command::FollowCheck => frame.answer(&follow::check(call, frame.read()?).await?),
        Command::MediaUpload => {
            let (app, owner) = (Arc::clone(&call.app), call.session.account.clone());
            frame.answer(&call.hub.front.offer(app, owner, frame.read()?).await?)
        }
        Command::MediaLink => frame.answer(&call.hub.front.links(call.app.id, frame.read()?).await?),
        Command::BroadcastsSince => frame.answer(&broadcast::since(call, frame.read()?).await?),
        Command::PushAck => frame.answer(&confirm(call, &frame.read()?)),
        Command::ConversationList => frame.answer(&conversation::list(call, frame.read()?).await?),
        Command::ConversationSync => frame.answer(&conversation::sync(call, frame.read()?).await?),
        Command::ConversationPin => frame.answer(&conversation::pin(call, frame.read()?).await?),
        Command::ConversationMark => frame.answer(&conversation::mark(call, frame.read()?).await?),
        Command::ConversationDelete => frame.answer(&conversation::delete(call, frame.read()?).await?),
        Command::ConversationClear => frame.answer(&conversation::clear(call, frame.read()?).await?),
        Command::ConversationGroupCreate => frame.answer(&conversation::create_group(call, frame.read()?).await?),
        Command::ConversationGroupUpdate => frame.answer(&conversation::update_group(call, frame.read()?).await?),
        Command::ConversationGroupDelete => frame.answer(&conversation::delete_group(call, frame.read()?).await?),
        Command::Heartbeat if call.hub.chores.beat(&call.session, frame.clone()) => return Ok(Outcome::Later),
        Command::Heartbeat => return Err(Fault::NodeBusy.into()),
        Command::Logout => {
            let (now, account, device) = (call.now, call.session.account.clone(), call.session.device.clone());
            call.write(move |tx| chat::login::log_out(tx, now, &account, &device)).await?;
            call.session.dismiss();
            return Ok(Outcome::Last(frame.answer(&())));
        }
        command if is_relation(command) => relate(call, frame).await?,
        command if is_of_group(command) => group(call, frame).await?,
        command if is_group(command) => in_group(call, frame).await?,
        command if is_push(command) => push(call, frame).await?,
        _ => return Err(Fault::RequestIllegal.into()),
    };
    Ok(Outcome::Answer(answer.compressed()))
}

/// Serves a command on relations.
async fn relate(call: &Call, frame: &Frame) -> Result<Frame> {
    Ok(match frame.command() {
        Command::FriendAdd => frame.answer(&relation::add(call, frame.read()?).await?),
        Command::FriendDelete => frame.answer(&relation::delete(call, frame.read()?).await?),
        Command::FriendUpdate => frame.answer(&relation::update(call, frame.read()?).await?),
        Command::Friends => frame.answer(&relation::friends(call, frame.read()?).await?),
        Command::FriendGet => frame.answer(&relation::get(call, frame.read()?).await?),
        Command::FriendCheck => frame.answer(&relation::check(call, frame.read()?).await?),
        Command::RequestAccept => frame.answer(&relation::accept(call, frame.read()?).await?),
        Command::RequestRefuse => frame.answer(&relation::refuse(call, frame.read()?).await?),
        Command::Requests => frame.answer(&relation::requests(call, frame.read()?).await?),
        Command::RequestsRead => frame.answer(&relation::read_requests(call, frame.read()?).await?),
        Command::RequestDelete => frame.answer(&relation::delete_request(call, frame.read()?).await?),
        Command::Block => frame.answer(&relation::block(call, frame.read()?).await?),
        Command::Unblock => frame.answer(&relation::unblock(call, frame.read()?).await?),
        Command::Blocks => frame.answer(&relation::blocks(call, frame.read()?).await?),
        Command::FriendGroupCreate => frame.answer(&relation::create_group(call, frame.read()?).await?),
        Command::FriendGroupDelete => frame.answer(&relation::delete_groups(call, frame.read()?).await?),
        Command::FriendGroupRename => frame.answer(&relation::rename_group(call, frame.read()?).await?),
        Command::FriendGroupChange => frame.answer(&relation::change_group(call, frame.read()?).await?),
        Command::FriendGroups => frame.answer(&relation::groups(call, frame.read()?).await?),
        Command::RelationVersions => frame.answer(&relation::versions(call, frame.read()?).await?),
        _ => return Err(Fault::RequestIllegal.into()),
    })
}

/// Serves a command on groups, their members and messages.
async fn in_group(call: &Call, frame: &Frame) -> Result<Frame> {
    use crate::group::{ask, speak};
    Ok(match frame.command() {
        Command::GroupCreate => frame.answer(&ask::make(call, frame.read()?).await?),
        Command::GroupJoin => frame.answer(&ask::enter(call, frame.read()?).await?),
        Command::GroupQuit => frame.answer(&ask::leave(call, frame.read()?).await?),
        Command::GroupInvite => frame.answer(&ask::invite(call, frame.read()?).await?),
        Command::GroupKick => frame.answer(&ask::remove(call, frame.read()?).await?),
        Command::GroupMemberChange => frame.answer(&ask::change_member(call, frame.read()?).await?),
        Command::GroupTransfer => frame.answer(&ask::transfer(call, frame.read()?).await?),
        Command::GroupDisband => frame.answer(&ask::end(call, frame.read()?).await?),
        Command::GroupChange => frame.answer(&ask::change(call, frame.read()?).await?),
        Command::GroupInfo => frame.answer(&ask::info(call, frame.read()?).await?),
        Command::GroupJoined => frame.answer(&ask::joined(call, frame.read()?).await?),
        Command::GroupMembers => frame.answer(&ask::list(call, frame.read()?).await?),
        Command::GroupRequests => frame.answer(&ask::waiting(call, frame.read()?).await?),
        Command::GroupAnswer => frame.answer(&ask::answer(call, frame.read()?).await?),
        Command::GroupSend => frame.answer(&speak::send(call, frame.read()?).await?),
        Command::GroupRecall => frame.answer(&speak::recall(call, frame.read()?).await?),
        Command::GroupModify => frame.answer(&speak::modify(call, frame.read()?).await?),
        Command::GroupDelete => frame.answer(&speak::delete(call, frame.read()?).await?),
        Command::GroupHistory => frame.answer(&speak::history(call, frame.read()?).await?),
        Command::GroupSince => frame.answer(&speak::since(call, frame.read()?).await?),
        Command::GroupRead => frame.answer(&speak::mark(call, frame.read()?).await?),
        Command::GroupReceiptGive => frame.answer(&speak::give(call, frame.read()?).await?),
        Command::GroupReceiptCount => frame.answer(&speak::tallies(call, frame.read()?).await?),
        Command::GroupReaders => frame.answer(&speak::readers(call, frame.read()?).await?),
        Command::GroupPairsSet => frame.answer(&speak::set_pairs(call, frame.read()?).await?),
        Command::GroupPairsGet => frame.answer(&speak::pairs(call, frame.read()?).await?),
        Command::GroupForget => frame.answer(&speak::forget(call, frame.read()?).await?),
        _ => return Err(Fault::RequestIllegal.into()),
    })
}

/// Serves a command on what groups have besides members and messages.
async fn group(call: &Call, frame: &Frame) -> Result<Frame> {
    use crate::group::{attributes, permission, room, topic};
    Ok(match frame.command() {
        Command::LiveEnter => frame.answer(&room::enter(call, frame.read()?).await?),
        Command::LiveLeave => frame.answer(&room::leave(call, frame.read()?).await?),
        Command::LiveGuests => frame.answer(&room::guests(call, frame.read()?).await?),
        Command::LiveOnline => frame.answer(&room::online(call, frame.read()?).await?),
        Command::LiveBan => frame.answer(&room::ban(call, frame.read()?).await?),
        Command::AttributesGet => frame.answer(&attributes::get(call, frame.read()?).await?),
        Command::AttributesWrite => frame.answer(&attributes::write(call, frame.read()?).await?),
        Command::CountersGet => frame.answer(&attributes::counters(call, frame.read()?).await?),
        Command::CountersChange => frame.answer(&attributes::count(call, frame.read()?).await?),
        Command::CountersDelete => frame.answer(&attributes::uncount(call, frame.read()?).await?),
        Command::TopicCreate => frame.answer(&topic::create(call, frame.read()?).await?),
        Command::TopicHeads => frame.answer(&topic::heads(call, frame.read()?).await?),
        Command::TopicGet => frame.answer(&topic::get(call, frame.read()?).await?),
        Command::TopicChange => frame.answer(&topic::modify(call, frame.read()?).await?),
        Command::TopicDelete => frame.answer(&topic::delete(call, frame.read()?).await?),
        Command::TopicRead => frame.answer(&topic::read(call, frame.read()?).await?),
        Command::PermissionGroupCreate => frame.answer(&permission::create(call, frame.read()?).await?),
        Command::PermissionGroupGet => frame.answer(&permission::get(call, frame.read()?).await?),
        Command::PermissionGroupChange => frame.answer(&permission::modify(call, frame.read()?).await?),
        Command::PermissionGroupDelete => frame.answer(&permission::delete(call, frame.read()?).await?),
        Command::PermissionMembers => frame.answer(&permission::members(call, frame.read()?).await?),
        Command::PermissionMembersChange => frame.answer(&permission::move_members(call, frame.read()?).await?),
        Command::PermissionTopics => frame.answer(&permission::topics(call, frame.read()?).await?),
        Command::PermissionTopicsChange => frame.answer(&permission::set_topics(call, frame.read()?).await?),
        _ => return Err(Fault::RequestIllegal.into()),
    })
}

/// Serves a command on the device as push sees it.
async fn push(call: &Call, frame: &Frame) -> Result<Frame> {
    Ok(match frame.command() {
        Command::PushRegister => frame.answer(&enrolment::register(call, frame.read()?).await?),
        Command::PushWithdraw => frame.answer(&enrolment::withdraw(call).await?),
        Command::AliasAdd => frame.answer(&enrolment::add_aliases(call, frame.read()?).await?),
        Command::AliasRemove => frame.answer(&enrolment::remove_aliases(call, frame.read()?).await?),
        Command::TagAdd => frame.answer(&enrolment::add_tags(call, frame.read()?).await?),
        Command::TagRemove => frame.answer(&enrolment::remove_tags(call, frame.read()?).await?),
        Command::TagList => frame.answer(&enrolment::tags(call, frame.read()?).await?),
        Command::PushSet => frame.answer(&enrolment::set(call, frame.read()?).await?),
        Command::PushState => frame.answer(&enrolment::state(call).await?),
        Command::PushReport => frame.answer(&enrolment::tell(call, frame.read()?).await?),
        Command::PushActivity => frame.answer(&enrolment::live(call, frame.read()?).await?),
        _ => return Err(Fault::RequestIllegal.into()),
    })
}

/// Answers how others are reached.
async fn status(call: &Call, request: StatusRequest) -> Result<StatusAnswer> {
    if !call.app.settings.has_status || !call.app.plan().allowance().has_status {
        return Err(Fault::StatusDisabled.into());
    }
    let max = limit::RECEIVER_BATCH;
    if request.accounts.is_empty() || request.accounts.len() > max {
        return Err(Fault::BatchSizeInvalid { max }.into());
    }
    let asked: Vec<Result<UserId, Fault>> = request.accounts.iter().map(|text| UserId::parse(text)).collect();
    let (now, users) = (call.now, asked.iter().filter_map(|user| user.clone().ok()).collect::<Vec<_>>());
    let found = call.hub.store.read(call.app.id, move |snapshot| chat::login::presence(snapshot, now, &users)).await?;
    let mut found = found.into_iter();
    let items = request.accounts.into_iter().zip(asked).map(|(account, user)| {
        let presence = match user {
            Ok(_) => found.next().flatten().ok_or(Fault::AccountUnknown),
            Err(fault) => Err(fault),
        };
        match presence {
            Ok(presence) => status_answer::Item { account, status: presence.status.as_str().into(), code: 0 },
            Err(fault) => {
                let (code, _) = refusal::spell(Family::Account, &fault.into());
                status_answer::Item { account, status: String::new(), code }
            }
        }
    });
    Ok(StatusAnswer { items: items.collect() })
}

/// Tells whoever pushed that the device has it. A confirmation that nobody waits for any more is of no consequence.
fn confirm(call: &Call, ack: &PushAck) {
    let mut acks = call.session.acks.lock();
    if let Some(index) = acks.iter().position(|(id, _)| id[..] == ack.id[..]) {
        let (_, waiting) = acks.swap_remove(index);
        if waiting.send(()).is_err() {
            tracing::debug!("a notification was confirmed after its time");
        }
    }
}
