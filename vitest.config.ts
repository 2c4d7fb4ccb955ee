import { defineConfig } from 'vitest/config'

/**
 * Proofs that kill processes and brokers for minutes: `npm run test:long`. `npm test` runs the law suite, lost answers,
 * topics and security on a real broker, and the short form of chaos.
 */
const LONG = ['crash-points', 'processes', 'restore', 'three'].map(
  (what) => `tests/eventlog/kafka-${what}.test.ts`,
)

const isLong = process.env.TEST_LONG === '1'

export default defineConfig({
  test: {
    include: isLong ? LONG : ['tests/**/*.test.ts'],
    exclude: isLong ? [] : LONG,
    globalSetup: ['tests/support/kafka-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: isLong ? 1 : 2,
  },
})
