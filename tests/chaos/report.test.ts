import { expect, test } from 'vitest'
import { NONE } from '../../src/chaos/comparison.ts'
import { type ChaosReport, isProof, jsonOf, linesOf } from '../../src/chaos/report.ts'

const REPORT: ChaosReport = {
  differences: { acknowledged: NONE, scores: NONE },
  records: { readings: 120, scores: 7 },
  redelivered: 3,
  done: { 'kill -9 of the program at work': 2, 'restart of the program in order': 11 },
  published: 110,
  acknowledged: 109,
  reconnects: 2,
  commands: 4,
  problems: [],
  disturbedSeconds: 12.4,
  seconds: 15.6,
}
const LOST = { ...NONE, lost: 2, findings: ['scores: pump-1 is lost'] }

test('a proof says what was done, what was compared, and how to repeat it', () => {
  expect(isProof(REPORT)).toBe(true)
  expect(linesOf(REPORT, 'bin/forewarn chaos --seed 1')).toEqual([
    'did, in 12 s (13 disturbances):',
    '    11 × restart of the program in order',
    '     2 × kill -9 of the program at work',
    'published 110 messages over 2 reconnections: 109 acknowledged, 3 brought again by MQTT; 4 alerts acknowledged over HTTP',
    'found:',
    '  acknowledged  0 lost, 0 doubled, 0 different (120 records on readings)',
    '  scores        0 lost, 0 doubled, 0 different (7 records)',
    'PROVED: 0 lost, 0 doubled, 0 different, 0 problems; 16 s in all',
    'repeat: bin/forewarn chaos --seed 1',
  ])
})

test('a difference is none, and is named', () => {
  const report = { ...REPORT, differences: { ...REPORT.differences, scores: LOST } }
  expect(isProof(report)).toBe(false)
  const lines = linesOf(report, '')
  expect(lines).toContain('  scores        2 lost, 0 doubled, 0 different (7 records)')
  expect(lines).toContain('  ! scores: pump-1 is lost')
  expect(lines).toContain('FAILED: 2 lost, 0 doubled, 0 different, 0 problems; 16 s in all')
  expect(jsonOf(report, { seed: 1, repeat: 'again' })).toMatchObject({
    ...{ ok: false, lost: 2, doubled: 0, different: 0, seed: 1, repeat: 'again' },
    findings: LOST.findings,
  })
})

test('nor is a problem, or a run in which nothing was compared', () => {
  const problem = { ...REPORT, problems: ['the program ended with 1'] }
  expect(isProof(problem)).toBe(false)
  expect(linesOf(problem, '')).toContain('  ! the program ended with 1')
  const unfinished = { ...REPORT, differences: {}, records: {} }
  expect(isProof(unfinished)).toBe(false)
  expect(linesOf(unfinished, '').at(-2)).toBe('FAILED: not compared, 0 problems; 16 s in all')
})
