//! Statuses of vivo's channel, which iQOO shares.

codes! { Push, Vivo:
    /// The vendor refused the session token. The engine gets a new one; if that fails too, the app's owner checks id,
    /// key and secret.
    AuthenticationFailed = 10000, raised by Status, "authentication failed";

    /// The vendor works on as many tasks of the app as it may. The engine waits a minute and sends again.
    ResourceLimited = 10040, raised by Status, "resource limit reached";

    /// The call named neither an alias nor a token. The client registers its token again; its record here is empty.
    TargetMissing = 10050, raised by Status, "alias and registration id both empty";

    /// The notification has no title. The app adds one, the vendor demands it.
    TitleEmpty = 10055, raised by Status, "title is empty";

    /// The title is over 40 characters. The app shortens it.
    TitleTooLong = 10056, raised by Status, "title too long";

    /// The text is over 100 characters. The app shortens it and opens the rest in the app.
    ContentTooLong = 10058, raised by Status, "content too long";

    /// The notification carries more than ten custom pairs. The app puts several values into one.
    CustomPairsTooMany = 10066, raised by Status, "too many custom pairs";

    /// A custom pair is not text, or all together are over 1,024 characters. The app shortens the extension parameters.
    CustomPairsInvalid = 10067, raised by Status, "custom pairs not valid";

    /// The app's notifications of this class are used up for today. The engine goes on tomorrow; the app's owner
    /// applies for more.
    DailyQuota = 10070, raised by Status, "total exceeds the limit";

    /// The vendor sends messages of this class only by day. The engine waits until the morning, or the app marks it as
    /// a system message if it is one.
    TimeForbidden = 10071, raised by Status, "outside the allowed sending time";

    /// The app sends faster than its rate at the vendor. The engine slows down and sends again.
    SendThrottled = 10072, raised by Status, "sending too fast";

    /// The vendor's review rejected the content. The app's owner changes the wording.
    ContentRejected = 10101, raised by Status, "content did not pass the review";

    /// Something unexpected happened at the vendor. The engine sends again.
    VendorError = 10102, raised by Status, "unknown error of the vendor";

    /// The content has words that the vendor forbids. The app takes them out.
    ContentSensitive = 10103, raised by Status, "content is sensitive";

    /// The app has not set how often operational messages may come. The app's owner sets it in the vendor's console.
    FrequencyUnset = 10110, raised by Status, "frequency of operational messages not configured";

    /// The token is wrong or over. It is dropped; the client registers again.
    RegistrationIdInvalid = 10302, raised by Status, "registration id not valid";

    /// A request with this id was taken before, so the notification is already on its way. Nothing to do; it counts as
    /// accepted.
    RequestRepeated = 10303, raised by Status, "request id already exists";

    /// The text looks like a test: only digits, letters or symbols, brackets, or the word itself. Use the test mode for
    /// tests and real sentences otherwise.
    ContentTestLike = 10104, raised by Status, "content looks like a test";
}
