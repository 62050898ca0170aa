//! The tools that agents are offered: each calls a verb and quotes what it
//! found.

mod blame;
mod diff;
mod read;
mod write;

use serde_json::{Map, Value, json};

use super::Host;
use super::failed::Failed;
use super::page::{Cursor, LEAST, LIMIT, MOST, Page};
use super::params::{self, Args, Kind, Param};
use crate::ops::Env;
use crate::ops::revision::{self, Resolved};
use crate::ops::secrets::Secrets;
use crate::store::Store;
use crate::view::clean::shorten;

/// A tool.
pub(super) struct Tool {
    /// The name by which it is called.
    pub(super) name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// What it is for.
    about: &'static str,
    params: &'static [Param],
    /// Whether it changes the store.
    writes: bool,
    run: fn(&mut Call<'_>) -> Result<String, Failed>,
}

/// How revisions are written, for whoever calls.
const REV: &str = "A session's id or name (from sfs_list), a branch as SESSION/BRANCH, a tag, a commit's id, or a \
                   revision from another answer. REV~n is before its last n turns, REV:n its message n. @ is the \
                   newest session of this directory, which may well be your own.";

/// What is looked for, for whoever calls.
const QUERY: &str = "Words that must all be in one message; \"a phrase\" in quotes; pre* for words that begin so; -word \
                     to exclude; and key:value with the keys tool, project, session, role, model, file, kind (text, \
                     thought, call, command, edit, output, error, summary, notice), after, before (7d, 12h, 2026-01-31).";

/// Which numbers lines have.
const LINES: (u64, u64) = (1, u32::MAX as u64);

/// What all that quote may be given.
const PAGED: &[Param] = &[
    Param::number("limit", (LEAST, MOST), "How many characters to quote at most; 20000 if not given."),
    Param::text("cursor", "Where to go on, from the end of an answer that was cut."),
];

/// All of them, in the order in which they are listed.
static TOOLS: &[Tool] = &[
    Tool {
        name: "sfs_list",
        title: "List sessions",
        about: "Lists recorded sessions of AI coding tools, all tools on this machine together, the one last worked \
                on first. Use it to find what was done in another tool or at another time.",
        params: &[
            Param::text("text", "Only sessions with this in their title or name."),
            Param::text("tool", "Only sessions of this tool, by the name that sfs has for it."),
            Param::text("since", "Only sessions worked on since: 7d, 12h, 2026-01-31."),
            Param::text("project", "Sessions of this directory instead of the current one."),
            Param::flag("all", "Sessions of every directory."),
        ],
        writes: false,
        run: read::list,
    },
    Tool {
        name: "sfs_search",
        title: "Search sessions",
        about: "Searches all that was ever said, run, read and written in any recorded session. Each hit comes with a \
                revision for sfs_show.",
        params: &[
            Param::text("query", QUERY).required(),
            Param {
                name: "sort",
                kind: Kind::Choice(&["best", "newest", "oldest"]),
                required: false,
                about: "In which order hits come; best first if not given.",
            },
            Param::flag("copies", "Tell messages that say the same each time."),
        ],
        writes: false,
        run: read::search,
    },
    Tool {
        name: "sfs_show",
        title: "Show messages",
        about: "Shows what was said in a session: the last turn up to the revision, one message for REV:n, or with \
                `all` the whole conversation. Calls of tools are a line each unless `full`.",
        params: &[
            Param::text("rev", REV).required(),
            Param::flag("all", "The whole conversation up to the revision."),
            Param::flag("full", "Calls, their results and thoughts in full."),
        ],
        writes: false,
        run: read::show,
    },
    Tool {
        name: "sfs_log",
        title: "List turns",
        about: "Lists the turns of a session, the last one first: revision, time, what was asked, files touched.",
        params: &[Param::text("rev", REV).required()],
        writes: false,
        run: read::log,
    },
    Tool {
        name: "sfs_diff",
        title: "Compare revisions",
        about: "Compares two revisions, branches or sessions: what each did since they parted, and what differs \
                between the files. REV~1 and REV tell what the last turn did.",
        params: &[Param::text("left", REV).required(), Param::text("right", REV).required()],
        writes: false,
        run: diff::diff,
    },
    Tool {
        name: "sfs_blame",
        title: "Whose lines are",
        about: "Tells which turn of which session, in any tool, each line of a file is from: numbers of lines, then \
                the revision for sfs_show, time, tool, model, how that is known, and what was asked. `told` means a \
                call wrote them, `text` that they were found by their text, `seen` that they came while a command ran.",
        params: &[
            Param::text("path", "The file, from the current directory.").required(),
            Param::text("rev", "The revision to look at it as of; as it is now if not given."),
            Param::number("first", LINES, "Only from this line, counted from 1."),
            Param::number("last", LINES, "Only up to this line."),
        ],
        writes: false,
        run: blame::blame,
    },
    Tool {
        name: "sfs_briefing",
        title: "Brief on a session",
        about: "Tells a session in short so that its work can be gone on with: open tasks, changed files, commands, and \
                the conversation with its newest turns whole. It is made to fit into `limit`.",
        params: &[Param::text("rev", REV).required()],
        writes: false,
        run: read::briefing,
    },
    Tool {
        name: "sfs_fork",
        title: "Make a branch",
        about: "Makes a branch of the user's at a revision, to go on from there later. Nothing is copied or lost.",
        params: &[
            Param::text("rev", REV).required(),
            Param::text("name", "What to call it; it gets a name if none is given."),
        ],
        writes: true,
        run: write::fork,
    },
    Tool {
        name: "sfs_tag",
        title: "Tag a revision",
        about: "Gives a revision a name of its own, with words. A tag that is there already stays as it is.",
        params: &[
            Param::text("name", "The tag.").required(),
            Param::text("rev", REV).required(),
            Param::text("message", "What to say of it."),
        ],
        writes: true,
        run: write::tag,
    },
];

/// Those that are offered.
pub(super) fn offered(may_write: bool) -> impl Iterator<Item = &'static Tool> {
    TOOLS.iter().filter(move |tool| may_write || !tool.writes)
}

impl Tool {
    fn params(&self) -> impl Iterator<Item = &'static Param> + Clone + use<> {
        self.params.iter().chain(if self.writes { &[] } else { PAGED })
    }

    /// What a list of tools says of it.
    pub(super) fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "description": self.about,
            "inputSchema": params::schema(self.params()),
            "annotations": {
                "title": self.title, "readOnlyHint": !self.writes, "destructiveHint": false,
                "idempotentHint": !self.writes, "openWorldHint": false,
            },
        })
    }

    /// Does what it is asked for. `is_over` tells whether nobody waits any more.
    pub(super) fn run(
        &self,
        host: &dyn Host,
        given: &Map<String, Value>,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<String, Failed> {
        let args = Args::check(self.params(), given).map_err(Failed::new)?;
        let (env, store) = (host.env(), host.store()?);
        let secrets = Secrets::open(&env, &store)?;
        let mut call = Call { env, store, secrets, args, is_over };
        let done = (self.run)(&mut call);
        // It may repeat what a session says, such as its title.
        done.map_err(|failed| Failed { words: call.secrets.without(&failed.words), ..failed })
    }
}

/// What a tool works with.
struct Call<'c> {
    env: Env,
    store: Store,
    secrets: Secrets,
    args: Args<'c>,
    is_over: &'c (dyn Fn() -> bool + Sync),
}

impl Call<'_> {
    /// The answer, still empty.
    fn page(&self) -> Result<Page<'_>, Failed> {
        let from = match self.args.text("cursor") {
            None => Cursor::default(),
            Some(text) => Cursor::parse(text).ok_or_else(|| {
                Failed::new("this cursor is none")
                    .hint("a cursor stands at the end of an answer that was cut")
            })?,
        };
        Ok(Page::new(&self.secrets, self.limit(), from, self.is_over))
    }

    /// A text of a session for one line of at most `width` characters. Secrets
    /// are taken out before it is cut: half of one may not be known for what it is.
    fn short(&self, text: &str, width: usize) -> String {
        shorten(&self.secrets.without(text), width)
    }

    fn limit(&self) -> u64 {
        self.args.number("limit").unwrap_or(LIMIT)
    }

    /// The revision that a parameter names.
    fn revision(&self, name: &str) -> Result<Resolved, Failed> {
        Ok(revision::resolve(&self.store, &self.env, self.args.text(name).unwrap_or_default())?)
    }
}
