//! What is left for webhooks of messages that no append writer sees: those that pass by, and those that were refused.

use contract::codes::{self, Family};
use contract::message::Flags;
use contract::webhook::{Happening, Judgement, Webhook};
use contract::{AppId, Error, Fault, MsgKey, Result};
use serde_json::Value;
use store::append::Draft;

use crate::Hub;

/// Bytes of a text that a webhook of the lists tells.
const EXCERPT_BYTES: usize = 2_000;

impl Hub {
    /// Whether the app wants one of these webhooks.
    pub(crate) fn wants(&self, app: AppId, webhooks: &[Webhook]) -> bool {
        let app = self.front.app(app);
        app.is_some_and(|app| webhooks.iter().any(|webhook| app.settings.webhook.has(*webhook)))
    }

    /// Leaves a message that is not stored for the webhooks that tell of it, if the app has them on.
    pub(crate) async fn tell_passed(&self, app: AppId, draft: &Draft, key: MsgKey) -> Result<()> {
        let for_robot = draft.receiver.is_robot() && !draft.sender.is_robot();
        let all = [Webhook::AfterSendMsg, Webhook::BotMessage, Webhook::BotSignal];
        let webhooks = if for_robot { &all[..] } else { &all[..1] };
        let Some(origin) = draft.told.filter(|_| self.wants(app, webhooks)) else { return Ok(()) };
        let passed = |for_robot| Happening::Passed {
            sender: draft.sender.clone(),
            receiver: draft.receiver.clone(),
            key,
            body: draft.body.clone(),
            cloud: draft.cloud.clone(),
            for_robot,
        };
        let mut told = vec![passed(false)];
        if for_robot {
            told.push(passed(true));
            told.extend(signal(draft, key));
        }
        let at = draft.at;
        let tell = move |tx: &mut store::Tx<'_>| {
            tx.act_for(origin);
            told.iter().try_for_each(|happening| tx.after_hook(at, happening))
        };
        self.store.write(app, tell).await
    }

    /// A copy of a draft for [`Self::tell_unsent`], if the app wants to hear of refused messages.
    pub fn keep_for_refusal(&self, app: AppId, draft: &Draft) -> Option<Box<Draft>> {
        let is_wanted = draft.told.is_some() && self.wants(app, &[Webhook::AfterSendMsg, Webhook::Moderated]);
        is_wanted.then(|| Box::new(draft.clone()))
    }

    /// Leaves a refused message for the webhooks that tell of it. Trouble of our own is no refusal: the sender tries again.
    pub async fn tell_unsent(&self, app: AppId, draft: Option<Box<Draft>>, error: &Error) -> Result<()> {
        let (Some(draft), Error::Fault(fault)) = (draft, error) else { return Ok(()) };
        let Some(origin) = draft.told else { return Ok(()) };
        let key = MsgKey { time: draft.at.secs(), seq: draft.msg_seq.unwrap_or_default(), random: draft.msg_random };
        let row = codes::render(Family::Message, fault);
        let (code, info) = match fault {
            Fault::WebhookCustom { code, info } => (*code, info.clone()),
            _ => (row.number().unwrap_or_default(), row.text.to_owned()),
        };
        let judged = matches!(fault, Fault::TextForbidden | Fault::ImageForbidden).then(|| {
            Happening::Moderated(Box::new(Judgement {
                scene: "C2C".into(),
                account: draft.sender.clone(),
                contact: draft.receiver.to_string(),
                text: draft.body[..draft.body.floor_char_boundary(EXCERPT_BYTES)].to_owned(),
                msg_key: String::new(),
                words: Vec::new(),
                is_blocked: true,
            }))
        });
        let at = draft.at;
        let unsent = Happening::Unsent {
            online_only: Flags(draft.flags).has(Flags::ONLINE_ONLY),
            sender: draft.sender,
            receiver: draft.receiver,
            key,
            body: draft.body,
            cloud: draft.cloud,
            code,
            info,
        };
        let tell = move |tx: &mut store::Tx<'_>| {
            tx.act_for(origin);
            tx.after_hook(at, &unsent)?;
            judged.as_ref().map_or(Ok(()), |judged| tx.after_hook(at, judged))
        };
        self.store.write(app, tell).await
    }
}

/// A message of one custom element that passes by a robot is a signal to it: what its element says.
fn signal(draft: &Draft, key: MsgKey) -> Option<Happening> {
    let elements: Value = serde_json::from_str(&draft.body).ok()?;
    let [element] = elements.as_array()?.as_slice() else { return None };
    let data = element["MsgContent"]["Data"].as_str().filter(|_| element["MsgType"] == "TIMCustomElem")?;
    Some(Happening::Signalled {
        sender: draft.sender.clone(),
        receiver: draft.receiver.clone(),
        key,
        data: data.to_owned(),
    })
}
