/** The closing line of `npm test` says what vitest counted. */
import { expect, test } from 'vitest'
import { closingLine, figuresOf } from '../../bin/setup/figures.mjs'

const report = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 0,
  testResults: [
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
    { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
  ],
}

test('figures are vitest’s own', () => {
  expect(closingLine(figuresOf(report))).toBe('3 passed, 1 failed, 2 skipped')
})

test('a file that did not load is a failure', () => {
  const broken = { status: 'failed', assertionResults: [] }
  expect(figuresOf({ ...report, testResults: [...report.testResults, broken] }).failed).toBe(2)
})

test('so is a run without a report', () => {
  expect(closingLine(figuresOf(null))).toBe('0 passed, 1 failed, 0 skipped')
})
