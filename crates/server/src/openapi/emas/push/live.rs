//! What a push does with a live activity.

use contract::Fault;
use contract::notification::{Live, LiveEvent};
use push::task::Audience;

use super::compose::Whom;
use super::fields_apple::Apple;
use super::words::{DeviceType, PushType};

/// Reads it; none if the push is an ordinary one. What goes with an event is refused without one.
pub(super) fn read(whom: &Whom, given: &Apple) -> Result<Option<Live>, Fault> {
    if whom.kind == PushType::LiveActivity {
        // It is told by its event; the word is that of lists.
        return Err(Fault::FieldInvalid { field: "PushType" });
    }
    let Some(event) = given.live_event.as_deref() else {
        let others = [given.live_id.is_some(), given.live_type.is_some(), given.live_attributes.is_some()];
        let more = [given.live_state.is_some(), given.live_dismissal.is_some(), given.live_stale.is_some()];
        return if others.into_iter().chain(more).any(|is_there| is_there) {
            Err(Fault::FieldMissing { field: "iOSLiveActivityEvent" })
        } else {
            Ok(None)
        };
    };
    let event = LiveEvent::parse(event).ok_or(Fault::FieldInvalid { field: "iOSLiveActivityEvent" })?;
    check_target(whom)?;
    let text = |text: &Option<String>, field| text.clone().filter(|text| !text.is_empty()).ok_or(field);
    let missing = |field| Fault::FieldMissing { field };
    let is_start = event == LiveEvent::Start;
    let name = if is_start {
        text(&given.live_type, "iOSLiveActivityAttributesType")
    } else {
        text(&given.live_id, "iOSLiveActivityId")
    };
    let attributes = given.live_attributes.as_ref().filter(|_| is_start).map(|given| given.0.clone());
    if is_start && attributes.is_none() {
        return Err(missing("iOSLiveActivityAttributes"));
    }
    let state = given.live_state.as_ref().map(|given| given.0.clone());
    if state.is_none() && event != LiveEvent::End {
        return Err(missing("iOSLiveActivityContentState"));
    }
    if given.live_dismissal.is_some_and(|at| at < 0 || event != LiveEvent::End) {
        return Err(Fault::FieldInvalid { field: "iOSLiveActivityDismissalDate" });
    }
    if given.live_stale.is_some_and(|at| at < 0) {
        return Err(Fault::FieldInvalid { field: "iOSLiveActivityStaleDate" });
    }
    Ok(Some(Live {
        token: String::new(),
        name: name.map_err(missing)?,
        event,
        at: 0,
        state,
        attributes,
        stale_at: given.live_stale,
        dismissed_at: given.live_dismissal,
    }))
}

/// An activity is on one device.
fn check_target(whom: &Whom) -> Result<(), Fault> {
    if whom.kind != PushType::Notice {
        return Err(Fault::FieldInvalid { field: "PushType" });
    }
    if whom.devices != DeviceType::Ios {
        return Err(Fault::FieldInvalid { field: "DeviceType" });
    }
    match &whom.audience {
        Audience::Devices(devices) if devices.len() == 1 => Ok(()),
        Audience::Devices(_) => Err(Fault::FieldItemsTooMany { field: "TargetValue", max: 1 }),
        _ => Err(Fault::FieldInvalid { field: "Target" }),
    }
}
