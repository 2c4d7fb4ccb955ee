import { defineConfig } from 'vitest/config'

/**
 * `*.long.test.ts` are proofs that kill processes and brokers for minutes: `npm run test:long`. `npm test` runs the law
 * suites, lost answers, topics and security on a real broker, and the short form of chaos.
 */
const LONG = 'tests/**/*.long.test.ts'
const isLong = process.env.TEST_LONG === '1'

/**
 * Folders whose tests leave nothing behind in a process: they share it, so that a module is loaded once for all of them.
 * Each of the other files has a process of its own.
 */
const SHARING = [
  'app,bench,chaos,config,core,deploy,engine,formats,http,ingest,model,observe',
  'setup,simulators,sinks,support,training',
].map((folders) => `tests/{${folders}}/**/*.test.ts`)
/** These load another backend than the rest. */
const WASM = 'tests/model/*-wasm.test.ts'

const short = [
  { name: 'sharing', include: [...SHARING, 'tests/tidy.test.ts'], exclude: [LONG, WASM], isolate: false },
  {
    name: 'apart',
    include: ['tests/**/*.test.ts'],
    exclude: [LONG, ...SHARING, 'tests/tidy.test.ts'],
  },
  { name: 'wasm', include: [WASM] },
]

export default defineConfig({
  test: {
    globalSetup: ['tests/support/kafka-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: isLong ? 1 : 3,
    ...(isLong ? { include: [LONG] } : { projects: short.map((test) => ({ extends: true as const, test })) }),
  },
})
