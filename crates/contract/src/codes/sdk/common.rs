//! Calls, parameters, local files, the local database, and what the message service says about files.

codes! { Sdk, SdkCommon:
    /// The file message names a URL outside this installation's storage, and the app allows only its own. The developer
    /// uploads through the library instead of passing a link.
    FileUrlForeign = 4001, raised by Sdk, "file url is not in our storage";

    /// The message service could not reach the storage to check the file. Send again; the operator checks the storage
    /// if it lasts.
    FileStorageUnreachable = 4002, raised by Sdk, "storage not reachable";

    /// The image processor answered something that cannot be understood. Send the picture again; the operator looks at
    /// the processor's log.
    ImageAnswerMalformed = 4003, raised by Sdk, "image processor answer not valid";

    /// What was sent as a picture is no picture in a known format. The user picks a JPEG, PNG, GIF, BMP or WebP.
    ImageInvalid = 4004, raised by Sdk, "image format not valid";

    /// The file is on the app's list of forbidden files. The user sends another; the app's owner edits the list.
    FileForbidden = 4005, raised by Sdk, "file is not allowed";

    /// The same call is still under way, such as a second initialization before the first has answered. The developer
    /// waits for the callback.
    CallInProgress = 6015, raised by Sdk, "call already in progress";

    /// A parameter of the call is missing, over its bound or contradicts another. The developer reads the error's text,
    /// which names it.
    ParameterInvalid = 6017, raised by Sdk, "parameter not valid";

    /// A local file could not be read or written. The user frees disk space; the developer checks the permissions of
    /// the path.
    LocalIoFailed = 6022, raised by Sdk, "local file operation failed";

    /// A call that takes JSON got text that is not JSON, or an object without what it needs. The developer prints what
    /// is passed.
    JsonInvalid = 6027, raised by Sdk, "json not valid";

    /// The library could not get memory for an answer. The developer looks for a leak with a profiler; the user closes
    /// other apps.
    OutOfMemory = 6028, raised by Sdk, "out of memory";

    /// The server's answer could not be decoded, so bytes were lost or altered on the way. Try again; a proxy that
    /// rewrites traffic is the usual cause.
    AnswerMalformed = 6001, raised by Sdk, "answer cannot be parsed";

    /// The request could not be encoded, for example because a custom value is nested too deep. The developer passes
    /// plainer data.
    RequestUnencodable = 6002, raised by Sdk, "request cannot be encoded";

    /// A call came before the library was initialized, or after it was shut down. The developer initializes once and
    /// waits for success.
    NotInitialized = 6013, raised by Sdk, "library not initialized";

    /// The local database could not be opened, mostly because its file is damaged. The library rebuilds it from the
    /// server after the file is removed.
    DatabaseUnreadable = 6005, raised by Sdk, "local database cannot be loaded";

    /// The local database refused a read or write of messages. The developer checks the directory's permissions and
    /// whether two processes use it.
    DatabaseFailed = 6019, raised by Sdk, "local database operation failed";

    /// A handle was used from a thread that it does not belong to. This is a defect of the library's caller or of the
    /// library; report it with a stack trace.
    ThreadWrong = 7001, raised by Sdk, "called from another thread";

    /// The login's answer carried no internal id for the account. Log in again; if it lasts, the operator checks that
    /// the account exists.
    AccountAliasEmpty = 7002, raised by Sdk, "account alias is empty";

    /// The UserID is empty, over 32 bytes or has characters other than printable ASCII. The developer checks what is
    /// passed at login.
    UserIdInvalid = 7003, raised by Sdk, "userid not valid";

    /// No file lies at the path that was given. The developer passes an absolute path that the app may read.
    FileNotFound = 7004, raised by Sdk, "file not found";

    /// The file is over 100 MB, or over 28 MB for a picture or sound. The user sends a smaller one.
    FileTooLarge = 7005, raised by Sdk, "file too large";

    /// The file has no bytes. The developer checks that recording or compressing had finished before the message was
    /// made.
    FileEmpty = 7006, raised by Sdk, "file is empty";

    /// The file is there but cannot be opened, because of permissions or because something else holds it. Close the
    /// other user of the file.
    FileUnopenable = 7007, raised by Sdk, "file cannot be opened";

    /// The call is made more often than the library allows. The developer caches the answer, or calls on a change
    /// instead of in a loop.
    CallThrottled = 7008, raised by Sdk, "called too often";

    /// The library was shut down while the call was under way. Nothing to do if that was meant; otherwise initialize
    /// and call again.
    CallInterrupted = 7009, raised by Sdk, "interrupted by shutdown";

    /// The local database refused an operation on anything but messages. The user frees disk space; the developer looks
    /// into the library's log.
    DatabaseOperationFailed = 7010, raised by Sdk, "database operation failed";

    /// What the call wants to read or change is not in the local database. The developer loads it from the server
    /// first.
    DatabaseEntryUnknown = 7011, raised by Sdk, "not found in the local database";

    /// Something happened in the library that should not. Report it with the library's log; calling again is safe.
    InternalError = 7012, raised by Sdk, "internal error of the library";

    /// The app's plan lacks the feature that the call needs. The app's owner asks the operator for it; the client hides
    /// the feature meanwhile.
    FeatureMissing = 7013, raised by Sdk, "feature is not in the plan";

    /// The call makes no sense for this object, such as sending a message a second time. The developer checks the
    /// object's state first.
    OperationInvalid = 7014, raised by Sdk, "operation not valid here";

    /// The library's own word list found a forbidden word before anything was sent. The user rephrases.
    TextForbiddenLocally = 7015, raised by Sdk, "text is not allowed by the local word list";
}
