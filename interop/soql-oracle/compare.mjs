// Judges random queries by Salesforce's published parser and by `ferroforce soql check`, and
// prints those on which they disagree without a reason that is listed here.
//
// usage: node compare.mjs [COUNT [SEED]]
// FERROFORCE names the binary; without it, it is built and run by cargo.

import { spawnSync } from 'node:child_process';
import soqlParser from '@salesforce/soql-common/lib/soql-parser/index.js';
import { Generator, SOFT } from './generate.mjs';

/** Differences that are meant: what is ours, and why. */
const REASONS = [
  {
    why: 'their lexer drops characters that it does not know',
    holds: ({ message }) => /no viable alternative at character/.test(message),
  },
  {
    why: 'their paths may have empty parts, and their aliases and functions dots',
    holds: ({ token }) => token.includes('.'),
  },
  {
    why: 'AS without an alias says nothing',
    holds: ({ before }) => /\bAS\s*$/i.test(before),
  },
  {
    why: 'only TRACKING and VIEWSTAT can be updated',
    holds: ({ before }) => /\bUPDATE\s+(\w+\s*,\s*)*$/i.test(before),
  },
  {
    why: 'date literals with a count need it, and others take none',
    holds: ({ query }) =>
      /\b((LAST|NEXT)_N_\w+S|N_\w+S_AGO)\b(?!\s*:\s*\d)/i.test(query) ||
      /\b(YESTERDAY|TODAY|TOMORROW|(LAST|THIS|NEXT)_(?!N_)\w+)\s*:\s*\d/i.test(query),
  },
  {
    why: 'binds are delimited, not understood: they may be any expression, not only a name',
    // Any bind but those that the generator makes.
    holds: ({ query, ours }) =>
      ours &&
      (/([(,=<>]|\b(IN|LIKE|LIMIT|OFFSET))\s*:\s*(?!(x|a|acct\.Id)\b)\S/i.test(query) ||
        /:\s*(x|a|acct\.Id)\s*[-+*/([]/i.test(query)),
  },
  {
    why: 'a scope or lookup may have the name of a keyword',
    holds: ({ query, ours }) =>
      ours && new RegExp(`\\b(SCOPE|LOOKUP)\\s+(${SOFT.join('|')})\\b`, 'i').test(query),
  },
];

function judgeAll(queries, apex) {
  const command = process.env.FERROFORCE
    ? [process.env.FERROFORCE]
    : ['cargo', 'run', '--quiet', '--package', 'ferroforce-cli', '--'];
  const args = [...command.slice(1), 'soql', 'check', '--json', ...(apex ? ['--apex'] : [])];
  const { stdout, error } = spawnSync(command[0], args, {
    input: `${queries.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (error) throw error;
  const verdicts = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  if (verdicts.length !== queries.length) throw new Error('ferroforce did not judge every query');
  return verdicts;
}

function reasonFor(query, verdict) {
  const at = (verdict.column ?? 1) - 1;
  const message = verdict.message ?? '';
  const facts = {
    query,
    ours: verdict.valid,
    message,
    token: /^unexpected token: '(.*)'$/.exec(message)?.[1] ?? '',
    before: [...query].slice(0, at).join(''),
  };
  return REASONS.find(({ holds }) => holds(facts));
}

const count = Number(process.argv[2] ?? 3000);
const seed = Number(process.argv[3] ?? 1);
let unexplained = 0;
for (const apex of [false, true]) {
  const generator = new Generator(seed, apex);
  const queries = Array.from({ length: count }, () => generator.any());
  const oracle = soqlParser.SOQLParser({ isApex: apex, isMultiCurrencyEnabled: true, apiVersion: 66 });
  const consoleError = console.error;
  // Their lexer reports what it drops to the console.
  console.error = () => {};
  const theirs = queries.map((query) => oracle.parseQuery(query).getSuccess());
  console.error = consoleError;
  const ours = judgeAll(queries, apex);
  const counts = { valid: 0, explained: 0 };
  queries.forEach((query, index) => {
    counts.valid += theirs[index] ? 1 : 0;
    if (ours[index].valid === theirs[index]) return;
    if (reasonFor(query, ours[index])) {
      counts.explained += 1;
      return;
    }
    unexplained += 1;
    console.log(`${theirs[index] ? 'theirs' : 'ours'} only: ${query}`);
  });
  console.log(
    `${apex ? 'Apex' : 'REST'}, seed ${seed}: ${count} queries, ${counts.valid} valid, ` +
      `${counts.explained} disagreements with a reason`,
  );
}
process.exitCode = unexplained > 0 ? 1 : 0;
