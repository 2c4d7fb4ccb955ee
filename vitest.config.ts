import { defineConfig } from 'vitest/config'

/**
 * `*.long.test.ts` are proofs that kill processes and brokers for minutes: `npm run test:long`. `npm test` runs the law
 * suites, lost answers, topics and security on a real broker, and the short form of chaos.
 */
const LONG = 'tests/**/*.long.test.ts'
const isLong = process.env.TEST_LONG === '1'

export default defineConfig({
  test: {
    include: [isLong ? LONG : 'tests/**/*.test.ts'],
    exclude: isLong ? [] : [LONG],
    globalSetup: ['tests/support/kafka-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: isLong ? 1 : 3,
  },
})
