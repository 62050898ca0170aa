// A stand-in for the tool's servers, on the loopback interface, over HTTP/1.1:
// a stream of events out (RunSSE), messages in (BidiAppend). Writes what the
// model would be given as JSON, answers, and keeps the conversation as the
// real servers do: blobs, then a new root.
//
// node backend.mjs <folder for requests>; prints its port.
import http from 'node:http';
import fs from 'node:fs';
import zlib from 'node:zlib';
import crypto from 'node:crypto';

const folder = process.argv[2];
const ANSWER = 'SFS-ANSWER of the mock ■';
fs.mkdirSync(folder, { recursive: true });

// The wire format: numbers and byte fields.
const varint = (n) => {
  const out = [];
  while (n >= 128) { out.push((n % 128) | 128); n = Math.floor(n / 128); }
  return Buffer.from([...out, n]);
};
const num = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);
const bytes = (field, value) => {
  const data = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data]);
};
const fields = (data) => {
  const out = [];
  let at = 0;
  const read = () => {
    let n = 0, shift = 1;
    for (;;) { const b = data[at++]; n += (b & 127) * shift; if (b < 128) return n; shift *= 128; }
  };
  while (at < data.length) {
    const tag = read();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: out.push([field, read()]); break;
      case 1: out.push([field, data.subarray(at, at + 8)]); at += 8; break;
      case 2: { const n = read(); out.push([field, data.subarray(at, at + n)]); at += n; break; }
      case 5: out.push([field, data.subarray(at, at + 4)]); at += 4; break;
      default: throw new Error(`wire type of ${tag}`);
    }
  }
  return out;
};
const all = (data, field) => fields(data).filter(([n]) => n === field).map(([, value]) => value);
const one = (data, ...path) => path.reduce((data, field) => data && all(data, field).at(-1), data);

const streams = new Map();
const stream = (id) => {
  if (!streams.has(id)) streams.set(id, { out: null, waiting: [], asked: new Map(), count: 0, blobs: new Map() });
  return streams.get(id);
};
const frame = (data, flag = 0) => {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
};
const send = (s, message) => (s.out ? s.out.write(frame(message)) : s.waiting.push(frame(message)));
const ask = (s, body) => new Promise((resolve) => {
  const id = ++s.count;
  s.asked.set(id, resolve);
  send(s, bytes(4, Buffer.concat([num(1, id), body])));
});
const blob = async (s, id) => {
  const name = id.toString('hex');
  if (!s.blobs.has(name)) s.blobs.set(name, await ask(s, bytes(2, bytes(1, id))));
  const data = s.blobs.get(name);
  if (!data || crypto.createHash('sha256').update(data).digest('hex') !== name) throw new Error(`no blob ${name}`);
  return data;
};
const keep = async (s, data) => {
  const id = crypto.createHash('sha256').update(data).digest();
  await ask(s, bytes(3, Buffer.concat([bytes(1, id), bytes(2, data)])));
  return id;
};

let runs = 0;
const run = async (s, request) => {
  const state = one(request, 1) ?? Buffer.alloc(0);
  for (const pre of all(request, 17)) s.blobs.set(one(pre, 1).toString('hex'), one(pre, 2));
  const prompt = one(request, 2, 1, 1, 1).toString();
  const messages = [];
  for (const id of all(state, 1)) messages.push(JSON.parse((await blob(s, id)).toString()));
  const shown = [];
  for (const id of all(state, 8)) {
    const turn = one(await blob(s, id), 1);
    const steps = [];
    for (const step of all(turn, 2)) steps.push((await blob(s, step)).toString());
    shown.push({ prompt: one(await blob(s, one(turn, 1)), 1).toString(), steps });
  }
  fs.writeFileSync(`${folder}/${++runs}.json`, JSON.stringify({ messages, shown, prompt }, null, 1));
  send(s, bytes(1, bytes(1, bytes(1, ANSWER))));
  const said = { content: [{ text: `<user_query>\n${prompt}\n</user_query>`, type: 'text' }], role: 'user' };
  const answer = { content: [{ text: ANSWER, type: 'text' }], id: '99', role: 'assistant' };
  const asked = await keep(s, Buffer.concat([bytes(1, prompt), bytes(2, crypto.randomUUID()), num(4, 1)]));
  const step = await keep(s, bytes(1, bytes(1, ANSWER)));
  const turn = await keep(s, bytes(1, Buffer.concat([bytes(1, asked), bytes(2, step)])));
  const more = [said, answer].map((message) => keep(s, Buffer.from(JSON.stringify(message))));
  const ids = await Promise.all(more);
  send(s, bytes(3, Buffer.concat([state, ...ids.map((id) => bytes(1, id)), bytes(8, turn)])));
  send(s, bytes(1, bytes(14, Buffer.alloc(0))));
  setTimeout(() => { s.out?.write(frame(Buffer.from('{}'), 2)); s.out?.end(); }, 300);
};

const take = (body, type) => {
  let id, data;
  if (type.includes('json')) {
    const request = JSON.parse(body.toString());
    id = request.requestId.requestId;
    data = request.dataBinary ? Buffer.from(request.dataBinary, 'base64') : Buffer.from(request.data, 'hex');
  } else {
    id = one(body, 2, 1).toString();
    data = one(body, 4)?.length ? one(body, 4) : Buffer.from(one(body, 1).toString(), 'hex');
  }
  const s = stream(id);
  const request = one(data, 1);
  if (request) run(s, request).catch((e) => fs.writeFileSync(`${folder}/error.txt`, String(e.stack)));
  const kv = one(data, 3);
  if (kv) {
    const number = one(kv, 1);
    s.asked.get(number)?.(one(kv, 2, 1));
    s.asked.delete(number);
  }
};

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    let body = Buffer.concat(chunks);
    const type = request.headers['content-type'] ?? '';
    if (request.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
    if (request.headers['content-encoding'] === 'br') body = zlib.brotliDecompressSync(body);
    const json = (value) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (request.url === '/auth/exchange_user_api_key') {
      const claims = { sub: 'auth0|user_MOCK', exp: Math.floor(Date.now() / 1000) + 86400 };
      return json({ accessToken: `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x` });
    }
    if (request.url === '/v1/models') {
      return json({ items: [{ id: 'composer-2', displayName: 'Composer 2', parameters: [], variants: [] }], models: ['composer-2'] });
    }
    if (request.url.endsWith('AgentService/RunSSE')) {
      let message = body.subarray(5);
      if (body[0] & 1) message = zlib.gunzipSync(message);
      const s = stream(one(message, 1).toString());
      response.writeHead(200, { 'content-type': 'application/connect+proto' });
      s.out = response;
      s.waiting.splice(0).forEach((waiting) => response.write(waiting));
      return;
    }
    if (request.url.endsWith('BidiService/BidiAppend')) take(body, type);
    if (type.includes('proto') || request.url.endsWith('BidiAppend')) {
      response.writeHead(200, { 'content-type': 'application/proto' });
      return response.end();
    }
    json({});
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
