import { defineConfig } from 'vitest/config'

/**
 * Three depths. `npm test` is quick. `*.full.test.ts`, and the whole depth of the proofs (`tests/support/depth.ts`), come
 * with TEST_FULL=1: `npm run test:full`, which CI runs. `*.long.test.ts` are proofs that kill processes and brokers for
 * minutes: `npm run test:long`.
 */
const LONG = 'tests/**/*.long.test.ts'
const isLong = process.env.TEST_LONG === '1'
const OTHER = process.env.TEST_FULL === '1' ? [LONG] : [LONG, 'tests/**/*.full.test.ts']

/**
 * Folders whose tests leave nothing behind in a process: they share it, so that a module is loaded once for all of them.
 * Each of the other files has a process of its own.
 */
const SHARING = [
  'app,bench,chaos,commands,config,core,deploy,engine,eventlog,formats,http,ingest,model,observe',
  'setup,simulators,sinks,support,system,training',
].map((folders) => `tests/{${folders}}/**/*.test.ts`)
/** These load another backend than the rest. */
const WASM = 'tests/model/*-wasm.test.ts'

const short = [
  { name: 'sharing', include: [...SHARING, 'tests/tidy.test.ts'], exclude: [...OTHER, WASM], isolate: false },
  {
    name: 'apart',
    include: ['tests/**/*.test.ts'],
    exclude: [...OTHER, ...SHARING, 'tests/tidy.test.ts'],
  },
  { name: 'wasm', include: [WASM] },
]

export default defineConfig({
  test: {
    globalSetup: ['tests/support/kafka-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // What was compiled once is not compiled again by the next run.
    experimental: { fsModuleCache: true },
    maxWorkers: isLong ? 1 : 4,
    ...(isLong ? { include: [LONG] } : { projects: short.map((test) => ({ extends: true as const, test })) }),
  },
})
