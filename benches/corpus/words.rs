//! The raw material of texts: stems, small words, and templates of lines.
//!
//! In a template `$i` is an identifier, `$t` a type, `$f` a called function, `$w` a word, `$s` a few words,
//! `$n` a small and `$N` a large number, `$h` a short hexadecimal id, and `$p` the path of a file.

/// Stems that identifiers and prose are made of; the first are the most used.
#[rustfmt::skip]
pub(super) const STEMS: &[&str] = &[
    "value", "name", "path", "file", "index", "state", "key", "item", "node", "result", "error", "config",
    "data", "line", "token", "buffer", "request", "user", "id", "size", "count", "list", "map", "type",
    "event", "session", "message", "client", "server", "task", "parent", "child", "entry", "record", "offset",
    "length", "start", "end", "source", "target", "option", "field", "handler", "context", "cache", "queue",
    "worker", "stream", "reader", "writer", "parser", "lexer", "scope", "symbol", "module", "package",
    "version", "branch", "commit", "author", "change", "diff", "merge", "store", "block", "chunk", "page",
    "table", "row", "column", "query", "filter", "sort", "group", "limit", "cursor", "invoice", "order",
    "price", "account", "payment", "customer", "cart", "product", "stock", "discount", "tax", "total",
    "balance", "ledger", "currency", "period", "report", "budget", "tenant", "role", "permission", "policy",
    "audit", "metric", "gauge", "counter", "sample", "bucket", "window", "alert", "trace", "span", "log",
    "level", "signal", "frame", "pixel", "shader", "mesh", "camera", "scene", "layer", "sprite", "texture",
    "canvas", "layout", "widget", "button", "label", "panel", "dialog", "menu", "theme", "color", "font",
    "margin", "border", "shadow", "anchor", "socket", "packet", "header", "body", "route", "port", "host",
    "proxy", "gateway", "peer", "channel", "topic", "broker", "replica", "shard", "leader", "quorum", "term",
    "epoch", "lease", "lock", "guard", "mutex", "thread", "timer", "clock", "delay", "retry", "backoff",
    "timeout", "deadline", "budgeted", "quota", "weight", "score", "rank", "vector", "matrix", "tensor",
    "gradient", "batch", "feature", "model", "train", "loss", "epochs", "mask", "embed", "date", "month",
    "week", "hour", "zone", "locale", "format", "unit", "scale", "ratio", "bound", "range", "interval",
    "segment", "edge", "graph", "tree", "leaf", "root", "depth", "visit", "walk", "match", "pattern", "regex",
    "glob", "prefix", "suffix", "digest", "hash", "salt", "nonce", "cipher", "secret", "claim", "grant",
    "scopes", "issuer", "device", "sensor", "driver", "volume", "mount", "inode", "sector", "journal",
    "snapshot", "backup", "restore", "archive", "extract", "upload", "download", "resume", "cancel", "abort",
    "commitish", "revert", "rebase", "stash", "fixture", "mock", "stub", "assertion", "suite", "case",
    "bench", "profile", "flag", "switch", "toggle", "rollout", "plugin", "hook", "adapter", "bridge",
    "facade", "factory", "builder", "visitor", "observer", "registry", "loader", "resolver", "validator",
    "serializer", "encoder", "decoder", "compressor", "iterator", "collector", "scheduler",
];

/// Endings that make several words of a stem.
pub(super) const ENDINGS: &[&str] = &["", "s", "ing", "ed", "er", "able", "less", "ment", "ly", "ful"];

/// The small words between the others in prose; the first are the most used.
#[rustfmt::skip]
pub(super) const SMALL: &[&str] = &[
    "the", "to", "a", "of", "and", "is",
    "in", "it", "that", "for", "this", "with", "we", "on", "be", "as", "not", "are", "when", "so", "but",
    "which", "from", "by", "if", "can", "now", "then", "will", "was", "has", "there", "only", "an", "or",
    "all", "each", "after", "before", "because", "should", "no", "one", "instead", "still", "already",
    "where", "without", "also", "while", "let me", "looks like", "need to", "check", "fix", "add", "update",
    "remove", "run",
];

/// Lines of Rust.
#[rustfmt::skip]
pub(super) const RUST: &[&str] = &[
    "let $i = $i.$f($i)?;", "let mut $i = $t::new($i, $n);", "if $i.$f() > $n {", "}", "}", "", "",
    "pub fn $f(&self, $i: &$t) -> Result<$t, $tError> {", "fn $f($i: &mut $t, $i: usize) -> Option<$t> {",
    "for $i in $i.$f().iter() {", "match self.$i.$f(&$i) {", "Some($i) => $i.$f($i.$i),",
    "None => return Err($tError::$t),", "/// $s.", "// $s", "pub struct $t {", "    pub $i: $t,",
    "    $i: Vec<$t>,", "    $i: HashMap<String, $t>,", "impl $t {", "use crate::$i::{$t, $t};",
    "#[derive(Debug, Clone, PartialEq)]", "self.$i.push($t { $i, $i: $i.clone() });",
    "let $i: Vec<_> = $i.iter().filter(|$i| $i.$i != $i).map($t::from).collect();", "return Ok($i);",
    "Ok($i)", "assert_eq!($i.$f($n), $t::$t($n));", "#[test]", "fn $i_$i_$i() {",
    "tracing::debug!($i, \"$s\");", "self.$i = self.$i.saturating_sub($n);", "const $I: usize = $N;",
    ".$f(|$i| $i.$i == $i.$i)", ".context(\"$s\")?;", "while let Some($i) = $i.$f() {",
    "let ($i, $i) = $i.split_at($i.min($n));", "    ..$t::default()", "} else {",
];

/// Lines of TypeScript.
#[rustfmt::skip]
pub(super) const TYPESCRIPT: &[&str] = &[
    "const $i = await this.$i.$f($i, { $i: $n });", "export interface $t {", "  $i?: $t;", "  $i: string;",
    "}", "}", "});", "", "import { $t, $f } from '../$w/$w';",
    "export async function $f($i: $t): Promise<$t> {", "if (!$i.$i) {", "throw new $tError(`$s: ${$i.$i}`);",
    "return $i.map(($i) => $i.$i).filter(Boolean);", "const [$i, $f] = useState<$t | null>(null);",
    "useEffect(() => {", "}, [$i, $i]);", "<$t $i={$i} on$t={() => $f($i)} className=\"$w-$w\">", "</$t>",
    "// $s", " * $s", "expect($i.$f($i)).toEqual({ $i: $n, $i: '$w' });", "describe('$w $w', () => {",
    "it('$s', async () => {", "private readonly $i: Map<string, $t> = new Map();",
    "for (const $i of $i.$f()) {", "$i.$i = $i ?? $t.$I;", "} catch (error) {",
    "logger.warn({ $i, $i }, '$s');", "export const $f = ($i: $t) => $i.$i + $n;",
    "return { ...$i, $i: $i.$i };", "type $t = $t | { $i: number; $i: '$w' | '$w' };",
    "const $i = $i?.$i?.$f() ?? [];", "switch ($i.$i) {", "case '$w':", "break;",
];

/// Lines of Python.
#[rustfmt::skip]
pub(super) const PYTHON: &[&str] = &[
    "def $f(self, $i: $t, *, $i: int = $n) -> $t:", "return self.$i.$f($i, $i=$i)", "self.$i = $i or $t()",
    "if $i is None:", "if not $i.$i:", "for $i, $i in enumerate($i.$f()):",
    "raise $tError(f\"$s: {$i.$i!r}\")", "from $w.$w import $t, $f", "", "", "import $w", "class $t($t):",
    "\"\"\"$s.\"\"\"", "# $s", "with self.$i.$f($i) as $i:", "$i = [$i.$i for $i in $i if $i.$i > $n]",
    "$i[\"$w\"] = $i.get(\"$w_$w\", $n)", "assert $f($i, $n) == $t($i=$n)",
    "@pytest.mark.parametrize(\"$i\", [$n, $n, $N])", "def test_$i_$i($i, $i):",
    "logger.info(\"$s\", extra={\"$w\": $i})", "try:", "except ($tError, ValueError) as exc:",
    "await self.$i.$f($i=$i)", "@property", "@dataclass(frozen=True)", "    $i: Optional[$t] = None",
    "$i = $f($i)", "else:", "$I = {\"$w\": $n, \"$w\": $n}", "yield $i.$i, $i.$f($i)",
    "return {k: v for k, v in $i.items() if k in self.$i}", "pass",
];

/// Lines that compilers, test runners, linters and shells print.
#[rustfmt::skip]
pub(super) const OUTPUT: &[&str] = &[
    "test $i::tests::$i_$i_$i ... ok", "test $i::$i_$i ... FAILED", "   Compiling $w-$w v0.$n.$n",
    "   --> $p:$n:$n", "    |", "$n |     let $i = $i.$f($i);", "warning: unused variable: `$i`",
    "error[E0$n]: $s", "  File \"$p\", line $n, in $f", "    $i = self.$f($i.$i)", "$tError: $s: '$w_$w'",
    "PASSED $p::test_$i_$i", "-rw-r--r-- 1 dev dev $N Jan $n 10:$n $w_$w.rs", "commit $h$h$h$h$h",
    "Author: Dev $t <$w@example.com>", "    $s", "+    $i = $i.$f($i, $n)", "-    $i.$f($i)", " $p | $n ++--",
    "@@ -$n,$n +$n,$n @@ fn $f(&self)", "[$h] INFO  $w.$w: $s", "[$h] WARN  $w.$w: $s ($i=$N)",
    "✓ $s ($n ms)", "  at $f ($p:$n:$n)", "{\"$w\":\"$w\",\"$w\":$N,\"$w\":[\"$h\",\"$h\"]}", "$h$h  $p",
    "$N\t$p", "GET /$w/$w/$N 200 $nms", "added $n packages in $ns", "",
];

/// Lines of Markdown and answers.
#[rustfmt::skip]
pub(super) const PROSE: &[&str] = &[
    "$s, $s. $s.", "$s. $s, so `$i` $s.", "$s. $s. $s: `$f($i)` $s.", "- **$w $w**: $s.", "- `$p`: $s",
    "$n. $s `$i` $s.", "## $w $w", "", "", "$s: $s, $s. The `$t` $s.", "The $s. $s (see `$p:$n`). $s.", "```",
    "| $w | $s | $n |",
];
