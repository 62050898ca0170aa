//! Tests of the adapter.

use proptest::prelude::*;

use super::section::{Section, sections};
use super::*;
use crate::object::message::{Block, Role};
use crate::tool::testing::{corpus, cut, messages, text};
use crate::tool::{Framing, Step};

const HISTORY: &str = "
# aider chat started at 2026-04-22 22:40:12

> Aider v0.86.2  
> Model: lm/qwen with whole edit format  

#### what is this?  
#### second line  

<thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b>

I think.

</thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b>

It is a thing.

```md
> a quote
#### a heading


two blank lines
```

Done.

> Tokens: 15k sent, 1.2k cache hit, 993 received. Cost: $0.03 message, $0.16 session.  
> Applied edit to src/a b.rs  
> # 1 block failed to match!

<<<<<<< SEARCH
x
the end of it  

{\"json\": [1]}

#### /add b.rs  
> Added b.rs to the chat  

#### /ask why?  

Because.


# aider chat started at 2026-04-22 22:40:47

#### hi  
";

fn read(bytes: &[u8], closed: bool) -> Vec<Step> {
    let section = Section::of(bytes.to_vec(), closed, Some(Path::new("/w")));
    let (steps, all) = cut(&Aider, Framing::Document, section);
    assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(bytes), "restored");
    steps
}

#[test]
fn a_history_is_cut_into_chats() {
    let chats = sections(HISTORY.as_bytes());
    let names: Vec<_> = chats.iter().map(|chat| chat.name.as_str()).collect();
    assert_eq!(names, ["2026-04-22T22:40:12", "2026-04-22T22:40:47"]);
    assert!(HISTORY[chats[1].span.clone()].starts_with("\n# aider"));
    assert_eq!((chats[0].span.start, chats[1].span.end), (0, HISTORY.len()));
    assert_eq!(chats[0].started, Some(1_776_897_612_000));
    let twice = sections(
        b"# aider chat started at 2026-04-22 22:40:12\n# aider chat started at 2026-04-22 22:40:12\n",
    );
    assert_eq!(twice[1].name, "2026-04-22T22:40:12.0001");
    assert_eq!(sections(b"no head")[0].span, 0..7);
    assert!(sections(b"").is_empty());
}

#[test]
fn blocks_mean_what_they_say() {
    let chat = &HISTORY.as_bytes()[sections(HISTORY.as_bytes())[0].span.clone()];
    let steps = read(chat, true);
    let messages = messages(&steps);
    let said: Vec<_> = messages.iter().filter(|m| m.role != Role::System).collect();
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["what is this? second line", "/ask why?"]);
    assert_eq!(said[0].blocks, [Block::Text(text("what is this?\nsecond line"))]);
    assert_eq!(said[1].blocks[0], Block::Thinking { text: text("I think."), signature: None });
    let Block::Text(answer) = &said[1].blocks[1] else { panic!("{said:#?}") };
    let answer = format!("{answer:?}");
    assert!(said.len() == 5, "headings, quotes and blank lines in code are the model's: {said:#?} {answer}");
    assert_eq!(said[2].blocks, [Block::Text(text("{\"json\": [1]}"))]);
    let notices: Vec<_> =
        messages.iter().filter(|m| m.role == Role::System).flat_map(|m| &m.blocks).collect();
    assert!(
        notices.contains(&&Block::Notice(text(
            "# 1 block failed to match!\n\n<<<<<<< SEARCH\nx\nthe end of it"
        ))),
        "{notices:#?}"
    );
    assert!(notices.contains(&&Block::Notice(text("/add b.rs"))));
    let usage = steps.iter().find_map(|step| step.usage).unwrap().usage;
    assert_eq!((usage.input, usage.cache_read, usage.output), (13_800, 1200, 993));
    let files: Vec<_> = steps.iter().flat_map(|step| &step.files).collect();
    assert_eq!(files, ["esrc/a b.rs", "rb.rs"]);
    assert!(steps.iter().any(|step| step.facts.version.as_deref() == Some("0.86.2")));
    let models: Vec<_> = steps.iter().filter_map(|step| step.model.as_deref()).collect();
    assert_eq!(models, ["lm/qwen", "lm/qwen", "lm/qwen"]);
}

/// What a chat gives while it goes on is what it gives when it is over.
fn grows(chat: &str, writes: impl Iterator<Item = usize>) {
    let whole = read(chat.as_bytes(), true);
    for end in writes {
        let steps = read(&chat.as_bytes()[..end], false);
        let at = steps.iter().zip(&whole).position(|(a, b)| a != b);
        assert!(
            at.is_none(),
            "block {at:?} of what ends in {:?}",
            &chat[chat[..end].char_indices().rev().nth(80).map_or(0, |(at, _)| at)..end]
        );
    }
}

#[test]
fn a_chat_read_while_it_goes_on_gives_the_same() {
    let chat = &HISTORY[sections(HISTORY.as_bytes())[0].span.clone()];
    // The writes that aider makes, as far as they matter: what ends in a line of its own.
    let ends = [
        "12\n\n",
        "v0.86.2  \n",
        "format  \n",
        "line  \n",
        "Done.\n\n",
        "session.  \n",
        "b.rs  \n",
        "of it  \n",
        "[1]}\n\n",
        "/add b.rs  \n",
        "chat  \n",
        "why?  \n",
        "Because.\n\n",
    ];
    let writes: Vec<usize> =
        ends.iter().map(|end| chat.find(end).unwrap_or_else(|| panic!("{end}")) + end.len()).collect();
    grows(chat, writes.iter().copied());
    let last = read(&chat.as_bytes()[..writes[4]], false);
    assert!(last.last().unwrap().message.is_some(), "an answer is there as soon as it is written");
}

#[test]
fn chats_are_found_in_projects_with_the_logs_beside() {
    let home = tempfile::tempdir().unwrap();
    let project = home.path().join("p");
    std::fs::create_dir_all(&project).unwrap();
    let path = project.join(".aider.chat.history.md");
    std::fs::write(&path, HISTORY).unwrap();
    std::fs::write(project.join(".aider.input.history"), "\n# 2026\n+hi\n").unwrap();
    let places = Places { projects: vec![project.clone(), "/nowhere".into()], ..Places::default() };
    let found = Aider.discover(&places).found;
    let parts: Vec<_> = found.iter().map(|f| (f.part.as_str(), f.stamp.len)).collect();
    let second = HISTORY.len() as u64 - found[0].stamp.len;
    assert_eq!(parts, [("", found[0].stamp.len), ("", second), ("input", 12)]);
    assert_eq!((&found[0].native, found[0].place == found[1].place), (&found[2].native, true));
    assert!(Path::new("/").join(&found[0].place) == path && found[0].native < found[1].native);
    // What is appended changes the last chat alone.
    std::fs::write(&path, format!("{HISTORY}\nanswer\n\n")).unwrap();
    let later = Aider.discover(&places).found;
    assert_eq!(later[0].stamp, found[0].stamp);
    assert_ne!(later[1].stamp, found[1].stamp);
    let (steps, all) = cut(&Aider, Framing::Document, Boxed(Aider.open(&later[1]).unwrap()));
    assert_eq!((steps.len(), all.len() as u64), (3, later[1].stamp.len));
    let mut moved = Places { projects: vec![project], ..Places::default() };
    moved.vars.insert("AIDER_CHAT_HISTORY_FILE".into(), "elsewhere.md".into());
    assert!(Aider.discover(&moved).found.is_empty());
}

struct Boxed(Box<dyn Pieces>);

impl Pieces for Boxed {
    fn next(&mut self) -> std::io::Result<Option<std::borrow::Cow<'_, [u8]>>> {
        self.0.next()
    }

    fn frame(&mut self) -> std::io::Result<crate::tool::Frame> {
        self.0.frame()
    }
}

#[test]
fn logs_are_cut_between_lines() {
    let log: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    let mut log = chunks::Chunks::of(log.into_bytes());
    let (mut joined, mut count) = (Vec::new(), 0);
    while let Some(piece) = log.next().unwrap() {
        assert!(piece.ends_with(b"\n"));
        joined.extend_from_slice(&piece);
        count += 1;
    }
    joined.extend(log.frame().unwrap().trail);
    assert!(count == 2 && joined.ends_with(b"line 4999\n") && joined.starts_with(b"line 0\n"));
}

#[test]
fn real_histories_are_understood() {
    for (path, bytes) in [corpus("aider", ".md"), corpus("_synthetic/aider", ".md")].concat() {
        let chats = sections(&bytes);
        let (mut prompts, mut answers, mut tokens) = (0, 0, 0);
        for (at, chat) in chats.iter().enumerate() {
            let text = &bytes[chat.span.clone()];
            let steps = read(text, at + 1 < chats.len());
            prompts += steps.iter().filter(|step| step.prompt.is_some()).count();
            answers += messages(&steps).iter().filter(|m| m.role == Role::Assistant).count();
            tokens += steps.iter().filter_map(|step| step.usage).map(|c| c.usage.output).sum::<u64>();
            if let Ok(text) = std::str::from_utf8(text) {
                // What aider says itself is written line by line.
                let lines = super::lines::lines(text.as_bytes());
                let said = |span: &std::ops::Range<usize>| text[span.clone()].starts_with("> ");
                grows(text, lines.filter(said).map(|span| span.end).collect::<Vec<_>>().into_iter());
            }
        }
        println!(
            "{}: {} chats, {prompts} prompts, {answers} answers, {tokens} tokens out",
            path.display(),
            chats.len()
        );
        assert!(!chats.is_empty());
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_all_come_back(lines in proptest::collection::vec("(#### |> |```|# aider chat started at 2026-01-01 00:00:00)?[a-z ]{0,6}(  )?\r?\n?", 0..30), closed in any::<bool>()) {
        let text = lines.concat();
        let chats = sections(text.as_bytes());
        prop_assert_eq!(chats.iter().map(|chat| chat.span.len()).sum::<usize>(), text.len());
        for chat in chats {
            read(&text.as_bytes()[chat.span], closed);
        }
    }

    #[test]
    fn invalid_bytes_too(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes, true);
    }
}

#[test]
fn a_history_that_lost_its_spaces_is_read_all_the_same() {
    let chat = HISTORY.replace("  \n", "\n");
    let steps = read(&chat.as_bytes()[..chat.find("```").unwrap()], true);
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["what is this? second line"]);
}
