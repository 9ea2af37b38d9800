//! Result codes of the mPaaS message push OpenAPI: answered with HTTP 200 in the body. On the wire the text is the
//! result's name in capitals.
//!
//! What the gateway refuses (signatures, unknown actions, rates) is spelt by the push OpenAPI's own tables, on which both
//! families here fall back. The published list ends at 3050 with «more exist»; rows from 3051 on are ours.

codes! { Mpaas, MpaasPush:
    /// A device is bound, unbound or reported without its token. The caller sends `DeliveryToken`.
    DeliveryTokenMissing = 3001 extra, raised by Fault::DeliveryTokenMissing, "need_deliverytoken";

    /// The call names no app or no workspace. The caller sends `AppId` and `WorkspaceId`, both filled.
    InstanceMissing = 3003 extra, raised by Fault::InstanceMissing, "need_appid_workspaceid";

    /// No app has this AppId in this workspace. The caller compares both with the app's settings; a binding made in one
    /// workspace is not seen in another.
    InstanceUnknown = 3007 extra, raised by Fault::AppUnknown, "appid_wrong";

    /// The system of the device is none of those that are known. The caller sends 1 for Android, 2 for iOS or 7 for
    /// HarmonyOS.
    OsTypeInvalid = 3008 extra, raised by Fault::OsTypeInvalid, "os_type_not_supported";

    /// The action does not take this kind of target. The caller compares `DeliveryType` with the reference of the action.
    DeliveryTypeInvalid = 3009 extra, raised by Fault::DeliveryTypeInvalid, "delivery_type_not_supported";

    /// A device is bound or unbound without its user. The caller sends `UserId`.
    UserMissing = 3012 extra, raised by Fault::BoundUserMissing, "need_userid";

    /// The task's name is there and empty. The caller fills `TaskName` or leaves it out.
    TaskNameEmpty = 3019 extra, raised by Fault::TaskNameEmpty, "taskname_null";

    /// The validity of the push is missing, not positive or no number. The caller sends seconds in `ExpiredSeconds`.
    ExpiryInvalid = 3020 extra, raised by Fault::ExpiryInvalid, "expiredseconds_wrong";

    /// The push names nobody, or one of its targets or message keys is empty. The caller fills `TargetMsgkey`.
    TargetEmpty = 3021 extra, raised by Fault::TargetEmpty, "token_or_userid_null";

    /// The app has no template of this name. The caller creates it, or checks AppId and WorkspaceId.
    TemplateUnknown = 3022 extra, raised by Fault::TemplateUnknown, "template_not_exist";

    /// A placeholder of the template gets no value. The caller sends all of them in `TemplateKeyValue`; the answer names
    /// the first that is missing.
    TemplateValueMissing = 3023 extra, raised by Fault::TemplateValueMissing, "templatekv_not_enough";

    /// The title or the content of the push is empty. The caller fills both.
    PushTextMissing = 3024 extra, raised by Fault::PushTextMissing, "payload_not_enough";

    /// The push names no template. The caller sends `TemplateName`.
    TemplateMissing = 3025 extra, raised by Fault::TemplateMissing, "need_template";

    /// The push would be valid for more than 30 days. The caller sends fewer seconds.
    ExpiryTooLong = 3026 extra, raised by Fault::ExpiryTooLong, "expiredtime_too_long";

    /// Some other parameter is missing, has the wrong form or is out of its range; the answer names it. The caller
    /// corrects it.
    ParameterInvalid = 3028 extra,
        raised by Fault::FieldInvalid
            | Fault::FieldMissing
            | Fault::FieldEmpty
            | Fault::FieldBlank
            | Fault::FieldTooLong
            | Fault::FieldLettersTooMany
            | Fault::FieldItemsTooMany,
        "invalid_param";

    /// The push names more targets than its action takes: 10, or 100 for a batch. The caller splits it.
    TargetsTooMany = 3029 extra, raised by Fault::TargetsTooMany, "single_push_target_too_much";

    /// A broadcast is for devices, not for users or activities. The caller sends 1, 2 or 7 in `DeliveryType`.
    BroadcastByDevice = 3030 extra, raised by Fault::BroadcastByDevice, "broadcast_only_support_by_device";

    /// An operator has switched the push API of this app off. The operator switches it on when it is safe.
    PushSwitchedOff = 3032 extra, raised by Fault::PushSwitchedOff, "rest_api_switch_not_open";

    /// The push has more than 20 extended parameters. The caller joins some of them.
    ExtendedTooMany = 3035 extra, raised by Fault::ExtendedTooMany, "extend_param_to_much";

    /// The content is over the bound of what a push may carry. The caller shortens it.
    PushContentTooLong = 3043 extra, raised by Fault::PushContentTooLong, "single_push_content_too_long";

    /// The extended parameters are no flat JSON object, or one of them has a reserved name. The caller renames it.
    ExtendedInvalid = 3044 extra, raised by Fault::ExtendedInvalid, "invalid_extend_param";

    /// One target of a batch brings ten extended parameters or more of its own. The caller moves those that all share to
    /// the batch.
    TargetExtendedTooMany = 3049 extra, raised by Fault::TargetExtendedTooMany, "multiple_inner_extend_param_to_much";

    /// Texts and extended parameters together are over 2 KB, the most that every channel carries. The caller lets the app
    /// fetch the rest.
    PushPayloadTooLong = 3050 extra, raised by Fault::PushPayloadTooLong, "msg_payload_too_long";

    /// The app has 100 timed and cyclic pushes that have not run yet. The caller cancels some before it plans more.
    ScheduleQuota = 3051 extra, raised by Fault::ScheduleQuota, "scheduler_to_much";

    /// No message of the last seven days has this key for this target. The caller sends both as they were pushed.
    PushedUnknown = 3052 extra, raised by Fault::PushedUnknown, "message_not_exist";

    /// No task of the last seven days has this number in the app. The caller sends the `Data` of the batch or broadcast.
    PushTaskUnknown = 3053 extra, raised by Fault::PushTaskUnknown, "task_not_exist";

    /// No planned push has this id, or it has run already. The caller lists what is planned and cancels what is open.
    ScheduleUnknown = 3054 extra, raised by Fault::ScheduleUnknown, "scheduler_not_exist";

    /// Broadcasts of the app follow one another too quickly. The caller waits before the next.
    FlowControl = 8011 extra, raised by Fault::BroadcastThrottled, "flow_control_error";

    /// The tenant of the call is not the one of the app. The caller sends the app's `TenantId`, or leaves it out.
    TenantInvalid = 8013 extra, raised by Fault::TenantInvalid, "invalid_tenant_id";

    /// The access key is good, but not for this app. The operator grants it the app.
    AppForbidden = 8014 extra, raised by Fault::ActionForbidden, "account_no_permission";

    /// Something unexpected happened inside. The caller may try again; the operator finds the cause in the log under the
    /// request id.
    SystemError = 9000 extra, raised by Failure::Internal | Failure::Conflict, "system_error";
}

codes! { Mpaas, MpaasTemplate:
    /// The app has a template of this name. The caller deletes it first, or takes another name.
    TemplateExists = 3036 extra, raised by Fault::TemplateExists, "template_already_exist";

    /// A template is made without a name. The caller fills `TemplateName`.
    TemplateNameMissing = 3037 extra, raised by Fault::TemplateNameMissing, "template_name_null";

    /// The name of the template is over 200 characters or has others than letters, digits and underscores. The caller
    /// picks another one.
    TemplateNameInvalid = 3038 extra, raised by Fault::TemplateNameInvalid, "template_name_invalid";

    /// The content of the template is empty or over its bound. The caller corrects it.
    TemplateContentInvalid = 3039 extra, raised by Fault::TemplateContentInvalid, "template_content_invalid";

    /// The title of the template is empty or over its bound. The caller corrects the title.
    TemplateTitleInvalid = 3040 extra, raised by Fault::TemplateTitleInvalid, "template_title_invalid";

    /// The description of the template is over 200 characters. The caller shortens the description.
    TemplateDescriptionInvalid = 3041 extra,
        raised by Fault::TemplateDescriptionInvalid, "template_desc_info_invalid";

    /// Where the template leads is over the bound of a URL. The caller shortens `Uri`.
    TemplateUriInvalid = 3042 extra, raised by Fault::TemplateUriInvalid, "template_uri_invalid";

    /// The app has 100 templates, the most there may be. The caller deletes those that are no longer used.
    TemplateQuota = 3055 extra, raised by Fault::TemplateQuota, "template_to_much";

    /// AppId and WorkspaceId name no app. The caller compares both with the settings of its app.
    InstanceInvalid = 8012 extra, raised by Fault::AppUnknown, "invalid_instance_id";
}
