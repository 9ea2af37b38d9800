//! Messages, files and signaling.

codes! { Sdk, SdkMessage:
    /// The conversation's id is empty or the call came before login. The developer logs in first and takes ids from the
    /// conversation list.
    ConversationInvalid = 6004, raised by Sdk, "conversation not valid";

    /// The storage did not accept the permission to transfer the file. Send again to get a new one; check the device's
    /// clock if it repeats.
    FileTransferForbidden = 6006, raised by Sdk, "file transfer not authorized";

    /// The server named no storage to which the file could go. The operator configures the storage of the installation.
    FileServerMissing = 6007, raised by Sdk, "no server for the file transfer";

    /// The upload broke off and its retries too. The user tries again on a better network.
    FileUploadFailed = 6008, raised by Sdk, "file upload failed";

    /// The file to be uploaded as a picture is not one. The user checks that it opens in another app.
    ImageUploadInvalid = 6031, raised by Sdk, "file to upload is not an image";

    /// The file cannot be downloaded: the network failed, or the file was kept for its time and is gone. Ask the sender
    /// to send it again.
    FileDownloadFailed = 6009, raised by Sdk, "file download failed";

    /// A plain HTTP request to the URL of an element failed. Open the URL in a browser to see whether it is right and
    /// reachable.
    HttpRequestFailed = 6010, raised by Sdk, "http request failed";

    /// The message has no element, or one of them lacks a required field. The developer builds elements with the
    /// library's functions.
    MsgElementInvalid = 6016, raised by Sdk, "message element not valid";

    /// An object that the library should have made was built by hand and lacks its inner values. The developer uses the
    /// one from the callback.
    ObjectInvalid = 6021, raised by Sdk, "object not valid";

    /// All elements of the message together are over 12 KB. The user shortens the text, or sends a file.
    MessageTooLong = 8001, raised by Sdk, "message too long";

    /// The answer belongs to another message than the request. The library drops it; send again and report it if it
    /// repeats.
    AnswerMismatch = 8002, raised by Sdk, "answer does not match the request";

    /// The service that makes smaller pictures failed. Send again; the operator looks at that service.
    ThumbnailFailed = 8003, raised by Sdk, "thumbnail request failed";

    /// The content check forbade the picture, so no thumbnail was made. The user sends another picture.
    ThumbnailForbidden = 8004, raised by Sdk, "image blocked by content check";

    /// Merged messages hold merged messages more than 100 levels deep. The user forwards the inner ones by themselves.
    MergeTooDeep = 8005, raised by Sdk, "merged messages nested too deep";

    /// Somebody else changed the message at the same time. The client takes the new content from the callback and
    /// changes that.
    ModifyConflict = 8006, raised by Sdk, "message was modified by another";

    /// No invitation has this id, or everybody has answered it. The client closes the call or game that it shows.
    InvitationUnknown = 8010, raised by Sdk, "invitation not found or already handled";

    /// Only whoever invited may cancel, and only who was invited may answer. The client offers each side its own
    /// choice.
    InvitationForbidden = 8011, raised by Sdk, "no permission for the invitation";

    /// An invitation with this id waits for its answer already. The developer lets the library draw a new id.
    InvitationExists = 8012, raised by Sdk, "invitation already exists";

    /// The message whose sending should be canceled is unknown or was sent already. Recall it instead.
    CancelTooLate = 8020, raised by Sdk, "message cannot be canceled";

    /// The message was not sent because its sending was canceled. Nothing to do; the callback of the send gets this.
    SendCanceled = 8021, raised by Sdk, "sending was canceled";
}
