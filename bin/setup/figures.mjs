// @ts-check
/** The figures of a test run, from vitest's JSON report. */

/** @typedef {{ passed: number, failed: number, skipped: number }} Figures */
/** @typedef {{ status: string, assertionResults: { status: string }[] }} FileResult */
/** @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: FileResult[] }} Report */

/**
 * A file that fails without a failed test of its own (it did not load, or a hook failed) counts as one failure; so
 * does a run that left no report.
 * @param {Report | null} report
 * @returns {Figures}
 */
export function figuresOf(report) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** @param {Figures} figures */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
