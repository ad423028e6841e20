#!/usr/bin/env node
// What the real platform answers, against what a stack of yours answers.
//   node run.mjs check  [--only NAME] [--allow FILE]   compares with recorded/NAME.json; prints every difference
//   node run.mjs record [--only NAME] [--dir DIR]      writes recorded/NAME.json (for a real platform only)
// The deployment is that of SUPABASE_URL, SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY.
// FILE of --allow: lines "NAME: step | why" of differences that are intended (one that is the same after all is named); --scenarios DIR, --dir DIR: other folders.
import { readFileSync, writeFileSync, readdirSync, mkdirSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Driver } from './lib.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [mode, ...rest] = process.argv.slice(2);
const opt = (n) => { const i = rest.indexOf('--' + n); return i < 0 ? undefined : rest[i + 1]; };
const { SUPABASE_URL: url, SUPABASE_ANON_KEY: anon, SUPABASE_SERVICE_ROLE_KEY: service } = process.env;
if (!['check', 'record'].includes(mode) || !url || !anon || !service) { console.error('usage: see the head of this file; SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY must be set'); process.exit(2); }
const dir = resolve(opt('dir') ?? join(here, 'recorded')), scen = resolve(opt('scenarios') ?? join(here, 'scenarios'));
const allowed = new Map(), used = new Set();
for (const line of opt('allow') ? readFileSync(opt('allow'), 'utf8').split('\n') : []) {
  const m = /^([^:#]+): (.*) \| (.+)$/.exec(line); if (m) allowed.set(m[1] + ': ' + m[2], m[3]);
}
const names = readdirSync(scen).filter((f) => f.endsWith('.mjs')).map((f) => f.slice(0, -4)).filter((n) => !opt('only') || n.startsWith(opt('only'))).sort();
let bad = 0, steps = 0, let_ = 0;
for (const name of names) {
  const d = new Driver(url, anon, service);
  let broke = null;
  try { await (await import(pathToFileURL(join(scen, name + '.mjs')))).default(d); } catch (e) { broke = e; }
  if (mode === 'record') { if (broke) throw broke; mkdirSync(dir, { recursive: true }); writeFileSync(join(dir, name + '.json'), '[\n' + d.log.map((x) => JSON.stringify(x)).join(',\n') + '\n]\n'); console.log(name, d.log.length, 'steps recorded'); continue; }
  if (!existsSync(join(dir, name + '.json'))) { console.log(name + ': not recorded'); bad++; continue; }
  const want = JSON.parse(readFileSync(join(dir, name + '.json')));
  const diff = (step, a, b) => { if (allowed.has(name + ': ' + step)) { let_++; used.add(name + ': ' + step); return; } bad++; console.log(`${name}: ${step}\n    here ${a}\n    real ${b}`); };
  let i = 0;
  for (; i < Math.min(want.length, d.log.length); i++) {
    const a = d.log[i], b = want[i]; steps++;
    if (a.name !== b.name) { diff(`step ${i}`, a.name, b.name); break; }
    if (a.status !== b.status || a.code !== b.code) diff(b.name, `${a.status} ${a.code ?? ''}`, `${b.status} ${b.code ?? ''}`);
    else if (JSON.stringify(a.data) !== JSON.stringify(b.data)) diff(b.name, JSON.stringify(a.data)?.slice(0, 600), JSON.stringify(b.data)?.slice(0, 600));
  }
  if (broke) diff('it stopped', broke.message, `${want.length} steps`);
}
for (const k of allowed.keys()) if (mode === 'check' && !used.has(k) && names.includes(k.slice(0, k.indexOf(': ')))) console.log(`${k}\n    is allowed to differ and does not`);
if (mode === 'check') { console.log(`${steps - bad - let_ < 0 ? 0 : steps - bad - let_} of ${steps} steps as the real platform, ${let_} differ as intended, ${bad} differ`); process.exit(bad ? 1 : 0); }
