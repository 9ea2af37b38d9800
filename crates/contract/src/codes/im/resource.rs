//! Upload and download of pictures, sounds, videos and files.

codes! { Im, Resource:
    /// The file to send is not there any more, or the upload that is named was never begun. The user picks the file
    /// again.
    FileUnknown = 114000, raised by Fault::FileUnknown, "file not found";

    /// The file may not be read: the link has run out or is not signed, it belongs to somebody else, or an administrator
    /// forbade it. The client asks for a fresh link; a forbidden file stays closed until it is allowed again.
    FileForbidden = 114001, raised by Fault::FileForbidden, "file access denied";

    /// The file is larger than the app allows: 100 MB by default, 28 MB for pictures and sounds. The user sends a
    /// smaller one.
    FileTooLarge = 114002, raised by Fault::FileTooLarge, "file too large";

    /// The transfer was given up by its own side, for example by a logout or a cancel while it ran. Send again if that
    /// was not meant.
    TransferCanceled = 114003, raised by Fault::TransferCanceled, "transfer canceled";

    /// Reading the file broke off in the middle: fewer bytes came than were announced. The user checks the disk or the
    /// removable medium that it lies on.
    FileReadFailed = 114004, raised by Fault::FileReadFailed, "file cannot be read";

    /// The transfer made no progress for too long. The user tries again on a better network; the operator checks the
    /// storage if everyone sees it.
    TransferTimeout = 114005, raised by Fault::TransferTimeout, "transfer timed out";

    /// A parameter of the transfer makes no sense, such as a part that lies beyond the end. The developer checks part
    /// numbers and sizes.
    TransferInvalid = 114011, raised by Fault::TransferInvalid, "transfer parameter not valid";

    /// What arrived as a whole has another MD5 digest than was announced. The client uploads the file again; if it
    /// repeats, something on the way alters bytes.
    FileDigestMismatch = 115066, raised by Fault::FileDigestMismatch, "file digest does not match";

    /// One part arrived with another MD5 digest than the upload announced for it, and nothing behind it was taken. The client
    /// begins the upload again; if the same part fails again, its copy of the file has changed, else the line alters bytes.
    PartDigestMismatch = 115068, raised by Fault::PartDigestMismatch, "part digest does not match";
}
