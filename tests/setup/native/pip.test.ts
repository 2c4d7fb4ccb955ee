/** pip is given up when nothing comes, and its failure is told by its cause. */
import { expect, test } from 'vitest'
import { pipErrorOf, silenceOf } from '../../../bin/setup/native/pip.mjs'

test('silence is counted from the last byte', () => {
  let bytes = 0
  let nowMs = 0
  const isStuck = silenceOf(
    () => bytes,
    30_000,
    () => nowMs,
  )
  nowMs = 30_000
  expect(isStuck()).toBeNull()
  bytes = 1
  expect(isStuck()).toBeNull()
  nowMs = 60_000
  expect(isStuck()).toBeNull()
  nowMs = 60_001
  expect(isStuck()).toBe('nothing came for 30 s')
})

test('the cause comes before pip’s conclusion', () => {
  const output = [
    "WARNING: Retrying after connection broken by 'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/",
    'ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.15.1',
    'ERROR: No matching distribution found for tensorflow-cpu==2.15.1',
  ].join('\n')
  expect(pipErrorOf(output)).toBe('Failed to establish a new connection: [Errno 111] Connection refused')
  expect(pipErrorOf(`${output}\nstopped: nothing came for 30 s`)).toBe('stopped: nothing came for 30 s')
})

test('without a cause its last error is told', () => {
  const output =
    'Collecting tensorflow-cpu\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  Expected sha256 a\n  Got b'
  expect(pipErrorOf(output)).toBe('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES')
  expect(pipErrorOf('')).toBe('')
})
