//! Profiles. A text that is too long is answered with this family's number by account imports too.

codes! { Im, Profile:
    /// A parameter is missing or wrong, or the body is no JSON object. The caller reads the answer's text and compares
    /// the body with the reference.
    FieldInvalid = 40001,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::BodyMalformed
        | Fault::BatchSizeInvalid,
        "parameter not valid";

    /// The call names no account whose profile it wants. The caller fills `To_Account` with at least one UserID.
    TargetMissing = 40002, raised by Fault::ProfileTargetMissing, "no account given";

    /// The account whose profile is read or written does not exist. Import it first, or check the spelling.
    AccountUnknown = 40003, raised by Fault::AccountUnknown, "account not found";

    /// An account wants to change somebody else's profile. Only an administrator may; otherwise `From_Account` must be
    /// the caller.
    NotAdmin = 40004, raised by Fault::ProfileNotOwn | Fault::AdminRequired, "caller is not an app administrator";

    /// The profile could not be read or written because of trouble inside. The caller tries again; the operator looks
    /// into the log.
    InternalError = 40006,
        raised by Failure::Internal | Failure::Full | Failure::Conflict | Failure::Timeout | Failure::Unavailable
        | Failure::Overloaded,
        "internal error";

    /// The custom field may not be read by this kind of caller. The app's owner changes the field's permissions where
    /// it was declared.
    FieldUnreadable = 40007, raised by Fault::ProfileFieldUnreadable, "no permission to read the field";

    /// The custom field may not be written by this kind of caller. The app's owner allows it, or an administrator
    /// writes it.
    FieldUnwritable = 40008, raised by Fault::ProfileFieldUnwritable, "no permission to write the field";

    /// No profile field has this tag. Standard ones begin with `Tag_Profile_IM_`; custom ones must be declared before
    /// they are used.
    TagUnknown = 40009, raised by Fault::ProfileTagUnknown, "profile field not found";

    /// A value is over 500 bytes, which is the most that a profile field or an imported nick may have. Mind that CJK
    /// characters take three bytes each.
    ProfileTooLong = 40601, raised by Fault::ProfileTooLong, "profile value too long";

    /// A standard field got a value outside its list, such as a gender that does not exist. The caller takes one of the
    /// documented values.
    ValueInvalid = 40605, raised by Fault::ProfileValueInvalid, "profile value not allowed";

    /// The value has another JSON type than the field was declared with. The caller sends text as a string and numbers
    /// as numbers.
    ValueTypeInvalid = 40610, raised by Fault::ProfileValueTypeInvalid, "profile value has the wrong type";
}
