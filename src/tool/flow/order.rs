//! Brings what is said into order. A message is handed over as soon as it is
//! whole: memory holds one answer, and what is said before its results are there.

use super::content::Reading;
use super::{Answer, Call, Content, INTERRUPTED, NO_BEGINNING, ORPHAN_MARK, Out, Outcome, Piece, Spoken};
use crate::object::message::{Block, Message, Part, Role, Status};
use crate::tool::{Conversation, Losses, Said, ToolError};

/// How many bytes of what follows calls are held back while their results are awaited.
const HELD_MAX: usize = 8 << 20;

/// Hands a conversation to `out`; how many messages of it there were that
/// say something.
pub(in crate::tool) fn run(
    conversation: &mut dyn Conversation,
    losses: &mut Losses,
    out: &mut dyn Out,
) -> Result<u64, ToolError> {
    let mut order = Order {
        from: conversation,
        losses,
        out,
        answer: Answer::default(),
        open: Vec::new(),
        outcomes: Vec::new(),
        held: Vec::new(),
        held_size: 0,
        calls: 0,
        begun: false,
    };
    let mut messages = 0;
    while let Some(said) = order.from.next()? {
        messages += u64::from(order.said(&said)?);
    }
    order.settle()?;
    Ok(messages)
}

struct Order<'a> {
    from: &'a mut dyn Conversation,
    losses: &'a mut Losses,
    out: &'a mut dyn Out,
    /// What the model said last.
    answer: Answer,
    /// Its calls that have no result yet.
    open: Vec<(u64, String)>,
    /// The results of the others.
    outcomes: Vec<Outcome>,
    /// What the user says before the results are there.
    held: Vec<Spoken>,
    held_size: usize,
    /// How many calls the conversation had so far.
    calls: u64,
    begun: bool,
}

impl<'a> Order<'a> {
    /// Takes a message in; whether it says anything.
    fn said(&mut self, said: &Said) -> Result<bool, ToolError> {
        match said.message.role {
            Role::Assistant => self.model(said),
            Role::User | Role::System => self.user(said),
        }
    }

    fn reading(&mut self) -> Reading<'_> {
        Reading { from: self.from, losses: self.losses }
    }

    fn model(&mut self, said: &Said) -> Result<bool, ToolError> {
        let Message { blocks, .. } = &said.message;
        // What follows results is a new answer; but calls alone, while others
        // wait, were made at once with them.
        let calls = blocks.iter().all(|block| matches!(block, Block::Call { .. }));
        let at_once = self.outcomes.is_empty() || calls && !self.open.is_empty();
        if !self.held.is_empty() || !at_once {
            self.settle()?;
        }
        self.answer.time = self.answer.time.or(said.time);
        self.answer.usage = self.answer.usage.plus(&said.usage);
        if said.model.is_some() {
            self.answer.model.clone_from(&said.model);
        }
        let mut speaks = false;
        for block in blocks {
            speaks |= self.model_block(block)?;
        }
        Ok(speaks)
    }

    fn model_block(&mut self, block: &Block) -> Result<bool, ToolError> {
        match block {
            Block::Thinking { text, .. } => {
                let text = self.from.string(text)?;
                if !text.trim().is_empty() {
                    self.answer.said.push(Piece::Thought(text));
                }
                return Ok(false);
            }
            Block::Call { name, input, .. } => {
                let number = self.calls;
                self.calls += 1;
                let (name, input) = (self.reading().name(name), self.reading().input(input)?);
                self.open.push((number, name.clone()));
                self.answer.calls.push(Call { number, name, input });
            }
            Block::Result { .. } => {
                self.losses.add("results that the model itself gives are left out");
                return Ok(false);
            }
            block => match self.reading().said(block, false)? {
                None => return Ok(false),
                Some(Content::Text(text)) => self.answer.said.push(Piece::Text(text)),
                Some(Content::Image(..)) => {
                    self.losses.add("pictures that the model made are left out");
                    self.answer.said.push(Piece::Text("[picture]".to_owned()));
                }
            },
        }
        Ok(true)
    }

    fn user(&mut self, said: &Said) -> Result<bool, ToolError> {
        let system = said.message.role == Role::System;
        let (mut content, mut speaks) = (Vec::new(), false);
        // Results go first, whatever stands before them in the message.
        for block in &said.message.blocks {
            if let Block::Result { call, status, parts } = block {
                self.result(said.time, *call, *status, parts, &mut content)?;
                speaks = true;
            }
        }
        for block in &said.message.blocks {
            if let Block::Call { .. } = block {
                // Counted, so that the results that follow find their calls.
                self.calls += 1;
                self.losses.add("calls that aren't the model's are left out");
            }
            content.extend(self.reading().said(block, system)?);
        }
        if content.is_empty() {
            return Ok(speaks);
        }
        self.held_size += content.iter().map(Content::len).sum::<usize>();
        self.held.push(Spoken { time: said.time, content });
        if self.open.is_empty() || self.held_size > HELD_MAX {
            self.settle()?;
        }
        Ok(true)
    }

    /// Takes in the result of a call. What has no call that waits for it goes to
    /// `late`, to be said in words.
    fn result(
        &mut self,
        time: Option<i64>,
        back: Option<u32>,
        status: Status,
        parts: &[Part],
        late: &mut Vec<Content>,
    ) -> Result<(), ToolError> {
        let mut content = self.reading().parts(parts)?;
        let number = back.and_then(|back| self.calls.checked_sub(u64::from(back) + 1));
        let place = number.and_then(|number| self.open.iter().position(|(open, _)| *open == number));
        match place.map(|place| self.open.remove(place)) {
            Some((call, name)) => {
                let failed = status == Status::Error;
                self.outcomes.push(Outcome { time, call, name, failed, content });
            }
            None => {
                self.losses.add("results without a call become messages");
                match content.first_mut() {
                    Some(Content::Text(text)) => text.insert_str(0, ORPHAN_MARK),
                    _ => content.insert(0, Content::Text(ORPHAN_MARK.trim_end().to_owned())),
                }
                late.append(&mut content);
            }
        }
        Ok(())
    }

    /// Hands over what the model said, with a result for each call, and what
    /// the user said since.
    fn settle(&mut self) -> Result<(), ToolError> {
        let mut answer = std::mem::take(&mut self.answer);
        if answer.calls.is_empty() {
            // An answer can't end in a thought.
            let last = answer.said.iter().rposition(|piece| matches!(piece, Piece::Text(_)));
            for _ in answer.said.drain(last.map_or(0, |last| last + 1)..) {
                self.losses.add("thinking after which nothing was said is left out");
            }
        }
        if !answer.calls.is_empty() || !answer.said.is_empty() {
            self.begin(answer.time)?;
            self.out.answer(answer)?;
        }
        for outcome in std::mem::take(&mut self.outcomes) {
            self.out.outcome(outcome)?;
        }
        for (call, name) in std::mem::take(&mut self.open) {
            self.losses.add("calls without a result get one that says so");
            let content = vec![Content::Text(INTERRUPTED.to_owned())];
            self.out.outcome(Outcome { time: None, call, name, failed: true, content })?;
        }
        self.held_size = 0;
        for spoken in std::mem::take(&mut self.held) {
            self.begun = true;
            self.out.user(spoken)?;
        }
        Ok(())
    }

    /// The model can't be the first to speak.
    fn begin(&mut self, time: Option<i64>) -> Result<(), ToolError> {
        if !std::mem::replace(&mut self.begun, true) {
            self.losses.add("the conversation begins with the model: a prompt is put before it");
            self.out.user(Spoken { time, content: vec![Content::Text(NO_BEGINNING.to_owned())] })?;
        }
        Ok(())
    }
}
