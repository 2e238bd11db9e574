//! All messages as one type, and how one is written.

use serde::Serialize;

use crate::{
    Config, ConfigAck, ConfigReject, Control, ControlAck, DryFill, ErrorMessage, Goodbye, Heartbeat,
    HeartbeatAck, Hello, HelloAck, HelloReject, Intent, MAX_FRAME_BYTES, Market, Report, ReportAck, Tick,
    TickAck, WireError,
};

macro_rules! message {
    ($($variant:ident($body:ident)),+ $(,)?) => {
        /// Any message of the wire.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is its body")]
        pub enum Message {
            $($variant($body)),+
        }

        impl Message {
            /// Every type of the wire and the fields it is written with.
            pub const FIELDS: &'static [(&'static str, &'static [&'static str])] =
                &[$(($body::TYPE, $body::FIELDS)),+];

            /// The `type` on the wire.
            #[must_use]
            pub fn message_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $body::TYPE),+ }
            }
        }

        impl Serialize for Message {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(body) => body.serialize(serializer)),+ }
            }
        }

        $(impl From<$body> for Message {
            fn from(body: $body) -> Self { Self::$variant(body) }
        })+
    };
}

message! {
    Hello(Hello),
    HelloAck(HelloAck),
    HelloReject(HelloReject),
    Intent(Intent),
    Report(Report),
    ReportAck(ReportAck),
    Heartbeat(Heartbeat),
    HeartbeatAck(HeartbeatAck),
    Market(Market),
    Config(Config),
    ConfigAck(ConfigAck),
    ConfigReject(ConfigReject),
    Control(Control),
    ControlAck(ControlAck),
    Tick(Tick),
    TickAck(TickAck),
    DryFill(DryFill),
    Goodbye(Goodbye),
    Error(ErrorMessage),
}

impl Message {
    /// Appends the message as one frame in canonical form.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] if its body does not fit into a frame; `out` is as it was then.
    pub fn encode_frame(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        // Writing to memory cannot fail, and no message has a key that is not text; were it ever so, the frame is not sent.
        if let Err(error) = serde_json::to_writer(&mut *out, self) {
            out.truncate(start);
            return Err(WireError::BadMessage {
                message_type: self.message_type(),
                why: error.to_string(),
            });
        }
        let bytes = out.len() - start - 4;
        match u32::try_from(bytes) {
            Ok(length) if bytes <= MAX_FRAME_BYTES => {
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
                Ok(())
            }
            _ => {
                out.truncate(start);
                Err(WireError::TooLarge {
                    message_type: self.message_type(),
                    bytes,
                })
            }
        }
    }
}
