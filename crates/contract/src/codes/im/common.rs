//! The gateway's own checks of a REST call, in the order of the published numbers, and the checks of content.

codes! { Im, Common:
    /// The request line, the query or the method cannot be understood. The caller sends a POST to a properly escaped
    /// `/v4/<service>/<command>` URL; a GET with a body does as well.
    UrlMalformed = 60002, raised by Fault::UrlMalformed, "http request cannot be parsed";

    /// The body is empty, not JSON, no JSON object, or too large to be read, and the service has no number of its own
    /// for that. The caller checks what it really sends.
    BodyMalformed = 60003, raised by Fault::BodyMalformed | Fault::BodyTooLarge, "body is not a json object";

    /// The `identifier` in the URL is missing or no UserID: 1 to 32 printable bytes. The caller puts the
    /// administrator's UserID there.
    CallerInvalid = 60004, raised by Fault::CallerInvalid, "identifier in the url not valid";

    /// The URL carries no `usersig`. The caller signs one for the administrator and escapes it for the URL.
    UserSigMissing = 60005, raised by Fault::UserSigMissing, "usersig in the url is missing";

    /// The `sdkappid` is not a number that an app could have. The caller copies the app id from the console.
    AppInvalid = 60006, raised by Fault::AppInvalid, "sdkappid not valid";

    /// This command is called more often per second than the app may call it. The caller spreads its calls; the
    /// operator can raise the limit of the app.
    CallThrottled = 60007, raised by Fault::CallThrottled, "too many calls of this command";

    /// The service behind the gateway did not answer in time, so the outcome is unknown. The caller tries again with
    /// the same MsgRandom or batch; the operator looks at the store.
    ServiceTimeout = 60008, raised by Fault::ServiceTimeout | Failure::Timeout, "service timed out";

    /// No service or command has this path. The caller compares the spelling and the version segment with the
    /// reference; both are case-sensitive.
    CommandUnknown = 60009, raised by Fault::CommandUnknown, "no such command";

    /// The `identifier` is an ordinary account. REST calls are for administrators of the app: use one, or make this
    /// account one.
    NotAdmin = 60010, raised by Fault::NotAdmin | Fault::AdminRequired, "caller is not an app administrator";

    /// All calls of the app together exceed its limit per second. The caller slows all its workers down, not only this
    /// command.
    AppThrottled = 60011, raised by Fault::AppThrottled, "too many calls of this app";

    /// The URL carries no `sdkappid`. The caller adds it to the query.
    AppMissing = 60012, raised by Fault::AppMissing, "sdkappid in the url is missing";

    /// At the cloud: a service behind its gateway answered something that is not JSON. Here gateway and services are one
    /// process and speak by function calls, so there is no answer that could be malformed. A client that meets this code
    /// talks to a proxy that makes it up: the operator looks there.
    AnswerMalformed = 60013, raised by Nobody, "answer of the service cannot be parsed";

    /// An account of the request could not be looked up in time. The caller tries again shortly; the operator looks at
    /// the store's latency.
    AccountLookupTimeout = 60014, raised by Fault::AccountLookupTimeout, "account lookup timed out";

    /// A UserID in the body is a number or another JSON type. The caller writes it as a string, digits included.
    UserIdNotText = 60015, raised by Fault::UserIdNotText, "userid is not a string";

    /// An operator disabled the app. Its owner must talk to the operator; every call is refused until then.
    AppDisabled = 60016, raised by Fault::AppDisabled, "app is disabled";

    /// An operator disabled this command for the app. The caller must do without it, or ask the operator to allow it.
    CommandDisabled = 60017, raised by Fault::CommandDisabled, "command is disabled for the app";

    /// The node works on as much as it can and sheds the rest. The caller waits a growing time before it repeats the
    /// call; the operator adds capacity.
    NodeBusy = 60018, raised by Fault::NodeBusy | Failure::Overloaded, "server busy, try again later";

    /// This administrator has too many calls under way at once. The caller lowers its concurrency, or uses several
    /// administrators.
    CallerThrottled = 60019, raised by Fault::CallerThrottled, "too many calls of this caller";

    /// The app has no plan, the plan has ended, or it begins later. The operator sets the plan's dates; a new plan
    /// works within minutes.
    PlanExpired = 60020, raised by Fault::PlanExpired, "plan expired or not active";

    /// The address that the call comes from is not on the app's list. The operator adds it, or the caller goes out
    /// through an address that is listed.
    AddressForbidden = 60021, raised by Fault::AddressForbidden, "caller address is not allowed";

    /// The text holds something that the app's word filter forbids. The sender rephrases it; the app's owner edits the
    /// filter.
    TextForbidden = 80001, raised by Fault::TextForbidden, "text is not allowed";

    /// All elements of the message together are over the size of one message, 12 KB. The sender splits it, or sends a
    /// file.
    MessageTooLong = 80002, raised by Fault::MessageTooLong, "message too long";

    /// The app's webhook before the message failed or was too slow, and the app chose not to deliver in that case. The
    /// app's owner repairs the webhook or changes the choice.
    WebhookFailed = 80003, raised by Fault::WebhookFailed, "webhook before the message failed";

    /// A picture or another file of the message is on the app's list of forbidden ones, by its digest or its URL. The
    /// sender takes another; the app's owner edits the list.
    ImageForbidden = 80004, raised by Fault::ImageForbidden, "image is not allowed";

    /// The app has sent as many messages by REST today as its plan allows, 1,000 on trial; each account that a batch
    /// names counts. The operator moves the app to a larger plan, or it waits for tomorrow (UTC).
    SendQuota = 60028 extra, raised by Fault::SendQuota, "too many messages today";
}
