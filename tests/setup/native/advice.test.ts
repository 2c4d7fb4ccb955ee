/** One message says what was tried, why it failed and what to do. */
import { expect, test } from 'vitest'
import { adviceOn } from '../../../bin/setup/native/advice.mjs'

test('every failure and each remedy is named once', () => {
  const advice = adviceOn([
    { way: 'official', reason: 'storage.googleapis.com does not answer', todo: 'open it' },
    { way: 'wheel', reason: 'no C++ compiler', todo: 'install one' },
    { way: 'package', reason: 'two\nlines', todo: 'open it' },
  ])
  expect(advice.split('\n')).toEqual([
    'WARNING: running on the WebAssembly backend, not on native TensorFlow. `train` needs the native one.',
    '  official download: storage.googleapis.com does not answer',
    '  tensorflow-cpu wheel: no C++ compiler',
    '  tfjs-node package: two',
    '    lines',
    '  What to do: open it.',
    '  Or: install one.',
    '  Then start again with FOREWARN_NATIVE=auto (without it, what failed is tried again after a day).',
  ])
})

test('who asked for WebAssembly is told only that', () => {
  expect(adviceOn([])).toMatch(/FOREWARN_NATIVE=wasm asks for it\.$/)
})
