// A session that the tool's own runtime makes: one prompt after another.
//
// node own.mjs <modules> <folder of the project> <prompt>...; prints its id.
import path from 'node:path';

const [modules, cwd, ...prompts] = process.argv.slice(2);
const sdk = await import(path.join(modules, '@cursor/sdk/dist/esm/index.js'));
const options = { apiKey: process.env.CURSOR_API_KEY, model: { id: 'composer-2' }, local: { cwd, useHttp1ForAgent: true } };
const agent = await sdk.Agent.create(options);
for (const prompt of prompts) {
  const run = await agent.send(prompt);
  for await (const event of run.stream()) void event;
}
await new Promise((resolve) => setTimeout(resolve, 500));
await agent.close?.();
console.log(JSON.stringify({ id: agent.agentId }));
process.exit(0);
