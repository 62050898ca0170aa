// Lets the tool's own runtime go on with a store of the command line, which
// has the same form: puts it where the runtime keeps one, tells it of the agent
// by its own interface, resumes it, asks, and puts the store back. What the
// runtime notes in its list, the name of the new root, the command line notes
// in the store: that is done for it here.
//
// node go_on.mjs <modules> <folder of the project> <store.db> <id> <prompt> <folder of the servers>
import fs from 'node:fs';
import path from 'node:path';
import crypto from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

const [modules, cwd, store, id, prompt, servers] = process.argv.slice(2);
// The runtime tries again for ever when the servers can't go on.
setInterval(() => fs.existsSync(path.join(servers, 'error.txt')) && process.exit(2), 100);
const sdk = await import(path.join(modules, '@cursor/sdk/dist/esm/index.js'));
const { SqliteLocalAgentStore } = await import(path.join(modules, '@cursor/sdk/dist/esm/sqlite.js'));

const root = sdk.getDefaultSdkStateRoot(cwd);
const folder = path.join(root, 'agents', `agent-${crypto.createHash('sha256').update(id).digest('hex')}`);
const theirs = path.join(folder, 'store.db');
fs.mkdirSync(folder, { recursive: true });
fs.copyFileSync(store, theirs);
const open = new DatabaseSync(theirs, { readOnly: true });
const meta = JSON.parse(Buffer.from(open.prepare("select value from meta where key = '0'").get().value, 'hex').toString());
open.close();

const agents = await SqliteLocalAgentStore.open({ workspaceRef: cwd });
const now = Date.now();
const latestCheckpoint = { schemaVersion: 1, rootBlobId: meta.latestRootBlobId };
await agents.agents.create({
  agent: { agentId: id, cwd, status: 'idle', name: 'foreign', createdAt: now, updatedAt: now, latestCheckpoint },
});
await agents.dispose();

const options = { apiKey: process.env.CURSOR_API_KEY, model: { id: 'composer-2' }, local: { cwd, useHttp1ForAgent: true } };
const agent = await sdk.Agent.resume(id, options);
const run = await agent.send(prompt);
let answer = '';
for await (const event of run.stream()) {
  for (const part of event.message?.content ?? []) answer += part.text ?? '';
}
await new Promise((resolve) => setTimeout(resolve, 500));
await agent.close?.();

const index = new DatabaseSync(path.join(root, 'index.db'), { readOnly: true });
const row = index.prepare('select latest_checkpoint_ref_json from agents where agent_id = ?').get(id);
index.close();
const latestRootBlobId = JSON.parse(row.latest_checkpoint_ref_json).blobId;
const done = new DatabaseSync(theirs);
const value = Buffer.from(JSON.stringify({ ...meta, latestRootBlobId })).toString('hex');
done.prepare("update meta set value = ? where key = '0'").run(value);
done.exec('pragma wal_checkpoint(truncate)');
done.close();
fs.copyFileSync(theirs, store);
// There was one store, and there is one.
fs.rmSync(root, { recursive: true });
console.log(JSON.stringify({ answer, before: meta.latestRootBlobId, after: latestRootBlobId }));
process.exit(0);
