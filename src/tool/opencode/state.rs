//! What a reader must know of the records before.

use crate::object::commit::Usage;

/// How many prompts are remembered, for when the last ones are taken back.
const PROMPTS: usize = 32;
/// The longest name of a model that is kept.
const MODEL: usize = 128;

/// Who speaks in the message whose parts are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speaker {
    /// Nobody is known to.
    #[default]
    Nobody,
    /// The user.
    User,
    /// The model.
    Model,
    /// The model, of all that was said so far.
    Summary,
}

/// The state of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Who speaks.
    pub(super) speaker: Speaker,
    /// The message whose parts are read, as a key.
    pub(super) message: u64,
    /// When it began.
    pub(super) time: Option<i64>,
    /// Calls that were said early, whose results are to come.
    pub(super) early: u64,
    /// Whether the message has begun a turn.
    pub(super) began: bool,
    /// What the message cost, until a part of it is there to be told with.
    pub(super) usage: Option<Usage>,
    /// The model that speaks.
    pub(super) model: Option<String>,
    /// The last messages that began turns, as keys.
    prompts: Vec<u64>,
}

impl State {
    /// Reads what [`State::save`] wrote; a new one from nothing.
    pub(super) fn load(bytes: &[u8]) -> State {
        let mut words =
            bytes.chunks_exact(8).map(|word| word.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)));
        let mut next = || words.next().unwrap_or_default();
        let speaker = match next() {
            1 => Speaker::User,
            2 => Speaker::Model,
            3 => Speaker::Summary,
            _ => Speaker::Nobody,
        };
        let (message, flags, time, early) = (next(), next(), next(), next());
        let usage = Usage { input: next(), cache_write: next(), cache_read: next(), output: next() };
        let (model, prompts) = (next(), next());
        let prompts: Vec<u64> = (0..prompts.min(PROMPTS as u64)).map(|_| next()).collect();
        let rest = bytes.get((11 + prompts.len()) * 8..).unwrap_or_default();
        let model = (model > 0).then(|| String::from_utf8_lossy(rest).into_owned());
        State {
            speaker,
            message,
            time: (flags & 1 > 0).then_some(time.cast_signed()),
            early,
            began: flags & 2 > 0,
            usage: (flags & 4 > 0).then_some(usage),
            model,
            prompts,
        }
    }

    /// As few bytes as will do.
    pub(super) fn save(&self) -> Vec<u8> {
        let usage = self.usage.unwrap_or_default();
        let flags = u64::from(self.time.is_some())
            | u64::from(self.began) << 1
            | u64::from(self.usage.is_some()) << 2;
        let mut words = vec![
            self.speaker as u64,
            self.message,
            flags,
            self.time.unwrap_or_default().cast_unsigned(),
            self.early,
            usage.input,
            usage.cache_write,
            usage.cache_read,
            usage.output,
            u64::from(self.model.is_some()),
            self.prompts.len() as u64,
        ];
        words.extend(&self.prompts);
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend(self.model.iter().flat_map(|model| model.bytes()));
        bytes
    }

    /// Begins a message.
    pub(super) fn begin(&mut self, speaker: Speaker, message: u64, time: Option<i64>) {
        let prompts = std::mem::take(&mut self.prompts);
        *self = State { speaker, message, time, prompts, ..State::default() };
    }

    /// Notes the model of the message.
    pub(super) fn speaks(&mut self, model: Option<String>) {
        self.model = model.filter(|model| model.len() <= MODEL);
    }

    /// Notes that the message begins a turn; false if it has already.
    pub(super) fn begins(&mut self) -> bool {
        if std::mem::replace(&mut self.began, true) {
            return false;
        }
        if self.prompts.len() >= PROMPTS {
            self.prompts.remove(0);
        }
        self.prompts.push(self.message);
        true
    }

    /// How many turns began with a message or after it; `None` if that was too
    /// long ago. They are forgotten.
    pub(super) fn take_back(&mut self, message: u64) -> Option<u32> {
        let at = self.prompts.iter().position(|prompt| *prompt == message)?;
        let turns = u32::try_from(self.prompts.len() - at).ok();
        self.prompts.truncate(at);
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded() {
        let mut state = State::default();
        assert_eq!(State::load(&[]), state);
        assert_eq!(State::load(&state.save()), state);
        for message in 1..=40 {
            state.begin(Speaker::User, message, Some(-5));
            assert!(state.begins() && !state.begins());
        }
        state.begin(Speaker::Summary, 7, Some(1));
        state.usage = Some(Usage { input: 1, cache_write: 2, cache_read: 3, output: 4 });
        state.early = 2;
        state.speaks(Some("m".repeat(MODEL)));
        assert_eq!(State::load(&state.save()), state);
        assert!(state.save().len() < 1024);
        assert_eq!((state.take_back(8), state.take_back(39), state.take_back(40)), (None, Some(2), None));
    }
}
