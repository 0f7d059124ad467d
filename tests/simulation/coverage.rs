//! Which faults and crash points a run hit. A fault that is never hit proves nothing.

macro_rules! hits {
    ($($name:ident: $what:literal,)*) => {
        /// A fault or crash point.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Hit { $(#[doc = $what] $name,)* }
        impl Hit {
            /// All of them, with what they mean.
            pub const ALL: &[(Hit, &str)] = &[$((Hit::$name, $what),)*];
        }
    };
}

hits! {
    CrashIdle: "a crash between two steps",
    CrashBeforeTakeCommit: "a crash before the commit of inputs is durable",
    CrashAfterTakeCommit: "a crash after the commit of inputs is durable, before it returns",
    CrashBeforeAcks: "a crash after the commit, before the acks",
    CrashBeforeDueCommit: "a crash before the mark 'in flight' is durable",
    CrashAfterDueCommit: "a crash after the mark 'in flight' is durable, before anything is handed out",
    CrashBeforePerform: "a crash with a delivery handed out, not performed",
    CrashAfterPerform: "a crash after a delivery was performed, before its receipt is taken",
    CrashAfterSend: "a crash after a customer's answer was accepted by the network, before its receipt is taken",
    CrashInReceipts: "a crash inside the commit of receipts",
    CrashInRecovery: "a crash inside the commit that follows the reading up after a start",
    CrashWhileFull: "a crash while the disk is full",
    Downtime: "the bot is down for hours while the world goes on",
    PushLost: "a pushed event is lost",
    PushDuplicated: "a pushed event comes twice",
    PushReordered: "pushed events change places",
    PollRepeated: "the same page comes twice",
    PollFailed: "a poll fails",
    DeletionFirst: "a deletion arrives before its post",
    EditFirst: "an edit arrives before its post",
    NetTimeoutAccepted: "a send is accepted, its answer lost",
    NetTimeoutNot: "a send is lost on the way",
    NetLandedLate: "a send is carried out after a look has found it absent",
    NetThrottled: "a network answers 429",
    NetServerError: "a network answers 5xx",
    NetAuthLost: "a token is revoked for a while",
    NetTargetGone: "the post to be answered is gone at the send",
    NetTargetEdited: "the post to be answered has changed at the send",
    NetSameText: "a network refuses a text that stands already",
    NetNoRoute: "a person takes no private message when it arrives",
    VersionGone: "a post that was edited is looked up, and is gone",
    AnsweredByHand: "an answer written on the network is told of by its address",
    HandEchoFirst: "an answer written on the network comes back before it is told of",
    InvitedInPublic: "a customer is asked in public to write in private",
    NetRefused: "a network refuses a send for good",
    NetKeyAgain: "a network sees an idempotency key again",
    LookTooSoon: "a look comes before the network can tell",
    LookFound: "a look finds the doubtful send",
    LookAbsent: "a look proves the doubtful send absent",
    SleptOverLook: "hours pass between a look that finds nothing and what follows from it",
    SleptOverSend: "so much time passes between the mark of a send and the send that it does not leave",
    LookCannotTell: "a look cannot tell",
    ChatDropAccepted: "the chat takes a message, its answer is lost",
    ChatDropNot: "a message to the chat is lost on the way",
    ChatThrottled: "the chat answers 429",
    ChatRoomRefuses: "a room of the chat refuses messages",
    ChatLookFound: "a look finds the doubtful message",
    ChatLookAbsent: "a look proves the doubtful message absent",
    DiskFullTake: "the disk is full while inputs are taken",
    DiskFullDue: "the disk is full while deliveries are marked",
    ReadFailedTake: "a read of the store fails while inputs are taken",
    ReadFailedDue: "a read of the store fails while deliveries are marked or handed out",
    ReadFailedOpen: "a read of the store fails while the engine opens",
    Erased: "a case is erased",
    ErasedMerged: "a case is erased that lives on in another, or that others were merged into",
    EraseCutShort: "a crash, or a failure, in the midst of an erasure",
    ClockFarForward: "the clock jumps days ahead",
    ClockFarBack: "the clock comes back from there",
    ClockForward: "the clock jumps forward",
    ClockBackward: "the clock jumps backward",
    RightRevoked: "a right is revoked while a send waits",
    PausedWaiting: "sending is paused while a send waits",
    CommandTwice: "a command comes twice",
    CommandResent: "an unanswered command is sent again",
    ClaimRace: "two agents claim one case in one commit",
    EchoBeforeReceipt: "an own post comes back before its receipt is taken",
    EchoAfterReceipt: "an own post comes back after its receipt",
    StoodAfterAll: "a send given up in doubt comes back on the stream",
    AnsweredOutside: "the brand answers without sereno",
    SettingChanged: "a setting changes",
    AccountAdded: "an account is added in mid-run",
    RoomTurnedPublic: "a private room stops being one",
    OldPosts: "old posts are offered",
    TwoAccounts: "a post names two of our accounts",
    DirectMessage: "a direct message comes",
    DigestOvernight: "the bot is down at the digest's moment",
    ClockChange: "a clock change of spring or autumn lies within the run",
    Merged: "two cases are merged",
    ApprovedSend: "a send goes after approval",
    UndoneSend: "a send is taken back in its window",
}

/// How often each was hit.
#[derive(Clone, Debug)]
pub struct Coverage([u64; Hit::ALL.len()]);

impl Coverage {
    /// Nothing hit yet.
    pub fn new() -> Coverage {
        Coverage([0; Hit::ALL.len()])
    }
    /// Counts one.
    pub fn hit(&mut self, hit: Hit) {
        self.0[hit as usize] += 1;
    }
    /// Adds another run's.
    pub fn add(&mut self, other: &Coverage) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }
    /// Those never hit.
    pub fn missing(&self) -> Vec<String> {
        Hit::ALL.iter().filter(|(h, _)| self.0[*h as usize] == 0).map(|(h, what)| format!("{h:?} ({what})")).collect()
    }
    /// Name and count of each.
    pub fn table(&self) -> Vec<(String, u64)> {
        Hit::ALL.iter().map(|(h, _)| (format!("{h:?}"), self.0[*h as usize])).collect()
    }
}
