//! The connection. A request ends in exactly one of 9518 to 9525, by how far it got and whether a network was there.

codes! { Sdk, SdkNetwork:
    /// The library could not encrypt a frame. Log in again to get new keys; report it if it repeats.
    SealFailed = 9501, raised by Sdk, "frame cannot be encrypted";

    /// The library could not decrypt a frame from the server. It reconnects by itself; a proxy that alters bytes is the
    /// usual cause.
    UnsealFailed = 9502, raised by Sdk, "frame cannot be decrypted";

    /// The connection stands but login has not completed on it. Wait for the login's callback and repeat the call.
    ConnectionNotAuthenticated = 9503, raised by Sdk, "connection not authenticated";

    /// The library could not compress a request. Repeat it; report it with the log if it lasts.
    CompressFailed = 9504, raised by Sdk, "data cannot be compressed";

    /// An answer marked as compressed could not be unpacked. The library drops it; repeat the call.
    DecompressFailed = 9505, raised by Sdk, "data cannot be decompressed";

    /// One kind of request is made more than five times per second. The developer looks for a loop and merges calls.
    RequestThrottled = 9506, raised by Sdk, "requests too frequent";

    /// A thousand requests wait for the network, the most that may. The client stops sending while it shows itself
    /// offline.
    RequestQueueFull = 9507, raised by Sdk, "too many requests waiting";

    /// There is no network, or the connection was never made. The user checks the network; the library reconnects when
    /// it returns.
    Disconnected = 9508, raised by Sdk, "network disconnected";

    /// The library connected although it was connected. It keeps one of the two; nothing to do unless it repeats.
    AlreadyConnected = 9509, raised by Sdk, "already connected";

    /// The server's address gave no answer to the attempt to connect. The user tries another network; a firewall may
    /// drop the traffic.
    ConnectTimeout = 9510, raised by Sdk, "connect timed out";

    /// The server's address refused the connection. The operator checks that the gateway listens on that port.
    ConnectRefused = 9511, raised by Sdk, "connection refused";

    /// The device has no route to the server. The user checks Wi-Fi, mobile data or VPN.
    NetworkUnreachable = 9512, raised by Sdk, "network unreachable";

    /// The operating system has no buffers left for the connection. Close other apps; the library tries again.
    SocketBufferMissing = 9513, raised by Sdk, "no socket buffer";

    /// The other end cut the connection, mostly because a node restarted or is overloaded. Wait for the connected
    /// callback, then repeat the call.
    ResetByPeer = 9514, raised by Sdk, "connection reset by peer";

    /// The connection's socket was closed beneath the library. It opens a new one; the developer checks that nothing
    /// else closes descriptors.
    SocketInvalid = 9515, raised by Sdk, "socket not valid";

    /// The gateway's host name cannot be resolved, or the stored address is damaged. The developer checks the name; the
    /// user checks DNS.
    AddressUnresolved = 9516, raised by Sdk, "host name cannot be resolved";

    /// Something between client and server, or a restart, ended the connection. The library reconnects; wait for its
    /// callback.
    ConnectionLost = 9517, raised by Sdk, "connection lost";

    /// The request waited for a connection until its time was over, and was never sent. It is safe to repeat.
    QueueTimeout = 9518, raised by Sdk, "timed out in the queue";

    /// The connection stands, but the device could not hand over the request in time. Compare with another network to
    /// see which side is slow.
    SendTimeout = 9519, raised by Sdk, "timed out before sending";

    /// The request was sent and no answer came. It may have been done: repeat it with the same message, which is not
    /// sent twice.
    AnswerTimeout = 9520, raised by Sdk, "timed out waiting for the answer";

    /// Only a part of the request left in time, mostly because the uplink is too narrow. The user tries a better
    /// network or a smaller message.
    SendPartTimeout = 9521, raised by Sdk, "timed out while sending";

    /// The request is over 1 MB. The developer sends large content as a file.
    RequestTooLarge = 9522, raised by Sdk, "request too large";

    /// As 9519, and the device had no network when the call ended. The library sends again when it returns, if the
    /// caller asks.
    SendTimeoutOffline = 9523, raised by Sdk, "timed out before sending, no network";

    /// As 9520, and the device had no network when the call ended. Whether it was done shows after the next sync.
    AnswerTimeoutOffline = 9524, raised by Sdk, "timed out waiting for the answer, no network";

    /// As 9521, and the device had no network when the call ended. The server ignores the half that arrived; repeat the
    /// call.
    SendPartTimeoutOffline = 9525, raised by Sdk, "timed out while sending, no network";
}
